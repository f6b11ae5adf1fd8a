/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the verification says of a server that it refuses. */

#include "agent/tls/verify-parts.h"

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

/* What a person reads may not fill their screen, nor the reply. */
static json_t *
encode_chain (GPtrArray *chain)
{
  g_autoptr (json_t) list = json_array ();
  gsize total = 0;

  for (guint i = 0; chain != NULL && i < chain->len && i < CARDEA_LIMIT_CHAIN_CERTIFICATES; i++) {
    gsize length;
    const guint8 *data = g_bytes_get_data (chain->pdata[i], &length);
    g_autofree char *text = NULL;

    total += length;
    if (total > CARDEA_LIMIT_CHAIN_BYTES)
      break;
    text = g_base64_encode (data, length);
    json_array_append_new (list, json_string (text));
  }
  return g_steal_pointer (&list);
}

gboolean
cardea_verify_refuse (const CardeaVerifyRequest *request, GError **error, const char *reason,
                      const char *format, ...)
{
  g_autofree char *message = NULL;
  GError *refusal;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  refusal = cardea_error_new (CARDEA_ERROR_SERVER_NOT_TRUSTED, "%s", message);
  cardea_error_take_parameter (refusal, "reason", json_string (reason));
  cardea_error_take_parameter (refusal, "message", json_string (message));
  cardea_error_take_parameter (refusal, "peer_chain", encode_chain (request->chain));
  g_propagate_error (error, refusal);
  return FALSE;
}
