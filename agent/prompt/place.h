/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whether the user has a display on which questions can be shown. CARDEA_LIMIT_DISPLAY_MS at most. Main loop
 * only. */
void cardea_place_has_display_async (GAsyncReadyCallback callback, gpointer data);
gboolean cardea_place_has_display_finish (GAsyncResult *result);

G_END_DECLS
