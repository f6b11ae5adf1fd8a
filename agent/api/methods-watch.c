/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Watch: a call that lasts as long as its program listens.
 *
 * Changes come in bursts, so the look is from the idle loop; and none is taken before the program has taken
 * the reply before, which bounds what is held for it by one reply, whatever happens meanwhile. One that does
 * not read at all is told so, behind what it did not read, and that ends the call. */
#include "agent/api/methods.h"
#include "agent/api/watch.h"
#include "agent/broker/json.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

typedef struct
{
  CardeaCall *call;
  const CardeaMethodContext *context;
  json_t *told;           /* the look that was told last */
  gboolean stale;         /* something changed since */
  guint idle, late_timer; /* sources; 0: none */
  gulong tokens_id, sessions_id, gone_id;
} Watch;

static void
watch_free (Watch *self)
{
  g_signal_handler_disconnect (self->context->catalogue, self->tokens_id);
  g_signal_handler_disconnect (self->context->broker, self->sessions_id);
  g_signal_handler_disconnect (cardea_call_get_cancellable (self->call), self->gone_id);
  cardea_call_set_taken_func (self->call, NULL, NULL);
  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_handle_id (&self->late_timer, g_source_remove);
  json_decref (self->told);
  cardea_call_unref (self->call);
  g_free (self);
}

static void
on_caller_gone (GCancellable *cancellable, gpointer user_data)
{
  watch_free (user_data);
}

/* Ends the call. */
static void
drop (Watch *self)
{
  g_autoptr (CardeaCall) call = cardea_call_ref (self->call);
  g_autoptr (GError) error =
      cardea_error_new (CARDEA_ERROR_BUSY, "The program did not read what it wanted to be told");

  cardea_error_take_parameter (error, "what", json_string ("events"));
  cardea_error_take_parameter (error, "retry_ms", json_integer (0));
  watch_free (self);
  cardea_call_reply_error (call, error);
}

static gboolean
on_late (gpointer user_data)
{
  Watch *self = user_data;

  self->late_timer = 0;
  drop (self);
  return G_SOURCE_REMOVE;
}

/* How a session ended is known for a while. */
static void
add_ends (CardeaBroker *broker, json_t *events)
{
  gsize i;
  json_t *event;

  json_array_foreach (events, i, event) {
    json_t *session = json_object_get (event, "session");
    const char *id = json_string_value (json_object_get (session, "id"));
    CardeaSession *ended = id != NULL ? cardea_broker_find_session (broker, id) : NULL;

    if (ended != NULL && cardea_session_get_end (ended) != NULL)
      json_object_set_new (event, "end", cardea_json_from_end (cardea_session_get_end (ended)));
  }
}

/* Answering may find the program gone, which frees @self. */
static void
tell (Watch *self)
{
  g_autoptr (json_t) before = g_steal_pointer (&self->told);
  g_autoptr (CardeaCall) call = cardea_call_ref (self->call);
  json_t *reply;

  self->stale = FALSE;
  self->told = cardea_watch_look (self->context);
  reply = cardea_watch_compare (before, self->told);
  if (reply == NULL)
    return;
  add_ends (self->context->broker, json_object_get (reply, "events"));
  self->late_timer = g_timeout_add (CARDEA_LIMIT_WATCH_MS, on_late, self);
  cardea_call_reply_continues (call, reply, -1);
  /* One that is too long was the end; it is no cancellation. */
  if (cardea_call_is_over (call) && !g_cancellable_is_cancelled (cardea_call_get_cancellable (call)))
    watch_free (self);
}

/* All that was told was taken. */
static void
on_taken (gpointer user_data)
{
  Watch *self = user_data;

  g_clear_handle_id (&self->late_timer, g_source_remove);
  if (self->stale && self->idle == 0)
    tell (self);
}

static gboolean
on_idle (gpointer user_data)
{
  Watch *self = user_data;

  self->idle = 0;
  if (self->late_timer == 0)
    tell (self);
  return G_SOURCE_REMOVE;
}

static void
on_changed (gpointer source, gpointer user_data)
{
  Watch *self = user_data;

  self->stale = TRUE;
  if (self->idle == 0)
    self->idle = g_idle_add (on_idle, self);
}

void
cardea_handle_watch (CardeaCall *call, gpointer context)
{
  Watch *self;

  if (!cardea_methods_expect_nothing (call))
    return;

  self = g_new0 (Watch, 1);
  self->call = cardea_call_ref (call);
  self->context = context;
  self->tokens_id = g_signal_connect (self->context->catalogue, "changed", G_CALLBACK (on_changed), self);
  self->sessions_id =
      g_signal_connect (self->context->broker, "sessions-changed", G_CALLBACK (on_changed), self);
  self->gone_id =
      g_signal_connect (cardea_call_get_cancellable (call), "cancelled", G_CALLBACK (on_caller_gone), self);
  cardea_call_set_taken_func (call, on_taken, self);
  tell (self);
}
