/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The encrypted side of a stream after its handshake, non-blocking. One thread at a time; it moves between
 * threads only by being handed over whole. An abstract type so that a relay can be tested without TLS. */
typedef struct _CardeaTlsStream CardeaTlsStream;
typedef struct _CardeaLaterRequest CardeaLaterRequest;
typedef struct _CardeaDecision CardeaDecision;

typedef enum
{
  CARDEA_STREAM_OK,
  CARDEA_STREAM_AGAIN,     /* nothing now: wait for the descriptor */
  CARDEA_STREAM_ASKED,     /* read: nothing before the server's request for a certificate is answered */
  CARDEA_STREAM_MORE,      /* read: nothing yet, but do not wait: let others have their turn and come again */
  CARDEA_STREAM_END,       /* read: close_notify */
  CARDEA_STREAM_TRUNCATED, /* read: end of TCP without close_notify */
  CARDEA_STREAM_RESET,
  CARDEA_STREAM_REJECTED, /* a fatal alert about our certificate */
  CARDEA_STREAM_FAILED,   /* any other failure of the protocol */
} CardeaStreamResult;

typedef struct
{
  CardeaStreamResult (*read) (CardeaTlsStream *self, void *buffer, gsize length, gsize *done);
  /* After AGAIN the same bytes must be offered again. */
  CardeaStreamResult (*write) (CardeaTlsStream *self, const void *buffer, gsize length, gsize *done);
  /* Sends close_notify; may answer AGAIN. Reading goes on. */
  CardeaStreamResult (*close_write) (CardeaTlsStream *self);
  gboolean (*has_pending) (CardeaTlsStream *self); /* decrypted bytes wait: do not wait for the descriptor */
  /* For streams that may be asked for a certificate. take_request: after ASKED, what is asked; a reference.
   * answer: blocks until the certificate (NULL: none) is on its way, or what was sent before it is; OK, or
   * why the stream cannot go on. flush: after an answer; TRUE: some of it waits for the descriptor to be
   * writable, and for another call. */
  CardeaLaterRequest *(*take_request) (CardeaTlsStream *self);
  CardeaStreamResult (*answer) (CardeaTlsStream *self, CardeaDecision *decision);
  gboolean (*flush) (CardeaTlsStream *self);
  int (*get_fd) (CardeaTlsStream *self);
  const char *(*get_alert) (CardeaTlsStream *self);   /* the fatal alert seen, or NULL */
  const char *(*get_message) (CardeaTlsStream *self); /* why it failed, for a person, or NULL */
  void (*free) (CardeaTlsStream *self);               /* closes the descriptor */
} CardeaTlsStreamClass;

struct _CardeaTlsStream
{
  const CardeaTlsStreamClass *klass;
};

static inline void
cardea_tls_stream_free (CardeaTlsStream *self)
{
  self->klass->free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaTlsStream, cardea_tls_stream_free)

G_END_DECLS
