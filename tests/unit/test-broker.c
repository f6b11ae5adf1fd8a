/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Consent without a person: what is refused before anything is sent anywhere. */

#include "agent/broker/broker.h"
#include "agent/prompt/headless.h"
#include "agent/tls/nss.h"
#include "socket-api/wire/error.h"

#include <glib/gstdio.h>

typedef struct
{
  char *folder;
  CardeaRelayPool *relays;
  CardeaBroker *broker;
} Fixture;

static void
set_up (Fixture *f, gconstpointer text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autoptr (CardeaConfig) config = NULL;
  g_autoptr (GPtrArray) hosts = g_ptr_array_new ();
  g_autoptr (CardeaCatalogue) catalogue = cardea_catalogue_new (hosts);
  g_autoptr (CardeaCardResets) resets = cardea_card_resets_new ();
  g_autoptr (CardeaPrompter) prompter = cardea_headless_prompter_new ();
  g_autoptr (CardeaUnlocker) unlocker = NULL;

  f->folder = g_dir_make_tmp ("cardea-broker-XXXXXX", &error);
  g_assert_no_error (error);
  path = g_build_filename (f->folder, "agent.conf", NULL);
  g_assert_true (g_file_set_contents (path, text, -1, &error));
  config = cardea_config_load ((const char *const[]){ path, NULL }, &error);
  g_assert_no_error (error);
  g_remove (path);
  unlocker = cardea_unlocker_new (prompter, catalogue, resets, f->folder);
  f->relays = cardea_relay_pool_new (1);
  f->broker = cardea_broker_new (config, catalogue, unlocker, f->relays);
}

static void
tear_down (Fixture *f, gconstpointer text)
{
  g_object_unref (f->broker);
  cardea_relay_pool_free (f->relays);
  g_rmdir (f->folder);
  g_free (f->folder);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **)user_data = g_object_ref (result);
}

/* The error that a request of this caller ends with. */
static GError *
connect_error (Fixture *f, CardeaCallerStrength strength, const CardeaRequest *request)
{
  g_autoptr (CardeaCaller) caller =
      cardea_caller_new (strength, CARDEA_CONFINEMENT_NONE, "/usr/bin/true", "exe:/usr/bin/true", 1);
  g_autoptr (GAsyncResult) result = NULL;
  GError *error = NULL;

  cardea_broker_connect_async (f->broker, caller, request, NULL, NULL, NULL, on_connected, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (cardea_broker_connect_finish (f->broker, result, &error));
  return error;
}

static CardeaRequest *
request_for (const char *host, guint16 port)
{
  CardeaRequest *request = cardea_request_new ();

  request->host = g_strdup (host);
  request->port = port;
  return request;
}

static void
test_not_headless (Fixture *f, gconstpointer text)
{
  g_autoptr (CardeaRequest) request = request_for ("localhost", 1);
  g_autoptr (GError) error = connect_error (f, CARDEA_CALLER_HOST, request);

  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED);
}

static void
test_not_allowed (Fixture *f, gconstpointer text)
{
  g_autoptr (CardeaRequest) other_port = request_for ("localhost", 2);
  g_autoptr (CardeaRequest) other_name = request_for ("localhost", 1);
  g_autoptr (GError) port = connect_error (f, CARDEA_CALLER_HOST, other_port);
  g_autoptr (GError) name = NULL;

  g_assert_error (port, CARDEA_ERROR, CARDEA_ERROR_DENIED);
  /* What is verified counts, not what is dialled. */
  other_name->server_name = g_strdup ("other.example");
  name = connect_error (f, CARDEA_CALLER_HOST, other_name);
  g_assert_error (name, CARDEA_ERROR, CARDEA_ERROR_DENIED);
}

static void
test_own_authorities (Fixture *f, gconstpointer text)
{
  g_autoptr (CardeaRequest) request = request_for ("localhost", 1);
  g_autoptr (GError) error = NULL;

  request->authorities = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_ptr_array_add (request->authorities, g_bytes_new_static ("no certificate", 14));
  error = connect_error (f, CARDEA_CALLER_HOST, request);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_DENIED);
}

/* What a program outside may do, one in a sandbox may not: the agent is no way around its sandbox. Port 1
 * refuses. */
static void
test_sandboxed (Fixture *f, gconstpointer text)
{
  g_autoptr (CardeaRequest) plain = request_for ("localhost", 1);
  g_autoptr (CardeaRequest) elsewhere = request_for ("127.0.0.1", 1);
  g_autoptr (CardeaRequest) proxied = request_for ("localhost", 1);
  g_autoptr (GError) reached = connect_error (f, CARDEA_CALLER_CONFINED, plain);
  g_autoptr (GError) outside = NULL;
  g_autoptr (GError) inside = NULL;
  g_autoptr (GError) by_proxy = NULL;

  elsewhere->server_name = g_strdup ("localhost");
  outside = connect_error (f, CARDEA_CALLER_HOST, elsewhere);
  inside = connect_error (f, CARDEA_CALLER_CONFINED, elsewhere);
  proxied->proxy = g_strdup ("socks5://127.0.0.1:1");
  by_proxy = connect_error (f, CARDEA_CALLER_CONFINED, proxied);
  g_assert_error (reached, CARDEA_ERROR, CARDEA_ERROR_CONNECT_FAILED);
  g_assert_error (outside, CARDEA_ERROR, CARDEA_ERROR_CONNECT_FAILED);
  g_assert_error (inside, CARDEA_ERROR, CARDEA_ERROR_DENIED);
  g_assert_error (by_proxy, CARDEA_ERROR, CARDEA_ERROR_DENIED);
}

int
main (int argc, char **argv)
{
  static const char headless[] = "[agent]\nheadless=true\n[allow]\nservers=localhost:1\n";
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  if (!cardea_nss_start (&error))
    g_error ("%s", error->message);
  g_test_add ("/broker/not-headless", Fixture, "[allow]\nservers=localhost:1\n", set_up, test_not_headless,
              tear_down);
  g_test_add ("/broker/not-allowed", Fixture, headless, set_up, test_not_allowed, tear_down);
  g_test_add ("/broker/own-authorities", Fixture, headless, set_up, test_own_authorities, tear_down);
  g_test_add ("/broker/sandboxed", Fixture, headless, set_up, test_sandboxed, tear_down);
  status = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  return status;
}
