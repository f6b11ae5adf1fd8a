/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a stream ended: the names of the contract, and a copy that keeps the counts. */

#include "agent/base/end.h"

/* The contract's own list, in org.cardea.agent.varlink: values are appended, never changed. */
static const char *const contract[] = {
  "clean",     "truncated",    "reset",         "rejected",       "token_removed",
  "forgotten", "disconnected", "agent_stopped", "protocol_error", "not_authenticated",
};

static void
test_names (void)
{
  g_assert_cmpuint (G_N_ELEMENTS (contract), ==, CARDEA_N_ENDS);
  for (guint i = 0; i < CARDEA_N_ENDS; i++)
    g_assert_cmpstr (cardea_end_how_to_string ((CardeaEndHow)i), ==, contract[i]);
}

static void
test_copy (void)
{
  g_autoptr (CardeaEnd) end =
      cardea_end_new (CARDEA_END_REJECTED, "bad_certificate", "%s said no.", "server");
  g_autoptr (CardeaEnd) copy = NULL;

  end->bytes_in = G_MAXUINT64;
  end->bytes_out = 7;
  copy = cardea_end_copy (end);
  g_assert_cmpint (copy->how, ==, CARDEA_END_REJECTED);
  g_assert_cmpstr (copy->alert, ==, "bad_certificate");
  g_assert_cmpstr (copy->message, ==, "server said no.");
  g_assert_true (copy->message != end->message);
  g_assert_cmpuint (copy->bytes_in, ==, G_MAXUINT64);
  g_assert_cmpuint (copy->bytes_out, ==, 7);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/end/names", test_names);
  g_test_add_func ("/end/copy", test_copy);
  return g_test_run ();
}
