/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef void (*CardeaWork) (gpointer data);

/* Runs @work on a thread, then @done in @context, in this order and each once. Their data must live until
 * then. */
void cardea_worker_run (GMainContext *context, CardeaWork work, gpointer work_data, CardeaWork done,
                        gpointer done_data);

G_END_DECLS
