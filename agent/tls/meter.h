/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <prio.h>

G_BEGIN_DECLS

/* How many more pieces NSS may take from the network in one call. */
typedef struct
{
  guint left;
  gboolean ran_out;
} CardeaMeter;

/* Puts a layer over @tcp that counts; both are closed with what is put on top of it. Nothing is limited until
 * cardea_meter_limit(). @self must live as long. FALSE: out of memory, and nothing changed. */
gboolean cardea_meter_attach (CardeaMeter *self, PRFileDesc *tcp);
/* Before a call that may receive: at most a few records in it, then PR_WOULD_BLOCK_ERROR with @ran_out set.
 */
void cardea_meter_limit (CardeaMeter *self);
/* Nothing is received until cardea_meter_resume(), and from then on without a limit. */
void cardea_meter_pause (CardeaMeter *self);
void cardea_meter_resume (CardeaMeter *self);

G_END_DECLS
