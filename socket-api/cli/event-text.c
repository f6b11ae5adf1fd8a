/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "socket-api/cli/event-text.h"

#include "socket-api/cli/listing.h"
#include "socket-api/client/text.h"

#define COLUMN 13

static char *
dup_safe (json_t *object, const char *key)
{
  return cardea_text_safe (cardea_text_member (object, key, "?"));
}

static gboolean
is_gone (const char *how)
{
  return g_str_equal (how, "left");
}

static char *
describe_token (json_t *token, const char *how)
{
  const char *reader = cardea_text_member (token, "reader", NULL);
  g_autofree char *label = dup_safe (token, "label");
  g_autofree char *state =
      cardea_text_safe (cardea_listing_token_state (cardea_text_member (token, "state", "unknown")));
  g_autofree char *pin = cardea_text_safe (cardea_listing_pin (cardea_text_member (token, "pin", "unknown")));
  g_autofree char *place = cardea_text_safe (reader);
  gboolean unlocked = json_is_true (json_object_get (token, "logged_in"));

  if (is_gone (how))
    return g_strdup_printf ("%s: gone", label);
  return g_strdup_printf ("%s: %s, PIN %s%s%s%s", label, state, pin, unlocked ? ", unlocked" : "",
                          *place != '\0' ? ", in " : "", place);
}

static char *
describe_certificate (json_t *certificate, const char *how)
{
  g_autofree char *subject = dup_safe (certificate, "subject");
  g_autofree char *token = dup_safe (certificate, "token");

  return g_strdup_printf ("%s%s on %s", subject, is_gone (how) ? ": gone, was" : "", token);
}

static char *
describe_session (json_t *session, json_t *end, const char *how)
{
  g_autofree char *server = dup_safe (session, "server_name");
  g_autofree char *caller = dup_safe (session, "caller");
  g_autofree char *ending = dup_safe (end, "how");
  json_t *certificate = json_object_get (session, "certificate");
  g_autofree char *subject = dup_safe (certificate, "subject");
  json_int_t port = json_integer_value (json_object_get (session, "port"));

  if (is_gone (how))
    return g_strdup_printf ("%s port %" JSON_INTEGER_FORMAT " for %s: ended (%s), %" JSON_INTEGER_FORMAT
                            " bytes received, %" JSON_INTEGER_FORMAT " sent",
                            server, port, caller, ending,
                            json_integer_value (json_object_get (end, "bytes_in")),
                            json_integer_value (json_object_get (end, "bytes_out")));
  return g_strdup_printf ("%s port %" JSON_INTEGER_FORMAT " for %s: open, %s%s", server, port, caller,
                          json_is_object (certificate) ? "with " : "without ",
                          json_is_object (certificate) ? subject : "a certificate");
}

char *
cardea_event_to_text (json_t *event)
{
  const char *what = cardea_text_member (event, "what", "");
  const char *how = cardea_text_member (event, "how", "");
  json_t *value = json_object_get (event, what);
  g_autofree char *description = NULL;

  if (g_str_equal (what, "token"))
    description = describe_token (value, how);
  else if (g_str_equal (what, "certificate"))
    description = describe_certificate (value, how);
  else if (g_str_equal (what, "session"))
    description = describe_session (value, json_object_get (event, "end"), how);
  else
    return NULL;
  return g_strdup_printf ("%-*s%s", COLUMN, g_str_equal (what, "session") ? "connection" : what, description);
}
