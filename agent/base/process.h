/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One child process. Main loop only. */
typedef struct _CardeaProcess CardeaProcess;

#define CARDEA_PROCESS_DESCRIPTORS 4 /* that can be given */

/* Runs in the loop of @context once the process ended by itself; it is reaped. */
typedef void (*CardeaProcessEnded) (gpointer data);

/* @arguments: argv. The child has @descriptors, which stay the caller's, as its own from 3 on, in their
 * order; no other but standard ones, no terminal, default signals and just @environment. It is the leader of
 * a session. Errors: G_IO_ERROR. */
CardeaProcess *cardea_process_new (const char *const *arguments, const char *const *environment,
                                   const int *descriptors, guint n_descriptors, GMainContext *context,
                                   CardeaProcessEnded ended, gpointer data, GError **error);
GPid cardea_process_get_pid (const CardeaProcess *self);

/* Kills the process if it lives, with what it started, reaps it and frees @self; no callback. Returns what a
 * person should know about its end ("signal 11 (Segmentation fault)", "exit code 1"), from before the kill
 * where there is such. */
char *cardea_process_end (CardeaProcess *self);

G_END_DECLS
