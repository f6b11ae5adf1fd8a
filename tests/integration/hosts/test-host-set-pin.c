/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* New PINs: what a token gets for one request, and how often. The module counts what it was asked to check.
 */

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "tests/integration/hosts/host-rig.h"

static const char *
get_parameter (const GError *error, const char *name)
{
  json_t *parameters = cardea_error_get_parameters (error);

  return parameters != NULL ? json_string_value (json_object_get (parameters, name)) : NULL;
}

/* How often the token was given a PIN (".attempts") or a PUK (".puk-attempts"). */
static guint
count (HostRig *rig, const char *what)
{
  g_autofree char *name = g_strconcat ("one", what, NULL);
  g_autofree char *path = host_rig_path (rig, name);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? (guint)g_ascii_strtoull (text, NULL, 10) : 0;
}

static const CardeaHostToken *
get_token (const CardeaHostListing *listing)
{
  g_assert_cmpuint (listing->tokens->len, ==, 1);
  return listing->tokens->pdata[0];
}

static void
assert_set (HostRig *rig, const CardeaHostListing *listing, CardeaPinAction action, const char *known,
            const char *fresh)
{
  g_autoptr (GError) error = NULL;
  gboolean set = host_rig_set_pin (rig, listing, action, known, fresh, &error);

  g_assert_no_error (error);
  g_assert_true (set);
}

static void
assert_pin (HostRig *rig, const CardeaHostListing *listing, const char *pin)
{
  g_autoptr (GError) error = NULL;

  host_rig_log_in (rig, listing, pin, &error);
  g_assert_no_error (error);
}

static void
assert_refused (HostRig *rig, const CardeaHostListing *listing, CardeaPinAction action, const char *known,
                const char *fresh, const char *state)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (host_rig_set_pin (rig, listing, action, known, fresh, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_cmpstr (get_parameter (error, "pin"), ==, state);
  g_assert_null (get_parameter (error, "secret"));
}

static void
test_change (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  host_rig_open_mock (rig, "", "pin-min=5\npin-max=12", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  g_assert_cmpuint (get_token (listing)->pin_min, ==, 5);
  g_assert_cmpuint (get_token (listing)->pin_max, ==, 12);
  /* Also with somebody logged in, whom the token would take any PIN from. */
  assert_pin (rig, listing, "1234");
  assert_set (rig, listing, CARDEA_PIN_CHANGE, "1234", "secret99");
  g_assert_cmpuint (host_rig_count_log (rig, "C_SetPIN CKR_OK"), ==, 1);
  g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);

  g_assert_false (get_token (after)->logged_in);
  g_assert_false (host_rig_log_in (rig, after, "1234", &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  assert_pin (rig, after, "secret99");
}

/* One wrong PIN is one try: it does not reach C_SetPIN. */
static void
test_refused (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  assert_refused (rig, listing, CARDEA_PIN_CHANGE, "9999", "secret99", "low");
  g_assert_cmpuint (count (rig, ".attempts"), ==, 1);
  assert_refused (rig, listing, CARDEA_PIN_CHANGE, "9998", "secret99", "final_try");
  g_assert_cmpuint (count (rig, ".attempts"), ==, 2);
  assert_refused (rig, listing, CARDEA_PIN_CHANGE, "9997", "secret99", "locked");
  g_assert_cmpuint (count (rig, ".attempts"), ==, 3);
  g_assert_cmpuint (host_rig_count_log (rig, "C_SetPIN"), ==, 0);
}

/* The token is content with the old PIN and not with the new one: no try is lost, and it is told apart. */
static void
test_new_refused (void)
{
  static const struct
  {
    CardeaPinAction action;
    const char *known;
  } cases[] = { { CARDEA_PIN_CHANGE, "1234" }, { CARDEA_PIN_UNBLOCK, "87654321" } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (HostRig) rig = host_rig_new ();
    g_autoptr (GError) error = NULL;

    host_rig_open_mock (rig, "", "", NULL);
    g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

    g_assert_false (host_rig_set_pin (rig, listing, cases[i].action, cases[i].known, "123", &error));
    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
    g_assert_cmpstr (get_parameter (error, "secret"), ==, "new_pin");
    g_assert_cmpuint (count (rig, ".refused"), ==, 0);
    g_assert_cmpuint (count (rig, ".puk-refused"), ==, 0);
    assert_pin (rig, listing, "1234");
  }
}

/* That it has expired is what C_Login says of the right PIN. */
static void
test_expired (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "pin-state=expired", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  g_assert_cmpint (get_token (listing)->pin, ==, CARDEA_PIN_MUST_CHANGE);
  assert_refused (rig, listing, CARDEA_PIN_CHANGE, "9999", "secret99", "unknown");
  assert_set (rig, listing, CARDEA_PIN_CHANGE, "1234", "secret99");
  g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);

  g_assert_cmpint (get_token (after)->pin, ==, CARDEA_PIN_FINE);
  assert_pin (rig, after, "secret99");
}

/* There are sessions that a security officer cannot log in beside. */
static void
test_officer (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  for (guint i = 0; i < 3; i++)
    g_assert_false (host_rig_log_in (rig, listing, "9999", NULL));
  g_autoptr (CardeaHostListing) locked = host_rig_must_list (rig);

  g_assert_cmpint (get_token (locked)->pin, ==, CARDEA_PIN_LOCKED);
  assert_set (rig, locked, CARDEA_PIN_UNBLOCK, "87654321", "secret99");
  g_assert_cmpuint (count (rig, ".puk-attempts"), ==, 1);
  g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);

  g_assert_cmpint (get_token (after)->pin, ==, CARDEA_PIN_FINE);
  assert_pin (rig, after, "secret99");
}

static void
test_officer_refused (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  g_assert_cmpint (get_token (listing)->officer_pin, ==, CARDEA_PIN_FINE);
  assert_refused (rig, listing, CARDEA_PIN_UNBLOCK, "11111111", "secret99", "low");
  assert_refused (rig, listing, CARDEA_PIN_UNBLOCK, "22222222", "secret99", "final_try");
  g_autoptr (CardeaHostListing) low = host_rig_must_list (rig);

  g_assert_cmpint (get_token (low)->officer_pin, ==, CARDEA_PIN_FINAL_TRY);
  assert_refused (rig, listing, CARDEA_PIN_UNBLOCK, "33333333", "secret99", "locked");
  g_assert_cmpuint (count (rig, ".puk-attempts"), ==, 3);
  g_assert_cmpuint (count (rig, ".attempts"), ==, 0);
  g_assert_cmpuint (host_rig_count_log (rig, "C_InitPIN"), ==, 0);
}

static void
test_pad (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  g_assert_false (host_rig_set_pin (rig, listing, CARDEA_PIN_CHANGE, NULL, NULL, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  host_rig_set_mock (rig, "", "pinpad=true");
  g_autoptr (CardeaHostListing) pad = host_rig_must_list (rig);

  assert_set (rig, pad, CARDEA_PIN_CHANGE, NULL, NULL);
  g_assert_cmpuint (host_rig_count_log (rig, "C_SetPIN CKR_OK"), ==, 1);
  assert_set (rig, pad, CARDEA_PIN_UNBLOCK, NULL, NULL);
  g_assert_cmpuint (host_rig_count_log (rig, "C_InitPIN CKR_OK"), ==, 1);
}

/* Whatever a module says once it has the PIN, it gets it no second time. */
static void
test_stays_sent (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  host_rig_open_mock (rig, "C_SetPIN=CKR_DEVICE_ERROR", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  g_assert_false (host_rig_set_pin (rig, listing, CARDEA_PIN_CHANGE, "1234", "secret99", &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpuint (host_rig_count_log (rig, "C_SetPIN"), ==, 1);
  g_assert_cmpuint (host_rig_count_log (rig, "C_Login"), ==, 1);
}

static void
test_swapped (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  host_rig_set_mock (rig, "", "serial=2");
  g_assert_false (host_rig_set_pin (rig, listing, CARDEA_PIN_UNBLOCK, "87654321", "secret99", &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpuint (count (rig, ".puk-attempts"), ==, 0);
}

static void
test_softhsm (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_run (rig, (const char *const[]){ g_getenv ("CARDEA_MAKE_TOKEN"), rig->folder, NULL });
  host_rig_open (rig, "/usr/lib/softhsm/libsofthsm2.so", NULL, CARDEA_HOST_TOKENS, NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  assert_refused (rig, listing, CARDEA_PIN_CHANGE, "9999", "secret99", "low");
  assert_set (rig, listing, CARDEA_PIN_CHANGE, "31415926", "secret99");
  assert_pin (rig, listing, "secret99");
  assert_refused (rig, listing, CARDEA_PIN_UNBLOCK, "9999", "5678", "low");
  assert_set (rig, listing, CARDEA_PIN_UNBLOCK, "31415926", "5678");
  g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);

  assert_pin (rig, after, "5678");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/set-pin-change", test_change);
  g_test_add_func ("/host/set-pin-refused", test_refused);
  g_test_add_func ("/host/set-pin-new-refused", test_new_refused);
  g_test_add_func ("/host/set-pin-expired", test_expired);
  g_test_add_func ("/host/set-pin-officer", test_officer);
  g_test_add_func ("/host/set-pin-officer-refused", test_officer_refused);
  g_test_add_func ("/host/set-pin-pad", test_pad);
  g_test_add_func ("/host/set-pin-stays-sent", test_stays_sent);
  g_test_add_func ("/host/set-pin-swapped", test_swapped);
  g_test_add_func ("/host/set-pin-softhsm", test_softhsm);
  return g_test_run ();
}
