/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/broker/choice.h"
#include "agent/broker/request.h"
#include "agent/broker/standing.h"
#include "agent/broker/terms.h"
#include "agent/caller/caller.h"
#include "agent/decisions/decisions.h"
#include "agent/prompt/notices.h"
#include "agent/prompt/prompter.h"
#include "agent/rules/chromium-policy.h"
#include "agent/rules/rules.h"
#include "agent/tls/asker.h"

G_BEGIN_DECLS

/* Whether a program may use a certificate with a server, and which: rules first, then what was decided
 * before, then the person. Main loop only. */
#define CARDEA_TYPE_ASSENT (cardea_assent_get_type ())
G_DECLARE_FINAL_TYPE (CardeaAssent, cardea_assent, CARDEA, ASSENT, GObject)

CardeaAssent *cardea_assent_new (CardeaPrompter *prompter, CardeaDecisions *decisions);
/* From now on; questions that are open keep those they began with. Either may be NULL: none. */
void cardea_assent_set_rules (CardeaAssent *self, CardeaRules *rules, CardeaChromiumPolicy *chromium);
CardeaDecisions *cardea_assent_get_decisions (CardeaAssent *self); /* borrowed */
CardeaRules *cardea_assent_get_rules (CardeaAssent *self);         /* borrowed; or NULL */

/* A rule against this program on this server, before anything is sent anywhere. Errors: CARDEA_ERROR_DENIED.
 */
gboolean cardea_assent_check_denial (CardeaAssent *self, CardeaCaller *caller, const CardeaRequest *request,
                                     GError **error);

/* Whether this server may ask for a certificate in the open stream: the caller or a rule wants it, and
 * neither forbids it. */
gboolean cardea_assent_offers_post_handshake (CardeaAssent *self, CardeaCaller *caller,
                                              const CardeaRequest *request);

/* Takes from a choice what rules do not allow this program with this server; for who asks nobody. */
void cardea_assent_narrow (CardeaAssent *self, CardeaCaller *caller, const CardeaRequest *request,
                           CardeaCatalogue *catalogue, CardeaChoice *choice);

/* What the question is about. Everything is borrowed until the callback. */
typedef struct
{
  CardeaCaller *caller;
  const CardeaRequest *request;
  CardeaCatalogue *catalogue;
  CardeaAsker *asker;       /* asks for a certificate, and waits; NULL: takes whatever scheme a key makes */
  GPtrArray *authorities;   /* DER names that the server accepts (GBytes); empty: any */
  CardeaTerminal *terminal; /* where it is asked; NULL: on the display */
  const CardeaTerms *terms; /* that the server met */
} CardeaAssentCase;

/* The certificate to use (a reference), or NULL without an error: to continue without one.
 * Rules that came after the terms were made consent to nothing: the server was not asked what they ask.
 * Errors: CANCELLED, DENIED, INTERACTION_REQUIRED, NO_CERTIFICATE, TIMED_OUT, BUSY, INVALID_PARAMETER. */
void cardea_assent_ask_async (CardeaAssent *self, const CardeaAssentCase *about, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
CardeaTokenCertificate *cardea_assent_ask_finish (CardeaAssent *self, GAsyncResult *result, GError **error);
/* Whether the consent is somebody's answer to this question, and nothing that was there before. */
gboolean cardea_assent_ask_was_answered (GAsyncResult *result);

/* What cardea_assent_ask_async() would go by. */
typedef struct
{
  CardeaRuleAnswer rule;
  CardeaChoice *choice;
  CardeaStanding standing;
} CardeaForesight;

void cardea_foresight_clear (CardeaForesight *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CardeaForesight, cardea_foresight_clear)

/* Thinks, and does nothing: nobody is asked, no use is noted, nothing is logged. Fills @foresight, which is
 * to be cleared. Errors: CARDEA_ERROR_INVALID_PARAMETER. */
gboolean cardea_assent_look_ahead (CardeaAssent *self, const CardeaAssentCase *about,
                                   CardeaForesight *foresight, GError **error);

/* The certificate (a reference) that would be used now without a question to anybody; NULL: there is none, or
 * somebody would be asked, or told no. @used: it is, and that is told as it always is. */
CardeaTokenCertificate *cardea_assent_foresee (CardeaAssent *self, const CardeaAssentCase *about,
                                               gboolean used);

/* CardeaCanUse with the CardeaAsker, or NULL, as user data. */
gboolean cardea_assent_can_use (const CardeaTokenCertificate *certificate, gpointer asker);

/* What of the caller and the server a person is shown; for questions of both kinds. */
/* Who asks. */
void cardea_assent_describe_program (CardeaCaller *caller, CardeaPromptProgram *program);
void cardea_assent_describe (const CardeaAssentCase *about, CardeaPromptQuestion *question);

/* The same for a question for a PIN, which is asked where @about says. */
void cardea_assent_describe_for_pin (const CardeaAssentCase *about, CardeaPinQuestion *question);

/* NO_CERTIFICATE and INTERACTION_REQUIRED, with the offers that the caller may know of. */
GError *cardea_assent_error_no_certificate (CardeaCaller *caller, const CardeaChoice *choice);
GError *cardea_assent_error_choice (CardeaCaller *caller, const CardeaChoice *choice);

G_END_DECLS
