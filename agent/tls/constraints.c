/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Name constraints: an authority that may vouch for some names only.
 *
 * Names and subtrees are compared where they stand in the certificates. Libraries that first copy them into
 * lists take gigabytes for a chain of 55 KB; here only time grows, and that is counted. A kind of name that
 * is constrained but not understood (URIs and the rarer ones) is refused, as is a name that is no valid one
 * of its kind. */

#include "agent/tls/constraints.h"

#include <string.h>

#include "agent/tls/distinguished.h"
#include "agent/tls/names.h"

static const CardeaFlaw flaw_excluded = { "invalid", "has a name that its authority must not vouch for" };
static const CardeaFlaw flaw_not_permitted = { "invalid",
                                               "has a name outside those that its authority may vouch for" };
static const CardeaFlaw flaw_unknown = { "invalid",
                                         "has a constrained name of a kind that is not known here" };
static const CardeaFlaw flaw_name = { "malformed", "has a constrained name that is not a valid one" };
static const CardeaFlaw flaw_pairs = { "too_large",
                                       "has too many names to be compared with its authority's constraints" };

enum
{
  NAME_EMAIL = CARDEA_DER_CONTEXT (1),
  NAME_DNS = CARDEA_DER_CONTEXT (2),
  NAME_DIRECTORY = CARDEA_DER_CONTEXT_CONSTRUCTED (4),
  NAME_ADDRESS = CARDEA_DER_CONTEXT (7),
};

/* One name; a directory name is a whole Name. */
typedef struct
{
  guint8 kind;
  CardeaDer value;
  const CardeaX509 *authority;
  guint *pairs;
} Subject;

typedef enum
{
  OUTSIDE,
  INSIDE,
  PARTLY, /* a wildcard, some of whose names are inside */
} Relation;

static gboolean
ends_with (const char *name, gsize length, const char *end, gsize end_length)
{
  return length >= end_length && g_ascii_strncasecmp (name + length - end_length, end, end_length) == 0;
}

/* "host.example" covers itself and what is below; ".host.example", as seen in practice, only what is below.
 */
static gboolean
dns_covers (const char *base, gsize base_length, const char *name, gsize length)
{
  if (base_length == 0)
    return TRUE;
  if (!ends_with (name, length, base, base_length))
    return FALSE;
  return base[0] == '.' ? length > base_length
                        : length == base_length || name[length - base_length - 1] == '.';
}

static Relation
relate_dns (CardeaDer base_der, CardeaDer name_der)
{
  const char *base = (const char *)base_der.data, *name = (const char *)name_der.data;
  gsize length = name_der.length;

  if (length < 2 || name[0] != '*' || name[1] != '.')
    return dns_covers (base, base_der.length, name, length) ? INSIDE : OUTSIDE;
  /* "*.X" stands for every label before X. A dot before X keeps ".X" and "X" alike. */
  if (dns_covers (base, base_der.length, name + 2, length - 2) ||
      (base_der.length == length - 1 && dns_covers (base + 1, base_der.length - 1, name + 2, length - 2) &&
       base[0] == '.'))
    return INSIDE;
  return dns_covers (name + 2, length - 2, base, base_der.length) &&
                 memchr (base, '.', base_der.length) == base + base_der.length - (length - 1)
             ? PARTLY
             : OUTSIDE;
}

static Relation
relate_address (CardeaDer range, CardeaDer address)
{
  if (range.length != address.length * 2)
    return OUTSIDE;
  for (gsize i = 0; i < address.length; i++)
    if (((range.data[i] ^ address.data[i]) & range.data[address.length + i]) != 0)
      return OUTSIDE;
  return INSIDE;
}

/* A mailbox, a host, or with a leading dot the hosts below a domain. */
static Relation
relate_email (CardeaDer base_der, CardeaDer name_der)
{
  const char *base = (const char *)base_der.data, *name = (const char *)name_der.data;
  const char *at = memrchr (name, '@', name_der.length);
  const char *host = at + 1;
  gsize host_length = name_der.length - (gsize)(host - name);
  const char *base_at = memrchr (base, '@', base_der.length);

  if (base_der.length == 0)
    return INSIDE;
  if (base_at != NULL)
    return base_der.length == name_der.length && base_at - base == at - name &&
                   memcmp (base, name, (gsize)(at - name)) == 0 &&
                   g_ascii_strncasecmp (base_at, at, host_length + 1) == 0
               ? INSIDE
               : OUTSIDE;
  if (base[0] != '.' && base_der.length != host_length)
    return OUTSIDE;
  return ends_with (host, host_length, base, base_der.length) ? INSIDE : OUTSIDE;
}

static Relation
relate (const Subject *name, CardeaDer base)
{
  switch (name->kind) {
  case NAME_DNS:
    return relate_dns (base, name->value);
  case NAME_ADDRESS:
    return relate_address (base, name->value);
  case NAME_EMAIL:
    return relate_email (base, name->value);
  default:
    return cardea_distinguished_is_within (name->value, base) ? INSIDE : OUTSIDE;
  }
}

static gboolean
is_valid (const Subject *name)
{
  const char *text = (const char *)name->value.data;
  gsize length = name->value.length;
  gsize skip = length > 2 && text[0] == '*' && text[1] == '.' ? 2 : 0;

  if (name->kind == NAME_DNS)
    return cardea_names_is_host (text + skip, length - skip);
  if (name->kind == NAME_EMAIL)
    return memchr (text, '@', length) != NULL && text[length - 1] != '@';
  return TRUE;
}

/* Goes through one list of subtrees. @of_kind: how many are of the name's kind. */
static const CardeaFlaw *
search (const Subject *name, CardeaDer list, guint *of_kind, gboolean *inside, gboolean *touched)
{
  CardeaDer subtree, base;
  guint8 tag;

  *of_kind = 0;
  *inside = *touched = FALSE;
  while (cardea_der_read (&list, CARDEA_DER_SEQUENCE, &subtree) &&
         cardea_der_read_any (&subtree, &tag, &base, NULL)) {
    Relation relation;

    if (*name->pairs == 0)
      return &flaw_pairs;
    --*name->pairs;
    if (tag != name->kind)
      continue;
    if (tag != NAME_DNS && tag != NAME_ADDRESS && tag != NAME_DIRECTORY && tag != NAME_EMAIL)
      return &flaw_unknown;
    if (++*of_kind == 1 && !is_valid (name))
      return &flaw_name;
    relation = relate (name, base);
    *inside |= relation == INSIDE;
    *touched |= relation != OUTSIDE;
  }
  return NULL;
}

static const CardeaFlaw *
check_name (const Subject *name)
{
  guint of_kind;
  gboolean inside, touched;
  const CardeaFlaw *flaw = search (name, name->authority->excluded, &of_kind, &inside, &touched);

  if (flaw != NULL)
    return flaw;
  if (touched)
    return &flaw_excluded;
  flaw = search (name, name->authority->permitted, &of_kind, &inside, &touched);
  if (flaw != NULL)
    return flaw;
  return of_kind > 0 && !inside ? &flaw_not_permitted : NULL;
}

/* The subject is a directory name; an address in it counts where there are no alternative names. */
static const CardeaFlaw *
check_subject (Subject *name, const CardeaX509 *below)
{
  const CardeaFlaw *flaw = NULL;
  CardeaDer rest = below->subject, contents;

  if (!cardea_der_read (&rest, CARDEA_DER_SEQUENCE, &contents) || contents.length == 0)
    return NULL;
  name->kind = NAME_DIRECTORY;
  name->value = below->subject;
  flaw = check_name (name);
  if (flaw != NULL || below->has_names)
    return flaw;
  name->kind = NAME_EMAIL;
  while (flaw == NULL && cardea_distinguished_next_email (&contents, &name->value))
    flaw = check_name (name);
  return flaw;
}

const CardeaFlaw *
cardea_constraints_check (const CardeaX509 *authority, const CardeaX509 *below, guint *pairs)
{
  Subject name = { .authority = authority, .pairs = pairs };
  CardeaDer list = below->names;
  const CardeaFlaw *flaw;

  if (!authority->has_constraints)
    return NULL;
  flaw = check_subject (&name, below);
  while (flaw == NULL && cardea_der_read_any (&list, &name.kind, &name.value, NULL))
    flaw = check_name (&name);
  return flaw;
}
