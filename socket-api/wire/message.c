/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Varlink messages to and from bytes.
 *
 * Two readers of one message must never see different things, so whatever leaves room for that is refused:
 * duplicate keys, keys the protocol does not have, a NUL within a string, numbers that do not fit, anything
 * after the object. jansson is strict about these; only its bound on nesting is a constant far above ours,
 * which is why the nesting is counted in the raw bytes before the parser sees them. */

#include "socket-api/wire/message.h"

#include <string.h>

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

static const char *const CALL_KEYS[] = { "method", "parameters", "oneway", "more", "upgrade", NULL };
static const char *const REPLY_KEYS[] = { "error", "parameters", "continues", NULL };

/* Within a string only a backslash and the closing quote matter; text that is not JSON at all may count
 * wrongly, and is refused by the parser afterwards, which never nests deeper than the brackets counted here.
 */
gboolean
cardea_wire_json_is_deeper (const char *text, gsize length, gsize levels)
{
  gboolean in_string = FALSE;
  gsize depth = 0;
  for (gsize i = 0; i < length; i++) {
    char c = text[i];
    if (in_string) {
      if (c == '\\')
        i++;
      else if (c == '"')
        in_string = FALSE;
    } else if (c == '"') {
      in_string = TRUE;
    } else if (c == '{' || c == '[') {
      if (++depth > levels)
        return TRUE;
    } else if ((c == '}' || c == ']') && depth > 0) {
      depth--;
    }
  }
  return FALSE;
}

json_t *
cardea_wire_object_parse (GBytes *message, gsize max_bytes, GError **error)
{
  gsize length = 0;
  const char *text = g_bytes_get_data (message, &length);
  if (length == 0 || length > max_bytes || memchr (text, 0, length)) {
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "A message is empty, too long or has a NUL inside");
    return NULL;
  }
  if (cardea_wire_json_is_deeper (text, length, CARDEA_LIMIT_JSON_DEPTH)) {
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "A message is nested deeper than %d levels",
                      CARDEA_LIMIT_JSON_DEPTH);
    return NULL;
  }
  json_error_t problem;
  g_autoptr (json_t) root = json_loadb (text, length, JSON_REJECT_DUPLICATES, &problem);
  if (!root) {
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "A message is not valid JSON at byte %d",
                      problem.position);
    return NULL;
  }
  if (!json_is_object (root)) {
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "A message is not a JSON object");
    return NULL;
  }
  return g_steal_pointer (&root);
}

static gboolean
check_keys (json_t *root, const char *const *known, GError **error)
{
  const char *key;
  json_t *value;
  json_object_foreach (root, key, value) {
    if (g_strv_contains (known, key))
      continue;
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "A message has a key that Varlink does not know");
    return FALSE;
  }
  return TRUE;
}

/* Absent is FALSE; null, 0 and "true" are errors. */
static gboolean
take_flag (json_t *root, const char *key, gboolean *flag, GError **error)
{
  json_t *value = json_object_get (root, key);
  if (value && !json_is_boolean (value)) {
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "“%s” of a message is not a boolean", key);
    return FALSE;
  }
  *flag = json_is_true (value);
  return TRUE;
}

static json_t *
take_parameters (json_t *root, GError **error)
{
  json_t *value = json_object_get (root, "parameters");
  if (!value)
    return json_object ();
  if (!json_is_object (value)) {
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "“parameters” of a message is not an object");
    return NULL;
  }
  return json_incref (value);
}

/* An interface, a dot, a member: "org.example.Method". */
static char *
take_qualified_name (json_t *root, const char *key, GError **error)
{
  const char *name = json_string_value (json_object_get (root, key));
  const char *dot = name ? strrchr (name, '.') : NULL;
  if (!dot || dot == name || dot[1] == '\0') {
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "“%s” of a message is not a qualified name", key);
    return NULL;
  }
  return g_strdup (name);
}

CardeaWireCall *
cardea_wire_call_parse (GBytes *message, GError **error)
{
  g_autoptr (json_t) root = cardea_wire_object_parse (message, CARDEA_LIMIT_MESSAGE_BYTES, error);
  if (!root || !check_keys (root, CALL_KEYS, error))
    return NULL;
  g_autoptr (CardeaWireCall) call = g_new0 (CardeaWireCall, 1);
  call->method = take_qualified_name (root, "method", error);
  if (!call->method)
    return NULL;
  call->parameters = take_parameters (root, error);
  if (!call->parameters || !take_flag (root, "oneway", &call->oneway, error) ||
      !take_flag (root, "more", &call->more, error) || !take_flag (root, "upgrade", &call->upgrade, error))
    return NULL;
  return g_steal_pointer (&call);
}

CardeaWireReply *
cardea_wire_reply_parse (GBytes *message, GError **error)
{
  g_autoptr (json_t) root = cardea_wire_object_parse (message, CARDEA_LIMIT_REPLY_BYTES, error);
  if (!root || !check_keys (root, REPLY_KEYS, error))
    return NULL;
  g_autoptr (CardeaWireReply) reply = g_new0 (CardeaWireReply, 1);
  if (json_object_get (root, "error")) {
    reply->error = take_qualified_name (root, "error", error);
    if (!reply->error)
      return NULL;
  }
  reply->parameters = take_parameters (root, error);
  if (!reply->parameters || !take_flag (root, "continues", &reply->continues, error))
    return NULL;
  return g_steal_pointer (&reply);
}

static GBytes *
serialise (json_t *root, gsize max_bytes, GError **error)
{
  gsize length = json_dumpb (root, NULL, 0, JSON_COMPACT);
  if (length == 0 || length > max_bytes) {
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "A message is longer than %" G_GSIZE_FORMAT " bytes",
                      max_bytes);
    return NULL;
  }
  char *text = g_malloc (length + 1);
  json_dumpb (root, text, length, JSON_COMPACT);
  text[length] = '\0';
  return g_bytes_new_take (text, length + 1);
}

static void
put_flag (json_t *root, const char *key, gboolean flag)
{
  if (flag)
    json_object_set_new (root, key, json_true ());
}

GBytes *
cardea_wire_call_serialise (const CardeaWireCall *call, GError **error)
{
  g_autoptr (json_t) root = json_object ();
  if (json_object_set_new (root, "method", json_string (call->method)) != 0) {
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "The method's name is not UTF-8");
    return NULL;
  }
  if (call->parameters)
    json_object_set (root, "parameters", call->parameters);
  put_flag (root, "oneway", call->oneway);
  put_flag (root, "more", call->more);
  put_flag (root, "upgrade", call->upgrade);
  return serialise (root, CARDEA_LIMIT_MESSAGE_BYTES, error);
}

GBytes *
cardea_wire_reply_serialise (const char *error_name, json_t *parameters, gboolean continues, GError **error)
{
  g_autoptr (json_t) root = json_object ();
  if (error_name)
    json_object_set_new (root, "error", json_string (error_name));
  if (parameters)
    json_object_set (root, "parameters", parameters);
  else
    json_object_set_new (root, "parameters", json_object ());
  put_flag (root, "continues", continues);
  return serialise (root, CARDEA_LIMIT_REPLY_BYTES, error);
}

void
cardea_wire_call_free (CardeaWireCall *self)
{
  if (!self)
    return;
  g_free (self->method);
  json_decref (self->parameters);
  g_free (self);
}

void
cardea_wire_reply_free (CardeaWireReply *self)
{
  if (!self)
    return;
  g_free (self->error);
  json_decref (self->parameters);
  g_free (self);
}
