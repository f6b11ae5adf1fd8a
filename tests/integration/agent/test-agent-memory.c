/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a PIN is in memory while a token is unlocked, and afterwards: only in locked pages, and then nowhere.
 *
 * Root reads all memory of the agent and its token hosts. The module in there is the mock, which knows its
 * PIN by a hash, so that whatever is found is ours. Anybody else finds the memory closed, which is as good.
 */

#include "agent/keyring/keyring.h"
#include "tests/fixtures/lab.h"
#include "tests/fixtures/session-bus.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIN "Sesame-92741863-opens"
#define CHUNK (1024 * 1024)

#define TOKEN "pkcs11:model=Mock;manufacturer=Cardea;serial=1;token=Mock%20card"

typedef struct
{
  SessionBus *bus; /* where the PIN is remembered, or NULL */
  gboolean typed;  /* by a person, each time */
  const char *key; /* lines of the mock's [object] group */
  CardeaLab *lab;
  GSubprocess *agent;
  guint16 port;
} Rig;

static void
set_behaviour (Rig *self, const char *behaviour)
{
  const char *folder = cardea_lab_get_folder (self->lab);
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, PIN, -1);
  g_autofree char *text = g_strdup_printf (
      "[module]\nlog=%1$s/mock.calls\n[behaviour]\n%2$s\n"
      "[token card]\nlabel=Mock card\npin-sha256=%3$s\n"
      "[object mine]\ntoken=card\ncertificate=%1$s/mock.pem\nkey=%1$s/mock.key\nid=07\n%4$s\n",
      folder, behaviour, hash, self->key != NULL ? self->key : "");

  cardea_lab_write (self->lab, "mock.conf", text);
}

static void
write_pin (Rig *self)
{
  g_autofree char *path = cardea_lab_path (self->lab, "mock.pin");

  cardea_lab_write (self->lab, "mock.pin", PIN "\n");
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
}

static void
make_certificate (CardeaLab *lab)
{
  g_autofree char *script = g_strdup_printf (
      "cd %s && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout mock.key -subj "
      "'/CN=Mock client' -out mock.csr && "
      "printf 'keyUsage=digitalSignature\\nextendedKeyUsage=clientAuth\\n' > mock.ext && "
      "openssl x509 -req -in mock.csr -CA ca.pem -CAkey ca.key -days 2 -extfile mock.ext -out mock.pem",
      cardea_lab_get_folder (lab));

  g_assert_cmpint (cardea_lab_run (lab, (const char *[]){ "sh", "-c", script, NULL }, NULL, NULL, NULL), ==,
                   0);
}

static void
on_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  cardea_pin_store_store_finish (CARDEA_PIN_STORE (source), result, &error);
  g_assert_no_error (error);
  *(gboolean *)data = TRUE;
}

static void
remember_pin (void)
{
  g_autoptr (CardeaPinStore) store = cardea_keyring_new ();
  g_autoptr (CardeaSecret) pin = cardea_secret_new (PIN, strlen (PIN), NULL);
  gboolean stored = FALSE;

  cardea_pin_store_store_async (store, TOKEN, "Mock card", pin, NULL, on_stored, &stored);
  while (!stored)
    g_main_context_iteration (NULL, TRUE);
}

/* The person picks the certificate and types what is in the file; on a token whose PIN serves once. */
static char *
prepare_person (Rig *self)
{
  g_autofree char *fingerprint = cardea_lab_fingerprint (self->lab, "mock.pem");
  g_autofree char *script = g_strdup_printf ("shown;pick %s not\nshown;type typed;typed", fingerprint);

  g_setenv ("HOME", cardea_lab_get_folder (self->lab), TRUE);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
  cardea_lab_write (self->lab, "script", script);
  cardea_lab_write (self->lab, "typed", PIN);
  cardea_lab_set_asks (self->lab, TRUE);
  return g_strdup ("[lease mock]\ntoken=pkcs11:token=Mock%20card\nsingle-use=true\n");
}

static char *
make_config (Rig *self)
{
  if (self->typed)
    return prepare_person (self);
  if (self->bus != NULL)
    return g_strdup ("[remember mock]\ntoken=pkcs11:token=Mock%20card\n");
  return g_strdup_printf ("[pin mock]\ntoken=pkcs11:token=Mock%%20card\nfile=%s/mock.pin\n",
                          cardea_lab_get_folder (self->lab));
}

static void
rig_set_up (Rig *self, gconstpointer data)
{
  static const char *const rev[] = { "-Verify", "2", "-CAfile", "ca.pem", "-rev", NULL };
  g_autofree char *module = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"),
                                              "tests/fixtures/mock-module/cardea-mock-module.so", NULL);
  g_autofree char *control = NULL;
  g_autofree char *more = NULL;

  self->lab = cardea_lab_new ();
  make_certificate (self->lab);
  control = cardea_lab_path (self->lab, "mock.conf");
  g_setenv ("CARDEA_MOCK_CONTROL", control, TRUE);
  more = make_config (self);
  set_behaviour (self, data);
  write_pin (self);
  self->port = cardea_lab_openssl (self->lab, rev);
  self->agent =
      cardea_lab_agent (self->lab, (guint16[]){ self->port, 0 }, more,
                        (const char *[]){ "--module", module, "--prompt-program", FAKE_PROMPT, NULL });
}

static void
rig_set_up_remembered (Rig *self, gconstpointer data)
{
  self->bus = session_bus_new ();
  session_bus_start_keyring (self->bus);
  remember_pin ();
  rig_set_up (self, data);
}

static void
rig_set_up_typed (Rig *self, gconstpointer data)
{
  self->typed = TRUE;
  rig_set_up (self, data);
}

static void
rig_set_up_typed_for_signature (Rig *self, gconstpointer data)
{
  self->key = "always-authenticate=true";
  rig_set_up_typed (self, data);
}

static void
rig_tear_down (Rig *self, gconstpointer data)
{
  cardea_lab_free (self->lab);
  g_clear_pointer (&self->bus, session_bus_free);
}

/* By the mock's key; the program's end is not waited for. */
static void
begin_connection (Rig *self)
{
  g_autofree char *program = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), "socket-api/cli/cardea", NULL);
  g_autofree char *fingerprint = cardea_lab_fingerprint (self->lab, "mock.pem");
  g_autofree char *port = g_strdup_printf ("%u", self->port);

  cardea_lab_spawn (self->lab, "client",
                    (const char *[]){ program, "--socket", cardea_lab_get_socket (self->lab), "connect",
                                      "--certificate", fingerprint, "localhost", port, NULL });
}

typedef struct
{
  char *path;
  const char *line;
} Call;

static gboolean
is_called (gpointer data)
{
  const Call *call = data;
  g_autofree char *text = NULL;

  return g_file_get_contents (call->path, &text, NULL, NULL) && strstr (text, call->line) != NULL;
}

static void
wait_for_call (Rig *self, const char *line)
{
  g_autofree char *path = cardea_lab_path (self->lab, "mock.calls");
  Call call = { path, line };

  if (!cardea_lab_wait_until (is_called, &call))
    g_error ("the module was not called: %s", line);
}

typedef struct
{
  guint locked, open; /* places where the PIN was found */
} Found;

/* How often the PIN stands between two addresses. What cannot be read is no memory of programs. */
static guint
search_range (int memory, guint64 begin, guint64 end)
{
  g_autofree char *chunk = g_malloc (CHUNK);
  guint count = 0;

  while (begin < end) {
    gssize got = pread (memory, chunk, MIN (CHUNK, end - begin), (off_t)begin);

    if (got <= 0)
      break;
    for (const char *next = chunk;
         (next = memmem (next, (gsize)(chunk + got - next), PIN, strlen (PIN))) != NULL; next++)
      count++;
    begin += begin + (guint64)got < end ? (guint64)got - MIN ((guint64)got - 1, strlen (PIN)) : (guint64)got;
  }
  return count;
}

static void
search_process (const char *pid, Found *found)
{
  g_autofree char *map_path = g_strdup_printf ("/proc/%s/smaps", pid);
  g_autofree char *memory_path = g_strdup_printf ("/proc/%s/mem", pid);
  int memory = open (memory_path, O_RDONLY | O_CLOEXEC);
  g_autofree char *maps = NULL;
  g_auto (GStrv) lines = NULL;
  guint64 begin = 0, end = 0;

  if (memory < 0 && (errno == EACCES || errno == EPERM) && geteuid () != 0)
    return;
  g_assert_cmpint (memory, >=, 0);
  g_assert_true (g_file_get_contents (map_path, &maps, NULL, NULL));
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    guint64 from, to;

    if (sscanf (lines[i], "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x ", &from, &to) == 2) {
      begin = from;
      end = to;
    } else if (g_str_has_prefix (lines[i], "VmFlags:")) {
      *(strstr (lines[i], " lo") != NULL ? &found->locked : &found->open) +=
          search_range (memory, begin, end);
    }
  }
  close (memory);
}

/* What a person's prompt has is its own affair (tests/ui). */
static void
search_all (Rig *self, Found *agent, Found *hosts)
{
  g_autoptr (GArray) pids = cardea_lab_get_hosts (self->agent, "");

  g_assert_cmpuint (pids->len, >, 0);
  search_process (g_subprocess_get_identifier (self->agent), agent);
  for (guint i = 0; i < pids->len; i++) {
    g_autofree char *pid = g_strdup_printf ("%d", g_array_index (pids, int, i));

    search_process (pid, hosts);
  }
}

/* In the middle of C_Login both have it, in locked pages alone. */
static void
test_during_login (Rig *self, gconstpointer data)
{
  guint expected = geteuid () == 0 ? 1 : 0;
  Found agent = { 0 }, hosts = { 0 };

  begin_connection (self);
  wait_for_call (self, "C_Login hang");
  search_all (self, &agent, &hosts);
  g_assert_cmpuint (agent.locked, ==, expected);
  g_assert_cmpuint (hosts.locked, ==, expected);
  g_assert_cmpuint (agent.open, ==, 0);
  g_assert_cmpuint (hosts.open, ==, 0);
}

/* Once the token signed, nobody has it. */
static void
test_after_login (Rig *self, gconstpointer data)
{
  Found agent = { 0 }, hosts = { 0 };

  begin_connection (self);
  wait_for_call (self, "C_Login CKR_OK");
  wait_for_call (self, "C_Sign hang");
  search_all (self, &agent, &hosts);
  g_assert_cmpuint (agent.locked, ==, 0);
  g_assert_cmpuint (agent.open, ==, 0);
  g_assert_cmpuint (hosts.locked, ==, 0);
  g_assert_cmpuint (hosts.open, ==, 0);
}

/* A PIN that was typed for one connection or one signature is forgotten with it. */
static void
test_after_connection (Rig *self, gconstpointer data)
{
  Found agent = { 0 }, hosts = { 0 };

  begin_connection (self);
  cardea_lab_wait_for_log (self->lab, "agent", ": connected to localhost");
  wait_for_call (self, "C_Sign CKR_OK");
  wait_for_call (self, "C_Logout CKR_OK");
  search_all (self, &agent, &hosts);
  g_assert_cmpuint (agent.locked, ==, 0);
  g_assert_cmpuint (agent.open, ==, 0);
  g_assert_cmpuint (hosts.locked, ==, 0);
  g_assert_cmpuint (hosts.open, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/agent-memory/during-login", Rig, "C_Login=hang", rig_set_up, test_during_login,
              rig_tear_down);
  g_test_add ("/agent-memory/during-remembered-login", Rig, "C_Login=hang", rig_set_up_remembered,
              test_during_login, rig_tear_down);
  g_test_add ("/agent-memory/after-remembered-login", Rig, "C_Sign=hang", rig_set_up_remembered,
              test_after_login, rig_tear_down);
  g_test_add ("/agent-memory/during-typed-login", Rig, "C_Login=hang", rig_set_up_typed, test_during_login,
              rig_tear_down);
  g_test_add ("/agent-memory/after-typed-login", Rig, "", rig_set_up_typed, test_after_connection,
              rig_tear_down);
  g_test_add ("/agent-memory/during-typed-signature", Rig, "C_Login=hang", rig_set_up_typed_for_signature,
              test_during_login, rig_tear_down);
  g_test_add ("/agent-memory/after-typed-signature", Rig, "", rig_set_up_typed_for_signature,
              test_after_connection, rig_tear_down);
  g_test_add ("/agent-memory/after-login", Rig, "C_Sign=hang", rig_set_up, test_after_login, rig_tear_down);
  return g_test_run ();
}
