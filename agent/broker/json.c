/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values to JSON, as the contract writes them.
 *
 * It is here and not beside the API because errors carry offers, and the broker makes those. What cards and
 * servers say ends up in these strings: bytes that are no UTF-8 are replaced, so that no card can make a
 * reply impossible. */

#include "agent/broker/json.h"

#include <string.h>

#include "agent/base/purpose-names.h"

static json_t *
from_string (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text ? text : "", -1);

  return json_string (valid);
}

static json_t *
from_nullable (const char *text)
{
  return text ? from_string (text) : json_null ();
}

static json_t *
from_count (guint64 count)
{
  return json_integer ((json_int_t)MIN (count, (guint64)G_MAXINT64));
}

json_t *
cardea_json_from_reason (const CardeaReason *reason)
{
  json_t *object = json_object ();

  json_object_set_new (object, "code", json_string (cardea_reason_code_to_string (reason->code)));
  json_object_set_new (object, "message", from_string (reason->message));
  json_object_set_new (object, "remedy", from_nullable (reason->remedy));
  return object;
}

json_t *
cardea_json_from_reasons (GPtrArray *reasons)
{
  json_t *array = json_array ();

  for (guint i = 0; reasons && i < reasons->len; i++)
    json_array_append_new (array, cardea_json_from_reason (reasons->pdata[i]));

  return array;
}

json_t *
cardea_json_from_ders (GPtrArray *ders)
{
  json_t *array = json_array ();

  for (guint i = 0; ders && i < ders->len; i++) {
    gsize length;
    const guchar *bytes = g_bytes_get_data (ders->pdata[i], &length);
    g_autofree char *text = g_base64_encode (bytes, length);

    json_array_append_new (array, json_string (text));
  }

  return array;
}

static json_t *
from_lease (const CardeaLease *lease)
{
  if (lease == NULL)
    return json_null ();
  return json_pack ("{s:I, s:o, s:b}", "since", (json_int_t)lease->since, "due",
                    lease->due > 0 ? json_integer (lease->due) : json_null (), "screen_lock",
                    (int)lease->screen_lock);
}

json_t *
cardea_json_from_token (const CardeaToken *token, const CardeaLease *lease, gboolean single_use)
{
  const CardeaHostToken *info = token->info;
  json_t *object = json_object ();

  json_object_set_new (object, "uri", from_string (token->uri));
  json_object_set_new (object, "label", from_string (info ? info->label : NULL));
  json_object_set_new (object, "reader", from_nullable (info ? info->reader : NULL));
  json_object_set_new (object, "module", from_string (token->module));
  json_object_set_new (object, "state", json_string (cardea_token_state_to_string (token->state)));
  json_object_set_new (object, "pin",
                       json_string (cardea_pin_state_to_string (info ? info->pin : CARDEA_PIN_UNKNOWN)));
  json_object_set_new (object, "pin_tries",
                       info && info->told_tries > 0 ? json_integer ((json_int_t)info->told_tries - 1)
                                                    : json_null ());
  json_object_set_new (object, "pinpad", json_boolean (info && info->pinpad));
  json_object_set_new (object, "logged_in",
                       json_boolean (info && (info->logged_in || !info->login_required)));
  json_object_set_new (object, "lease", from_lease (lease));
  json_object_set_new (object, "single_use", json_boolean (single_use));
  json_object_set_new (object, "problems", cardea_json_from_reasons (token->problems));
  return object;
}

static json_t *
from_purposes (CardeaPurposes purposes)
{
  g_auto (GStrv) names = cardea_purposes_dup_names (purposes);
  json_t *array = json_array ();

  for (guint i = 0; names[i] != NULL; i++)
    json_array_append_new (array, json_string (names[i]));
  return array;
}

json_t *
cardea_json_from_certificate (const CardeaTokenCertificate *certificate)
{
  const CardeaCertificate *value = certificate->certificate;
  json_t *object = json_object ();

  json_object_set_new (object, "uri", from_string (certificate->uri));
  json_object_set_new (object, "sha256", from_string (cardea_certificate_get_sha256 (value)));
  json_object_set_new (object, "subject", from_string (cardea_certificate_get_subject (value)));
  json_object_set_new (object, "issuer", from_string (cardea_certificate_get_issuer (value)));
  json_object_set_new (object, "serial", from_string (cardea_certificate_get_serial (value)));
  json_object_set_new (object, "not_before", json_integer (cardea_certificate_get_not_before (value)));
  json_object_set_new (object, "not_after", json_integer (cardea_certificate_get_not_after (value)));
  json_object_set_new (object, "key", from_string (cardea_certificate_get_key_name (value)));
  json_object_set_new (object, "purposes", from_purposes (cardea_certificate_get_purposes (value)));
  json_object_set_new (object, "token", from_string (certificate->token->uri));
  json_object_set_new (object, "problems", cardea_json_from_reasons (certificate->problems));
  return object;
}

static void
add_tls_info (json_t *object, const CardeaTlsInfo *info)
{
  json_object_set_new (object, "tls_version", from_string (info->tls_version));
  json_object_set_new (object, "cipher_suite", from_string (info->cipher_suite));
  json_object_set_new (object, "alpn", from_nullable (info->alpn));
  json_object_set_new (object, "peer_chain", cardea_json_from_ders (info->peer_chain));
  json_object_set_new (object, "vouched_by", from_string (info->vouched_by));
  json_object_set_new (object, "revocation", from_string (info->revocation));
  json_object_set_new (object, "certificate_requested", json_boolean (info->certificate_requested));
  /* A silent server has not refused: not accepted is not known. */
  json_object_set_new (object, "accepted", info->accepted ? json_true () : json_null ());
  json_object_set_new (object, "resumed", json_boolean (info->resumed));
}

json_t *
cardea_json_from_session (CardeaSession *session)
{
  const CardeaTokenCertificate *certificate = cardea_session_get_certificate (session);
  json_t *object = json_object ();
  guint64 in, out;

  cardea_session_get_bytes (session, &in, &out);
  json_object_set_new (object, "id", from_string (cardea_session_get_id (session)));
  json_object_set_new (object, "caller",
                       from_string (cardea_caller_get_label (cardea_session_get_caller (session))));
  json_object_set_new (object, "server_name", from_string (cardea_session_get_server_name (session)));
  json_object_set_new (object, "port", json_integer (cardea_session_get_port (session)));
  add_tls_info (object, cardea_session_get_info (session));
  json_object_set_new (object, "certificate",
                       certificate ? cardea_json_from_certificate (certificate) : json_null ());
  json_object_set_new (object, "started", json_integer (cardea_session_get_started (session)));
  json_object_set_new (object, "bytes_in", from_count (in));
  json_object_set_new (object, "bytes_out", from_count (out));
  json_object_set_new (object, "tls_exporter", json_null ());
  return object;
}

json_t *
cardea_json_from_own_session (CardeaSession *session)
{
  const CardeaTlsInfo *info = cardea_session_get_info (session);
  json_t *object = cardea_json_from_session (session);
  gsize length;

  if (info->exporter != NULL) {
    const guint8 *value = g_bytes_get_data (info->exporter, &length);
    g_autofree char *text = g_base64_encode (value, length);

    json_object_set_new (object, "tls_exporter", json_string (text));
  }
  return object;
}

json_t *
cardea_json_from_end (const CardeaEnd *end)
{
  json_t *object = json_object ();

  json_object_set_new (object, "how", json_string (cardea_end_how_to_string (end->how)));
  json_object_set_new (object, "alert", from_nullable (end->alert));
  json_object_set_new (object, "message", from_string (end->message));
  json_object_set_new (object, "bytes_in", from_count (end->bytes_in));
  json_object_set_new (object, "bytes_out", from_count (end->bytes_out));
  return object;
}

json_t *
cardea_json_from_remembered (const CardeaRemembered *remembered)
{
  json_t *object = json_object ();

  json_object_set_new (object, "id", json_string (remembered->id));
  json_object_set_new (object, "program", from_string (remembered->program));
  json_object_set_new (object, "label", from_string (remembered->label));
  json_object_set_new (object, "server_name", from_string (remembered->server));
  json_object_set_new (object, "port", json_integer (remembered->port));
  json_object_set_new (object, "trust", from_string (remembered->trust));
  json_object_set_new (object, "certificate",
                       remembered->without ? json_null () : json_string (remembered->certificate.sha256));
  json_object_set_new (object, "until",
                       json_string (remembered->until == CARDEA_UNTIL_ALWAYS ? "always" : "removal"));
  json_object_set_new (object, "made", json_integer (remembered->made));
  json_object_set_new (object, "used", json_integer (remembered->used));
  json_object_set_new (object, "last_used", json_integer (remembered->last_used));
  return object;
}
