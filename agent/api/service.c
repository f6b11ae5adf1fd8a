/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The service: first who, then how much, then what.
 *
 * Whoever may not come in is told why before the door is shut: an error that answers no call, which is the
 * first thing its first call will read. */
#include "agent/api/service.h"

#include <unistd.h>

#include "agent/api/peer.h"
#include "agent/api/receive.h"
#include "socket-api/limits.h"

struct _CardeaService
{
  CardeaMethodContext *context; /* borrowed */
  CardeaQuota *quota;
  GHashTable *peers; /* set of CardeaPeer */
};

static void
on_peer_call (CardeaPeer *peer, CardeaCall *call, gpointer user_data)
{
  CardeaService *self = user_data;
  guint n_methods;
  const CardeaMethod *methods = cardea_methods_get (&n_methods);

  cardea_dispatch (methods, n_methods, call, self->context);
}

static void
on_peer_closed (CardeaPeer *peer, gpointer user_data)
{
  CardeaService *self = user_data;

  g_hash_table_remove (self->peers, peer);
}

static const CardeaPeerOwner peer_owner = {
  .call = on_peer_call,
  .closed = on_peer_closed,
  .first_request_ms = CARDEA_LIMIT_FIRST_REQUEST_MS,
  .reply_ms = CARDEA_LIMIT_REPLY_MS,
};

CardeaService *
cardea_service_new (CardeaMethodContext *context)
{
  CardeaService *self = g_new0 (CardeaService, 1);

  self->context = context;
  self->quota = cardea_quota_new (CARDEA_LIMIT_PENDING_PER_CALLER, CARDEA_LIMIT_PENDING);
  self->peers = g_hash_table_new_full (NULL, NULL, (GDestroyNotify)cardea_peer_free, NULL);
  return self;
}

void
cardea_service_free (CardeaService *self)
{
  g_hash_table_unref (self->peers);
  cardea_quota_free (self->quota);
  g_free (self);
}

/* One attempt: a socket that was never written to takes a short message, and nobody is waited for here. */
static void
turn_away (int fd, const GError *error)
{
  g_autoptr (GBytes) message = cardea_call_error_to_message (error);
  gsize length;
  const char *bytes = g_bytes_get_data (message, &length);

  g_debug ("connection refused: %s", error->message);
  if (cardea_send (fd, bytes, length, -1) < 0)
    g_debug ("and it did not wait to hear why");
  close (fd);
}

void
cardea_service_add (CardeaService *self, int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaCaller) caller = cardea_caller_new_for_socket (fd, g_get_monotonic_time (), &error);

  if (!caller || !cardea_quota_take (self->quota, cardea_caller_get_key (caller), &error)) {
    turn_away (fd, error);
    return;
  }

  g_hash_table_add (self->peers, cardea_peer_new (fd, caller, self->quota, &peer_owner, self));
}

guint
cardea_service_count_connections (CardeaService *self)
{
  return g_hash_table_size (self->peers);
}
