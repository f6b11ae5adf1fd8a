/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What keeps a PIN from the wrong token, and from one whose tries are nearly used up, when both became so
 * after the token was listed. The module's log tells whether it was sent. */

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

  rig->careful = TRUE;
  g_assert_true (g_file_set_contents (refused, "1\n", -1, NULL));
  assert_not_sent (rig, listing, "1234", "low");
  g_assert_true (g_file_set_contents (refused, "2\n", -1, NULL));
  assert_not_sent (rig, listing, "1234", "final_try");
  host_rig_set_mock (rig, "", "pin-state=must-change");
  assert_not_sent (rig, listing, "1234", "must_change");
  host_rig_set_mock (rig, "", "");
  rig->careful = FALSE; /* a person decided */
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/login-careful", test_careful);
  g_test_add_func ("/host/login-swapped", test_swapped);
  g_test_add_func ("/host/login-swapped-before-list", test_swapped_before_list);
  g_test_add_func ("/host/login-pinpad-gone", test_pinpad_gone);
  return g_test_run ();
}
