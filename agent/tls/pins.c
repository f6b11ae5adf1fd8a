/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pinned public keys: of a key, not of a certificate, so that a renewal keeps them. */

#include "agent/tls/pins.h"

static GBytes *
hash_key (const CardeaX509 *certificate)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;

  g_checksum_update (sum, certificate->key_info.data, (gssize)certificate->key_info.length);
  g_checksum_get_digest (sum, digest, &length);
  return g_bytes_new (digest, length);
}

gboolean
cardea_pins_are_met (const GPtrArray *pins, const CardeaX509 *const *certificates, guint n)
{
  if (pins == NULL || pins->len == 0)
    return TRUE;
  for (guint i = 0; i < n; i++) {
    g_autoptr (GBytes) hash = hash_key (certificates[i]);

    if (g_ptr_array_find_with_equal_func ((GPtrArray *)pins, hash, g_bytes_equal, NULL))
      return TRUE;
  }
  return FALSE;
}
