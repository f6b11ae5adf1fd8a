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

static GError *
make_refused (CardeaToken *token, CardeaPinState state, const char *what, const char *advice)
{
  GError *error = cardea_error_new (CARDEA_ERROR_PIN_REFUSED,
                                    "The token \"%s\" refused the %s. It is not sent again; %s.",
                                    get_label (token), what, advice);

  cardea_error_take_parameter (error, "token", json_string (token->uri));
  cardea_error_take_parameter (error, "pin", json_string (cardea_pin_state_to_string (state)));
  return error;
}

static const char *
get_advice (CardeaPinState state)
{
  switch (state) {
  case CARDEA_PIN_LOCKED:
    return "the token is locked now: use its PUK";
  case CARDEA_PIN_FINAL_TRY:
    return "one try is left before the token locks";
  case CARDEA_PIN_MUST_CHANGE:
    return "the token wants its PIN to be changed first";
  default:
    return "check the PIN before trying another";
  }
}

GError *
cardea_pin_error_refused (CardeaToken *token, CardeaPinState state)
{
  return make_refused (token, state, "PIN", get_advice (state));
}

GError *
cardea_pin_error_puk_refused (CardeaToken *token, CardeaPinState state)
{
  GError *error =
      make_refused (token, state, "PUK",
                    state == CARDEA_PIN_LOCKED      ? "it cannot be unlocked with it any more"
                    : state == CARDEA_PIN_FINAL_TRY ? "one try is left before it cannot be unlocked any more"
                                                    : "check the PUK before trying another");

  cardea_error_take_parameter (error, "secret", json_string ("puk"));
  return error;
}

GError *
cardea_pin_error_new_refused (CardeaToken *token)
{
  GError *error = make_refused (token, CARDEA_PIN_UNKNOWN, "new PIN", "it keeps the PIN that it has");

  cardea_error_take_parameter (error, "secret", json_string ("new_pin"));
  return error;
}

GError *
cardea_pin_error_locked (CardeaToken *token)
{
  return cardea_pin_error_unavailable (
      token, CARDEA_REASON_TOKEN_LOCKED,
      "Unlock it with its PUK (\"cardea pin unblock\"), or ask whoever issued it.",
      "The token is locked: a wrong PIN was entered too often.");
}

GError *
cardea_pin_error_not_set (CardeaToken *token)
{
  return cardea_pin_error_unavailable (
      token, CARDEA_REASON_TOKEN_NOT_INITIALISED,
      "Set one with its PUK (\"cardea pin unblock\"), or with the software of the token.",
      "The token has no PIN yet.");
}

GError *
cardea_pin_error_expired (CardeaToken *token)
{
  return cardea_pin_error_unavailable (token, CARDEA_REASON_PIN_MUST_CHANGE,
                                       "Change it: \"cardea pin change\".",
                                       "The token wants its PIN to be changed before it does anything else.");
}

GError *
cardea_pin_error_puk_locked (CardeaToken *token)
{
  return cardea_pin_error_unavailable (token, CARDEA_REASON_TOKEN_LOCKED, "Ask whoever issued it.",
                                       "A wrong PUK was entered too often: it unlocks the token no more.");
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
