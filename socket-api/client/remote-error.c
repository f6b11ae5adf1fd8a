/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* An error reply becomes a GError.
 *
 * Where the agent gives a message of its own, that is the sentence: it knows best. The others are said here,
 * from the parameters, none of which need be there: an agent of another version may have left them out. */

#include "socket-api/client/remote-error.h"

#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

static const char *
text (json_t *parameters, const char *key)
{
  const char *value = json_string_value (json_object_get (parameters, key));

  return value != NULL ? value : "(not told)";
}

/* Of PinRefused: what it was. */
static const char *
name_secret (json_t *parameters)
{
  const char *secret = json_string_value (json_object_get (parameters, "secret"));

  if (g_strcmp0 (secret, "puk") == 0)
    return "PUK";
  return g_strcmp0 (secret, "new_pin") == 0 ? "new PIN" : "PIN";
}

static char *
describe_question (json_t *parameters)
{
  const char *question = text (parameters, "question");

  if (g_str_equal (question, "certificate"))
    return g_strdup ("A certificate has to be chosen, and nobody may be asked");
  if (g_str_equal (question, "pin"))
    return g_strdup ("A PIN is needed, and nobody may be asked");
  if (g_str_equal (question, "consent"))
    return g_strdup ("Somebody has to agree to this use of the certificate, and nobody may be asked");
  return g_strdup_printf ("A question has to be answered (%s), and nobody may be asked", question);
}

static char *
describe (CardeaErrorCode code, json_t *parameters)
{
  switch (code) {
  case CARDEA_ERROR_CANCELLED:
    return g_strdup ("The connection was cancelled by the person who was asked");
  case CARDEA_ERROR_DENIED:
    return g_strdup_printf ("The connection was denied by %s", text (parameters, "by"));
  case CARDEA_ERROR_INTERACTION_REQUIRED:
    return describe_question (parameters);
  case CARDEA_ERROR_NO_CERTIFICATE:
    return g_strdup ("The server asks for a certificate, and none can be used");
  case CARDEA_ERROR_TOKEN_UNAVAILABLE:
    return g_strdup_printf ("The token %s cannot be used: %s", text (parameters, "token"),
                            text (json_object_get (parameters, "problem"), "message"));
  case CARDEA_ERROR_PIN_REFUSED:
    return g_strdup_printf ("The token %s refused the %s", text (parameters, "token"),
                            name_secret (parameters));
  case CARDEA_ERROR_CONNECT_FAILED:
    return g_strdup ("The server cannot be reached");
  case CARDEA_ERROR_SERVER_NOT_TRUSTED:
    return g_strdup ("The server cannot be trusted");
  case CARDEA_ERROR_HANDSHAKE_FAILED:
    return g_strdup ("No secure connection to the server came about");
  case CARDEA_ERROR_EXPECTED_MORE:
    return g_strdup ("The agent would answer more than once, and was not asked to");
  case CARDEA_ERROR_CERTIFICATE_REJECTED:
    return g_strdup_printf ("The server rejected the certificate (%s)", text (parameters, "alert"));
  case CARDEA_ERROR_BUSY:
    return g_strdup_printf ("The agent has reached a limit: %s", text (parameters, "what"));
  case CARDEA_ERROR_TIMED_OUT:
    return g_strdup_printf ("This took too long: %s", text (parameters, "what"));
  case CARDEA_ERROR_NOT_FOUND:
    return g_strdup_printf ("The agent does not know %s", text (parameters, "what"));
  case CARDEA_ERROR_INTERFACE_NOT_FOUND:
    return g_strdup_printf ("The agent does not have the interface %s", text (parameters, "interface"));
  case CARDEA_ERROR_METHOD_NOT_FOUND:
  case CARDEA_ERROR_METHOD_NOT_IMPLEMENTED:
    return g_strdup_printf ("The agent does not have the method %s", text (parameters, "method"));
  case CARDEA_ERROR_INVALID_PARAMETER:
    return g_strdup_printf ("The agent does not accept the parameter \"%s\" as it was given",
                            text (parameters, "parameter"));
  case CARDEA_ERROR_PERMISSION_DENIED:
    return g_strdup ("The agent does not let this program do that");
  default:
    return g_strdup_printf ("The agent answered %s", cardea_error_code_to_name (code));
  }
}

GError *
cardea_remote_error_new (const char *name, json_t *parameters)
{
  const char *message = json_string_value (json_object_get (parameters, "message"));
  CardeaErrorCode code;
  GError *error;
  const char *key;
  json_t *value;

  if (!cardea_error_code_from_name (name, &code)) {
    error = cardea_error_new (CARDEA_ERROR_SERVICE,
                              "The agent answered with an error that is not known here: %s%s%s", name,
                              message != NULL ? ": " : "", message != NULL ? message : "");
    json_object_foreach (parameters, key, value)
      cardea_error_take_parameter (error, key, json_incref (value));
    cardea_error_take_parameter (error, "error", json_string (name));
    return error;
  }

  g_autofree char *sentence =
      message != NULL && *message != '\0' ? g_strdup (message) : describe (code, parameters);

  error = cardea_error_new (code, "%s", sentence);
  json_object_foreach (parameters, key, value)
    cardea_error_take_parameter (error, key, json_incref (value));
  return error;
}
