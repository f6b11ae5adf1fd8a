/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notices: a remembered decision is used silently, but not secretly.
 *
 * They go to org.freedesktop.Notifications on the session's bus, if there is one. A desktop without it, or
 * one that hangs, is no reason to hold up a connection: nobody waits for the answer. Programs connect by the
 * dozen, and a notice for each would be read by nobody, so that the same one is not shown again for a while.
 */

#include "agent/prompt/notices.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "agent/base/printable.h"
#include "agent/base/session-bus.h"
#include "socket-api/limits.h"

#define CALL_MS 5000

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
on_notified (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    g_debug ("The desktop shows no notification: %s", error->message);
}

/* The body may hold markup, whatever the desktop makes of it: what programs and servers say must not. */
static GVariant *
make_arguments (const char *body)
{
  g_autofree char *escaped = g_markup_escape_text (body, -1);
  GVariantBuilder hints;

  g_variant_builder_init (&hints, G_VARIANT_TYPE ("a{sv}"));
  g_variant_builder_add (&hints, "{sv}", "urgency", g_variant_new_byte (0));
  g_variant_builder_add (&hints, "{sv}", "transient", g_variant_new_boolean (TRUE));
  return g_variant_new ("(susss@asa{sv}i)", "Cardea", 0u, "dialog-password-symbolic", _ ("Certificate used"),
                        escaped, g_variant_new_strv (NULL, 0), &hints, -1);
}

typedef struct
{
  GCancellable *cancellable;
  GVariant *arguments;
} Notice;

/* As it comes, the bus would take the agent along when it ends, with all streams. */
static void
send_notice (GDBusConnection *bus, const Notice *notice)
{
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  g_dbus_connection_call (bus, "org.freedesktop.Notifications", "/org/freedesktop/Notifications",
                          "org.freedesktop.Notifications", "Notify", notice->arguments,
                          G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, CALL_MS, notice->cancellable,
                          on_notified, NULL);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer data)
{
  Notice *notice = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_finish (result, &error);

  if (bus != NULL)
    send_notice (bus, notice);
  else
    g_debug ("There is no session bus for notifications: %s", error->message);
  g_variant_unref (notice->arguments);
  g_object_unref (notice->cancellable);
  g_free (notice);
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
  Notice *notice;

  if (bus == NULL || !note_told (self, what))
    return;
  /* Translators: the holder of the certificate, the program, the server and its port. */
  body = g_strdup_printf (_ ("“%s” was shown by %s to %s:%u, as you decided before."), shown_holder,
                          shown_program, server_name, port);
  notice = g_new0 (Notice, 1);
  notice->cancellable = g_object_ref (self->cancellable);
  notice->arguments = g_variant_ref_sink (make_arguments (body));
  g_bus_get (G_BUS_TYPE_SESSION, self->cancellable, on_bus, notice);
}
