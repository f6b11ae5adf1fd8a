/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/base/end.h"
#include "agent/tls/stream.h"

G_BEGIN_DECLS

/* Carries bytes between a program's socket and a TLS stream until both directions have ended. A fixed pool of
 * I/O threads; a stream stays on the one it was given. Bounded buffers, back-pressure both ways, half-close
 * carried both ways. When the program leaves, its last bytes and close_notify still go out; the end is clean
 * if the server answers with its own and nothing was lost, else disconnected, and comes after
 * CARDEA_LIMIT_STREAM_DRAIN_MS at the latest. */
typedef struct _CardeaRelayPool CardeaRelayPool;
typedef struct _CardeaRelay CardeaRelay;

/* @threads 0: one a processor, at most 4. */
CardeaRelayPool *cardea_relay_pool_new (guint threads);
/* Ends every stream (agent_stopped), reports each end, joins the threads. */
void cardea_relay_pool_free (CardeaRelayPool *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaRelayPool, cardea_relay_pool_free)

/* Runs in the GMainContext that was the thread default when the relay was started; @end is borrowed. Exactly
 * once. */
typedef void (*CardeaRelayEnded) (CardeaRelay *relay, const CardeaEnd *end, gpointer user_data);

/* Takes @stream and @program_fd (any stream socket; made non-blocking). @early: bytes the program sent before
 * the reply, or NULL. The relay lives until cardea_relay_unref() and until it ended. */
CardeaRelay *cardea_relay_start (CardeaRelayPool *pool, CardeaTlsStream *stream, int program_fd,
                                 GBytes *early, CardeaRelayEnded ended, gpointer user_data);
void cardea_relay_unref (CardeaRelay *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaRelay, cardea_relay_unref)
/* A server that asks for a certificate in the open stream (RFC 8446, 4.6.2): nothing more is read from it
 * until it has its answer, while the program's bytes go on to it. Main loop: the context that ends are
 * reported in, and before the end is. */
typedef struct
{
  /* To be followed by cardea_relay_borrow() or cardea_relay_refuse(). @request is borrowed. */
  void (*asked) (CardeaRelay *relay, CardeaLaterRequest *request, gpointer user_data);
  /* The server will not send anything any more: an answer serves nobody, but without one what it sent before
   * cannot be read. At most once for each request. */
  void (*server_left) (CardeaRelay *relay, gpointer user_data);
  /* The program is gone while the stream is lent, where that is not the end at once: nobody needs to be asked
   * any more. At most once for each request. */
  void (*program_left) (CardeaRelay *relay, gpointer user_data);
  /* @stream is taken: nobody else uses it until cardea_relay_give_back(). */
  void (*lent) (CardeaRelay *relay, CardeaTlsStream *stream, gpointer user_data);
} CardeaRelayAsking;

/* Right after the start; @asking must outlive the relay, and @user_data the report of its end. Without it
 * each request ends the stream. */
void cardea_relay_set_asking (CardeaRelay *self, const CardeaRelayAsking *asking, gpointer user_data);
/* The stream, as soon as its thread lets go of it; nothing follows when the relay ends first. */
void cardea_relay_borrow (CardeaRelay *self);
/* Takes @stream. @outcome: of the answer. @refusal NULL, or why the stream ends all the same
 * (not_authenticated), once everything that came before is delivered. */
void cardea_relay_give_back (CardeaRelay *self, CardeaTlsStream *stream, CardeaStreamResult outcome,
                             const char *refusal);
/* Without an answer: likewise. */
void cardea_relay_refuse (CardeaRelay *self, const char *refusal);
/* Any thread; the end is reported as usual, with this reason unless it had ended already. */
void cardea_relay_stop (CardeaRelay *self, CardeaEndHow how);
void cardea_relay_get_bytes (CardeaRelay *self, guint64 *in, guint64 *out);

G_END_DECLS
