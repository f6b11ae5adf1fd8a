/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "agent/base/connected-socket.h"
#include "agent/base/terminal.h"

G_BEGIN_DECLS

/* What a caller asked for: checked for form by whoever made it, for nothing else. */
typedef enum
{
  CARDEA_AUTHENTICATE_IF_ASKED,
  CARDEA_AUTHENTICATE_REQUIRED, /* an anonymous connection is an error */
  CARDEA_AUTHENTICATE_NEVER,
} CardeaAuthenticate;

/* Where questions go when a terminal came along. */
typedef enum
{
  CARDEA_TERMINAL_NEVER,     /* none came */
  CARDEA_TERMINAL_IF_NEEDED, /* to it where there is no display */
  CARDEA_TERMINAL_ALWAYS,
} CardeaTerminalUse;

/* Whether the server may ask for a certificate in the open stream (RFC 8446, 4.6.2). */
typedef enum
{
  CARDEA_POST_HANDSHAKE_UNSAID, /* where a rule says so */
  CARDEA_POST_HANDSHAKE_NO,
  CARDEA_POST_HANDSHAKE_YES, /* unless a rule says no */
} CardeaPostHandshake;

typedef struct
{
  char *host; /* normalised: cardea_request_normalise() */
  guint16 port;
  char *server_name; /* normalised, or NULL: host */
  char **alpn;       /* or NULL */
  CardeaAuthenticate authenticate;
  char *certificate; /* PKCS#11 URI, or SHA-256 in hex; or NULL */
  gboolean interaction;
  gboolean tls12;                /* allowed, where a rule permits it */
  CardeaConnectedSocket *socket; /* the caller's own, instead of dialling; or NULL */
  GPtrArray *authorities;        /* DER (GBytes), or NULL for the system's */
  char *proxy;
  char *window;           /* the caller's, as in org.cardea.agent, or NULL */
  char *activation_token; /* or NULL */
  CardeaTerminalUse terminal_use;
  CardeaTerminal *terminal; /* or NULL */
  CardeaPostHandshake post_handshake;
  guint timeout_ms; /* 0: only the limits of each step */
} CardeaRequest;

CardeaRequest *cardea_request_new (void);
void cardea_request_free (CardeaRequest *self);
CardeaRequest *cardea_request_copy (const CardeaRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaRequest, cardea_request_free)

/* Brings host, which the caller calls @parameter, and server_name into normal form.
 * Errors: CARDEA_ERROR_INVALID_PARAMETER ("parameter"). */
gboolean cardea_request_normalise (CardeaRequest *self, const char *parameter, GError **error);

/* The name to verify and to decide by: server_name where there is one. */
const char *cardea_request_get_server_name (const CardeaRequest *self);

G_END_DECLS
