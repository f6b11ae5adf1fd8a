/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* From the wish for a new PIN to the person who is asked for it.
 *
 * It is nobody's but the person's: the program names the token and lends its terminal, and learns whether it
 * was done. */

#include "agent/broker/new-pin.h"

#include "agent/base/token-uri.h"
#include "agent/broker/assent.h"
#include "agent/prompt/place.h"
#include "socket-api/wire/error.h"

typedef struct
{
  CardeaCatalogue *catalogue;
  CardeaUnlocker *unlocker;
  CardeaCaller *caller;
  char *pattern;
  CardeaPinAction action;
  CardeaRequest *request;
  CardeaTerminal *terminal; /* where it is asked; NULL: on the display */
} NewPin;

static void
new_pin_free (gpointer data)
{
  NewPin *self = data;

  g_object_unref (self->catalogue);
  g_object_unref (self->unlocker);
  cardea_caller_unref (self->caller);
  g_free (self->pattern);
  cardea_request_free (self->request);
  g_clear_pointer (&self->terminal, cardea_terminal_unref);
  g_free (self);
}

static CardeaPinQuestion *
make_template (const NewPin *self)
{
  CardeaPinQuestion *template = cardea_pin_question_new ();
  g_autoptr (CardeaPromptQuestion) shown = cardea_prompt_question_new (CARDEA_PROMPT_NEW_PIN);

  cardea_assent_describe_program (self->caller, &shown->program);
  template->caller_key = g_strdup (cardea_caller_get_key (self->caller));
  template->program = g_steal_pointer (&shown->program.label);
  template->confinement = g_steal_pointer (&shown->program.confinement);
  template->parents = g_steal_pointer (&shown->program.parents);
  template->window = g_strdup (self->request->window);
  template->activation_token = g_strdup (self->request->activation_token);
  template->terminal = self->terminal != NULL ? cardea_terminal_ref (self->terminal) : NULL;
  return template;
}

/* The one token that is meant. */
static CardeaToken *
find_token (const NewPin *self, GError **error)
{
  g_autoptr (GPtrArray) tokens = cardea_catalogue_get_tokens (self->catalogue);
  CardeaToken *found = NULL;
  guint n = 0;

  for (guint i = 0; i < tokens->len; i++) {
    CardeaToken *token = tokens->pdata[i];

    if (token->state == CARDEA_TOKEN_ABSENT || !cardea_token_uri_matches (self->pattern, token->uri))
      continue;
    found = token;
    n++;
  }
  if (n == 1)
    return cardea_token_ref (found);
  if (n == 0) {
    g_propagate_error (error,
                       cardea_error_new (CARDEA_ERROR_NOT_FOUND, "There is no token %s", self->pattern));
    cardea_error_take_parameter (*error, "what", json_string (self->pattern));
  } else {
    g_propagate_error (error,
                       cardea_error_new (CARDEA_ERROR_INVALID_PARAMETER,
                                         "%s means %u tokens that are there; name one", self->pattern, n));
    cardea_error_take_parameter (*error, "parameter", json_string ("token"));
  }
  return NULL;
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (cardea_unlocker_set_pin_finish (CARDEA_UNLOCKER (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Takes @task. */
static void
ask (GTask *task)
{
  NewPin *self = g_task_get_task_data (task);
  g_autoptr (CardeaPinQuestion) template = make_template (self);
  GError *error = NULL;
  g_autoptr (CardeaToken) token = find_token (self, &error);

  if (token != NULL) {
    cardea_unlocker_set_pin_async (self->unlocker, token, self->action, template,
                                   g_task_get_cancellable (task), on_set, task);
    return;
  }
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
on_display_known (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  NewPin *self = g_task_get_task_data (task);

  if (!cardea_place_has_display_finish (result))
    self->terminal = cardea_terminal_ref (self->request->terminal);
  ask (task);
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  NewPin *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (!cardea_catalogue_settle_finish (CARDEA_CATALOGUE (source), result, &error)) {
    g_task_return_error (task, error);
    g_object_unref (task);
  } else if (self->request->terminal != NULL && self->request->terminal_use == CARDEA_TERMINAL_IF_NEEDED) {
    cardea_place_has_display_async (on_display_known, task);
  } else {
    self->terminal = self->request->terminal != NULL ? cardea_terminal_ref (self->request->terminal) : NULL;
    ask (task);
  }
}

void
cardea_new_pin_run (CardeaCatalogue *catalogue, CardeaUnlocker *unlocker, CardeaCaller *caller,
                    const char *pattern, CardeaPinAction action, const CardeaRequest *request, GTask *task)
{
  NewPin *self = g_new0 (NewPin, 1);

  self->catalogue = g_object_ref (catalogue);
  self->unlocker = g_object_ref (unlocker);
  self->caller = cardea_caller_ref (caller);
  self->pattern = g_strdup (pattern);
  self->action = action;
  self->request = cardea_request_copy (request);
  g_task_set_task_data (task, self, new_pin_free);
  cardea_catalogue_settle_async (catalogue, g_task_get_cancellable (task), on_settled, task);
}
