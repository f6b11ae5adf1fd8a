/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* Varlink messages to and from bytes, strictly: UTF-8, one object, no duplicate keys,
 * CARDEA_LIMIT_JSON_DEPTH, no key outside the protocol's, exact types. */
typedef struct
{
  char *method;       /* fully qualified: has at least one dot */
  json_t *parameters; /* an object, never NULL */
  gboolean oneway;
  gboolean more;
  gboolean upgrade;
} CardeaWireCall;

typedef struct
{
  char *error;        /* fully qualified name, or NULL */
  json_t *parameters; /* an object, never NULL */
  gboolean continues;
} CardeaWireReply;

/* Any one object as strictly as that, but for its keys and types. Errors: CARDEA_ERROR_PROTOCOL. */
json_t *cardea_wire_object_parse (GBytes *message, gsize max_bytes, GError **error);

/* Errors: CARDEA_ERROR_PROTOCOL. */
CardeaWireCall *cardea_wire_call_parse (GBytes *message, GError **error);
CardeaWireReply *cardea_wire_reply_parse (GBytes *message, GError **error);
/* The message with its terminating NUL. @parameters is borrowed and may be NULL.
 * Errors: CARDEA_ERROR_PROTOCOL when it would exceed the message limit. */
GBytes *cardea_wire_call_serialise (const CardeaWireCall *call, GError **error);
GBytes *cardea_wire_reply_serialise (const char *error_name, json_t *parameters, gboolean continues,
                                     GError **error);

void cardea_wire_call_free (CardeaWireCall *self);
void cardea_wire_reply_free (CardeaWireReply *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaWireCall, cardea_wire_call_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaWireReply, cardea_wire_reply_free)

/* Whether JSON nests deeper than so many levels; to be asked before it is parsed, which recurses. */
gboolean cardea_wire_json_is_deeper (const char *text, gsize length, gsize levels);

/* jansson's references as autoptr: g_autoptr (json_t). */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (json_t, json_decref)

G_END_DECLS
