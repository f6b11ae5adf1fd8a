/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* When a process that keeps dying may be started again. Pure: times are monotonic microseconds, given. */
typedef struct
{
  gint64 deaths[3]; /* the latest last; 0 where there was none */
  gint64 retry;     /* not before this, or 0 */
  guint exponent;
} CardeaHostBackoff;

void cardea_host_backoff_note_death (CardeaHostBackoff *self, gint64 now);
/* Milliseconds until it may be started by itself; 0: now. */
guint64 cardea_host_backoff_wait_ms (const CardeaHostBackoff *self, gint64 now);
/* The same for somebody who asks: once a second is always allowed. */
guint64 cardea_host_backoff_wait_asked_ms (const CardeaHostBackoff *self, gint64 now);

G_END_DECLS
