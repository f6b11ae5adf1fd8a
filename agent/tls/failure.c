/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why a handshake failed, for a person. NSS's own words name constants; the alert, where there is one, says
 * more, and which side gave up says where to look. */

#include "agent/tls/failure.h"

#include "agent/tls/alert.h"
#include "agent/tls/nss.h"
#include "agent/tls/tls12.h"
#include "socket-api/wire/error.h"

#include <secerr.h>
#include <sslerr.h>

static json_t *
alert_to_json (const char *alert)
{
  return alert != NULL ? json_string (alert) : json_null ();
}

static GError *
make (CardeaErrorCode code, const char *alert, const char *message)
{
  GError *error = cardea_error_new (code, "%s", message);

  cardea_error_take_parameter (error, "alert", alert_to_json (alert));
  cardea_error_take_parameter (error, "message", json_string (message));
  return error;
}

GError *
cardea_failure_new (const char *alert, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return make (CARDEA_ERROR_HANDSHAKE_FAILED, alert, message);
}

GError *
cardea_failure_new_timeout (void)
{
  GError *error = cardea_error_new (
      CARDEA_ERROR_TIMED_OUT,
      "The server did not finish the TLS handshake in time. Try again, or ask its operator.");

  cardea_error_take_parameter (error, "what", json_string ("handshake"));
  return error;
}

GError *
cardea_failure_from_signing (CardeaSignOutcome outcome)
{
  if (outcome == CARDEA_SIGN_WRONG)
    return cardea_failure_new (
        NULL, "The token made a signature that does not fit the certificate; it was not sent. "
              "Remove the token, insert it again, and try again.");
  return cardea_failure_new (NULL,
                             "The token made no signature. Check that it is still there, and try again.");
}

/* @finished: our answer to the request for a certificate is through. */
static gboolean
is_verdict (const CardeaTlsSocket *socket, guint alert, gboolean finished, gboolean certificate_sent)
{
  if (!finished)
    return FALSE;
  if (cardea_tls12_is_spoken (socket) && !socket->finished)
    return cardea_alert_may_be_about_certificate (alert);
  return certificate_sent || cardea_alert_is_about_certificate (alert);
}

static GError *
from_alert (const CardeaTlsSocket *socket, guint alert, gboolean finished, gboolean certificate_sent)
{
  const char *name = cardea_alert_to_name (alert);
  const char *explanation = cardea_alert_explain (alert);

  if (!is_verdict (socket, alert, finished, certificate_sent))
    return cardea_failure_new (name, "The server refused the connection (%s): it %s.", name, explanation);

  g_autofree char *message = g_strdup_printf (
      "The server %s (%s): it %s. %s",
      certificate_sent ? "refused the certificate" : "refused to go on without a certificate", name,
      explanation,
      certificate_sent ? "Try another certificate, or ask the server's operator." : "Choose one.");
  return make (CARDEA_ERROR_CERTIFICATE_REJECTED, name, message);
}

static GError *
make_weak_key (const CardeaTlsSocket *socket)
{
  const char *message =
      "The key in the server's certificate is too short to be safe. Ask its operator to replace it.";
  GError *error = cardea_error_new (CARDEA_ERROR_SERVER_NOT_TRUSTED, "%s", message);
  json_t *chain = json_array ();

  for (guint i = 0; i < socket->chain->len; i++) {
    gsize length;
    const guint8 *data = g_bytes_get_data (g_ptr_array_index (socket->chain, i), &length);
    g_autofree char *text = g_base64_encode (data, length);
    json_array_append_new (chain, json_string (text));
  }
  cardea_error_take_parameter (error, "reason", json_string ("weak"));
  cardea_error_take_parameter (error, "message", json_string (message));
  cardea_error_take_parameter (error, "peer_chain", chain);
  return error;
}

static GError *
make_too_old (CardeaTls12 tls12)
{
  static const char *const sentences[] = {
    [CARDEA_TLS12_NOT_WANTED] =
        "The server does not speak TLS 1.3, the oldest version accepted here. Ask its operator to enable it.",
    [CARDEA_TLS12_NOT_PERMITTED] =
        "The server does not speak TLS 1.3, and TLS 1.2 takes an administrator's rule with \"tls12=true\" "
        "for "
        "this program and this server (see cardea-rules(5)). Ask its operator to enable TLS 1.3, or an "
        "administrator for the rule.",
    [CARDEA_TLS12_NOT_ASKED_FOR] = "The server does not speak TLS 1.3. An administrator's rule permits TLS "
                                   "1.2 here, and the program did "
                                   "not ask for it (with cardea connect: --tls12).",
    [CARDEA_TLS12_ALLOWED] = "The server speaks neither TLS 1.3 nor TLS 1.2, the oldest version accepted "
                             "here. Ask its operator to "
                             "enable them.",
  };

  return cardea_failure_new (cardea_alert_to_name (CARDEA_ALERT_PROTOCOL_VERSION), "%s", sentences[tls12]);
}

static GError *
from_code (const CardeaTlsSocket *socket, PRErrorCode code, const char *alert)
{
  const char *when = socket->finished ? "right after the handshake" : "during the handshake";

  switch (code) {
  case PR_END_OF_FILE_ERROR:
    return cardea_failure_new (alert, "The server closed the connection %s, without saying why.", when);
  case PR_CONNECT_RESET_ERROR:
  case PR_CONNECT_ABORTED_ERROR:
  case PR_NOT_CONNECTED_ERROR:
  case PR_SOCKET_SHUTDOWN_ERROR:
    return cardea_failure_new (alert, "The server reset the connection %s.", when);
  case SSL_ERROR_UNSUPPORTED_VERSION:
  case SSL_ERROR_PROTOCOL_VERSION_ALERT:
    return make_too_old (socket->tls12);
  case SSL_ERROR_RENEGOTIATION_NOT_ALLOWED:
    return cardea_failure_new (alert,
                               "The server wanted to negotiate anew in the middle of the connection, "
                               "which is refused: it could put another certificate in place of the one "
                               "that was decided. Ask its operator to do without.");
  case SSL_ERROR_UNSAFE_NEGOTIATION:
    return cardea_failure_new (alert, "The server does not say that it is safe from being made to negotiate "
                                      "anew (RFC 5746). Ask its operator to bring its software up to date.");
  /* NSS keeps one certificate for each issuer and serial number in the whole process, as long as anyone uses
   * it. */
  case SEC_ERROR_REUSED_ISSUER_AND_SERIAL:
    return cardea_failure_new (
        alert, "The server's certificate has the issuer and serial number of a different certificate that an "
               "open connection uses. End that connection and try again; if it happens again, tell the "
               "authority that issued them.");
  case SSL_ERROR_RX_RECORD_TOO_LONG:
  case SSL_ERROR_BAD_SERVER:
  case SSL_ERROR_RX_UNKNOWN_RECORD_TYPE:
    return cardea_failure_new (
        alert, "The server does not speak TLS on this port, or not yet. Check the port, and whether TLS "
               "begins with STARTTLS.");
  default: {
    g_autofree char *reason = cardea_nss_describe (code);
    return cardea_failure_new (alert, "The TLS connection to the server failed %s: %s", when, reason);
  }
  }
}

GError *
cardea_failure_from_socket (const CardeaTlsSocket *socket, gboolean finished, gboolean certificate_sent)
{
  const char *sent = socket->alert_sent >= 0 ? cardea_alert_to_name ((guint)socket->alert_sent) : NULL;

  if (socket->alert_received == CARDEA_ALERT_PROTOCOL_VERSION)
    return make_too_old (socket->tls12);
  if (socket->alert_received >= 0)
    return from_alert (socket, (guint)socket->alert_received, finished, certificate_sent);
  if (socket->error == SSL_ERROR_WEAK_SERVER_CERT_KEY)
    return make_weak_key (socket);
  return from_code (socket, socket->error, sent);
}
