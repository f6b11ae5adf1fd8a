/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes everything that reads what a server sends: two certificates and a stapled response, which is taken
 * for the name of an authority as well, each with two bytes of length before it. The first stands above the
 * second as its authority, whatever they say. */

#include <stddef.h>
#include <stdint.h>

#include "agent/tls/certificate-policies.h"
#include "agent/tls/constraints.h"
#include "agent/tls/names.h"
#include "agent/tls/nss.h"
#include "agent/tls/ocsp.h"
#include "agent/tls/verify.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

static GBytes *
take (const uint8_t **data, size_t *size)
{
  size_t length;
  GBytes *bytes;

  if (*size < 2)
    return g_bytes_new (NULL, 0);
  length = MIN ((size_t)((*data)[0] << 8 | (*data)[1]), *size - 2);
  bytes = g_bytes_new (*data + 2, length);
  *data += 2 + length;
  *size -= 2 + length;
  return bytes;
}

static void
read_pair (GBytes *above_der, GBytes *below_der, GBytes *staple)
{
  g_autoptr (CardeaX509) above = cardea_x509_new (above_der, NULL);
  g_autoptr (CardeaX509) below = cardea_x509_new (below_der, NULL);
  guint pairs = 4096;

  if (above == NULL || below == NULL)
    return;
  /* What has a flaw is never read further. */
  if (above->flaw == NULL && below->flaw == NULL) {
    CardeaX509 *path[] = { below, above, above };

    cardea_constraints_check (above, below, &pairs);
    cardea_certificate_policies_check (path, G_N_ELEMENTS (path));
    cardea_names_match (below, "www.bank.example");
    cardea_names_match (below, "192.0.2.7");
    cardea_ocsp_check (staple, below, above, 1790000000, NULL);
  }
  g_free (cardea_x509_describe (above));
  g_free (cardea_x509_call (above));
}

/* What asks for a certificate names authorities, as it likes. */
static void
read_name (GBytes *name)
{
  g_autofree char *text = cardea_x509_describe_name (name);

  fuzz_check_text (text, FALSE);
}

static void
verify (GBytes *above, GBytes *below, GBytes *staple)
{
  GBytes *certificates[] = { below, above };
  GPtrArray chain = { (gpointer *)certificates, G_N_ELEMENTS (certificates) };
  CardeaVerifyRequest request = { &chain, staple, "bank.example", 1790000000 };
  g_autoptr (CardeaTrust) trust = cardea_trust_new ();
  CardeaVerdict verdict = { 0 };

  cardea_trust_add_anchor (trust, above, "program", NULL);
  cardea_verify_server (trust, &request, &verdict, NULL);
  cardea_verdict_clear (&verdict);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;

  cardea_nss_start (&error);
  g_assert_no_error (error);
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) above = take (&data, &size);
  g_autoptr (GBytes) below = take (&data, &size);
  g_autoptr (GBytes) staple = take (&data, &size);

  read_pair (above, below, staple);
  read_name (staple);
  verify (above, below, staple);
  return 0;
}
