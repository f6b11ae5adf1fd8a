/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/decisions/decisions-file.h"

G_BEGIN_DECLS

/* Brings what is remembered to the disk: on a worker, one write at a time, and again a while later where it
 * failed. Main loop only. */
#define CARDEA_TYPE_DECISIONS_SAVER (cardea_decisions_saver_get_type ())
G_DECLARE_FINAL_TYPE (CardeaDecisionsSaver, cardea_decisions_saver, CARDEA, DECISIONS_SAVER, GObject)

typedef struct
{
  GBytes *(*make_text) (gpointer owner); /* what is to be in the file now */
  void (*on_settled) (gpointer owner); /* a write ended: cardea_decisions_saver_get_error() may be another */
} CardeaDecisionsSaverOwner;

/* Takes @file; borrows @functions and @owner until cardea_decisions_saver_close(). @delay_ms: until a change
 * for later is written, or a write that failed is tried again. */
CardeaDecisionsSaver *cardea_decisions_saver_new (CardeaDecisionsFile *file,
                                                  const CardeaDecisionsSaverOwner *functions, gpointer owner,
                                                  guint delay_ms);
/* The owner is going away. A write under way ends by itself. */
void cardea_decisions_saver_close (CardeaDecisionsSaver *self);

/* Nothing is to be written any more: each flush fails with @error (taken) if anything changed. */
void cardea_decisions_saver_block (CardeaDecisionsSaver *self, GError *error);
/* Something changed: written at once, or after the delay. */
void cardea_decisions_saver_change (CardeaDecisionsSaver *self);
void cardea_decisions_saver_change_later (CardeaDecisionsSaver *self);

/* Returns TRUE through @task (taken) once all that changed so far is on the disk, or the error why not. */
void cardea_decisions_saver_flush_async (CardeaDecisionsSaver *self, GTask *task);
/* The same, blocking. */
gboolean cardea_decisions_saver_flush (CardeaDecisionsSaver *self, GError **error);

/* Why the last write failed; NULL if it did not. */
const GError *cardea_decisions_saver_get_error (CardeaDecisionsSaver *self);

G_END_DECLS
