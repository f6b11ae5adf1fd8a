/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Selection: from a server's request to a certificate that may sign, told in order: see which certificates
 * fit, choose one, unlock its token. The same whether the server asks in the handshake or later.
 *
 * Nobody is asked for a PIN of a token whose certificate does not fit: see the order of the functions. */

#include "agent/broker/selection.h"

#include "agent/broker/json.h"
#include "agent/prompt/place.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

typedef struct
{
  CardeaSelectionCase about;
  gboolean typed_consent; /* the consent was an answer on the terminal */
  gboolean entered_pin;
  CardeaSelection *selection;
} Selecting;

void
cardea_selection_free (CardeaSelection *self)
{
  g_clear_pointer (&self->certificate, cardea_token_certificate_unref);
  g_clear_pointer (&self->grant, cardea_grant_end);
  g_clear_pointer (&self->typed, cardea_secret_unref);
  g_clear_pointer (&self->terminal, cardea_terminal_unref);
  g_free (self);
}

static void
selecting_free (gpointer data)
{
  Selecting *self = data;

  g_clear_pointer (&self->selection, cardea_selection_free);
  g_ptr_array_unref (self->about.authorities);
  g_object_unref (self->about.asker);
  g_clear_object (&self->about.assent);
  g_object_unref (self->about.unlocker);
  g_object_unref (self->about.catalogue);
  cardea_caller_unref (self->about.caller);
  g_free (self);
}

void
cardea_selection_name_token (const CardeaTokenCertificate *certificate, GError *error)
{
  g_autoptr (CardeaReason) problem = NULL;
  const CardeaReason *known;

  if (certificate == NULL || json_object_get (cardea_error_get_parameters (error), "token") != NULL)
    return;
  if (!g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE) &&
      !g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED))
    return;

  cardea_error_take_parameter (error, "token", json_string (certificate->token->uri));
  if (!g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE))
    return;
  known = cardea_host_get_problem (certificate->token->host);
  problem = known != NULL ? cardea_reason_copy (known)
                          : cardea_reason_new (CARDEA_REASON_MODULE_FAILED,
                                               "Remove the token, insert it again and try "
                                               "once more.",
                                               "%s", error->message);
  cardea_error_take_parameter (error, "problem", cardea_json_from_reason (problem));
}

void
cardea_selection_describe (const CardeaSelectionCase *about, CardeaTerminal *terminal,
                           CardeaPinQuestion *question)
{
  const CardeaAssentCase asked = {
    .caller = about->caller,
    .request = about->request,
    .asker = about->asker,
    .terms = about->terms,
    .terminal = terminal,
  };

  cardea_assent_describe_for_pin (&asked, question);
}

static void
succeed (GTask *task)
{
  Selecting *self = g_task_get_task_data (task);

  g_task_return_pointer (task, g_steal_pointer (&self->selection), (GDestroyNotify)cardea_selection_free);
}

/* Takes @error. */
static void
fail (GTask *task, GError *error)
{
  const Selecting *self = g_task_get_task_data (task);

  cardea_selection_name_token (self->selection->certificate, error);
  g_task_return_error (task, error);
}

/* Who asked needs no answer any more: what was found out meanwhile is dropped. */
static gboolean
is_over (GTask *task)
{
  return g_task_return_error_if_cancelled (task);
}

/* Takes @typed. What a hidden key wants is seen when it is used. */
static void
keep_typed (CardeaSelection *selection, CardeaSecret *typed)
{
  if (typed != NULL && !selection->certificate->key_seen)
    selection->typed = typed;
  else
    g_clear_pointer (&typed, cardea_secret_unref);
}

static void
on_unlocked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Selecting *self = g_task_get_task_data (task);
  CardeaSecret *typed = NULL;
  GError *error = NULL;

  if (!cardea_unlocker_unlock_finish_with_pin (CARDEA_UNLOCKER (source), result, &typed, &error)) {
    fail (task, error);
    return;
  }
  keep_typed (self->selection, typed);
  if (is_over (task))
    return;
  if (self->entered_pin) /* its keys can be seen now */
    cardea_catalogue_refresh_host (self->about.catalogue, self->selection->certificate->token->host);
  succeed (task);
}

/* @grant NULL without an error: the token is unlocked for everybody. */
static void
on_granted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Selecting *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (CardeaGrant) grant =
      cardea_unlocker_unlock_once_finish (CARDEA_UNLOCKER (source), result, &error);

  if (error != NULL) {
    fail (task, error);
    return;
  }
  if (is_over (task))
    return;
  if (grant != NULL)
    keep_typed (self->selection, cardea_grant_steal_typed (grant));
  self->selection->grant = g_steal_pointer (&grant);
  succeed (task);
}

static void
enter_pin (Selecting *self)
{
  self->entered_pin = TRUE;
  if (self->about.step != NULL)
    self->about.step (CARDEA_STEP_PIN, self->about.step_data);
}

static void
unlock (GTask *task)
{
  Selecting *self = g_task_get_task_data (task);
  CardeaToken *token = self->selection->certificate->token;
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (CardeaPinQuestion) question = cardea_pin_question_new ();

  /* Its signature waits for the PIN, and no login of others helps. */
  if (self->selection->certificate->always_authenticate) {
    enter_pin (self);
    succeed (task);
    return;
  }
  /* An answer on a terminal consents to nothing without the PIN. */
  if (!self->typed_consent && !token->info->login_required) {
    succeed (task);
    return;
  }
  cardea_selection_describe (&self->about, self->selection->terminal, question);
  question->for_connection = cardea_unlocker_is_single_use (self->about.unlocker, token);
  /* A token that is unlocked asks nothing; that its login is used counts all the same. */
  if (self->typed_consent || !cardea_unlocker_is_unlocked (self->about.unlocker, token))
    enter_pin (self);
  if (self->selection->terminal != NULL || question->for_connection)
    cardea_unlocker_unlock_once_async (self->about.unlocker, token, question, self->typed_consent,
                                       self->about.asks && self->about.request->interaction, cancellable,
                                       on_granted, g_object_ref (task));
  else
    cardea_unlocker_unlock_async (self->about.unlocker, token, question, self->about.request->interaction,
                                  cancellable, on_unlocked, g_object_ref (task));
}

/* The certificate is chosen; NULL: none. */
static void
on_assented (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Selecting *self = g_task_get_task_data (task);
  GError *error = NULL;

  self->selection->certificate = cardea_assent_ask_finish (CARDEA_ASSENT (source), result, &error);
  if (error != NULL) {
    g_task_return_error (task, error);
    return;
  }
  if (is_over (task))
    return;
  self->selection->consented = TRUE;
  self->typed_consent = self->selection->terminal != NULL && cardea_assent_ask_was_answered (result);
  if (self->selection->certificate != NULL)
    unlock (task);
  else
    succeed (task);
}

static void
ask_assent (GTask *task)
{
  Selecting *self = g_task_get_task_data (task);
  const CardeaAssentCase about = {
    .caller = self->about.caller,
    .request = self->about.request,
    .catalogue = self->about.catalogue,
    .asker = self->about.asker,
    .authorities = self->about.authorities,
    .terminal = self->selection->terminal,
    .terms = self->about.terms,
  };

  cardea_assent_ask_async (self->about.assent, &about, g_task_get_cancellable (task), on_assented,
                           g_object_ref (task));
}

static void
on_display_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Selecting *self = g_task_get_task_data (task);

  if (!cardea_place_has_display_finish (result))
    self->selection->terminal = cardea_terminal_ref (self->about.request->terminal);
  if (!is_over (task))
    ask_assent (task);
}

/* Where questions go is known before the first one: what an answer is worth depends on it. */
static void
find_place (GTask *task)
{
  Selecting *self = g_task_get_task_data (task);
  const CardeaRequest *request = self->about.request;

  if (request->terminal != NULL && request->interaction) {
    if (request->terminal_use == CARDEA_TERMINAL_IF_NEEDED) {
      cardea_place_has_display_async (on_display_known, g_object_ref (task));
      return;
    }
    self->selection->terminal = cardea_terminal_ref (request->terminal);
  }
  ask_assent (task);
}

/* Without a person: those that fit, after rules took away what they do not allow. */
CardeaChoice *
cardea_selection_look_alone (const CardeaSelectionCase *about, GError **error)
{
  CardeaChoice *choice =
      cardea_choice_new (about->catalogue, about->authorities, about->request->certificate,
                         g_get_real_time () / G_USEC_PER_SEC, cardea_assent_can_use, about->asker, error);

  if (choice == NULL)
    return NULL;
  cardea_choice_leave_out_attended (choice, about->unlocker);
  if (about->assent != NULL)
    cardea_assent_narrow (about->assent, about->caller, about->request, about->catalogue, choice);
  return choice;
}

/* The one that fits. */
static CardeaTokenCertificate *
choose_alone (const CardeaSelectionCase *about, GError **error)
{
  g_autoptr (CardeaChoice) choice = cardea_selection_look_alone (about, error);

  if (choice == NULL)
    return NULL;
  if (choice->n_fitting == 1)
    return cardea_token_certificate_ref (((const CardeaOffer *)choice->offers->pdata[0])->certificate);
  g_propagate_error (error, choice->n_fitting == 0
                                ? cardea_assent_error_no_certificate (about->caller, choice)
                                : cardea_assent_error_choice (about->caller, choice));
  return NULL;
}

CardeaTokenCertificate *
cardea_selection_foresee (const CardeaSelectionCase *about, gboolean used)
{
  const CardeaAssentCase asked = {
    .caller = about->caller,
    .request = about->request,
    .catalogue = about->catalogue,
    .authorities = about->authorities,
    .terms = about->terms,
  };
  CardeaSelectionCase alone = *about;

  if (about->request->authenticate == CARDEA_AUTHENTICATE_NEVER)
    return NULL;
  if (about->asks)
    return cardea_assent_foresee (about->assent, &asked, used);
  alone.asker = NULL;
  return choose_alone (&alone, NULL);
}

static Selecting *
selecting_new (const CardeaSelectionCase *about)
{
  Selecting *self = g_new0 (Selecting, 1);

  self->about = *about;
  cardea_caller_ref (about->caller);
  g_object_ref (about->catalogue);
  g_object_ref (about->unlocker);
  if (about->assent != NULL)
    g_object_ref (about->assent);
  g_object_ref (about->asker);
  g_ptr_array_ref (about->authorities);
  self->selection = g_new0 (CardeaSelection, 1);
  return self;
}

void
cardea_selection_run_async (const CardeaSelectionCase *about, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Selecting *self = selecting_new (about);
  GError *error = NULL;

  g_task_set_source_tag (task, cardea_selection_run_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, self, selecting_free);
  if (about->request->authenticate == CARDEA_AUTHENTICATE_NEVER) {
    succeed (task);
    return;
  }
  if (about->asks) {
    find_place (task);
    return;
  }
  self->selection->certificate = choose_alone (about, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    unlock (task);
}

CardeaSelection *
cardea_selection_run_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, cardea_selection_run_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
