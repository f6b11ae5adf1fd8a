/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  CARDEA_SERVER_EXACT,
  CARDEA_SERVER_BELOW,  /* every name below the host's, at any depth, but not the host's */
  CARDEA_SERVER_WITHIN, /* the host's too */
  CARDEA_SERVER_ANY,
} CardeaServerPatternKind;

/* Which servers a rule is about. */
typedef struct
{
  CardeaServerPatternKind kind;
  char *host;   /* as cardea_config_normalise_host() makes it; "" for any */
  guint16 port; /* 0: any */
} CardeaServerPattern;

/* "host", "*.suffix" or "*", each with or without ":port"; an IPv6 address in brackets. NULL with @problem
 * set (a sentence part) for anything else. */
CardeaServerPattern *cardea_server_pattern_parse (const char *text, char **problem);
/* Of Chromium's patterns those that mean nothing but servers: "https://host", "https://[*.]host" and
 * "[*.]host", each with or without ":port". */
CardeaServerPattern *cardea_server_pattern_parse_chromium (const char *text, char **problem);
void cardea_server_pattern_free (CardeaServerPattern *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaServerPattern, cardea_server_pattern_free)

/* @host as cardea_config_normalise_host() makes it; NULL, for a name that is none, is matched only by any. */
gboolean cardea_server_pattern_matches (const CardeaServerPattern *self, const char *host, guint16 port);
/* Negative when @a says more precisely than @b what it is about: a host before a domain, a longer domain
 * before a shorter one, then a port before any; 0 only when both say the same. Both match one server. */
int cardea_server_pattern_compare (const CardeaServerPattern *a, const CardeaServerPattern *b);

G_END_DECLS
