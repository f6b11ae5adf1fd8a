/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Quotas at their limits and one past them. */
#include "agent/api/quota.h"

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

static void
assert_busy (CardeaQuota *quota, const char *key, const char *what)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (cardea_quota_take (quota, key, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_BUSY);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "what")), ==,
                   what);
  g_assert_cmpint (json_integer_value (json_object_get (cardea_error_get_parameters (error), "retry_ms")), >,
                   0);
}

static void
test_per_caller (void)
{
  g_autoptr (CardeaQuota) quota = cardea_quota_new (CARDEA_LIMIT_PENDING_PER_CALLER, CARDEA_LIMIT_PENDING);

  for (guint i = 0; i < CARDEA_LIMIT_PENDING_PER_CALLER; i++)
    g_assert_true (cardea_quota_take (quota, "a", NULL));
  assert_busy (quota, "a", "pending_per_program");
  g_assert_true (cardea_quota_take (quota, "b", NULL));
  cardea_quota_give (quota, "a");
  g_assert_true (cardea_quota_take (quota, "a", NULL));
  assert_busy (quota, "a", "pending_per_program");
}

static void
test_in_all (void)
{
  g_autoptr (CardeaQuota) quota = cardea_quota_new (CARDEA_LIMIT_PENDING_PER_CALLER, CARDEA_LIMIT_PENDING);

  for (guint i = 0; i < CARDEA_LIMIT_PENDING; i++) {
    g_autofree char *key = g_strdup_printf ("%u", i % 10);

    g_assert_true (cardea_quota_take (quota, key, NULL));
  }
  g_assert_cmpuint (cardea_quota_count (quota, NULL), ==, CARDEA_LIMIT_PENDING);
  assert_busy (quota, "another", "pending");
  cardea_quota_give (quota, "3");
  g_assert_true (cardea_quota_take (quota, "another", NULL));
}

static void
test_gives_back (void)
{
  g_autoptr (CardeaQuota) quota = cardea_quota_new (2, 3);

  g_assert_true (cardea_quota_take (quota, "a", NULL));
  g_assert_true (cardea_quota_take (quota, "a", NULL));
  cardea_quota_give (quota, "a");
  cardea_quota_give (quota, "a");
  g_assert_cmpuint (cardea_quota_count (quota, "a"), ==, 0);
  g_assert_cmpuint (cardea_quota_count (quota, NULL), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quota/per-caller", test_per_caller);
  g_test_add_func ("/quota/in-all", test_in_all);
  g_test_add_func ("/quota/gives-back", test_gives_back);
  return g_test_run ();
}
