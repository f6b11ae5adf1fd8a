/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a token that knows RSA-PSS does with a digest before the key has its turn. The names are those of
 * RFC 8017: M' and H, DB and its mask, EM. */

#include "agent/token-host/pss.h"

#include <string.h>

#define MAX_HASH 64
#define PADDING 8 /* zeros before the digest in M' */
#define TRAILER 0xbc

static gboolean
find_hash (guint bits, GChecksumType *type)
{
  switch (bits) {
  case 256:
    *type = G_CHECKSUM_SHA256;
    return TRUE;
  case 384:
    *type = G_CHECKSUM_SHA384;
    return TRUE;
  case 512:
    *type = G_CHECKSUM_SHA512;
    return TRUE;
  default:
    return FALSE;
  }
}

/* H = Hash (M'), M' = eight zeros, digest, salt. */
static void
hash_message (GChecksumType type, const guint8 *digest, const guint8 *salt, gsize length, guint8 *hash)
{
  static const guint8 zeros[PADDING] = { 0 };
  g_autoptr (GChecksum) checksum = g_checksum_new (type);
  gsize size = length;

  g_checksum_update (checksum, zeros, sizeof zeros);
  g_checksum_update (checksum, digest, (gssize)length);
  g_checksum_update (checksum, salt, (gssize)length);
  g_checksum_get_digest (checksum, hash, &size);
}

/* RFC 8017, B.2.1: MGF1 of @seed, over what stands in @block. */
static void
mask (GChecksumType type, const guint8 *seed, gsize seed_length, guint8 *block, gsize length)
{
  for (guint32 counter = 0; length > 0; counter++) {
    g_autoptr (GChecksum) checksum = g_checksum_new (type);
    guint32 number = GUINT32_TO_BE (counter);
    guint8 part[MAX_HASH];
    gsize size = sizeof part;

    g_checksum_update (checksum, seed, (gssize)seed_length);
    g_checksum_update (checksum, (const guint8 *)&number, sizeof number);
    g_checksum_get_digest (checksum, part, &size);
    size = MIN (size, length);
    for (gsize i = 0; i < size; i++)
      block[i] ^= part[i];
    block += size;
    length -= size;
  }
}

GBytes *
cardea_pss_encode (const guint8 *digest, const guint8 *salt, guint hash_bits, gsize modulus_bits)
{
  gsize bits = modulus_bits > 0 ? modulus_bits - 1 : 0; /* emBits */
  gsize length = (bits + 7) / 8;                        /* emLen */
  gsize hash = hash_bits / 8;
  gsize whole = (modulus_bits + 7) / 8; /* one more than emLen where the modulus begins a byte */
  GChecksumType type;
  guint8 *block, *em;
  gsize db;

  if (!find_hash (hash_bits, &type) || length < 2 * hash + 2)
    return NULL;
  block = g_malloc0 (whole);
  em = block + (whole - length);
  db = length - hash - 1;
  em[db - hash - 1] = 0x01;
  memcpy (em + db - hash, salt, hash);
  hash_message (type, digest, salt, hash, em + db);
  mask (type, em + db, hash, em, db);
  em[0] &= (guint8)(0xff >> (8 * length - bits));
  em[length - 1] = TRAILER;
  return g_bytes_new_take (block, whole);
}
