/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "agent/base/config.h"
#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* One PIN source of the configuration. Thread-safe, reference-counted. */
typedef struct _CardeaPinSource CardeaPinSource;

/* What tells a source from the same source after somebody changed it; never anything of the PIN itself. */
typedef struct
{
  guint64 inode;
  gint64 mtime_ns;
  gint64 size;
} CardeaPinIdentity;

/* A source as it was found: opened, not read yet. */
typedef struct
{
  CardeaPinIdentity identity;
  int fd; /* -1 for a descriptor that was read before */
} CardeaPinOpened;

CardeaPinSource *cardea_pin_source_new (const CardeaPinSourceConfig *config);
CardeaPinSource *cardea_pin_source_ref (CardeaPinSource *self);
void cardea_pin_source_unref (CardeaPinSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaPinSource, cardea_pin_source_unref)

const char *cardea_pin_source_get_name (const CardeaPinSource *self);
const char *cardea_pin_source_get_token (const CardeaPinSource *self);
/* Whether the configuration still means this very source. */
gboolean cardea_pin_source_is (const CardeaPinSource *self, const CardeaPinSourceConfig *config);

/* Opens the source and looks at what was opened: a file must be regular, ours and readable by nobody else.
 * Does not block. Errors: G_IO_ERROR codes with a whole sentence. */
gboolean cardea_pin_source_open (CardeaPinSource *self, CardeaPinOpened *opened, GError **error);
/* Reads the PIN and closes what was opened, also on failure. May block for a descriptor, 10 s at most: for a
 * worker. Errors: those of cardea_secret_new_from_fd(). */
CardeaSecret *cardea_pin_source_read (CardeaPinSource *self, CardeaPinOpened *opened, GError **error);
/* Its PIN was refused: a descriptor's is erased, and the source is of no use any more. */
void cardea_pin_source_refuse (CardeaPinSource *self);

G_END_DECLS
