/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/grant-handle.h"
#include "agent/hosts/sign-call.h"
#include "agent/pin/unlock-job.h"

G_BEGIN_DECLS

/* @owner is kept alive and owns @world and @record. @template: may have a terminal. Its task, whose source is
 * @owner, returns the grant, or an error as of cardea_unlocker_unlock_async(). */
CardeaGrant *cardea_grant_new (GObject *owner, const CardeaUnlockWorld *world, CardeaPinRecord *record,
                               CardeaToken *token, const CardeaPinQuestion *template,
                               GCancellable *cancellable, GTask *task);
/* Instead of a login that is held it makes one signature, with the PIN that the key of @call wants for it;
 * the task then returns that. @typed: what was typed just now, so that nobody is asked before it was refused;
 * or NULL. Before it is started. */
void cardea_grant_set_call (CardeaGrant *self, CardeaSignCall *call, CardeaSecret *typed);
/* @done: once, when it asks no more; before that the task returns nothing. */
void cardea_grant_start (CardeaGrant *self, void (*done) (CardeaGrant *grant, gpointer data), gpointer data);
/* Tokens came or went: a question about one that is gone is withdrawn. */
void cardea_grant_look (CardeaGrant *self);

G_END_DECLS
