/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/verify.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"
#include "tests/fixtures/chain-maker.h"

/* What tests of the verification say again and again. */

#define CA "basicConstraints=critical,CA:TRUE|keyUsage=critical,keyCertSign,cRLSign"
#define LEAF "subjectAltName=DNS:bank.example|keyUsage=digitalSignature|extendedKeyUsage=serverAuth"

static inline GPtrArray *
new_chain (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
}

static inline void
append (GPtrArray *chain, ChainMakerCertificate *certificate)
{
  g_ptr_array_add (chain, g_bytes_ref (chain_maker_certificate_get_der (certificate)));
}

static inline CardeaTrust *
new_trust (ChainMakerCertificate *anchor)
{
  CardeaTrust *trust = cardea_trust_new ();
  g_autoptr (GError) error = NULL;

  cardea_trust_add_anchor (trust, chain_maker_certificate_get_der (anchor), "config", &error);
  g_assert_no_error (error);
  return trust;
}

/* "good", "unknown" or "not_checked" when the server is accepted, else the reason; the error's form is
 * checked on the way. */
static inline char *
verify (CardeaTrust *trust, const CardeaVerifyRequest *request)
{
  CardeaVerdict verdict = { 0 };
  g_autoptr (GError) error = NULL;
  json_t *parameters;

  if (cardea_verify_server (trust, request, &verdict, &error)) {
    char *revocation = g_strdup (verdict.revocation);

    g_assert_no_error (error);
    g_assert_cmpstr (verdict.vouched_by, ==, "config");
    cardea_verdict_clear (&verdict);
    return revocation;
  }
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVER_NOT_TRUSTED);
  g_assert_null (verdict.vouched_by);
  g_assert_null (verdict.revocation);
  parameters = cardea_error_get_parameters (error);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "message")), ==, error->message);
  g_assert_true (g_str_has_suffix (error->message, "."));
  g_assert_true (json_is_array (json_object_get (parameters, "peer_chain")));
  g_test_message ("%s", error->message);
  return g_strdup (json_string_value (json_object_get (parameters, "reason")));
}

static inline char *
verify_chain (CardeaTrust *trust, GPtrArray *chain)
{
  CardeaVerifyRequest request = { chain, NULL, "bank.example", CHAIN_MAKER_NOW };

  return verify (trust, &request);
}

#define assert_verdict(verdict, expected)                                                                    \
  do {                                                                                                       \
    g_autofree char *verdict_is = (verdict);                                                                 \
    g_assert_cmpstr (verdict_is, ==, (expected));                                                            \
  } while (0)
