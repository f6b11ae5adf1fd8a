/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is remembered: for exactly that, as long as was said, and nothing at all where the file is not whole.
 */

#include "agent/decisions/decisions.h"

#include <sys/stat.h>

#include "agent/base/reason.h"
#include "agent/decisions/decisions-text.h"
#include "socket-api/limits.h"
#include "tests/unit/decisions-maker.h"
#include "tests/unit/state-folder.h"

typedef struct
{
  StateFolder place;
  CardeaDecisions *decisions;
  guint n_changed;
} Fixture;

static void
on_changed (CardeaDecisions *decisions, gpointer data)
{
  ((Fixture *)data)->n_changed++;
}

static void
start (Fixture *f)
{
  f->decisions = cardea_decisions_new (f->place.folder);
  g_signal_connect (f->decisions, "changed", G_CALLBACK (on_changed), f);
  cardea_decisions_load (f->decisions);
}

/* The agent ends, with nothing under way. */
static void
stop (Fixture *f)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_signal_handlers_disconnect_by_data (f->decisions, f);
  g_clear_object (&f->decisions);
}

static void
flush (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (cardea_decisions_flush (f->decisions, &error));
  g_assert_no_error (error);
}

static void
start_again (Fixture *f)
{
  flush (f);
  stop (f);
  start (f);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  state_folder_make (&f->place);
  start (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  (void)cardea_decisions_flush (f->decisions, NULL);
  stop (f);
  state_folder_remove (&f->place);
}

static const CardeaRemembered *
find (Fixture *f, guint number)
{
  char server[32];
  CardeaRememberedKey key = make_key (number, server);

  return cardea_decisions_find (f->decisions, &key);
}

static guint
count (Fixture *f)
{
  g_autoptr (GPtrArray) list = cardea_decisions_list (f->decisions);

  return list->len;
}

static void
add (Fixture *f, guint number, gint64 now)
{
  cardea_decisions_add (f->decisions, make_remembered (number, now));
}

static void
assert_problem (Fixture *f, const char *codes)
{
  g_autoptr (GPtrArray) problems = cardea_decisions_get_problems (f->decisions);
  GString *found = g_string_new (NULL);

  for (guint i = 0; i < problems->len; i++) {
    const CardeaReason *reason = g_ptr_array_index (problems, i);

    g_assert_true (g_str_has_suffix (reason->message, "."));
    g_assert_true (g_str_has_suffix (reason->remedy, "."));
    g_string_append_printf (found, "%s%s", i > 0 ? " " : "", cardea_reason_code_to_string (reason->code));
  }
  g_assert_cmpstr (found->str, ==, codes);
  g_string_free (found, TRUE);
}

static void
test_remembered (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) before = NULL, after = NULL;

  g_assert_null (find (f, 1));
  add (f, 1, 1000);
  add (f, 2, 1000);
  g_assert_nonnull (find (f, 1));
  g_assert_null (find (f, 3));
  before = cardea_decisions_list (f->decisions);
  start_again (f);
  after = cardea_decisions_list (f->decisions);
  assert_lists_equal (before, after);
  assert_problem (f, "");
  state_folder_assert_names (&f->place, "decisions.json");
}

static void
test_replaced (Fixture *f, gconstpointer data)
{
  g_autofree char *first = NULL;

  add (f, 1, 1000);
  first = g_strdup (find (f, 1)->id);
  add (f, 1, 1001);
  g_assert_cmpuint (count (f), ==, 1);
  g_assert_cmpstr (find (f, 1)->id, !=, first);
  g_assert_cmpuint (cardea_decisions_forget (f->decisions, first), ==, 0);
}

/* Of the session: first, not on the disk, over with its token. */
static void
test_session (Fixture *f, gconstpointer data)
{
  add (f, 1, 1000);
  cardea_decisions_add (f->decisions, make_remembered_of_token (1, "pkcs11:token=A"));
  cardea_decisions_add (f->decisions, make_remembered_of_token (2, "pkcs11:token=B"));
  g_assert_cmpint (find (f, 1)->until, ==, CARDEA_UNTIL_REMOVAL);
  g_assert_cmpuint (count (f), ==, 3);
  g_assert_cmpuint (cardea_decisions_forget_token (f->decisions, "pkcs11:token=A"), ==, 1);
  g_assert_cmpint (find (f, 1)->until, ==, CARDEA_UNTIL_ALWAYS);
  g_assert_nonnull (find (f, 2));
  start_again (f);
  g_assert_nonnull (find (f, 1));
  g_assert_null (find (f, 2));
  g_assert_cmpuint (count (f), ==, 1);
}

static void
test_session_only (Fixture *f, gconstpointer data)
{
  cardea_decisions_add (f->decisions, make_remembered_of_token (1, "pkcs11:token=A"));
  flush (f);
  g_assert_false (g_file_test (f->place.folder, G_FILE_TEST_EXISTS));
}

/* "Until the token is removed", where no token was named, ends with whichever goes first. */
static void
test_session_of_no_token (Fixture *f, gconstpointer data)
{
  cardea_decisions_add (f->decisions, make_remembered_of_token (1, NULL));
  cardea_decisions_add (f->decisions, make_remembered_of_token (2, "pkcs11:token=A"));
  cardea_decisions_add (f->decisions, make_remembered_of_token (3, "pkcs11:token=A"));
  g_assert_cmpuint (cardea_decisions_forget_token (f->decisions, find (f, 3)->token_uri), ==, 3);
  g_assert_null (find (f, 1));
}

/* The latest word of a person counts. */
static void
test_always_ends_session (Fixture *f, gconstpointer data)
{
  cardea_decisions_add (f->decisions, make_remembered_of_token (1, "pkcs11:token=A"));
  add (f, 1, 1000);
  g_assert_cmpint (find (f, 1)->until, ==, CARDEA_UNTIL_ALWAYS);
  g_assert_cmpuint (count (f), ==, 1);
}

static void
test_used (Fixture *f, gconstpointer data)
{
  guint n_changed;

  add (f, 1, 1000);
  n_changed = f->n_changed;
  cardea_decisions_note_used (f->decisions, find (f, 1)->id, 2000);
  cardea_decisions_note_used (f->decisions, find (f, 1)->id, 3000);
  cardea_decisions_note_used (f->decisions, "00112233445566778899aabbccddeeff", 4000);
  g_assert_cmpuint (f->n_changed, ==, n_changed + 2);
  start_again (f);
  g_assert_cmpint (find (f, 1)->used, ==, 2);
  g_assert_cmpint (find (f, 1)->last_used, ==, 3000);
  g_assert_cmpint (find (f, 1)->made, ==, 1000);
}

static void
test_forget (Fixture *f, gconstpointer data)
{
  g_autofree char *id = NULL;

  add (f, 1, 1000);
  add (f, 2, 1000);
  cardea_decisions_add (f->decisions, make_remembered_of_token (3, "pkcs11:token=A"));
  id = g_strdup (find (f, 1)->id);
  g_assert_cmpuint (cardea_decisions_forget (f->decisions, id), ==, 1);
  g_assert_cmpuint (cardea_decisions_forget (f->decisions, id), ==, 0);
  g_assert_cmpuint (cardea_decisions_forget (f->decisions, find (f, 3)->id), ==, 1);
  start_again (f);
  g_assert_null (find (f, 1));
  g_assert_nonnull (find (f, 2));
}

static void
test_forget_all (Fixture *f, gconstpointer data)
{
  add (f, 1, 1000);
  add (f, 2, 1000);
  cardea_decisions_add (f->decisions, make_remembered_of_token (2, "pkcs11:token=A"));
  g_assert_cmpuint (cardea_decisions_forget_all (f->decisions), ==, 3);
  g_assert_cmpuint (cardea_decisions_forget_all (f->decisions), ==, 0);
  start_again (f);
  g_assert_cmpuint (count (f), ==, 0);
  assert_problem (f, "");
}

static void
test_changed (Fixture *f, gconstpointer data)
{
  add (f, 1, 1000);
  g_assert_cmpuint (f->n_changed, ==, 1);
  cardea_decisions_add (f->decisions, make_remembered_of_token (2, "pkcs11:token=A"));
  g_assert_cmpuint (f->n_changed, ==, 2);
  cardea_decisions_forget_token (f->decisions, "pkcs11:token=B");
  g_assert_cmpuint (f->n_changed, ==, 2);
  cardea_decisions_forget_token (f->decisions, "pkcs11:token=A");
  g_assert_cmpuint (f->n_changed, ==, 3);
}

/* At the limit all are kept. One past it, the one that was not used for longest goes. */
static void
test_limit (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < CARDEA_LIMIT_DECISIONS; i++)
    add (f, i, 1000 + i);
  cardea_decisions_note_used (f->decisions, find (f, 0)->id, 9000);
  start_again (f);
  g_assert_cmpuint (count (f), ==, CARDEA_LIMIT_DECISIONS);
  add (f, CARDEA_LIMIT_DECISIONS, 5000);
  g_assert_cmpuint (count (f), ==, CARDEA_LIMIT_DECISIONS);
  g_assert_null (find (f, 1));
  g_assert_nonnull (find (f, 0));
  g_assert_nonnull (find (f, 2));
  add (f, CARDEA_LIMIT_DECISIONS + 1, 1); /* the clock went back: it is the newest all the same */
  g_assert_nonnull (find (f, CARDEA_LIMIT_DECISIONS + 1));
  g_assert_null (find (f, 2));
  start_again (f);
  g_assert_cmpuint (count (f), ==, CARDEA_LIMIT_DECISIONS);
}

/* Those of the session are as many, and take no room from permanent ones. */
static void
test_limit_of_session (Fixture *f, gconstpointer data)
{
  add (f, 5000, 1);
  for (guint i = 0; i <= CARDEA_LIMIT_DECISIONS; i++)
    cardea_decisions_add (f->decisions, make_remembered_of_token (i, "pkcs11:token=A"));
  g_assert_cmpuint (count (f), ==, CARDEA_LIMIT_DECISIONS + 1);
  g_assert_nonnull (find (f, 5000));
  g_assert_null (find (f, 0));
  g_assert_nonnull (find (f, CARDEA_LIMIT_DECISIONS));
}

/* Keys and names as long as they may be: the file stays within its size, and the newest stay in it. */
static void
test_limit_of_bytes (Fixture *f, gconstpointer data)
{
  g_autofree char *program =
      g_strnfill (CARDEA_LIMIT_PROGRAM_KEY_BYTES, '"'); /* two bytes each in the file */
  struct stat status;

  for (guint i = 0; i < 600; i++) {
    char server[32];
    CardeaRememberedKey key = make_key (i, server);

    key.program = program;
    cardea_decisions_add (f->decisions, cardea_remembered_new (&key, program, NULL, 1000 + i, NULL));
  }
  flush (f);
  g_assert_cmpint (stat (f->place.path, &status), ==, 0);
  g_assert_cmpint (status.st_size, <=, CARDEA_LIMIT_DECISIONS_BYTES);
  g_assert_cmpint (status.st_size, >, CARDEA_LIMIT_DECISIONS_BYTES - 8192);
  start_again (f);
  assert_problem (f, "");
  g_assert_cmpuint (count (f), >, 200);
  g_assert_cmpuint (count (f), <, 600);
}

static void
put_file (Fixture *f, const char *text, gssize length)
{
  (void)g_mkdir (f->place.folder, 0700);
  g_assert_true (g_file_set_contents (f->place.path, text, length, NULL));
}

static char *
make_good_text (gsize *length)
{
  g_autoptr (GPtrArray) list = cardea_remembered_list_new ();
  g_autoptr (GBytes) text = NULL;

  g_ptr_array_add (list, make_remembered (1, 1000));
  g_ptr_array_add (list, make_remembered (2, 1000));
  text = cardea_decisions_text_make (list);
  *length = g_bytes_get_size (text);
  return g_strndup (g_bytes_get_data (text, NULL), *length);
}

/* Nothing is remembered, the file is kept, and what is decided from now on is saved. */
static void
assert_fails_closed (Fixture *f)
{
  stop (f);
  start (f);
  g_assert_cmpuint (count (f), ==, 0);
  assert_problem (f, "decisions_unreadable");
  state_folder_assert_names (&f->place, "decisions.json.bad-1");
  add (f, 7, 1000);
  start_again (f);
  assert_problem (f, "");
  g_assert_cmpuint (count (f), ==, 1);
  g_assert_nonnull (find (f, 7));
  state_folder_assert_names (&f->place, "decisions.json decisions.json.bad-1");
}

static void
test_torn (Fixture *f, gconstpointer data)
{
  gsize length;
  g_autofree char *text = make_good_text (&length);

  put_file (f, text, (gssize)length / 2);
  assert_fails_closed (f);
  text[length / 2] = '\0';
  state_folder_assert_content (&f->place, "decisions.json.bad-1", text);
}

static void
test_empty (Fixture *f, gconstpointer data)
{
  put_file (f, "", 0);
  assert_fails_closed (f);
}

static void
test_bit_flip (Fixture *f, gconstpointer data)
{
  gsize length;
  g_autofree char *text = make_good_text (&length);

  *(strstr (text, ":443") + 1) ^= 1; /* port 543 */
  put_file (f, text, (gssize)length);
  assert_fails_closed (f);
}

static void
test_writable_by_others (Fixture *f, gconstpointer data)
{
  gsize length;
  g_autofree char *text = make_good_text (&length);

  put_file (f, text, (gssize)length);
  g_assert_cmpint (chmod (f->place.path, 0660), ==, 0);
  assert_fails_closed (f);
}

static void
test_link (Fixture *f, gconstpointer data)
{
  g_autofree char *target = g_build_filename (f->place.parent, "target", NULL);
  g_autofree char *found = NULL;
  gsize length;
  g_autofree char *text = make_good_text (&length);

  g_assert_cmpint (g_mkdir (f->place.folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (target, text, (gssize)length, NULL));
  g_assert_cmpint (symlink (target, f->place.path), ==, 0);
  assert_fails_closed (f);
  g_assert_true (g_file_get_contents (target, &found, NULL, NULL));
  g_assert_cmpstr (found, ==, text);
  g_assert_cmpint (unlink (target), ==, 0);
}

/* As many bad files as are kept, and another: it stays where it is, and nothing is written over it. */
static void
test_many_bad (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < CARDEA_LIMIT_DECISIONS_ASIDE; i++) {
    put_file (f, "bad", -1);
    stop (f);
    start (f);
  }
  put_file (f, "the last", -1);
  stop (f);
  start (f);
  assert_problem (f, "decisions_unreadable");
  add (f, 1, 1000);
  g_assert_false (cardea_decisions_flush (f->decisions, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_assert_nonnull (find (f, 1));
  state_folder_assert_content (&f->place, "decisions.json", "the last");
}

static void
on_flushed (GObject *source, GAsyncResult *result, gpointer data)
{
  GError **error = data;

  g_assert_false (cardea_decisions_flush_finish (CARDEA_DECISIONS (source), result, error));
}

/* Not a byte of it is touched, before and after something is decided. */
static void
test_newer (Fixture *f, gconstpointer data)
{
  static const char newer[] = "{\"format\":\"cardea-decisions\",\"version\":2,\"more\":[]}";
  g_autoptr (GError) error = NULL;

  put_file (f, newer, -1);
  stop (f);
  start (f);
  assert_problem (f, "decisions_unreadable");
  add (f, 1, 1000);
  g_assert_nonnull (find (f, 1));
  cardea_decisions_flush_async (f->decisions, NULL, on_flushed, &error);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_nonnull (strstr (error->message, "memory"));
  stop (f);
  state_folder_assert_content (&f->place, "decisions.json", newer);
  state_folder_assert_names (&f->place, "decisions.json");
  start (f);
}

static void
test_bad_folder (Fixture *f, gconstpointer data)
{
  gsize length;
  g_autofree char *text = make_good_text (&length);

  put_file (f, text, (gssize)length);
  g_assert_cmpint (chmod (f->place.folder, 0770), ==, 0);
  stop (f);
  start (f);
  g_assert_cmpuint (count (f), ==, 0);
  assert_problem (f, "decisions_unreadable");
  state_folder_assert_content (&f->place, "decisions.json", text);
}

static void
decide (gpointer data)
{
  Fixture *f = data;
  g_autoptr (GError) error = NULL;

  add (f, 2, 1000);
  cardea_decisions_flush_async (f->decisions, NULL, on_flushed, &error);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_str_has_suffix (error->message, "."));
  g_assert_false (cardea_decisions_flush (f->decisions, NULL));
}

/* The old file stays, what was decided is known as long as the agent runs, and it is said. */
static void
test_full_disk (Fixture *f, gconstpointer data)
{
  g_autofree char *before = NULL;

  add (f, 1, 1000);
  flush (f);
  g_assert_true (g_file_get_contents (f->place.path, &before, NULL, NULL));
  run_with_small_files (100, decide, f);
  g_assert_nonnull (find (f, 1));
  g_assert_nonnull (find (f, 2));
  assert_problem (f, "decisions_not_saved");
  state_folder_assert_content (&f->place, "decisions.json", before);
  state_folder_assert_names (&f->place, "decisions.json");
  start_again (f); /* with room again */
  g_assert_cmpuint (count (f), ==, 2);
}

/* What could not be written is written with the next thing that is. */
static void
test_saved_once_there_is_room (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (g_mkdir (f->place.folder, 0700), ==, 0);
  g_assert_cmpint (chmod (f->place.folder, 0755), ==, 0);
  add (f, 1, 1000);
  g_assert_false (cardea_decisions_flush (f->decisions, NULL));
  assert_problem (f, "decisions_not_saved");
  g_assert_cmpint (chmod (f->place.folder, 0700), ==, 0);
  add (f, 2, 1000);
  start_again (f);
  assert_problem (f, "");
  g_assert_cmpuint (count (f), ==, 2);
}

/* Another agent decided something: both are remembered by somebody, and neither file is lost. */
static void
test_another_agent (Fixture *f, gconstpointer data)
{
  gsize length;
  g_autofree char *text = make_good_text (&length);

  add (f, 7, 1000);
  flush (f);
  put_file (f, text, (gssize)length);
  add (f, 8, 1000);
  g_assert_false (cardea_decisions_flush (f->decisions, NULL));
  g_assert_nonnull (find (f, 8));
  assert_problem (f, "decisions_not_saved");
  state_folder_assert_content (&f->place, "decisions.json", text);
}

#define ADD(path, test) g_test_add ("/decisions/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("remembered", test_remembered);
  ADD ("replaced", test_replaced);
  ADD ("session", test_session);
  ADD ("session-only", test_session_only);
  ADD ("session-of-no-token", test_session_of_no_token);
  ADD ("always-ends-session", test_always_ends_session);
  ADD ("used", test_used);
  ADD ("forget", test_forget);
  ADD ("forget-all", test_forget_all);
  ADD ("changed", test_changed);
  ADD ("limit", test_limit);
  ADD ("limit-of-session", test_limit_of_session);
  ADD ("limit-of-bytes", test_limit_of_bytes);
  ADD ("torn", test_torn);
  ADD ("empty", test_empty);
  ADD ("bit-flip", test_bit_flip);
  ADD ("writable-by-others", test_writable_by_others);
  ADD ("link", test_link);
  ADD ("many-bad", test_many_bad);
  ADD ("newer", test_newer);
  ADD ("bad-folder", test_bad_folder);
  ADD ("full-disk", test_full_disk);
  ADD ("saved-once-there-is-room", test_saved_once_there_is_room);
  ADD ("another-agent", test_another_agent);
  return g_test_run ();
}
