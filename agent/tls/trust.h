/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whom to believe about servers: an immutable, reference-counted snapshot of authorities, all in memory. A
 * connection keeps the one it began with. Thread-safe. */
typedef struct _CardeaTrust CardeaTrust;

CardeaTrust *cardea_trust_new (void);
CardeaTrust *cardea_trust_ref (CardeaTrust *self);
void cardea_trust_unref (CardeaTrust *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTrust, cardea_trust_unref)

/* Only while it is being built, by the one who made it. @source names who vouches: "system", "nss-database",
 * "config", "program". Errors: G_IO_ERROR_INVALID_DATA for what is no certificate. */
gboolean cardea_trust_add_anchor (CardeaTrust *self, GBytes *der, const char *source, GError **error);
/* Known certificates that may complete a chain. */
gboolean cardea_trust_add_intermediate (CardeaTrust *self, GBytes *der, GError **error);
/* Wins over everything: a chain with it is refused. */
void cardea_trust_add_distrusted (CardeaTrust *self, GBytes *der);
/* Every certificate of a PEM file as an anchor. Errors: as above, and those of reading; a file without any is
 * an error. */
gboolean cardea_trust_add_file (CardeaTrust *self, const char *path, const char *source, GError **error);
guint cardea_trust_count_anchors (const CardeaTrust *self);

G_END_DECLS
