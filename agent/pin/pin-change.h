/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/unlock-job.h"

G_BEGIN_DECLS

/* One token's new PIN, from the question to what the token says of it. Main loop only. */
typedef struct _CardeaPinChange CardeaPinChange;

/* @owner is kept alive and owns @world and @record. @template: who asks, and where. Its task, whose source is
 * @owner, returns TRUE, or an error as of cardea_unlocker_set_pin_async(). */
CardeaPinChange *cardea_pin_change_new (GObject *owner, const CardeaUnlockWorld *world,
                                        CardeaPinRecord *record, CardeaToken *token, CardeaPinAction action,
                                        const CardeaPinQuestion *template, GCancellable *cancellable,
                                        GTask *task);
/* @done: once, before the task returns; it frees itself then. */
void cardea_pin_change_start (CardeaPinChange *self, void (*done) (CardeaPinChange *change, gpointer data),
                              gpointer data);
/* Tokens came or went: a question about one that is gone is withdrawn. */
void cardea_pin_change_look (CardeaPinChange *self);

G_END_DECLS
