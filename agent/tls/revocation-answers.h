/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "agent/tls/revocation-status.h"

G_BEGIN_DECLS

/* What the network said about certificates, and which of its hosts said nothing, in memory and for a while.
 * At most CARDEA_LIMIT_REVOCATION_ANSWERS of each; the oldest goes first. One thread. */
typedef struct _CardeaRevocationAnswers CardeaRevocationAnswers;

CardeaRevocationAnswers *cardea_revocation_answers_new (void);
void cardea_revocation_answers_free (CardeaRevocationAnswers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaRevocationAnswers, cardea_revocation_answers_free)

/* @until: when it is out of date; it is kept CARDEA_LIMIT_REVOCATION_ANSWER_S at most, "unknown"
 * CARDEA_LIMIT_REVOCATION_FAILURE_S. Both times are Unix seconds. */
void cardea_revocation_answers_add (CardeaRevocationAnswers *self, const char *key,
                                    CardeaRevocationStatus status, gint64 until, gint64 now);
/* FALSE: nothing is kept that holds at that time, also where the clock was put back. */
gboolean cardea_revocation_answers_find (CardeaRevocationAnswers *self, const char *key, gint64 now,
                                         CardeaRevocationStatus *status);

/* The host of this URL gave no answer. */
void cardea_revocation_answers_add_failure (CardeaRevocationAnswers *self, const char *url, gint64 now);
gboolean cardea_revocation_answers_has_failed (CardeaRevocationAnswers *self, const char *url, gint64 now);

void cardea_revocation_answers_forget (CardeaRevocationAnswers *self);

G_END_DECLS
