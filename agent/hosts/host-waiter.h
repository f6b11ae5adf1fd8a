/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Somebody who waits for an asynchronous call of a host, and may stop doing so: the task is returned once,
 * with CARDEA_ERROR_CANCELLED as soon as its cancellable fires. Main loop only. */
typedef struct _CardeaHostWaiter CardeaHostWaiter;

/* Takes @task. */
CardeaHostWaiter *cardea_host_waiter_new (GTask *task);
/* Each frees @self and does nothing more when the waiter left before. Nothing is taken. */
void cardea_host_waiter_fail (CardeaHostWaiter *self, const GError *error);
void cardea_host_waiter_return_true (CardeaHostWaiter *self);
void cardea_host_waiter_return_pointer (CardeaHostWaiter *self, gpointer result, GDestroyNotify destroy);

G_END_DECLS
