/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* How unlocking fails, in words and in parameters. */

#include "agent/pin/outcome.h"

#include "socket-api/wire/error.h"

static const char *
get_label (CardeaToken *token)
{
  return token->info != NULL && token->info->label != NULL && token->info->label[0] != '\0'
             ? token->info->label
             : token->uri;
}

GError *
cardea_pin_error_refused (CardeaToken *token, CardeaPinState state)
{
  GError *error =
      cardea_error_new (CARDEA_ERROR_PIN_REFUSED,
                        "The token \"%s\" refused the PIN. It is not sent again; %s.", get_label (token),
                        state == CARDEA_PIN_LOCKED      ? "the token is locked now: use its PUK"
                        : state == CARDEA_PIN_FINAL_TRY ? "one try is left before the token locks"
                                                        : "check the PIN before trying another");

  cardea_error_take_parameter (error, "token", json_string (token->uri));
  cardea_error_take_parameter (error, "pin", json_string (cardea_pin_state_to_string (state)));
  return error;
}

GError *
cardea_pin_error_interaction (CardeaToken *token)
{
  GError *error =
      cardea_error_new (CARDEA_ERROR_INTERACTION_REQUIRED,
                        "The token \"%s\" needs its PIN, and asking for it was not allowed. Allow "
                        "questions, or give the PIN a source: [pin NAME] in cardea-agent.conf(5).",
                        get_label (token));

  cardea_error_take_parameter (error, "question", json_string ("pin"));
  cardea_error_take_parameter (error, "offers", json_array ());
  return error;
}

GError *
cardea_pin_error_unavailable (CardeaToken *token, CardeaReasonCode code, const char *remedy,
                              const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;
  GError *error;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  error = cardea_error_new (CARDEA_ERROR_TOKEN_UNAVAILABLE, "Token \"%s\": %s %s", get_label (token), message,
                            remedy);
  cardea_error_take_parameter (error, "token", json_string (token->uri));
  cardea_error_take_parameter (error, "problem",
                               json_pack ("{s:s, s:s, s:s}", "code", cardea_reason_code_to_string (code),
                                          "message", message, "remedy", remedy));
  return error;
}

GError *
cardea_pin_error_source (CardeaToken *token, const char *source_name, const char *what)
{
  const char *remedy = "Mend the [pin NAME] groups of the agent's configuration or what they name; "
                       "see cardea-agent.conf(5).";

  if (source_name == NULL)
    return cardea_pin_error_unavailable (token, CARDEA_REASON_PIN_SOURCE_UNUSABLE, remedy, "%s", what);
  return cardea_pin_error_unavailable (token, CARDEA_REASON_PIN_SOURCE_UNUSABLE, remedy,
                                       "The PIN source [pin %s] is not used. %s", source_name, what);
}

GError *
cardea_pin_error_gone (CardeaToken *token)
{
  return cardea_pin_error_unavailable (token, CARDEA_REASON_MODULE_FAILED, "Insert it and try again.",
                                       "The token went away before its PIN was sent.");
}
