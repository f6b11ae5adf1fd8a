/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reasons: names there and back, copies that share nothing. */

#include "agent/base/reason.h"

static void
test_names (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  CardeaReasonCode code = CARDEA_REASON_EXPIRED;

  for (guint i = 0; i < CARDEA_N_REASONS; i++) {
    const char *name = cardea_reason_code_to_string ((CardeaReasonCode)i);

    g_assert_nonnull (name);
    g_assert_true (g_regex_match_simple ("^[a-z][a-z_]+$", name, 0, 0));
    g_assert_true (g_hash_table_add (seen, (gpointer)name));
    g_assert_true (cardea_reason_code_from_string (name, &code));
    g_assert_cmpuint (code, ==, i);
  }
  g_assert_false (cardea_reason_code_from_string ("Expired", &code));
  g_assert_false (cardea_reason_code_from_string ("", &code));
}

static void
test_copy (void)
{
  g_autoptr (GPtrArray) reasons = cardea_reasons_new ();
  g_autoptr (GPtrArray) copies = NULL;
  CardeaReason *copy;

  g_ptr_array_add (reasons, cardea_reason_new (CARDEA_REASON_EXPIRED, "Renew it.", "%s%%n", "100"));
  g_ptr_array_add (reasons, cardea_reason_new (CARDEA_REASON_MODULE_HUNG, NULL, "x"));
  copies = cardea_reasons_copy (reasons);
  g_clear_pointer (&reasons, g_ptr_array_unref);

  g_assert_cmpuint (copies->len, ==, 2);
  copy = g_ptr_array_index (copies, 0);
  g_assert_cmpint (copy->code, ==, CARDEA_REASON_EXPIRED);
  g_assert_cmpstr (copy->message, ==, "100%n");
  g_assert_cmpstr (copy->remedy, ==, "Renew it.");
  copy = g_ptr_array_index (copies, 1);
  g_assert_null (copy->remedy);
}

static void
test_copy_of_nothing (void)
{
  g_autoptr (GPtrArray) copies = cardea_reasons_copy (NULL);

  g_assert_cmpuint (copies->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reason/names", test_names);
  g_test_add_func ("/reason/copy", test_copy);
  g_test_add_func ("/reason/copy-of-nothing", test_copy_of_nothing);
  return g_test_run ();
}
