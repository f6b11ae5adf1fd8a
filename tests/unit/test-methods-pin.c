/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A wish for a new PIN, as a program has it. */

#include "socket-api/wire/error.h"
#include "tests/unit/service-fixture.h"

static void
test_wishes (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);

  service_send_call (client, "ChangePin", "{\"token\":\"pkcs11:token=Test\"}", NULL);
  cardea_wire_reply_free (service_expect_reply (fixture, client, "ChangePin"));
  g_assert_cmpstr (fake_broker_get_new_pin (fixture->broker), ==, "pkcs11:token=Test change display -");
  service_send_call (client, "UnblockPin",
                     "{\"token\":\"pkcs11:token=Test\",\"options\":{\"window\":{\"handle\":\"x11:1f\"}}}",
                     NULL);
  cardea_wire_reply_free (service_expect_reply (fixture, client, "UnblockPin"));
  g_assert_cmpstr (fake_broker_get_new_pin (fixture->broker), ==, "pkcs11:token=Test unblock display x11:1f");
}

/* Above all, no PIN can be passed. */
static void
test_refused (ServiceFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *parameters, *name;
  } cases[] = {
    { NULL, "token" },
    { "{\"token\":null}", "token" },
    { "{\"token\":\"Test\"}", "token" },
    { "{\"token\":\"pkcs11:\"}", "token" },
    { "{\"token\":\"pkcs11:token=Test?pin-value=1234\"}", "token" },
    { "{\"token\":\"pkcs11:token=Test\",\"pin\":\"1234\"}", "pin" },
    { "{\"token\":\"pkcs11:token=Test\",\"options\":{\"new_pin\":\"1234\"}}", "options.new_pin" },
    { "{\"token\":\"pkcs11:token=Test\",\"options\":{\"terminal\":\"always\"}}", "options.terminal" },
    { "{\"token\":\"pkcs11:token=Test\",\"options\":{\"terminal\":\"sometimes\"}}", "options.terminal" },
    { "{\"token\":\"pkcs11:token=Test\",\"options\":{\"window\":{\"handle\":\"1f\"}}}",
      "options.window.handle" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (ApiClient) client = service_connect (fixture);

    service_send_call (client, i % 2 ? "UnblockPin" : "ChangePin", cases[i].parameters, NULL);
    service_expect_error (fixture, client, "org.varlink.service.InvalidParameter", cases[i].name);
  }
  g_assert_null (fake_broker_get_new_pin (fixture->broker));
}

static void
test_fails (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);
  GError *error = cardea_error_new (CARDEA_ERROR_PIN_REFUSED, "No.");

  cardea_error_take_parameter (error, "token", json_string ("pkcs11:token=Test"));
  cardea_error_take_parameter (error, "pin", json_string ("final_try"));
  cardea_error_take_parameter (error, "secret", json_string ("puk"));
  fake_broker_fail_next (fixture->broker, error);
  service_send_call (client, "UnblockPin", "{\"token\":\"pkcs11:token=Test\"}", NULL);
  service_expect_error (fixture, client, "org.cardea.agent.PinRefused", NULL);
}

#define ADD(path, function)                                                                                  \
  g_test_add ("/methods-pin/" path, ServiceFixture, NULL, service_set_up, function, service_tear_down)

int
main (int argc, char *argv[])
{
  service_begin (&argc, &argv);
  ADD ("wishes", test_wishes);
  ADD ("refused", test_refused);
  ADD ("fails", test_fails);
  return service_run ();
}
