/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A limit to what one call of NSS reads.
 *
 * PR_Read() returns when it has data for us, or when the network has none. Between them it takes in whatever
 * carries no data (new keys, tickets, empty records) as fast as it comes, so a server that sends nothing else
 * would keep the thread for itself, and with it every other stream of that thread. Counted below NSS, where
 * each record is received in two pieces, that loop has an end. */

#include "agent/tls/meter.h"

#include "agent/tls/ticket.h"

#include <prerror.h>
#include <pthread.h>

/* Sixteen records; more than one of data is never taken by one call. */
#define PIECES 32

static pthread_once_t once = PTHREAD_ONCE_INIT;
static PRDescIdentity identity = PR_INVALID_IO_LAYER;
static PRIOMethods methods;

static PRInt32 PR_CALLBACK
receive (PRFileDesc *fd, void *buffer, PRInt32 length, PRIntn flags, PRIntervalTime timeout)
{
  CardeaMeter *self = (CardeaMeter *)fd->secret;

  if (self->left == 0) {
    self->ran_out = TRUE;
    PR_SetError (PR_WOULD_BLOCK_ERROR, 0);
    return -1;
  }
  if (self->left != G_MAXUINT)
    self->left--;
  return fd->lower->methods->recv (fd->lower, buffer, length, flags, timeout);
}

/* The layer's own closing wants no secret left. */
static PRStatus PR_CALLBACK
close_layer (PRFileDesc *fd)
{
  fd->secret = NULL;
  return PR_GetDefaultIOMethods ()->close (fd);
}

static void
set_up (void)
{
  methods = *PR_GetDefaultIOMethods ();
  methods.recv = receive;
  methods.getpeername = cardea_ticket_get_peer_name;
  methods.close = close_layer;
  identity = PR_GetUniqueIdentity ("cardea-meter");
}

gboolean
cardea_meter_attach (CardeaMeter *self, PRFileDesc *tcp)
{
  pthread_once (&once, set_up);
  PRFileDesc *layer = identity != PR_INVALID_IO_LAYER ? PR_CreateIOLayerStub (identity, &methods) : NULL;

  if (layer == NULL)
    return FALSE;
  self->left = G_MAXUINT;
  self->ran_out = FALSE;
  layer->secret = (PRFilePrivate *)self;
  if (PR_PushIOLayer (tcp, PR_TOP_IO_LAYER, layer) == PR_SUCCESS)
    return TRUE;
  layer->dtor (layer);
  return FALSE;
}

void
cardea_meter_limit (CardeaMeter *self)
{
  self->left = PIECES;
  self->ran_out = FALSE;
}

void
cardea_meter_pause (CardeaMeter *self)
{
  self->left = 0;
}

void
cardea_meter_resume (CardeaMeter *self)
{
  self->left = G_MAXUINT;
  self->ran_out = FALSE;
}
