/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "agent/base/source.h"

void
cardea_source_clear (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

GSource *
cardea_source_attach_timer (GMainContext *context, gint64 microseconds, GSourceFunc callback, gpointer data)
{
  guint milliseconds = (guint)CLAMP (microseconds / 1000, 0, G_MAXINT);
  GSource *source = g_timeout_source_new (milliseconds);

  g_source_set_callback (source, callback, data, NULL);
  g_source_attach (source, context);
  return source;
}
