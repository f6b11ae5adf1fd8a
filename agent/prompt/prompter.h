/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/base/reason.h"
#include "agent/caller/caller.h"
#include "agent/prompt/certificate-question.h"
#include "agent/prompt/pin-question.h"
#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* Everything the agent ever asks a person goes through this interface. An implementation shows a dialog,
 * writes on a terminal or refuses; the agent knows no other way. Main loop only.
 *
 * An answer counts once and for its own question. Once @cancellable is cancelled the question is withdrawn,
 * and what is answered after that is never an answer. Why it was is told to the person who reads the
 * question: cardea_withdrawal_get_reason() of @cancellable, which knows it where it was made by
 * cardea_withdrawal_new().
 *
 * Errors of all questions: CARDEA_ERROR_CANCELLED (the person said no, nobody could be shown the question,
 * or it was withdrawn), CARDEA_ERROR_INTERACTION_REQUIRED (nobody can be asked), CARDEA_ERROR_TIMED_OUT,
 * CARDEA_ERROR_BUSY (too many questions wait). */

#define CARDEA_TYPE_PROMPTER (cardea_prompter_get_type ())
G_DECLARE_INTERFACE (CardeaPrompter, cardea_prompter, CARDEA, PROMPTER, GObject)

/* Each answers by a GTask whose source it is, with a pointer: a CardeaSecret or NULL, a CardeaPromptAnswer.
 */
struct _CardeaPrompterInterface
{
  GTypeInterface parent;

  void (*ask_pin_async) (CardeaPrompter *self, const CardeaPinQuestion *question, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data);
  void (*ask_certificate_async) (CardeaPrompter *self, CardeaCertificateQuestion *question,
                                 GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
};

/* Also CARDEA_ERROR_TOKEN_UNAVAILABLE, once the question's @token_gone is cancelled. */
void cardea_prompter_ask_pin_async (CardeaPrompter *self, const CardeaPinQuestion *question,
                                    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
/* NULL without an error: the PIN is entered on the reader (only where the question says "pinpad"). Where a
 * new PIN is asked for it is both (socket-api/secret/pair.h). */
CardeaSecret *cardea_prompter_ask_pin_finish (CardeaPrompter *self, GAsyncResult *result, GError **error);

/* @question is held until it is answered. */
void cardea_prompter_ask_certificate_async (CardeaPrompter *self, CardeaCertificateQuestion *question,
                                            GCancellable *cancellable, GAsyncReadyCallback callback,
                                            gpointer data);
/* CARDEA_PROMPT_USE, of a certificate that is offered and fits, or CARDEA_PROMPT_CONTINUE. */
CardeaPromptAnswer *cardea_prompter_ask_certificate_finish (CardeaPrompter *self, GAsyncResult *result,
                                                            GError **error);

/* For implementations: CARDEA_ERROR_BUSY, with its parameters. */
GError *cardea_prompter_new_busy_error (const char *message);

G_END_DECLS
