/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/config.h"
#include "agent/pin/attempt.h"
#include "agent/pin/pin-store.h"
#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* Remembered PINs: of which tokens, when one may serve, and when one is kept or forgotten. Main loop only. */
typedef struct _CardeaRememberedPin CardeaRememberedPin;

/* @folder: of marks. Without a store nothing is remembered. */
CardeaRememberedPin *cardea_remembered_pin_new (const char *folder);
void cardea_remembered_pin_free (CardeaRememberedPin *self);
void cardea_remembered_pin_set_store (CardeaRememberedPin *self, CardeaPinStore *store);
/* The tokens whose PIN may be remembered from now on, of CardeaRememberConfig; NULL: none. */
void cardea_remembered_pin_set_tokens (CardeaRememberedPin *self, GPtrArray *tokens);
/* No remembered PIN serves @token_uri (NULL: any token) before a person typed its PIN. */
void cardea_remembered_pin_require_person (CardeaRememberedPin *self, const char *token_uri);

/* Whether a remembered PIN may be tried on @token. @present: all tokens; @state: the PIN's now. */
gboolean cardea_remembered_pin_may_serve (CardeaRememberedPin *self, GPtrArray *present, CardeaToken *token,
                                          CardeaPinState state);
/* As cardea_pin_recall_async(); only after it may serve, and @self is there until it is done. */
void cardea_remembered_pin_recall_async (CardeaRememberedPin *self, CardeaToken *token,
                                         GAsyncReadyCallback callback, gpointer data);
CardeaPinAttempt *cardea_remembered_pin_recall_finish (GAsyncResult *result, GError **error);
/* Calls back when it is deleted, or when that failed, which is logged: the mark stays then, and holds. */
void cardea_remembered_pin_forget_async (CardeaRememberedPin *self, CardeaToken *token,
                                         GAsyncReadyCallback callback, gpointer data);
/* The token has a new PIN. What is remembered of the old one is not used again, and deleted; calls back as
 * the function before does. */
void cardea_remembered_pin_outdate_async (CardeaRememberedPin *self, CardeaToken *token,
                                          GAsyncReadyCallback callback, gpointer data);
/* A person typed @pin (NULL: on the token's own pad), and the token accepted it. It is kept where that is
 * wanted, without anybody waiting; @owner of @self is kept alive meanwhile. */
void cardea_remembered_pin_accept (CardeaRememberedPin *self, GObject *owner, GPtrArray *present,
                                   CardeaToken *token, CardeaSecret *pin, gboolean keep);

G_END_DECLS
