/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes the reader of lists of revoked certificates, and of where a certificate says that there is one: an
 * authority's certificate, one of another, and a list, each with two bytes of length before it. Of the list
 * as a file is tried what the agent does with that. */

#include <unistd.h>

#include "agent/tls/crl-store.h"
#include "agent/tls/nss.h"
#include "agent/tls/ocsp.h"
#include "agent/tls/revocation-question.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

#define NOW 1800000000

/* Whatever it says, it says it again. */
static void
check (GBytes *der, const CardeaX509 *below, const CardeaX509 *above)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaCrl) list = cardea_crl_new (der, g_bytes_get_size (der), &error);
  CardeaRevocationStatus status;

  g_assert_true ((list == NULL) == (error != NULL));
  if (list == NULL)
    return;
  g_assert_cmpuint (cardea_crl_count_entries (list), <=, g_bytes_get_size (der));
  if (below == NULL || above == NULL || below->flaw != NULL || above->flaw != NULL)
    return;
  status = cardea_crl_check (list, below, above, NOW, NULL);
  g_assert_cmpint (cardea_crl_check (list, below, above, NOW, NULL), ==, status);
}

static void
ask (CardeaX509 *below, CardeaX509 *above)
{
  g_autoptr (CardeaRevocationQuestion) question = cardea_revocation_question_new (below, above, TRUE);
  g_autoptr (GBytes) request = cardea_ocsp_make_request (below, above);
  g_autofree char *key = question != NULL ? cardea_revocation_question_make_key (question) : NULL;
}

static void
check_file (GBytes *der)
{
  g_autofree char *path = NULL;
  int fd = fuzz_make_file (der, &path);
  g_autoptr (CardeaCrlStore) store = cardea_crl_store_new ((const char *[]){ path, NULL });
  g_autoptr (GPtrArray) problems = NULL;

  cardea_crl_store_refresh (store);
  problems = cardea_crl_store_get_problems (store);
  for (guint i = 0; i < problems->len; i++)
    g_assert_true (g_utf8_validate (problems->pdata[i], -1, NULL));
  close (fd);
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
  g_autoptr (GBytes) above_der = fuzz_take_part (&input);
  g_autoptr (GBytes) below_der = fuzz_take_part (&input);
  g_autoptr (GBytes) list = fuzz_take_part (&input);
  g_autoptr (CardeaX509) above = cardea_x509_new (above_der, NULL);
  g_autoptr (CardeaX509) below = cardea_x509_new (below_der, NULL);

  check (list, below, above);
  if (above != NULL && below != NULL)
    ask (below, above);
  check_file (list);
  return 0;
}
