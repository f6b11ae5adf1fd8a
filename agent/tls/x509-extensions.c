/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The extensions that decide what a certificate is good for (RFC 5280, 4.2).
 *
 * One that cannot be read, comes twice, or is critical and not understood makes the certificate useless: to
 * ignore it would be to drop a restriction. It is a flaw rather than an error, so that a chain may still lead
 * past that certificate. */

#include "agent/tls/names.h"
#include "agent/tls/x509-parts.h"

static const CardeaFlaw flaw_extensions = { "malformed", "has extensions that cannot be read" };
static const CardeaFlaw flaw_duplicate = { "malformed", "has the same extension twice" };
static const CardeaFlaw flaw_critical = { "invalid", "has a critical extension that is not known here" };
static const CardeaFlaw flaw_basic = { "malformed", "has basic constraints that cannot be read" };
static const CardeaFlaw flaw_usage = { "malformed", "has a key usage that cannot be read" };
static const CardeaFlaw flaw_extended_usage = { "malformed",
                                                "has an extended key usage that cannot be read" };
static const CardeaFlaw flaw_names = { "malformed", "has subject alternative names that cannot be read" };
static const CardeaFlaw flaw_constraints = { "malformed", "has name constraints that cannot be read" };
static const CardeaFlaw flaw_constraints_place = { "malformed",
                                                   "has name constraints without being an authority" };
static const CardeaFlaw flaw_policies = { "malformed", "has certificate policies that cannot be read" };
static const CardeaFlaw flaw_identifier = { "malformed", "has a key identifier that cannot be read" };
static const CardeaFlaw flaw_features = { "malformed", "has TLS features that cannot be read" };
static const CardeaFlaw flaw_signs = { "malformed", "may sign certificates without being an authority" };
static const CardeaFlaw flaw_nameless = { "malformed", "is an authority's, and has no name" };
static const CardeaFlaw flaw_path_length = { "malformed",
                                             "limits a path without being an authority that signs" };

/* A GeneralSubtree's or a subject's GeneralName (RFC 5280, 4.2.1.6). */
static gboolean
check_general_name (guint8 tag, CardeaDer contents, gboolean subtree)
{
  CardeaDer inner;

  switch (tag) {
  case CARDEA_DER_CONTEXT (1):
  case CARDEA_DER_CONTEXT (2):
  case CARDEA_DER_CONTEXT (6):
    for (gsize i = 0; i < contents.length; i++)
      if (contents.data[i] >= 0x80 || contents.data[i] <= ' ')
        return FALSE;
    return subtree || contents.length > 0;
  case CARDEA_DER_CONTEXT (7):
    return contents.length == (subtree ? 8 : 4) || contents.length == (subtree ? 32 : 16);
  case CARDEA_DER_CONTEXT_CONSTRUCTED (4):
    return cardea_der_read_only (contents, CARDEA_DER_SEQUENCE, &inner);
  case CARDEA_DER_CONTEXT_CONSTRUCTED (0):
  case CARDEA_DER_CONTEXT_CONSTRUCTED (3):
  case CARDEA_DER_CONTEXT_CONSTRUCTED (5):
  case CARDEA_DER_CONTEXT (8):
    return TRUE;
  default:
    return FALSE;
  }
}

static const CardeaFlaw *
read_names (CardeaX509 *self, CardeaDer value)
{
  CardeaDer list, contents;
  guint8 tag;

  if (!cardea_der_read_only (value, CARDEA_DER_SEQUENCE, &list) || list.length == 0)
    return &flaw_names;
  self->has_names = TRUE;
  self->names = list;
  for (; list.length > 0; self->n_names++)
    if (!cardea_der_read_any (&list, &tag, &contents, NULL) || !check_general_name (tag, contents, FALSE))
      return &flaw_names;
  return NULL;
}

static const CardeaFlaw *
read_basic_constraints (CardeaX509 *self, CardeaDer value)
{
  CardeaDer fields, number;
  gboolean present;
  guint length;

  if (!cardea_der_read_only (value, CARDEA_DER_SEQUENCE, &fields) ||
      (cardea_der_has_tag (&fields, CARDEA_DER_BOOLEAN) &&
       !cardea_der_read_boolean (&fields, &self->authority)) ||
      !cardea_der_read_optional (&fields, CARDEA_DER_INTEGER, &number, &present) || fields.length > 0)
    return &flaw_basic;
  if (!present)
    return NULL;
  if (!cardea_der_to_uint (number, &length))
    return &flaw_basic;
  self->path_length = (int)MIN (length, G_MAXINT);
  return NULL;
}

static const CardeaFlaw *
read_key_usage (CardeaX509 *self, CardeaDer value)
{
  CardeaDer bits;

  if (!cardea_der_read_only (value, CARDEA_DER_BIT_STRING, &bits) || bits.length < 1 || bits.length > 3 ||
      bits.data[0] > 7 || (bits.length == 1 && bits.data[0] != 0) ||
      (bits.length > 1 && (bits.data[bits.length - 1] & ((1 << bits.data[0]) - 1)) != 0))
    return &flaw_usage;
  self->has_key_usage = TRUE;
  for (gsize i = 8; i < bits.length * 8; i++)
    if ((bits.data[i / 8] & (0x80 >> (i % 8))) != 0)
      self->key_usage |= 1u << (i - 8);
  return NULL;
}

static const CardeaFlaw *
read_extended_usage (CardeaX509 *self, CardeaDer value)
{
  static const guint8 server[] = { 0x2b, 6, 1, 5, 5, 7, 3, 1 }, ocsp[] = { 0x2b, 6, 1, 5, 5, 7, 3, 9 };
  static const guint8 any[] = { 0x55, 0x1d, 0x25, 0 };
  CardeaDer list, oid;

  if (!cardea_der_read_only (value, CARDEA_DER_SEQUENCE, &list) || list.length == 0)
    return &flaw_extended_usage;
  self->has_extended_usage = TRUE;
  while (list.length > 0) {
    if (!cardea_der_read (&list, CARDEA_DER_OID, &oid))
      return &flaw_extended_usage;
    self->for_server |= cardea_der_equal_bytes (oid, server, sizeof server);
    self->for_any |= cardea_der_equal_bytes (oid, any, sizeof any);
    self->for_ocsp |= cardea_der_equal_bytes (oid, ocsp, sizeof ocsp);
  }
  return NULL;
}

/* The mask of an address range has no holes (RFC 4632, 3.1). */
static gboolean
check_mask (CardeaDer range)
{
  gboolean ended = FALSE;

  for (gsize bit = range.length * 4; bit < range.length * 8; bit++) {
    gboolean set = (range.data[bit / 8] & (0x80 >> (bit % 8))) != 0;

    if (set && ended)
      return FALSE;
    ended |= !set;
  }
  return TRUE;
}

/* Nothing, or a host's name, seen in practice with a dot before it. One that no name can be below would
 * exclude nothing. */
static gboolean
is_dns_base (CardeaDer base)
{
  gsize dot = base.length > 0 && base.data[0] == '.';

  return base.length == 0 || cardea_names_is_host ((const char *)base.data + dot, base.length - dot);
}

static gboolean
check_subtrees (CardeaX509 *self, CardeaDer list)
{
  CardeaDer subtree, base;
  guint8 tag;

  if (list.length == 0)
    return FALSE;
  for (; list.length > 0; self->n_subtrees++) {
    if (!cardea_der_read (&list, CARDEA_DER_SEQUENCE, &subtree) ||
        !cardea_der_read_any (&subtree, &tag, &base, NULL) || subtree.length > 0 ||
        !check_general_name (tag, base, TRUE))
      return FALSE;
    if (tag == CARDEA_DER_CONTEXT (7) && !check_mask (base))
      return FALSE;
    if (tag == CARDEA_DER_CONTEXT (2) && !is_dns_base (base))
      return FALSE;
  }
  return TRUE;
}

static const CardeaFlaw *
read_constraints (CardeaX509 *self, CardeaDer value)
{
  CardeaDer fields;
  gboolean permitted, excluded;

  self->has_constraints = TRUE;
  if (!cardea_der_read_only (value, CARDEA_DER_SEQUENCE, &fields) ||
      !cardea_der_read_optional (&fields, CARDEA_DER_CONTEXT_CONSTRUCTED (0), &self->permitted, &permitted) ||
      !cardea_der_read_optional (&fields, CARDEA_DER_CONTEXT_CONSTRUCTED (1), &self->excluded, &excluded) ||
      fields.length > 0 || (!permitted && !excluded) ||
      (permitted && !check_subtrees (self, self->permitted)) ||
      (excluded && !check_subtrees (self, self->excluded)))
    return &flaw_constraints;
  return NULL;
}

static const CardeaFlaw *
read_policies (CardeaX509 *self, CardeaDer value)
{
  CardeaDer list, policy, oid;

  if (!cardea_der_read_only (value, CARDEA_DER_SEQUENCE, &list) || list.length == 0)
    return &flaw_policies;
  self->has_policies = TRUE;
  self->policies = list;
  while (list.length > 0)
    if (!cardea_der_read (&list, CARDEA_DER_SEQUENCE, &policy) ||
        !cardea_der_read (&policy, CARDEA_DER_OID, &oid))
      return &flaw_policies;
  return NULL;
}

static const CardeaFlaw *
read_mappings (CardeaX509 *self, CardeaDer value)
{
  static const guint8 any_policy[] = { 0x55, 0x1d, 0x20, 0 };
  CardeaDer list, pair, from, to;

  if (!cardea_der_read_only (value, CARDEA_DER_SEQUENCE, &list) || list.length == 0)
    return &flaw_policies;
  self->mappings = list;
  while (list.length > 0)
    if (!cardea_der_read (&list, CARDEA_DER_SEQUENCE, &pair) ||
        !cardea_der_read (&pair, CARDEA_DER_OID, &from) ||
        !cardea_der_read_only (pair, CARDEA_DER_OID, &to) ||
        cardea_der_equal_bytes (from, any_policy, sizeof any_policy) ||
        cardea_der_equal_bytes (to, any_policy, sizeof any_policy))
      return &flaw_policies;
  return NULL;
}

static gboolean
read_skip (CardeaDer *fields, guint8 tag, int *skip)
{
  CardeaDer number;
  gboolean present;
  guint value;

  if (!cardea_der_read_optional (fields, tag, &number, &present))
    return FALSE;
  if (!present)
    return TRUE;
  if (!cardea_der_to_uint (number, &value))
    return FALSE;
  *skip = (int)value;
  return TRUE;
}

static const CardeaFlaw *
read_policy_constraints (CardeaX509 *self, CardeaDer value)
{
  CardeaDer fields;

  if (!cardea_der_read_only (value, CARDEA_DER_SEQUENCE, &fields) || fields.length == 0 ||
      !read_skip (&fields, CARDEA_DER_CONTEXT (0), &self->explicit_policy) ||
      !read_skip (&fields, CARDEA_DER_CONTEXT (1), &self->inhibit_mapping) || fields.length > 0)
    return &flaw_policies;
  return NULL;
}

static const CardeaFlaw *
read_inhibit_any (CardeaX509 *self, CardeaDer value)
{
  if (!read_skip (&value, CARDEA_DER_INTEGER, &self->inhibit_any) || self->inhibit_any < 0 ||
      value.length > 0)
    return &flaw_policies;
  return NULL;
}

static const CardeaFlaw *
read_key_id (CardeaX509 *self, CardeaDer value)
{
  return cardea_der_read_only (value, CARDEA_DER_OCTET_STRING, &self->key_id) ? NULL : &flaw_identifier;
}

static const CardeaFlaw *
read_issuer_key_id (CardeaX509 *self, CardeaDer value)
{
  CardeaDer fields;
  gboolean present;

  if (!cardea_der_read_only (value, CARDEA_DER_SEQUENCE, &fields) ||
      !cardea_der_read_optional (&fields, CARDEA_DER_CONTEXT (0), &self->issuer_key_id, &present))
    return &flaw_identifier;
  return NULL;
}

/* Where to ask about revocation is read when somebody asks: what is wrong with it makes a certificate no
 * worse than one that names no place. */
static const CardeaFlaw *
keep_distribution_points (CardeaX509 *self, CardeaDer value)
{
  self->distribution_points = value;
  return NULL;
}

static const CardeaFlaw *
keep_access (CardeaX509 *self, CardeaDer value)
{
  self->access = value;
  return NULL;
}

/* Of the features only one is offered here, so only that can be missed (RFC 7633, 4.2.2). */
static const CardeaFlaw *
read_features (CardeaX509 *self, CardeaDer value)
{
  static const guint status_request = 5; /* RFC 6066, 1.1 */
  CardeaDer list, number;
  guint feature;

  if (!cardea_der_read_only (value, CARDEA_DER_SEQUENCE, &list) || list.length == 0)
    return &flaw_features;
  while (list.length > 0) {
    if (!cardea_der_read (&list, CARDEA_DER_INTEGER, &number) || !cardea_der_to_uint (number, &feature) ||
        feature > G_MAXUINT16)
      return &flaw_features;
    self->must_staple |= feature == status_request;
  }
  return NULL;
}

typedef struct
{
  guint8 number; /* the last of the object identifier */
  gboolean may_be_critical;
  const CardeaFlaw *(*read) (CardeaX509 *self, CardeaDer value);
} KnownExtension;

/* id-ce, 2.5.29.N. Key identifiers are never critical (RFC 5280, 4.2.1.1 and 4.2.1.2). */
static const KnownExtension known_extensions[] = {
  { 14, FALSE, read_key_id },        { 15, TRUE, read_key_usage },
  { 17, TRUE, read_names },          { 19, TRUE, read_basic_constraints },
  { 30, TRUE, read_constraints },    { 31, FALSE, keep_distribution_points },
  { 32, TRUE, read_policies },       { 33, TRUE, read_mappings },
  { 35, FALSE, read_issuer_key_id }, { 36, TRUE, read_policy_constraints },
  { 37, TRUE, read_extended_usage }, { 54, TRUE, read_inhibit_any },
};

/* id-pe, 1.3.6.1.5.5.7.1.N. */
static const KnownExtension known_private[] = {
  { 1, FALSE, keep_access },
  { 24, TRUE, read_features },
};

/* NULL where it is not among them. */
static const KnownExtension *
find_known (CardeaDer oid, const guint8 *arc, gsize arc_length, const KnownExtension *known, gsize n)
{
  CardeaDer beginning = { oid.data, oid.length - 1 };

  if (oid.length == 0 || !cardea_der_equal_bytes (beginning, arc, arc_length))
    return NULL;
  for (gsize i = 0; i < n; i++)
    if (known[i].number == oid.data[oid.length - 1])
      return &known[i];
  return NULL;
}

static const CardeaFlaw *
read_extension (CardeaX509 *self, CardeaDer oid, gboolean critical, CardeaDer value)
{
  static const guint8 id_ce[] = { 0x55, 0x1d }, id_pe[] = { 0x2b, 6, 1, 5, 5, 7, 1 };
  const KnownExtension *known =
      find_known (oid, id_ce, sizeof id_ce, known_extensions, G_N_ELEMENTS (known_extensions));

  if (known == NULL)
    known = find_known (oid, id_pe, sizeof id_pe, known_private, G_N_ELEMENTS (known_private));
  if (critical && (known == NULL || !known->may_be_critical))
    return &flaw_critical;
  return known != NULL ? known->read (self, value) : NULL;
}

gboolean
cardea_x509_next_extension (CardeaDer *list, CardeaDer *oid, gboolean *critical, CardeaDer *value)
{
  CardeaDer fields;

  *critical = FALSE;
  return cardea_der_read (list, CARDEA_DER_SEQUENCE, &fields) &&
         cardea_der_read (&fields, CARDEA_DER_OID, oid) &&
         (!cardea_der_has_tag (&fields, CARDEA_DER_BOOLEAN) || cardea_der_read_boolean (&fields, critical)) &&
         cardea_der_read_only (fields, CARDEA_DER_OCTET_STRING, value);
}

static guint
hash_der (gconstpointer key)
{
  const CardeaDer *der = key;
  guint hash = 5381;

  for (gsize i = 0; i < der->length; i++)
    hash = hash * 33 + der->data[i];
  return hash;
}

static gboolean
equal_der (gconstpointer a, gconstpointer b)
{
  return cardea_der_equal (*(const CardeaDer *)a, *(const CardeaDer *)b);
}

/* Relations between extensions (RFC 5280, 4.1.2.6, 4.2.1.3, 4.2.1.9 and 4.2.1.10). */
static const CardeaFlaw *
check_together (const CardeaX509 *self)
{
  gboolean signs = !self->has_key_usage || (self->key_usage & CARDEA_USAGE_CERTIFICATE_SIGNING) != 0;

  if (self->has_constraints && !self->authority)
    return &flaw_constraints_place;
  if (!self->authority && (self->key_usage & CARDEA_USAGE_CERTIFICATE_SIGNING) != 0)
    return &flaw_signs;
  if (self->authority && self->subject.length <= 2)
    return &flaw_nameless;
  if (self->authority && self->path_length >= 0 && !signs)
    return &flaw_path_length;
  return NULL;
}

void
cardea_x509_read_extensions (CardeaX509 *self, CardeaDer list)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (hash_der, equal_der, g_free, NULL);
  const CardeaFlaw *flaw = list.length == 0 ? &flaw_extensions : NULL;

  while (list.length > 0 && flaw == NULL) {
    CardeaDer oid, value;
    gboolean critical;

    if (!cardea_x509_next_extension (&list, &oid, &critical, &value))
      flaw = &flaw_extensions;
    else if (!g_hash_table_add (seen, g_memdup2 (&oid, sizeof oid)))
      flaw = &flaw_duplicate;
    else
      flaw = read_extension (self, oid, critical, value);
  }
  if (flaw == NULL)
    flaw = check_together (self);
  if (self->flaw == NULL)
    self->flaw = flaw;
}
