/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the tests of the service share: a service over a fake broker, and programs that call it. */

#include "tests/unit/service-fixture.h"

#include <nss.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/api/resource.h"
#include "tests/fixtures/credentials/credentials.h"

static GBytes *certificate_der;

static void
on_reload (gpointer user_data)
{
  ((ServiceFixture *)user_data)->n_reloads++;
}

static GPtrArray *
on_problems (gpointer user_data)
{
  GPtrArray *problems = cardea_reasons_new ();

  g_ptr_array_add (
      problems, cardea_reason_new (CARDEA_REASON_CONFIGURATION_INVALID, "Correct it.", "A file is wrong."));
  return problems;
}

static gboolean
on_find_lease (CardeaToken *token, CardeaLease *lease, gpointer user_data)
{
  *lease = (CardeaLease){ 1000, 2000, TRUE };
  return ((ServiceFixture *)user_data)->n_ended == 0;
}

static gboolean
on_is_single_use (CardeaToken *token, gpointer user_data)
{
  return ((ServiceFixture *)user_data)->n_ended > 0;
}

static void
on_end_leases (const char *pattern, CardeaLeasesEnded ended, gpointer data, gpointer user_data)
{
  ServiceFixture *fixture = user_data;
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();

  g_free (fixture->ended);
  fixture->ended = g_strdup (pattern);
  if (pattern == NULL)
    g_ptr_array_add (problems, cardea_reason_new (CARDEA_REASON_LOGIN_NOT_ENDED, NULL, "It may still sign."));
  ended (fixture->n_ended++ == 0 ? 1 : 0, problems, data);
}

static Contract *
load_contract (const char *interface)
{
  g_autofree char *path = g_strconcat ("/org/cardea/agent/", interface, ".varlink", NULL);
  g_autoptr (GBytes) text =
      g_resource_lookup_data (cardea_api_get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_autofree char *copy = g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text));

  return contract_new (copy);
}

void
service_set_up (ServiceFixture *fixture, gconstpointer data)
{
  fixture->broker = fake_broker_new (certificate_der);
  fixture->context.broker = fixture->broker;
  fixture->context.catalogue = fake_broker_get_catalogue (fixture->broker);
  fixture->context.reload = on_reload;
  fixture->context.get_problems = on_problems;
  fixture->context.find_lease = on_find_lease;
  fixture->context.is_single_use = on_is_single_use;
  fixture->context.end_leases = on_end_leases;
  fixture->context.user_data = fixture;
  fixture->service = cardea_service_new (&fixture->context);
  fixture->contract = load_contract ("org.cardea.agent");
  fixture->varlink = load_contract ("org.varlink.service");
}

gboolean
service_is_deserted (gpointer data)
{
  return cardea_service_count_connections (((ServiceFixture *)data)->service) == 0;
}

void
service_tear_down (ServiceFixture *fixture, gconstpointer data)
{
  api_wait (service_is_deserted, fixture);
  cardea_service_free (fixture->service);
  g_free (fixture->ended);
  g_object_unref (fixture->broker);
  contract_free (fixture->contract);
  contract_free (fixture->varlink);
}

ApiClient *
service_connect (ServiceFixture *fixture)
{
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), ==, 0);
  cardea_service_add (fixture->service, ends[0]);
  return api_client_new (ends[1]);
}

void
service_send_call (ApiClient *client, const char *method, const char *parameters, const char *flags)
{
  g_autofree char *call = g_strdup_printf ("{\"method\":\"%s%s\",\"parameters\":%s%s}",
                                           g_str_has_prefix (method, "org.") ? "" : "org.cardea.agent.",
                                           method, parameters ? parameters : "{}", flags ? flags : "");

  g_assert_true (api_client_send (client, call));
}

CardeaWireReply *
service_expect_reply (ServiceFixture *fixture, ApiClient *client, const char *method)
{
  CardeaWireReply *reply = api_client_receive (client);
  g_autofree char *fault = NULL;

  g_assert_nonnull (reply);
  g_assert_null (reply->error);
  fault = contract_check_reply (fixture->contract, method, reply->parameters);
  g_assert_cmpstr (fault, ==, NULL);
  return reply;
}

void
service_expect_error (ServiceFixture *fixture, ApiClient *client, const char *name, const char *parameter)
{
  g_autoptr (CardeaWireReply) reply = api_client_receive (client);
  g_autofree char *fault = NULL;
  gboolean ours;

  g_assert_nonnull (reply);
  g_assert_cmpstr (reply->error, ==, name);
  ours = g_str_has_prefix (name, "org.cardea.agent.");
  fault = contract_check_error (ours ? fixture->contract : fixture->varlink, strrchr (name, '.') + 1,
                                reply->parameters);
  g_assert_cmpstr (fault, ==, NULL);
  if (parameter)
    g_assert_cmpstr (json_string_value (json_object_get (reply->parameters, "parameter")), ==, parameter);
}

void
service_begin (int *argc, char ***argv)
{
  const TestCredential credential = { .name = "one", .key = TEST_KEY_P256 };
  g_autofree char *folder = NULL;

  g_test_init (argc, argv, NULL);
  g_assert_cmpint (NSS_NoDB_Init (NULL), ==, SECSuccess);
  folder = g_dir_make_tmp ("cardea-service-XXXXXX", NULL);
  test_credentials_make (folder, &credential);
  certificate_der = test_credentials_get_der (folder, "one");
  test_remove_folder (folder);
}

int
service_run (void)
{
  int result = g_test_run ();

  g_clear_pointer (&certificate_der, g_bytes_unref);
  return result;
}
