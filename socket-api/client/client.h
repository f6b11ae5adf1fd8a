/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <jansson.h>

#include "socket-api/wire/message.h"

G_BEGIN_DECLS

/* One connection to the agent: calls out, replies in. Blocking, for one thread at a time.
 * Errors everywhere: CARDEA_ERROR, with the parameters the agent sent. CARDEA_ERROR_SERVICE: the agent is not
 * there, went away, is too new to be understood; CARDEA_ERROR_PROTOCOL: what came is no reply;
 * CARDEA_ERROR_TIMED_OUT. After PROTOCOL, TIMED_OUT and SERVICE the connection is dead: make another. Times
 * are milliseconds for the whole function; -1: no limit. */
typedef struct _CardeaClient CardeaClient;

/* For a call that asks nobody anything: listings wait for slow tokens. */
#define CARDEA_CLIENT_CALL_MS 60000

/* Connects to the socket at @path (see cardea_client_find_socket()). Refuses an agent that runs as another
 * user. */
CardeaClient *cardea_client_new (const char *path, GError **error);
/* Takes a connected Unix stream socket. */
CardeaClient *cardea_client_new_for_fd (int fd);
void cardea_client_free (CardeaClient *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaClient, cardea_client_free)

/* One call, one reply: a new reference to its parameters. @parameters is borrowed and may be NULL. */
json_t *cardea_client_call (CardeaClient *self, const char *method, json_t *parameters, int timeout_ms,
                            GError **error);

/* A call with "more": @func gets each reply's parameters (borrowed), the last one included. When it returns
 * FALSE the call is given up, and with it the connection; that is no error. */
typedef gboolean (*CardeaClientReplyFunc) (json_t *parameters, gpointer user_data);
gboolean cardea_client_call_more (CardeaClient *self, const char *method, json_t *parameters, int timeout_ms,
                                  CardeaClientReplyFunc func, gpointer user_data, GError **error);

/* A call with "upgrade": the returned descriptor, the caller's from now on, is the stream; nothing behind the
 * reply was read from it. It is non-blocking. -1 on error. Either way the client is good for
 * cardea_client_free() only. @reply may be NULL. */
int cardea_client_upgrade (CardeaClient *self, const char *method, json_t *parameters, int timeout_ms,
                           json_t **reply, GError **error);

/* Wrap: TLS over a connection that the program made. Takes @socket, which is nobody else's from then on: no
 * other copy of it may be read or written. As cardea_client_upgrade() otherwise; @options may be NULL. */
int cardea_client_wrap (CardeaClient *self, int socket, const char *server_name, guint16 port,
                        json_t *options, int timeout_ms, json_t **reply, GError **error);

/* What goes along with the next call (a terminal for Options.terminal, the socket of OpenWrap), with its
 * first byte. Borrowed until that is sent; the agent has its own then. -1: nothing. */
void cardea_client_set_descriptor (CardeaClient *self, int fd);
/* Opens the controlling terminal for Options.terminal: -1 when there is none, or the program does not run in
 * its foreground, where it would take keys that are another's. */
int cardea_client_open_terminal (void);

/* The two halves, for a caller that lives on between replies. */
gboolean cardea_client_send_more (CardeaClient *self, const char *method, json_t *parameters, GError **error);
json_t *cardea_client_receive (CardeaClient *self, int timeout_ms, gboolean *continues, GError **error);

/* Waits until cardea_client_receive() has something to read, be it the end. FALSE: the time is over, and
 * nothing else happened. */
gboolean cardea_client_wait (CardeaClient *self, int timeout_ms);

/* The descriptor that came along with what was received so far, once; -1 when there is none. */
int cardea_client_take_fd (CardeaClient *self);

G_END_DECLS
