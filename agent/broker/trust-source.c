/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names for those who vouch, made of the certificates alone. */

#include "agent/broker/trust-source.h"

#include <string.h>

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* Of a set: each text once, and in one order. */
static char *
hash_texts (GPtrArray *texts)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  g_ptr_array_sort (texts, compare_texts);
  for (guint i = 0; i < texts->len; i++)
    if (i == 0 || strcmp (texts->pdata[i], texts->pdata[i - 1]) != 0)
      g_checksum_update (checksum, texts->pdata[i], -1);
  return g_strdup (g_checksum_get_string (checksum));
}

char *
cardea_trust_source_hash (GPtrArray *certificates)
{
  g_autoptr (GPtrArray) hashes = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < certificates->len; i++)
    g_ptr_array_add (hashes, g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, certificates->pdata[i]));
  return hash_texts (hashes);
}

char *
cardea_trust_source_new (GPtrArray *brought, GPtrArray *rules)
{
  g_autofree char *program = brought != NULL ? cardea_trust_source_hash (brought) : NULL;
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *together = NULL;

  if (rules->len == 0)
    return program != NULL ? g_strconcat ("program:", program, NULL) : g_strdup ("system");
  for (guint i = 0; i < rules->len; i++)
    g_ptr_array_add (all, g_strdup (rules->pdata[i]));
  if (program != NULL)
    g_ptr_array_add (all, g_strconcat ("program:", program, NULL));
  together = hash_texts (all);
  return g_strconcat ("rule:", together, NULL);
}
