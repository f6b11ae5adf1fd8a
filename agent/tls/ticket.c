/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Session tickets, each in a place of its own.
 *
 * NSS can hand tickets out as bytes, but not those of a connection that was authenticated by a certificate;
 * these stay in a cache of the whole process, with the secret that goes with each wrapped by a key of
 * softoken's. The cache has no bound, lives for a day, finds by the peer's address and an opaque name, and
 * forgets one session only by a socket that uses it. So each connection gets a random name, and a ticket is
 * found by whoever has its name: who that is, and for how long, is decided elsewhere. A name is used once. A
 * ticket is offered by one ClientHello only, since one that is seen twice tells who watches the network that
 * both are of the same client (RFC 8446, C.4).
 *
 * What is dropped is taken out by a socket that is connected to nothing: NSS finds the session when it makes
 * the ClientHello, and can then be told to forget it.
 *
 * A session that was taken out must never get in again: when its connection receives one more ticket, NSS
 * (3.87) would file the same session anew and lose what it held before, a certificate among it. So nothing is
 * taken out while that connection reads, and before it reads again it is told to keep nothing more. */

#include "agent/tls/ticket.h"

#include "agent/base/random-name.h"

#include <nspr.h>
#include <pthread.h>
#include <secitem.h>
#include <secport.h>
#include <ssl.h>
#include <sslproto.h>

#define LOOKS 16 /* who sent none by then is not waited for: each look costs */

struct _CardeaTicket
{
  gatomicrefcount references;
  char *name;
  char *server; /* as NSS files it; written before any thread but the first owner's sees it */
  GMutex lock;  /* held while the connection reads, and while a ticket is taken out */
  gint there;   /* atomic; changed with the lock held */
  gint dropped; /* likewise */
  /* The receiving socket's owner's. */
  gboolean quiet; /* it keeps none any more */
  guint looks;    /* that found none so far */
};

CardeaTicket *
cardea_ticket_new (void)
{
  CardeaTicket *self = g_new0 (CardeaTicket, 1);

  g_atomic_ref_count_init (&self->references);
  g_mutex_init (&self->lock);
  self->name = cardea_random_name_new ();
  return self;
}

CardeaTicket *
cardea_ticket_ref (CardeaTicket *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

PRStatus PR_CALLBACK
cardea_ticket_get_peer_name (PRFileDesc *fd, PRNetAddr *address)
{
  return PR_InitializeNetAddr (PR_IpAddrLoopback, 0, address);
}

static PRInt32 PR_CALLBACK
swallow (PRFileDesc *fd, const void *buffer, PRInt32 length, PRIntn flags, PRIntervalTime timeout)
{
  return length;
}

static PRInt32 PR_CALLBACK
receive_nothing (PRFileDesc *fd, void *buffer, PRInt32 length, PRIntn flags, PRIntervalTime timeout)
{
  PR_SetError (PR_WOULD_BLOCK_ERROR, 0);
  return -1;
}

static PRStatus PR_CALLBACK
get_option (PRFileDesc *fd, PRSocketOptionData *data)
{
  if (data->option != PR_SockOpt_Nonblocking)
    return PR_FAILURE;
  data->value.non_blocking = PR_TRUE;
  return PR_SUCCESS;
}

static PRStatus PR_CALLBACK
close_nowhere (PRFileDesc *fd)
{
  fd->dtor (fd);
  return PR_SUCCESS;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static PRDescIdentity identity = PR_INVALID_IO_LAYER;
static PRIOMethods methods;

static void
set_up (void)
{
  methods = *PR_GetDefaultIOMethods ();
  methods.getpeername = cardea_ticket_get_peer_name;
  methods.send = swallow;
  methods.recv = receive_nothing;
  methods.getsocketoption = get_option;
  methods.close = close_nowhere;
  identity = PR_GetUniqueIdentity ("cardea-nowhere");
}

/* A socket that is connected to nothing, or NULL. */
static PRFileDesc *
open_nowhere (void)
{
  pthread_once (&once, set_up);
  PRFileDesc *layer = identity != PR_INVALID_IO_LAYER ? PR_CreateIOLayerStub (identity, &methods) : NULL;
  PRFileDesc *fd = layer != NULL ? SSL_ImportFD (NULL, layer) : NULL;

  if (fd == NULL && layer != NULL)
    layer->dtor (layer);
  return fd;
}

static gboolean
allow_tls13 (PRFileDesc *fd)
{
  const SSLVersionRange range = { SSL_LIBRARY_VERSION_TLS_1_3, SSL_LIBRARY_VERSION_TLS_1_3 };

  return SSL_VersionRangeSet (fd, &range) == SECSuccess;
}

static void
erase (CardeaTicket *self)
{
  PRFileDesc *fd = self->server != NULL ? open_nowhere () : NULL;

  if (fd == NULL) /* NSS lets a ticket go after a day by itself */
    return;
  if (SSL_OptionSet (fd, SSL_SECURITY, PR_TRUE) == SECSuccess &&
      SSL_OptionSet (fd, SSL_HANDSHAKE_AS_CLIENT, PR_TRUE) == SECSuccess && allow_tls13 (fd) &&
      SSL_SetURL (fd, self->server) == SECSuccess && cardea_ticket_offer (self, fd) &&
      SSL_ResetHandshake (fd, PR_FALSE) == SECSuccess) {
    (void)SSL_ForceHandshake (fd);
    (void)SSL_InvalidateSession (fd);
  }
  PR_Close (fd);
}

void
cardea_ticket_drop (CardeaTicket *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_atomic_int_set (&self->dropped, TRUE);
  if (g_atomic_int_get (&self->there))
    erase (self);
  g_atomic_int_set (&self->there, FALSE);
}

void
cardea_ticket_unref (CardeaTicket *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  cardea_ticket_drop (self);
  g_mutex_clear (&self->lock);
  g_free (self->server);
  g_free (self->name);
  g_free (self);
}

void
cardea_ticket_note_received (CardeaTicket *self)
{
  g_atomic_int_set (&self->there, TRUE);
}

gboolean
cardea_ticket_is_there (CardeaTicket *self)
{
  return g_atomic_int_get (&self->there);
}

gboolean
cardea_ticket_offer (CardeaTicket *self, PRFileDesc *fd)
{
  return SSL_OptionSet (fd, SSL_NO_CACHE, PR_FALSE) == SECSuccess &&
         SSL_SetSockPeerID (fd, self->name) == SECSuccess;
}

/* NSS keeps no session of a server without a name (addresses have none). */
gboolean
cardea_ticket_receive (CardeaTicket *self, PRFileDesc *fd)
{
  char *server = SSL_RevealURL (fd);

  self->server = g_strdup (server);
  PORT_Free (server);
  return self->server != NULL && cardea_ticket_offer (self, fd);
}

void
cardea_ticket_use_up (CardeaTicket *self, PRFileDesc *fd, CardeaTicket *own)
{
  g_mutex_lock (&self->lock);
  g_atomic_int_set (&self->dropped, TRUE);
  g_atomic_int_set (&self->there, FALSE);
  (void)SSL_InvalidateSession (fd);
  g_mutex_unlock (&self->lock);
  if (SSL_SetSockPeerID (fd, own->name) != SECSuccess)
    (void)SSL_OptionSet (fd, SSL_NO_CACHE, PR_TRUE);
}

/* In TLS 1.3 the id of a session is made up by the cache, when a ticket is put there. */
static gboolean
has_ticket (PRFileDesc *fd)
{
  SECItem *id = SSL_GetSessionID (fd);
  gboolean has = id != NULL && id->len > 0;

  if (id != NULL)
    SECITEM_FreeItem (id, PR_TRUE);
  return has;
}

static void
keep_no_more (CardeaTicket *self, PRFileDesc *fd)
{
  self->quiet = TRUE;
  (void)SSL_OptionSet (fd, SSL_NO_CACHE, PR_TRUE);
}

void
cardea_ticket_begin_reading (CardeaTicket *self, PRFileDesc *fd)
{
  g_mutex_lock (&self->lock);
  if (!self->quiet && g_atomic_int_get (&self->dropped))
    keep_no_more (self, fd);
}

/* One that NSS filed and that is not known here would stay there for a day. */
void
cardea_ticket_end_reading (CardeaTicket *self, PRFileDesc *fd)
{
  if (!self->quiet && !g_atomic_int_get (&self->there)) {
    if (has_ticket (fd))
      cardea_ticket_note_received (self);
    else if (++self->looks >= LOOKS)
      keep_no_more (self, fd);
  }
  g_mutex_unlock (&self->lock);
}
