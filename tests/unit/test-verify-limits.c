/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a server can make the verification cost: each limit, one past it, and chains made to burst others. */

#include <string.h>
#include <sys/resource.h>

#include "agent/tls/nss.h"
#include "socket-api/limits.h"
#include "tests/unit/verify-check.h"

/* Far above what is measured (a few MiB, some 50 ms), far below what the same chains cost elsewhere
 * (gigabytes, minutes). */
#define MEMORY_KIB_MAX (64 * 1024)
#define TIME_US_MAX (5 * G_USEC_PER_SEC)

typedef struct
{
  ChainMakerCertificate *root, *middle;
  GPtrArray *chain;
  CardeaTrust *trust;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->root = chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Root", .extensions = CA }, NULL);
  self->middle =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Authority", .extensions = CA }, self->root);
  self->chain = new_chain ();
  self->trust = new_trust (self->root);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  chain_maker_certificate_free (self->root);
  chain_maker_certificate_free (self->middle);
  g_ptr_array_unref (self->chain);
  cardea_trust_unref (self->trust);
}

static long
get_memory (void)
{
  struct rusage usage;

  g_assert_cmpint (getrusage (RUSAGE_SELF, &usage), ==, 0);
  return usage.ru_maxrss;
}

/* Verifies, and bounds what that costs. */
static void
check_bounded (Fixture *self, const char *expected)
{
  long memory = get_memory ();
  gint64 begin = g_get_monotonic_time ();

  assert_verdict (verify_chain (self->trust, self->chain), expected);
  g_test_message ("%" G_GINT64_FORMAT " us, %ld KiB more", g_get_monotonic_time () - begin,
                  get_memory () - memory);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, TIME_US_MAX);
  g_assert_cmpint (get_memory () - memory, <, MEMORY_KIB_MAX);
}

static void
append_new (Fixture *self, const ChainMakerSpec *spec, ChainMakerCertificate *issuer)
{
  g_autoptr (ChainMakerCertificate) certificate = chain_maker_certificate_new (spec, issuer);

  append (self->chain, certificate);
}

static void
append_leaf (Fixture *self)
{
  append_new (self, &(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, self->middle);
  append (self->chain, self->middle);
}

static void
test_certificates (Fixture *self, gconstpointer data)
{
  append_leaf (self);
  while (self->chain->len < CARDEA_LIMIT_CHAIN_CERTIFICATES)
    append (self->chain, self->root);
  check_bounded (self, "not_checked");
  append (self->chain, self->root);
  check_bounded (self, "too_large");
}

/* A certificate of exactly this size; signatures differ in length, so it takes some tries. */
static GBytes *
make_of_size (gsize size)
{
  gsize padding = size - 400;

  for (guint i = 0; i < 1000; i++) {
    g_autofree char *zeros = g_strnfill (padding * 2, '0');
    g_autofree char *extensions = g_strdup_printf ("1.2.3.4=DER:%s", zeros);
    g_autoptr (ChainMakerCertificate) certificate =
        chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Padding", .extensions = extensions }, NULL);
    GBytes *der = chain_maker_certificate_get_der (certificate);

    if (g_bytes_get_size (der) == size)
      return g_bytes_ref (der);
    padding = padding + size - g_bytes_get_size (der);
  }
  g_assert_not_reached ();
}

static gsize
count_bytes (Fixture *self)
{
  gsize total = 0;

  for (guint i = 0; i < self->chain->len; i++)
    total += g_bytes_get_size (self->chain->pdata[i]);
  return total;
}

static void
check_chain_bytes (Fixture *self, gsize size, const char *expected)
{
  g_ptr_array_set_size (self->chain, 0);
  append_leaf (self);
  g_ptr_array_add (self->chain, make_of_size (60000));
  g_ptr_array_add (self->chain, make_of_size (60000));
  g_ptr_array_add (self->chain, make_of_size (size - count_bytes (self)));
  g_assert_cmpuint (count_bytes (self), ==, size);
  check_bounded (self, expected);
}

static void
test_chain_bytes (Fixture *self, gconstpointer data)
{
  check_chain_bytes (self, CARDEA_LIMIT_CHAIN_BYTES, "not_checked");
  check_chain_bytes (self, CARDEA_LIMIT_CHAIN_BYTES + 1, "too_large");
}

static void
test_certificate_bytes (Fixture *self, gconstpointer data)
{
  append_leaf (self);
  g_ptr_array_add (self->chain, make_of_size (CARDEA_LIMIT_CERTIFICATE_BYTES));
  check_bounded (self, "not_checked");
  g_ptr_array_remove_index (self->chain, 2);
  g_ptr_array_add (self->chain, make_of_size (CARDEA_LIMIT_CERTIFICATE_BYTES + 1));
  check_bounded (self, "too_large");
}

/* The leaf's names and an authority's constraints, one of which does not let the leaf pass when @last is said
 * so. */
static void
append_constrained (Fixture *self, guint n_names, guint n_subtrees, const char *last)
{
  g_autoptr (GString) names = g_string_new ("subjectAltName=DNS:bank.example");
  g_autoptr (GString) subtrees = g_string_new (CA "|nameConstraints=critical");
  g_autoptr (ChainMakerCertificate) constrained = NULL;

  for (guint i = 1; i < n_names; i++)
    g_string_append_printf (names, ",DNS:n%u.bank.example", i);
  for (guint i = 1; i < n_subtrees; i++)
    g_string_append_printf (subtrees, ",excluded;DNS:x%u.example", i);
  g_string_append_printf (subtrees, ",excluded;DNS:%s", last);
  constrained = chain_maker_certificate_new (
      &(ChainMakerSpec){ .name = "Constrained", .extensions = subtrees->str }, self->root);
  append_new (self, &(ChainMakerSpec){ .name = "Server", .extensions = names->str }, constrained);
  append (self->chain, constrained);
}

/* Both subjects are names, too. */
static void
test_pairs (Fixture *self, gconstpointer data)
{
  g_assert_cmpint (CARDEA_LIMIT_NAME_CONSTRAINT_PAIRS, ==, 256 * 256);
  append_constrained (self, 254, 256, "last.example");
  check_bounded (self, "not_checked");
  g_ptr_array_set_size (self->chain, 0);
  append_constrained (self, 254, 256, "bank.example");
  check_bounded (self, "invalid");
  g_ptr_array_set_size (self->chain, 0);
  append_constrained (self, 255, 256, "last.example");
  check_bounded (self, "too_large");
}

/* 55 KB that take gigabytes where names and constraints are made into lists of pairs. */
static void
test_bomb (Fixture *self, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) other =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Other", .extensions = CA }, NULL);

  append_constrained (self, 1600, 1500, "last.example");
  g_assert_cmpuint (count_bytes (self), >, 50000);
  g_assert_cmpuint (count_bytes (self), <, 60000);
  check_bounded (self, "too_large");
  cardea_trust_unref (self->trust);
  self->trust = new_trust (other);
  check_bounded (self, "too_large");
  append_constrained (self, 2400, 2300, "last.example");
  g_assert_cmpuint (count_bytes (self), >, CARDEA_LIMIT_CHAIN_BYTES);
  check_bounded (self, "too_large");
}

/* Constraints that are not in the chain but would join it. */
static void
test_bomb_of_anchor (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  append_constrained (self, 1600, 1500, "last.example");
  cardea_trust_add_intermediate (self->trust, self->chain->pdata[1], &error);
  g_assert_no_error (error);
  g_ptr_array_set_size (self->chain, 1);
  check_bounded (self, "too_large");
}

/* Layers of two authorities each of which is vouched for by both above it: 2^22 ways up, none of which ends
 * well. */
static void
append_mesh (Fixture *self, guint layers, ChainMakerCertificate *top)
{
  g_autoptr (ChainMakerCertificate) above = NULL;
  GPtrArray *reversed = new_chain ();

  for (guint i = 0; i < layers; i++) {
    g_autofree char *name = g_strdup_printf ("Layer %u", i);
    ChainMakerSpec spec = { .name = name, .extensions = CA };
    ChainMakerCertificate *issuer = above != NULL ? above : top;
    ChainMakerCertificate *first = chain_maker_certificate_new (&spec, issuer);
    g_autoptr (ChainMakerCertificate) second = NULL;

    spec.key_of = first;
    second = chain_maker_certificate_new (&spec, issuer);
    append (reversed, first);
    append (reversed, second);
    g_clear_pointer (&above, chain_maker_certificate_free);
    above = first;
  }
  append_new (self, &(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, above);
  g_ptr_array_extend_and_steal (self->chain, reversed);
}

static void
test_mesh (Fixture *self, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) expired = chain_maker_certificate_new (
      &(ChainMakerSpec){ .name = "Expired", .extensions = CA, .not_after = CHAIN_MAKER_NOW - 1 }, NULL);
  g_autoptr (GError) error = NULL;

  append_mesh (self, 22, self->middle);
  check_bounded (self, "too_large");
  append (self->chain, self->middle);
  check_bounded (self, "not_checked");
  g_ptr_array_set_size (self->chain, 0);
  append_mesh (self, 22, expired);
  cardea_trust_add_anchor (self->trust, chain_maker_certificate_get_der (expired), "config", &error);
  g_assert_no_error (error);
  check_bounded (self, "too_large");
}

/* Authorities of one name and many keys: nothing but a signature tells which of them vouched for which. */
static void
test_signatures (Fixture *self, gconstpointer data)
{
  ChainMakerCertificate *above = NULL;

  for (guint i = 0; i < CARDEA_LIMIT_CHAIN_CERTIFICATES - 1; i++) {
    ChainMakerCertificate *next = chain_maker_certificate_new (
        &(ChainMakerSpec){
            .name = "Same", .issuer = "Same", .extensions = "basicConstraints=critical,CA:TRUE" },
        above);

    append (self->chain, next);
    g_clear_pointer (&above, chain_maker_certificate_free);
    above = next;
  }
  append_new (self, &(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, above);
  g_ptr_array_insert (self->chain, 0, g_ptr_array_steal_index (self->chain, self->chain->len - 1));
  check_bounded (self, "too_large");
  chain_maker_certificate_free (above);
}

/* A straight chain as long as may be sent is not too much. */
static void
test_long (Fixture *self, gconstpointer data)
{
  ChainMakerCertificate *above = self->root;
  g_autoptr (GPtrArray) made = g_ptr_array_new_with_free_func ((GDestroyNotify)chain_maker_certificate_free);

  for (guint i = 0; i < CARDEA_LIMIT_CHAIN_CERTIFICATES - 1; i++) {
    g_autofree char *name = g_strdup_printf ("Authority %u", i);

    above = chain_maker_certificate_new (&(ChainMakerSpec){ .name = name, .extensions = CA }, above);
    g_ptr_array_add (made, above);
  }
  append_new (self, &(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, above);
  for (guint i = 0; i < made->len; i++)
    append (self->chain, made->pdata[i]);
  check_bounded (self, "not_checked");
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *self, gconstpointer data);
  } cases[] = {
    { "certificates", test_certificates },
    { "chain-bytes", test_chain_bytes },
    { "certificate-bytes", test_certificate_bytes },
    { "name-constraint-pairs", test_pairs },
    { "name-constraint-bomb", test_bomb },
    { "name-constraint-bomb-of-trust", test_bomb_of_anchor },
    { "mesh", test_mesh },
    { "signatures", test_signatures },
    { "long", test_long },
  };
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cardea_nss_start (&error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/verify-limits/", cases[i].path, NULL);

    g_test_add (path, Fixture, NULL, set_up, cases[i].run, tear_down);
  }
  status = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  return status;
}
