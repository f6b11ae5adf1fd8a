/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long a login lasts, as a program sees and ends it. */

#include "tests/unit/service-fixture.h"

static json_t *
get_single_use (CardeaWireReply *reply)
{
  return json_object_get (json_array_get (json_object_get (reply->parameters, "tokens"), 0), "single_use");
}

/* The token's lease is shown until it is ended; what to end is a token's URI, or all. */
static void
test_leases (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autoptr (CardeaWireReply) before = NULL;
  g_autoptr (CardeaWireReply) ended = NULL;
  g_autoptr (CardeaWireReply) after = NULL;
  g_autoptr (CardeaWireReply) all = NULL;
  json_t *lease;

  service_send_call (client, "EndLeases", "{\"token\":\"pkcs11:type=cert\"}", NULL);
  service_expect_error (fixture, client, "org.varlink.service.InvalidParameter", "token");
  service_send_call (client, "ListTokens", NULL, NULL);
  before = service_expect_reply (fixture, client, "ListTokens");
  lease = json_object_get (json_array_get (json_object_get (before->parameters, "tokens"), 0), "lease");
  g_assert_cmpint (json_integer_value (json_object_get (lease, "since")), ==, 1000);
  g_assert_cmpint (json_integer_value (json_object_get (lease, "due")), ==, 2000);
  g_assert_true (json_is_true (json_object_get (lease, "screen_lock")));
  g_assert_true (json_is_false (get_single_use (before)));

  service_send_call (client, "EndLeases", "{\"token\":\"pkcs11:token=Test\"}", NULL);
  ended = service_expect_reply (fixture, client, "EndLeases");
  g_assert_cmpint (json_integer_value (json_object_get (ended->parameters, "ended")), ==, 1);
  g_assert_cmpuint (json_array_size (json_object_get (ended->parameters, "problems")), ==, 0);
  g_assert_cmpstr (fixture->ended, ==, "pkcs11:token=Test");
  service_send_call (client, "ListTokens", NULL, NULL);
  after = service_expect_reply (fixture, client, "ListTokens");
  lease = json_object_get (json_array_get (json_object_get (after->parameters, "tokens"), 0), "lease");
  g_assert_true (json_is_null (lease));
  g_assert_true (json_is_true (get_single_use (after)));
  service_send_call (client, "EndLeases", NULL, NULL);
  all = service_expect_reply (fixture, client, "EndLeases");
  g_assert_null (fixture->ended);
  g_assert_cmpuint (json_array_size (json_object_get (all->parameters, "problems")), ==, 1);
}

int
main (int argc, char *argv[])
{
  service_begin (&argc, &argv);
  g_test_add ("/methods-leases/shown-and-ended", ServiceFixture, NULL, service_set_up, test_leases,
              service_tear_down);
  return service_run ();
}
