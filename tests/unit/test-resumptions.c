/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of sessions that may be resumed: what never finds each other, how many there are, and when they
 * leave. The clock is the test's. */

#include "agent/broker/resumptions.h"
#include "agent/tls/ticket.h"
#include "socket-api/limits.h"

#define NOW 1000000

static const CardeaResumptionKey KEY = {
  "exe:/usr/bin/browser", "bank.example", 443, "system", "aa11", "host 1"
};

static CardeaResumption *
resumption_new (gint64 begun, gboolean ready)
{
  CardeaResumption *self = g_new0 (CardeaResumption, 1);

  g_atomic_ref_count_init (&self->references);
  self->ticket = cardea_ticket_new ();
  if (ready)
    cardea_ticket_note_received (self->ticket);
  self->chain = g_ptr_array_new ();
  self->authorities = g_ptr_array_new ();
  self->begun = begun;
  return self;
}

/* Returns a reference of the test's. */
static CardeaResumption *
add (CardeaResumptions *table, const CardeaResumptionKey *key, gint64 begun, gint64 now)
{
  CardeaResumption *resumption = resumption_new (begun, TRUE);
  const CardeaResumptionEntry entry = { .key = *key, .resumption = resumption };

  cardea_resumptions_add (table, &entry, now);
  return resumption;
}

static void
add_one (CardeaResumptions *table, const CardeaResumptionKey *key)
{
  cardea_resumption_unref (add (table, key, NOW, NOW));
}

static gboolean
take (CardeaResumptions *table, const CardeaResumptionKey *key, gint64 now)
{
  g_autoptr (CardeaResumption) taken = cardea_resumptions_take (table, key, now);

  return taken != NULL;
}

/* Each is given out once, the newest first, and is none of the table's then. */
static void
test_once (void)
{
  g_autoptr (CardeaResumptions) table = cardea_resumptions_new ();
  g_autoptr (CardeaResumption) older = add (table, &KEY, NOW, NOW);
  g_autoptr (CardeaResumption) newer = add (table, &KEY, NOW, NOW);
  g_autoptr (CardeaResumption) first = NULL;
  g_autoptr (CardeaResumption) second = NULL;

  g_assert_true (cardea_resumptions_look (table, &KEY, NOW) == newer);
  first = cardea_resumptions_take (table, &KEY, NOW);
  second = cardea_resumptions_take (table, &KEY, NOW);
  g_assert_true (first == newer && second == older);
  g_assert_true (cardea_resumption_is_ready (first));
  g_assert_false (take (table, &KEY, NOW));
  g_assert_null (cardea_resumptions_look (table, &KEY, NOW));
  g_assert_cmpuint (cardea_resumptions_get_length (table), ==, 0);
}

/* One that differs in a single part finds nothing, and leaves the other where it is. */
static void
test_apart (void)
{
  CardeaResumptionKey others[6];

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    others[i] = KEY;
  others[0].program = "exe:/usr/bin/other";
  others[1].server_name = "www.bank.example";
  others[2].port = 8443;
  others[3].trust = "program:77";
  others[4].certificate = "bb22";
  others[5].insertion = "host 2";
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autoptr (CardeaResumptions) table = cardea_resumptions_new ();

    add_one (table, &KEY);
    g_assert_false (take (table, &others[i], NOW));
    /* To look asks for no more than the first four. */
    g_assert_cmpint (cardea_resumptions_look (table, &others[i], NOW) != NULL, ==, i >= 4);
    g_assert_true (take (table, &KEY, NOW));
  }
}

/* The server has sent none yet. */
static void
test_not_ready (void)
{
  g_autoptr (CardeaResumptions) table = cardea_resumptions_new ();
  g_autoptr (CardeaResumption) empty = resumption_new (NOW, FALSE);
  g_autoptr (CardeaResumption) taken = NULL;
  const CardeaResumptionEntry entry = { .key = KEY, .resumption = empty };

  add_one (table, &KEY);
  g_assert_true (cardea_resumptions_add (table, &entry, NOW));
  g_assert_true (take (table, &KEY, NOW)); /* the older one */
  g_assert_false (take (table, &KEY, NOW));
  cardea_ticket_note_received (empty->ticket);
  taken = cardea_resumptions_take (table, &KEY, NOW);
  g_assert_true (taken == empty);
}

/* Age counts from the full handshake, also of what is kept only now. */
static void
test_age (void)
{
  g_autoptr (CardeaResumptions) table = cardea_resumptions_new ();
  const gint64 last = NOW + CARDEA_LIMIT_RESUMPTION_SECONDS - 1;
  g_autoptr (CardeaResumption) late = NULL;
  g_autoptr (CardeaResumption) too_late = NULL;
  g_autoptr (CardeaResumption) left = NULL;

  add_one (table, &KEY);
  g_assert_true (take (table, &KEY, last));
  add_one (table, &KEY);
  g_assert_null (cardea_resumptions_look (table, &KEY, last + 1));
  g_assert_false (take (table, &KEY, last + 1));
  late = add (table, &KEY, NOW, last);
  too_late = add (table, &KEY, NOW, last + 1);
  g_assert_true (cardea_resumption_is_ready (late));
  g_assert_false (cardea_resumption_is_ready (too_late));
  g_assert_cmpuint (cardea_resumptions_get_length (table), ==, 2);
  left = add (table, &KEY, NOW + 1, last);
  g_assert_true (cardea_resumptions_expire (table, last + 1));
  g_assert_cmpuint (cardea_resumptions_get_length (table), ==, 1);
  g_assert_false (cardea_resumption_is_ready (late));
  g_assert_true (cardea_resumption_is_ready (left));
  g_assert_false (cardea_resumptions_expire (table, last + 2));
  g_assert_cmpuint (cardea_resumptions_get_length (table), ==, 0);
  g_assert_false (cardea_resumption_is_ready (left));
}

/* One past the limit of those that are alike: the oldest leaves, and its ticket with it. */
static void
test_many_alike (void)
{
  g_autoptr (CardeaResumptions) table = cardea_resumptions_new ();
  CardeaResumptionKey other = KEY;
  g_autoptr (CardeaResumption) apart = NULL;
  g_autoptr (CardeaResumption) oldest = NULL;
  g_autoptr (CardeaResumption) second = NULL;

  other.certificate = "bb22";
  apart = add (table, &other, NOW, NOW);
  oldest = add (table, &KEY, NOW, NOW);
  second = add (table, &KEY, NOW, NOW);
  for (guint i = 2; i < CARDEA_LIMIT_RESUMPTIONS_ALIKE; i++)
    add_one (table, &KEY);
  g_assert_true (cardea_resumption_is_ready (oldest));
  g_assert_cmpuint (cardea_resumptions_get_length (table), ==, CARDEA_LIMIT_RESUMPTIONS_ALIKE + 1);
  add_one (table, &KEY);
  g_assert_cmpuint (cardea_resumptions_get_length (table), ==, CARDEA_LIMIT_RESUMPTIONS_ALIKE + 1);
  g_assert_false (cardea_resumption_is_ready (oldest));
  g_assert_true (cardea_resumption_is_ready (second));
  g_assert_true (cardea_resumption_is_ready (apart));
}

static void
add_for_port (CardeaResumptions *table, guint16 port)
{
  CardeaResumptionKey key = KEY;

  key.port = port;
  add_one (table, &key);
}

static void
test_many (void)
{
  g_autoptr (CardeaResumptions) table = cardea_resumptions_new ();
  g_autoptr (CardeaResumption) oldest = add (table, &KEY, NOW, NOW);

  for (guint i = 1; i < CARDEA_LIMIT_RESUMPTIONS; i++)
    add_for_port (table, (guint16)(1000 + i));
  g_assert_true (cardea_resumption_is_ready (oldest));
  g_assert_cmpuint (cardea_resumptions_get_length (table), ==, CARDEA_LIMIT_RESUMPTIONS);
  add_for_port (table, 1000);
  g_assert_cmpuint (cardea_resumptions_get_length (table), ==, CARDEA_LIMIT_RESUMPTIONS);
  g_assert_false (cardea_resumption_is_ready (oldest));
}

static gboolean
is_decided_by (const CardeaResumptionEntry *entry, gconstpointer id)
{
  return g_strcmp0 (entry->decision, id) == 0;
}

static void
test_drop (void)
{
  g_autoptr (CardeaResumptions) table = cardea_resumptions_new ();
  g_autoptr (CardeaResumption) decided = resumption_new (NOW, TRUE);
  g_autoptr (CardeaResumption) other = NULL;
  const CardeaResumptionEntry entry = { .key = KEY, .decision = (char *)"d1", .resumption = decided };

  cardea_resumptions_add (table, &entry, NOW);
  other = add (table, &KEY, NOW, NOW);
  g_assert_cmpuint (cardea_resumptions_drop (table, is_decided_by, "d2"), ==, 0);
  g_assert_cmpuint (cardea_resumptions_drop (table, is_decided_by, "d1"), ==, 1);
  g_assert_false (cardea_resumption_is_ready (decided));
  g_assert_true (cardea_resumption_is_ready (other));
  g_assert_cmpuint (cardea_resumptions_drop (table, NULL, NULL), ==, 1);
  g_assert_false (cardea_resumption_is_ready (other));
}

/* With the table everything goes, whoever else refers to it. */
static void
test_end (void)
{
  g_autoptr (CardeaResumption) kept = NULL;

  {
    g_autoptr (CardeaResumptions) table = cardea_resumptions_new ();

    kept = add (table, &KEY, NOW, NOW);
  }
  g_assert_false (cardea_resumption_is_ready (kept));
}

static void
test_spoilt (void)
{
  g_autoptr (CardeaResumptions) table = cardea_resumptions_new ();
  const gint64 last = NOW + CARDEA_LIMIT_RESUMPTION_SECONDS - 1;
  CardeaResumptionKey trusted_otherwise = KEY, of_other_program = KEY;

  trusted_otherwise.trust = "program:77";
  of_other_program.program = "exe:/usr/bin/other";
  add_one (table, &KEY);
  add_one (table, &trusted_otherwise);
  add_one (table, &of_other_program);
  cardea_resumptions_spoil (table, &KEY, NOW);
  g_assert_cmpuint (cardea_resumptions_get_length (table), ==, 1);
  g_assert_true (take (table, &of_other_program, NOW));
  cardea_resumption_unref (add (table, &KEY, last, last));
  g_assert_false (take (table, &KEY, last));
  cardea_resumption_unref (add (table, &KEY, last + 1, last + 1));
  g_assert_true (take (table, &KEY, last + 1));
}

/* One past the limit: the first is forgotten, and has its chance again. */
static void
test_many_spoilt (void)
{
  g_autoptr (CardeaResumptions) table = cardea_resumptions_new ();
  CardeaResumptionKey key = KEY;

  for (guint i = 0; i <= CARDEA_LIMIT_RESUMPTIONS_SPOILT; i++) {
    if (i == CARDEA_LIMIT_RESUMPTIONS_SPOILT) {
      add_for_port (table, 1000);
      g_assert_cmpuint (cardea_resumptions_get_length (table), ==, 0);
    }
    key.port = (guint16)(1000 + i);
    cardea_resumptions_spoil (table, &key, NOW);
  }
  add_for_port (table, 1001);
  g_assert_cmpuint (cardea_resumptions_get_length (table), ==, 0);
  add_for_port (table, 1000);
  g_assert_cmpuint (cardea_resumptions_get_length (table), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/resumptions/once", test_once);
  g_test_add_func ("/resumptions/apart", test_apart);
  g_test_add_func ("/resumptions/not-ready", test_not_ready);
  g_test_add_func ("/resumptions/age", test_age);
  g_test_add_func ("/resumptions/many-alike", test_many_alike);
  g_test_add_func ("/resumptions/many", test_many);
  g_test_add_func ("/resumptions/drop", test_drop);
  g_test_add_func ("/resumptions/end", test_end);
  g_test_add_func ("/resumptions/spoilt", test_spoilt);
  g_test_add_func ("/resumptions/many-spoilt", test_many_spoilt);
  return g_test_run ();
}
