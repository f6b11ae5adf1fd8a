/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/pin/sources.h"

G_BEGIN_DECLS

/* Tries without a success between them, of whatever sources, before a token is left to a person: below the
 * three that a card has at least. */
#define CARDEA_PIN_MAX_FAILED_TRIES 2

/* One use of one PIN that nobody typed, for one token: marked on disk before the PIN is known to the caller.
 */
typedef struct
{
  CardeaPinSource *source; /* NULL for a remembered PIN */
  char *folder;
  char *token_uri;
  CardeaPinIdentity identity;
  CardeaSecret *secret;
  gboolean accepted;
} CardeaPinAttempt;

void cardea_pin_attempt_free (CardeaPinAttempt *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaPinAttempt, cardea_pin_attempt_free)

/* Looks at the source, refuses it when it is marked, reads the PIN, sets the mark; in a worker. Errors:
 * G_IO_ERROR codes with a sentence for people; the source is then not to be used. */
void cardea_pin_attempt_prepare_async (CardeaPinSource *source, const char *folder, const char *token_uri,
                                       GAsyncReadyCallback callback, gpointer data);
CardeaPinAttempt *cardea_pin_attempt_prepare_finish (GAsyncResult *result, GError **error);

/* Takes the mark away, because the token never got the PIN, or because, with @accepted, it took the
 * PIN; then other marks of the token count no more. Takes @self. */
void cardea_pin_attempt_withdraw_async (CardeaPinAttempt *self, gboolean accepted,
                                        GAsyncReadyCallback callback, gpointer data);
gboolean cardea_pin_attempt_withdraw_finish (GAsyncResult *result, GError **error);

G_END_DECLS
