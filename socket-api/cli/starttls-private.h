/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/cli/starttls.h"

G_BEGIN_DECLS

/* One protocol. Each takes what the server says byte by byte, so that none can take too much. */
typedef struct
{
  const char *name;
  const char *title;                    /* for a person */
  gboolean untagged;                    /* the server may speak unasked (RFC 3501, 5.2) */
  void (*begin) (CardeaStarttls *self); /* or NULL: the server speaks first */
  gboolean (*take) (CardeaStarttls *self, guint8 byte, GError **error);
  void (*end) (CardeaStarttls *self); /* frees @data; or NULL */
} CardeaStarttlsProtocol;

struct _CardeaStarttls
{
  const CardeaStarttlsProtocol *protocol;
  char *host;
  GString *output; /* to be sent */
  GString *line;   /* what a protocol keeps until it is whole */
  gsize received;
  guint step;       /* the protocol's own */
  gboolean offered; /* the server named STARTTLS */
  gboolean done;
  gboolean failed;
  gpointer data; /* the protocol's own */
};

extern const CardeaStarttlsProtocol cardea_starttls_smtp;
extern const CardeaStarttlsProtocol cardea_starttls_imap;
extern const CardeaStarttlsProtocol cardea_starttls_pop3;
extern const CardeaStarttlsProtocol cardea_starttls_postgres;
extern const CardeaStarttlsProtocol cardea_starttls_ldap;
extern const CardeaStarttlsProtocol cardea_starttls_xmpp;

/* Both return FALSE. @said: the server's words, or NULL. */
gboolean cardea_starttls_refuse (CardeaStarttls *self, const char *what, const char *said, GError **error);
gboolean cardea_starttls_not_offered (CardeaStarttls *self, GError **error);
/* Adds to @line; FALSE when that is longer than allowed. */
gboolean cardea_starttls_keep (CardeaStarttls *self, guint8 byte, GError **error);

G_END_DECLS
