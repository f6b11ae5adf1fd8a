/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* That a token came or went is told for each reader in one notification, whose words change: a loose contact
 * inserts a card twenty times a second, and only the last word counts. The desktop gets the next one when it
 * has shown the last and some time is over. */

#include "agent/prompt/token-notices.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "agent/base/printable.h"
#include "agent/prompt/notification.h"
#include "socket-api/limits.h"

#define SHOWN_CHARACTERS 64 /* of a label, and of a reader's name */

struct _CardeaTokenNotices
{
  GCancellable *cancellable;
  GHashTable *places; /* name -> Place; at most CARDEA_LIMIT_NOTICES */
};

/* Reference-counted, since the desktop may answer when nobody is interested any more. */
typedef struct
{
  GCancellable *cancellable;
  guint32 number;    /* of the notification that is shown; 0: none */
  gboolean sending;  /* the desktop has not answered yet */
  guint rest;        /* source; 0: another may be sent */
  gboolean over;     /* nothing is sent any more */
  const char *title; /* of what is to be told next */
  char *body;        /* the same; NULL: nothing is */
} Place;

static void
clear_place (gpointer data)
{
  Place *self = data;

  g_object_unref (self->cancellable);
  g_free (self->body);
}

static void
drop_place (gpointer data)
{
  Place *self = data;

  self->over = TRUE;
  g_clear_handle_id (&self->rest, g_source_remove);
  g_rc_box_release_full (self, clear_place);
}

CardeaTokenNotices *
cardea_token_notices_new (void)
{
  CardeaTokenNotices *self = g_new0 (CardeaTokenNotices, 1);

  self->cancellable = g_cancellable_new ();
  self->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, drop_place);
  return self;
}

void
cardea_token_notices_free (CardeaTokenNotices *self)
{
  g_hash_table_unref (self->places);
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_free (self);
}

static void pump (Place *self);

static gboolean
on_rest_over (gpointer data)
{
  Place *self = data;

  self->rest = 0;
  pump (self);
  return G_SOURCE_REMOVE;
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  Place *self = data;
  g_autoptr (GError) error = NULL;

  self->number = cardea_notification_send_finish (result, &error);
  self->sending = FALSE;
  if (error != NULL)
    g_debug ("The desktop shows no notification: %s", error->message);
  if (!self->over)
    self->rest = g_timeout_add (CARDEA_LIMIT_TOKEN_NOTICE_MS, on_rest_over, self);
  g_rc_box_release_full (self, clear_place);
}

static void
pump (Place *self)
{
  g_autofree char *body = NULL;

  if (self->sending || self->rest != 0 || self->body == NULL)
    return;
  body = g_steal_pointer (&self->body);
  self->sending = TRUE;
  cardea_notification_send_async (self->title, body, "auth-smartcard-symbolic", self->number,
                                  self->cancellable, on_sent, g_rc_box_acquire (self));
}

static gboolean
is_idle (gpointer key, gpointer value, gpointer data)
{
  const Place *place = value;

  return !place->sending && place->rest == 0;
}

/* NULL: too many are told of. */
static Place *
obtain_place (CardeaTokenNotices *self, const char *name)
{
  Place *place = g_hash_table_lookup (self->places, name);

  if (place != NULL)
    return place;
  if (g_hash_table_size (self->places) >= CARDEA_LIMIT_NOTICES)
    g_hash_table_foreach_remove (self->places, is_idle, NULL);
  if (g_hash_table_size (self->places) >= CARDEA_LIMIT_NOTICES)
    return NULL;
  place = g_rc_box_new0 (Place);
  place->cancellable = g_object_ref (self->cancellable);
  g_hash_table_insert (self->places, g_strdup (name), place);
  return place;
}

static char *
make_shown (const char *text)
{
  g_autofree char *printable = cardea_printable (text, -1);
  g_autofree char *begin = NULL;

  if (g_utf8_strlen (printable, -1) <= SHOWN_CHARACTERS)
    return g_steal_pointer (&printable);
  begin = g_utf8_substring (printable, 0, SHOWN_CHARACTERS - 1);
  return g_strconcat (begin, "…", NULL);
}

void
cardea_token_notices_tell (CardeaTokenNotices *self, gboolean came, const char *label, const char *place_name)
{
  g_autofree char *shown_label = make_shown (label);
  g_autofree char *shown_place = make_shown (place_name);
  Place *place = obtain_place (self, place_name);

  if (place == NULL)
    return;
  g_free (place->body);
  place->title = came ? _ ("Token inserted") : _ ("Token removed");
  if (*shown_label == '\0')
    place->body = g_steal_pointer (&shown_place);
  else /* Translators: the name of a token, and of the reader that it is in or was in */
    place->body = g_strdup_printf (_ ("“%s”, %s"), shown_label, shown_place);
  pump (place);
}
