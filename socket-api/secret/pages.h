/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Memory for a secret that is being made: whole pages, locked, left out of core dumps and wiped in children
 * (MADV_DONTDUMP, MADV_WIPEONFORK). What is whole belongs into a CardeaSecret. */

/* At least *@size bytes of zeros; *@size becomes what there is. NULL and G_IO_ERROR_NO_SPACE if the kernel
 * refuses any of it. */
guint8 *cardea_pages_new (gsize *size, GError **error);
/* Erases them first; they may have been made read-only. @pages may be NULL. */
void cardea_pages_free (guint8 *pages, gsize size);

G_END_DECLS
