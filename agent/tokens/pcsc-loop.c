/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* PC/SC's only way to be told of a card is a call that blocks, so it has a thread.
 *
 * Nothing is polled: the call ends when a card, a reader or the service comes or goes. Where it could not
 * even begin, a few tries follow each other, and then the thread sleeps until somebody says that it may be
 * worth another (pcsc-watch.c: the socket appeared, or a person asks).
 *
 * The library counts readers when the call begins, so one that is plugged in between the list and the call is
 * told of by nobody. Readers come in bursts (a hub, a driver with two slots); hence a second look, soon after
 * anything happened, before the wait without end.
 *
 * The service's counters begin anew with it, so each connection to it is a generation of its own. */

#include "agent/tokens/pcsc-loop.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <winscard.h>

#define DEFAULT_SOCKET "/run/pcscd/pcscd.comm"
#define PLUG_AND_PLAY "\\\\?PnP?\\Notification"
#define MAX_READERS 64
#define SECOND_LOOK_MS 500
#define LASTED (10 * G_USEC_PER_SEC) /* a connection that was no failure */
#define END_MS 2000                  /* for the library to come back from a call that was cancelled */
#define AGAIN_MS 20                  /* a cancellation that came just before the call is lost */

/* Between tries after a failure, from the first to the last. */
static const guint retry_ms[] = { 50, 200, 800, 3000, 15000 };

struct _CardeaPcscLoop
{
  gint ref_count;
  CardeaPcscLoopFunc changed;
  gpointer data;
  GDestroyNotify destroy;

  GMutex lock;
  GCond condition;
  gboolean ending; /* protected by lock, like all below */
  gboolean ended;
  gboolean abandoned;  /* it did not end in time */
  gboolean look;       /* somebody said so, since the last look */
  gboolean waiting;    /* in the call that blocks, or about to be */
  gboolean cancelling; /* a thread is at it */
  SCARDCONTEXT context;

  /* The thread's. */
  guint64 generation;
  guint n_failures;
  CardeaReaders *told;
  SCARD_READERSTATE states[MAX_READERS + 1];
  DWORD n_states;
  char *names; /* what the states point into */
};

static void
unref (CardeaPcscLoop *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->condition);
  g_clear_pointer (&self->told, cardea_readers_unref);
  g_free (self->names);
  g_free (self);
}

static CardeaPcscLoop *
ref (CardeaPcscLoop *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

const char *
cardea_pcsc_get_socket (void)
{
  const char *path = g_getenv ("PCSCLITE_CSOCK_NAME");

  return path != NULL ? path : DEFAULT_SOCKET;
}

static gboolean
is_ending (CardeaPcscLoop *self)
{
  gboolean ending;

  g_mutex_lock (&self->lock);
  ending = self->ending;
  g_mutex_unlock (&self->lock);
  return ending;
}

/* Takes @readers. Under the lock, so that nobody is called once the loop was ended. */
static void
tell (CardeaPcscLoop *self, CardeaReaders *readers)
{
  g_mutex_lock (&self->lock);
  if (!self->ending && (self->told == NULL || !cardea_readers_equal (self->told, readers))) {
    g_clear_pointer (&self->told, cardea_readers_unref);
    self->told = cardea_readers_ref (readers);
    self->changed (cardea_readers_ref (readers), self->data);
  }
  g_mutex_unlock (&self->lock);
  cardea_readers_unref (readers);
}

/* The library has one code for most of what can be wrong. */
static CardeaReaderService
classify (LONG rv)
{
  const char *path = cardea_pcsc_get_socket ();

  if (rv == (LONG)SCARD_W_SECURITY_VIOLATION || rv == (LONG)SCARD_E_NO_ACCESS)
    return CARDEA_READER_SERVICE_REFUSED;
  if (access (path, W_OK) == 0)
    return CARDEA_READER_SERVICE_FAILING;
  return errno == EACCES ? CARDEA_READER_SERVICE_REFUSED : CARDEA_READER_SERVICE_ABSENT;
}

/* How long to wait for the next try; -1: until somebody says that there is a reason. */
static gint64
get_pause (CardeaPcscLoop *self, CardeaReaderService service)
{
  if (service == CARDEA_READER_SERVICE_ABSENT || service == CARDEA_READER_SERVICE_REFUSED ||
      self->n_failures >= G_N_ELEMENTS (retry_ms))
    return -1;
  return retry_ms[self->n_failures++];
}

/* A socket appears before anybody listens at it: who comes because of it gets all tries again. */
static void
pause_after (CardeaPcscLoop *self, LONG rv)
{
  CardeaReaderService service = classify (rv);
  gint64 pause = get_pause (self, service);
  gint64 until = g_get_monotonic_time () + pause * G_TIME_SPAN_MILLISECOND;

  g_debug ("card service: %s (%s), next try %s", cardea_reader_service_to_string (service),
           pcsc_stringify_error (rv), pause < 0 ? "when there is a reason" : "soon");
  tell (self, cardea_readers_new (service, NULL));
  g_mutex_lock (&self->lock);
  while (!self->ending && !self->look)
    if (pause < 0)
      g_cond_wait (&self->condition, &self->lock);
    else if (!g_cond_wait_until (&self->condition, &self->lock, until))
      break;
  if (self->look)
    self->n_failures = 0;
  self->look = FALSE;
  g_mutex_unlock (&self->lock);
}

/* The state's names point into what was listed last. */
static LONG
list_readers (CardeaPcscLoop *self)
{
  DWORD length = 0;
  LONG rv;

  g_clear_pointer (&self->names, g_free);
  self->n_states = 0;
  /* A reader may come between the two calls. */
  do {
    rv = SCardListReaders (self->context, NULL, NULL, &length);
    if (rv != SCARD_S_SUCCESS)
      return rv == (LONG)SCARD_E_NO_READERS_AVAILABLE ? SCARD_S_SUCCESS : rv;
    g_free (self->names);
    self->names = g_malloc0 (length + 2);
    rv = SCardListReaders (self->context, NULL, self->names, &length);
  } while (rv == (LONG)SCARD_E_INSUFFICIENT_BUFFER && !is_ending (self));
  if (rv != SCARD_S_SUCCESS)
    return rv == (LONG)SCARD_E_NO_READERS_AVAILABLE ? SCARD_S_SUCCESS : rv;

  memset (self->states, 0, sizeof self->states);
  for (const char *name = self->names; *name != '\0' && self->n_states < MAX_READERS;
       name += strlen (name) + 1)
    self->states[self->n_states++].szReader = name;
  return SCARD_S_SUCCESS;
}

static CardeaReaderState
read_state (const SCARD_READERSTATE *state)
{
  if ((state->dwEventState & (SCARD_STATE_UNAVAILABLE | SCARD_STATE_UNKNOWN)) != 0)
    return CARDEA_READER_UNAVAILABLE;
  if ((state->dwEventState & SCARD_STATE_PRESENT) == 0)
    return CARDEA_READER_EMPTY;
  if ((state->dwEventState & SCARD_STATE_MUTE) != 0)
    return CARDEA_READER_MUTE;
  return (state->dwEventState & SCARD_STATE_EXCLUSIVE) != 0 ? CARDEA_READER_EXCLUSIVE : CARDEA_READER_CARD;
}

static void
tell_states (CardeaPcscLoop *self)
{
  GPtrArray *readers = cardea_reader_array_new ();

  for (DWORD i = 0; i < self->n_states; i++) {
    const SCARD_READERSTATE *state = &self->states[i];
    gsize length = MIN (state->cbAtr, sizeof state->rgbAtr);

    g_ptr_array_add (readers, cardea_reader_new (cardea_insertion_new (state->szReader, self->generation,
                                                                       (state->dwEventState >> 16) & 0xffff,
                                                                       state->rgbAtr, length),
                                                 read_state (state)));
  }
  tell (self, cardea_readers_new (CARDEA_READER_SERVICE_READY, readers));
}

/* What there is now. */
static LONG
look (CardeaPcscLoop *self)
{
  LONG rv = list_readers (self);

  if (rv == SCARD_S_SUCCESS && self->n_states > 0)
    rv = SCardGetStatusChange (self->context, 0, self->states, self->n_states);
  if (rv == (LONG)SCARD_E_UNKNOWN_READER || rv == (LONG)SCARD_E_READER_UNAVAILABLE)
    return SCARD_E_UNKNOWN_READER; /* it went in between */
  if (rv == SCARD_S_SUCCESS)
    tell_states (self);
  return rv;
}

/* FALSE when somebody came before. */
static gboolean
begin_waiting (CardeaPcscLoop *self)
{
  g_mutex_lock (&self->lock);
  self->waiting = !self->ending && !self->look;
  g_mutex_unlock (&self->lock);
  return self->waiting;
}

static void
end_waiting (CardeaPcscLoop *self)
{
  g_mutex_lock (&self->lock);
  self->waiting = FALSE;
  self->look = FALSE;
  g_cond_broadcast (&self->condition);
  g_mutex_unlock (&self->lock);
}

/* Until what was seen last is not true any more. */
static LONG
wait_for_change (CardeaPcscLoop *self, DWORD timeout)
{
  LONG rv = SCARD_E_CANCELLED;

  for (DWORD i = 0; i < self->n_states; i++)
    self->states[i].dwCurrentState = self->states[i].dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
  self->states[self->n_states] = (SCARD_READERSTATE){ .szReader = PLUG_AND_PLAY };
  if (begin_waiting (self))
    rv = SCardGetStatusChange (self->context, timeout, self->states, self->n_states + 1);
  end_waiting (self);
  return rv;
}

static gboolean
is_news (LONG rv)
{
  return rv == SCARD_S_SUCCESS || rv == (LONG)SCARD_E_CANCELLED || rv == (LONG)SCARD_E_UNKNOWN_READER ||
         rv == (LONG)SCARD_E_READER_UNAVAILABLE;
}

/* One connection to the service, from its begin to what ended it. */
static LONG
serve (CardeaPcscLoop *self)
{
  gboolean looked_twice = FALSE;
  LONG rv;

  self->generation++;
  while (!is_ending (self)) {
    rv = look (self);
    if (rv == (LONG)SCARD_E_UNKNOWN_READER)
      continue;
    if (rv != SCARD_S_SUCCESS)
      return rv;
    rv = wait_for_change (self, looked_twice ? INFINITE : SECOND_LOOK_MS);
    looked_twice = rv == (LONG)SCARD_E_TIMEOUT;
    if (!looked_twice && !is_news (rv))
      return rv;
  }
  return SCARD_E_CANCELLED;
}

static LONG
connect_and_serve (CardeaPcscLoop *self)
{
  gint64 begin = g_get_monotonic_time ();
  SCARDCONTEXT context;
  LONG rv = SCardEstablishContext (SCARD_SCOPE_SYSTEM, NULL, NULL, &context);

  if (rv != SCARD_S_SUCCESS)
    return rv;
  g_mutex_lock (&self->lock);
  self->context = context;
  g_mutex_unlock (&self->lock);
  rv = serve (self);
  if (g_get_monotonic_time () - begin >= LASTED)
    self->n_failures = 0;

  /* Whoever cancels uses the context: it is released after them. */
  g_mutex_lock (&self->lock);
  self->waiting = FALSE;
  while (self->cancelling)
    g_cond_wait (&self->condition, &self->lock);
  g_mutex_unlock (&self->lock);
  SCardReleaseContext (context);
  return rv;
}

static gpointer
run_in_thread (gpointer data)
{
  CardeaPcscLoop *self = data;
  gpointer user_data = self->data;

  while (!is_ending (self)) {
    LONG rv = connect_and_serve (self);

    if (!is_ending (self))
      pause_after (self, rv);
  }
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_cond_broadcast (&self->condition);
  g_mutex_unlock (&self->lock);
  if (self->destroy != NULL)
    self->destroy (user_data);
  unref (self);
  return NULL;
}

CardeaPcscLoop *
cardea_pcsc_loop_new (CardeaPcscLoopFunc changed, gpointer data, GDestroyNotify destroy)
{
  CardeaPcscLoop *self = g_new0 (CardeaPcscLoop, 1);

  self->ref_count = 2; /* the caller's and the thread's */
  self->changed = changed;
  self->data = data;
  self->destroy = destroy;
  g_mutex_init (&self->lock);
  g_cond_init (&self->condition);
  g_thread_unref (g_thread_new ("pcsc", run_in_thread, self));
  return self;
}

/* In a thread of its own, for it asks the service, which may be stopped. Until the call came back: a
 * cancellation that is sent before the library waits is lost. */
static gpointer
cancel_in_thread (gpointer data)
{
  CardeaPcscLoop *self = data;

  g_mutex_lock (&self->lock);
  while (self->waiting && !self->abandoned) {
    SCARDCONTEXT context = self->context;

    g_mutex_unlock (&self->lock);
    SCardCancel (context);
    g_mutex_lock (&self->lock);
    if (self->waiting)
      g_cond_wait_until (&self->condition, &self->lock,
                         g_get_monotonic_time () + AGAIN_MS * G_TIME_SPAN_MILLISECOND);
  }
  self->cancelling = FALSE;
  g_cond_broadcast (&self->condition);
  g_mutex_unlock (&self->lock);
  unref (self);
  return NULL;
}

/* Under the lock. */
static void
interrupt (CardeaPcscLoop *self)
{
  g_cond_broadcast (&self->condition);
  if (!self->waiting || self->cancelling)
    return;
  self->cancelling = TRUE;
  g_thread_unref (g_thread_new ("pcsc-cancel", cancel_in_thread, ref (self)));
}

void
cardea_pcsc_loop_look (CardeaPcscLoop *self)
{
  g_mutex_lock (&self->lock);
  self->look = TRUE;
  interrupt (self);
  g_mutex_unlock (&self->lock);
}

gboolean
cardea_pcsc_loop_end (CardeaPcscLoop *self)
{
  gint64 until = g_get_monotonic_time () + END_MS * G_TIME_SPAN_MILLISECOND;
  gboolean ended;

  g_mutex_lock (&self->lock);
  self->ending = TRUE;
  interrupt (self);
  while (!self->ended && g_cond_wait_until (&self->condition, &self->lock, until))
    continue;
  ended = self->ended;
  self->abandoned = !ended;
  g_mutex_unlock (&self->lock);
  unref (self);
  return ended;
}
