/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notices: a remembered decision is used silently, but not secretly. Programs connect by the dozen, and a
 * notice for each would be read by nobody, so that the same one is not shown again for a while. */

#include "agent/prompt/notices.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "agent/base/printable.h"
#include "agent/base/session-bus.h"
#include "agent/prompt/notification.h"
#include "socket-api/limits.h"

struct _CardeaNotices
{
  GCancellable *cancellable;
  GHashTable *told; /* what, as a string -> gint64 *, when; at most CARDEA_LIMIT_NOTICES */
};

CardeaNotices *
cardea_notices_new (void)
{
  CardeaNotices *self = g_new0 (CardeaNotices, 1);

  self->cancellable = g_cancellable_new ();
  self->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
cardea_notices_free (CardeaNotices *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_hash_table_unref (self->told);
  g_free (self);
}

static gboolean
is_over (gpointer key, gpointer value, gpointer now)
{
  return *(gint64 *)now - *(gint64 *)value >= CARDEA_LIMIT_NOTICE_MS * G_GINT64_CONSTANT (1000);
}

/* FALSE: it was told lately, or too much was. */
static gboolean
note_told (CardeaNotices *self, const char *what)
{
  gint64 now = g_get_monotonic_time ();

  g_hash_table_foreach_remove (self->told, is_over, &now);
  if (g_hash_table_contains (self->told, what) || g_hash_table_size (self->told) >= CARDEA_LIMIT_NOTICES)
    return FALSE;
  g_hash_table_insert (self->told, g_strdup (what), g_memdup2 (&now, sizeof now));
  return TRUE;
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (cardea_notification_send_finish (result, &error) == 0 && error != NULL)
    g_debug ("The desktop shows no notification: %s", error->message);
}

void
cardea_notices_tell_used (CardeaNotices *self, const char *program, const char *server_name, guint16 port,
                          const char *holder)
{
  g_autofree char *what = g_strdup_printf ("%s\n%s:%u\n%s", program, server_name, port, holder);
  g_autofree char *shown_program = cardea_printable (program, -1);
  g_autofree char *shown_holder = cardea_printable (holder, -1);
  g_autofree char *bus = cardea_session_bus_find ();
  g_autofree char *body = NULL;

  if (bus == NULL || !note_told (self, what))
    return;
  /* Translators: the holder of the certificate, the program, the server and its port. */
  body = g_strdup_printf (_ ("“%s” was shown by %s to %s:%u, as you decided before."), shown_holder,
                          shown_program, server_name, port);
  cardea_notification_send_async (_ ("Certificate used"), body, "dialog-password-symbolic", 0,
                                  self->cancellable, on_sent, NULL);
}
