/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the tests of the unlocker share: tokens that count, a person who answers, a folder with a PIN in it.
 */

#include "tests/unit/unlocker-fixture.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/prompt/withdrawal.h"
#include "socket-api/secret/pair.h"

static gboolean
is_pin (CardeaSecret *secret, const char *expected)
{
  gsize length;
  const guint8 *bytes = cardea_secret_peek (secret, &length);

  return length == strlen (expected) && memcmp (bytes, expected, length) == 0;
}

static GError *
make_refusal (FakeTokens *fake)
{
  GError *error = cardea_error_new (CARDEA_ERROR_PIN_REFUSED, "No.");

  cardea_error_take_parameter (error, "pin", json_string (cardea_pin_state_to_string (fake->after_refusal)));
  return error;
}

void
unlocker_answer (FakeTokens *fake, GTask *task)
{
  if (fake->fails) {
    g_task_return_error (task, cardea_error_new (fake->failure, "It failed."));
  } else if (is_pin (g_ptr_array_index (fake->sent, fake->sent->len - 1), fake->right)) {
    fake->logged_in = TRUE;
    g_task_return_boolean (task, TRUE);
  } else {
    g_task_return_error (task, make_refusal (fake));
  }
  g_object_unref (task);
}

static void
fake_login_async (gpointer data, CardeaToken *token, CardeaSecret *pin, CardeaLoginManner manner,
                  GAsyncReadyCallback callback, gpointer callback_data)
{
  FakeTokens *fake = data;
  GTask *task = g_task_new (NULL, NULL, callback, callback_data);

  if (fake->before_login != NULL)
    fake->before_login (fake->before_login_data);
  if (fake->dies)
    kill (getpid (), SIGKILL);
  g_assert_nonnull (pin);
  if (manner == CARDEA_LOGIN_CAREFUL && fake->holds_back) {
    GError *error = cardea_error_new (CARDEA_ERROR_TOKEN_UNAVAILABLE, "Not now.");

    cardea_error_take_parameter (error, "pin", json_string ("low"));
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  g_ptr_array_add (fake->sent, cardea_secret_ref (pin));
  fake->manner = manner;
  if (manner == CARDEA_LOGIN_FRESH)
    fake->logged_in = FALSE;
  if (fake->holds)
    fake->held = task;
  else
    unlocker_answer (fake, task);
}

static gboolean
fake_login_finish (gpointer data, CardeaToken *token, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
fake_logout_async (gpointer data, CardeaToken *token, GAsyncReadyCallback callback, gpointer callback_data)
{
  FakeTokens *fake = data;
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, callback_data);

  fake->n_logouts++;
  fake->logged_in = FALSE;
  g_task_return_boolean (task, TRUE);
}

static void
fake_logout_finish (gpointer data, CardeaToken *token, GAsyncResult *result)
{
  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
}

static void
fake_sign_async (gpointer data, CardeaToken *token, CardeaSignCall *call, CardeaSecret *pin,
                 GAsyncReadyCallback callback, gpointer callback_data)
{
  FakeTokens *fake = data;

  fake->n_signed++;
  fake_login_async (data, token, pin, CARDEA_LOGIN_PLAIN, callback, callback_data);
}

static GBytes *
fake_sign_finish (gpointer data, CardeaToken *token, GAsyncResult *result, GError **error)
{
  return fake_login_finish (data, token, result, error) ? g_bytes_new_static ("signed", 6) : NULL;
}

static GPtrArray *
fake_get_tokens (gpointer data)
{
  FakeTokens *fake = data;
  GPtrArray *copy = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_unref);

  for (guint i = 0; i < fake->tokens->len; i++)
    g_ptr_array_add (copy, cardea_token_ref (g_ptr_array_index (fake->tokens, i)));
  return copy;
}

static GError *
set_pin (FakeTokens *fake, CardeaPinAction action, CardeaSecret *pins)
{
  g_autoptr (CardeaSecret) known = NULL, fresh = NULL;
  GError *error;

  if (fake->fails)
    return cardea_error_new (fake->failure, "It failed.");
  if (!cardea_secret_split (pins, &known, &fresh, &error))
    return error;
  g_ptr_array_add (fake->sent, cardea_secret_ref (known));
  if (!is_pin (known, action == CARDEA_PIN_CHANGE ? fake->right : fake->puk))
    return make_refusal (fake);
  if (fake->refuses_new) {
    error = cardea_error_new (CARDEA_ERROR_PIN_REFUSED, "Not that one.");
    cardea_error_take_parameter (error, "secret", json_string ("new_pin"));
    return error;
  }
  g_free (fake->new_pin);
  fake->new_pin =
      g_strndup ((const char *)cardea_secret_peek (fresh, NULL), cardea_secret_get_length (fresh));
  return NULL;
}

static void
fake_set_pin_async (gpointer data, CardeaToken *token, CardeaPinAction action, CardeaSecret *pins,
                    GAsyncReadyCallback callback, gpointer callback_data)
{
  FakeTokens *fake = data;
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, callback_data);
  GError *error;

  fake->n_set++;
  fake->logged_in = FALSE;
  error = set_pin (fake, action, pins);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static gboolean
fake_set_pin_finish (gpointer data, CardeaToken *token, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
fake_renew_async (gpointer data, CardeaToken *token, GAsyncReadyCallback callback, gpointer callback_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, callback_data);

  ((FakeTokens *)data)->n_renewed++;
  g_task_return_boolean (task, TRUE);
}

static const CardeaPinLogin fake_login = { fake_login_async,   fake_login_finish,  fake_logout_async,
                                           fake_logout_finish, fake_sign_async,    fake_sign_finish,
                                           fake_get_tokens,    fake_set_pin_async, fake_set_pin_finish,
                                           fake_renew_async };

static void person_iface_init (CardeaPrompterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestPerson, test_person, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (CARDEA_TYPE_PROMPTER, person_iface_init))

static void
unref_secret (gpointer secret)
{
  cardea_secret_unref (secret);
}

static gboolean
on_question_cancelled (GCancellable *cancellable, gpointer data)
{
  TEST_PERSON (g_task_get_source_object (data))->withdrawn = cardea_withdrawal_get_reason (cancellable);
  g_task_return_new_error (G_TASK (data), G_IO_ERROR, G_IO_ERROR_CANCELLED, "Withdrawn.");
  return G_SOURCE_REMOVE;
}

static void
end_with (GCancellable *cancellable, GTask *task, GSourceFunc function)
{
  g_autoptr (GSource) source = g_cancellable_source_new (cancellable);

  g_source_set_callback (source, function, g_object_ref (task), g_object_unref);
  g_source_attach (source, NULL);
}

static gboolean
on_token_gone (GCancellable *cancellable, gpointer data)
{
  g_task_return_error (G_TASK (data), cardea_error_new (CARDEA_ERROR_TOKEN_UNAVAILABLE, "Gone."));
  return G_SOURCE_REMOVE;
}

/* "OLD NEW" */
static CardeaSecret *
make_pair (const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", 2);
  g_autoptr (CardeaSecret) known = cardea_secret_new (words[0], strlen (words[0]), NULL);
  g_autoptr (CardeaSecret) fresh = cardea_secret_new (words[1], strlen (words[1]), NULL);

  return cardea_secret_join (known, fresh, NULL);
}

static void
person_ask_async (CardeaPrompter *prompter, const CardeaPinQuestion *question, GCancellable *cancellable,
                  GAsyncReadyCallback callback, gpointer data)
{
  TestPerson *self = TEST_PERSON (prompter);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  const char *pin = self->answers != NULL ? self->answers[self->n_asked] : NULL;

  self->n_asked++;
  self->rejected = question->rejected;
  self->low = question->low;
  self->on_terminal = question->terminal != NULL;
  self->for_signature = question->for_signature;
  self->for_connection = question->for_connection;
  self->sets_pin = question->sets_pin;
  self->unblock = question->unblock;
  self->new_pin_rejected = question->new_pin_rejected;
  if (self->waits) {
    end_with (cancellable, task, G_SOURCE_FUNC (on_question_cancelled));
    end_with (question->token_gone, task, G_SOURCE_FUNC (on_token_gone));
  } else if (pin != NULL) {
    g_task_return_pointer (task,
                           question->sets_pin ? make_pair (pin) : cardea_secret_new (pin, strlen (pin), NULL),
                           unref_secret);
  } else {
    g_task_return_error (task, cardea_error_new (CARDEA_ERROR_INTERACTION_REQUIRED, "Nobody is there."));
  }
}

static void
person_iface_init (CardeaPrompterInterface *iface)
{
  iface->ask_pin_async = person_ask_async;
}

static void
test_person_class_init (TestPersonClass *klass)
{
}

static void
test_person_init (TestPerson *self)
{
}

CardeaToken *
unlocker_insert_token (UnlockerFixture *f, const char *label, CardeaPinState pin)
{
  CardeaToken *token;

  f->info.label = (char *)label;
  f->info.pin = pin;
  token = cardea_token_new (f->host, f->generation, &f->info);
  g_ptr_array_add (f->fake.tokens, token);
  return token;
}

void
unlocker_write_pin (UnlockerFixture *f, const char *pin)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (f->file, pin, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (chmod (f->file, 0600), ==, 0);
}

void
unlocker_set_source (UnlockerFixture *f, const char *token)
{
  CardeaPinSourceConfig config = { (char *)"a", (char *)token, f->file, NULL, -1 };
  g_autoptr (GPtrArray) sources = g_ptr_array_new ();

  g_ptr_array_add (sources, &config);
  cardea_unlocker_set_sources (f->unlocker, sources);
}

void
unlocker_start_unlocker (UnlockerFixture *f)
{
  g_clear_object (&f->unlocker);
  f->unlocker =
      cardea_unlocker_new_with_login (CARDEA_PROMPTER (f->person), f->marks, &fake_login, &f->fake, NULL);
  unlocker_set_source (f, "pkcs11:token=T");
}

/* In the folder that the environment names, where a process that is to die shares it. */
void
unlocker_set_up (UnlockerFixture *f, gconstpointer data)
{
  g_autoptr (CardeaHostSpec) spec =
      cardea_host_spec_new ("fake", "/nowhere/module.so", NULL, CARDEA_HOST_TOKENS);
  const char *const environment[] = { NULL };
  const char *shared = g_getenv ("UNLOCKER_FOLDER");

  f->folder = shared != NULL ? g_strdup (shared) : g_dir_make_tmp ("unlocker-XXXXXX", NULL);
  f->file = g_build_filename (f->folder, "pin", NULL);
  f->marks = g_build_filename (f->folder, "marks", NULL);
  f->host = cardea_host_new (spec, "/nowhere/host", environment);
  f->info = (CardeaHostToken){ .serial = (char *)"1",
                               .manufacturer = (char *)"M",
                               .model = (char *)"X",
                               .reader = (char *)"R",
                               .initialised = TRUE,
                               .officer_pin = CARDEA_PIN_FINE,
                               .pin_min = 4,
                               .pin_max = 8,
                               .login_required = TRUE };
  f->generation = 1;
  f->fake.tokens = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_unref);
  f->fake.sent = g_ptr_array_new_with_free_func (unref_secret);
  f->fake.right = "1234";
  f->fake.puk = "87654321";
  f->fake.after_refusal = CARDEA_PIN_LOW;
  f->person = g_object_new (TEST_TYPE_PERSON, NULL);
  f->token = unlocker_insert_token (f, "T", CARDEA_PIN_FINE);
  if (shared == NULL)
    unlocker_write_pin (f, "1234");
  unlocker_start_unlocker (f);
}

guint
unlocker_count_marks (UnlockerFixture *f)
{
  g_autoptr (GDir) dir = g_dir_open (f->marks, 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    n += g_str_has_prefix (name, "pin-"); /* not those set aside */
  return n;
}

static void
remove_marks (UnlockerFixture *f)
{
  g_autoptr (GDir) dir = g_dir_open (f->marks, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (f->marks, name, NULL);

    (void)g_remove (path);
  }
  (void)g_remove (f->marks);
}

void
unlocker_tear_down (UnlockerFixture *f, gconstpointer data)
{
  /* Nothing that was begun may keep the unlocker alive. */
  g_object_add_weak_pointer (G_OBJECT (f->unlocker), (gpointer *)&f->unlocker);
  g_object_unref (f->unlocker);
  g_assert_null (f->unlocker);
  remove_marks (f);
  (void)g_remove (f->file);
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_ptr_array_unref (f->fake.tokens);
  g_ptr_array_unref (f->fake.sent);
  g_free (f->fake.new_pin);
  g_object_unref (f->person);
  g_object_unref (f->host);
  g_free (f->folder);
  g_free (f->file);
  g_free (f->marks);
}

static void
on_unlocked (GObject *source, GAsyncResult *result, gpointer data)
{
  UnlockerWait *wait = data;

  wait->unlocked = cardea_unlocker_unlock_finish (CARDEA_UNLOCKER (source), result, &wait->error);
  wait->done = TRUE;
}

void
unlocker_begin (UnlockerFixture *f, gboolean may_ask, GCancellable *cancellable, UnlockerWait *wait)
{
  g_autoptr (CardeaPinQuestion) template = cardea_pin_question_new ();

  template->program = g_strdup ("/usr/bin/test");
  cardea_unlocker_unlock_async (f->unlocker, f->token, template, may_ask, cancellable, on_unlocked, wait);
}

void
unlocker_finish (UnlockerWait *wait)
{
  while (!wait->done)
    g_main_context_iteration (NULL, TRUE);
}

void
unlocker_assert_unlocks (UnlockerFixture *f)
{
  UnlockerWait wait = { 0 };

  unlocker_begin (f, FALSE, NULL, &wait);
  unlocker_finish (&wait);
  g_assert_no_error (wait.error);
  g_assert_true (wait.unlocked);
}

const char *
unlocker_get_problem_code (const GError *error)
{
  json_t *problem = json_object_get (cardea_error_get_parameters (error), "problem");

  g_assert_cmpuint (strlen (json_string_value (json_object_get (problem, "message"))), >, 0);
  g_assert_cmpuint (strlen (json_string_value (json_object_get (problem, "remedy"))), >, 0);
  g_assert_nonnull (json_object_get (cardea_error_get_parameters (error), "token"));
  return json_string_value (json_object_get (problem, "code"));
}

/* The source is not used, with words, and the token is left alone. */
void
unlocker_assert_source_not_used (UnlockerFixture *f)
{
  guint before = f->fake.sent->len;
  UnlockerWait wait = { 0 };

  unlocker_begin (f, FALSE, NULL, &wait);
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpstr (unlocker_get_problem_code (wait.error), ==, "pin_source_unusable");
  g_assert_cmpuint (f->fake.sent->len, ==, before);
  g_clear_error (&wait.error);
}

void
unlocker_assert_refused (UnlockerFixture *f, const char *state)
{
  UnlockerWait wait = { 0 };
  json_t *parameters;

  unlocker_begin (f, FALSE, NULL, &wait);
  unlocker_finish (&wait);
  g_assert_error (wait.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  parameters = cardea_error_get_parameters (wait.error);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "token")), ==, f->token->uri);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "pin")), ==, state);
  g_assert_null (strstr (wait.error->message, "9999"));
  g_clear_error (&wait.error);
}

/* As if the token had been pulled and inserted again, or the agent started anew. */
void
unlocker_insert_again (UnlockerFixture *f, CardeaPinState pin)
{
  f->generation++;
  g_ptr_array_set_size (f->fake.tokens, 0);
  f->token = unlocker_insert_token (f, "T", pin);
}
