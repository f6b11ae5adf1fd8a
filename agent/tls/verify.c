/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether a server is who it should be: limits, then the server's own certificate, then a path, then
 * revocation.
 *
 * The first thing found is what the person reads, so the order is by what they can do about it: a certificate
 * that has expired says so even when its authority is unknown as well. */

#include "agent/tls/verify.h"

#include "agent/tls/names.h"
#include "agent/tls/path.h"
#include "agent/tls/verify-parts.h"
#include "socket-api/limits.h"

static const CardeaFlaw flaw_ca = { "wrong_usage", "is an authority's and not a server's" };
static const CardeaFlaw flaw_not_for_servers = { "wrong_usage", "is not for servers (extended key usage)" };
static const CardeaFlaw flaw_no_signature = { "wrong_usage",
                                              "is not for signatures, which TLS 1.3 needs (key usage)" };

void
cardea_verdict_clear (CardeaVerdict *self)
{
  g_clear_pointer (&self->vouched_by, g_free);
  g_clear_pointer (&self->authority, g_free);
  g_clear_pointer (&self->revocation, g_free);
  g_clear_pointer (&self->question, cardea_revocation_question_unref);
}

static char *
format_date (gint64 seconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (seconds);

  return time != NULL ? g_date_time_format (time, "%-d %B %Y, %H:%M UTC") : g_strdup ("a time out of range");
}

/* The beginning of a sentence about the certificate. */
static char *
format_whose (const CardeaVerifyRequest *request, const CardeaX509 *certificate, gboolean leaf)
{
  g_autofree char *name = NULL;

  if (leaf)
    return g_strdup_printf ("The certificate of %s", request->server_name);
  name = cardea_x509_describe (certificate);
  return g_strdup_printf ("The authority “%s”, which %s relies on,", name, request->server_name);
}

static gboolean
refuse_flaw (const CardeaVerifyRequest *request, const CardeaFlaw *flaw, const CardeaX509 *certificate,
             gboolean leaf, GError **error)
{
  g_autofree char *whose = format_whose (request, certificate, leaf);
  g_autofree char *date = NULL;

  if (flaw == &cardea_flaw_expired) {
    date = format_date (certificate->not_after);
    return cardea_verify_refuse (
        request, error, flaw->reason,
        "%s expired on %s. Its operator must renew it, unless this computer's clock is wrong.", whose, date);
  }
  if (flaw == &cardea_flaw_not_yet_valid) {
    date = format_date (certificate->not_before);
    return cardea_verify_refuse (
        request, error, flaw->reason,
        "%s is not valid before %s. Check this computer's clock; otherwise ask the server's operator.", whose,
        date);
  }
  return cardea_verify_refuse (request, error, flaw->reason,
                               "%s %s. Only the server's operator can mend that.", whose, flaw->what);
}

static gboolean
check_size (const CardeaVerifyRequest *request, GError **error)
{
  const GPtrArray *chain = request->chain;
  gsize total = 0;

  if (chain == NULL || chain->len == 0)
    return cardea_verify_refuse (request, error, "invalid",
                                 "%s sent no certificate, so it cannot show who it is.",
                                 request->server_name);
  if (chain->len > CARDEA_LIMIT_CHAIN_CERTIFICATES)
    return cardea_verify_refuse (request, error, "too_large",
                                 "%s sent %u certificates; more than %d are not accepted.",
                                 request->server_name, chain->len, CARDEA_LIMIT_CHAIN_CERTIFICATES);
  for (guint i = 0; i < chain->len; i++) {
    gsize length = g_bytes_get_size (chain->pdata[i]);

    total += length;
    if (length > CARDEA_LIMIT_CERTIFICATE_BYTES || total > CARDEA_LIMIT_CHAIN_BYTES)
      return cardea_verify_refuse (
          request, error, "too_large",
          "%s sent a certificate of more than %d bytes, or certificates of more than %d bytes together.",
          request->server_name, CARDEA_LIMIT_CERTIFICATE_BYTES, CARDEA_LIMIT_CHAIN_BYTES);
  }
  return TRUE;
}

/* CardeaX509, the leaf first. */
static GPtrArray *
read_chain (const CardeaVerifyRequest *request, GError **error)
{
  g_autoptr (GPtrArray) chain = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_x509_unref);

  for (guint i = 0; i < request->chain->len; i++) {
    CardeaX509 *certificate = cardea_x509_new (request->chain->pdata[i], NULL);

    if (certificate == NULL) {
      cardea_verify_refuse (request, error, "malformed",
                            "Certificate %u of those that %s sent cannot be read.", i + 1,
                            request->server_name);
      return NULL;
    }
    g_ptr_array_add (chain, certificate);
  }
  return g_steal_pointer (&chain);
}

static gboolean
check_pairs (CardeaTrust *trust, const CardeaVerifyRequest *request, GPtrArray *chain, GError **error)
{
  if (cardea_path_count_pairs (trust, chain) <= CARDEA_LIMIT_NAME_CONSTRAINT_PAIRS)
    return TRUE;
  return cardea_verify_refuse (request, error, "too_large",
                               "The certificates of %s have too many names and constraints on names.",
                               request->server_name);
}

static gboolean
check_names (const CardeaVerifyRequest *request, const CardeaX509 *leaf, GError **error)
{
  if (!leaf->has_names)
    return cardea_verify_refuse (
        request, error, "wrong_name",
        "The certificate of %s says in no subject alternative name whose it is. Its operator must "
        "replace it.",
        request->server_name);
  if (!cardea_names_match (leaf, request->server_name))
    return cardea_verify_refuse (
        request, error, "wrong_name",
        "The certificate that was shown for %s is for another name. Check the address; it may also be "
        "another server that answers in its place.",
        request->server_name);
  return TRUE;
}

/* Someone who trusts a server's certificate itself trusts it to be the server's, whether or not it calls
 * itself an authority. */
static const CardeaFlaw *
check_usage (const CardeaX509 *leaf, gboolean anchor)
{
  if (leaf->authority && !anchor)
    return &flaw_ca;
  if (leaf->has_extended_usage && !leaf->for_server && !leaf->for_any)
    return &flaw_not_for_servers;
  if (leaf->has_key_usage && (leaf->key_usage & CARDEA_USAGE_DIGITAL_SIGNATURE) == 0)
    return &flaw_no_signature;
  return NULL;
}

static gboolean
check_leaf (CardeaTrust *trust, const CardeaVerifyRequest *request, const CardeaX509 *leaf, GError **error)
{
  gboolean anchor = cardea_trust_find_anchor (trust, leaf->bytes) != NULL;
  const CardeaFlaw *flaw = cardea_path_check_certificate (trust, leaf, request->now);

  if (flaw == NULL && !anchor)
    flaw = leaf->signature_flaw;
  if (flaw != NULL)
    return refuse_flaw (request, flaw, leaf, TRUE, error);
  if (!check_names (request, leaf, error))
    return FALSE;
  flaw = check_usage (leaf, anchor);
  return flaw == NULL || refuse_flaw (request, flaw, leaf, TRUE, error);
}

/* Nothing but the rule is in the way, so it is named. */
static gboolean
refuse_demand (const CardeaVerifyRequest *request, const CardeaDemand *demand, gboolean pinned,
               GError **error)
{
  if (pinned)
    return cardea_verify_refuse (
        request, error, cardea_flaw_not_pinned.reason,
        "The rule “%s” (%s) pins keys for %s, and none of them is in the way from its certificate to "
        "its authority. Another server may be answering in its place; if its keys were changed, an "
        "administrator has to correct the rule.",
        demand->rule, demand->where, request->server_name);
  return cardea_verify_refuse (
      request, error, "authority_not_allowed",
      "None of the authorities that the rule “%s” (%s) names vouches for %s. Another server may be "
      "answering in its place; if it has another authority now, an administrator has to correct the "
      "rule.",
      demand->rule, demand->where, request->server_name);
}

static gboolean
refuse_path (const CardeaVerifyRequest *request, const CardeaDemand *demand, const CardeaPathFailure *failure,
             const CardeaX509 *leaf, GError **error)
{
  if (demand != NULL && (failure->flaw == NULL || failure->flaw == &cardea_flaw_not_pinned))
    return refuse_demand (request, demand, failure->flaw != NULL, error);
  if (failure->flaw != NULL)
    return refuse_flaw (request, failure->flaw, failure->certificate, failure->certificate == leaf, error);
  if (cardea_x509_is_self_issued (leaf))
    return cardea_verify_refuse (
        request, error, "self_signed",
        "The certificate of %s is vouched for by nobody but itself. If it is your own server, add its "
        "certificate to the authorities you trust.",
        request->server_name);
  return cardea_verify_refuse (
      request, error, "unknown_authority",
      "No authority that is trusted here vouches for %s. Either an authority has to be added, or the server "
      "does not send the certificates between.",
      request->server_name);
}

/* One verification of one server. */
typedef struct
{
  const CardeaVerifyRequest *request;
  GPtrArray *chain; /* of CardeaX509 */
  CardeaVerdict verdict;
} Check;

/* Whether @trust vouches for the server, and what the path that it does so by says; @demand: whose trust it
 * is, or NULL. */
static gboolean
check_trust (Check *self, CardeaTrust *trust, const CardeaDemand *demand, GError **error)
{
  const CardeaX509 *leaf = self->chain->pdata[0];
  const GPtrArray *pins = demand != NULL ? demand->pins : NULL;
  CardeaPath path;
  CardeaPathFailure failure;

  if (!check_pairs (trust, self->request, self->chain, error) ||
      !check_leaf (trust, self->request, leaf, error))
    return FALSE;
  if (!cardea_path_find (trust, self->chain, pins, self->request->now, &path, &failure))
    return refuse_path (self->request, demand, &failure, leaf, error);
  cardea_verdict_clear (&self->verdict);
  if (!cardea_verify_revocation (self->request, &path, &self->verdict, error))
    return FALSE;
  self->verdict.vouched_by = g_strdup (path.anchor->source);
  self->verdict.authority = cardea_x509_call (path.certificates[path.length - 1]);
  return TRUE;
}

/* The first of them comes last: it is whose path is told of. */
static gboolean
check_authorities (Check *self, const GPtrArray *demands, GError **error)
{
  for (guint i = demands->len; i-- > 0;) {
    const CardeaDemand *demand = demands->pdata[i];

    if (demand->trust != NULL && !check_trust (self, demand->trust, demand, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
has_pinned_path (const Check *self, CardeaTrust *trust, const CardeaDemand *demand)
{
  CardeaPath path;
  CardeaPathFailure failure;

  return trust != NULL &&
         cardea_path_find (trust, self->chain, demand->pins, self->request->now, &path, &failure);
}

/* Pins of a rule without authorities: whoever has vouched may do so by way of them. */
static gboolean
check_pins (const Check *self, CardeaTrust *trust, const GPtrArray *demands, GError **error)
{
  for (guint i = 0; i < demands->len; i++) {
    const CardeaDemand *demand = demands->pdata[i];
    gboolean met = demand->trust != NULL || demand->pins == NULL || has_pinned_path (self, trust, demand);

    for (guint j = 0; j < demands->len && !met; j++)
      met = has_pinned_path (self, ((const CardeaDemand *)demands->pdata[j])->trust, demand);
    if (!met)
      return refuse_demand (self->request, demand, TRUE, error);
  }
  return TRUE;
}

static gboolean
check_all (Check *self, CardeaTrust *trust, GError **error)
{
  const GPtrArray *demands = self->request->demands;

  if (trust != NULL && !check_trust (self, trust, NULL, error))
    return FALSE;
  if (demands != NULL &&
      (!check_authorities (self, demands, error) || !check_pins (self, trust, demands, error)))
    return FALSE;
  return self->verdict.question != NULL ||
         cardea_verify_revocation_is_enough (self->request, &self->verdict, FALSE, error);
}

gboolean
cardea_verify_server (CardeaTrust *trust, const CardeaVerifyRequest *request, CardeaVerdict *verdict,
                      GError **error)
{
  g_autoptr (GPtrArray) chain = NULL;
  Check check = { .request = request };

  if (!check_size (request, error))
    return FALSE;
  chain = read_chain (request, error);
  if (chain == NULL)
    return FALSE;
  check.chain = chain;
  if (request->lists != NULL)
    cardea_crl_store_refresh (request->lists);
  if (!check_all (&check, trust, error)) {
    cardea_verdict_clear (&check.verdict);
    return FALSE;
  }
  g_assert (check.verdict.vouched_by != NULL); /* somebody was asked */
  *verdict = check.verdict;
  return TRUE;
}
