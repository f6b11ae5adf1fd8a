/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Finding a path (RFC 5280, 6; RFC 4158).
 *
 * Depth first, over exactly the certificates of this chain and of the snapshot, every rule checked as soon as
 * an authority is put on top, so that a certificate that may not be used leads to the next alternative and
 * not to a refusal.
 *
 * Why not NSS's own builders: both search the process's shared table, which servers fill, so that no limit on
 * one chain bounds their work (a second connection adds the missing half); their memory grows with names
 * times constraints; they give up on chains with cross-certificates that have a valid path; and they refuse
 * an RSA key that may only sign. Here the search costs no memory, and each kind of work is counted: steps,
 * signatures, comparisons of names. */

#include "agent/tls/path.h"

#include "agent/tls/certificate-policies.h"
#include "agent/tls/constraints.h"
#include "agent/tls/pins.h"

const CardeaFlaw cardea_flaw_expired = { "expired", NULL };
const CardeaFlaw cardea_flaw_not_yet_valid = { "not_yet_valid", NULL };
const CardeaFlaw cardea_flaw_not_pinned = { "not_pinned", NULL };
const CardeaFlaw cardea_flaw_distrusted = { "distrusted",
                                            "is distrusted by the administrator of this computer" };

static const CardeaFlaw flaw_not_authority = { "invalid",
                                               "vouches for another certificate without being an authority" };
static const CardeaFlaw flaw_no_signing = { "wrong_usage", "may not be used to sign certificates" };
static const CardeaFlaw flaw_not_for_servers = { "wrong_usage", "may not be used to vouch for servers" };
static const CardeaFlaw flaw_too_deep = { "invalid", "has more authorities below it than it allows" };
static const CardeaFlaw flaw_work = { "too_large", "is part of a chain with too many possible paths" };

/* Above this, tables of names in the snapshot and the chain no longer help: a peer is wasting our time. */
#define STEPS_MAX 20000

typedef struct
{
  const CardeaTrust *trust;
  GPtrArray *chain;
  const GPtrArray *pins;
  gint64 now;
  CardeaPath path;
  CardeaPathFailure failure;
  gboolean failure_is_anchors; /* kept before those of other certificates */
  gboolean exhausted;
  guint steps, signatures, pairs; /* what is left */
  GHashTable *verified;           /* pairs of certificates -> whether one signed the other */
} Search;

static gboolean extend (Search *self);

const CardeaFlaw *
cardea_path_check_certificate (const CardeaTrust *trust, const CardeaX509 *certificate, gint64 now)
{
  if (cardea_trust_is_distrusted (trust, certificate))
    return &cardea_flaw_distrusted;
  if (certificate->flaw != NULL)
    return certificate->flaw;
  if (now < certificate->not_before)
    return &cardea_flaw_not_yet_valid;
  if (now > certificate->not_after)
    return &cardea_flaw_expired;
  return NULL;
}

static guint
hash_edge (gconstpointer key)
{
  gconstpointer const *edge = key;

  return g_direct_hash (edge[0]) * 31 + g_direct_hash (edge[1]);
}

static gboolean
equal_edge (gconstpointer a, gconstpointer b)
{
  gconstpointer const *left = a, *const *right = b;

  return left[0] == (gconstpointer)right[0] && left[1] == (gconstpointer)right[1];
}

static gboolean
exhaust (Search *self, const CardeaX509 *certificate)
{
  self->exhausted = TRUE;
  self->failure = (CardeaPathFailure){ &flaw_work, certificate };
  return FALSE;
}

/* Each signature is verified once a search. */
static gboolean
is_signed_by (Search *self, const CardeaX509 *child, const CardeaX509 *issuer)
{
  gconstpointer edge[2] = { child, issuer };
  gpointer known;
  gboolean valid;

  if (g_hash_table_lookup_extended (self->verified, edge, NULL, &known))
    return GPOINTER_TO_INT (known);
  if (self->signatures == 0)
    return exhaust (self, issuer);
  self->signatures--;
  valid = cardea_trust_is_signed_by (self->trust, child, issuer);
  g_hash_table_insert (self->verified, g_memdup2 (edge, sizeof edge), GINT_TO_POINTER (valid));
  return valid;
}

/* RFC 4158, 2.4.2: a path that meets a subject and key again only goes in circles. */
static gboolean
is_loop (const Search *self, const CardeaX509 *issuer)
{
  for (guint i = 0; i < self->path.length; i++) {
    const CardeaX509 *below = self->path.certificates[i];

    if (below == issuer || (cardea_der_equal (below->subject, issuer->subject) &&
                            cardea_der_equal (below->key_info, issuer->key_info)))
      return TRUE;
  }
  return FALSE;
}

static const CardeaFlaw *
check_path_length (const Search *self, const CardeaX509 *issuer)
{
  int n = 0;

  for (guint i = 1; i < self->path.length; i++)
    n += !cardea_x509_is_self_issued (self->path.certificates[i]);
  return issuer->path_length >= 0 && n > issuer->path_length ? &flaw_too_deep : NULL;
}

/* What an authority must be (RFC 5280, 6.1.4 (k) to (o)); extended key usage narrows what is below it. */
static const CardeaFlaw *
check_authority (const Search *self, const CardeaX509 *issuer)
{
  const CardeaFlaw *flaw = cardea_path_check_certificate (self->trust, issuer, self->now);

  if (flaw != NULL)
    return flaw;
  if (!issuer->authority)
    return &flaw_not_authority;
  if (issuer->has_key_usage && (issuer->key_usage & CARDEA_USAGE_CERTIFICATE_SIGNING) == 0)
    return &flaw_no_signing;
  if (issuer->has_extended_usage && !issuer->for_server && !issuer->for_any)
    return &flaw_not_for_servers;
  return check_path_length (self, issuer);
}

static const CardeaFlaw *
check_constraints (Search *self, const CardeaX509 *issuer, const CardeaX509 **culprit)
{
  const CardeaFlaw *flaw = NULL;

  for (guint i = 0; i < self->path.length && flaw == NULL; i++) {
    *culprit = self->path.certificates[i];
    if (i == 0 || !cardea_x509_is_self_issued (*culprit))
      flaw = cardea_constraints_check (issuer, *culprit, &self->pairs);
  }
  return flaw;
}

static gboolean
remember (Search *self, const CardeaFlaw *flaw, const CardeaX509 *certificate, gboolean anchor)
{
  if (self->failure.flaw == NULL || (anchor && !self->failure_is_anchors)) {
    self->failure = (CardeaPathFailure){ flaw, certificate };
    self->failure_is_anchors = anchor;
  }
  return FALSE;
}

/* Key identifiers only say what to try first (RFC 5280, 4.2.1.1). */
static gboolean
is_likely (const CardeaX509 *child, const CardeaX509 *issuer)
{
  return child->issuer_key_id.length == 0 || issuer->key_id.length == 0 ||
         cardea_der_equal (child->issuer_key_id, issuer->key_id);
}

/* Whether @issuer may stand on the path as it is. */
static gboolean
may_issue (Search *self, const CardeaX509 *issuer, gboolean anchor)
{
  const CardeaX509 *child = self->path.certificates[self->path.length - 1];
  const CardeaX509 *culprit = issuer;
  const CardeaFlaw *flaw;

  if (self->exhausted || is_loop (self, issuer))
    return FALSE;
  if (self->steps == 0)
    return exhaust (self, issuer);
  self->steps--;
  if (child->signature_flaw != NULL)
    return remember (self, child->signature_flaw, child, anchor);
  /* Not worth a signature, and NSS verifies none with a key that is too weak. */
  if (issuer->flaw != NULL && is_likely (child, issuer))
    return remember (self, issuer->flaw, issuer, anchor);
  if (!is_signed_by (self, child, issuer))
    return FALSE;
  flaw = check_authority (self, issuer);
  if (flaw == NULL)
    flaw = check_constraints (self, issuer, &culprit);
  return flaw == NULL || remember (self, flaw, culprit, anchor);
}

/* Any key of a path vouches for the one before it, so any may be the pinned one. Of a path that only lacks
 * that, nothing else is worth telling. */
static gboolean
check_pins (Search *self)
{
  if (cardea_pins_are_met (self->pins, (const CardeaX509 *const *)self->path.certificates, self->path.length))
    return TRUE;
  self->failure = (CardeaPathFailure){ &cardea_flaw_not_pinned, self->path.certificates[0] };
  self->failure_is_anchors = TRUE;
  return FALSE;
}

static gboolean
try_anchor (Search *self, const CardeaAnchor *anchor)
{
  const CardeaFlaw *flaw;

  if (!may_issue (self, anchor->certificate, TRUE))
    return FALSE;
  self->path.certificates[self->path.length++] = anchor->certificate;
  self->path.anchor = anchor;
  flaw = cardea_certificate_policies_check (self->path.certificates, self->path.length);
  if (flaw == NULL && check_pins (self))
    return TRUE;
  self->path.length--;
  return flaw != NULL && remember (self, flaw, self->path.certificates[0], TRUE);
}

static gboolean
try_issuer (Search *self, CardeaX509 *issuer)
{
  if (self->path.length + 1 >= CARDEA_PATH_MAX || !may_issue (self, issuer, FALSE))
    return FALSE;
  self->path.certificates[self->path.length++] = issuer;
  if (extend (self))
    return TRUE;
  self->path.length--;
  return FALSE;
}

static gboolean
try_anchors (Search *self, const CardeaX509 *child)
{
  const GPtrArray *anchors = cardea_trust_find_anchors (self->trust, child->issuer);

  for (guint likely = 2; anchors != NULL && likely-- > 0;)
    for (guint i = 0; i < anchors->len; i++) {
      const CardeaAnchor *anchor = anchors->pdata[i];

      if (is_likely (child, anchor->certificate) == (likely == 1) && try_anchor (self, anchor))
        return TRUE;
    }
  return FALSE;
}

static gboolean
try_list (Search *self, const CardeaX509 *child, const GPtrArray *list, guint from, gboolean likely)
{
  for (guint i = from; list != NULL && i < list->len && !self->exhausted; i++) {
    CardeaX509 *issuer = list->pdata[i];

    if (cardea_der_equal (child->issuer, issuer->subject) && is_likely (child, issuer) == likely &&
        try_issuer (self, issuer))
      return TRUE;
  }
  return FALSE;
}

/* Puts every possible issuer on top of the path, authorities first. */
static gboolean
extend (Search *self)
{
  const CardeaX509 *child = self->path.certificates[self->path.length - 1];
  const GPtrArray *known = cardea_trust_find_intermediates (self->trust, child->issuer);

  return try_anchors (self, child) || try_list (self, child, self->chain, 1, TRUE) ||
         try_list (self, child, known, 0, TRUE) || try_list (self, child, self->chain, 1, FALSE) ||
         try_list (self, child, known, 0, FALSE);
}

gboolean
cardea_path_find (const CardeaTrust *trust, GPtrArray *chain, const GPtrArray *pins, gint64 now,
                  CardeaPath *path, CardeaPathFailure *failure)
{
  Search self = {
    .trust = trust,
    .chain = chain,
    .pins = pins,
    .now = now,
    .steps = STEPS_MAX,
    .signatures = CARDEA_LIMIT_CHAIN_SIGNATURES,
    .pairs = CARDEA_LIMIT_NAME_CONSTRAINT_PAIRS,
    .verified = g_hash_table_new_full (hash_edge, equal_edge, g_free, NULL),
  };
  CardeaX509 *leaf = chain->pdata[0];
  gboolean found;

  self.path.certificates[self.path.length++] = leaf;
  self.path.anchor = cardea_trust_find_anchor (trust, leaf->bytes);
  found = (self.path.anchor != NULL && check_pins (&self)) || extend (&self);
  g_hash_table_unref (self.verified);
  if (found)
    *path = self.path;
  else
    *failure = self.failure;
  return found;
}

/* Every certificate of the snapshot whose subject is an issuer here, and theirs in turn, counts once a time
 * it is met. */
static void
add_joinable (const CardeaTrust *trust, GPtrArray *all, guint *names, guint *subtrees)
{
  for (guint i = 0; i < all->len && i < CARDEA_PATH_MAX; i++) {
    const CardeaX509 *certificate = all->pdata[i];
    const GPtrArray *anchors = cardea_trust_find_anchors (trust, certificate->issuer);
    const GPtrArray *known = cardea_trust_find_intermediates (trust, certificate->issuer);

    *names += certificate->n_names;
    *subtrees += certificate->n_subtrees;
    for (guint j = 0; anchors != NULL && j < anchors->len; j++)
      *subtrees += ((CardeaAnchor *)anchors->pdata[j])->certificate->n_subtrees;
    for (guint j = 0; known != NULL && j < known->len; j++)
      if (!g_ptr_array_find (all, known->pdata[j], NULL))
        g_ptr_array_add (all, known->pdata[j]);
  }
}

guint64
cardea_path_count_pairs (const CardeaTrust *trust, GPtrArray *chain)
{
  g_autoptr (GPtrArray) all = g_ptr_array_copy (chain, NULL, NULL);
  guint names = 0, subtrees = 0;

  g_ptr_array_set_free_func (all, NULL);
  add_joinable (trust, all, &names, &subtrees);
  return (guint64)names * subtrees;
}
