/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What rules ask of a server: each of them, and of the path that was verified, not of what was sent along. */

#include <string.h>

#include "agent/tls/nss.h"
#include "tests/unit/verify-check.h"

#define RULE "pinned"
#define WHERE "/rules.d/a.conf:7"

typedef struct
{
  ChainMakerCertificate *root, *middle, *leaf; /* believed */
  ChainMakerCertificate *foreign;              /* another root */
  GPtrArray *chain;
  CardeaTrust *trust;
  GPtrArray *demands;
} Fixture;

static ChainMakerCertificate *
make (const char *name, ChainMakerCertificate *issuer)
{
  return chain_maker_certificate_new (&(ChainMakerSpec){ .name = name, .extensions = CA }, issuer);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->root = make ("Root", NULL);
  f->foreign = make ("Foreign", NULL);
  f->middle = make ("Authority", f->root);
  f->leaf =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, f->middle);
  f->chain = new_chain ();
  append (f->chain, f->leaf);
  append (f->chain, f->middle);
  f->trust = new_trust (f->root);
  f->demands = cardea_demands_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  chain_maker_certificate_free (f->root);
  chain_maker_certificate_free (f->foreign);
  chain_maker_certificate_free (f->middle);
  chain_maker_certificate_free (f->leaf);
  g_ptr_array_unref (f->chain);
  g_ptr_array_unref (f->demands);
  cardea_trust_unref (f->trust);
}

/* A demand for one of the authorities and one of the keys; either may be NULL. */
static CardeaDemand *
demand (Fixture *f, ChainMakerCertificate *authority, GBytes *pin)
{
  CardeaDemand *made = cardea_demand_new (RULE, WHERE);

  if (authority != NULL)
    made->trust = new_trust (authority);
  if (pin != NULL) {
    made->pins = new_chain ();
    g_ptr_array_add (made->pins, g_bytes_new_static ("another pin of thirty-two bytes..", 32));
    g_ptr_array_add (made->pins, pin);
  }
  g_ptr_array_add (f->demands, made);
  return made;
}

/* The SHA-256 of a certificate's public key, by OpenSSL. */
static GBytes *
pin_of (ChainMakerCertificate *certificate)
{
  return chain_maker_certificate_hash_key (certificate);
}

static void
assert_is (Fixture *f, CardeaTrust *trust, const char *expected)
{
  CardeaVerifyRequest request = { f->chain, NULL, "bank.example", CHAIN_MAKER_NOW, f->demands };

  assert_verdict (verify (trust, &request), expected);
}

/* The rule's authorities alone count, or those of the caller besides. */
static void
test_authorities (Fixture *f, gconstpointer data)
{
  demand (f, f->root, NULL);
  assert_is (f, NULL, "not_checked");
  assert_is (f, f->trust, "not_checked");
}

static void
test_other_authorities (Fixture *f, gconstpointer data)
{
  demand (f, f->foreign, NULL);
  assert_is (f, NULL, "authority_not_allowed");
  assert_is (f, f->trust, "authority_not_allowed");
}

/* What the rule names is no way around what the caller brought. */
static void
test_caller_as_well (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaTrust) callers = new_trust (f->foreign);

  demand (f, f->root, NULL);
  assert_is (f, callers, "unknown_authority");
}

/* Of two rules both have to be met, in either order. */
static void
test_two_rules (Fixture *f, gconstpointer data)
{
  demand (f, f->root, NULL);
  demand (f, f->middle, NULL);
  assert_is (f, NULL, "not_checked");
  demand (f, f->foreign, NULL);
  assert_is (f, NULL, "authority_not_allowed");
  g_ptr_array_set_size (f->demands, 0);
  demand (f, f->foreign, NULL);
  demand (f, f->root, NULL);
  assert_is (f, NULL, "authority_not_allowed");
}

static void
test_distrusted (Fixture *f, gconstpointer data)
{
  CardeaDemand *made = demand (f, f->root, NULL);

  cardea_trust_add_distrusted (made->trust, chain_maker_certificate_get_der (f->middle));
  assert_is (f, NULL, "distrusted");
}

/* Other faults keep their names, whoever asks. */
static void
test_expired (Fixture *f, gconstpointer data)
{
  CardeaVerifyRequest request = { f->chain, NULL, "bank.example", CHAIN_MAKER_NOW + 31 * CHAIN_MAKER_DAY,
                                  f->demands };

  demand (f, f->root, pin_of (f->foreign));
  demand (f, NULL, pin_of (f->foreign));
  assert_verdict (verify (NULL, &request), "expired");
}

static void
test_pin_of_each (Fixture *f, gconstpointer data)
{
  ChainMakerCertificate *const path[] = { f->leaf, f->middle, f->root };

  for (guint i = 0; i < G_N_ELEMENTS (path); i++) {
    g_ptr_array_set_size (f->demands, 0);
    demand (f, NULL, pin_of (path[i]));
    assert_is (f, f->trust, "not_checked");
    demand (f, f->root, pin_of (path[i]));
    assert_is (f, f->trust, "not_checked");
    assert_is (f, NULL, "not_checked");
  }
}

static void
test_wrong_pin (Fixture *f, gconstpointer data)
{
  demand (f, NULL, pin_of (f->foreign));
  assert_is (f, f->trust, "not_pinned");
  g_ptr_array_set_size (f->demands, 0);
  demand (f, f->root, pin_of (f->foreign));
  assert_is (f, f->trust, "not_pinned");
  assert_is (f, NULL, "not_pinned");
}

/* Each rule's pins, not any rule's. */
static void
test_pins_of_two_rules (Fixture *f, gconstpointer data)
{
  demand (f, NULL, pin_of (f->leaf));
  demand (f, NULL, pin_of (f->root));
  assert_is (f, f->trust, "not_checked");
  demand (f, NULL, pin_of (f->foreign));
  assert_is (f, f->trust, "not_pinned");
}

/* A certificate with the pinned key lies in the chain, and nothing relies on it. */
static void
test_pin_sent_along (Fixture *f, gconstpointer data)
{
  append (f->chain, f->foreign);
  demand (f, NULL, pin_of (f->foreign));
  assert_is (f, f->trust, "not_pinned");
}

/* Two ways lead to authorities that are believed; the pinned one is found, whichever is tried first. */
static void
test_pin_of_another_path (Fixture *f, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) cross = chain_maker_certificate_new (
      &(ChainMakerSpec){ .name = "Authority", .extensions = CA, .key_of = f->middle }, f->foreign);
  ChainMakerCertificate *const roots[] = { f->root, f->foreign };

  append (f->chain, cross);
  cardea_trust_add_anchor (f->trust, chain_maker_certificate_get_der (f->foreign), "config", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (roots); i++) {
    g_ptr_array_set_size (f->demands, 0);
    demand (f, NULL, pin_of (roots[i]));
    assert_is (f, f->trust, "not_checked");
  }
}

/* One rule names the authorities, another one the key. */
static void
test_pin_under_authorities (Fixture *f, gconstpointer data)
{
  demand (f, NULL, pin_of (f->middle));
  demand (f, f->root, NULL);
  assert_is (f, NULL, "not_checked");
  demand (f, NULL, pin_of (f->foreign));
  assert_is (f, NULL, "not_pinned");
}

/* A server's certificate that is trusted itself has nothing above it. */
static void
test_pinned_leaf_alone (Fixture *f, gconstpointer data)
{
  g_ptr_array_set_size (f->chain, 1);
  demand (f, f->leaf, pin_of (f->leaf));
  assert_is (f, NULL, "not_checked");
  demand (f, f->leaf, pin_of (f->middle));
  assert_is (f, NULL, "not_pinned");
}

/* The staple of the middle authority, or none. */
static void
assert_hard (Fixture *f, CardeaTrust *trust, GBytes *staple, const char *expected)
{
  g_autoptr (GBytes) own = staple;
  CardeaVerifyRequest request = { f->chain, own, "bank.example", CHAIN_MAKER_NOW, f->demands };

  assert_verdict (verify (trust, &request), expected);
}

static GBytes *
staple (Fixture *f, ChainMakerStatus status, gint64 next_update)
{
  return chain_maker_ocsp_new (f->leaf, f->middle, f->middle, status, CHAIN_MAKER_NOW - 3600, next_update);
}

/* No information is not the same as revoked, and neither will do. */
static void
test_hard_revocation (Fixture *f, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) other =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Other", .extensions = LEAF }, f->middle);
  gint64 later = CHAIN_MAKER_NOW + 3600;

  demand (f, NULL, NULL)->hard_revocation = TRUE;
  assert_hard (f, f->trust, NULL, "revocation_unknown");
  assert_hard (f, f->trust, staple (f, CHAIN_MAKER_GOOD, later), "good");
  assert_hard (f, f->trust, staple (f, CHAIN_MAKER_REVOKED, later), "revoked");
  assert_hard (f, f->trust, staple (f, CHAIN_MAKER_UNKNOWN, later), "revocation_unknown");
  assert_hard (f, f->trust, staple (f, CHAIN_MAKER_GOOD, CHAIN_MAKER_NOW - 1), "revocation_unknown");
  assert_hard (f, f->trust, g_bytes_new_static ("garbage", 7), "revocation_unknown");
  assert_hard (f, f->trust,
               chain_maker_ocsp_new (other, f->middle, f->middle, CHAIN_MAKER_GOOD, CHAIN_MAKER_NOW, later),
               "revocation_unknown");
  assert_hard (
      f, f->trust,
      chain_maker_ocsp_new (f->leaf, f->middle, f->foreign, CHAIN_MAKER_GOOD, CHAIN_MAKER_NOW, later),
      "revocation_unknown");
}

/* A rule's own authorities are asked like any other; of a certificate that is trusted itself nobody answers.
 */
static void
test_hard_revocation_under_authorities (Fixture *f, gconstpointer data)
{
  gint64 later = CHAIN_MAKER_NOW + 3600;

  demand (f, f->root, NULL)->hard_revocation = TRUE;
  assert_hard (f, NULL, staple (f, CHAIN_MAKER_GOOD, later), "good");
  assert_hard (f, NULL, NULL, "revocation_unknown");
  g_ptr_array_set_size (f->demands, 0);
  demand (f, f->leaf, NULL)->hard_revocation = TRUE;
  assert_hard (f, NULL, staple (f, CHAIN_MAKER_GOOD, later), "revocation_unknown");
}

static void
test_message (Fixture *f, gconstpointer data)
{
  CardeaVerifyRequest request = { f->chain, NULL, "bank.example", CHAIN_MAKER_NOW, f->demands };
  CardeaVerdict verdict = { 0 };
  g_autoptr (GError) no_pin = NULL, no_authority = NULL;

  demand (f, NULL, pin_of (f->foreign));
  g_assert_false (cardea_verify_server (f->trust, &request, &verdict, &no_pin));
  g_assert_nonnull (strstr (no_pin->message, "“" RULE "” (" WHERE ")"));
  g_assert_nonnull (strstr (no_pin->message, "administrator"));
  g_ptr_array_set_size (f->demands, 0);
  demand (f, f->foreign, NULL);
  g_assert_false (cardea_verify_server (f->trust, &request, &verdict, &no_authority));
  g_assert_nonnull (strstr (no_authority->message, "“" RULE "” (" WHERE ")"));
}

/* Who vouches is the rule's authority, not the one that the caller would have taken. */
static void
test_who_vouches (Fixture *f, gconstpointer data)
{
  CardeaVerifyRequest request = { f->chain, NULL, "bank.example", CHAIN_MAKER_NOW, f->demands };
  g_autoptr (CardeaTrust) brought = cardea_trust_new ();
  CardeaVerdict verdict = { 0 };
  g_autoptr (GError) error = NULL;

  cardea_trust_add_anchor (brought, chain_maker_certificate_get_der (f->root), "program", &error);
  g_assert_no_error (error);
  demand (f, NULL, pin_of (f->root));
  demand (f, f->middle, NULL);
  g_assert_true (cardea_verify_server (brought, &request, &verdict, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (verdict.vouched_by, ==, "config");
  g_assert_cmpstr (verdict.authority, ==, "Authority");
  cardea_verdict_clear (&verdict);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } cases[] = {
    { "authorities", test_authorities },
    { "other-authorities", test_other_authorities },
    { "caller-as-well", test_caller_as_well },
    { "two-rules", test_two_rules },
    { "distrusted", test_distrusted },
    { "expired", test_expired },
    { "pin-of-each", test_pin_of_each },
    { "wrong-pin", test_wrong_pin },
    { "pins-of-two-rules", test_pins_of_two_rules },
    { "pin-sent-along", test_pin_sent_along },
    { "pin-of-another-path", test_pin_of_another_path },
    { "pin-under-authorities", test_pin_under_authorities },
    { "pinned-leaf-alone", test_pinned_leaf_alone },
    { "hard-revocation", test_hard_revocation },
    { "hard-revocation-under-authorities", test_hard_revocation_under_authorities },
    { "message", test_message },
    { "who-vouches", test_who_vouches },
  };
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cardea_nss_start (&error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/verify-demands/", cases[i].path, NULL);

    g_test_add (path, Fixture, NULL, set_up, cases[i].run, tear_down);
  }
  status = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  return status;
}
