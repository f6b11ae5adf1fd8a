/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The prompter that asks where a question wants it.
 *
 * Who sits at a terminal may see no display, and the other way round, so neither waits for the other; and two
 * terminals are two people, as far as anybody knows. On one terminal questions wait for each other as dialogs
 * do, so each terminal has a prompter like that of the dialogs for as long as questions are on it. Any
 * program can make terminals by the hundred, so all of them together are bounded. */

#include "agent/prompt/terminals.h"

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

struct _CardeaTerminalPrompter
{
  GObject parent;
  char *program;
  CardeaPrompter *display;
  GHashTable *lines; /* guint64 of a terminal, inside the Line -> Line */
  guint n_questions; /* on terminals */
};

/* One terminal with questions. */
typedef struct
{
  guint64 device;
  CardeaPrompter *prompter;
  guint n_questions;
} Line;

/* One question on its way to whoever asks it. */
typedef struct
{
  CardeaTerminalPrompter *prompter; /* the task's */
  GTask *task;
  Line *line; /* NULL: on the display */
} Asking;

static void terminal_prompter_iface_init (CardeaPrompterInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CardeaTerminalPrompter, cardea_terminal_prompter, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (CARDEA_TYPE_PROMPTER, terminal_prompter_iface_init))

static void
free_line (gpointer data)
{
  Line *line = data;

  g_object_unref (line->prompter);
  g_free (line);
}

static Line *
obtain_line (CardeaTerminalPrompter *self, CardeaTerminal *terminal)
{
  guint64 device = cardea_terminal_get_device (terminal);
  Line *line = g_hash_table_lookup (self->lines, &device);

  if (line != NULL)
    return line;
  line = g_new0 (Line, 1);
  line->device = device;
  line->prompter = cardea_dialog_prompter_new (self->program);
  g_hash_table_insert (self->lines, &line->device, line);
  return line;
}

/* NULL when it was refused at once. @who: asks it, borrowed. */
static Asking *
begin (CardeaPrompter *prompter, CardeaTerminal *terminal, gpointer tag, GAsyncReadyCallback callback,
       gpointer data, CardeaPrompter **who)
{
  CardeaTerminalPrompter *self = CARDEA_TERMINAL_PROMPTER (prompter);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  Asking *asking;

  g_task_set_source_tag (task, tag);
  if (terminal != NULL && self->n_questions >= CARDEA_LIMIT_TERMINAL_QUESTIONS) {
    g_task_return_error (task, cardea_prompter_new_busy_error ("Too many questions are open on terminals."));
    return NULL;
  }
  asking = g_new0 (Asking, 1);
  asking->prompter = self;
  asking->task = g_steal_pointer (&task);
  *who = self->display;
  if (terminal != NULL) {
    asking->line = obtain_line (self, terminal);
    asking->line->n_questions++;
    self->n_questions++;
    *who = asking->line->prompter;
  }
  return asking;
}

/* Returns the task, to be answered last: its callback may ask anew. A terminal's prompter lives on by itself
 * while its process ends. */
static GTask *
end (Asking *asking)
{
  CardeaTerminalPrompter *self = asking->prompter;
  GTask *task = asking->task;

  if (asking->line != NULL) {
    self->n_questions--;
    if (--asking->line->n_questions == 0)
      g_hash_table_remove (self->lines, &asking->line->device);
  }
  g_free (asking);
  return task;
}

static void
unref_secret (gpointer secret)
{
  cardea_secret_unref (secret);
}

static void
on_pin_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  CardeaSecret *pin = cardea_prompter_ask_pin_finish (CARDEA_PROMPTER (source), result, &error);
  g_autoptr (GTask) task = end (data);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, pin, unref_secret);
}

static void
ask_pin_async (CardeaPrompter *prompter, const CardeaPinQuestion *question, GCancellable *cancellable,
               GAsyncReadyCallback callback, gpointer data)
{
  CardeaPrompter *who = NULL;
  Asking *asking = begin (prompter, question->terminal, ask_pin_async, callback, data, &who);

  if (asking != NULL)
    cardea_prompter_ask_pin_async (who, question, cancellable, on_pin_answered, asking);
}

static void
free_answer (gpointer answer)
{
  cardea_prompt_answer_free (answer);
}

static void
on_certificate_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  CardeaPromptAnswer *answer =
      cardea_prompter_ask_certificate_finish (CARDEA_PROMPTER (source), result, &error);
  g_autoptr (GTask) task = end (data);

  if (answer == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, answer, free_answer);
}

static void
ask_certificate_async (CardeaPrompter *prompter, CardeaCertificateQuestion *question,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  CardeaPrompter *who = NULL;
  Asking *asking = begin (prompter, cardea_certificate_question_get_terminal (question),
                          ask_certificate_async, callback, data, &who);

  if (asking != NULL)
    cardea_prompter_ask_certificate_async (who, question, cancellable, on_certificate_answered, asking);
}

static void
terminal_prompter_iface_init (CardeaPrompterInterface *iface)
{
  iface->ask_pin_async = ask_pin_async;
  iface->ask_certificate_async = ask_certificate_async;
}

static void
finalize (GObject *object)
{
  CardeaTerminalPrompter *self = CARDEA_TERMINAL_PROMPTER (object);

  g_hash_table_unref (self->lines);
  g_object_unref (self->display);
  g_free (self->program);
  G_OBJECT_CLASS (cardea_terminal_prompter_parent_class)->finalize (object);
}

static void
cardea_terminal_prompter_class_init (CardeaTerminalPrompterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
}

static void
cardea_terminal_prompter_init (CardeaTerminalPrompter *self)
{
  self->lines = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, free_line);
}

CardeaPrompter *
cardea_terminal_prompter_new (const char *program, CardeaPrompter *display)
{
  CardeaTerminalPrompter *self = g_object_new (CARDEA_TYPE_TERMINAL_PROMPTER, NULL);

  self->program = g_strdup (program);
  self->display = g_object_ref (display);
  return CARDEA_PROMPTER (self);
}
