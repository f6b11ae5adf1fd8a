/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

#include "agent/base/terminal.h"
#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* Which certificate, if any, a program may use with a server: a question whose offers change while it is
 * open, as tokens come and go. Signal "changed": the offers are others. Main loop only. */
#define CARDEA_TYPE_CERTIFICATE_QUESTION (cardea_certificate_question_get_type ())
G_DECLARE_FINAL_TYPE (CardeaCertificateQuestion, cardea_certificate_question, CARDEA, CERTIFICATE_QUESTION,
                      GObject)

/* Takes @question, of the kind "certificate". @caller_key: whose turn it takes, cardea_caller_get_key();
 * never shown. @activation_token: the caller's, or NULL. */
CardeaCertificateQuestion *cardea_certificate_question_new (CardeaPromptQuestion *question,
                                                            const char *caller_key,
                                                            const char *activation_token);
const char *cardea_certificate_question_get_caller_key (CardeaCertificateQuestion *self);
/* Before it is asked: where; NULL, as at first: on the display. */
void cardea_certificate_question_set_terminal (CardeaCertificateQuestion *self, CardeaTerminal *terminal);
const CardeaPromptQuestion *cardea_certificate_question_get_question (CardeaCertificateQuestion *self);
const char *cardea_certificate_question_get_activation_token (CardeaCertificateQuestion *self);
CardeaTerminal *cardea_certificate_question_get_terminal (CardeaCertificateQuestion *self); /* borrowed */

/* @offers: all of them, as from cardea_prompt_offers_new(). An answer counts only for what is offered when it
 * comes. */
void cardea_certificate_question_update_offers (CardeaCertificateQuestion *self, GPtrArray *offers);

G_END_DECLS
