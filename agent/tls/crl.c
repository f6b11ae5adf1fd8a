/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A list of revoked certificates.
 *
 * NSS's reader makes a tree of each entry, some hundred bytes for twenty of the list, and its checks go
 * through a cache of the whole process. Here an entry costs an index of eight bytes, sorted by serial number
 * once, so that a look-up takes some comparisons whatever the list's author wrote into it.
 *
 * What is not understood makes the list say nothing, never "good": a critical extension may take certificates
 * away from what the list is about (RFC 5280, 5.2 and 5.3). */

#include "agent/tls/crl.h"

#include <string.h>

#include "agent/tls/revocation-place.h"
#include "agent/tls/signed.h"
#include "agent/tls/x509-parts.h"

enum
{
  TAG_UTC_TIME = 0x17,
  TAG_GENERALIZED_TIME = 0x18,
};

#define REASON_REMOVE 8 /* removeFromCRL (RFC 5280, 5.3.1) */

/* Where the serial number of an entry is. */
typedef struct
{
  guint32 offset;
  guint16 length;
  guint16 removed; /* its reason is that it is on no list any more */
} Entry;

struct _CardeaCrl
{
  GBytes *bytes;
  CardeaDer issuer; /* whole Name */
  gint64 this_update, next_update;
  GArray *entries; /* of Entry, by serial number */
  CardeaDer names; /* of its distribution point: a run of GeneralName; empty: it is about all */
  gboolean partial, only_users, only_authorities;

  GMutex lock;
  GBytes *proven_key; /* SubjectPublicKeyInfo whose signature this is; protected by lock */
};

static gboolean
fail (GError **error, const char *what)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, what);
  return FALSE;
}

static gboolean
fail_malformed (GError **error)
{
  return fail (error, "is no list of revoked certificates that can be read");
}

/* id-ce, 2.5.29.N. */
static gboolean
is_id_ce (CardeaDer oid, guint8 number)
{
  return cardea_der_equal_bytes (oid, (const guint8[]){ 0x55, 0x1d, number }, 3);
}

/* Of an entry's extensions the reason is read, and none other may be critical (RFC 5280, 5.3). */
static gboolean
read_entry_extensions (CardeaDer list, Entry *entry, GError **error)
{
  while (list.length > 0) {
    CardeaDer oid, value, reason;
    gboolean critical;

    if (!cardea_x509_next_extension (&list, &oid, &critical, &value))
      return fail_malformed (error);
    if (is_id_ce (oid, 21)) {
      if (!cardea_der_read_only (value, CARDEA_DER_ENUMERATED, &reason) || reason.length != 1)
        return fail_malformed (error);
      entry->removed = reason.data[0] == REASON_REMOVE;
    } else if (critical) {
      return fail (error, "has an entry with a critical extension that is not known here");
    }
  }
  return TRUE;
}

static gboolean
read_entry (CardeaCrl *self, CardeaDer *list, GError **error)
{
  CardeaDer fields, serial, extensions = { NULL, 0 };
  Entry entry = { 0 };
  gint64 when;

  if (!cardea_der_read (list, CARDEA_DER_SEQUENCE, &fields) ||
      !cardea_der_read (&fields, CARDEA_DER_INTEGER, &serial) || serial.length > G_MAXUINT16 ||
      !cardea_x509_read_time (&fields, &when))
    return fail_malformed (error);
  entry.offset = (guint32)(serial.data - (const guint8 *)g_bytes_get_data (self->bytes, NULL));
  entry.length = (guint16)serial.length;
  if (fields.length > 0 && !cardea_der_read_only (fields, CARDEA_DER_SEQUENCE, &extensions))
    return fail_malformed (error);
  if (!read_entry_extensions (extensions, &entry, error))
    return FALSE;
  g_array_append_val (self->entries, entry);
  return TRUE;
}

static CardeaDer
get_serial (const CardeaCrl *self, const Entry *entry)
{
  return (CardeaDer){ (const guint8 *)g_bytes_get_data (self->bytes, NULL) + entry->offset, entry->length };
}

/* Any order will do, as long as it is one. */
static int
compare_serials (CardeaDer a, CardeaDer b)
{
  if (a.length != b.length)
    return a.length < b.length ? -1 : 1;
  return a.length == 0 ? 0 : memcmp (a.data, b.data, a.length);
}

static int
compare_entries (gconstpointer a, gconstpointer b, gpointer crl)
{
  return compare_serials (get_serial (crl, a), get_serial (crl, b));
}

static gboolean
read_entries (CardeaCrl *self, CardeaDer list, GError **error)
{
  while (list.length > 0)
    if (!read_entry (self, &list, error))
      return FALSE;
  g_array_sort_with_data (self->entries, compare_entries, self);
  return TRUE;
}

static gboolean
read_flag (CardeaDer *fields, guint number, gboolean *value)
{
  CardeaDer contents;
  gboolean present;

  if (!cardea_der_read_optional (fields, CARDEA_DER_CONTEXT (number), &contents, &present))
    return FALSE;
  if (present && (contents.length != 1 || contents.data[0] != 0xff)) /* DER leaves FALSE out */
    return FALSE;
  *value = present;
  return TRUE;
}

/* IssuingDistributionPoint (RFC 5280, 5.2.5). */
static gboolean
read_distribution_point (CardeaCrl *self, CardeaDer value, GError **error)
{
  CardeaDer fields, name, reasons;
  gboolean has_name, has_reasons, indirect, only_attributes;

  if (!cardea_der_read_only (value, CARDEA_DER_SEQUENCE, &fields) ||
      !cardea_der_read_optional (&fields, CARDEA_DER_CONTEXT_CONSTRUCTED (0), &name, &has_name) ||
      !read_flag (&fields, 1, &self->only_users) || !read_flag (&fields, 2, &self->only_authorities) ||
      !cardea_der_read_optional (&fields, CARDEA_DER_CONTEXT (3), &reasons, &has_reasons) ||
      !read_flag (&fields, 4, &indirect) || !read_flag (&fields, 5, &only_attributes) || fields.length > 0)
    return fail_malformed (error);
  if (has_reasons || indirect || only_attributes)
    return fail (error,
                 "is a list for some reasons only, of other issuers' certificates, or of no certificates");
  self->partial = has_name;
  if (has_name && !cardea_der_read_only (name, CARDEA_DER_CONTEXT_CONSTRUCTED (0), &self->names))
    return fail (error, "has a place that is not named in full");
  return TRUE;
}

static gboolean
read_extensions (CardeaCrl *self, CardeaDer list, GError **error)
{
  gboolean has_point = FALSE;

  while (list.length > 0) {
    CardeaDer oid, value;
    gboolean critical;

    if (!cardea_x509_next_extension (&list, &oid, &critical, &value))
      return fail_malformed (error);
    if (is_id_ce (oid, 28)) {
      if (has_point)
        return fail_malformed (error);
      if (!read_distribution_point (self, value, error))
        return FALSE;
      has_point = TRUE;
    } else if (is_id_ce (oid, 27)) {
      return fail (error, "is a list of changes only");
    } else if (critical) {
      return fail (error, "has a critical extension that is not known here");
    }
  }
  return TRUE;
}

/* What comes behind the times: entries, extensions, nothing else (RFC 5280, 5.1). */
static gboolean
read_tail (CardeaCrl *self, CardeaDer *fields, GError **error)
{
  CardeaDer entries, explicit_tag, extensions;
  gboolean has_entries, has_extensions;

  if (!cardea_der_read_optional (fields, CARDEA_DER_SEQUENCE, &entries, &has_entries) ||
      !cardea_der_read_optional (fields, CARDEA_DER_CONTEXT_CONSTRUCTED (0), &explicit_tag,
                                 &has_extensions) ||
      fields->length > 0 ||
      (has_extensions && !cardea_der_read_only (explicit_tag, CARDEA_DER_SEQUENCE, &extensions)))
    return fail_malformed (error);
  return (!has_extensions || read_extensions (self, extensions, error)) &&
         (!has_entries || read_entries (self, entries, error));
}

/* TBSCertList (RFC 5280, 5.1). */
static gboolean
read_list (CardeaCrl *self, CardeaDer fields, CardeaDer outer_algorithm, GError **error)
{
  CardeaDer version, algorithm;
  gboolean has_version;
  guint number = 0;

  if (!cardea_der_read_optional (&fields, CARDEA_DER_INTEGER, &version, &has_version) ||
      (has_version && (!cardea_der_to_uint (version, &number) || number != 1)) ||
      !cardea_der_read_whole (&fields, CARDEA_DER_SEQUENCE, &algorithm) ||
      !cardea_der_equal (algorithm, outer_algorithm) ||
      !cardea_der_read_whole (&fields, CARDEA_DER_SEQUENCE, &self->issuer) ||
      !cardea_x509_read_time (&fields, &self->this_update))
    return fail_malformed (error);
  /* RFC 5280, 5.1.2.5, demands the second time; a list without it proves nothing good. */
  self->next_update = self->this_update;
  if ((cardea_der_has_tag (&fields, TAG_UTC_TIME) || cardea_der_has_tag (&fields, TAG_GENERALIZED_TIME)) &&
      !cardea_x509_read_time (&fields, &self->next_update))
    return fail_malformed (error);
  return read_tail (self, &fields, error);
}

static gboolean
read_all (CardeaCrl *self, GError **error)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (self->bytes, &length);
  CardeaDer outer, list, algorithm, signature;

  if (!cardea_der_read_only ((CardeaDer){ data, length }, CARDEA_DER_SEQUENCE, &outer) ||
      !cardea_der_read (&outer, CARDEA_DER_SEQUENCE, &list) ||
      !cardea_der_read_whole (&outer, CARDEA_DER_SEQUENCE, &algorithm) ||
      !cardea_der_read_only (outer, CARDEA_DER_BIT_STRING, &signature))
    return fail_malformed (error);
  if (cardea_x509_check_signature_algorithm (algorithm) != NULL)
    return fail (error, "is signed with an algorithm that is not accepted");
  return read_list (self, list, algorithm, error);
}

CardeaCrl *
cardea_crl_new (GBytes *der, gsize limit, GError **error)
{
  g_autoptr (CardeaCrl) self = NULL;

  if (g_bytes_get_size (der) > limit) {
    fail (error, "is larger than a list of revoked certificates may be");
    return NULL;
  }
  self = g_atomic_rc_box_new0 (CardeaCrl);
  self->bytes = g_bytes_ref (der);
  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_mutex_init (&self->lock);
  return read_all (self, error) ? g_steal_pointer (&self) : NULL;
}

CardeaCrl *
cardea_crl_ref (CardeaCrl *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  CardeaCrl *self = data;

  g_array_unref (self->entries);
  g_clear_pointer (&self->proven_key, g_bytes_unref);
  g_mutex_clear (&self->lock);
  g_bytes_unref (self->bytes);
}

void
cardea_crl_unref (CardeaCrl *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

CardeaDer
cardea_crl_get_issuer (const CardeaCrl *self)
{
  return self->issuer;
}

guint
cardea_crl_count_entries (const CardeaCrl *self)
{
  return self->entries->len;
}

/* The hash of megabytes is worth remembering; that a key made a signature never changes. */
static gboolean
is_signed_by (CardeaCrl *self, const CardeaX509 *issuer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gsize length;
  const guint8 *data = g_bytes_get_data (self->bytes, &length);

  if (self->proven_key != NULL &&
      cardea_der_equal_bytes (issuer->key_info, g_bytes_get_data (self->proven_key, NULL),
                              g_bytes_get_size (self->proven_key)))
    return TRUE;
  if (!cardea_signed_is_by ((CardeaDer){ data, length }, issuer))
    return FALSE;
  g_clear_pointer (&self->proven_key, g_bytes_unref);
  self->proven_key = g_bytes_new (issuer->key_info.data, issuer->key_info.length);
  return TRUE;
}

/* Whether it is about such certificates at all. */
static gboolean
covers (const CardeaCrl *self, const CardeaX509 *certificate)
{
  return !(self->only_users && certificate->authority) &&
         !(self->only_authorities && !certificate->authority) &&
         (!self->partial || cardea_revocation_place_names_list (certificate, self->names));
}

/* The first of those entries, or the place it would have. */
static guint
find_first (const CardeaCrl *self, CardeaDer serial)
{
  guint from = 0, to = self->entries->len;

  while (from < to) {
    guint middle = from + (to - from) / 2;

    if (compare_serials (get_serial (self, &g_array_index (self->entries, Entry, middle)), serial) < 0)
      from = middle + 1;
    else
      to = middle;
  }
  return from;
}

/* Entries of one number may be many; the first that revokes is enough. One that says it is on no list any
 * more has no place on a whole one (RFC 5280, 5.3.1), so what it means is not known. */
static CardeaRevocationStatus
find (const CardeaCrl *self, CardeaDer serial)
{
  CardeaRevocationStatus found = CARDEA_REVOCATION_GOOD;

  for (guint i = find_first (self, serial); i < self->entries->len; i++) {
    const Entry *entry = &g_array_index (self->entries, Entry, i);

    if (compare_serials (get_serial (self, entry), serial) != 0)
      break;
    if (!entry->removed)
      return CARDEA_REVOCATION_REVOKED;
    found = CARDEA_REVOCATION_UNKNOWN;
  }
  return found;
}

CardeaRevocationStatus
cardea_crl_check (CardeaCrl *self, const CardeaX509 *certificate, const CardeaX509 *issuer, gint64 now,
                  gint64 *until)
{
  CardeaRevocationStatus status;

  if (!cardea_der_equal (self->issuer, certificate->issuer) ||
      !cardea_der_equal (self->issuer, issuer->subject) || !covers (self, certificate) ||
      self->this_update > now + CARDEA_SIGNED_CLOCK_SKEW_S ||
      (issuer->has_key_usage && (issuer->key_usage & CARDEA_USAGE_LIST_SIGNING) == 0))
    return CARDEA_REVOCATION_UNKNOWN;
  status = find (self, certificate->serial);
  if (status == CARDEA_REVOCATION_GOOD && now > self->next_update)
    status = CARDEA_REVOCATION_UNKNOWN;
  if (status == CARDEA_REVOCATION_UNKNOWN || !is_signed_by (self, issuer))
    return CARDEA_REVOCATION_UNKNOWN;
  if (until != NULL)
    *until = self->next_update;
  return status;
}
