/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether certificates of a path were revoked.
 *
 * What the server stapled, lists on this computer, and in the end the network: the first two are looked at
 * both, since a server that keeps a good answer for as long as it holds must not hide what an administrator's
 * list knows; the third is asked only where neither knows. All three are about the server's certificate;
 * those of authorities are looked for in lists alone, as nobody staples for them and fetching for each would
 * tell more, and take longer, than an authority's rare revocation is worth: who cares has a list here. */

#include <string.h>

#include "agent/tls/ocsp.h"
#include "agent/tls/verify-parts.h"

static gboolean
refuse_revoked (const CardeaVerifyRequest *request, GError **error)
{
  return cardea_verify_refuse (request, error, "revoked",
                               "The certificate of %s was revoked by its authority; its key may be in wrong "
                               "hands. Do not connect until its operator has replaced it.",
                               request->server_name);
}

static gboolean
check_authorities (const CardeaVerifyRequest *request, const CardeaPath *path, GError **error)
{
  for (guint i = 1; request->lists != NULL && i + 1 < path->length; i++) {
    g_autofree char *name = NULL;

    if (cardea_crl_store_check (request->lists, path->certificates[i], path->certificates[i + 1],
                                request->now) != CARDEA_REVOCATION_REVOKED)
      continue;
    name = cardea_x509_describe (path->certificates[i]);
    return cardea_verify_refuse (
        request, error, "revoked",
        "The authority “%s”, which %s relies on, was revoked by the one above it. Do not connect until the "
        "server's operator has a certificate of another one.",
        name, request->server_name);
  }
  return TRUE;
}

/* What an authority promises of itself it promises of all below it (RFC 7633, 4.2.2), so the certificate of
 * the server need not repeat it. */
static gboolean
must_staple (const CardeaPath *path)
{
  for (guint i = 0; i < path->length; i++)
    if (path->certificates[i]->must_staple)
      return TRUE;
  return FALSE;
}

static gboolean
refuse_unstapled (const CardeaVerifyRequest *request, GError **error)
{
  return cardea_verify_refuse (
      request, error, "not_stapled",
      "The certificate of %s may only be used together with proof that it was not revoked (must-staple), and "
      "the server sent %s. Its operator must have it send OCSP responses (stapling).",
      request->server_name, request->stapled_ocsp != NULL ? "one that does not hold" : "none");
}

static gboolean
is_hard (const CardeaVerifyRequest *request)
{
  for (guint i = 0; request->demands != NULL && i < request->demands->len; i++)
    if (((const CardeaDemand *)request->demands->pdata[i])->hard_revocation)
      return TRUE;
  return FALSE;
}

/* Where nobody vouches but whom the program brought along, the places to ask are the program's choice as
 * well: one in a sandbox would reach hosts of its choosing through the agent. */
static gboolean
may_ask (const CardeaVerifyRequest *request, const CardeaPath *path)
{
  return request->fetch && strcmp (path->anchor->source, "program") != 0;
}

gboolean
cardea_verify_revocation (const CardeaVerifyRequest *request, const CardeaPath *path, CardeaVerdict *verdict,
                          GError **error)
{
  CardeaX509 *leaf = path->certificates[0];
  CardeaX509 *issuer = path->certificates[1];
  CardeaRevocationStatus stapled = CARDEA_REVOCATION_UNKNOWN, listed = CARDEA_REVOCATION_UNKNOWN;

  verdict->revocation = g_strdup ("not_checked");
  if (path->length < 2) /* whoever trusts a server's certificate itself asks nobody about it */
    return TRUE;
  if (request->stapled_ocsp != NULL)
    stapled = cardea_ocsp_check (request->stapled_ocsp, leaf, issuer, request->now, NULL);
  if (request->lists != NULL)
    listed = cardea_crl_store_check (request->lists, leaf, issuer, request->now);
  if (stapled == CARDEA_REVOCATION_REVOKED || listed == CARDEA_REVOCATION_REVOKED)
    return refuse_revoked (request, error);
  if (!check_authorities (request, path, error))
    return FALSE;
  if (stapled != CARDEA_REVOCATION_GOOD && must_staple (path))
    return refuse_unstapled (request, error);
  g_free (verdict->revocation);
  if (stapled == CARDEA_REVOCATION_GOOD || listed == CARDEA_REVOCATION_GOOD) {
    verdict->revocation = g_strdup ("good");
    return TRUE;
  }
  verdict->revocation = g_strdup (request->stapled_ocsp != NULL ? "unknown" : "not_checked");
  if (may_ask (request, path))
    verdict->question = cardea_revocation_question_new (leaf, issuer, is_hard (request));
  return TRUE;
}

/* That a certificate is not known to be revoked is what everyone is content with; these are not. */
gboolean
cardea_verify_revocation_is_enough (const CardeaVerifyRequest *request, const CardeaVerdict *verdict,
                                    gboolean asked, GError **error)
{
  gboolean good = g_str_equal (verdict->revocation, "good");

  for (guint i = 0; request->demands != NULL && i < request->demands->len && !good; i++) {
    const CardeaDemand *demand = request->demands->pdata[i];

    if (demand->hard_revocation)
      return cardea_verify_refuse (
          request, error, "revocation_unknown",
          "The rule “%s” (%s) asks for proof that the certificate of %s was not revoked, and there is none: "
          "the server sent no OCSP response that holds, no list of revoked certificates here is about it, "
          "and "
          "%s. Its operator must have it send OCSP responses (stapling), or an administrator change the "
          "rule.",
          demand->rule, demand->where, request->server_name,
          asked ? "its authority gave no answer to the agent" : "its authority was not asked");
  }
  return TRUE;
}

gboolean
cardea_verify_conclude (const CardeaVerifyRequest *request, CardeaVerdict *verdict,
                        CardeaRevocationStatus answer, GError **error)
{
  gboolean accepted;

  g_clear_pointer (&verdict->question, cardea_revocation_question_unref);
  g_free (verdict->revocation);
  verdict->revocation = g_strdup (answer == CARDEA_REVOCATION_GOOD ? "good" : "unknown");
  accepted = answer == CARDEA_REVOCATION_REVOKED
                 ? refuse_revoked (request, error)
                 : cardea_verify_revocation_is_enough (request, verdict, TRUE, error);
  if (!accepted)
    cardea_verdict_clear (verdict);
  return accepted;
}
