/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What keeps a PIN from the wrong token, and from one whose tries are nearly used up, when both became so
 * after the token was listed. The module's log tells whether it was sent. */

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "tests/integration/hosts/host-rig.h"

static const char *
get_pin_state (const GError *error)
{
  json_t *parameters = cardea_error_get_parameters (error);

  return parameters != NULL ? json_string_value (json_object_get (parameters, "pin")) : NULL;
}

static void
assert_not_sent (HostRig *rig, const CardeaHostListing *listing, const char *pin, const char *state)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (host_rig_log_in (rig, listing, pin, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpstr (get_pin_state (error), ==, state);
  g_assert_cmpuint (host_rig_count_log (rig, "C_Login"), ==, 0);
}

/* Another program lost tries meanwhile. */
static void
test_careful (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autofree char *refused = host_rig_path (rig, "one.refused");
  g_autoptr (GError) error = NULL;

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  rig->manner = CARDEA_LOGIN_CAREFUL;
  g_assert_true (g_file_set_contents (refused, "1\n", -1, NULL));
  assert_not_sent (rig, listing, "1234", "low");
  g_assert_true (g_file_set_contents (refused, "2\n", -1, NULL));
  assert_not_sent (rig, listing, "1234", "final_try");
  host_rig_set_mock (rig, "", "pin-state=must-change");
  assert_not_sent (rig, listing, "1234", "must_change");
  host_rig_set_mock (rig, "", "");
  rig->manner = CARDEA_LOGIN_PLAIN; /* a person decided */
  g_assert_true (host_rig_log_in (rig, listing, "1234", &error));
  g_assert_no_error (error);
  g_assert_cmpuint (host_rig_count_log (rig, "C_Login"), ==, 1);
}

/* The library shows another token in the slot, and no error. */
static void
test_swapped (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  host_rig_set_mock (rig, "", "serial=2");
  assert_not_sent (rig, listing, "1234", NULL);
  g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);

  g_assert_cmpuint (after->generation, >, listing->generation);
  assert_not_sent (rig, listing, "1234", NULL); /* to the old one, which is gone */
}

/* The same, seen by a listing first. */
static void
test_swapped_before_list (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  host_rig_set_mock (rig, "", "model=Other");
  g_assert_null (host_rig_list (rig, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);

  g_assert_cmpuint (after->generation, >, listing->generation);
}

/* No PIN at all may count as a wrong one. */
static void
test_pinpad_gone (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "pinpad=true", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  host_rig_set_mock (rig, "", "");
  assert_not_sent (rig, listing, NULL, NULL);
}

/* Another program reset the token: the process ends, so that the next who needs the token logs in again. */
static void
test_forgotten (void)
{
  static const char *const functions[] = { "C_FindObjectsInit", "C_SignInit" };

  for (gsize i = 0; i < G_N_ELEMENTS (functions); i++) {
    g_autoptr (HostRig) rig = host_rig_new ();
    g_autofree char *behaviour = g_strconcat (functions[i], "=logout", NULL);

    host_rig_open_mock (rig, "", "", NULL);
    g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");

    host_rig_set_mock (rig, behaviour, "");
    g_autoptr (HostSigning) signing =
        host_signing_start (rig, listing, 0x0a, CARDEA_SIGN_RSA_PSS, 256, 10000, NULL);

    host_signing_wait (signing);
    g_assert_error (signing->error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
    host_rig_set_mock (rig, "", "");
    g_autoptr (CardeaHostListing) after = host_rig_unlock (rig, "1234");

    g_assert_cmpuint (after->generation, >, listing->generation);
  }
}

static void
assert_signs (HostRig *rig, const CardeaHostListing *listing, gboolean signs)
{
  g_autoptr (HostSigning) signing =
      host_signing_start (rig, listing, 0x0a, CARDEA_SIGN_RSA_PSS, 256, 10000, NULL);

  host_signing_wait (signing);
  if (signs)
    g_assert_no_error (signing->error);
  else
    g_assert_error (signing->error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
}

/* A token that is logged in takes any PIN; a fresh login finds out. */
static void
test_fresh (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");

  g_assert_true (host_rig_log_in (rig, listing, "9999", NULL));
  assert_signs (rig, listing, TRUE);
  rig->manner = CARDEA_LOGIN_FRESH;
  g_assert_true (host_rig_log_in (rig, listing, "1234", &error));
  g_assert_no_error (error);
  assert_signs (rig, listing, TRUE);
  g_assert_false (host_rig_log_in (rig, listing, "9999", &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_cmpuint (host_rig_count_log (rig, "C_Logout"), ==, 2);
  assert_signs (rig, listing, FALSE); /* and nothing of the login before is left */
  g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);

  g_assert_cmpuint (after->generation, ==, listing->generation);
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **)data = g_object_ref (result);
}

static gboolean
log_out (HostRig *rig, const CardeaHostListing *listing, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  cardea_host_logout_async (rig->host, listing->generation, host_rig_slot (listing), on_result, &result);
  HOST_RIG_WAIT (result != NULL);
  return cardea_host_logout_finish (rig->host, result, error);
}

/* Twice is as good as once; the process goes on. */
static void
test_logout (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");

  for (guint i = 0; i < 2; i++) {
    g_assert_true (log_out (rig, listing, &error));
    g_assert_no_error (error);
    assert_signs (rig, listing, FALSE);
  }
  g_autoptr (CardeaHostListing) after = host_rig_unlock (rig, "1234");

  g_assert_cmpuint (after->generation, ==, listing->generation);
  assert_signs (rig, after, TRUE);
}

/* A token that will not be logged out is no token anybody can be sure of. */
static void
test_logout_fails (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");

  host_rig_set_mock (rig, "C_Logout=CKR_DEVICE_ERROR", "");
  g_assert_false (log_out (rig, listing, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  assert_signs (rig, listing, FALSE);
}

/* A login that ends while its token is listed: keys that could not be seen any more are not missing. */
static void
test_logout_while_listed (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaHostListing) during = NULL;
  guint asked;

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");

  g_assert_true (((CardeaHostToken *)listing->tokens->pdata[0])->logged_in);
  host_rig_set_mock (rig, "C_FindObjectsInit=delay:500", "");
  asked = host_rig_count_log (rig, "C_GetSessionInfo");
  cardea_host_list_async (rig->host, NULL, on_result, &result);
  HOST_RIG_WAIT (host_rig_count_log (rig, "C_GetSessionInfo") > asked);
  g_assert_true (log_out (rig, listing, &error));
  g_assert_no_error (error);
  HOST_RIG_WAIT (result != NULL);
  during = cardea_host_list_finish (rig->host, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (during->keys->len, ==, 0);
  g_assert_cmpuint (during->certificates->len, ==, 2);
  g_assert_false (((CardeaHostToken *)during->tokens->pdata[0])->logged_in);
}

/* A module that claims more than it wrote gets none of the process's memory told. */
static void
test_overstated (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "C_GetAttributeValue=overstated", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  g_assert_cmpuint (listing->certificates->len, ==, 2);
  for (guint i = 0; i < listing->certificates->len; i++) {
    const CardeaHostCertificate *certificate = listing->certificates->pdata[i];
    gsize length;
    const guint8 *id = g_bytes_get_data (certificate->id, &length);

    g_assert_cmpuint (length, ==, CARDEA_LIMIT_LABEL_BYTES);
    for (gsize j = 1; j < length; j++)
      g_assert_cmpuint (id[j], ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/login-careful", test_careful);
  g_test_add_func ("/host/login-swapped", test_swapped);
  g_test_add_func ("/host/login-swapped-before-list", test_swapped_before_list);
  g_test_add_func ("/host/login-pinpad-gone", test_pinpad_gone);
  g_test_add_func ("/host/login-forgotten", test_forgotten);
  g_test_add_func ("/host/login-fresh", test_fresh);
  g_test_add_func ("/host/logout", test_logout);
  g_test_add_func ("/host/logout-fails", test_logout_fails);
  g_test_add_func ("/host/logout-while-listed", test_logout_while_listed);
  g_test_add_func ("/host/overstated", test_overstated);
  return g_test_run ();
}
