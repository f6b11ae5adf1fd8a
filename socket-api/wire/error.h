/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* The project's one error domain. Each code has one wire name; codes are appended, never renumbered.
 * An error may carry parameters: a JSON object that becomes `parameters` of the Varlink error. */
#define CARDEA_ERROR (cardea_error_quark ())

typedef enum
{
  /* org.cardea.agent */
  CARDEA_ERROR_CANCELLED,
  CARDEA_ERROR_DENIED,
  CARDEA_ERROR_INTERACTION_REQUIRED,
  CARDEA_ERROR_NO_CERTIFICATE,
  CARDEA_ERROR_TOKEN_UNAVAILABLE,
  CARDEA_ERROR_PIN_REFUSED,
  CARDEA_ERROR_CONNECT_FAILED,
  CARDEA_ERROR_SERVER_NOT_TRUSTED,
  CARDEA_ERROR_HANDSHAKE_FAILED,
  CARDEA_ERROR_CERTIFICATE_REJECTED,
  CARDEA_ERROR_BUSY,
  CARDEA_ERROR_TIMED_OUT,
  CARDEA_ERROR_NOT_FOUND,
  /* org.varlink.service */
  CARDEA_ERROR_INTERFACE_NOT_FOUND,
  CARDEA_ERROR_METHOD_NOT_FOUND,
  CARDEA_ERROR_METHOD_NOT_IMPLEMENTED,
  CARDEA_ERROR_INVALID_PARAMETER,
  CARDEA_ERROR_PERMISSION_DENIED,
  CARDEA_ERROR_EXPECTED_MORE,
  /* These never cross the wire by themselves: they are turned into one of the above, or end a program. */
  CARDEA_ERROR_PROTOCOL,      /* a message that is no message: the connection is closed */
  CARDEA_ERROR_CONFIGURATION, /* a configuration file */
  CARDEA_ERROR_SERVICE,       /* the client's side: the agent is not there, or went away */

  CARDEA_N_ERRORS
} CardeaErrorCode;

GQuark cardea_error_quark (void);

/* Sets an error without parameters other than those added later. */
void cardea_set_error (GError **error, CardeaErrorCode code, const char *format, ...) G_GNUC_PRINTF (3, 4);
GError *cardea_error_new (CardeaErrorCode code, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Adds one parameter to an error of the domain; the value is taken. No-op when @error is NULL or of another
 * domain (the value is released all the same). */
void cardea_error_take_parameter (GError *error, const char *name, json_t *value);
/* The parameters (borrowed), or NULL where there are none. */
json_t *cardea_error_get_parameters (const GError *error);

/* "org.cardea.agent.Busy" and so on; NULL for the last group. */
const char *cardea_error_code_to_name (CardeaErrorCode code);
/* FALSE for a name that is not known: a newer agent's. */
gboolean cardea_error_code_from_name (const char *name, CardeaErrorCode *code);

G_END_DECLS
