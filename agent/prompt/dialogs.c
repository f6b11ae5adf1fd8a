/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The prompter that shows dialogs, and the queue before it.
 *
 * Two dialogs at once would be one too many to read with care, so questions wait for each other: not only
 * until the one before is answered, but until its process is gone. Whose turn it is then, and who finds no
 * place to wait, is prompt/waiting's to say; who goes away while waiting leaves it.
 *
 * A reference of the prompter is held while a display is looked up or a process runs. */

#include "agent/prompt/dialogs.h"

#include "agent/prompt/display.h"
#include "agent/prompt/waiting.h"
#include "agent/prompt/withdrawal.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "agent/base/source.h"

struct _CardeaDialogPrompter
{
  GObject parent;
  char *program;
  CardeaDialogTimes times;
  CardeaWaiting *waiting; /* of Asked */
  struct _Asked *shown;   /* NULL: none, or nobody waits for its answer any more */
  CardeaDialog *dialog;   /* NULL: no process runs */
  gboolean looking_up;    /* the display, for `shown` */
};

/* One question and who waits for its answer. */
typedef struct _Asked
{
  CardeaDialogPrompter *prompter; /* the task's */
  GTask *task;
  CardeaPromptQuestion *pin;              /* or NULL */
  CardeaCertificateQuestion *certificate; /* or NULL */
  char *activation_token;
  CardeaTerminal *terminal;     /* or NULL: on the display */
  GCancellable *cancellable;    /* or NULL */
  GSource *cancelled, *removed; /* or NULL */
  gulong changed;
} Asked;

static void dialog_prompter_iface_init (CardeaPrompterInterface *iface);
static void show_next (CardeaDialogPrompter *self);

G_DEFINE_FINAL_TYPE_WITH_CODE (CardeaDialogPrompter, cardea_dialog_prompter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (CARDEA_TYPE_PROMPTER, dialog_prompter_iface_init))

static const CardeaPromptQuestion *
get_question (const Asked *asked)
{
  return asked->pin != NULL ? asked->pin : cardea_certificate_question_get_question (asked->certificate);
}

/* Takes it out of everything; returns the task, to be answered last: its callback may ask anew. */
static GTask *
dismiss (Asked *asked)
{
  CardeaDialogPrompter *self = asked->prompter;
  GTask *task = asked->task;

  if (self->shown == asked)
    self->shown = NULL;
  else
    cardea_waiting_remove (self->waiting, asked);
  cardea_source_clear (&asked->cancelled);
  cardea_source_clear (&asked->removed);
  if (asked->changed != 0)
    g_signal_handler_disconnect (asked->certificate, asked->changed);
  cardea_prompt_question_free (asked->pin);
  g_clear_object (&asked->certificate);
  g_clear_object (&asked->cancellable);
  g_free (asked->activation_token);
  g_clear_pointer (&asked->terminal, cardea_terminal_unref);
  g_free (asked);
  return task;
}

/* Takes @error. */
static void
refuse (Asked *asked, GError *error)
{
  g_autoptr (GTask) task = dismiss (asked);

  g_task_return_error (task, error);
}

/* The question is over, whether it is shown or not. Takes @error. */
static void
withdraw (Asked *asked, CardeaPromptWithdrawn why, GError *error)
{
  CardeaDialogPrompter *self = asked->prompter;

  if (self->shown == asked && self->dialog != NULL)
    cardea_dialog_withdraw (self->dialog, why);
  refuse (asked, error);
}

static GError *
make_withdrawn (void)
{
  return cardea_error_new (CARDEA_ERROR_CANCELLED, "The question was withdrawn.");
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  withdraw (data, cardea_withdrawal_get_reason (cancellable), make_withdrawn ());
  return G_SOURCE_REMOVE;
}

static gboolean
on_token_gone (GCancellable *cancellable, gpointer data)
{
  withdraw (
      data, CARDEA_PROMPT_WITHDRAWN_TOKEN_REMOVED,
      cardea_error_new (CARDEA_ERROR_TOKEN_UNAVAILABLE, "The token went away while its PIN was asked for."));
  return G_SOURCE_REMOVE;
}

static void
on_offers_changed (CardeaCertificateQuestion *question, gpointer data)
{
  Asked *asked = data;
  CardeaDialogPrompter *self = asked->prompter;

  if (self->shown == asked && self->dialog != NULL)
    cardea_dialog_update (self->dialog);
}

static void
unref_secret (gpointer data)
{
  cardea_secret_unref (data);
}

static void
free_answer (gpointer data)
{
  cardea_prompt_answer_free (data);
}

static void
on_answered (CardeaPromptAnswer *answer, CardeaSecret *pin, GError *error, gpointer data)
{
  CardeaDialogPrompter *self = data;
  Asked *asked = self->shown;
  gboolean left = g_cancellable_is_cancelled (asked->cancellable);
  gboolean is_pin = asked->pin != NULL;
  g_autoptr (GTask) task = dismiss (asked);
  g_autoptr (CardeaPromptAnswer) own_answer = answer;
  g_autoptr (CardeaSecret) own_pin = pin;
  g_autoptr (GError) own_error = error;

  if (left)
    g_task_return_error (task, make_withdrawn ());
  else if (own_error != NULL)
    g_task_return_error (task, g_steal_pointer (&own_error));
  else if (is_pin)
    g_task_return_pointer (task, g_steal_pointer (&own_pin), unref_secret);
  else
    g_task_return_pointer (task, g_steal_pointer (&own_answer), free_answer);
}

static void
on_gone (gpointer data)
{
  g_autoptr (CardeaDialogPrompter) self = data;

  g_clear_pointer (&self->dialog, cardea_dialog_free);
  show_next (self);
}

static const CardeaDialogOwner DIALOG_OWNER = { on_answered, on_gone };

static void
show (CardeaDialogPrompter *self, const CardeaDisplay *display)
{
  g_auto (GStrv) own = g_get_environ ();
  g_auto (GStrv) environment = cardea_display_make_environment (
      (const char *const *)own, (const char *const *)display->environment, self->shown->activation_token);
  GError *error = NULL;

  self->dialog = cardea_dialog_new (self->program, (const char *const *)environment,
                                    get_question (self->shown), display->colour_scheme, self->shown->terminal,
                                    &self->times, &DIALOG_OWNER, g_object_ref (self), &error);
  if (self->dialog != NULL)
    return;
  refuse (self->shown, error);
  show_next (self);
  g_object_unref (self);
}

static void
on_display_known (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (CardeaDialogPrompter) self = data;
  g_autoptr (CardeaDisplay) display = cardea_display_look_up_finish (result);

  self->looking_up = FALSE;
  if (self->shown != NULL)
    show (self, display);
  else
    show_next (self);
}

static void
show_next (CardeaDialogPrompter *self)
{
  if (self->shown != NULL || self->dialog != NULL || self->looking_up)
    return;
  self->shown = cardea_waiting_take (self->waiting);
  if (self->shown == NULL)
    return;
  if (self->shown->terminal != NULL) {
    show (self, &(const CardeaDisplay){ NULL });
    return;
  }
  self->looking_up = TRUE;
  cardea_display_look_up_async (on_display_known, g_object_ref (self));
}

static GSource *
watch (GCancellable *cancellable, GSourceFunc function, Asked *asked)
{
  GSource *source;

  if (cancellable == NULL)
    return NULL;
  source = g_cancellable_source_new (cancellable);
  g_source_set_callback (source, function, asked, NULL);
  g_source_attach (source, NULL);
  return source;
}

static Asked *
asked_new (CardeaPrompter *prompter, gpointer tag, GAsyncReadyCallback callback, gpointer data)
{
  Asked *asked = g_new0 (Asked, 1);

  asked->prompter = CARDEA_DIALOG_PROMPTER (prompter);
  asked->task = g_task_new (prompter, NULL, callback, data);
  g_task_set_source_tag (asked->task, tag);
  return asked;
}

/* Who loses a place hears it last: its callback may ask anew. */
static void
enqueue (Asked *asked, const char *caller_key, GCancellable *cancellable)
{
  CardeaDialogPrompter *self = asked->prompter;
  gpointer displaced = NULL;

  if (g_cancellable_is_cancelled (cancellable)) {
    refuse (asked, make_withdrawn ());
    return;
  }
  if (!cardea_waiting_add (self->waiting, caller_key, asked, &displaced)) {
    refuse (asked, cardea_prompter_new_busy_error ("Too many questions wait for a person."));
    return;
  }
  asked->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  asked->cancelled = watch (cancellable, G_SOURCE_FUNC (on_cancelled), asked);
  show_next (self);
  if (displaced != NULL)
    refuse (displaced, cardea_prompter_new_busy_error ("Too many questions wait for a person."));
}

static void
ask_pin_async (CardeaPrompter *prompter, const CardeaPinQuestion *question, GCancellable *cancellable,
               GAsyncReadyCallback callback, gpointer data)
{
  Asked *asked = asked_new (prompter, ask_pin_async, callback, data);

  asked->pin = cardea_pin_question_to_prompt (question);
  asked->activation_token = g_strdup (question->activation_token);
  asked->terminal = question->terminal != NULL ? cardea_terminal_ref (question->terminal) : NULL;
  asked->removed = watch (question->token_gone, G_SOURCE_FUNC (on_token_gone), asked);
  enqueue (asked, question->caller_key != NULL ? question->caller_key : "", cancellable);
}

static void
ask_certificate_async (CardeaPrompter *prompter, CardeaCertificateQuestion *question,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  Asked *asked = asked_new (prompter, ask_certificate_async, callback, data);

  asked->certificate = g_object_ref (question);
  asked->activation_token = g_strdup (cardea_certificate_question_get_activation_token (question));
  asked->terminal = cardea_certificate_question_get_terminal (question);
  if (asked->terminal != NULL)
    cardea_terminal_ref (asked->terminal);
  asked->changed = g_signal_connect (question, "changed", G_CALLBACK (on_offers_changed), asked);
  enqueue (asked, cardea_certificate_question_get_caller_key (question), cancellable);
}

static void
dialog_prompter_iface_init (CardeaPrompterInterface *iface)
{
  iface->ask_pin_async = ask_pin_async;
  iface->ask_certificate_async = ask_certificate_async;
}

/* Nobody waits and no process runs: each would hold a reference. */
static void
finalize (GObject *object)
{
  CardeaDialogPrompter *self = CARDEA_DIALOG_PROMPTER (object);

  g_assert (self->shown == NULL && self->dialog == NULL && cardea_waiting_get_length (self->waiting) == 0);
  cardea_waiting_free (self->waiting);
  g_free (self->program);
  G_OBJECT_CLASS (cardea_dialog_prompter_parent_class)->finalize (object);
}

static void
cardea_dialog_prompter_class_init (CardeaDialogPrompterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
}

static void
cardea_dialog_prompter_init (CardeaDialogPrompter *self)
{
  self->waiting = cardea_waiting_new (CARDEA_LIMIT_QUESTIONS_WAITING, CARDEA_LIMIT_QUESTIONS_PER_CALLER);
  self->times = (CardeaDialogTimes){ CARDEA_LIMIT_QUESTION_MS, CARDEA_LIMIT_PROMPT_END_MS,
                                     CARDEA_LIMIT_PROMPT_WITHDRAW_MS };
}

void
cardea_dialog_prompter_set_times (CardeaDialogPrompter *self, const CardeaDialogTimes *times)
{
  self->times = *times;
}

CardeaPrompter *
cardea_dialog_prompter_new (const char *program)
{
  CardeaDialogPrompter *self = g_object_new (CARDEA_TYPE_DIALOG_PROMPTER, NULL);

  self->program = g_strdup (program);
  return CARDEA_PROMPTER (self);
}
