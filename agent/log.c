/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The log.
 *
 * What goes wrong is logged in the words of the error, and those name tokens, files and servers. GLib's
 * writers let line breaks through, so whoever names a token could forge our entries. It is cared for here,
 * once, and not at each message. */
#include "agent/log.h"

#include "agent/base/printable.h"

GLogWriterOutput
cardea_log_write (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  g_autofree GLogField *copy = g_memdup2 (fields, n_fields * sizeof *fields);
  g_autofree char *message = NULL;

  for (gsize i = 0; i < n_fields; i++) {
    if (message || !g_str_equal (copy[i].key, "MESSAGE"))
      continue;
    message = cardea_printable (copy[i].value, copy[i].length);
    copy[i].value = message;
    copy[i].length = -1;
  }

  return g_log_writer_default (level, copy, n_fields, user_data);
}
