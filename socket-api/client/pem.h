/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A file of certificates is read up to this size. */
#define CARDEA_PEM_FILE_BYTES (8 * 1024 * 1024)

/* The certificates of @bytes as DER (GBytes): PEM (RFC 7468; blocks of other kinds and text between blocks
 * are skipped), or the DER of exactly one. Never an empty array. That each is one whole DER SEQUENCE is
 * checked, no more. Errors: G_IO_ERROR_INVALID_DATA, with the line. */
GPtrArray *cardea_pem_parse_certificates (const void *bytes, gsize length, GError **error);

/* The same of a file; @path is a file or a pipe of at most CARDEA_PEM_FILE_BYTES. Errors: also those of
 * G_IO_ERROR from opening and reading; the message names the file. */
GPtrArray *cardea_pem_load_certificates (const char *path, GError **error);

G_END_DECLS
