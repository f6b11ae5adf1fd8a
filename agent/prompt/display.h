/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a prompt needs to know of the user's session: which display, and how it looks. */
typedef struct
{
  char **environment;        /* of the user's systemd manager, or NULL */
  const char *colour_scheme; /* "light", "dark", or NULL */
} CardeaDisplay;

void cardea_display_free (CardeaDisplay *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaDisplay, cardea_display_free)

/* Asks on the session bus, CARDEA_LIMIT_DISPLAY_MS at most; what did not come by then is NULL. Main loop
 * only. */
void cardea_display_look_up_async (GAsyncReadyCallback callback, gpointer data);
/* Never NULL. */
CardeaDisplay *cardea_display_look_up_finish (GAsyncResult *result);

/* The whole environment of a prompt: from @own (ours) by an allow-list; the display from @manager where that
 * has one, else from @own too; nothing from the caller but @activation_token (or NULL). */
char **cardea_display_make_environment (const char *const *own, const char *const *manager,
                                        const char *activation_token);

G_END_DECLS
