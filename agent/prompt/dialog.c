/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One run of cardea-prompt, from its start to the end of its process.
 *
 * The prompt draws foreign texts, and any program of the user can kill it, stop it or start one like it. So
 * nothing but one whole conversation counts: it is shown, it answers once with what a person could have
 * answered, it ends. Whatever else happens is "cancelled", and a warning says what it was.
 *
 * An answer is only believed when the socket has ended after it, since a second one would put the first in
 * doubt; a prompt that does not end is killed, and its answer stands as the only one. A PIN is read when the
 * prompt itself has ended the pipe, which tells that it is whole, and makes sure that reading waits for
 * nobody. */

#include "agent/prompt/dialog.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/process.h"
#include "agent/prompt/acceptance.h"
#include "agent/prompt/channel.h"
#include "socket-api/private/terminal-mode.h"
#include "socket-api/wire/error.h"

typedef enum
{
  DIALOG_STARTED,
  DIALOG_SHOWN,
  DIALOG_ANSWERED,
  DIALOG_ENDING, /* the prompt ended its socket, with an answer before or without */
  DIALOG_WITHDRAWN,
  DIALOG_GONE,
} DialogState;

static const char *const state_names[] = { "started", "shown", "answered", "ending", "withdrawn", "gone" };

/* Where each state may lead, as bits. */
static const guint transitions[] = {
  [DIALOG_STARTED] = 1 << DIALOG_SHOWN | 1 << DIALOG_ANSWERED | 1 << DIALOG_ENDING | 1 << DIALOG_WITHDRAWN |
                     1 << DIALOG_GONE,
  [DIALOG_SHOWN] = 1 << DIALOG_ANSWERED | 1 << DIALOG_ENDING | 1 << DIALOG_WITHDRAWN | 1 << DIALOG_GONE,
  [DIALOG_ANSWERED] = 1 << DIALOG_ENDING | 1 << DIALOG_WITHDRAWN | 1 << DIALOG_GONE,
  [DIALOG_ENDING] = 1 << DIALOG_WITHDRAWN | 1 << DIALOG_GONE,
  [DIALOG_WITHDRAWN] = 1 << DIALOG_GONE,
  [DIALOG_GONE] = 0,
};

struct _CardeaDialog
{
  const CardeaPromptQuestion *question; /* the owner's; NULL once nobody waits for the answer */
  CardeaDialogTimes times;
  CardeaDialogOwner owner;
  gpointer data;

  DialogState state;
  CardeaProcess *child;         /* NULL once gone */
  CardeaPromptChannel *channel; /* NULL once the prompt ended its side */
  CardeaTerminal *terminal;     /* or NULL */
  struct termios before;        /* its mode */
  int pin;                      /* the read end of its pipe, or -1 */
  guint pin_source, timer;      /* sources; 0: none */
  gboolean pin_ended;           /* by the prompt */
  CardeaPromptAnswer *answer;
};

static void
set_state (CardeaDialog *self, DialogState state)
{
  g_assert ((transitions[self->state] & 1u << state) != 0);
  g_debug ("dialog %d: %s -> %s", cardea_process_get_pid (self->child), state_names[self->state],
           state_names[state]);
  self->state = state;
}

/* Releases all but the PIN's pipe, which is read after the end. Returns how the process ended. */
static char *
end_process (CardeaDialog *self)
{
  char *description;

  set_state (self, DIALOG_GONE);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->pin_source, g_source_remove);
  g_clear_pointer (&self->channel, cardea_prompt_channel_free);
  description = cardea_process_end (g_steal_pointer (&self->child));
  if (self->terminal != NULL) /* one that was killed left it as it was */
    cardea_terminal_mode_end (cardea_terminal_get_fd (self->terminal), &self->before);
  return description;
}

static void
close_pin (CardeaDialog *self)
{
  if (self->pin >= 0)
    close (g_steal_fd (&self->pin));
}

static void
tell (CardeaDialog *self, CardeaPromptAnswer *answer, CardeaSecret *pin, GError *error)
{
  self->question = NULL;
  self->owner.answered (answer, pin, error, self->data);
}

static GError *
make_cancelled (void)
{
  return cardea_error_new (CARDEA_ERROR_CANCELLED, "The question was cancelled.");
}

/* The prompt is not believed (any more). */
static void
fail (CardeaDialog *self, const char *why)
{
  g_free (end_process (self));
  close_pin (self);
  g_warning ("A question was cancelled, since cardea-prompt is not to be believed: %s.", why);
  tell (self, NULL, NULL, make_cancelled ());
  self->owner.gone (self->data);
}

static CardeaSecret *
read_pin (CardeaDialog *self, GError **error)
{
  g_autoptr (GError) problem = NULL;
  gsize most =
      self->question->kind == CARDEA_PROMPT_NEW_PIN ? CARDEA_LIMIT_PIN_PAIR_BYTES : CARDEA_LIMIT_PIN_BYTES;
  CardeaSecret *pin = NULL;

  if (!self->pin_ended)
    g_set_error_literal (&problem, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "The PIN did not come to an end");
  else
    pin = cardea_secret_new_from_fd (self->pin, most, FALSE, 0, &problem);
  if (problem != NULL) {
    g_warning ("A question was cancelled because of what cardea-prompt gave for a PIN: %s.",
               problem->message);
    g_propagate_error (error, cardea_error_new (CARDEA_ERROR_CANCELLED, "%s.", problem->message));
  }
  return pin;
}

static void
tell_answer (CardeaDialog *self)
{
  CardeaSecret *pin = NULL;
  GError *error = NULL;

  if (self->answer->kind == CARDEA_PROMPT_CANCEL)
    error = make_cancelled ();
  else if (self->answer->kind == CARDEA_PROMPT_PIN_TYPED)
    pin = read_pin (self, &error);
  close_pin (self);
  if (error != NULL)
    tell (self, NULL, NULL, error);
  else
    tell (self, g_steal_pointer (&self->answer), pin, NULL);
}

/* The conversation is over. */
static void
conclude (CardeaDialog *self)
{
  g_autofree char *description = end_process (self);

  if (self->question == NULL) {
    close_pin (self);
  } else if (self->answer == NULL) {
    close_pin (self);
    g_warning ("cardea-prompt ended without an answer (%s); the question counts as cancelled.", description);
    tell (self, NULL, NULL, make_cancelled ());
  } else {
    tell_answer (self);
  }
  self->owner.gone (self->data);
}

static gboolean
is_complete (const CardeaDialog *self)
{
  return self->state == DIALOG_ENDING && self->answer != NULL &&
         (self->answer->kind != CARDEA_PROMPT_PIN_TYPED || self->pin_ended);
}

static gboolean
on_timer (gpointer data)
{
  CardeaDialog *self = data;

  self->timer = 0;
  if (self->state != DIALOG_STARTED && self->state != DIALOG_SHOWN) {
    conclude (self);
    return G_SOURCE_REMOVE;
  }
  GError *error = cardea_error_new (CARDEA_ERROR_TIMED_OUT, "Nobody answered the question in time.");

  cardea_error_take_parameter (error, "what", json_string ("question"));
  cardea_dialog_withdraw (self, CARDEA_PROMPT_WITHDRAWN_TIMED_OUT);
  self->owner.answered (NULL, NULL, error, self->data);
  return G_SOURCE_REMOVE;
}

static void
set_timer (CardeaDialog *self, guint ms)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add (ms, on_timer, self);
}

static void
on_child_ended (gpointer data)
{
  conclude (data);
}

static gboolean
on_pin_ended (int fd, GIOCondition condition, gpointer data)
{
  CardeaDialog *self = data;

  self->pin_source = 0;
  self->pin_ended = TRUE;
  if (is_complete (self))
    conclude (self);
  return G_SOURCE_REMOVE;
}

static void
take_shown (CardeaDialog *self)
{
  if (self->state != DIALOG_STARTED) {
    fail (self, "it was shown twice");
    return;
  }
  set_state (self, DIALOG_SHOWN);
  set_timer (self, self->times.question_ms);
}

/* Takes @answer. What was never on a display was answered by no person; giving up needs none. */
static void
take_answer (CardeaDialog *self, CardeaPromptAnswer *answer)
{
  const char *fault = cardea_prompt_find_fault (self->question, answer);

  if (self->answer != NULL)
    fault = "it answered twice";
  else if (self->state == DIALOG_STARTED && answer->kind != CARDEA_PROMPT_CANCEL)
    fault = "it answered before it was shown";
  if (fault != NULL) {
    cardea_prompt_answer_free (answer);
    fail (self, fault);
    return;
  }
  self->answer = answer;
  set_state (self, DIALOG_ANSWERED);
  set_timer (self, self->times.end_ms);
}

static void
take_message (CardeaDialog *self, GBytes *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaPromptAnswer) answer = cardea_prompt_answer_decode (message, &error);

  if (answer == NULL)
    fail (self, error->message);
  else if (answer->kind == CARDEA_PROMPT_SHOWN)
    take_shown (self);
  else
    take_answer (self, g_steal_pointer (&answer));
}

/* How the process ended is known a little later than that its socket did. */
static void
take_end (CardeaDialog *self)
{
  g_clear_pointer (&self->channel, cardea_prompt_channel_free);
  if (self->state == DIALOG_WITHDRAWN) {
    conclude (self);
    return;
  }
  set_state (self, DIALOG_ENDING);
  if (is_complete (self))
    conclude (self);
  else
    set_timer (self, self->times.end_ms);
}

static void
on_received (GBytes *message, const GError *error, gpointer data)
{
  CardeaDialog *self = data;

  if (message == NULL && error == NULL)
    take_end (self);
  else if (self->state == DIALOG_WITHDRAWN && message != NULL)
    return; /* too late */
  else if (self->state == DIALOG_WITHDRAWN)
    conclude (self);
  else if (message == NULL)
    fail (self, error->message);
  else
    take_message (self, message);
}

void
cardea_dialog_update (CardeaDialog *self)
{
  CardeaPromptUpdate update = { .kind = CARDEA_PROMPT_UPDATE_OFFERS };

  if (self->channel == NULL || self->question == NULL)
    return;
  update.offers = self->question->offers;
  cardea_prompt_channel_send (self->channel, cardea_prompt_update_encode (&update));
}

/* There is nothing to say to a prompt that answered, or ended its side. */
void
cardea_dialog_withdraw (CardeaDialog *self, CardeaPromptWithdrawn why)
{
  CardeaPromptUpdate update = { .kind = CARDEA_PROMPT_UPDATE_WITHDRAW, .why = why };
  gboolean silent = self->channel == NULL || self->state == DIALOG_ANSWERED;

  if (self->state == DIALOG_WITHDRAWN || self->state == DIALOG_GONE)
    return;
  self->question = NULL;
  set_state (self, DIALOG_WITHDRAWN);
  if (!silent)
    cardea_prompt_channel_send (self->channel, cardea_prompt_update_encode (&update));
  set_timer (self, silent ? 0 : self->times.withdraw_ms);
}

/* Gives the prompt its ends, takes ours. The pipe is there whatever is asked: a number that means something
 * for one question must not be another thing's for the next. */
static gboolean
start (CardeaDialog *self, const char *program, const char *const *environment, int *socket, GError **error)
{
  const char *const arguments[] = { program, self->terminal != NULL ? "--terminal" : NULL, NULL };
  int sockets[2], pipe_ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
    g_set_error_literal (error, G_IO_ERROR, (int)g_io_error_from_errno (errno), g_strerror (errno));
    return FALSE;
  }
  if (!g_unix_open_pipe (pipe_ends, FD_CLOEXEC, error)) {
    close (sockets[0]);
    close (sockets[1]);
    return FALSE;
  }

  const int given[] = { sockets[1], pipe_ends[1],
                        self->terminal != NULL ? cardea_terminal_get_fd (self->terminal) : -1 };

  if (g_unix_set_fd_nonblocking (sockets[0], TRUE, error))
    self->child = cardea_process_new (arguments, environment, given, self->terminal != NULL ? 3 : 2,
                                      g_main_context_default (), on_child_ended, self, error);
  close (sockets[1]);
  close (pipe_ends[1]);
  *socket = sockets[0];
  self->pin = pipe_ends[0];
  if (self->child == NULL)
    close (sockets[0]);
  return self->child != NULL;
}

static void
ask (CardeaDialog *self, int socket, const char *colour_scheme)
{
  CardeaPromptQuestion told = *self->question;

  if (told.colour_scheme == NULL)
    told.colour_scheme = (char *)colour_scheme;
  self->channel = cardea_prompt_channel_new (socket, on_received, self);
  cardea_prompt_channel_send (self->channel, cardea_prompt_question_encode (&told));
  if (told.kind != CARDEA_PROMPT_CERTIFICATE)
    self->pin_source = g_unix_fd_add (self->pin, G_IO_HUP, on_pin_ended, self);
  set_timer (self, self->times.question_ms);
}

CardeaDialog *
cardea_dialog_new (const char *program, const char *const *environment, const CardeaPromptQuestion *question,
                   const char *colour_scheme, CardeaTerminal *terminal, const CardeaDialogTimes *times,
                   const CardeaDialogOwner *owner, gpointer data, GError **error)
{
  CardeaDialog *self = g_new0 (CardeaDialog, 1);
  g_autoptr (GError) problem = NULL;
  int socket = -1;

  self->question = question;
  self->times = *times;
  self->owner = *owner;
  self->data = data;
  self->pin = -1;
  if (terminal != NULL) {
    self->terminal = cardea_terminal_ref (terminal);
    (void)tcgetattr (cardea_terminal_get_fd (terminal), &self->before);
  }
  if (start (self, program, environment, &socket, &problem)) {
    ask (self, socket, colour_scheme);
    return self;
  }
  g_warning ("A question was cancelled because cardea-prompt cannot be started: %s.", problem->message);
  cardea_set_error (error, CARDEA_ERROR_CANCELLED, "The question could not be shown.");
  close_pin (self);
  cardea_dialog_free (self);
  return NULL;
}

void
cardea_dialog_free (CardeaDialog *self)
{
  g_assert (self->child == NULL);
  cardea_prompt_answer_free (self->answer);
  g_clear_pointer (&self->terminal, cardea_terminal_unref);
  g_free (self);
}
