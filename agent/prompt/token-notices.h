/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the person is told in passing of tokens that come and go, by the desktop's notifications. Nothing
 * waits for it. Main loop only. */
typedef struct _CardeaTokenNotices CardeaTokenNotices;

CardeaTokenNotices *cardea_token_notices_new (void);
void cardea_token_notices_free (CardeaTokenNotices *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTokenNotices, cardea_token_notices_free)

/* A token came, or went. @label: its own words, may be empty. @place: of its slot, bytes of whoever made it;
 * the last notice of the same place is replaced, at most once in CARDEA_LIMIT_TOKEN_NOTICE_MS. */
void cardea_token_notices_tell (CardeaTokenNotices *self, gboolean came, const char *label,
                                const char *place);

G_END_DECLS
