/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole agent and programs that ask for far more than a person can answer: each program has its turn, the
 * rest is told to come again, nobody else waits for that, and nothing is left of it. */

#include "tests/fixtures/asks.h"

#include <glib/gstdio.h>
#include <string.h>

#define ALL 200
#define PROGRAMS 20
#define ROUNDS 3
#define LISTING_US (10 * G_USEC_PER_SEC)
#define DESCRIPTOR_SLACK 4 /* NSS and GLib open a few when they first need them */
#define GROWTH_KIB 4096    /* the sessions of the last minute, and an allocator's worst moment */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_IS_TELLING FALSE /* freed memory is held back on purpose */
#else
#define MEMORY_IS_TELLING TRUE
#endif

/* The first question is answered when the file "go" is there, all that follow at once. */
#define SCRIPT "shown;wait go;cancel\nshown;cancel"

/* What it logs goes to NAME.log. */
static GSubprocess *
start (CardeaAsks *asks, const char *name, guint at_once, guint all)
{
  g_autofree char *program = cardea_asks_make_program (asks, name);
  g_autofree char *port = g_strdup_printf ("%u", asks->port);
  g_autofree char *calls = g_strdup_printf ("%u", at_once);
  g_autofree char *limit = g_strdup_printf ("%u", all);

  return cardea_lab_spawn (
      asks->lab, name,
      (const char *[]){ program, cardea_lab_get_socket (asks->lab), port, calls, limit, NULL });
}

static guint
count_lines (CardeaAsks *asks, const char *name, const char *begin)
{
  g_autofree char *log = cardea_lab_read_log (asks->lab, name);
  g_auto (GStrv) lines = g_strsplit (log, "\n", 0);
  guint n = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    n += g_str_has_prefix (lines[i], begin);
  return n;
}

/* Programs that begin at the same time. */
typedef struct
{
  CardeaAsks *asks;
  const char *const *names;
  guint n_busy; /* that are awaited */
} Crowd;

static guint
count_of_all (const Crowd *crowd, const char *begin)
{
  guint n = 0;

  for (guint i = 0; crowd->names[i] != NULL; i++)
    n += count_lines (crowd->asks, crowd->names[i], begin);
  return n;
}

static gboolean
is_settled (gpointer data)
{
  const Crowd *crowd = data;

  return count_of_all (crowd, "busy") >= crowd->n_busy;
}

static char *
label_of (CardeaAsks *asks, guint n)
{
  g_autoptr (CardeaPromptQuestion) question = cardea_asks_get_question (asks, n);

  return g_path_get_basename (question->program.label);
}

static void
assert_listing_answers (CardeaAsks *asks)
{
  gint64 began = g_get_monotonic_time ();

  g_assert_cmpint (cardea_lab_cardea (asks->lab, (const char *[]){ "tokens", NULL }, NULL, NULL, NULL), ==,
                   0);
  g_assert_cmpint (g_get_monotonic_time () - began, <, LISTING_US);
}

/* Takes @name. */
static void
remove_file (CardeaAsks *asks, char *name)
{
  g_autofree char *own = name;
  g_autofree char *path = cardea_lab_path (asks->lab, own);

  g_assert_cmpint (g_remove (path), ==, 0);
}

/* The next round begins anew. */
static void
forget_round (const Crowd *crowd)
{
  guint n = cardea_asks_count (crowd->asks);

  for (guint i = 1; i <= n; i++)
    remove_file (crowd->asks, g_strdup_printf ("question-%u", i));
  for (guint i = 0; crowd->names[i] != NULL; i++)
    remove_file (crowd->asks, g_strconcat (crowd->names[i], ".log", NULL));
  remove_file (crowd->asks, g_strdup ("go"));
}

/* All ask, the first one is shown; when all but @n_asked were told to come again, one after the other is
 * answered.
 */
static void
ask_all (Crowd *crowd, guint each, guint n_asked)
{
  g_autoptr (GPtrArray) programs = g_ptr_array_new ();

  for (guint i = 0; crowd->names[i] != NULL; i++)
    g_ptr_array_add (programs, start (crowd->asks, crowd->names[i], each, each));
  crowd->n_busy = programs->len * each - n_asked;
  g_assert_true (cardea_lab_wait_until (is_settled, crowd));
  assert_listing_answers (crowd->asks);
  g_assert_cmpuint (cardea_asks_count (crowd->asks), ==, 1);
  cardea_lab_write (crowd->asks->lab, "go", "");
  for (guint i = 0; i < programs->len; i++)
    g_assert_true (g_subprocess_wait_check (programs->pdata[i], NULL, NULL));
  g_assert_cmpuint (count_of_all (crowd, "busy"), ==, crowd->n_busy);
  g_assert_cmpuint (count_of_all (crowd, "cancelled"), ==, n_asked);
  g_assert_cmpuint (cardea_asks_count (crowd->asks), ==, n_asked);
}

typedef struct
{
  CardeaAsks *asks;
  guint fds, children;
} Base;

static Base
look (CardeaAsks *asks)
{
  return (Base){ asks, cardea_lab_count_fds (asks->agent), cardea_lab_count_children (asks->agent) };
}

/* Each token host has told what it has. */
static Base
look_when_settled (CardeaAsks *asks)
{
  assert_listing_answers (asks);
  return look (asks);
}

static gboolean
is_as_before (gpointer data)
{
  const Base *before = data;
  Base now = look (before->asks);

  return now.children == before->children && now.fds <= before->fds + DESCRIPTOR_SLACK;
}

static void
assert_nothing_left (Base *before)
{
  if (!cardea_lab_wait_until (is_as_before, before)) {
    Base now = look (before->asks);

    g_error ("There were %u descriptors and %u children, and now there are %u and %u.", before->fds,
             before->children, now.fds, now.children);
  }
}

static guint
read_resident_kib (CardeaAsks *asks)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/status", g_subprocess_get_identifier (asks->agent));
  g_autofree char *text = NULL;
  const char *at;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  at = strstr (text, "VmRSS:");
  g_assert_nonnull (at);
  return (guint)g_ascii_strtoull (at + strlen ("VmRSS:"), NULL, 10);
}

static void
assert_no_overlap (CardeaAsks *asks)
{
  g_autofree char *log = cardea_asks_read_log (asks);

  g_assert_null (strstr (log, "overlap"));
}

static void
test_one_program (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new (SCRIPT);
  Crowd crowd = { .asks = asks, .names = (const char *[]){ "asker", NULL } };
  Base before = look_when_settled (asks);

  ask_all (&crowd, ALL, 1 + CARDEA_LIMIT_QUESTIONS_PER_CALLER);
  g_assert_cmpuint (count_lines (asks, "asker", "busy questions"), >, 0);
  assert_nothing_left (&before);
  assert_no_overlap (asks);
}

/* Each is shown one question before any is shown its second, but for the one that was there first. */
static void
assert_turns (CardeaAsks *asks)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint n = 1; n <= PROGRAMS + 1; n++)
    g_hash_table_add (seen, label_of (asks, n));
  g_assert_cmpuint (g_hash_table_size (seen), ==, PROGRAMS);
}

static void
test_twenty_programs (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new (SCRIPT);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) names = NULL;
  Crowd crowd = { .asks = asks };
  Base before = look_when_settled (asks);
  guint kib = 0;

  for (guint i = 0; i < PROGRAMS; i++) {
    g_autofree char *name = g_strdup_printf ("asker-%u", i);

    g_strv_builder_add (builder, name);
  }
  names = g_strv_builder_end (builder);
  crowd.names = (const char *const *)names;
  for (guint round = 0; round < ROUNDS; round++) {
    ask_all (&crowd, ALL / PROGRAMS, 1 + CARDEA_LIMIT_QUESTIONS_WAITING);
    assert_turns (asks);
    forget_round (&crowd);
    assert_nothing_left (&before);
    if (round == 0)
      kib = read_resident_kib (asks);
  }
  if (MEMORY_IS_TELLING)
    g_assert_cmpuint (read_resident_kib (asks), <=, kib + GROWTH_KIB);
  assert_no_overlap (asks);
}

/* It asks anew as soon as it was told anything; the question of another program is the next one. */
static void
test_flood (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new (SCRIPT);
  Crowd crowd = { .asks = asks, .names = (const char *[]){ "flood", NULL }, .n_busy = ALL };
  GSubprocess *flood = start (asks, "flood", ALL, 100 * ALL);
  GSubprocess *other;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_assert_true (cardea_lab_wait_until (is_settled, &crowd));
  first = label_of (asks, 1);
  g_assert_cmpstr (first, ==, "flood");
  other = start (asks, "other", 1, 1);
  cardea_lab_wait_for_log (asks->lab, "other", "asked");
  assert_listing_answers (asks);
  cardea_lab_write (asks->lab, "go", "");
  g_assert_true (g_subprocess_wait_check (other, NULL, NULL));
  g_assert_cmpuint (count_lines (asks, "other", "cancelled"), ==, 1);
  second = label_of (asks, 2);
  g_assert_cmpstr (second, ==, "other");
  g_subprocess_force_exit (flood);
  g_assert_true (g_subprocess_wait (flood, NULL, NULL));
  assert_no_overlap (asks);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-turns/one-program", test_one_program);
  g_test_add_func ("/agent-turns/twenty-programs", test_twenty_programs);
  g_test_add_func ("/agent-turns/flood", test_flood);
  return g_test_run ();
}
