/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/base/config.h"
#include "agent/pin/grant-handle.h"
#include "agent/pin/pin-store.h"
#include "agent/prompt/prompter.h"
#include "agent/tokens/card-resets.h"
#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* Logs tokens in, one question per token at a time however many connections wait, and never sends a PIN that
 * was refused again. A PIN source of the configuration comes first, else a remembered PIN, then the prompter.
 * Main loop only. */
#define CARDEA_TYPE_UNLOCKER (cardea_unlocker_get_type ())
G_DECLARE_FINAL_TYPE (CardeaUnlocker, cardea_unlocker, CARDEA, UNLOCKER, GObject)

/* Signal "locked" (CardeaToken *, borrowed): a login that was for everybody is over at the token.
 * Signal "unlocked" (CardeaToken *, borrowed): somebody may use the token, which wants a login, from now on;
 * for each who asked.
 * @catalogue tells which tokens are present: a source must mean exactly one of them.
 * @resets: for logins of one connection, which end at the card, too.
 * @state_directory: where marks are kept, made 0700 when missing. */
CardeaUnlocker *cardea_unlocker_new (CardeaPrompter *prompter, CardeaCatalogue *catalogue,
                                     CardeaCardResets *resets, const char *state_directory);
/* The sources of PINs from now on (CardeaPinSourceConfig elements). */
void cardea_unlocker_set_sources (CardeaUnlocker *self, GPtrArray *sources);

/* Where PINs are remembered; NULL, as at first: nowhere. */
void cardea_unlocker_set_store (CardeaUnlocker *self, CardeaPinStore *store);
/* The tokens whose PIN is remembered from now on (CardeaRememberConfig elements); none at first. */
void cardea_unlocker_set_remembered (CardeaUnlocker *self, GPtrArray *tokens);
/* Leases were ended: no remembered PIN serves @token_uri (NULL: any token, also one that comes later) before
 * a person typed the right PIN of that token. */
void cardea_unlocker_require_person (CardeaUnlocker *self, const char *token_uri);

/* How long logins last (CardeaLeaseConfig elements): for some tokens not at all. */
void cardea_unlocker_set_leases (CardeaUnlocker *self, GPtrArray *leases);
/* Whether a PIN of the token serves one authentication: then no source, remembered PIN or login of others
 * does, and it is cardea_unlocker_unlock_once_async() that unlocks it. */
gboolean cardea_unlocker_is_single_use (CardeaUnlocker *self, CardeaToken *token);
/* Whether who wants to use the token need not unlock it first. */
gboolean cardea_unlocker_is_unlocked (CardeaUnlocker *self, CardeaToken *token);

/* Returns at once when the token needs no login or is logged in. @template names program and server for the
 * question.
 * @may_ask FALSE: a source may serve, nobody is asked.
 * Errors: PIN_REFUSED ("token", "pin"), INTERACTION_REQUIRED ("question": "pin"), TOKEN_UNAVAILABLE,
 * CANCELLED, TIMED_OUT. */
void cardea_unlocker_unlock_async (CardeaUnlocker *self, CardeaToken *token,
                                   const CardeaPinQuestion *template, gboolean may_ask,
                                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean cardea_unlocker_unlock_finish (CardeaUnlocker *self, GAsyncResult *result, GError **error);

/* The same, and what a person typed for this very one, in @typed, or NULL: for a key that turns out to want
 * the PIN for its signature. */
gboolean cardea_unlocker_unlock_finish_with_pin (CardeaUnlocker *self, GAsyncResult *result,
                                                 CardeaSecret **typed, GError **error);

/* For one connection whose questions go to its caller's terminal, which @template has then, or whose token is
 * of single use: a login of its own. No grant and no error: the token was unlocked for everybody, by what
 * asks nobody. @afresh: that does not count, and the PIN is asked for in any case; of a token without one it
 * is TOKEN_UNAVAILABLE. @may_ask FALSE: INTERACTION_REQUIRED instead of a question. */
void cardea_unlocker_unlock_once_async (CardeaUnlocker *self, CardeaToken *token,
                                        const CardeaPinQuestion *template, gboolean afresh, gboolean may_ask,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer data);
CardeaGrant *cardea_unlocker_unlock_once_finish (CardeaUnlocker *self, GAsyncResult *result, GError **error);

/* Signs @call, whose key wants the PIN for each signature: a person is asked for it, always, also where the
 * token is logged in, and it serves this signature alone. Nothing is left of a login that it takes. The
 * signature is not verified. @template: as above, and may have a terminal. @typed: the PIN, where a person
 * has just typed it for this; or NULL. Errors: as of the first two, and of a signature. */
void cardea_unlocker_sign_async (CardeaUnlocker *self, CardeaToken *token, const CardeaPinQuestion *template,
                                 gboolean may_ask, CardeaSignCall *call, CardeaSecret *typed,
                                 GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
GBytes *cardea_unlocker_sign_finish (CardeaUnlocker *self, GAsyncResult *result, GError **error);
/* Has a person give the token a new PIN, on a display or on the terminal that @template has. Logins to it are
 * over then, and so they are when the token refused something. Errors: PIN_REFUSED ("token", "pin", and
 * "secret" where it is about the PUK or the new PIN), TOKEN_UNAVAILABLE, INTERACTION_REQUIRED, CANCELLED,
 * TIMED_OUT, BUSY. */
void cardea_unlocker_set_pin_async (CardeaUnlocker *self, CardeaToken *token, CardeaPinAction action,
                                    const CardeaPinQuestion *template, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer data);
gboolean cardea_unlocker_set_pin_finish (CardeaUnlocker *self, GAsyncResult *result, GError **error);

/* Tokens came or went: questions about those that are gone are withdrawn, and end with TOKEN_UNAVAILABLE. Of
 * itself with cardea_unlocker_new(). */
void cardea_unlocker_look (CardeaUnlocker *self);

G_END_DECLS
