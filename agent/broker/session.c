/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Session: an authenticated connection from the moment it is ready until a minute after its end. It owns the
 * TLS stream until its program's socket comes, then the relay does. */

#include "agent/broker/session.h"

#include "agent/base/random-name.h"

struct _CardeaSession
{
  GObject parent;

  char *id;
  CardeaCaller *caller;
  char *server_name;
  guint16 port;
  gint64 started;
  CardeaTlsInfo *info;
  CardeaTokenCertificate *certificate; /* or NULL */

  CardeaTlsStream *stream; /* until attached */
  CardeaRelay *relay;      /* from then on, kept for its counters */
  CardeaEnd *end;          /* NULL while it lives */
};

G_DEFINE_FINAL_TYPE (CardeaSession, cardea_session, G_TYPE_OBJECT)

enum
{
  ENDED,
  ATTACHED,
  CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
cardea_session_finalize (GObject *object)
{
  CardeaSession *self = CARDEA_SESSION (object);

  g_clear_pointer (&self->stream, cardea_tls_stream_free);
  g_clear_pointer (&self->relay, cardea_relay_unref);
  g_clear_pointer (&self->end, cardea_end_free);
  g_clear_pointer (&self->certificate, cardea_token_certificate_unref);
  g_clear_pointer (&self->info, cardea_tls_info_free);
  g_clear_pointer (&self->caller, cardea_caller_unref);
  g_free (self->server_name);
  g_free (self->id);
  G_OBJECT_CLASS (cardea_session_parent_class)->finalize (object);
}

static void
cardea_session_class_init (CardeaSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = cardea_session_finalize;
  signals[ENDED] =
      g_signal_new ("ended", CARDEA_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ATTACHED] =
      g_signal_new ("attached", CARDEA_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[CHANGED] =
      g_signal_new ("changed", CARDEA_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
cardea_session_init (CardeaSession *self)
{
}

CardeaSession *
cardea_session_new (CardeaCaller *caller, const char *server_name, guint16 port, CardeaTlsStream *stream,
                    CardeaTlsInfo *info, CardeaTokenCertificate *certificate)
{
  CardeaSession *self = g_object_new (CARDEA_TYPE_SESSION, NULL);

  /* It names the session to AwaitEnd and Disconnect: one program cannot try another's. */
  self->id = cardea_random_name_new ();
  self->caller = cardea_caller_ref (caller);
  self->server_name = g_strdup (server_name);
  self->port = port;
  self->started = g_get_real_time () / G_USEC_PER_SEC;
  self->stream = stream;
  self->info = info;
  self->certificate = certificate != NULL ? cardea_token_certificate_ref (certificate) : NULL;
  return self;
}

static void
take_end (CardeaSession *self, CardeaEnd *end)
{
  g_return_if_fail (self->end == NULL);

  self->end = end;
  g_signal_emit (self, signals[ENDED], 0);
  /* From now on only its end is asked for: what it holds of its server and token would add up in a minute. */
  g_clear_pointer (&self->info, cardea_tls_info_free);
  g_clear_pointer (&self->certificate, cardea_token_certificate_unref);
}

void
cardea_session_note_requested (CardeaSession *self)
{
  g_return_if_fail (CARDEA_IS_SESSION (self) && self->end == NULL);

  if (self->info->certificate_requested)
    return;
  self->info->certificate_requested = TRUE;
  g_signal_emit (self, signals[CHANGED], 0);
}

void
cardea_session_take_answer (CardeaSession *self, CardeaTokenCertificate *certificate)
{
  g_return_if_fail (CARDEA_IS_SESSION (self) && self->end == NULL);

  g_clear_pointer (&self->certificate, cardea_token_certificate_unref);
  self->certificate = certificate != NULL ? cardea_token_certificate_ref (certificate) : NULL;
  g_signal_emit (self, signals[CHANGED], 0);
}

/* Holds a reference: the session lives as long as its relay runs. */
static void
on_relay_ended (CardeaRelay *relay, const CardeaEnd *end, gpointer user_data)
{
  g_autoptr (CardeaSession) self = user_data;

  take_end (self, cardea_end_copy (end));
}

void
cardea_session_attach (CardeaSession *self, CardeaRelayPool *relays, int fd, GBytes *early)
{
  g_return_if_fail (CARDEA_IS_SESSION (self));
  g_return_if_fail (self->stream != NULL);

  self->relay = cardea_relay_start (relays, g_steal_pointer (&self->stream), fd, early, on_relay_ended,
                                    g_object_ref (self));
  g_signal_emit (self, signals[ATTACHED], 0);
}

void
cardea_session_stop (CardeaSession *self, CardeaEndHow how)
{
  g_return_if_fail (CARDEA_IS_SESSION (self));

  if (self->end != NULL)
    return;
  if (self->relay != NULL) {
    cardea_relay_stop (self->relay, how);
    return;
  }
  g_clear_pointer (&self->stream, cardea_tls_stream_free);
  take_end (self, cardea_end_new (how, NULL, "The connection was closed before the program used it."));
}

CardeaRelay *
cardea_session_get_relay (CardeaSession *self)
{
  return self->relay;
}

const char *
cardea_session_get_id (CardeaSession *self)
{
  return self->id;
}

CardeaCaller *
cardea_session_get_caller (CardeaSession *self)
{
  return self->caller;
}

const char *
cardea_session_get_server_name (CardeaSession *self)
{
  return self->server_name;
}

guint16
cardea_session_get_port (CardeaSession *self)
{
  return self->port;
}

const CardeaTlsInfo *
cardea_session_get_info (CardeaSession *self)
{
  return self->info;
}

CardeaTokenCertificate *
cardea_session_get_certificate (CardeaSession *self)
{
  return self->certificate;
}

gint64
cardea_session_get_started (CardeaSession *self)
{
  return self->started;
}

void
cardea_session_get_bytes (CardeaSession *self, guint64 *in, guint64 *out)
{
  *in = *out = 0;
  if (self->relay != NULL)
    cardea_relay_get_bytes (self->relay, in, out);
}

const CardeaEnd *
cardea_session_get_end (CardeaSession *self)
{
  return self->end;
}
