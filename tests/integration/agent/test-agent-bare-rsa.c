/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* RSA keys on tokens that do not know RSA-PSS, which TLS 1.3 wants: with the bare operation they serve, with
 * neither they are told apart before anybody is asked. */

#include <string.h>

#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"

static CardeaAsks *
new_with_key (const char *bits, const char *mechanisms)
{
  CardeaAsks *asks = cardea_asks_new ("cancel");
  g_autofree char *script = g_strdup_printf (
      "cd %s && openssl req -new -newkey rsa:%s -nodes -keyout mock.key -subj '/CN=Bare' -out mock.csr && "
      "openssl x509 -req -in mock.csr -CA ca.pem -CAkey ca.key -days 2 -extfile mock.ext -out mock.pem",
      cardea_lab_get_folder (asks->lab), bits);

  g_assert_cmpint (cardea_lab_run (asks->lab, (const char *[]){ "sh", "-c", script, NULL }, NULL, NULL, NULL),
                   ==, 0);
  cardea_asks_set_mock (asks, mechanisms);
  cardea_asks_wait_for_mock (asks, TRUE);
  cardea_asks_script_pick (asks, "mock.pem", "not");
  return asks;
}

static void
test_serves (gconstpointer bits)
{
  g_autoptr (CardeaAsks) asks =
      new_with_key (bits, "login-required=false\nmechanisms=CKM_RSA_PKCS;CKM_RSA_X_509");

  cardea_asks_fetch_as (asks, NULL, "saw CN=Bare");
}

/* The server takes what has a digest of 512 bits, and nothing else. */
static void
test_other_hash (void)
{
  g_autoptr (CardeaAsks) asks = new_with_key ("2048", "login-required=false\nmechanisms=CKM_RSA_X_509");

  asks->port = cardea_lab_openssl (
      asks->lab, (const char *[]){ "-Verify", "2", "-verify_return_error", "-CAfile", "ca.pem", "-www",
                                   "-client_sigalgs", "rsa_pss_rsae_sha512", NULL });
  cardea_asks_restart (asks);
  cardea_asks_wait_for_mock (asks, TRUE);
  cardea_asks_fetch_as (asks, NULL, "Bare");
}

static void
test_neither (void)
{
  g_autoptr (CardeaAsks) asks = new_with_key ("2048", "login-required=false\nmechanisms=CKM_RSA_PKCS");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *options = g_strdup_printf ("{\"certificate\": \"%s\"}", fingerprint);
  g_autoptr (CardeaPromptQuestion) question = NULL;
  g_autoptr (GError) error = NULL;
  const CardeaPromptOffer *offer = NULL;

  cardea_lab_write (asks->lab, "script", "shown;cancel");
  g_assert_null (cardea_asks_fetch (asks, options, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  question = cardea_asks_get_question (asks, 1);
  for (guint i = 0; i < question->offers->len; i++)
    if (strstr (((CardeaPromptOffer *)question->offers->pdata[i])->subject_name, "Bare") != NULL)
      offer = question->offers->pdata[i];
  g_assert_nonnull (offer);
  g_assert_cmpuint (offer->reasons->len, ==, 1);
  g_assert_cmpstr (((CardeaPromptReason *)offer->reasons->pdata[0])->code, ==, "token_cannot_sign");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/agent-bare-rsa/2048", "2048", test_serves);
  g_test_add_data_func ("/agent-bare-rsa/3072", "3072", test_serves);
  g_test_add_data_func ("/agent-bare-rsa/4096", "4096", test_serves);
  g_test_add_func ("/agent-bare-rsa/other-hash", test_other_hash);
  g_test_add_func ("/agent-bare-rsa/neither", test_neither);
  return g_test_run ();
}
