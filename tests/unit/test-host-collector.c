/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A listing while it arrives: limits at the limit and one past it, and text that no person should be shown.
 */

#include "agent/hosts/host-collector.h"

#include <string.h>

typedef struct
{
  CardeaHostCollector *collector;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->collector = cardea_host_collector_new (7, CARDEA_HOST_TOKENS | CARDEA_HOST_AUTHORITIES);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  cardea_host_collector_free (self->collector);
}

static gboolean
add_token (Fixture *self, guint64 slot)
{
  return cardea_host_collector_add (
      self->collector, &(CardeaHostMessage){ CARDEA_HOST_MESSAGE_TOKEN, 1, .token = { .slot = slot } });
}

static gboolean
add_certificate (Fixture *self, guint64 slot, gsize length)
{
  g_autofree guint8 *der = g_malloc0 (MAX (length, 1));

  return cardea_host_collector_add (
      self->collector,
      &(CardeaHostMessage){ CARDEA_HOST_MESSAGE_CERTIFICATE, 1, .certificate = { slot, { der, length } } });
}

static gboolean
add_key (Fixture *self, const char *modulus, gsize length)
{
  return cardea_host_collector_add (
      self->collector,
      &(CardeaHostMessage){ CARDEA_HOST_MESSAGE_KEY, 1,
                            .key = { 1, 0, { NULL, 0 }, { (const guint8 *)modulus, length } } });
}

static gboolean
add_authority (Fixture *self, gsize length)
{
  return cardea_host_collector_add (self->collector,
                                    &(CardeaHostMessage){ CARDEA_HOST_MESSAGE_AUTHORITY, 1,
                                                          .authority = { CARDEA_HOST_WIRE_TRUST_ANCHOR,
                                                                         { (const guint8 *)"x", length } } });
}

static void
test_tokens (Fixture *self, gconstpointer data)
{
  for (guint64 i = 0; i < CARDEA_LIMIT_TOKENS_PER_HOST; i++)
    g_assert_true (add_token (self, i));
  g_assert_false (add_token (self, CARDEA_LIMIT_TOKENS_PER_HOST));
}

static void
test_certificates (Fixture *self, gconstpointer data)
{
  g_assert_true (add_token (self, 1));
  g_assert_true (add_token (self, 2));
  for (guint i = 0; i < CARDEA_LIMIT_CERTIFICATES_PER_TOKEN; i++)
    g_assert_true (add_certificate (self, 1, 3));
  g_assert_false (add_certificate (self, 1, 3));
  g_assert_true (add_certificate (self, 2, 3)); /* another token has its own */
  g_assert_false (add_certificate (self, 3, 3));
  g_assert_false (add_certificate (self, 2, 0));
}

static void
test_bytes (Fixture *self, gconstpointer data)
{
  g_assert_true (add_token (self, 1));
  for (gsize i = 0; i < CARDEA_LIMIT_HOST_LISTING_BYTES / CARDEA_LIMIT_CERTIFICATE_BYTES; i++)
    g_assert_true (add_certificate (self, 1, CARDEA_LIMIT_CERTIFICATE_BYTES));
  g_assert_false (add_certificate (self, 1, 1));
}

static void
test_authorities (Fixture *self, gconstpointer data)
{
  g_assert_false (add_authority (self, 0));
  for (guint i = 0; i < CARDEA_LIMIT_AUTHORITIES_PER_HOST; i++)
    g_assert_true (add_authority (self, 1));
  g_assert_false (add_authority (self, 1));
}

static void
test_modulus (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaHostListing) listing = NULL;
  const CardeaHostKey *key;

  g_assert_true (add_token (self, 1));
  g_assert_true (add_key (self, "\0\0\x80\0", 4));
  g_assert_true (add_key (self, "\0\0", 2));
  listing = cardea_host_collector_finish (self->collector);
  g_assert_cmpuint (listing->generation, ==, 7);
  key = listing->keys->pdata[0];
  g_assert_cmpmem (g_bytes_get_data (key->modulus, NULL), g_bytes_get_size (key->modulus), "\x80\0", 2);
  key = listing->keys->pdata[1];
  g_assert_null (key->modulus);
}

/* Of a token that was told of before, and of no other. */
static void
test_login_ended (Fixture *self, gconstpointer data)
{
  CardeaHostMessage first = { CARDEA_HOST_MESSAGE_TOKEN, 1, .token = { .slot = 1, .logged_in = 1 } };
  CardeaHostMessage second = { CARDEA_HOST_MESSAGE_TOKEN, 1, .token = { .slot = 2, .logged_in = 1 } };
  CardeaHostMessage ended = { CARDEA_HOST_MESSAGE_LOGIN_ENDED, 1, .login_ended = { 1 } };
  g_autoptr (CardeaHostListing) listing = NULL;

  g_assert_false (cardea_host_collector_add (self->collector, &ended));
  g_assert_true (cardea_host_collector_add (self->collector, &first));
  g_assert_true (cardea_host_collector_add (self->collector, &second));
  g_assert_true (cardea_host_collector_add (self->collector, &ended));
  listing = cardea_host_collector_finish (self->collector);
  g_assert_false (((CardeaHostToken *)listing->tokens->pdata[0])->logged_in);
  g_assert_true (((CardeaHostToken *)listing->tokens->pdata[1])->logged_in);
}

static void
test_other_types (Fixture *self, gconstpointer data)
{
  g_assert_false (
      cardea_host_collector_add (self->collector, &(CardeaHostMessage){ CARDEA_HOST_MESSAGE_READY, 1 }));
  g_assert_false (
      cardea_host_collector_add (self->collector, &(CardeaHostMessage){ CARDEA_HOST_MESSAGE_LISTED, 1 }));
}

static void
check_text (const char *bytes, gsize length, const char *expected)
{
  g_autofree guint8 *copy = g_memdup2 (bytes, length); /* no terminator to run into */
  g_autofree char *text = cardea_host_text (&(CardeaHostBytes){ copy, length });

  g_assert_cmpstr (text, ==, expected);
}

static void
test_text (void)
{
  check_text ("Token      ", 11, "Token");
  check_text ("", 0, "");
  check_text ("\0\0\0\0", 4, "");
  check_text ("one\0two", 7, "one");
  check_text ("  K\xc3\xa4rtchen  ", 13, "K\xc3\xa4rtchen");
  check_text ("\xff", 1, "\xef\xbf\xbd");
  check_text ("cut \xc3", 5, "cut \xef\xbf\xbd");
  check_text ("a\x1b[2J", 5, "a\xef\xbf\xbd[2J");
  check_text ("a\nb", 3,
              "a\xef\xbf\xbd"
              "b");
  check_text ("\xe2\x80\xae"
              "drac",
              7,
              "\xef\xbf\xbd"
              "drac");
}

static void
test_pin_states (void)
{
  for (CardeaPinState i = CARDEA_PIN_UNKNOWN; i <= CARDEA_PIN_NOT_NEEDED; i++) {
    CardeaPinState state;

    g_assert_true (cardea_pin_state_from_string (cardea_pin_state_to_string (i), &state));
    g_assert_cmpint (state, ==, i);
  }
  g_assert_false (cardea_pin_state_from_string ("final-try", &(CardeaPinState){ 0 }));
  g_assert_false (cardea_pin_state_from_string (NULL, &(CardeaPinState){ 0 }));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/host-collector/tokens", test_tokens);
  ADD ("/host-collector/certificates", test_certificates);
  ADD ("/host-collector/bytes", test_bytes);
  ADD ("/host-collector/authorities", test_authorities);
  ADD ("/host-collector/modulus", test_modulus);
  ADD ("/host-collector/login-ended", test_login_ended);
  ADD ("/host-collector/other-types", test_other_types);
  g_test_add_func ("/host-collector/text", test_text);
  g_test_add_func ("/host-collector/pin-states", test_pin_states);
  return g_test_run ();
}
