/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* PINs in a real GNOME Keyring on a bus of the test's own, and what happens when it is locked, stopped, gone,
 * or not to be trusted. */

#include <glib/gstdio.h>
#include <libsecret/secret.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent/keyring/keyring.h"
#include "agent/keyring/session.h"
#include "socket-api/limits.h"
#include "tests/fixtures/session-bus.h"

#define URI "pkcs11:model=X;manufacturer=M;serial=1;token=T"
#define OTHER_URI "pkcs11:model=X;manufacturer=M;serial=2;token=T"
#define LOGIN_COLLECTION "/org/freedesktop/secrets/collection/login"

typedef struct
{
  SessionBus *bus;
  GSubprocess *daemon; /* or NULL */
  CardeaPinStore *store;
} Fixture;

typedef struct
{
  gboolean answered, done;
  CardeaSecret *pin;
  GError *error;
} Answer;

static const SecretSchema schema = { "org.cardea.agent.Pin",
                                     SECRET_SCHEMA_NONE,
                                     { { "token", SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } } };

static void
set_up_without (Fixture *f, gconstpointer data)
{
  f->bus = session_bus_new ();
  f->store = cardea_keyring_new ();
}

static void
set_up (Fixture *f, gconstpointer data)
{
  set_up_without (f, data);
  f->daemon = session_bus_start_keyring (f->bus);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_finalize_object (f->store);
  session_bus_free (f->bus);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;

  answer->pin = cardea_pin_store_lookup_finish (CARDEA_PIN_STORE (source), result, &answer->error);
  answer->answered = TRUE;
}

static void
on_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;

  answer->done = cardea_pin_store_store_finish (CARDEA_PIN_STORE (source), result, &answer->error);
  answer->answered = TRUE;
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;

  answer->done = cardea_pin_store_forget_finish (CARDEA_PIN_STORE (source), result, &answer->error);
  answer->answered = TRUE;
}

static void
wait_for (Answer *answer)
{
  while (!answer->answered)
    g_main_context_iteration (NULL, TRUE);
}

static Answer
look_up (Fixture *f, const char *uri)
{
  Answer answer = { 0 };

  cardea_pin_store_lookup_async (f->store, uri, NULL, on_looked_up, &answer);
  wait_for (&answer);
  return answer;
}

static Answer
store (Fixture *f, const char *uri, const char *pin)
{
  g_autoptr (CardeaSecret) secret = cardea_secret_new (pin, strlen (pin), NULL);
  Answer answer = { 0 };

  cardea_pin_store_store_async (f->store, uri, "T\n\"x", secret, NULL, on_stored, &answer);
  wait_for (&answer);
  return answer;
}

static Answer
forget (Fixture *f, const char *uri)
{
  Answer answer = { 0 };

  cardea_pin_store_forget_async (f->store, uri, NULL, on_forgotten, &answer);
  wait_for (&answer);
  return answer;
}

static void
assert_stored (Fixture *f, const char *uri, const char *pin)
{
  Answer answer = store (f, uri, pin);

  g_assert_no_error (answer.error);
  g_assert_true (answer.done);
}

static void
assert_forgotten (Fixture *f, const char *uri)
{
  Answer answer = forget (f, uri);

  g_assert_no_error (answer.error);
  g_assert_true (answer.done);
}

/* NULL: none, and that is no error. */
static void
assert_found (Fixture *f, const char *uri, const char *pin)
{
  Answer answer = look_up (f, uri);
  gsize length;

  g_assert_no_error (answer.error);
  if (pin == NULL) {
    g_assert_null (answer.pin);
    return;
  }
  g_assert_nonnull (answer.pin);
  g_assert_cmpmem (cardea_secret_peek (answer.pin, &length), length, pin, strlen (pin));
  cardea_secret_unref (answer.pin);
}

static void
assert_fails (Answer answer, GIOErrorEnum code)
{
  g_assert_error (answer.error, G_IO_ERROR, (int)code);
  g_assert_true (g_str_has_suffix (answer.error->message, "."));
  g_assert_false (answer.done);
  g_assert_null (answer.pin);
  g_error_free (answer.error);
}

/* As any program of the user sees it. */
static SecretService *
open_as_others (void)
{
  g_autoptr (GError) error = NULL;
  SecretService *service =
      secret_service_open_sync (SECRET_TYPE_SERVICE, NULL, SECRET_SERVICE_OPEN_SESSION, NULL, &error);

  g_assert_no_error (error);
  return service;
}

static void
put_as_others (SecretService *service, const char *bytes, gsize length)
{
  g_autoptr (GHashTable) properties = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GVariant) label = g_variant_ref_sink (g_variant_new_string ("x"));
  g_autoptr (GVariant) attributes =
      g_variant_ref_sink (g_variant_new_parsed ("{'token': %s, 'xdg:schema': %s}", URI, schema.name));
  g_autoptr (SecretValue) value = secret_value_new (bytes, (gssize)length, "text/plain");
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  g_hash_table_insert (properties, (gpointer) "org.freedesktop.Secret.Item.Label", label);
  g_hash_table_insert (properties, (gpointer) "org.freedesktop.Secret.Item.Attributes", attributes);
  path = secret_service_create_item_dbus_path_sync (service, LOGIN_COLLECTION, properties, value,
                                                    SECRET_ITEM_CREATE_NONE, NULL, &error);
  g_assert_no_error (error);
}

static guint
count_as_others (SecretService *service)
{
  g_autoptr (GHashTable) attributes = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto (GStrv) open = NULL;
  g_auto (GStrv) locked = NULL;
  g_autoptr (GError) error = NULL;

  g_hash_table_insert (attributes, (gpointer) "token", (gpointer)URI);
  secret_service_search_for_dbus_paths_sync (service, &schema, attributes, NULL, &open, &locked, &error);
  g_assert_no_error (error);
  return g_strv_length (open) + g_strv_length (locked);
}

static void
test_store_and_look_up (Fixture *f, gconstpointer data)
{
  assert_found (f, URI, NULL);
  assert_stored (f, URI, "1234");
  assert_stored (f, OTHER_URI, "p\xc3\xa4ss w\xc3\xb6rt");
  assert_found (f, URI, "1234");
  assert_found (f, OTHER_URI, "p\xc3\xa4ss w\xc3\xb6rt");
  assert_stored (f, URI, "56789");
  assert_found (f, URI, "56789");
}

/* One item, with a schema that other programs can find it by and a label that a person understands. */
static void
test_item (Fixture *f, gconstpointer data)
{
  g_autoptr (SecretService) service = NULL;
  g_autoptr (GHashTable) attributes = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) error = NULL;
  GList *items;

  assert_stored (f, URI, "1234");
  assert_stored (f, URI, "1234");
  service = open_as_others ();
  g_assert_cmpuint (count_as_others (service), ==, 1);
  g_hash_table_insert (attributes, (gpointer) "xdg:schema", (gpointer) "org.cardea.agent.Pin");
  items = secret_service_search_sync (service, NULL, attributes, SECRET_SEARCH_ALL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_list_length (items), ==, 1);
  g_autofree char *label = secret_item_get_label (items->data);
  g_autoptr (GHashTable) found = secret_item_get_attributes (items->data);

  g_assert_cmpstr (label, ==, "PIN of the token \"T\xef\xbf\xbd\"x\"");
  g_assert_cmpstr (g_hash_table_lookup (found, "token"), ==, URI);
  g_list_free_full (items, g_object_unref);
}

static void
test_forget (Fixture *f, gconstpointer data)
{
  assert_forgotten (f, URI);
  assert_stored (f, URI, "1234");
  assert_stored (f, OTHER_URI, "5678");
  assert_forgotten (f, URI);
  assert_found (f, URI, NULL);
  assert_found (f, OTHER_URI, "5678");
}

/* Other programs may put as many there as they like. */
static void
test_many_items (Fixture *f, gconstpointer data)
{
  g_autoptr (SecretService) service = open_as_others ();

  for (guint i = 0; i < CARDEA_LIMIT_STORE_ITEMS; i++)
    put_as_others (service, "1234", 4);
  g_assert_cmpuint (count_as_others (service), ==, CARDEA_LIMIT_STORE_ITEMS);
  assert_forgotten (f, URI);
  g_assert_cmpuint (count_as_others (service), ==, 0);
  for (guint i = 0; i < CARDEA_LIMIT_STORE_ITEMS + 1; i++)
    put_as_others (service, "1234", 4);
  assert_fails (forget (f, URI), G_IO_ERROR_FAILED);
  g_assert_cmpuint (count_as_others (service), ==, 1);
}

/* And whatever they like. */
static void
test_no_pin (Fixture *f, gconstpointer data)
{
  static const struct
  {
    gsize length, nul; /* where a NUL is, from 1; 0: nowhere */
    gboolean good;
  } cases[] = { { 0, 0, FALSE },
                { 1, 0, TRUE },
                { 4, 3, FALSE },
                { CARDEA_LIMIT_PIN_BYTES, 0, TRUE },
                { CARDEA_LIMIT_PIN_BYTES + 1, 0, FALSE },
                { 100000, 0, FALSE } };
  g_autoptr (SecretService) service = open_as_others ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *bytes = g_strnfill (cases[i].length, '7');
    Answer answer;

    if (cases[i].nul > 0)
      bytes[cases[i].nul - 1] = '\0';
    put_as_others (service, bytes, cases[i].length);
    answer = look_up (f, URI);
    if (cases[i].good) {
      g_assert_no_error (answer.error);
      g_assert_cmpuint (cardea_secret_get_length (answer.pin), ==, cases[i].length);
      cardea_secret_unref (answer.pin);
    } else {
      assert_fails (answer, G_IO_ERROR_INVALID_DATA);
    }
    assert_forgotten (f, URI);
  }
}

/* Nothing is unlocked for us, nothing is asked, and what is there stays. */
static void
test_locked (Fixture *f, gconstpointer data)
{
  const char *collections[] = { LOGIN_COLLECTION, NULL };
  g_autoptr (SecretService) service = open_as_others ();
  g_auto (GStrv) locked = NULL;
  g_autoptr (GError) error = NULL;

  assert_stored (f, URI, "1234");
  secret_service_lock_dbus_paths_sync (service, collections, NULL, &locked, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (locked), ==, 1);
  assert_fails (look_up (f, URI), G_IO_ERROR_PERMISSION_DENIED);
  assert_fails (store (f, OTHER_URI, "1234"), G_IO_ERROR_PERMISSION_DENIED);
  assert_fails (forget (f, URI), G_IO_ERROR_PERMISSION_DENIED);
  g_assert_cmpuint (count_as_others (service), ==, 1);
}

/* It was killed between two calls, and started again: what was stored is there. */
static void
test_killed (Fixture *f, gconstpointer data)
{
  gint64 begin = g_get_monotonic_time ();

  assert_stored (f, URI, "1234");
  session_bus_kill (f->bus, f->daemon);
  assert_fails (look_up (f, URI), G_IO_ERROR_FAILED);
  assert_fails (store (f, URI, "5678"), G_IO_ERROR_FAILED);
  assert_fails (forget (f, URI), G_IO_ERROR_FAILED);
  g_assert_cmpint (g_get_monotonic_time () - begin, <,
                   CARDEA_LIMIT_STORE_LOOKUP_MS * G_GINT64_CONSTANT (1000));
  session_bus_start_keyring (f->bus);
  assert_found (f, URI, "1234");
}

static void
test_stopped (Fixture *f, gconstpointer data)
{
  gint64 begin;

  assert_stored (f, URI, "1234");
  g_subprocess_send_signal (f->daemon, SIGSTOP);
  begin = g_get_monotonic_time ();
  assert_fails (look_up (f, URI), G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - begin, <,
                   2 * CARDEA_LIMIT_STORE_LOOKUP_MS * G_GINT64_CONSTANT (1000));
  g_subprocess_send_signal (f->daemon, SIGCONT);
  assert_found (f, URI, "1234");
}

/* The bus goes away under us, and we are still here. */
static void
test_no_bus (Fixture *f, gconstpointer data)
{
  static const char *const addresses[] = { "", "tcp:host=localhost,port=1",
                                           "autolaunch:", "unix:path=/nowhere;autolaunch:" };
  g_autofree char *path = g_build_filename (session_bus_get_folder (f->bus), "bus", NULL);
  g_autofree char *link = g_build_filename (g_getenv ("XDG_RUNTIME_DIR"), "bus", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++) {
    g_setenv ("DBUS_SESSION_BUS_ADDRESS", addresses[i], TRUE);
    assert_fails (look_up (f, URI), G_IO_ERROR_NOT_FOUND);
  }
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  assert_fails (look_up (f, URI), G_IO_ERROR_NOT_FOUND);
  g_assert_cmpint (symlink (path, link), ==, 0);
  assert_stored (f, URI, "1234");
  session_bus_kill (f->bus, NULL);
  assert_fails (look_up (f, URI), G_IO_ERROR_FAILED);
  assert_fails (store (f, URI, "1234"), G_IO_ERROR_FAILED);
  assert_fails (forget (f, URI), G_IO_ERROR_FAILED);
}

static char *
start_mock (Fixture *f, const char *mode)
{
  char *log = g_build_filename (session_bus_get_folder (f->bus), "mock.log", NULL);
  const char *const argv[] = { g_getenv ("CARDEA_MOCK_SECRET_SERVICE"), log, mode, NULL };

  session_bus_start_secrets (f->bus, argv, NULL);
  return log;
}

/* A service that knows no cipher hears nothing after that: no URI, and above all no PIN. */
static void
test_plain (Fixture *f, gconstpointer data)
{
  g_autofree char *log = start_mock (f, "plain");
  g_autofree char *calls = NULL;
  Answer answer = look_up (f, URI);

  g_assert_nonnull (strstr (answer.error->message, "no encrypted session"));
  assert_fails (answer, G_IO_ERROR_PERMISSION_DENIED);
  assert_fails (store (f, URI, "1234"), G_IO_ERROR_PERMISSION_DENIED);
  assert_fails (forget (f, URI), G_IO_ERROR_PERMISSION_DENIED);
  g_assert_true (g_file_get_contents (log, &calls, NULL, NULL));
  g_assert_cmpstr (calls, ==,
                   "OpenSession dh-ietf1024-sha256-aes128-cbc-pkcs7\nOpenSession plain\n"
                   "OpenSession dh-ietf1024-sha256-aes128-cbc-pkcs7\nOpenSession plain\n"
                   "OpenSession dh-ietf1024-sha256-aes128-cbc-pkcs7\nOpenSession plain\n");
}

/* A cipher is agreed upon, and then the secret is none. */
static void
test_undecipherable (Fixture *f, gconstpointer data)
{
  g_autofree char *log = start_mock (f, data);
  g_autofree char *calls = NULL;

  assert_fails (look_up (f, URI), G_IO_ERROR_INVALID_DATA);
  g_assert_true (g_file_get_contents (log, &calls, NULL, NULL));
  g_assert_nonnull (strstr (calls, "GetSecret"));
}

static void
on_item_deleted (GObject *source, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;

  answer->done =
      secret_service_delete_item_dbus_path_finish (SECRET_SERVICE (source), result, &answer->error);
  answer->answered = TRUE;
}

static gboolean
is_dismissed (const char *log)
{
  g_autofree char *calls = NULL;

  g_assert_true (g_file_get_contents (log, &calls, NULL, NULL));
  g_assert_null (strstr (calls, "Prompt"));
  return strstr (calls, "Dismiss") != NULL;
}

/* Whatever a service wants to ask first is turned down, and the service is told so. */
static void
test_prompt (Fixture *f, gconstpointer data)
{
  g_autofree char *log = start_mock (f, "plain");
  g_autoptr (GError) error = NULL;
  g_autoptr (SecretService) session =
      secret_service_open_sync (CARDEA_TYPE_KEYRING_SESSION, NULL, SECRET_SERVICE_NONE, NULL, &error);
  Answer answer = { 0 };

  g_assert_no_error (error);
  g_dbus_connection_set_exit_on_close (g_dbus_proxy_get_connection (G_DBUS_PROXY (session)), FALSE);
  secret_service_delete_item_dbus_path (session, "/item", NULL, on_item_deleted, &answer);
  wait_for (&answer);
  g_assert_error (answer.error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED);
  g_clear_error (&answer.error);
  while (!is_dismissed (log))
    g_main_context_iteration (NULL, FALSE);
}

#define ADD_WITH(path, fixture, test, data)                                                                  \
  g_test_add ("/keyring/" path, Fixture, data, fixture, test, tear_down)
#define ADD(path, test) ADD_WITH (path, set_up, test, NULL)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("store-and-look-up", test_store_and_look_up);
  ADD ("item", test_item);
  ADD ("forget", test_forget);
  ADD ("many-items", test_many_items);
  ADD ("no-pin", test_no_pin);
  ADD ("locked", test_locked);
  ADD ("killed", test_killed);
  ADD ("stopped", test_stopped);
  ADD ("no-bus", test_no_bus);
  ADD_WITH ("plain", set_up_without, test_plain, NULL);
  ADD_WITH ("crooked-length", set_up_without, test_undecipherable, "length");
  ADD_WITH ("crooked-session", set_up_without, test_undecipherable, "session");
  ADD_WITH ("prompt", set_up_without, test_prompt, NULL);
  return g_test_run ();
}
