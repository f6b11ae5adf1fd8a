/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* When the file is written: at once, later, again; and who learns of it. */

#include "agent/decisions/decisions-saver.h"

#include <string.h>
#include <sys/stat.h>

#include "tests/unit/state-folder.h"

#define NEVER_MS 3600000
#define SOON_MS 1

typedef struct
{
  StateFolder place;
  CardeaDecisionsSaver *saver;
  const char *text; /* what is to be in the file */
  guint n_made, n_settled;
} Fixture;

static GBytes *
make_text (gpointer owner)
{
  Fixture *f = owner;

  f->n_made++;
  return g_bytes_new (f->text, strlen (f->text));
}

static void
on_settled (gpointer owner)
{
  ((Fixture *)owner)->n_settled++;
}

static const CardeaDecisionsSaverOwner functions = { make_text, on_settled };

static void
set_up (Fixture *f, gconstpointer delay_ms)
{
  state_folder_make (&f->place);
  f->saver = cardea_decisions_saver_new (cardea_decisions_file_new (f->place.folder), &functions, f,
                                         GPOINTER_TO_UINT (delay_ms));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  if (f->saver != NULL) {
    cardea_decisions_saver_close (f->saver);
    g_object_add_weak_pointer (G_OBJECT (f->saver), (gpointer *)&f->saver);
    g_object_unref (f->saver);
    while (f->saver != NULL)
      g_main_context_iteration (NULL, TRUE);
  }
  state_folder_remove (&f->place);
}

static void
on_flushed (GObject *source, GAsyncResult *result, gpointer data)
{
  GAsyncResult **kept = data;

  *kept = g_object_ref (result);
}

/* Runs the main loop until the flush is answered. */
static gboolean
flush (Fixture *f, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  cardea_decisions_saver_flush_async (f->saver, g_task_new (NULL, NULL, on_flushed, &result));
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
assert_written (Fixture *f, const char *text)
{
  state_folder_assert_content (&f->place, "decisions.json", text);
}

static void
wait_settled (Fixture *f, guint n)
{
  while (f->n_settled < n)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_nothing (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (flush (f, &error));
  g_assert_true (cardea_decisions_saver_flush (f->saver, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->n_made, ==, 0);
  g_assert_false (g_file_test (f->place.folder, G_FILE_TEST_EXISTS));
}

/* Nobody has to ask for it. */
static void
test_at_once (Fixture *f, gconstpointer data)
{
  f->text = "one";
  cardea_decisions_saver_change (f->saver);
  wait_settled (f, 1);
  assert_written (f, "one");
  g_assert_null (cardea_decisions_saver_get_error (f->saver));
}

/* What changes during a write is written by one more, however much it is, and is waited for. */
static void
test_during_a_write (Fixture *f, gconstpointer data)
{
  f->text = "one";
  cardea_decisions_saver_change (f->saver);
  f->text = "two";
  for (guint i = 0; i < 100; i++)
    cardea_decisions_saver_change (f->saver);
  g_assert_true (flush (f, NULL));
  assert_written (f, "two");
  g_assert_cmpuint (f->n_made, ==, 2);
}

static void
test_during_a_write_unasked (Fixture *f, gconstpointer data)
{
  f->text = "one";
  cardea_decisions_saver_change (f->saver);
  f->text = "two";
  cardea_decisions_saver_change (f->saver);
  wait_settled (f, 2);
  assert_written (f, "two");
}

/* Its time has not come, but somebody asks. */
static void
test_later_is_flushed (Fixture *f, gconstpointer data)
{
  f->text = "used";
  cardea_decisions_saver_change_later (f->saver);
  g_assert_false (g_main_context_iteration (NULL, FALSE));
  g_assert_cmpuint (f->n_made, ==, 0);
  g_assert_true (flush (f, NULL));
  assert_written (f, "used");
}

static void
test_later_comes (Fixture *f, gconstpointer data)
{
  f->text = "used";
  cardea_decisions_saver_change_later (f->saver);
  cardea_decisions_saver_change_later (f->saver);
  wait_settled (f, 1);
  assert_written (f, "used");
  g_assert_cmpuint (f->n_made, ==, 1);
}

static void
test_blocking_flush (Fixture *f, gconstpointer data)
{
  f->text = "one";
  cardea_decisions_saver_change (f->saver); /* a worker is at it */
  f->text = "two";
  cardea_decisions_saver_change_later (f->saver);
  g_assert_true (cardea_decisions_saver_flush (f->saver, NULL));
  assert_written (f, "two");
  wait_settled (f, 2); /* the worker's end, which changes nothing */
  assert_written (f, "two");
  g_assert_null (cardea_decisions_saver_get_error (f->saver));
  g_assert_true (flush (f, NULL));
  g_assert_cmpuint (f->n_made, ==, 2);
}

static void
make_folder_bad (Fixture *f)
{
  g_assert_cmpint (g_mkdir (f->place.folder, 0700), ==, 0);
  g_assert_cmpint (chmod (f->place.folder, 0755), ==, 0);
}

/* The error is told to each who waits, and stays until a write succeeds. */
static void
test_failure (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  make_folder_bad (f);
  f->text = "one";
  cardea_decisions_saver_change (f->saver);
  g_assert_false (flush (f, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_error (&error);
  g_assert_false (cardea_decisions_saver_flush (f->saver, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (cardea_decisions_saver_get_error (f->saver));
  g_assert_cmpint (chmod (f->place.folder, 0700), ==, 0);
  g_assert_true (flush (f, NULL)); /* without any change since */
  g_assert_null (cardea_decisions_saver_get_error (f->saver));
  assert_written (f, "one");
}

static void
test_tried_again (Fixture *f, gconstpointer data)
{
  make_folder_bad (f);
  f->text = "one";
  cardea_decisions_saver_change (f->saver);
  wait_settled (f, 3);
  g_assert_nonnull (cardea_decisions_saver_get_error (f->saver));
  g_assert_cmpint (chmod (f->place.folder, 0700), ==, 0);
  while (cardea_decisions_saver_get_error (f->saver) != NULL)
    g_main_context_iteration (NULL, TRUE);
  assert_written (f, "one");
}

/* A worker's failure that is told after a later write succeeded is no problem any more. */
static void
test_failure_is_late (Fixture *f, gconstpointer data)
{
  make_folder_bad (f);
  f->text = "one";
  cardea_decisions_saver_change (f->saver);
  while (!g_main_context_pending (NULL)) /* until the worker has failed */
    g_usleep (1000);
  g_assert_cmpint (chmod (f->place.folder, 0700), ==, 0);
  f->text = "two";
  cardea_decisions_saver_change_later (f->saver);
  g_assert_true (cardea_decisions_saver_flush (f->saver, NULL));
  wait_settled (f, 2);
  g_assert_null (cardea_decisions_saver_get_error (f->saver));
  assert_written (f, "two");
}

static void
test_blocked (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  cardea_decisions_saver_block (f->saver,
                                g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "Newer."));
  g_assert_true (flush (f, NULL)); /* nothing to be lost */
  cardea_decisions_saver_change (f->saver);
  cardea_decisions_saver_change_later (f->saver);
  g_assert_false (flush (f, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (cardea_decisions_saver_flush (f->saver, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_cmpuint (f->n_made, ==, 0);
  g_assert_false (g_main_context_pending (NULL));
  g_assert_false (g_file_test (f->place.folder, G_FILE_TEST_EXISTS));
}

/* The owner goes while a worker writes: what it was given is written, and the owner is not called again. */
static void
test_closed_during_a_write (Fixture *f, gconstpointer data)
{
  f->text = "one";
  cardea_decisions_saver_change (f->saver);
  cardea_decisions_saver_change (f->saver);
  cardea_decisions_saver_close (f->saver);
  g_object_add_weak_pointer (G_OBJECT (f->saver), (gpointer *)&f->saver);
  g_object_unref (f->saver);
  while (f->saver != NULL)
    g_main_context_iteration (NULL, TRUE);
  assert_written (f, "one");
  g_assert_cmpuint (f->n_settled, ==, 0);
  g_assert_cmpuint (f->n_made, ==, 1);
}

#define ADD(path, delay_ms, test)                                                                            \
  g_test_add ("/decisions-saver/" path, Fixture, GUINT_TO_POINTER (delay_ms), set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("nothing", NEVER_MS, test_nothing);
  ADD ("at-once", NEVER_MS, test_at_once);
  ADD ("during-a-write", NEVER_MS, test_during_a_write);
  ADD ("during-a-write-unasked", NEVER_MS, test_during_a_write_unasked);
  ADD ("later-is-flushed", NEVER_MS, test_later_is_flushed);
  ADD ("later-comes", SOON_MS, test_later_comes);
  ADD ("blocking-flush", NEVER_MS, test_blocking_flush);
  ADD ("failure", NEVER_MS, test_failure);
  ADD ("tried-again", SOON_MS, test_tried_again);
  ADD ("failure-is-late", NEVER_MS, test_failure_is_late);
  ADD ("blocked", SOON_MS, test_blocked);
  ADD ("closed-during-a-write", NEVER_MS, test_closed_during_a_write);
  return g_test_run ();
}
