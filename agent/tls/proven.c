/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Memory of good signatures on certificates.
 *
 * Programs connect to the same servers again and again, and the signatures on a server's chain were the
 * largest part of a handshake's cost. That a key made a signature is a fact that never changes, so it is all
 * that is remembered: whether the key may sign, names, times, distrust and revocation are looked at every
 * time. The memory belongs to a snapshot of trust and goes with it, so that what a program brings along never
 * meets what others use. It holds hashes of the key and of the whole certificate, signature included; bad
 * signatures are not remembered, and when it is full all of it is dropped, which costs time and nothing else.
 */

#include "agent/tls/proven.h"

struct _CardeaProven
{
  guint limit;
  GMutex lock;
  GHashTable *facts; /* GBytes, a set; protected by lock */
};

CardeaProven *
cardea_proven_new (guint limit)
{
  CardeaProven *self = g_new0 (CardeaProven, 1);

  self->limit = limit;
  g_mutex_init (&self->lock);
  self->facts = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
  return self;
}

void
cardea_proven_free (CardeaProven *self)
{
  g_hash_table_unref (self->facts);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* The key's length goes first: no two pairs have the same bytes. */
static GBytes *
make_fact (const CardeaX509 *child, const CardeaX509 *issuer)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint64 key_length = issuer->key_info.length;
  guint8 digest[32];
  gsize length = sizeof digest;

  g_checksum_update (checksum, (const guint8 *)&key_length, sizeof key_length);
  g_checksum_update (checksum, issuer->key_info.data, (gssize)issuer->key_info.length);
  g_checksum_update (checksum, g_bytes_get_data (child->bytes, NULL),
                     (gssize)g_bytes_get_size (child->bytes));
  g_checksum_get_digest (checksum, digest, &length);
  return g_bytes_new (digest, length);
}

static gboolean
is_known (CardeaProven *self, GBytes *fact)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_hash_table_contains (self->facts, fact);
}

static void
learn (CardeaProven *self, GBytes *fact)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (g_hash_table_size (self->facts) >= self->limit)
    g_hash_table_remove_all (self->facts);
  g_hash_table_add (self->facts, g_bytes_ref (fact));
}

gboolean
cardea_proven_is_signed_by (CardeaProven *self, const CardeaX509 *child, const CardeaX509 *issuer)
{
  g_autoptr (GBytes) fact = make_fact (child, issuer);

  if (is_known (self, fact))
    return TRUE;
  if (!cardea_x509_is_signed_by (child, issuer))
    return FALSE;
  learn (self, fact);
  return TRUE;
}

guint
cardea_proven_count (CardeaProven *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_hash_table_size (self->facts);
}
