/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The one type that holds a PIN: immutable, reference-counted, by length (no terminator is promised), on
 * pages of its own that are locked, excluded from core dumps and from children (MADV_DONTDUMP,
 * MADV_WIPEONFORK), and erased before they are given back. If the pages cannot be locked the call fails.
 * Thread-safe. */
typedef struct _CardeaSecret CardeaSecret;

/* Reads raw bytes from @fd until its end, straight into locked pages. More than @max_bytes is an error, and
 * so is nothing at all. A single trailing newline is dropped when @strip_newline is set (files written with
 * an editor). Does not close @fd. Blocks until the end of @fd or until @timeout_ms passed (0: no wait at all;
 * -1: no limit). Errors: G_IO_ERROR_INVALID_DATA (empty, too long, NUL inside), G_IO_ERROR_TIMED_OUT,
 * G_IO_ERROR_NO_SPACE (locking). */
CardeaSecret *cardea_secret_new_from_fd (int fd, gsize max_bytes, gboolean strip_newline, int timeout_ms,
                                         GError **error);

/* Copies @length bytes. The caller erases its own copy. */
CardeaSecret *cardea_secret_new (const void *bytes, gsize length, GError **error);
CardeaSecret *cardea_secret_ref (CardeaSecret *self);
void cardea_secret_unref (CardeaSecret *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaSecret, cardea_secret_unref)

/* The bytes stay valid and locked as long as a reference is held. Never print, copy or compare them
 * elsewhere. */
const guint8 *cardea_secret_peek (const CardeaSecret *self, gsize *length);
gsize cardea_secret_get_length (const CardeaSecret *self);
/* In constant time for equal lengths. */
gboolean cardea_secret_equal (const CardeaSecret *a, const CardeaSecret *b);

/* Makes the read end of a pipe that yields the raw bytes and then ends: how a secret crosses to another
 * process. The secret fits a pipe's buffer, so nothing blocks. -1 and @error on failure. */
int cardea_secret_to_pipe (const CardeaSecret *self, GError **error);

/* First thing in main() of each process that may hold a secret: not dumpable, no core file, and nobody is
 * tracing it. Errors: G_IO_ERROR_PERMISSION_DENIED when a tracer is attached (never under ASan/TSan builds'
 * own tracer). */
gboolean cardea_secret_protect_process (GError **error);

G_END_DECLS
