/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/caller/caller.h"
#include "socket-api/wire/message.h"

G_BEGIN_DECLS

/* One call under way: what was asked by whom, and the only way to answer it. Reference-counted, main loop
 * only. A method holds a reference until it has answered; when the program goes away the call is cancelled
 * and answers go nowhere. */
typedef struct _CardeaCall CardeaCall;

/* The program took all that it was answered so far. */
typedef void (*CardeaTaken) (gpointer user_data);

/* Called once: @fd is the connection, taken, or -1 when it went away first; @early what the program sent
 * already, or NULL. */
typedef void (*CardeaUpgraded) (int fd, GBytes *early, gpointer user_data);

/* Where the answers go: the connection. */
typedef struct
{
  void (*send) (gpointer sink, GBytes *message, int fd); /* takes fd; -1: none */
  void (*finish) (gpointer sink);                        /* the last message was sent */
  void (*upgrade) (gpointer sink, CardeaUpgraded upgraded,
                   gpointer user_data); /* the same, and then the stream */
  void (*release) (gpointer sink);      /* the call no longer counts as pending */
} CardeaCallSink;

/* Takes @wire. @data stays valid until cardea_call_abandon() or until the call is over. */
CardeaCall *cardea_call_new (CardeaWireCall *wire, CardeaCaller *caller, const CardeaCallSink *sink,
                             gpointer data);
CardeaCall *cardea_call_ref (CardeaCall *self);
void cardea_call_unref (CardeaCall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaCall, cardea_call_unref)

const CardeaWireCall *cardea_call_get_wire (CardeaCall *self);
CardeaCaller *cardea_call_get_caller (CardeaCall *self);
/* Takes what came along with the call; -1: nothing. */
void cardea_call_give_descriptor (CardeaCall *self, int fd);
gboolean cardea_call_has_descriptor (CardeaCall *self);
/* The caller's from now on; -1: there is none, or it was taken. */
int cardea_call_take_descriptor (CardeaCall *self);
/* Fires when the program went away. */
GCancellable *cardea_call_get_cancellable (CardeaCall *self);
/* Answered, or abandoned. */
gboolean cardea_call_is_over (CardeaCall *self);

/* The program is gone. */
void cardea_call_abandon (CardeaCall *self);
void cardea_call_release (CardeaCall *self);

/* For calls with more answers than a program may read at once: @taken is called whenever none is left to be
 * taken, also from within an answer. NULL: nobody is told any more. */
void cardea_call_set_taken_func (CardeaCall *self, CardeaTaken taken, gpointer user_data);
void cardea_call_tell_taken (CardeaCall *self);

/* @parameters are taken, NULL: none. @fd is taken, -1: none. After the call is over nothing is sent. */
void cardea_call_reply (CardeaCall *self, json_t *parameters);
void cardea_call_reply_continues (CardeaCall *self, json_t *parameters, int fd);
void cardea_call_reply_error (CardeaCall *self, const GError *error);
void cardea_call_reply_upgrade (CardeaCall *self, json_t *parameters, CardeaUpgraded upgraded,
                                gpointer user_data);

/* The error as a message; for those who are turned away before they could call. */
GBytes *cardea_call_error_to_message (const GError *error);

G_END_DECLS
