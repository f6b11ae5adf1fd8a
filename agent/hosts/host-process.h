/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/process.h"

G_BEGIN_DECLS

/* Starts a token host. @socket receives our end of its socket, non-blocking and CLOEXEC, the caller's; the
 * child has the other as its descriptor 3. Errors: G_IO_ERROR. */
CardeaProcess *cardea_host_process_new (const char *const *arguments, const char *const *environment,
                                        GMainContext *context, CardeaProcessEnded ended, gpointer data,
                                        int *socket, GError **error);

G_END_DECLS
