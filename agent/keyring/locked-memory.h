/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether the kernel keeps all of these bytes in memory (mlock(2)), by its own word. Reads /proc, which does
 * not block. FALSE also when it cannot tell. */
gboolean cardea_memory_is_locked (const void *address, gsize length);

G_END_DECLS
