/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Certificate policies.
 *
 * RFC 5280 keeps a tree; whether any branch reaches the leaf, which is all that we ask, can be told from the
 * set of policies expected at the current depth. "Any" is a flag of the set. Sets are bounded by the chain's
 * size: a tree's width is not. */

#include "agent/tls/certificate-policies.h"

static const CardeaFlaw flaw_policy = {
  "invalid", "is not issued under the policies that an authority above it demands"
};
static const CardeaFlaw flaw_many = { "too_large", "has too many certificate policies" };

#define POLICIES_MAX 512

typedef struct
{
  gboolean any;
  GPtrArray *expected;                        /* CardeaDer: object identifiers */
  guint explicit_policy, mapping, any_policy; /* certificates until it is demanded, or no longer allowed */
} State;

static gboolean
contains (GPtrArray *set, CardeaDer oid)
{
  for (guint i = 0; i < set->len; i++)
    if (cardea_der_equal (*(CardeaDer *)set->pdata[i], oid))
      return TRUE;
  return FALSE;
}

static void
add (GPtrArray *set, CardeaDer oid)
{
  if (!contains (set, oid))
    g_ptr_array_add (set, g_memdup2 (&oid, sizeof oid));
}

static gboolean
is_any (CardeaDer oid)
{
  static const guint8 any_policy[] = { 0x55, 0x1d, 0x20, 0 };

  return cardea_der_equal_bytes (oid, any_policy, sizeof any_policy);
}

static guint
count (CardeaDer list)
{
  guint n = 0;

  while (cardea_der_read_any (&list, NULL, NULL, NULL))
    n++;
  return n;
}

/* RFC 5280, 6.1.3 (d) and (e). */
static void
apply_policies (State *state, const CardeaX509 *certificate, gboolean any_allowed)
{
  g_autoptr (GPtrArray) next = g_ptr_array_new_with_free_func (g_free);
  CardeaDer list = certificate->policies, policy, oid;
  gboolean says_any = FALSE;

  while (cardea_der_read (&list, CARDEA_DER_SEQUENCE, &policy) &&
         cardea_der_read (&policy, CARDEA_DER_OID, &oid))
    if (is_any (oid))
      says_any = any_allowed;
    else if (state->any || contains (state->expected, oid))
      add (next, oid);
  for (guint i = 0; says_any && i < state->expected->len; i++)
    add (next, *(CardeaDer *)state->expected->pdata[i]);
  state->any = state->any && says_any;
  g_ptr_array_unref (state->expected);
  state->expected = g_steal_pointer (&next);
}

/* Moves the policies that are mapped (or drops them, where mapping is inhibited) to what they are called
 * below. */
static void
apply_mappings (State *state, const CardeaX509 *certificate)
{
  g_autoptr (GPtrArray) next = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) mapped = g_ptr_array_new_with_free_func (g_free);
  CardeaDer list = certificate->mappings, pair, from, to;

  while (cardea_der_read (&list, CARDEA_DER_SEQUENCE, &pair) &&
         cardea_der_read (&pair, CARDEA_DER_OID, &from) && cardea_der_read (&pair, CARDEA_DER_OID, &to)) {
    add (mapped, from);
    if (state->mapping > 0 && (state->any || contains (state->expected, from)))
      add (next, to);
  }
  for (guint i = 0; i < state->expected->len; i++)
    if (!contains (mapped, *(CardeaDer *)state->expected->pdata[i]))
      add (next, *(CardeaDer *)state->expected->pdata[i]);
  g_ptr_array_unref (state->expected);
  state->expected = g_steal_pointer (&next);
}

static void
lower (guint *counter, int limit)
{
  if (limit >= 0)
    *counter = MIN (*counter, (guint)limit);
}

/* RFC 5280, 6.1.4 (a), (b), (h) to (j). */
static void
prepare_next (State *state, const CardeaX509 *certificate)
{
  apply_mappings (state, certificate);
  if (!cardea_x509_is_self_issued (certificate)) {
    state->explicit_policy -= state->explicit_policy > 0;
    state->mapping -= state->mapping > 0;
    state->any_policy -= state->any_policy > 0;
  }
  lower (&state->explicit_policy, certificate->explicit_policy);
  lower (&state->mapping, certificate->inhibit_mapping);
  lower (&state->any_policy, certificate->inhibit_any);
}

static gboolean
is_allowed (const State *state)
{
  return state->explicit_policy > 0 || state->any || state->expected->len > 0;
}

static gboolean
walk (State *state, CardeaX509 *const *path, guint length)
{
  for (guint i = length - 1; i-- > 0;) {
    gboolean any_allowed = state->any_policy > 0 || (i > 0 && cardea_x509_is_self_issued (path[i]));

    apply_policies (state, path[i], any_allowed);
    if (!is_allowed (state))
      return FALSE;
    if (i > 0)
      prepare_next (state, path[i]);
  }
  /* RFC 5280, 6.1.5 (a) and (b). */
  state->explicit_policy -= state->explicit_policy > 0;
  lower (&state->explicit_policy, path[0]->explicit_policy == 0 ? 0 : -1);
  return is_allowed (state);
}

const CardeaFlaw *
cardea_certificate_policies_check (CardeaX509 *const *path, guint length)
{
  State state = { TRUE, NULL, length, length, length };
  gboolean demanded = FALSE, allowed;
  guint n = 0;

  for (guint i = 0; i + 1 < length; i++) {
    n += count (path[i]->policies) + count (path[i]->mappings);
    demanded |= path[i]->explicit_policy >= 0;
  }
  if (!demanded)
    return NULL;
  if (n > POLICIES_MAX)
    return &flaw_many;
  state.expected = g_ptr_array_new_with_free_func (g_free);
  allowed = walk (&state, path, length);
  g_ptr_array_unref (state.expected);
  return allowed ? NULL : &flaw_policy;
}
