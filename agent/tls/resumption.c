/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who resumes sends no certificate, and neither does the server; NSS asks nobody whether it is to be trusted.
 * So what the server sent in the full handshake is kept, and verified again before its ticket is offered. Age
 * counts from that handshake, however often it was resumed since. */

#include "agent/tls/resumption.h"

#include "agent/tls/socket.h"
#include "agent/tls/ticket.h"

#include <time.h>

static CardeaResumption *
make (const CardeaTlsSocket *socket)
{
  CardeaResumption *self = g_new0 (CardeaResumption, 1);

  g_atomic_ref_count_init (&self->references);
  self->ticket = cardea_ticket_ref (socket->ticket);
  return self;
}

/* The socket's own may be filled again, when the server asks later. */
static GPtrArray *
copy_names (const GPtrArray *names)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);

  for (guint i = 0; i < names->len; i++)
    g_ptr_array_add (copy, g_bytes_ref (names->pdata[i]));
  return copy;
}

CardeaResumption *
cardea_resumption_new (const CardeaTlsSocket *socket)
{
  if (socket->ticket == NULL)
    return NULL;
  CardeaResumption *self = make (socket);
  self->chain = g_ptr_array_ref (socket->chain);
  self->stapled_ocsp = socket->stapled_ocsp != NULL ? g_bytes_ref (socket->stapled_ocsp) : NULL;
  self->authorities = copy_names (socket->authorities);
  self->begun = cardea_resumption_get_time ();
  return self;
}

CardeaResumption *
cardea_resumption_renew (const CardeaResumption *self, const CardeaTlsSocket *socket)
{
  CardeaResumption *renewed = make (socket);

  renewed->chain = g_ptr_array_ref (self->chain);
  renewed->stapled_ocsp = self->stapled_ocsp != NULL ? g_bytes_ref (self->stapled_ocsp) : NULL;
  renewed->authorities = g_ptr_array_ref (self->authorities);
  renewed->begun = self->begun;
  return renewed;
}

CardeaResumption *
cardea_resumption_ref (CardeaResumption *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
cardea_resumption_unref (CardeaResumption *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  cardea_ticket_unref (self->ticket);
  g_ptr_array_unref (self->chain);
  g_clear_pointer (&self->stapled_ocsp, g_bytes_unref);
  g_ptr_array_unref (self->authorities);
  g_free (self);
}

gboolean
cardea_resumption_is_ready (const CardeaResumption *self)
{
  return cardea_ticket_is_there (self->ticket);
}

void
cardea_resumption_drop (const CardeaResumption *self)
{
  cardea_ticket_drop (self->ticket);
}

gint64
cardea_resumption_get_time (void)
{
  struct timespec now = { 0 };

  clock_gettime (CLOCK_BOOTTIME, &now);
  return now.tv_sec;
}
