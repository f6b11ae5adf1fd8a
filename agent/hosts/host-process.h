/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One child process and our end of its socket. Main loop only. */
typedef struct _CardeaHostProcess CardeaHostProcess;

/* Runs in the loop of @context once the process ended by itself; it is reaped. */
typedef void (*CardeaHostProcessEnded) (gpointer data);

/* @arguments: argv. @socket receives our end, non-blocking and CLOEXEC, the caller's; the child has the other
 * as its descriptor 3. The child has no other descriptor but standard ones, no terminal, default signals and
 * just
 * @environment. Errors: G_IO_ERROR. */
CardeaHostProcess *cardea_host_process_new (const char *const *arguments, const char *const *environment,
                                            GMainContext *context, CardeaHostProcessEnded ended,
                                            gpointer data, int *socket, GError **error);
GPid cardea_host_process_get_pid (const CardeaHostProcess *self);

/* Kills the process if it lives, reaps it and frees @self; no callback. Returns what a person should know
 * about its end ("signal 11 (Segmentation fault)", "exit code 1"), from before the kill where there is such.
 */
char *cardea_host_process_end (CardeaHostProcess *self);

G_END_DECLS
