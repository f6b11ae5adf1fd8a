/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "agent/base/reason.h"

G_BEGIN_DECLS

/* The one shape that p11-kit's *.module files and NSS's pkcs11.txt share: settings, one a line. */

#define CARDEA_LIMIT_MODULE_FILE_BYTES (64 * 1024)

/* The whole file as text. Errors: G_FILE_ERROR_NOENT where there is none; G_IO_ERROR_INVALID_DATA for what is
 * no ordinary file, is too large, or is not UTF-8 text. Never blocks on a pipe or a device. */
char *cardea_module_lines_read (const char *path, GError **error);

typedef enum
{
  CARDEA_MODULE_LINE_BLANK,
  CARDEA_MODULE_LINE_COMMENT,
  CARDEA_MODULE_LINE_SETTING,
  CARDEA_MODULE_LINE_MALFORMED,
} CardeaModuleLine;

/* Parses one line in place: @name and @value point into it, without surrounding blanks. */
CardeaModuleLine cardea_module_line_parse (char *line, char separator, char **name, char **value);

G_END_DECLS
