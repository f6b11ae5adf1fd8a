/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/relay/relay.h"
#include "agent/relay/worker.h"

G_BEGIN_DECLS

/* Bytes taken from one side that the other has not accepted yet: never more than one scratch buffer, and no
 * memory at all while there are none. */
typedef struct
{
  guint8 *bytes; /* NULL when nothing is held */
  gsize start;
  gsize length; /* from `start` */
} CardeaRelayLeftover;

struct _CardeaRelay
{
  CardeaRelayTask task; /* first: the worker knows a relay by it */
  gatomicrefcount references;
  CardeaRelayWorker *worker; /* a reference */

  /* Owned by the I/O thread. */
  CardeaTlsStream *stream; /* NULL once ended */
  int program_fd;          /* -1 once ended */
  CardeaRelayWatch server;
  CardeaRelayWatch program;
  guint32 server_wants; /* epoll events the last turn stopped at */
  guint32 program_wants;
  gboolean adopted;
  GSource *drain; /* the time left to the server once the program is gone */
  guint drain_ms;

  /* Server to program. */
  CardeaRelayLeftover to_program;
  CardeaStreamResult server_state; /* OK until reading met an end */
  gboolean told_program;           /* that the server's side is over: shutdown (SHUT_WR) */
  gboolean program_deaf;           /* takes nothing any more */
  gboolean lost_in;                /* bytes for the program were dropped because of that */

  /* Program to server. */
  CardeaRelayLeftover to_server;
  CardeaStreamResult write_state; /* OK until writing failed */
  gboolean program_ended;         /* its end was read */
  gboolean told_server;           /* close_notify was sent, or cannot be */
  gboolean lost_out;              /* bytes for the server were dropped */

  /* A request for a certificate; see later.c. */
  gboolean asking;                   /* it is open: nothing can be read */
  gboolean server_left;              /* meanwhile, and that was told */
  gboolean program_left;             /* likewise, while it was lent */
  gboolean lent;                     /* the stream is elsewhere */
  gboolean unsent;                   /* some of the last answer may be */
  char *refusal;                     /* why the stream must not go on, or NULL */
  const CardeaRelayAsking *handlers; /* main loop; or NULL */
  gpointer handlers_data;

  guint64 bytes_in; /* atomic */
  guint64 bytes_out;

  /* The report; written by the I/O thread before it is posted. */
  GMainContext *context;
  CardeaRelayEnded ended;
  gpointer user_data;
  CardeaEnd *end;
  int is_over; /* atomic */
};

/* For tests: the time a server has once the program is gone (CARDEA_LIMIT_STREAM_DRAIN_MS). */
void cardea_relay_pool_set_drain_ms (CardeaRelayPool *self, guint drain_ms);
guint cardea_relay_pool_get_drain_ms (CardeaRelayPool *self);
/* The worker with the fewest streams, borrowed. */
CardeaRelayWorker *cardea_relay_pool_pick (CardeaRelayPool *self);

CardeaRelay *cardea_relay_ref (CardeaRelay *self);

/* Moves what can be moved in this turn; sets the wants. TRUE when it stopped for fairness only. */
gboolean cardea_relay_pump (CardeaRelay *self, guint8 *scratch, gsize scratch_size);

/* The I/O thread: a read said ASKED. */
void cardea_relay_take_request (CardeaRelay *self);
/* In place of reading while it is open. */
void cardea_relay_await_answer (CardeaRelay *self);
/* While the stream is lent: sees who is gone. */
void cardea_relay_look_while_lent (CardeaRelay *self);
/* Sees to it that all of an answer goes out. */
void cardea_relay_flush_answer (CardeaRelay *self);

void cardea_relay_leftover_keep (CardeaRelayLeftover *self, const guint8 *bytes, gsize length);
void cardea_relay_leftover_drop (CardeaRelayLeftover *self, gsize length);

G_END_DECLS
