/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/token-host/pkcs11.h"

G_BEGIN_DECLS

/* The sessions of this process, per slot. Thread-safe. */
typedef struct _CardeaSessions CardeaSessions;

CardeaSessions *cardea_sessions_new (CardeaPkcs11 *module);

/* A session nobody else uses. */
CK_RV cardea_sessions_take (CardeaSessions *self, CK_SLOT_ID slot, CK_SESSION_HANDLE *session);
/* Back for another use; closed where @rv, the last word on it, was an error. */
void cardea_sessions_give (CardeaSessions *self, CK_SLOT_ID slot, CK_SESSION_HANDLE session, CK_RV rv);
/* The slot's session that stays open, so that a login lasts (a token forgets it with its last session:
 * PKCS#11 2.40, 5.6). Its use is not exclusive: for C_Login, C_Logout and C_GetSessionInfo alone. */
CK_RV cardea_sessions_keep (CardeaSessions *self, CK_SLOT_ID slot, CK_SESSION_HANDLE *session);
/* All sessions of the slot, whoever uses them: nobody is logged in any more. */
void cardea_sessions_close_all (CardeaSessions *self, CK_SLOT_ID slot);
/* FALSE when @info is another token's than what was seen in the slot before: nothing this process knows of
 * the slot holds then. */
gboolean cardea_sessions_recognise (CardeaSessions *self, CK_SLOT_ID slot, const CK_TOKEN_INFO *info);
/* The slot's token took a PIN, or was logged out. */
void cardea_sessions_note_login (CardeaSessions *self, CK_SLOT_ID slot, gboolean logged_in);
/* How often that was noted. */
guint cardea_sessions_count_changes (CardeaSessions *self, CK_SLOT_ID slot);
/* Whether it took one and has forgotten it since (another program reset it, or it timed out); asks the
 * module. */
gboolean cardea_sessions_lost_login (CardeaSessions *self, CK_SLOT_ID slot);
/* Whether the user is logged in; asks the module. */
gboolean cardea_sessions_is_logged_in (CardeaSessions *self, CK_SLOT_ID slot);

G_END_DECLS
