/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* For g_log_set_writer_func(): GLib's own writer, with each message made printable. */
GLogWriterOutput cardea_log_write (GLogLevelFlags level, const GLogField *fields, gsize n_fields,
                                   gpointer user_data);

G_END_DECLS
