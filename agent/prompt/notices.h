/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the person is told in passing, by the desktop's notifications: never a question, and nothing waits for
 * it. Main loop only. */
typedef struct _CardeaNotices CardeaNotices;

CardeaNotices *cardea_notices_new (void);
void cardea_notices_free (CardeaNotices *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaNotices, cardea_notices_free)

/* A certificate was used because a decision was remembered. @holder: of the certificate. The same program and
 * server are told once in CARDEA_LIMIT_NOTICE_MS. */
void cardea_notices_tell_used (CardeaNotices *self, const char *program, const char *server_name,
                               guint16 port, const char *holder);

G_END_DECLS
