/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A snapshot of whom to believe.
 *
 * Certificates are taken apart when they are added, so that a verification only looks them up; it costs the
 * same with 3 authorities and with 300. Nothing of it is in NSS: a snapshot is dropped while connections
 * still hold it, without a reference that would keep NSS from shutting down. */

#include "agent/tls/trust-lookup.h"

#include "agent/tls/pem.h"
#include "agent/tls/proven.h"
#include "socket-api/limits.h"

struct _CardeaTrust
{
  GHashTable *anchors;                  /* DER (GBytes) -> CardeaAnchor */
  GHashTable *anchors_by_subject;       /* GBytes -> GPtrArray of CardeaAnchor, borrowed from the above */
  GHashTable *intermediates;            /* DER (GBytes), a set */
  GHashTable *intermediates_by_subject; /* GBytes -> GPtrArray of CardeaX509 */
  GHashTable *distrusted_authorities;   /* subject and key (GBytes), a set */
  GHashTable *distrusted;               /* DER (GBytes), a set */
  CardeaProven *proven;
};

static void
free_anchor (gpointer data)
{
  CardeaAnchor *anchor = data;

  cardea_x509_unref (anchor->certificate);
  g_free (anchor);
}

static GHashTable *
new_table (GDestroyNotify free_value)
{
  return g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, free_value);
}

CardeaTrust *
cardea_trust_new (void)
{
  CardeaTrust *self = g_atomic_rc_box_new0 (CardeaTrust);

  self->anchors = new_table (free_anchor);
  self->anchors_by_subject = new_table ((GDestroyNotify)g_ptr_array_unref);
  self->intermediates = new_table (NULL);
  self->intermediates_by_subject = new_table ((GDestroyNotify)g_ptr_array_unref);
  self->distrusted = new_table (NULL);
  self->distrusted_authorities = new_table (NULL);
  self->proven = cardea_proven_new (CARDEA_LIMIT_PROVEN_SIGNATURES);
  return self;
}

CardeaTrust *
cardea_trust_ref (CardeaTrust *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  CardeaTrust *self = data;

  g_hash_table_unref (self->anchors_by_subject);
  g_hash_table_unref (self->anchors);
  g_hash_table_unref (self->intermediates_by_subject);
  g_hash_table_unref (self->intermediates);
  g_hash_table_unref (self->distrusted);
  g_hash_table_unref (self->distrusted_authorities);
  cardea_proven_free (self->proven);
}

void
cardea_trust_unref (CardeaTrust *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

static void
add_by_subject (GHashTable *table, CardeaDer subject, gpointer value, GDestroyNotify free_value)
{
  g_autoptr (GBytes) key = g_bytes_new (subject.data, subject.length);
  GPtrArray *list = g_hash_table_lookup (table, key);

  if (list == NULL) {
    list = g_ptr_array_new_with_free_func (free_value);
    g_hash_table_insert (table, g_steal_pointer (&key), list);
  }
  g_ptr_array_add (list, value);
}

gboolean
cardea_trust_add_anchor (CardeaTrust *self, GBytes *der, const char *source, GError **error)
{
  CardeaX509 *certificate;
  CardeaAnchor *anchor;

  if (g_hash_table_contains (self->anchors, der))
    return TRUE;
  certificate = cardea_x509_new (der, error);
  if (certificate == NULL)
    return FALSE;
  anchor = g_new0 (CardeaAnchor, 1);
  anchor->certificate = certificate;
  anchor->source = g_intern_string (source);
  g_hash_table_insert (self->anchors, g_bytes_ref (der), anchor);
  add_by_subject (self->anchors_by_subject, certificate->subject, anchor, NULL);
  return TRUE;
}

gboolean
cardea_trust_add_intermediate (CardeaTrust *self, GBytes *der, GError **error)
{
  CardeaX509 *certificate;

  if (g_hash_table_contains (self->intermediates, der))
    return TRUE;
  certificate = cardea_x509_new (der, error);
  if (certificate == NULL)
    return FALSE;
  g_hash_table_add (self->intermediates, g_bytes_ref (der));
  add_by_subject (self->intermediates_by_subject, certificate->subject, certificate,
                  (GDestroyNotify)cardea_x509_unref);
  return TRUE;
}

/* An authority is its name and key, in whatever certificate they come. */
static GBytes *
make_identity (const CardeaX509 *certificate)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, certificate->subject.data, (guint)certificate->subject.length);
  g_byte_array_append (bytes, certificate->key_info.data, (guint)certificate->key_info.length);
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

void
cardea_trust_add_distrusted (CardeaTrust *self, GBytes *der)
{
  g_autoptr (CardeaX509) certificate = cardea_x509_new (der, NULL);

  g_hash_table_add (self->distrusted, g_bytes_ref (der));
  if (certificate != NULL && certificate->authority)
    g_hash_table_add (self->distrusted_authorities, make_identity (certificate));
}

gboolean
cardea_trust_add_file (CardeaTrust *self, const char *path, const char *source, GError **error)
{
  g_autoptr (GPtrArray) certificates = cardea_pem_read_certificates (path, error);

  if (certificates == NULL)
    return FALSE;
  for (guint i = 0; i < certificates->len; i++) {
    if (!cardea_trust_add_anchor (self, certificates->pdata[i], source, error)) {
      g_prefix_error (error, "%s, certificate %u: ", path, i + 1);
      return FALSE;
    }
  }
  return TRUE;
}

guint
cardea_trust_count_anchors (const CardeaTrust *self)
{
  return g_hash_table_size (self->anchors);
}

static const GPtrArray *
find_by_subject (GHashTable *table, CardeaDer subject)
{
  g_autoptr (GBytes) key = g_bytes_new_static (subject.data, subject.length);

  return g_hash_table_lookup (table, key);
}

const GPtrArray *
cardea_trust_find_anchors (const CardeaTrust *self, CardeaDer subject)
{
  return find_by_subject (self->anchors_by_subject, subject);
}

const GPtrArray *
cardea_trust_find_intermediates (const CardeaTrust *self, CardeaDer subject)
{
  return find_by_subject (self->intermediates_by_subject, subject);
}

const CardeaAnchor *
cardea_trust_find_anchor (const CardeaTrust *self, GBytes *der)
{
  return g_hash_table_lookup (self->anchors, der);
}

gboolean
cardea_trust_is_signed_by (const CardeaTrust *self, const CardeaX509 *child, const CardeaX509 *issuer)
{
  return cardea_proven_is_signed_by (self->proven, child, issuer);
}

gboolean
cardea_trust_is_distrusted (const CardeaTrust *self, const CardeaX509 *certificate)
{
  g_autoptr (GBytes) identity = NULL;

  if (g_hash_table_contains (self->distrusted, certificate->bytes))
    return TRUE;
  if (g_hash_table_size (self->distrusted_authorities) == 0)
    return FALSE;
  identity = make_identity (certificate);
  return g_hash_table_contains (self->distrusted_authorities, identity);
}
