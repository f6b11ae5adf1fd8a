/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A server wants the intermediates along with the client's certificate. Only names are compared: the server
 * checks the signatures, and a wrong guess costs a refusal, never trust. */

#include "agent/tokens/issuers.h"

static gboolean
is_self_issued (CardeaCertificate *certificate)
{
  return g_bytes_equal (cardea_certificate_get_subject_der (certificate),
                        cardea_certificate_get_issuer_der (certificate));
}

static gboolean
has_subject (CardeaCertificate *certificate, GBytes *name)
{
  return g_bytes_equal (cardea_certificate_get_subject_der (certificate), name);
}

static gboolean
is_valid (CardeaCertificate *certificate, gint64 now)
{
  return cardea_certificate_get_not_before (certificate) <= now &&
         now <= cardea_certificate_get_not_after (certificate);
}

static gboolean
is_better (CardeaCertificate *candidate, CardeaCertificate *best, gint64 now)
{
  if (best == NULL || is_valid (candidate, now) != is_valid (best, now))
    return best == NULL || is_valid (candidate, now);
  return cardea_certificate_get_not_after (candidate) > cardea_certificate_get_not_after (best);
}

static CardeaCertificate *
find_in_pool (GPtrArray *pool, GBytes *name, GHashTable *used, gint64 now)
{
  CardeaCertificate *best = NULL;

  for (guint i = 0; i < pool->len; i++) {
    CardeaCertificate *candidate = pool->pdata[i];

    if (has_subject (candidate, name) && !is_self_issued (candidate) &&
        !g_hash_table_contains (used, cardea_certificate_get_sha256 (candidate)) &&
        is_better (candidate, best, now))
      best = candidate;
  }
  return best;
}

static CardeaCertificate *
find_issuer (GPtrArray *pools, CardeaCertificate *certificate, GHashTable *used, gint64 now)
{
  GBytes *name = cardea_certificate_get_issuer_der (certificate);

  for (guint i = 0; i < pools->len; i++) {
    CardeaCertificate *found = find_in_pool (pools->pdata[i], name, used, now);

    if (found != NULL)
      return found;
  }
  return NULL;
}

GPtrArray *
cardea_issuers_find (GPtrArray *pools, CardeaCertificate *certificate, gint64 now)
{
  GPtrArray *chain = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_autoptr (GHashTable) used = g_hash_table_new (g_str_hash, g_str_equal);

  while (chain->len < CARDEA_MAX_ISSUERS && !is_self_issued (certificate)) {
    g_hash_table_add (used, (gpointer)cardea_certificate_get_sha256 (certificate));
    certificate = find_issuer (pools, certificate, used, now);
    if (certificate == NULL)
      break;
    g_ptr_array_add (chain, g_bytes_ref (cardea_certificate_get_der (certificate)));
  }
  return chain;
}
