/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether the person may have gone: a session of ours was locked, or the machine is about to sleep. Heard
 * from systemd-logind (org.freedesktop.login1(5)) and from the session's screen saver; where there is none
 * nothing is ever told. Main loop only. */
typedef struct _CardeaLockWatch CardeaLockWatch;

/* @absent: for each time. Sleep waits (logind's "delay" inhibitor) until let_sleep() was called after it, and
 * for as long as logind lets it. */
CardeaLockWatch *cardea_lock_watch_new (void (*absent) (gpointer data), gpointer data);
void cardea_lock_watch_let_sleep (CardeaLockWatch *self);
void cardea_lock_watch_free (CardeaLockWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaLockWatch, cardea_lock_watch_free)

G_END_DECLS
