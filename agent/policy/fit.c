/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which certificates fit what a server asked for.
 *
 * Browsers leave certificates out in silence, and people then search for days why theirs is not shown. Here
 * each one that is left out says why and what to do. Reasons that only follow from another one are not added
 * to it.
 *
 * Names of authorities are compared as the bytes they are encoded in. RFC 5280, 7.1, would have strings
 * folded first; authorities copy the name of the certificate they signed with, so that bytes are equal in
 * practice, and a comparison that is looser than the server's own would offer what it then refuses. */

#include "agent/policy/fit.h"

#define MIN_RSA_BITS 2048 /* as for servers; NIST SP 800-131A */

static char *
format_day (gint64 seconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (seconds);

  return time != NULL ? g_date_time_format (time, "%-d %B %Y") : g_strdup ("a day that no calendar has");
}

static void
add_validity (GPtrArray *reasons, const CardeaFitRequest *request, CardeaCertificate *certificate)
{
  gint64 from = cardea_certificate_get_not_before (certificate),
         to = cardea_certificate_get_not_after (certificate);
  g_autofree char *day = format_day (request->now > to ? to : from);

  if (request->now > to)
    g_ptr_array_add (reasons,
                     cardea_reason_new (CARDEA_REASON_EXPIRED, "Ask whoever issued it for a new certificate.",
                                        "The certificate expired on %s.", day));
  else if (request->now < from)
    g_ptr_array_add (reasons,
                     cardea_reason_new (CARDEA_REASON_NOT_YET_VALID,
                                        "Wait until then. If that day has passed, set this computer's clock.",
                                        "The certificate is valid from %s on, not before.", day));
}

static void
add_purposes (GPtrArray *reasons, CardeaCertificate *certificate)
{
  CardeaPurposes purposes = cardea_certificate_get_purposes (certificate);

  if ((purposes & CARDEA_PURPOSE_CLIENT_AUTH) == 0)
    g_ptr_array_add (
        reasons, cardea_reason_new (CARDEA_REASON_NOT_FOR_CLIENT_AUTH,
                                    "Use a certificate that was issued for logging in.",
                                    "The certificate was issued for other uses than logging in to servers."));
  if ((purposes & CARDEA_PURPOSE_SIGNATURE) == 0)
    g_ptr_array_add (
        reasons,
        cardea_reason_new (CARDEA_REASON_NOT_FOR_SIGNING,
                           "Use the certificate for authentication; cards often hold it beside this one.",
                           "The certificate does not allow its key to make the signature that logging in "
                           "takes."));
}

static gboolean
contains_name (GPtrArray *names, GBytes *name)
{
  for (guint i = 0; i < names->len; i++)
    if (g_bytes_equal (g_ptr_array_index (names, i), name))
      return TRUE;
  return FALSE;
}

/* A server names any authority above the certificate, not only the nearest (RFC 8446, 4.2.4). */
static gboolean
is_under_authority (const CardeaFitRequest *request, const CardeaFitCandidate *candidate)
{
  if (request->authorities == NULL || request->authorities->len == 0)
    return TRUE;
  if (contains_name (request->authorities, cardea_certificate_get_issuer_der (candidate->certificate)))
    return TRUE;
  for (guint i = 0; candidate->issuers != NULL && i < candidate->issuers->len; i++) {
    CardeaCertificate *issuer = g_ptr_array_index (candidate->issuers, i);

    if (contains_name (request->authorities, cardea_certificate_get_issuer_der (issuer)))
      return TRUE;
  }
  return FALSE;
}

static void
add_issuer (GPtrArray *reasons, const CardeaFitRequest *request, const CardeaFitCandidate *candidate)
{
  if (is_under_authority (request, candidate))
    return;
  g_ptr_array_add (
      reasons,
      cardea_reason_new (CARDEA_REASON_ISSUER_NOT_ACCEPTED,
                         "Use a certificate of an authority that the server accepts. If this one should "
                         "do, its intermediate certificates may be missing on the token.",
                         "The certificate was issued by \"%s\", and the server asked for those of other "
                         "authorities.",
                         cardea_certificate_get_issuer (candidate->certificate)));
}

static gboolean
is_supported (CardeaCertificate *certificate)
{
  CardeaKeyType type = cardea_certificate_get_key_type (certificate);

  return type == CARDEA_KEY_RSA ||
         (type == CARDEA_KEY_EC && cardea_certificate_get_key_bits (certificate) > 0);
}

/* Whether the key can sign at all: the first obstacle only, since the later ones follow from it. */
static void
add_key (GPtrArray *reasons, const CardeaFitRequest *request, const CardeaFitCandidate *candidate)
{
  if (!is_supported (candidate->certificate))
    g_ptr_array_add (reasons,
                     cardea_reason_new (CARDEA_REASON_KEY_NOT_SUPPORTED,
                                        "Use a certificate with an RSA key, or one on P-256, P-384 or P-521.",
                                        "The certificate has a key of a kind that is not supported."));
  else if (candidate->key_missing)
    g_ptr_array_add (
        reasons,
        cardea_reason_new (CARDEA_REASON_KEY_MISSING,
                           "Use the token that the key was made on, or import the key beside the "
                           "certificate.",
                           "The token holds this certificate, but not the private key that belongs to it."));
  else if (!candidate->can_sign)
    g_ptr_array_add (reasons,
                     cardea_reason_new (CARDEA_REASON_TOKEN_CANNOT_SIGN,
                                        "Look for newer software (a PKCS#11 module) for this token, or use "
                                        "another token.",
                                        "The token cannot make signatures of the kind that TLS 1.3 needs."));
  else if (!request->scheme_accepted)
    g_ptr_array_add (reasons,
                     cardea_reason_new (CARDEA_REASON_SCHEME_NOT_ACCEPTED,
                                        "Use a certificate with another kind of key.",
                                        "The server accepts no signature that a key of this kind (%s) can "
                                        "make.",
                                        cardea_certificate_get_key_name (candidate->certificate)));
}

static void
add_key_strength (GPtrArray *reasons, CardeaCertificate *certificate)
{
  guint bits = cardea_certificate_get_key_bits (certificate);

  if (cardea_certificate_get_key_type (certificate) == CARDEA_KEY_RSA && bits < MIN_RSA_BITS)
    g_ptr_array_add (
        reasons, cardea_reason_new (
                     CARDEA_REASON_KEY_TOO_WEAK, "Ask whoever issued it for a certificate with a longer key.",
                     "The certificate's RSA key has %u bits; at least %u are needed.", bits, MIN_RSA_BITS));
}

static void
add_token (GPtrArray *reasons, const CardeaFitCandidate *candidate)
{
  if (candidate->token_locked)
    g_ptr_array_add (reasons, cardea_reason_new (CARDEA_REASON_TOKEN_LOCKED,
                                                 "Unlock it with its PUK, or ask whoever issued it.",
                                                 "The token is locked: a wrong PIN was entered too often."));
}

GPtrArray *
cardea_policy_fit (const CardeaFitRequest *request, const CardeaFitCandidate *candidate)
{
  GPtrArray *reasons = cardea_reasons_new ();

  add_validity (reasons, request, candidate->certificate);
  add_purposes (reasons, candidate->certificate);
  add_issuer (reasons, request, candidate);
  add_key (reasons, request, candidate);
  add_key_strength (reasons, candidate->certificate);
  add_token (reasons, candidate);
  return reasons;
}
