/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/handshake.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/pki.h"
#include "tests/fixtures/tls-server.h"

G_BEGIN_DECLS

/* One side of a handshake in a test: a key in software, what it does when it is asked, and how it ended. */

typedef struct
{
  CardeaTestPki *pki;
  CardeaTrust *trust;
  guint sockets;
} Fixture;

/* How the test's key signs. */
typedef enum
{
  SIGN_RIGHT,
  SIGN_WRONG, /* with another key */
  SIGN_NOT,
} SignHow;

typedef struct
{
  EVP_PKEY *key;
  SignHow how;
  gint mechanism; /* CardeaFrontMechanism, of the last one; atomic */
  int calls;      /* atomic */
  int destroyed;  /* atomic */
  GMutex lock;    /* protects what follows */
  GCond changed;
  gboolean held;       /* a signature waits until this is FALSE */
  guint inside;        /* signatures under way */
  guint wanted_inside; /* a signature waits until so many are */
} Signer;

typedef struct
{
  const char *server_name; /* default: localhost */
  const char *const *alpn;
  guint timeout_ms;
  CardeaTls12 tls12;
  CardeaRsaSchemes rsa_schemes; /* 0: both */
  const char *certificate;      /* NULL: none */
  const char *issuer;           /* sent along */
  Signer *signer;
  gboolean leave_open;  /* no answer */
  gboolean in_callback; /* answer at once */
  gboolean resumable;
  CardeaResumption *earlier;
  GPtrArray *demands;
} Plan;

typedef struct
{
  const Plan *plan;
  Fixture *fixture;
  CardeaHandshake *handshake;
  GCancellable *cancellable;
  guint asked;
  guint authorities;
  gboolean verified_first;
  gboolean usable;
  guint verified;
  gboolean done;
  CardeaTlsStream *stream;
  CardeaTlsInfo *info;
  GError *error;
} Run;

enum
{
  PATIENCE_MS = 20000,
};

/* With an authority "ca" that is trusted, its server "server" (localhost, 127.0.0.1), and below its "issuing"
 * the clients "rsa-client" (RSA) and "client" (P-256). */
void client_set_up (Fixture *fixture, gconstpointer data);
/* Nothing may be left: no descriptor, no object in the front module, no certificate or key in NSS. */
void client_tear_down (Fixture *fixture, gconstpointer data);

/* A descriptor that does not block, connected to 127.0.0.1:PORT. */
int client_connect (int port);

void signer_release (Signer *signer);

/* Begins a handshake with 127.0.0.1:PORT as planned, and ends it. */
void run_start (Run *run, Fixture *fixture, int port, const Plan *plan);
void run_answer (Run *run);
void run_to_end (Run *run, Fixture *fixture, CardeaTestServer *server, const Plan *plan);
void run_assert_failed (const Run *run, CardeaErrorCode code, const char *parameter, const char *value);
void run_clear (Run *run);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

/* As a relay would, but blocking. */
CardeaStreamResult stream_wait (CardeaTlsStream *stream, short events);
CardeaStreamResult stream_read (CardeaTlsStream *stream, void *buffer, gsize length, gsize *done);
void stream_write (CardeaTlsStream *stream, const char *text);
void stream_expect (CardeaTlsStream *stream, const char *text);
CardeaStreamResult stream_close_write (CardeaTlsStream *stream);

void server_assert_report (CardeaTestServer *server, const char *expected);

gboolean on_patience_over (gpointer data);
gboolean on_tick (gpointer data);

/* Runs the loop until the condition holds; a test that waits in vain ends here. */
#define WAIT_UNTIL(condition)                                                                                \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    guint patience = g_timeout_add (PATIENCE_MS, on_patience_over, NULL);                                    \
    while (!(condition))                                                                                     \
      g_main_context_iteration (NULL, TRUE);                                                                 \
    g_source_remove (patience);                                                                              \
  }                                                                                                          \
  G_STMT_END

/* For what other threads do without waking the loop. */
#define WAIT_POLLING(condition)                                                                              \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    guint tick = g_timeout_add (5, on_tick, NULL);                                                           \
    WAIT_UNTIL (condition);                                                                                  \
    g_source_remove (tick);                                                                                  \
  }                                                                                                          \
  G_STMT_END

G_END_DECLS
