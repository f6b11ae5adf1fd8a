/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Has the desktop show one notification: @title, @body without markup (one line each, whoever wrote it), and
 * the name of an icon. @replaces: the number of an earlier one, or 0. Nothing is started for it where there
 * is no session bus. */
void cardea_notification_send_async (const char *title, const char *body, const char *icon, guint32 replaces,
                                     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
/* Its number, or 0 with an error. */
guint32 cardea_notification_send_finish (GAsyncResult *result, GError **error);

G_END_DECLS
