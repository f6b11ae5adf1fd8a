/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A call under way.
 *
 * Methods answer whenever they can, also after their program has gone: what must not happen then is checked
 * here, once, and not in each of them. */
#include "agent/api/call.h"

#include <unistd.h>

#include "agent/api/failure.h"
#include "socket-api/wire/error.h"

struct _CardeaCall
{
  gint ref_count;
  CardeaWireCall *wire;
  CardeaCaller *caller;
  GCancellable *cancellable;
  int descriptor; /* or -1 */
  const CardeaCallSink *sink;
  gpointer data;     /* NULL once the call is over */
  CardeaTaken taken; /* or NULL */
  gpointer taken_data;
};

CardeaCall *
cardea_call_new (CardeaWireCall *wire, CardeaCaller *caller, const CardeaCallSink *sink, gpointer data)
{
  CardeaCall *self = g_new0 (CardeaCall, 1);

  self->ref_count = 1;
  self->wire = wire;
  self->caller = cardea_caller_ref (caller);
  self->cancellable = g_cancellable_new ();
  self->descriptor = -1;
  self->sink = sink;
  self->data = data;
  return self;
}

CardeaCall *
cardea_call_ref (CardeaCall *self)
{
  self->ref_count++;
  return self;
}

void
cardea_call_unref (CardeaCall *self)
{
  if (--self->ref_count > 0)
    return;

  cardea_wire_call_free (self->wire);
  cardea_caller_unref (self->caller);
  g_object_unref (self->cancellable);
  if (self->descriptor >= 0)
    close (self->descriptor);
  g_free (self);
}

const CardeaWireCall *
cardea_call_get_wire (CardeaCall *self)
{
  return self->wire;
}

CardeaCaller *
cardea_call_get_caller (CardeaCall *self)
{
  return self->caller;
}

void
cardea_call_give_descriptor (CardeaCall *self, int fd)
{
  self->descriptor = fd;
}

gboolean
cardea_call_has_descriptor (CardeaCall *self)
{
  return self->descriptor >= 0;
}

int
cardea_call_take_descriptor (CardeaCall *self)
{
  int fd = self->descriptor;

  self->descriptor = -1;
  return fd;
}

GCancellable *
cardea_call_get_cancellable (CardeaCall *self)
{
  return self->cancellable;
}

gboolean
cardea_call_is_over (CardeaCall *self)
{
  return self->data == NULL;
}

void
cardea_call_abandon (CardeaCall *self)
{
  g_autoptr (CardeaCall) kept = cardea_call_ref (self);

  kept->data = NULL;
  g_cancellable_cancel (kept->cancellable);
}

void
cardea_call_release (CardeaCall *self)
{
  if (self->data)
    self->sink->release (self->data);
}

void
cardea_call_set_taken_func (CardeaCall *self, CardeaTaken taken, gpointer user_data)
{
  self->taken = taken;
  self->taken_data = user_data;
}

void
cardea_call_tell_taken (CardeaCall *self)
{
  if (self->data && self->taken)
    self->taken (self->taken_data);
}

/* FALSE when it would be larger than a message may be. */
static gboolean
send_reply (CardeaCall *self, json_t *parameters, gboolean continues, int fd)
{
  g_autoptr (GBytes) message = cardea_wire_reply_serialise (NULL, parameters, continues, NULL);

  if (!message) {
    if (fd >= 0)
      close (fd);
    return FALSE;
  }

  self->sink->send (self->data, message, fd);
  return TRUE;
}

/* The sink may free itself while it is told, so the call lets go of it first. */
static void
finish (CardeaCall *self)
{
  gpointer data = g_steal_pointer (&self->data);

  self->sink->finish (data);
}

static void
fail_too_long (CardeaCall *self)
{
  g_autoptr (GError) error =
      cardea_error_new (CARDEA_ERROR_BUSY, "The answer is longer than a message may be");

  cardea_error_take_parameter (error, "what", json_string ("message_bytes"));
  cardea_call_reply_error (self, error);
}

/* Whether there is somebody to answer. A oneway call ends without a word. */
static gboolean
is_answered (CardeaCall *self)
{
  if (!self->data)
    return FALSE;
  if (!self->wire->oneway)
    return TRUE;

  finish (self);
  return FALSE;
}

void
cardea_call_reply (CardeaCall *self, json_t *parameters)
{
  g_autoptr (json_t) taken = parameters;
  g_autoptr (CardeaCall) kept = cardea_call_ref (self);

  if (!is_answered (kept))
    return;

  if (send_reply (kept, taken, FALSE, -1)) {
    if (kept->data)
      finish (kept);
  } else {
    fail_too_long (kept);
  }
}

void
cardea_call_reply_continues (CardeaCall *self, json_t *parameters, int fd)
{
  g_autoptr (json_t) taken = parameters;
  g_autoptr (CardeaCall) kept = cardea_call_ref (self);

  if (!kept->data) {
    if (fd >= 0)
      close (fd);
    return;
  }

  if (!send_reply (kept, taken, TRUE, fd))
    fail_too_long (kept);
}

GBytes *
cardea_call_error_to_message (const GError *error)
{
  const char *name;
  g_autoptr (json_t) parameters = cardea_failure_to_json (error, &name);

  return cardea_wire_reply_serialise (name, parameters, FALSE, NULL);
}

void
cardea_call_reply_error (CardeaCall *self, const GError *error)
{
  g_autoptr (CardeaCall) kept = cardea_call_ref (self);
  g_autoptr (GBytes) message = NULL;

  if (!is_answered (kept))
    return;

  message = cardea_call_error_to_message (error);
  if (message)
    kept->sink->send (kept->data, message, -1);
  else
    fail_too_long (kept);

  if (kept->data)
    finish (kept);
}

void
cardea_call_reply_upgrade (CardeaCall *self, json_t *parameters, CardeaUpgraded upgraded, gpointer user_data)
{
  g_autoptr (json_t) taken = parameters;
  g_autoptr (CardeaCall) kept = cardea_call_ref (self);
  gpointer data;

  if (!kept->data || kept->wire->oneway) {
    upgraded (-1, NULL, user_data);
    return;
  }

  if (!send_reply (kept, taken, FALSE, -1)) {
    upgraded (-1, NULL, user_data);
    fail_too_long (kept);
    return;
  }

  /* Sending may have found the program gone. */
  if (!kept->data) {
    upgraded (-1, NULL, user_data);
    return;
  }

  data = g_steal_pointer (&kept->data);
  kept->sink->upgrade (data, upgraded, user_data);
}
