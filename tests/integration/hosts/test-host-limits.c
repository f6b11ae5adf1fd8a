/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The token host at its limits and one past them, and with modules that are merely odd. */

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/credentials/credentials.h"
#include "tests/integration/hosts/host-rig.h"

#include <string.h>

static void
write_control (HostRig *rig, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (rig->control, text, -1, &error);
  g_assert_no_error (error);
}

static gboolean
is_incomplete (HostRig *rig)
{
  const CardeaReason *problem = cardea_host_get_problem (rig->host);

  g_assert_true (problem == NULL || problem->code == CARDEA_REASON_TOO_MANY_CERTIFICATES);
  return problem != NULL;
}

static void
set_certificates (HostRig *rig, guint count)
{
  g_autofree char *text = g_strdup_printf (
      "[token one]\n[object rsa]\ntoken=one\ncertificate=%s/rsa.pem\ncopies=%u\n", rig->folder, count);

  write_control (rig, text);
}

static void
test_certificates (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "", NULL);
  set_certificates (rig, CARDEA_LIMIT_CERTIFICATES_PER_TOKEN);
  g_autoptr (CardeaHostListing) fits = host_rig_must_list (rig);
  g_assert_cmpuint (fits->certificates->len, ==, CARDEA_LIMIT_CERTIFICATES_PER_TOKEN);
  g_assert_false (is_incomplete (rig));

  set_certificates (rig, CARDEA_LIMIT_CERTIFICATES_PER_TOKEN + 1);
  g_autoptr (CardeaHostListing) over = host_rig_must_list (rig);
  g_assert_cmpuint (over->certificates->len, ==, CARDEA_LIMIT_CERTIFICATES_PER_TOKEN);
  g_assert_true (is_incomplete (rig));
}

static void
set_tokens (HostRig *rig, guint count)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < count; i++)
    g_string_append_printf (text, "[token t%u]\n", i);
  write_control (rig, text->str);
}

static void
test_tokens (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "", NULL);
  set_tokens (rig, CARDEA_LIMIT_TOKENS_PER_HOST);
  g_autoptr (CardeaHostListing) fits = host_rig_must_list (rig);
  g_assert_cmpuint (fits->tokens->len, ==, CARDEA_LIMIT_TOKENS_PER_HOST);
  g_assert_false (is_incomplete (rig));

  set_tokens (rig, CARDEA_LIMIT_TOKENS_PER_HOST + 1);
  g_autoptr (CardeaHostListing) over = host_rig_must_list (rig);
  g_assert_cmpuint (over->tokens->len, ==, CARDEA_LIMIT_TOKENS_PER_HOST);
  g_assert_true (is_incomplete (rig));
}

static void
test_no_tokens (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "", NULL);
  write_control (rig, "[module]\n");
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);
  g_assert_cmpuint (listing->tokens->len, ==, 0);
  g_assert_null (cardea_host_get_problem (rig->host));
}

typedef struct
{
  guint unavailable, busy;
} Outcomes;

static void
on_logged_in (GObject *source, GAsyncResult *result, gpointer data)
{
  Outcomes *outcomes = data;
  g_autoptr (GError) error = NULL;

  g_assert_false (cardea_host_login_finish (CARDEA_HOST (source), result, &error));
  outcomes->busy += g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_BUSY);
  outcomes->unavailable += g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
}

/* One more than may be under way is refused at once; those that are fail together when the process ends. */
static void
test_pending (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  Outcomes outcomes = { 0 };

  host_rig_open_mock (rig, "C_Login=hang", "pinpad=true", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);
  for (guint i = 0; i <= CARDEA_LIMIT_HOST_PENDING; i++)
    cardea_host_login_async (rig->host, listing->generation, host_rig_slot (listing), NULL, FALSE, NULL,
                             on_logged_in, &outcomes);
  HOST_RIG_WAIT (outcomes.busy == 1);
  g_assert_cmpuint (outcomes.unavailable, ==, 0);
  HOST_RIG_WAIT (host_rig_count_log (rig, "C_Login hang") > 0);
  cardea_host_kill (rig->host);
  HOST_RIG_WAIT (outcomes.unavailable == CARDEA_LIMIT_HOST_PENDING);
  g_assert_cmpuint (outcomes.busy, ==, 1);
}

/* Two keys with one id: the modulus tells which, and without it nothing is signed. */
static void
test_two_keys (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  const TestCredential other = { .name = "other", .key = TEST_KEY_RSA_2048 };
  g_autofree char *text = NULL;

  host_rig_open_mock (rig, "", "", NULL);
  test_credentials_make (rig->folder, &other);
  text =
      g_strdup_printf ("[token one]\n"
                       "[object rsa]\ntoken=one\nid=0a\ncertificate=%1$s/rsa.pem\nkey=%1$s/rsa.key\n"
                       "[object other]\ntoken=one\nid=0a\ncertificate=%1$s/other.pem\nkey=%1$s/other.key\n",
                       rig->folder);
  write_control (rig, text);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
  g_assert_cmpuint (listing->keys->len, ==, 2);
  for (guint i = 0; i < 2; i++) {
    CardeaHostKey *key = listing->keys->pdata[i];
    g_autoptr (HostSigning) signing =
        host_signing_start_full (rig, listing, g_bytes_ref (key->id), g_bytes_ref (key->modulus),
                                 CARDEA_SIGN_RSA_PSS, 256, 10000, NULL);

    host_signing_wait (signing);
    host_signing_verify (signing, i == 0 ? "rsa" : "other");
  }
  g_autoptr (HostSigning) unclear =
      host_signing_start (rig, listing, 0x0a, CARDEA_SIGN_RSA_PSS, 256, 10000, NULL);
  host_signing_wait (unclear);
  g_assert_error (unclear->error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
}

/* A module without locks of its own gets one call at a time. */
static void
test_cannot_lock (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  HostSigning *signings[5];
  gint64 begun;

  host_rig_open_mock (rig, "C_Initialize=CKR_CANT_LOCK;only:1\nC_Sign=delay:200", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
  g_assert_cmpuint (host_rig_count_log (rig, "C_Initialize"), ==, 2);
  begun = g_get_monotonic_time ();
  for (guint i = 0; i < G_N_ELEMENTS (signings); i++)
    signings[i] = host_signing_start (rig, listing, 0x0b, CARDEA_SIGN_ECDSA, 256, 10000, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (signings); i++) {
    host_signing_wait (signings[i]);
    host_signing_verify (signings[i], "ec");
    host_signing_free (signings[i]);
  }
  g_assert_cmpint (g_get_monotonic_time () - begun, >=, G_USEC_PER_SEC);
}

static void
test_always_authenticate (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autofree char *text = NULL;

  host_rig_open_mock (rig, "", "", NULL);
  text = g_strdup_printf (
      "[token one]\nlogin-required=false\nmechanisms=CKM_RSA_PKCS\n[object rsa]\ntoken=one\n"
      "certificate=%1$s/rsa.pem\nkey=%1$s/rsa.key\nalways-authenticate=true\nmodulus=false\n",
      rig->folder);
  write_control (rig, text);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);
  const CardeaHostToken *token = listing->tokens->pdata[0];
  g_assert_false (token->login_required);
  g_assert_cmpint (token->pin, ==, CARDEA_PIN_NOT_NEEDED);
  g_assert_cmpuint (token->mechanisms, ==, CARDEA_MECHANISM_RSA_PKCS);
  g_assert_cmpuint (listing->keys->len, ==, 1);

  const CardeaHostKey *key = listing->keys->pdata[0];

  g_assert_true (key->always_authenticate);
  g_assert_null (key->modulus);

  /* Which is told instead of tried where there is no PIN. */
  g_autoptr (HostSigning) signing = host_signing_start_full (rig, listing, g_bytes_ref (key->id), NULL,
                                                             CARDEA_SIGN_RSA_PKCS1, 256, 10000, NULL);
  host_signing_wait (signing);
  g_assert_error (signing->error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_true (cardea_host_wants_pin (signing->error));
  g_assert_cmpuint (host_rig_count_log (rig, "C_SignInit"), ==, 0);
  g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);
  g_assert_cmpuint (after->generation, ==, listing->generation);
}

/* A digest that does not fit its hash is refused before the token is asked. */
static void
test_wrong_digest (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
  g_autoptr (HostSigning) signing =
      host_signing_start (rig, listing, 0x0a, CARDEA_SIGN_RSA_PSS, 160, 10000, NULL);
  host_signing_wait (signing);
  g_assert_error (signing->error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpuint (host_rig_count_log (rig, "C_SignInit"), ==, 0);
  g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);
  g_assert_cmpuint (after->generation, ==, listing->generation);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/limit-certificates", test_certificates);
  g_test_add_func ("/host/limit-tokens", test_tokens);
  g_test_add_func ("/host/limit-pending", test_pending);
  g_test_add_func ("/host/no-tokens", test_no_tokens);
  g_test_add_func ("/host/two-keys", test_two_keys);
  g_test_add_func ("/host/cannot-lock", test_cannot_lock);
  g_test_add_func ("/host/always-authenticate", test_always_authenticate);
  g_test_add_func ("/host/wrong-digest", test_wrong_digest);
  return g_test_run ();
}
