/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/login.h"
#include "agent/pin/record.h"
#include "agent/pin/unlock-world.h"

G_BEGIN_DECLS

/* One token being unlocked, for as many as wait for it. Main loop only. */
typedef struct _CardeaUnlockJob CardeaUnlockJob;

typedef void (*CardeaUnlockDone) (CardeaUnlockJob *job, gpointer data);

/* @owner is kept alive and owns @world and @record. @done: once, before the waiters hear; the job frees
 * itself then. */
CardeaUnlockJob *cardea_unlock_job_new (GObject *owner, const CardeaUnlockWorld *world,
                                        CardeaPinRecord *record, CardeaToken *token, CardeaUnlockDone done,
                                        gpointer data);
/* @task (taken) ends with the job, or when @cancellable fires. */
void cardea_unlock_job_join (CardeaUnlockJob *self, GTask *task, guint64 generation,
                             const CardeaPinQuestion *template, gboolean may_ask, GCancellable *cancellable);
/* What was typed for the one whose question it was, once @task has returned; or NULL. */
CardeaSecret *cardea_unlock_job_dup_typed (GTask *task);
void cardea_unlock_job_start (CardeaUnlockJob *self);
/* A person is being asked, for as long as they take. */
gboolean cardea_unlock_job_is_asking (const CardeaUnlockJob *self);
/* Tokens came or went: a question about one that is gone is withdrawn. */
void cardea_unlock_job_look (CardeaUnlockJob *self);

G_END_DECLS
