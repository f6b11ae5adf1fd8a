/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The error domain of the whole project.
 *
 * What fails deep inside the agent must reach the program with the same name and the same facts, so an error
 * carries its Varlink parameters from where it was born. They are shared between copies by reference and
 * copied when one of them is about to change: copies of an error are common, changes to them are not. */

#include "socket-api/wire/error.h"

/* GLib's accessor answers NULL to an error of another domain; each use below has checked the domain, which
 * the compiler cannot know. */
#pragma GCC diagnostic ignored "-Wnull-dereference"

typedef struct
{
  json_t *parameters; /* an object, or NULL; shared with copies of the error */
} CardeaErrorPrivate;

static void
cardea_error_private_init (CardeaErrorPrivate *priv)
{
  priv->parameters = NULL;
}

static void
cardea_error_private_copy (const CardeaErrorPrivate *source, CardeaErrorPrivate *copy)
{
  copy->parameters = json_incref (source->parameters);
}

static void
cardea_error_private_clear (CardeaErrorPrivate *priv)
{
  g_clear_pointer (&priv->parameters, json_decref);
}

G_DEFINE_EXTENDED_ERROR (CardeaError, cardea_error)

/* NULL: an error that never crosses the wire by itself. */
static const char *const WIRE_NAMES[CARDEA_N_ERRORS] = {
  [CARDEA_ERROR_CANCELLED] = "org.cardea.agent.Cancelled",
  [CARDEA_ERROR_DENIED] = "org.cardea.agent.Denied",
  [CARDEA_ERROR_INTERACTION_REQUIRED] = "org.cardea.agent.InteractionRequired",
  [CARDEA_ERROR_NO_CERTIFICATE] = "org.cardea.agent.NoCertificate",
  [CARDEA_ERROR_TOKEN_UNAVAILABLE] = "org.cardea.agent.TokenUnavailable",
  [CARDEA_ERROR_PIN_REFUSED] = "org.cardea.agent.PinRefused",
  [CARDEA_ERROR_CONNECT_FAILED] = "org.cardea.agent.ConnectFailed",
  [CARDEA_ERROR_SERVER_NOT_TRUSTED] = "org.cardea.agent.ServerNotTrusted",
  [CARDEA_ERROR_HANDSHAKE_FAILED] = "org.cardea.agent.HandshakeFailed",
  [CARDEA_ERROR_CERTIFICATE_REJECTED] = "org.cardea.agent.CertificateRejected",
  [CARDEA_ERROR_BUSY] = "org.cardea.agent.Busy",
  [CARDEA_ERROR_TIMED_OUT] = "org.cardea.agent.TimedOut",
  [CARDEA_ERROR_NOT_FOUND] = "org.cardea.agent.NotFound",
  [CARDEA_ERROR_INTERFACE_NOT_FOUND] = "org.varlink.service.InterfaceNotFound",
  [CARDEA_ERROR_METHOD_NOT_FOUND] = "org.varlink.service.MethodNotFound",
  [CARDEA_ERROR_METHOD_NOT_IMPLEMENTED] = "org.varlink.service.MethodNotImplemented",
  [CARDEA_ERROR_INVALID_PARAMETER] = "org.varlink.service.InvalidParameter",
  [CARDEA_ERROR_PERMISSION_DENIED] = "org.varlink.service.PermissionDenied",
  [CARDEA_ERROR_EXPECTED_MORE] = "org.varlink.service.ExpectedMore",
};

static GError *new_valist (CardeaErrorCode code, const char *format, va_list arguments) G_GNUC_PRINTF (2, 0);

static GError *
new_valist (CardeaErrorCode code, const char *format, va_list arguments)
{
  return g_error_new_valist (CARDEA_ERROR, (int)code, format, arguments);
}

GError *
cardea_error_new (CardeaErrorCode code, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  GError *error = new_valist (code, format, arguments);
  va_end (arguments);
  return error;
}

void
cardea_set_error (GError **error, CardeaErrorCode code, const char *format, ...)
{
  if (!error)
    return;
  va_list arguments;
  va_start (arguments, format);
  g_propagate_error (error, new_valist (code, format, arguments));
  va_end (arguments);
}

/* The error's parameters, owned by it alone and ready to be changed. */
static json_t *
own_parameters (CardeaErrorPrivate *priv)
{
  if (!priv->parameters) {
    priv->parameters = json_object ();
  } else if (priv->parameters->refcount > 1) {
    json_t *copy = json_copy (priv->parameters);
    json_decref (priv->parameters);
    priv->parameters = copy;
  }
  return priv->parameters;
}

void
cardea_error_take_parameter (GError *error, const char *name, json_t *value)
{
  if (!error || error->domain != CARDEA_ERROR || !value) {
    json_decref (value);
    return;
  }
  json_object_set_new (own_parameters (cardea_error_get_private (error)), name, value);
}

json_t *
cardea_error_get_parameters (const GError *error)
{
  if (!error || error->domain != CARDEA_ERROR)
    return NULL;
  return cardea_error_get_private (error)->parameters;
}

const char *
cardea_error_code_to_name (CardeaErrorCode code)
{
  return (guint)code < CARDEA_N_ERRORS ? WIRE_NAMES[code] : NULL;
}

gboolean
cardea_error_code_from_name (const char *name, CardeaErrorCode *code)
{
  for (guint i = 0; i < CARDEA_N_ERRORS; i++) {
    if (g_strcmp0 (name, WIRE_NAMES[i]) != 0 || !name)
      continue;
    *code = (CardeaErrorCode)i;
    return TRUE;
  }
  return FALSE;
}
