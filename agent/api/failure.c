/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Errors as the contract writes them.
 *
 * A caller may rely on each parameter that the contract gives an error. Those who raise it add what they
 * know; what they left out is filled in here from the error's message, and an error that is not of the
 * contract becomes one that is. */
#include "agent/api/failure.h"

#include <gio/gio.h>

#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

typedef enum
{
  PARAMETER_MESSAGE, /* the error's own */
  PARAMETER_TEXT,
  PARAMETER_NULL,
  PARAMETER_NUMBER,
  PARAMETER_LIST,
  PARAMETER_PROBLEM,
} Kind;

static const struct
{
  CardeaErrorCode code;
  const char *name;
  Kind kind;
  const char *text;
} promised[] = {
  { CARDEA_ERROR_DENIED, "by", PARAMETER_TEXT, "agent" },
  { CARDEA_ERROR_DENIED, "message", PARAMETER_MESSAGE, NULL },
  { CARDEA_ERROR_INTERACTION_REQUIRED, "question", PARAMETER_TEXT, "consent" },
  { CARDEA_ERROR_INTERACTION_REQUIRED, "offers", PARAMETER_LIST, NULL },
  { CARDEA_ERROR_NO_CERTIFICATE, "offers", PARAMETER_LIST, NULL },
  { CARDEA_ERROR_TOKEN_UNAVAILABLE, "token", PARAMETER_TEXT, "" },
  { CARDEA_ERROR_TOKEN_UNAVAILABLE, "problem", PARAMETER_PROBLEM, NULL },
  { CARDEA_ERROR_PIN_REFUSED, "token", PARAMETER_TEXT, "" },
  { CARDEA_ERROR_PIN_REFUSED, "pin", PARAMETER_TEXT, "unknown" },
  { CARDEA_ERROR_CONNECT_FAILED, "step", PARAMETER_TEXT, "connect" },
  { CARDEA_ERROR_CONNECT_FAILED, "message", PARAMETER_MESSAGE, NULL },
  { CARDEA_ERROR_SERVER_NOT_TRUSTED, "reason", PARAMETER_TEXT, "invalid" },
  { CARDEA_ERROR_SERVER_NOT_TRUSTED, "message", PARAMETER_MESSAGE, NULL },
  { CARDEA_ERROR_SERVER_NOT_TRUSTED, "peer_chain", PARAMETER_LIST, NULL },
  { CARDEA_ERROR_HANDSHAKE_FAILED, "alert", PARAMETER_NULL, NULL },
  { CARDEA_ERROR_HANDSHAKE_FAILED, "message", PARAMETER_MESSAGE, NULL },
  { CARDEA_ERROR_CERTIFICATE_REJECTED, "alert", PARAMETER_TEXT, "unknown" },
  { CARDEA_ERROR_CERTIFICATE_REJECTED, "message", PARAMETER_MESSAGE, NULL },
  { CARDEA_ERROR_BUSY, "what", PARAMETER_TEXT, "agent" },
  { CARDEA_ERROR_BUSY, "retry_ms", PARAMETER_NUMBER, NULL },
  { CARDEA_ERROR_TIMED_OUT, "what", PARAMETER_TEXT, "call" },
  { CARDEA_ERROR_NOT_FOUND, "what", PARAMETER_TEXT, "" },
  { CARDEA_ERROR_INTERFACE_NOT_FOUND, "interface", PARAMETER_TEXT, "" },
  { CARDEA_ERROR_METHOD_NOT_FOUND, "method", PARAMETER_TEXT, "" },
  { CARDEA_ERROR_METHOD_NOT_IMPLEMENTED, "method", PARAMETER_TEXT, "" },
  { CARDEA_ERROR_INVALID_PARAMETER, "parameter", PARAMETER_TEXT, "" },
};

static json_t *
make_message (const GError *error)
{
  g_autofree char *valid = g_utf8_make_valid (error->message, -1);

  return json_string (valid);
}

static json_t *
make_parameter (const GError *error, Kind kind, const char *text)
{
  switch (kind) {
  case PARAMETER_MESSAGE:
    return make_message (error);
  case PARAMETER_TEXT:
    return json_string (text);
  case PARAMETER_NUMBER:
    return json_integer (0);
  case PARAMETER_LIST:
    return json_array ();
  case PARAMETER_PROBLEM:
    return json_pack ("{s:s, s:o, s:n}", "code", "module_failed", "message", make_message (error), "remedy");
  case PARAMETER_NULL:
  default:
    return json_null ();
  }
}

static CardeaErrorCode
get_code (const GError *error)
{
  if (error->domain == CARDEA_ERROR && cardea_error_code_to_name ((CardeaErrorCode)error->code))
    return (CardeaErrorCode)error->code;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return CARDEA_ERROR_CANCELLED;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return CARDEA_ERROR_TIMED_OUT;
  if (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL))
    return CARDEA_ERROR_INVALID_PARAMETER;

  return CARDEA_ERROR_CONNECT_FAILED;
}

json_t *
cardea_failure_to_json (const GError *error, const char **name)
{
  CardeaErrorCode code = get_code (error);
  json_t *given = cardea_error_get_parameters (error);
  json_t *parameters = given ? json_copy (given) : json_object ();

  for (guint i = 0; i < G_N_ELEMENTS (promised); i++)
    if (promised[i].code == code && !json_object_get (parameters, promised[i].name))
      json_object_set_new (parameters, promised[i].name,
                           make_parameter (error, promised[i].kind, promised[i].text));

  *name = cardea_error_code_to_name (code);
  return parameters;
}
