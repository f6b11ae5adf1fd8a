/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Those who wait until every host has answered. Main loop only. */
typedef struct _CardeaSettlers CardeaSettlers;

CardeaSettlers *cardea_settlers_new (void);
/* Whoever still waits is told that it was cancelled. */
void cardea_settlers_free (CardeaSettlers *self);

/* Takes @task: it returns TRUE at release or after @timeout_ms, an error once its cancellable fires. */
void cardea_settlers_add (CardeaSettlers *self, GTask *task, guint timeout_ms);
void cardea_settlers_release (CardeaSettlers *self);

G_END_DECLS
