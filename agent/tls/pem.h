/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The certificates of a PEM file (RFC 7468), each as DER (GBytes), none of them parsed further. Other blocks
 * and text between them are skipped. At most 8 MiB of a regular file are read. Errors: those of GIO and of
 * reading; G_IO_ERROR_INVALID_DATA for a block that is not whole and for a file without any. */
GPtrArray *cardea_pem_read_certificates (const char *path, GError **error);
/* The same of a file that is open, which stays so; @path is for messages. */
GPtrArray *cardea_pem_read_certificates_from (int fd, const char *path, GError **error);

#define CARDEA_PEM_LIST "X509 CRL"

/* The blocks of this label in text that was read, each as DER (GBytes); there may be none. @path is for
 * messages. Errors: G_IO_ERROR_INVALID_DATA for a block that is not whole. */
GPtrArray *cardea_pem_parse (const char *text, const char *label, const char *path, GError **error);

G_END_DECLS
