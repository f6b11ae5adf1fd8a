/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Cards that come, go and are swapped under the catalogue: which processes there are, what they list, what is
 * told. The readers are the test's; the module is the mock, in real token hosts, under the name of one that
 * is kept to one reader. */

#include <unistd.h>

#include "agent/tokens/catalogue.h"
#include "agent/tokens/event.h"
#include "socket-api/limits.h"
#include "tests/fixtures/credentials/credentials.h"
#include "tests/fixtures/host-environment.h"
#include "tests/fixtures/loop.h"
#include "tests/fixtures/log-lines.h"

#define PATIENCE_S 30
#define A "Reader A"
#define B "Reader B"
#define TOKEN_A "[token a]\nlabel=Card A\nreader=" A "\n"
#define TOKEN_B "[token b]\nlabel=Card B\nreader=" B "\n"

typedef struct
{
  char *folder;
  char *control;
  GPtrArray *readers; /* of CardeaReader: those that set_readers() is told of */
  CardeaCatalogue *catalogue;
  GString *events;
  guint n_looks;
  guint watchdog;
} Fixture;

static void
set_control (Fixture *self, const char *text)
{
  g_autofree char *whole =
      g_strdup_printf ("[module]\nlog=%s/log\nstate=%s\n%s", self->folder, self->folder, text);

  g_assert_true (g_file_set_contents (self->control, whole, -1, NULL));
}

static void
on_token_event (CardeaCatalogue *catalogue, const CardeaTokenEvent *event, gpointer data)
{
  Fixture *self = data;

  g_string_append_printf (self->events, "%s %s;", cardea_token_event_kind_to_string (event->kind),
                          event->token->info->label);
}

static void
on_look (CardeaCatalogue *catalogue, gpointer data)
{
  ((Fixture *)data)->n_looks++;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->watchdog = test_loop_guard (PATIENCE_S);
  self->folder = g_dir_make_tmp ("cardea-readers-XXXXXX", NULL);
  self->control = g_build_filename (self->folder, "control", NULL);
  self->readers = cardea_reader_array_new ();
  self->events = g_string_new (NULL);
  set_control (self, TOKEN_A TOKEN_B);
}

/* @name: of the module's file, by which it is known whether it can be kept to one reader. */
static void
start (Fixture *self, const char *name)
{
  g_autofree char *module = g_build_filename (self->folder, name, NULL);
  g_autofree char *control = g_strconcat ("CARDEA_MOCK_CONTROL=", self->control, NULL);
  g_auto (GStrv) environment = test_host_environment (
      (const char *const[]){ control, "PATH=/usr/bin:/bin", "LD_PRELOAD=libpcsclite.so.1", NULL });
  g_autoptr (GPtrArray) hosts = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (CardeaHostSpec) spec = NULL;

  g_assert_cmpint (symlink (g_getenv ("CARDEA_MOCK_MODULE"), module), ==, 0);
  spec = cardea_host_spec_new ("cards", module, NULL, CARDEA_HOST_TOKENS);
  g_ptr_array_add (hosts,
                   cardea_host_new (spec, g_getenv ("CARDEA_TOKEN_HOST"), (const char *const *)environment));
  self->catalogue = cardea_catalogue_new (hosts);
  g_signal_connect (self->catalogue, "token-event", G_CALLBACK (on_token_event), self);
  g_signal_connect (self->catalogue, "look", G_CALLBACK (on_look), self);
}

static void
start_confined (Fixture *self)
{
  start (self, "opensc-pkcs11.so");
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) none = g_ptr_array_new ();

  cardea_catalogue_set_hosts (self->catalogue, none);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_finalize_object (self->catalogue);
  g_ptr_array_unref (self->readers);
  g_string_free (self->events, TRUE);
  g_source_remove (self->watchdog);
  test_remove_folder (self->folder);
  g_free (self->folder);
  g_free (self->control);
}

static void
put (Fixture *self, const char *name, guint16 counter, CardeaReaderState state)
{
  static const guint8 atr[] = { 0x3b, 0x80 };

  g_ptr_array_add (self->readers,
                   cardea_reader_new (cardea_insertion_new (name, 1, counter, atr, sizeof atr), state));
}

/* What was put since. */
static void
tell (Fixture *self)
{
  g_autoptr (CardeaReaders) readers =
      cardea_readers_new (CARDEA_READER_SERVICE_READY, g_steal_pointer (&self->readers));

  self->readers = cardea_reader_array_new ();
  cardea_catalogue_set_readers (self->catalogue, readers);
}

static void
tell_one (Fixture *self, guint16 counter, CardeaReaderState state)
{
  put (self, A, counter, state);
  tell (self);
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_assert_true (cardea_catalogue_settle_finish (CARDEA_CATALOGUE (source), result, NULL));
  *(gboolean *)data = TRUE;
}

static void
settle (Fixture *self)
{
  gboolean done = FALSE;

  cardea_catalogue_settle_async (self->catalogue, NULL, on_settled, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

static CardeaToken *
get_token (Fixture *self, const char *label)
{
  g_autoptr (GPtrArray) tokens = cardea_catalogue_get_tokens (self->catalogue);

  for (guint i = 0; i < tokens->len; i++)
    if (g_str_equal (((CardeaToken *)tokens->pdata[i])->info->label, label))
      return cardea_token_ref (tokens->pdata[i]);
  return NULL;
}

static CardeaToken *
await_token (Fixture *self, const char *label)
{
  CardeaToken *token;

  while ((token = get_token (self, label)) == NULL)
    g_main_context_iteration (NULL, TRUE);
  return token;
}

static void
assert_problems (Fixture *self, CardeaReasonCode code)
{
  g_autoptr (GPtrArray) problems = cardea_catalogue_get_problems (self->catalogue);
  const CardeaReason *problem;

  g_assert_cmpuint (problems->len, ==, 1);
  problem = problems->pdata[0];
  g_assert_cmpstr (cardea_reason_code_to_string (problem->code), ==, cardea_reason_code_to_string (code));
  g_assert_nonnull (problem->remedy);
}

static void
assert_no_problem (Fixture *self)
{
  g_autoptr (GPtrArray) problems = cardea_catalogue_get_problems (self->catalogue);

  g_assert_cmpuint (problems->len, ==, 0);
}

/* Without a card nothing runs. */
static void
test_empty (Fixture *self, gconstpointer data)
{
  start_confined (self);
  g_assert_true (cardea_catalogue_wants_readers (self->catalogue));
  tell_one (self, 0, CARDEA_READER_EMPTY);
  settle (self);
  test_loop_pass (100);
  g_assert_cmpuint (test_log_count (self->folder, "C_"), ==, 0);
  assert_no_problem (self);
}

static void
test_insertion (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaToken) token = NULL;
  g_autoptr (GPtrArray) tokens = NULL;

  start_confined (self);
  tell_one (self, 0, CARDEA_READER_EMPTY);
  tell_one (self, 1, CARDEA_READER_CARD);
  settle (self);
  token = get_token (self, "Card A");
  g_assert_cmpstr (token->module, ==, "cards");
  g_assert_cmpstr (token->insertion->reader, ==, A);
  tokens = cardea_catalogue_get_tokens (self->catalogue);
  g_assert_cmpuint (tokens->len, ==, 1); /* the other is in a reader that its process does not see */
  g_assert_cmpstr (self->events->str, ==, "arrived Card A;");
  assert_no_problem (self);
}

/* Told at once: nobody lists anything for it. */
static void
test_removal (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaToken) token = NULL;

  start_confined (self);
  tell_one (self, 1, CARDEA_READER_CARD);
  token = await_token (self, "Card A");
  g_assert_cmpint (cardea_host_get_pid (token->host), !=, 0);
  tell_one (self, 2, CARDEA_READER_EMPTY);
  g_assert_cmpstr (self->events->str, ==, "arrived Card A;left Card A;");
  g_assert_null (get_token (self, "Card A"));
  g_assert_cmpint (cardea_host_get_pid (token->host), ==, 0);
  settle (self);
  test_loop_pass (100);
  g_assert_cmpuint (test_log_count (self->folder, "C_Initialize"), ==, 1);
}

static void
on_login_refused (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (cardea_host_login_finish (CARDEA_HOST (source), result, &error));
  *(gboolean *)data = TRUE;
}

/* The removal was too short to be seen, and the cards look alike: it is another insertion all the same, and
 * nothing that was meant for the first reaches the second. */
static void
test_swap (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaSecret) pin = cardea_secret_new ("1234", 4, NULL);
  g_autoptr (CardeaToken) first = NULL, second = NULL;
  gboolean done = FALSE;

  start_confined (self);
  tell_one (self, 1, CARDEA_READER_CARD);
  first = await_token (self, "Card A");
  tell_one (self, 3, CARDEA_READER_CARD);
  g_assert_null (get_token (self, "Card A"));
  cardea_host_login_async (first->host, first->generation, first->info->slot, pin, FALSE, NULL,
                           on_login_refused, &done);
  settle (self);
  second = get_token (self, "Card A");
  g_assert_cmpstr (first->uri, ==, second->uri);
  g_assert_false (cardea_insertion_equal (first->insertion, second->insertion));
  g_assert_cmpstr (self->events->str, ==, "arrived Card A;left Card A;arrived Card A;");
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (test_log_count (self->folder, "C_Login"), ==, 0);
}

/* While the first is still being read. */
static void
test_swap_while_reading (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaToken) token = NULL;

  set_control (self, "[behaviour]\nC_OpenSession=delay:300\n" TOKEN_A);
  start_confined (self);
  tell_one (self, 1, CARDEA_READER_CARD);
  while (test_log_count (self->folder, "C_GetTokenInfo") == 0)
    g_main_context_iteration (NULL, FALSE);
  set_control (self, "[token b]\nlabel=Card B\nreader=" A "\n");
  tell_one (self, 3, CARDEA_READER_CARD);
  token = await_token (self, "Card B");
  settle (self);
  g_assert_cmpstr (self->events->str, ==, "arrived Card B;");
}

/* Twenty insertions a second: few processes, and the last card is listed. */
static void
test_storm (Fixture *self, gconstpointer data)
{
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (CardeaToken) token = NULL;
  guint most;

  start_confined (self);
  for (guint16 i = 1; i <= 40; i++) {
    tell_one (self, i, i % 2 == 0 ? CARDEA_READER_EMPTY : CARDEA_READER_CARD);
    test_loop_pass (50);
  }
  tell_one (self, 41, CARDEA_READER_CARD);
  settle (self);
  token = get_token (self, "Card A");
  g_assert_cmpuint (token->insertion->counter, ==, 41);
  most = (guint)((g_get_monotonic_time () - begin) / 1000 / CARDEA_LIMIT_RENEWAL_MS) + 2;
  g_assert_cmpuint (test_log_count (self->folder, "C_Initialize"), <=, most);
}

static void
test_two_readers (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaToken) a = NULL, b = NULL;

  start_confined (self);
  put (self, A, 1, CARDEA_READER_CARD);
  put (self, B, 1, CARDEA_READER_CARD);
  tell (self);
  settle (self);
  a = get_token (self, "Card A");
  b = get_token (self, "Card B");
  g_assert_true (a->host != b->host);
  put (self, A, 2, CARDEA_READER_EMPTY);
  put (self, B, 1, CARDEA_READER_CARD);
  tell (self);
  g_assert_cmpint (cardea_host_get_pid (a->host), ==, 0);
  g_assert_cmpint (cardea_host_get_pid (b->host), !=, 0);
  settle (self);
  g_assert_cmpuint (test_log_count (self->folder, "C_Initialize"), ==, 2); /* the other was left alone */
}

/* A card that takes its time is there to be seen. */
static void
test_reading (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) reading = NULL;
  g_autoptr (CardeaToken) token = NULL;
  const CardeaToken *seen;
  gboolean done = FALSE;
  gint64 begin = g_get_monotonic_time ();

  set_control (self, "[behaviour]\nC_GetTokenInfo=delay:4000\n" TOKEN_A);
  start_confined (self);
  tell_one (self, 1, CARDEA_READER_CARD);
  cardea_catalogue_settle_briefly_async (self->catalogue, NULL, on_settled, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 3500 * G_TIME_SPAN_MILLISECOND);
  reading = cardea_catalogue_get_reading (self->catalogue);
  g_assert_cmpuint (reading->len, ==, 1);
  seen = reading->pdata[0];
  g_assert_cmpstr (cardea_token_state_to_string (seen->state), ==, "reading");
  g_assert_cmpstr (seen->info->reader, ==, A);
  g_assert_cmpstr (seen->uri, ==, "pkcs11:slot-description=Reader%20A");
  g_assert_null (get_token (self, "Card A"));
  assert_no_problem (self);
  token = await_token (self, "Card A");
  g_ptr_array_unref (g_steal_pointer (&reading));
  reading = cardea_catalogue_get_reading (self->catalogue);
  g_assert_cmpuint (reading->len, ==, 0);
}

static void
check_unusable (Fixture *self, CardeaReaderState state, CardeaReasonCode code)
{
  g_autoptr (CardeaToken) token = NULL;

  start_confined (self);
  tell_one (self, 1, state);
  settle (self);
  test_loop_pass (100);
  assert_problems (self, code);
  g_assert_cmpuint (test_log_count (self->folder, "C_"), ==, 0);
  tell_one (self, 1, CARDEA_READER_CARD);
  token = await_token (self, "Card A");
  assert_no_problem (self);
}

static void
test_mute (Fixture *self, gconstpointer data)
{
  check_unusable (self, CARDEA_READER_MUTE, CARDEA_REASON_CARD_MUTE);
}

static void
test_exclusive (Fixture *self, gconstpointer data)
{
  check_unusable (self, CARDEA_READER_EXCLUSIVE, CARDEA_REASON_READER_IN_USE);
}

/* It may be this very module that keeps the card: nothing ends for it. */
static void
test_exclusive_later (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaToken) token = NULL;

  start_confined (self);
  tell_one (self, 1, CARDEA_READER_CARD);
  token = await_token (self, "Card A");
  tell_one (self, 1, CARDEA_READER_EXCLUSIVE);
  settle (self);
  g_assert_cmpint (cardea_host_get_pid (token->host), !=, 0);
  assert_no_problem (self);
}

static void
test_unknown (Fixture *self, gconstpointer data)
{
  set_control (self, "");
  start_confined (self);
  tell_one (self, 1, CARDEA_READER_CARD);
  settle (self);
  assert_problems (self, CARDEA_REASON_CARD_UNKNOWN);
  g_assert_cmpuint (self->n_looks, >, 0); /* perhaps another program has it */
}

static void
test_service (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaReaders) refused = cardea_readers_new (CARDEA_READER_SERVICE_REFUSED, NULL);
  g_autoptr (CardeaReaders) absent = cardea_readers_new (CARDEA_READER_SERVICE_ABSENT, NULL);
  g_autoptr (CardeaToken) token = NULL;

  start_confined (self);
  tell_one (self, 1, CARDEA_READER_CARD);
  token = await_token (self, "Card A");
  cardea_catalogue_set_readers (self->catalogue, absent);
  g_assert_cmpint (cardea_host_get_pid (token->host), ==, 0);
  g_assert_cmpstr (self->events->str, ==, "arrived Card A;left Card A;");
  settle (self);
  assert_problems (self, CARDEA_REASON_READER_SERVICE_DOWN);
  g_assert_cmpuint (self->n_looks, ==, 0);
  cardea_catalogue_set_readers (self->catalogue, refused);
  settle (self);
  assert_problems (self, CARDEA_REASON_READER_SERVICE_REFUSED);
  g_assert_cmpuint (self->n_looks, ==, 1); /* who waits makes it try again */
}

/* A module that cannot be kept to one reader: one process, which ends with any change, and is said to be one.
 */
static void
test_shared (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaToken) a = NULL, b = NULL;

  start (self, "vendor.so");
  settle (self);
  g_assert_true (cardea_catalogue_wants_readers (self->catalogue));
  put (self, A, 1, CARDEA_READER_CARD);
  put (self, B, 1, CARDEA_READER_CARD);
  tell (self);
  settle (self);
  a = get_token (self, "Card A");
  b = get_token (self, "Card B");
  g_assert_true (a->host == b->host);
  g_assert_cmpstr (a->insertion->reader, ==, A);
  g_assert_cmpstr (b->insertion->reader, ==, B);
  assert_problems (self, CARDEA_REASON_READERS_SHARED);

  g_string_truncate (self->events, 0);
  put (self, A, 1, CARDEA_READER_CARD);
  put (self, B, 3, CARDEA_READER_CARD);
  tell (self);
  g_assert_null (get_token (self, "Card B"));
  settle (self);
  g_assert_cmpstr (self->events->str, ==, "left Card B;arrived Card B;");
  g_assert_cmpuint (test_log_count (self->folder, "C_Initialize"), ==, 3);

  put (self, A, 1, CARDEA_READER_CARD);
  put (self, B, 3, CARDEA_READER_CARD);
  tell (self);
  settle (self);
  test_loop_pass (100);
  g_assert_cmpuint (test_log_count (self->folder, "C_Initialize"), ==, 3); /* nothing changed */
}

#define ADD(path, function)                                                                                  \
  g_test_add ("/catalogue-readers/" path, Fixture, NULL, set_up, function, tear_down)

/* A host that something is loaded into before AddressSanitizer would refuse to start. */
static void
allow_preload (void)
{
  g_autofree char *options = g_strdup (g_getenv ("ASAN_OPTIONS"));
  g_autofree char *more = options != NULL ? g_strconcat (options, ":verify_asan_link_order=0", NULL) : NULL;

  if (more != NULL)
    g_setenv ("ASAN_OPTIONS", more, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  allow_preload ();
  ADD ("empty", test_empty);
  ADD ("insertion", test_insertion);
  ADD ("removal", test_removal);
  ADD ("swap", test_swap);
  ADD ("swap-while-reading", test_swap_while_reading);
  ADD ("storm", test_storm);
  ADD ("two-readers", test_two_readers);
  ADD ("reading", test_reading);
  ADD ("mute", test_mute);
  ADD ("exclusive", test_exclusive);
  ADD ("exclusive-later", test_exclusive_later);
  ADD ("unknown", test_unknown);
  ADD ("service", test_service);
  ADD ("shared", test_shared);
  return g_test_run ();
}
