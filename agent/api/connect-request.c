/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What Connect, Open, Wrap and OpenWrap take.
 *
 * Each option narrows what may happen, so one that cannot be understood is an error and never left out. Bytes
 * that will be handed to a parser are bounded before anything is copied. */
#include "agent/api/connect-request.h"

#include <string.h>
#include <unistd.h>

#include "agent/api/unpack.h"
#include "agent/base/token-uri.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

#define OPTIONS "options."
#define MAX_CERTIFICATE_NAME 4096
#define MAX_PROXY 4096
#define MAX_TIMEOUT_MS (24 * 60 * 60 * 1000)

typedef struct
{
  const char *server_name;
  json_t *alpn;
  const char *authenticate;
  const char *certificate;
  const char *interaction;
  json_t *authorities;
  const char *proxy;
  const char *terminal;
  json_int_t timeout_ms;
  json_t *window;
  gboolean post_handshake; /* or -1 */
} Options;

static gboolean
take_alpn (json_t *names, CardeaRequest *request, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gsize i;
  json_t *name;

  if (!names)
    return TRUE;
  if (json_array_size (names) == 0)
    return cardea_unpack_refuse (OPTIONS, "alpn", "must not be an empty list", error);

  json_array_foreach (names, i, name) {
    gsize length = json_string_length (name);

    if (length == 0 || length > CARDEA_LIMIT_ALPN_NAME)
      return cardea_unpack_refuse (OPTIONS, "alpn", "must have names of 1 to 255 bytes", error);
    g_strv_builder_add (builder, json_string_value (name));
  }

  request->alpn = g_strv_builder_end (builder);
  return TRUE;
}

static gboolean
take_authenticate (const char *value, CardeaRequest *request, GError **error)
{
  if (!value || g_str_equal (value, "if_asked"))
    request->authenticate = CARDEA_AUTHENTICATE_IF_ASKED;
  else if (g_str_equal (value, "required"))
    request->authenticate = CARDEA_AUTHENTICATE_REQUIRED;
  else if (g_str_equal (value, "never"))
    request->authenticate = CARDEA_AUTHENTICATE_NEVER;
  else
    return cardea_unpack_refuse (OPTIONS, "authenticate", "must be required, if_asked or never", error);

  return TRUE;
}

static gboolean
take_interaction (const char *value, CardeaRequest *request, GError **error)
{
  request->interaction = !value || g_str_equal (value, "allowed");
  if (!request->interaction && !g_str_equal (value, "never"))
    return cardea_unpack_refuse (OPTIONS, "interaction", "must be allowed or never", error);

  return TRUE;
}

static gboolean
is_sha256 (const char *text)
{
  gsize length = strspn (text, "0123456789abcdefABCDEF");

  return length == 64 && text[length] == '\0';
}

static gboolean
take_certificate (const char *value, CardeaRequest *request, GError **error)
{
  if (!value)
    return TRUE;
  if (strlen (value) > MAX_CERTIFICATE_NAME || (!g_str_has_prefix (value, "pkcs11:") && !is_sha256 (value)))
    return cardea_unpack_refuse (OPTIONS, "certificate",
                                 "must be a pkcs11: URI or a SHA-256 of 64 hex digits", error);

  request->certificate = g_strdup (value);
  return TRUE;
}

/* RFC 4648, 4, without blanks: the decoder of GLib skips whatever it does not know. */
static GBytes *
decode_base64 (const char *text, gsize length)
{
  gsize body = strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  gsize padding = length - body;
  guchar *bytes;
  gsize decoded;

  if (length == 0 || length % 4 != 0 || padding > 2 || strspn (text + body, "=") != padding)
    return NULL;

  bytes = g_base64_decode (text, &decoded);
  return g_bytes_new_take (bytes, decoded);
}

static gboolean
take_authorities (json_t *list, CardeaRequest *request, GError **error)
{
  g_autoptr (GPtrArray) authorities = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  gsize i;
  json_t *text;

  if (!list)
    return TRUE;
  /* Nobody at all would vouch for the server: rather a mistake than a wish. */
  if (json_array_size (list) == 0)
    return cardea_unpack_refuse (OPTIONS, "authorities", "must not be an empty list", error);

  json_array_foreach (list, i, text) {
    gsize length = json_string_length (text);
    GBytes *der = length / 4 * 3 <= CARDEA_LIMIT_CERTIFICATE_BYTES + 2
                      ? decode_base64 (json_string_value (text), length)
                      : NULL;

    if (!der)
      return cardea_unpack_refuse (OPTIONS, "authorities", "must be certificates, DER in base64", error);
    g_ptr_array_add (authorities, der);
  }

  request->authorities = g_steal_pointer (&authorities);
  return TRUE;
}

static gboolean
take_proxy (const char *value, CardeaRequest *request, GError **error)
{
  if (!value)
    return TRUE;
  if (strlen (value) > MAX_PROXY ||
      (!g_str_equal (value, "direct") && !g_uri_is_valid (value, G_URI_FLAGS_NONE, NULL)))
    return cardea_unpack_refuse (OPTIONS, "proxy", "must be a URI or “direct”", error);

  request->proxy = g_strdup (value);
  return TRUE;
}

/* The terminal itself is beside the message. */
static gboolean
take_terminal_use (const char *value, CardeaRequest *request, GError **error)
{
  if (!value)
    return TRUE;
  if (!g_str_equal (value, "if_needed") && !g_str_equal (value, "always"))
    return cardea_unpack_refuse (OPTIONS, "terminal", "must be if_needed or always", error);

  request->terminal_use = g_str_equal (value, "always") ? CARDEA_TERMINAL_ALWAYS : CARDEA_TERMINAL_IF_NEEDED;
  return TRUE;
}

/* Both go to the display's own means as they are, and into a child's environment. */
static gboolean
is_plain (const char *text)
{
  gsize length = strlen (text);

  if (length == 0 || length > CARDEA_LIMIT_WINDOW_BYTES)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (text[i]))
      return FALSE;
  return TRUE;
}

static gboolean
is_window (const char *handle)
{
  guint64 number;

  if (g_str_has_prefix (handle, "x11:"))
    return g_ascii_string_to_unsigned (handle + strlen ("x11:"), 16, 1, G_MAXUINT32, &number, NULL);
  return g_str_has_prefix (handle, "wayland:") && is_plain (handle + strlen ("wayland:"));
}

static gboolean
take_window (json_t *object, CardeaRequest *request, GError **error)
{
  const char *handle = NULL;
  const char *token = NULL;
  const CardeaField fields[] = {
    { "handle", CARDEA_FIELD_STRING, TRUE, 0, 0, &handle },
    { "activation_token", CARDEA_FIELD_STRING, FALSE, 0, 0, &token },
  };

  if (!object)
    return TRUE;
  if (!cardea_unpack (object, OPTIONS "window.", fields, G_N_ELEMENTS (fields), error))
    return FALSE;
  if (!is_window (handle))
    return cardea_unpack_refuse (OPTIONS, "window.handle",
                                 "must be x11: and a number in hex, or wayland: and a name", error);
  if (token && !is_plain (token))
    return cardea_unpack_refuse (OPTIONS, "window.activation_token",
                                 "must be printable ASCII of at most 256 bytes", error);

  request->window = g_strdup (handle);
  request->activation_token = g_strdup (token);
  return TRUE;
}

static gboolean
take_options (json_t *object, CardeaRequest *request, GError **error)
{
  Options options = { .post_handshake = -1 };
  const CardeaField fields[] = {
    { "server_name", CARDEA_FIELD_STRING, FALSE, 0, 0, &options.server_name },
    { "alpn", CARDEA_FIELD_STRINGS, FALSE, 0, CARDEA_LIMIT_ALPN_NAMES, &options.alpn },
    { "authenticate", CARDEA_FIELD_STRING, FALSE, 0, 0, &options.authenticate },
    { "certificate", CARDEA_FIELD_STRING, FALSE, 0, 0, &options.certificate },
    { "interaction", CARDEA_FIELD_STRING, FALSE, 0, 0, &options.interaction },
    { "authorities", CARDEA_FIELD_STRINGS, FALSE, 0, CARDEA_LIMIT_CALLER_AUTHORITIES, &options.authorities },
    { "proxy", CARDEA_FIELD_STRING, FALSE, 0, 0, &options.proxy },
    { "terminal", CARDEA_FIELD_STRING, FALSE, 0, 0, &options.terminal },
    { "tls12", CARDEA_FIELD_BOOLEAN, FALSE, 0, 0, &request->tls12 },
    { "timeout_ms", CARDEA_FIELD_INTEGER, FALSE, 1, MAX_TIMEOUT_MS, &options.timeout_ms },
    { "window", CARDEA_FIELD_OBJECT, FALSE, 0, 0, &options.window },
    { "post_handshake", CARDEA_FIELD_BOOLEAN, FALSE, 0, 0, &options.post_handshake },
  };

  if (!object)
    return TRUE;
  if (!cardea_unpack (object, OPTIONS, fields, G_N_ELEMENTS (fields), error))
    return FALSE;

  request->server_name = g_strdup (options.server_name);
  request->timeout_ms = (guint)options.timeout_ms;
  if (options.post_handshake >= 0)
    request->post_handshake = options.post_handshake ? CARDEA_POST_HANDSHAKE_YES : CARDEA_POST_HANDSHAKE_NO;
  return take_alpn (options.alpn, request, error) &&
         take_authenticate (options.authenticate, request, error) &&
         take_certificate (options.certificate, request, error) &&
         take_interaction (options.interaction, request, error) &&
         take_authorities (options.authorities, request, error) &&
         take_proxy (options.proxy, request, error) && take_terminal_use (options.terminal, request, error) &&
         take_window (options.window, request, error);
}

/* @name: the parameter that names the server. */
static CardeaRequest *
read_request (json_t *parameters, const char *name, GError **error)
{
  g_autoptr (CardeaRequest) request = cardea_request_new ();
  const char *host = NULL;
  json_int_t port = 0;
  json_t *options = NULL;
  const CardeaField fields[] = {
    { name, CARDEA_FIELD_STRING, TRUE, 0, 0, &host },
    { "port", CARDEA_FIELD_INTEGER, TRUE, 1, 65535, &port },
    { "options", CARDEA_FIELD_OBJECT, FALSE, 0, 0, &options },
  };

  if (!cardea_unpack (parameters, "", fields, G_N_ELEMENTS (fields), error))
    return NULL;

  request->host = g_strdup (host);
  request->port = (guint16)port;
  if (!take_options (options, request, error) || !cardea_request_normalise (request, name, error))
    return NULL;

  return g_steal_pointer (&request);
}

CardeaRequest *
cardea_connect_request_from_json (json_t *parameters, GError **error)
{
  return read_request (parameters, "host", error);
}

/* What cannot be meant is no smaller mistake than what cannot be understood. */
CardeaRequest *
cardea_connect_request_for_wrap (json_t *parameters, GError **error)
{
  g_autoptr (CardeaRequest) request = read_request (parameters, "server_name", error);
  const char *name = NULL;

  if (request == NULL)
    return NULL;
  if (request->server_name != NULL)
    name = "server_name";
  else if (request->proxy != NULL)
    name = "proxy";
  else if (request->terminal_use != CARDEA_TERMINAL_NEVER)
    name = "terminal";
  if (name == NULL)
    return g_steal_pointer (&request);

  cardea_unpack_refuse (OPTIONS, name, "means nothing with a socket of the program's own", error);
  return NULL;
}

static gboolean
take_place (json_t *object, CardeaRequest *request, GError **error)
{
  const char *terminal = NULL;
  json_t *window = NULL;
  const CardeaField fields[] = {
    { "terminal", CARDEA_FIELD_STRING, FALSE, 0, 0, &terminal },
    { "window", CARDEA_FIELD_OBJECT, FALSE, 0, 0, &window },
  };

  if (!object)
    return TRUE;
  return cardea_unpack (object, OPTIONS, fields, G_N_ELEMENTS (fields), error) &&
         take_terminal_use (terminal, request, error) && take_window (window, request, error);
}

CardeaRequest *
cardea_connect_request_for_pin (json_t *parameters, char **token, GError **error)
{
  g_autoptr (CardeaRequest) request = cardea_request_new ();
  g_autofree char *problem = NULL;
  const char *uri = NULL;
  json_t *options = NULL;
  const CardeaField fields[] = {
    { "token", CARDEA_FIELD_STRING, TRUE, 0, 0, &uri },
    { "options", CARDEA_FIELD_OBJECT, FALSE, 0, 0, &options },
  };

  if (!cardea_unpack (parameters, "", fields, G_N_ELEMENTS (fields), error) ||
      !take_place (options, request, error))
    return NULL;
  if (!cardea_token_uri_check (uri, &problem)) {
    cardea_unpack_refuse ("", "token", problem, error);
    return NULL;
  }
  *token = g_strdup (uri);
  return g_steal_pointer (&request);
}

gboolean
cardea_connect_request_take_terminal (CardeaRequest *request, int fd, GError **error)
{
  GError *problem = NULL;

  if (request->terminal_use == CARDEA_TERMINAL_NEVER && fd < 0)
    return TRUE;
  if (fd < 0)
    return cardea_unpack_refuse (OPTIONS, "terminal", "needs the terminal's descriptor with the call", error);
  if (request->terminal_use == CARDEA_TERMINAL_NEVER) {
    close (fd);
    return cardea_unpack_refuse (OPTIONS, "terminal", "is missing, though a descriptor came with the call",
                                 error);
  }
  request->terminal = cardea_terminal_new (fd, &problem);
  if (request->terminal)
    return TRUE;

  cardea_error_take_parameter (problem, "parameter", json_string (OPTIONS "terminal"));
  g_propagate_error (error, problem);
  return FALSE;
}

gboolean
cardea_connect_request_take_socket (CardeaRequest *request, int fd, GError **error)
{
  GError *problem = NULL;

  if (fd < 0)
    return cardea_unpack_refuse ("", "descriptor", "is missing: the socket goes along with the call", error);
  request->socket = cardea_connected_socket_new (fd, &problem);
  if (request->socket)
    return TRUE;

  if (g_error_matches (problem, CARDEA_ERROR, CARDEA_ERROR_INVALID_PARAMETER))
    cardea_error_take_parameter (problem, "parameter", json_string ("descriptor"));
  g_propagate_error (error, problem);
  return FALSE;
}
