/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes a client's certificate as a token gives it, one above it, and the names of authorities as a server
 * asks for them: each a part. */
#include "agent/base/certificate.h"
#include "agent/policy/fit.h"
#include "agent/tls/nss.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

#define MAX_NAMES 32

static void
check_certificate (const CardeaCertificate *certificate)
{
  GBytes *parameters = cardea_certificate_get_key_parameters (certificate);

  g_assert_cmpuint (strlen (cardea_certificate_get_sha256 (certificate)), ==, 64);
  fuzz_check_text (cardea_certificate_get_subject (certificate), FALSE);
  fuzz_check_text (cardea_certificate_get_issuer (certificate), FALSE);
  fuzz_check_text (cardea_certificate_get_serial (certificate), FALSE);
  fuzz_check_text (cardea_certificate_get_key_name (certificate), FALSE);
  g_assert_true ((parameters == NULL) == (cardea_certificate_get_key_type (certificate) == CARDEA_KEY_OTHER));
}

static void
check_fit (CardeaCertificate *certificate, CardeaCertificate *issuer, FuzzInput *input)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_autoptr (GPtrArray) issuers = g_ptr_array_new ();
  g_autoptr (GPtrArray) reasons = NULL;
  CardeaFitRequest request = { 1790000000, names, TRUE };
  CardeaFitCandidate candidate = { .certificate = certificate, .issuers = issuers, .can_sign = TRUE };

  while (input->size > 0 && names->len < MAX_NAMES)
    g_ptr_array_add (names, fuzz_take_part (input));
  if (issuer)
    g_ptr_array_add (issuers, issuer);
  reasons = cardea_policy_fit (&request, &candidate);
  for (guint i = 0; i < reasons->len; i++)
    fuzz_check_text (((CardeaReason *)reasons->pdata[i])->message, FALSE);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;

  fuzz_begin ();
  cardea_nss_start (&error);
  g_assert_no_error (error);
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  g_autoptr (GBytes) der = fuzz_take_part (&input);
  g_autoptr (GBytes) issuer_der = fuzz_take_part (&input);
  g_autoptr (CardeaCertificate) certificate = cardea_certificate_new (der, NULL);
  g_autoptr (CardeaCertificate) issuer = cardea_certificate_new (issuer_der, NULL);

  if (issuer)
    check_certificate (issuer);
  if (certificate) {
    check_certificate (certificate);
    check_fit (certificate, issuer, &input);
  }
  return 0;
}
