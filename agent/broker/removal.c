/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who takes a token away wants to be gone from where it let them in; that is what "log out by pulling the
 * card" means. TLS itself needs the token no more, so it is for us to see to it. */

#include "agent/broker/removal.h"

typedef struct
{
  CardeaRemoval *owner;
  CardeaSession *session;              /* borrowed: the broker's until it ends */
  CardeaTokenCertificate *certificate; /* what it was authenticated with */
  gulong ended_id;
  guint timer; /* source; 0: its token is there, or not known to be gone */
} Watched;

struct _CardeaRemoval
{
  CardeaCatalogue *catalogue;
  gulong changed_id;
  gboolean keep;
  guint grace_seconds;
  GPtrArray *watched; /* of Watched */
};

static void
watched_free (gpointer data)
{
  Watched *self = data;

  g_clear_handle_id (&self->timer, g_source_remove);
  g_signal_handler_disconnect (self->session, self->ended_id);
  cardea_token_certificate_unref (self->certificate);
  g_free (self);
}

/* The same certificate on such a token, as it is listed now, whoever put it back; NULL: there is none. */
static CardeaTokenCertificate *
find_back (Watched *self)
{
  g_autoptr (GPtrArray) certificates = cardea_catalogue_get_certificates (self->owner->catalogue);
  const char *sha256 = cardea_certificate_get_sha256 (self->certificate->certificate);

  for (guint i = 0; i < certificates->len; i++) {
    CardeaTokenCertificate *other = certificates->pdata[i];

    if (g_str_equal (cardea_certificate_get_sha256 (other->certificate), sha256) &&
        g_str_equal (other->token->uri, self->certificate->token->uri))
      return cardea_token_certificate_ref (other);
  }
  return NULL;
}

static void
stop (CardeaSession *session)
{
  g_message ("The token of the connection to %s:%u was taken away", cardea_session_get_server_name (session),
             cardea_session_get_port (session));
  cardea_session_stop (session, CARDEA_END_TOKEN_REMOVED);
}

static gboolean
on_grace_over (gpointer data)
{
  Watched *self = data;
  g_autoptr (CardeaSession) session = g_object_ref (self->session);

  self->timer = 0;
  stop (session);
  return G_SOURCE_REMOVE;
}

/* Its token is gone: TRUE when the session ends at once. One that is back in time is watched from then on. */
static gboolean
take_gone (Watched *self)
{
  CardeaTokenCertificate *back;

  if (self->owner->grace_seconds == 0)
    return TRUE;
  back = find_back (self);
  if (back != NULL) {
    cardea_token_certificate_unref (self->certificate);
    self->certificate = back;
    g_clear_handle_id (&self->timer, g_source_remove);
  } else if (self->timer == 0) {
    self->timer = g_timeout_add_seconds (self->owner->grace_seconds, on_grace_over, self);
  }
  return FALSE;
}

/* TRUE when the session ends at once. */
static gboolean
is_over (Watched *self)
{
  CardeaPresence presence = cardea_catalogue_get_presence (self->owner->catalogue, self->certificate->token);

  if (self->owner->keep || presence == CARDEA_PRESENCE_HERE) {
    g_clear_handle_id (&self->timer, g_source_remove);
    return FALSE;
  }
  return presence == CARDEA_PRESENCE_GONE && take_gone (self);
}

/* A session may leave while it is stopped. */
static void
look (CardeaRemoval *self)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->watched->len; i++) {
    Watched *watched = self->watched->pdata[i];

    if (is_over (watched) && !g_ptr_array_find (gone, watched->session, NULL))
      g_ptr_array_add (gone, g_object_ref (watched->session));
  }
  for (guint i = 0; i < gone->len; i++)
    stop (gone->pdata[i]);
}

static void
on_ended (CardeaSession *session, gpointer data)
{
  Watched *self = data;

  g_ptr_array_remove_fast (self->owner->watched, self);
}

static gboolean
is_watched (CardeaRemoval *self, CardeaSession *session, CardeaTokenCertificate *certificate)
{
  for (guint i = 0; i < self->watched->len; i++) {
    const Watched *watched = self->watched->pdata[i];

    if (watched->session == session && watched->certificate == certificate)
      return TRUE;
  }
  return FALSE;
}

void
cardea_removal_add (CardeaRemoval *self, CardeaSession *session)
{
  CardeaTokenCertificate *certificate = cardea_session_get_certificate (session);
  Watched *watched;

  if (certificate == NULL || is_watched (self, session, certificate))
    return;
  watched = g_new0 (Watched, 1);
  watched->owner = self;
  watched->session = session;
  watched->certificate = cardea_token_certificate_ref (certificate);
  watched->ended_id = g_signal_connect (session, "ended", G_CALLBACK (on_ended), watched);
  g_ptr_array_add (self->watched, watched);
  if (is_over (watched)) /* it went while the connection was made */
    stop (session);
}

void
cardea_removal_set_config (CardeaRemoval *self, CardeaConfig *config)
{
  self->keep = cardea_config_get_keep_after_removal (config);
  self->grace_seconds = cardea_config_get_removal_grace_seconds (config);
}

CardeaRemoval *
cardea_removal_new (CardeaCatalogue *catalogue)
{
  CardeaRemoval *self = g_new0 (CardeaRemoval, 1);

  self->catalogue = g_object_ref (catalogue);
  self->changed_id = g_signal_connect_swapped (catalogue, "changed", G_CALLBACK (look), self);
  self->watched = g_ptr_array_new_with_free_func (watched_free);
  return self;
}

void
cardea_removal_free (CardeaRemoval *self)
{
  g_signal_handler_disconnect (self->catalogue, self->changed_id);
  g_ptr_array_unref (self->watched);
  g_object_unref (self->catalogue);
  g_free (self);
}
