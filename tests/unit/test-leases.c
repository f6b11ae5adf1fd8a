/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long a login lasts, over an unlocker with tokens that count. */

#include "agent/pin/leases.h"
#include "tests/fixtures/loop.h"
#include "tests/unit/unlocker-fixture.h"

typedef struct
{
  UnlockerFixture base;
  CardeaLeases *leases;
  GPtrArray *rules; /* of CardeaLeaseConfig */
  guint n_ended;    /* hosts */
  guint n_changed;
} Fixture;

static void
on_end (CardeaToken *token, gpointer data)
{
  Fixture *f = data;

  g_assert_true (token->host == f->base.host);
  f->n_ended++;
}

static void
on_changed (CardeaLeases *leases, gpointer data)
{
  ((Fixture *)data)->n_changed++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  unlocker_set_up (&f->base, data);
  f->rules = g_ptr_array_new_with_free_func (g_free);
  f->leases = cardea_leases_new (f->base.unlocker, on_end, f);
  g_signal_connect (f->leases, "changed", G_CALLBACK (on_changed), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_unref (f->leases);
  g_ptr_array_unref (f->rules);
  unlocker_tear_down (&f->base, data);
}

static void
add_rule (Fixture *f, const char *token, gboolean screen_lock, guint idle_seconds, guint seconds)
{
  CardeaLeaseConfig *rule = g_new0 (CardeaLeaseConfig, 1);

  rule->token = (char *)token;
  rule->screen_lock = screen_lock;
  rule->idle_seconds = idle_seconds;
  rule->seconds = seconds;
  g_ptr_array_add (f->rules, rule);
  cardea_leases_set_rules (f->leases, f->rules);
}

static gboolean
has_lease (Fixture *f)
{
  CardeaLease lease;

  return cardea_leases_find (f->leases, f->base.token, &lease);
}

/* It begins with the login and has no time limit of its own; the screen's lock ends it. */
static void
test_default (Fixture *f, gconstpointer data)
{
  gint64 before = g_get_real_time () / G_USEC_PER_SEC;
  CardeaLease lease;

  g_assert_false (has_lease (f));
  unlocker_assert_unlocks (&f->base);
  g_assert_true (cardea_leases_find (f->leases, f->base.token, &lease));
  g_assert_cmpint (lease.since, >=, before);
  g_assert_cmpint (lease.since, <=, g_get_real_time () / G_USEC_PER_SEC);
  g_assert_cmpint (lease.due, ==, 0);
  g_assert_true (lease.screen_lock);
  g_assert_cmpuint (f->n_changed, ==, 1);
  g_assert_cmpuint (cardea_leases_end_for_absence (f->leases), ==, 1);
  g_assert_false (has_lease (f));
  g_assert_cmpuint (f->n_ended, ==, 1);
  g_assert_cmpuint (cardea_leases_end_for_absence (f->leases), ==, 0);
  g_assert_cmpuint (f->n_ended, ==, 1);
}

/* A PIN that was refused begins none. */
static void
test_refused (Fixture *f, gconstpointer data)
{
  unlocker_write_pin (&f->base, "9999");
  unlocker_assert_refused (&f->base, "low");
  g_assert_false (has_lease (f));
  g_assert_cmpuint (f->n_changed, ==, 0);
}

/* Only those that are meant; the first rule that matches counts. */
static void
test_rules (Fixture *f, gconstpointer data)
{
  CardeaLease lease;

  add_rule (f, "pkcs11:token=Another", TRUE, 1, 1);
  add_rule (f, f->base.token->uri, FALSE, 0, 3600);
  add_rule (f, f->base.token->uri, TRUE, 0, 1);
  unlocker_assert_unlocks (&f->base);
  g_assert_true (cardea_leases_find (f->leases, f->base.token, &lease));
  g_assert_cmpint (lease.due, ==, lease.since + 3600);
  g_assert_false (lease.screen_lock);
  g_assert_cmpuint (cardea_leases_end_for_absence (f->leases), ==, 0);
  g_assert_cmpuint (cardea_leases_end (f->leases, "pkcs11:token=Another"), ==, 0);
  g_assert_true (has_lease (f));
  g_assert_cmpuint (cardea_leases_end (f->leases, f->base.token->uri), ==, 1);
  g_assert_false (has_lease (f));
  g_assert_cmpuint (f->n_ended, ==, 1);
}

static void
wait_for_end (Fixture *f)
{
  while (f->n_ended == 0)
    g_main_context_iteration (NULL, TRUE);
}

/* A use puts the end off where idleness counts, and does not where the login's age does. */
static void
test_times (Fixture *f, gconstpointer data)
{
  gboolean idle = g_str_equal (data, "idle");
  gint64 start = g_get_monotonic_time ();
  gint64 last_use;

  add_rule (f, f->base.token->uri, FALSE, idle ? 1 : 0, idle ? 0 : 1);
  unlocker_assert_unlocks (&f->base);
  test_loop_pass (600);
  unlocker_assert_unlocks (&f->base);
  g_assert_cmpuint (f->n_ended, ==, 0);
  last_use = g_get_monotonic_time ();
  wait_for_end (f);
  g_assert_false (has_lease (f));
  if (idle)
    g_assert_cmpint (g_get_monotonic_time () - last_use, >=, 999000);
  else
    g_assert_cmpint (g_get_monotonic_time () - start, >=, 999000);
}

/* A rule that comes later counts from the login on: it may be over at once. */
static void
test_rules_change (Fixture *f, gconstpointer data)
{
  CardeaLease lease;

  unlocker_assert_unlocks (&f->base);
  test_loop_pass (1100);
  add_rule (f, f->base.token->uri, FALSE, 0, 1);
  g_assert_true (cardea_leases_find (f->leases, f->base.token, &lease));
  g_assert_cmpint (lease.due, ==, lease.since + 1);
  wait_for_end (f);
  g_assert_false (has_lease (f));
}

/* None may have begun under such a rule: one that is there is over at once. */
static void
test_single_use (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) rules = g_ptr_array_new ();
  CardeaLeaseConfig rule = { .name = (char *)"a", .token = f->base.token->uri, .single_use = TRUE };

  unlocker_assert_unlocks (&f->base);
  g_assert_true (has_lease (f));
  g_ptr_array_add (rules, &rule);
  cardea_leases_set_rules (f->leases, rules);
  wait_for_end (f);
  g_assert_false (has_lease (f));
  g_assert_cmpuint (f->n_ended, ==, 1);
}

/* What is inserted again is another login; the old one is forgotten, and nothing is killed for it. */
static void
test_insertion (Fixture *f, gconstpointer data)
{
  unlocker_assert_unlocks (&f->base);
  cardea_leases_look (f->leases, f->base.fake.tokens);
  g_assert_true (has_lease (f));
  unlocker_insert_again (&f->base, CARDEA_PIN_FINE);
  g_assert_false (has_lease (f));
  cardea_leases_look (f->leases, f->base.fake.tokens);
  g_assert_cmpuint (cardea_leases_end (f->leases, NULL), ==, 0);
  g_assert_cmpuint (f->n_ended, ==, 0);
  unlocker_assert_unlocks (&f->base);
  g_assert_true (has_lease (f));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function, data) g_test_add ("/leases/" name, Fixture, data, set_up, function, tear_down)
  ADD ("default", test_default, NULL);
  ADD ("refused", test_refused, NULL);
  ADD ("rules", test_rules, NULL);
  ADD ("idle", test_times, "idle");
  ADD ("age", test_times, "age");
  ADD ("rules-change", test_rules_change, NULL);
  ADD ("single-use", test_single_use, NULL);
  ADD ("insertion", test_insertion, NULL);
#undef ADD
  return g_test_run ();
}
