/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Assent: the story of one consent.
 *
 * Rules deny first. What the caller names and what rules narrow only ever takes candidates away. Then a
 * decision that was remembered for exactly this program, server and trust is followed for exactly its
 * certificate; a rule that names program and server consents to a sole candidate; a browser's policy puts one
 * first and consents to nothing. In every other case the person is asked, also when there is only one
 * certificate, or none yet: tokens that come and go while the question is open change it. An answer counts
 * for what fits when it comes.
 *
 * A browser opens many connections at once. Where the answer to one question was to be remembered and settles
 * another that waits behind it, that one is taken back and the memory is asked again. */

#include "agent/broker/assent.h"

#include "agent/broker/browsers-choice.h"
#include "agent/broker/narrowing.h"
#include "agent/broker/offers.h"
#include "agent/prompt/withdrawal.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

struct _CardeaAssent
{
  GObject parent;

  CardeaPrompter *prompter;
  CardeaDecisions *decisions;
  CardeaNotices *notices;
  CardeaRules *rules;             /* or NULL */
  CardeaChromiumPolicy *chromium; /* or NULL */
};

G_DEFINE_FINAL_TYPE (CardeaAssent, cardea_assent, G_TYPE_OBJECT)

/* One question to the rules, the memory or the person. */
typedef struct
{
  CardeaAssent *assent; /* borrowed: the task's */
  CardeaAssentCase about;
  CardeaRuleAnswer rule;
  char *trust;
  CardeaChoice *choice;
  CardeaConsent consent;
  CardeaCertificateQuestion *question; /* or NULL: nobody is asked */
  GCancellable *asking;                /* likewise: the task's leads to it */
  gulong changed_id, decided_id, cancelled_id;
  char *known;          /* the decision there was when it was asked, which did not settle it; or NULL */
  gboolean decided;     /* meanwhile, by the answer to another question */
  gboolean on_terminal; /* it is asked there */
  gboolean answered;
} Call;

/* Nobody is asked any more. */
static void
stop_asking (Call *call, GCancellable *cancellable)
{
  g_clear_signal_handler (&call->changed_id, call->about.catalogue);
  g_clear_signal_handler (&call->decided_id, call->assent->decisions);
  g_cancellable_disconnect (cancellable, call->cancelled_id);
  call->cancelled_id = 0;
  g_clear_object (&call->asking);
  g_clear_object (&call->question);
  g_clear_pointer (&call->known, g_free);
}

static void
call_free (gpointer data)
{
  Call *call = data;

  g_clear_pointer (&call->choice, cardea_choice_free);
  cardea_rule_answer_clear (&call->rule);
  g_object_unref (call->about.catalogue);
  g_clear_object (&call->about.asker);
  g_ptr_array_unref (call->about.authorities);
  g_free (call->trust);
  g_free (call);
}

static void
cardea_assent_finalize (GObject *object)
{
  CardeaAssent *self = CARDEA_ASSENT (object);

  g_clear_pointer (&self->chromium, cardea_chromium_policy_unref);
  g_clear_pointer (&self->rules, cardea_rules_unref);
  cardea_notices_free (self->notices);
  g_object_unref (self->decisions);
  g_object_unref (self->prompter);
  G_OBJECT_CLASS (cardea_assent_parent_class)->finalize (object);
}

static void
cardea_assent_class_init (CardeaAssentClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = cardea_assent_finalize;
}

static void
cardea_assent_init (CardeaAssent *self)
{
  self->notices = cardea_notices_new ();
}

CardeaAssent *
cardea_assent_new (CardeaPrompter *prompter, CardeaDecisions *decisions)
{
  CardeaAssent *self = g_object_new (CARDEA_TYPE_ASSENT, NULL);

  self->prompter = g_object_ref (prompter);
  self->decisions = g_object_ref (decisions);
  return self;
}

void
cardea_assent_set_rules (CardeaAssent *self, CardeaRules *rules, CardeaChromiumPolicy *chromium)
{
  g_return_if_fail (CARDEA_IS_ASSENT (self));

  g_clear_pointer (&self->rules, cardea_rules_unref);
  g_clear_pointer (&self->chromium, cardea_chromium_policy_unref);
  self->rules = rules != NULL ? cardea_rules_ref (rules) : NULL;
  self->chromium = chromium != NULL ? cardea_chromium_policy_ref (chromium) : NULL;
}

CardeaDecisions *
cardea_assent_get_decisions (CardeaAssent *self)
{
  g_return_val_if_fail (CARDEA_IS_ASSENT (self), NULL);

  return self->decisions;
}

CardeaRules *
cardea_assent_get_rules (CardeaAssent *self)
{
  g_return_val_if_fail (CARDEA_IS_ASSENT (self), NULL);

  return self->rules;
}

static void
ask_rules (CardeaAssent *self, CardeaCaller *caller, const CardeaRequest *request, CardeaRuleAnswer *answer)
{
  if (self->rules != NULL)
    cardea_rules_decide (self->rules, cardea_caller_get_key (caller),
                         cardea_request_get_server_name (request), request->port, answer);
}

/* Of the terms' rules: those that came later did not ask the server what they ask, so they do not consent. */
static void
find_rules (CardeaAssent *self, const CardeaAssentCase *about, CardeaRuleAnswer *answer)
{
  ask_rules (self, about->caller, about->request, answer);
  if (self->rules != about->terms->rules)
    answer->consented_by = NULL;
}

static GError *
make_denial (const CardeaRule *rule)
{
  const char *message =
      rule->message != NULL ? rule->message : "A rule on this computer forbids this program this server.";
  GError *error = cardea_error_new (CARDEA_ERROR_DENIED, "%s (rule \"%s\")", message, rule->name);

  cardea_error_take_parameter (error, "by", json_sprintf ("rule %s", rule->name));
  cardea_error_take_parameter (error, "message", json_string (message));
  return error;
}

gboolean
cardea_assent_check_denial (CardeaAssent *self, CardeaCaller *caller, const CardeaRequest *request,
                            GError **error)
{
  g_auto (CardeaRuleAnswer) answer = { 0 };

  ask_rules (self, caller, request, &answer);
  if (answer.denied_by == NULL)
    return TRUE;
  g_propagate_error (error, make_denial (answer.denied_by));
  return FALSE;
}

gboolean
cardea_assent_offers_post_handshake (CardeaAssent *self, CardeaCaller *caller, const CardeaRequest *request)
{
  g_auto (CardeaRuleAnswer) answer = { 0 };

  ask_rules (self, caller, request, &answer);
  if (request->post_handshake == CARDEA_POST_HANDSHAKE_NO || answer.post_handshake == CARDEA_RULE_NO)
    return FALSE;
  return request->post_handshake == CARDEA_POST_HANDSHAKE_YES || answer.post_handshake == CARDEA_RULE_YES;
}

void
cardea_assent_narrow (CardeaAssent *self, CardeaCaller *caller, const CardeaRequest *request,
                      CardeaCatalogue *catalogue, CardeaChoice *choice)
{
  g_auto (CardeaRuleAnswer) answer = { 0 };

  ask_rules (self, caller, request, &answer);
  cardea_choice_narrow (choice, catalogue, answer.conditions);
}

gboolean
cardea_assent_can_use (const CardeaTokenCertificate *certificate, gpointer asker)
{
  return asker == NULL ||
         cardea_asker_can_use (asker, certificate->certificate, cardea_choice_get_rsa_schemes (certificate));
}

static gboolean
look_at_certificates (Call *call, GError **error)
{
  CardeaChoice *choice = cardea_choice_new (
      call->about.catalogue, call->about.authorities, call->about.request->certificate,
      g_get_real_time () / G_USEC_PER_SEC, cardea_assent_can_use, call->about.asker, error);

  if (choice == NULL)
    return FALSE;
  cardea_choice_narrow (choice, call->about.catalogue, call->rule.conditions);
  if (call->on_terminal)
    cardea_choice_require_pin (choice);
  g_clear_pointer (&call->choice, cardea_choice_free);
  call->choice = choice;
  return TRUE;
}

static CardeaRememberedKey
make_key (const Call *call)
{
  return (CardeaRememberedKey){ cardea_caller_get_key (call->about.caller),
                                cardea_request_get_server_name (call->about.request),
                                call->about.request->port, call->trust };
}

static CardeaStanding
stand (CardeaAssent *self, const Call *call)
{
  const CardeaStandingCase about = {
    .key = make_key (call),
    .request = call->about.request,
    .choice = call->choice,
    .rule = &call->rule,
    .decisions = self->decisions,
    .chromium = self->chromium,
  };

  return cardea_standing_find (&about);
}

/* What follows from rules and memory; @remembered is what it follows from, or NULL. */
static void
think (CardeaAssent *self, Call *call, const CardeaRemembered **remembered)
{
  CardeaStanding standing = stand (self, call);

  call->consent = standing.consent;
  *remembered = standing.remembered;
}

static void
use (GTask *task, const CardeaOffer *offer)
{
  g_task_return_pointer (task, cardea_token_certificate_ref (offer->certificate),
                         (GDestroyNotify)cardea_token_certificate_unref);
}

static const CardeaOffer *
get_used (const Call *call)
{
  return call->consent.answer == CARDEA_CONSENT_USE ? call->choice->offers->pdata[call->consent.index] : NULL;
}

/* A consent that was there before, used without a word to anybody, is told of. */
static void
tell_followed (CardeaAssent *self, const Call *call, const CardeaRemembered *remembered)
{
  const CardeaOffer *offer = get_used (call);

  if (remembered != NULL) {
    g_autofree char *id = g_strdup (remembered->id);

    g_message ("%s: the decision %s is followed for %s:%u", cardea_caller_get_label (call->about.caller), id,
               cardea_request_get_server_name (call->about.request), call->about.request->port);
    if (offer != NULL)
      cardea_notices_tell_used (self->notices, cardea_caller_get_label (call->about.caller),
                                cardea_request_get_server_name (call->about.request),
                                call->about.request->port,
                                cardea_certificate_get_holder (offer->certificate->certificate));
    cardea_decisions_note_used (self->decisions, id, g_get_real_time () / G_USEC_PER_SEC);
  } else {
    g_message ("%s: the rule \"%s\" consents for %s:%u", cardea_caller_get_label (call->about.caller),
               call->rule.consented_by->name, cardea_request_get_server_name (call->about.request),
               call->about.request->port);
  }
}

static void
follow (CardeaAssent *self, GTask *task, const CardeaRemembered *remembered)
{
  const Call *call = g_task_get_task_data (task);
  const CardeaOffer *offer = get_used (call);

  tell_followed (self, call, remembered);
  if (offer != NULL)
    use (task, offer);
  else
    g_task_return_pointer (task, NULL, NULL);
}

/* A choice that cannot be remembered holds for this once. */
static void
remember (CardeaAssent *self, const Call *call, const CardeaPromptAnswer *answer, const CardeaOffer *offer)
{
  CardeaRememberedKey key = make_key (call);
  const char *label = cardea_caller_get_label (call->about.caller);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr (GError) error = NULL;
  CardeaCertificateId id;
  CardeaRemembered *made = NULL;

  if (answer->remember == CARDEA_PROMPT_REMEMBER_NOT)
    return;
  if (offer != NULL)
    id = cardea_certificate_id_of (offer->certificate->certificate);
  if (answer->remember == CARDEA_PROMPT_REMEMBER_REMOVAL)
    made = cardea_remembered_new_until_removal (&key, label, offer != NULL ? &id : NULL,
                                                offer != NULL ? offer->certificate->token->uri : NULL, now,
                                                &error);
  else if (cardea_caller_may_be_remembered (call->about.caller))
    made = cardea_remembered_new (&key, label, offer != NULL ? &id : NULL, now, &error);
  if (made != NULL)
    cardea_decisions_add (self->decisions, made);
  else
    g_message ("%s: what was decided for %s:%u holds for this once: %s", label, key.server, key.port,
               error != NULL ? error->message : "the program cannot be told from others.");
}

static void decide (CardeaAssent *self, GTask *task);

/* Its question was taken back. */
static void
decide_again (CardeaAssent *self, GTask *task)
{
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  call->decided = FALSE;
  call->on_terminal = FALSE;
  if (look_at_certificates (call, &error))
    decide (self, task);
  else
    g_task_return_error (task, error);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  CardeaAssent *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (CardeaPromptAnswer) answer =
      cardea_prompter_ask_certificate_finish (CARDEA_PROMPTER (source), result, &error);
  const CardeaOffer *offer = NULL;

  stop_asking (call, g_task_get_cancellable (task));
  if (call->decided && !g_cancellable_is_cancelled (g_task_get_cancellable (task))) {
    g_clear_error (&error);
    decide_again (self, task);
    return;
  }
  if (answer == NULL || !look_at_certificates (call, &error)) {
    g_task_return_error (task, error);
    return;
  }
  if (answer->kind == CARDEA_PROMPT_USE) {
    offer = cardea_offers_find_fitting (call->choice, answer->id);
    if (offer == NULL) {
      g_task_return_error (task, cardea_assent_error_no_certificate (call->about.caller, call->choice));
      return;
    }
  }
  call->answered = TRUE;
  remember (self, call, answer, offer);
  if (offer != NULL)
    use (task, offer);
  else
    g_task_return_pointer (task, NULL, NULL);
}

static GPtrArray *
make_offers (const Call *call)
{
  return cardea_offers_to_prompt (call->choice, call->consent.renewed ? call->consent.index : -1);
}

/* What was decided is thought of anew for the sake of what it says of the offers. It is not followed: that a
 * token came does not take a question away from the person who reads it. */
static void
on_catalogue_changed (CardeaCatalogue *catalogue, gpointer user_data)
{
  Call *call = user_data;
  g_autoptr (GPtrArray) offers = NULL;
  const CardeaRemembered *remembered;

  if (!look_at_certificates (call, NULL))
    return;
  think (call->assent, call, &remembered);
  offers = make_offers (call);
  cardea_certificate_question_update_offers (call->question, offers);
}

/* By an answer to another question: so this one waits, since only one is before the person. */
static void
on_decisions_changed (CardeaDecisions *decisions, gpointer user_data)
{
  Call *call = user_data;
  const CardeaRemembered *remembered;

  think (call->assent, call, &remembered);
  if (remembered == NULL || g_strcmp0 (remembered->id, call->known) == 0)
    return;
  if (call->consent.answer != CARDEA_CONSENT_USE && call->consent.answer != CARDEA_CONSENT_CONTINUE)
    return;
  call->decided = TRUE;
  cardea_withdrawal_cancel (call->asking, CARDEA_PROMPT_WITHDRAWN_ANSWERED);
}

static CardeaCertificateQuestion *
make_question (const Call *call)
{
  CardeaPromptQuestion *question = cardea_prompt_question_new (CARDEA_PROMPT_CERTIFICATE);
  CardeaCertificateQuestion *made;
  int index = call->consent.index;

  cardea_assent_describe (&call->about, question);
  g_ptr_array_unref (question->offers);
  question->offers = make_offers (call);
  if (index >= 0)
    question->preselected = cardea_offer_dup_id (call->choice->offers->pdata[index]);
  question->may_continue = call->about.request->authenticate != CARDEA_AUTHENTICATE_REQUIRED;
  if (call->on_terminal) /* proves no person */
    g_clear_pointer (&question->preselected, g_free);
  else
    question->may_remember = cardea_caller_may_be_remembered (call->about.caller)
                                 ? CARDEA_PROMPT_REMEMBER_ALWAYS
                                 : CARDEA_PROMPT_REMEMBER_REMOVAL;
  made = cardea_certificate_question_new (question, cardea_caller_get_key (call->about.caller),
                                          call->about.request->activation_token);
  if (call->on_terminal)
    cardea_certificate_question_set_terminal (made, call->about.terminal);
  return made;
}

static void
ask (CardeaAssent *self, GTask *task, const CardeaRemembered *known)
{
  Call *call = g_task_get_task_data (task);

  call->on_terminal = call->about.terminal != NULL;
  if (call->on_terminal) {
    call->consent.index = -1;
    (void)look_at_certificates (call, NULL);
  }
  call->question = make_question (call);
  call->known = known != NULL ? g_strdup (known->id) : NULL;
  call->asking = cardea_withdrawal_new ();
  call->cancelled_id = cardea_withdrawal_follow (call->asking, g_task_get_cancellable (task));
  call->changed_id =
      g_signal_connect (call->about.catalogue, "changed", G_CALLBACK (on_catalogue_changed), call);
  call->decided_id = g_signal_connect (self->decisions, "changed", G_CALLBACK (on_decisions_changed), call);
  cardea_prompter_ask_certificate_async (self->prompter, call->question, call->asking, on_answered,
                                         g_object_ref (task));
}

static void
decide (CardeaAssent *self, GTask *task)
{
  Call *call = g_task_get_task_data (task);
  const CardeaRemembered *remembered;

  think (self, call, &remembered);
  switch (call->consent.answer) {
  case CARDEA_CONSENT_USE:
  case CARDEA_CONSENT_CONTINUE:
    follow (self, task, remembered);
    break;
  case CARDEA_CONSENT_ASK:
    ask (self, task, remembered);
    break;
  case CARDEA_CONSENT_DENY:
    g_task_return_error (task, make_denial (call->rule.denied_by));
    break;
  case CARDEA_CONSENT_INTERACTION_REQUIRED:
    g_task_return_error (task, call->choice->n_fitting == 0
                                   ? cardea_assent_error_no_certificate (call->about.caller, call->choice)
                                   : cardea_assent_error_choice (call->about.caller, call->choice));
    break;
  }
}

static Call *
call_new (CardeaAssent *self, const CardeaAssentCase *about)
{
  Call *call = g_new0 (Call, 1);

  call->assent = self;
  call->about = *about;
  g_object_ref (call->about.catalogue);
  if (about->asker != NULL)
    g_object_ref (call->about.asker);
  g_ptr_array_ref (call->about.authorities);
  call->trust = g_strdup (about->terms->trust_source);
  find_rules (self, about, &call->rule);
  return call;
}

void
cardea_assent_ask_async (CardeaAssent *self, const CardeaAssentCase *about, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  GError *error = NULL;
  Call *call;

  g_return_if_fail (CARDEA_IS_ASSENT (self));

  g_task_set_source_tag (task, cardea_assent_ask_async);
  g_task_set_check_cancellable (task, FALSE);
  call = call_new (self, about);
  g_task_set_task_data (task, call, call_free);
  if (look_at_certificates (call, &error))
    decide (self, task);
  else
    g_task_return_error (task, error);
}

CardeaTokenCertificate *
cardea_assent_foresee (CardeaAssent *self, const CardeaAssentCase *about, gboolean used)
{
  const CardeaRemembered *remembered;
  CardeaTokenCertificate *foreseen = NULL;
  Call *call;

  g_return_val_if_fail (CARDEA_IS_ASSENT (self), NULL);

  call = call_new (self, about);
  if (look_at_certificates (call, NULL)) {
    think (self, call, &remembered);
    if (get_used (call) != NULL) {
      foreseen = cardea_token_certificate_ref (get_used (call)->certificate);
      if (used)
        tell_followed (self, call, remembered);
    }
  }
  call_free (call);
  return foreseen;
}

CardeaTokenCertificate *
cardea_assent_ask_finish (CardeaAssent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
cardea_foresight_clear (CardeaForesight *self)
{
  cardea_rule_answer_clear (&self->rule);
  g_clear_pointer (&self->choice, cardea_choice_free);
}

gboolean
cardea_assent_look_ahead (CardeaAssent *self, const CardeaAssentCase *about, CardeaForesight *foresight,
                          GError **error)
{
  g_return_val_if_fail (CARDEA_IS_ASSENT (self), FALSE);
  Call call = { .assent = self, .about = *about, .trust = about->terms->trust_source };

  find_rules (self, about, &call.rule);
  if (!look_at_certificates (&call, error)) {
    cardea_rule_answer_clear (&call.rule);
    return FALSE;
  }
  *foresight = (CardeaForesight){ call.rule, call.choice, stand (self, &call) };
  return TRUE;
}

gboolean
cardea_assent_ask_was_answered (GAsyncResult *result)
{
  return ((const Call *)g_task_get_task_data (G_TASK (result)))->answered;
}
