/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/decisions/remembered.h"

G_BEGIN_DECLS

/* What was decided, and is remembered: until the token is removed or the agent ends, or for good in a file.
 * Main loop only.
 *
 * What changes is known at once, and written by a worker; cardea_decisions_flush_async() tells when it is on
 * the disk. Signal "changed" without arguments: the list, a use, or a problem. */
#define CARDEA_TYPE_DECISIONS (cardea_decisions_get_type ())
G_DECLARE_FINAL_TYPE (CardeaDecisions, cardea_decisions, CARDEA, DECISIONS, GObject)

/* @folder: $XDG_STATE_HOME/cardea; it is made with the first permanent decision. */
CardeaDecisions *cardea_decisions_new (const char *folder);
/* Once, at the start; blocks for the disk. What is wrong with the file is a problem, not an error: there are
 * no decisions then. */
void cardea_decisions_load (CardeaDecisions *self);
/* A new list of CardeaReason, empty where all is well. */
GPtrArray *cardea_decisions_get_problems (CardeaDecisions *self);

/* The decision for exactly this, or NULL; borrowed, until anything is changed. One of the session comes
 * before a permanent one. */
const CardeaRemembered *cardea_decisions_find (CardeaDecisions *self, const CardeaRememberedKey *key);
/* Takes the reference. Another for the same takes its place: one for good ends one of the session as well.
 * Where there are too many, the one that was not used for longest makes room. */
void cardea_decisions_add (CardeaDecisions *self, CardeaRemembered *remembered);
/* It was followed silently. @now: Unix seconds. An unknown id does nothing. */
void cardea_decisions_note_used (CardeaDecisions *self, const char *id, gint64 now);
/* A new list of all, with references: those of the session first. */
GPtrArray *cardea_decisions_list (CardeaDecisions *self);

/* Each returns how many were forgotten. They are gone at once; that they do not come back with the next start
 * is certain after a flush. */
guint cardea_decisions_forget (CardeaDecisions *self, const char *id);
guint cardea_decisions_forget_all (CardeaDecisions *self);
/* Ends what was to last until @token_uri is removed, or until any token is. */
guint cardea_decisions_forget_token (CardeaDecisions *self, const char *token_uri);

/* TRUE once all that changed so far is on the disk. An error says why it is not, and that it is kept in
 * memory; it is tried again by itself. */
void cardea_decisions_flush_async (CardeaDecisions *self, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);
gboolean cardea_decisions_flush_finish (CardeaDecisions *self, GAsyncResult *result, GError **error);
/* The same, blocking: when the agent ends. */
gboolean cardea_decisions_flush (CardeaDecisions *self, GError **error);

G_END_DECLS
