/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How a stream ended: `End` of org.cardea.agent. Values are appended, never renumbered. */
typedef enum
{
  CARDEA_END_CLEAN,     /* close_notify from the server (RFC 8446, 6.1), and the program ended its side too */
  CARDEA_END_TRUNCATED, /* the server's TCP connection ended without close_notify */
  CARDEA_END_RESET,     /* TCP reset, or the network failed */
  CARDEA_END_REJECTED,  /* a fatal alert refused our certificate (TLS 1.3 says so only after the handshake) */
  CARDEA_END_TOKEN_REMOVED,
  CARDEA_END_FORGOTTEN,
  CARDEA_END_DISCONNECTED, /* by Disconnect, or the program went away */
  CARDEA_END_AGENT_STOPPED,
  CARDEA_END_PROTOCOL_ERROR,    /* any other fatal alert, sent or received */
  CARDEA_END_NOT_AUTHENTICATED, /* the server asked for a certificate in the open stream and got no answer */

  CARDEA_N_ENDS
} CardeaEndHow;

typedef struct
{
  CardeaEndHow how;
  char *alert;      /* name of the TLS alert (RFC 8446, 6), or NULL */
  char *message;    /* for a person; never NULL */
  guint64 bytes_in; /* from the server to the program */
  guint64 bytes_out;
} CardeaEnd;

const char *cardea_end_how_to_string (CardeaEndHow how);

CardeaEnd *cardea_end_new (CardeaEndHow how, const char *alert, const char *format, ...) G_GNUC_PRINTF (3, 4);
CardeaEnd *cardea_end_copy (const CardeaEnd *self);
void cardea_end_free (CardeaEnd *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaEnd, cardea_end_free)

G_END_DECLS
