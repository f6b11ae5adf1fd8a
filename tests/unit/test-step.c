/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The states of a connection: no way around verifying and choosing, and no way back. */

#include "agent/broker/step.h"

static void
test_names (void)
{
  static const char *const names[] = { "connecting", "verifying", "choosing", "pin",
                                       "signing",    "ready",     "failed" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpstr (cardea_step_to_string (i), ==, names[i]);
}

/* Nobody is asked, and nothing signed, before the server was verified. */
static void
test_order (void)
{
  static const char *const allowed[] = {
    "connecting verifying", "verifying choosing", "verifying ready", "choosing pin", "choosing signing",
    "choosing ready",       "pin signing",        "signing ready",   "signing pin",  NULL,
  };

  for (CardeaStep from = 0; from <= CARDEA_STEP_FAILED; from++) {
    for (CardeaStep to = 0; to < CARDEA_STEP_FAILED; to++) {
      g_autofree char *pair =
          g_strdup_printf ("%s %s", cardea_step_to_string (from), cardea_step_to_string (to));

      g_assert_cmpint (cardea_step_may_follow (from, to), ==, g_strv_contains (allowed, pair));
    }
  }
}

static void
test_failure (void)
{
  for (CardeaStep from = 0; from <= CARDEA_STEP_FAILED; from++)
    g_assert_cmpint (cardea_step_may_follow (from, CARDEA_STEP_FAILED), ==, from < CARDEA_STEP_READY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/step/names", test_names);
  g_test_add_func ("/step/order", test_order);
  g_test_add_func ("/step/failure", test_failure);
  return g_test_run ();
}
