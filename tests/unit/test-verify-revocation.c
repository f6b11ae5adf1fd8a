/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a verification makes of what it knows about revocation, and what it asks for. */

#include <glib/gstdio.h>

#include "agent/tls/nss.h"
#include "tests/unit/verify-check.h"

#define NOW CHAIN_MAKER_NOW
#define STAPLE "|tlsfeature=status_request"
#define OCSP "|authorityInfoAccess=OCSP;URI:http://ocsp.example/"

typedef struct
{
  ChainMakerCertificate *root, *issuer;
  CardeaTrust *trust;
  char *folder;
  CardeaCrlStore *lists;
  CardeaVerifyRequest request;
} Fixture;

static ChainMakerCertificate *
make (const char *name, const char *extensions, ChainMakerCertificate *issuer)
{
  return chain_maker_certificate_new (&(ChainMakerSpec){ .name = name, .extensions = extensions }, issuer);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->root = make ("Root", CA, NULL);
  f->issuer = make ("Authority", CA, f->root);
  f->trust = new_trust (f->root);
  f->folder = g_dir_make_tmp ("cardea-lists-XXXXXX", NULL);
  f->lists = cardea_crl_store_new ((const char *[]){ f->folder, NULL });
  f->request = (CardeaVerifyRequest){ .server_name = "bank.example", .now = NOW, .fetch = TRUE };
  f->request.lists = f->lists;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (f->folder, name, NULL);

    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_free (f->folder);
  cardea_crl_store_unref (f->lists);
  cardea_trust_unref (f->trust);
  chain_maker_certificate_free (f->root);
  chain_maker_certificate_free (f->issuer);
}

static void
put_list (Fixture *f, const char *name, ChainMakerCertificate *issuer, ChainMakerCertificate *revoked)
{
  g_autoptr (GBytes) der =
      chain_maker_list_new (&(ChainMakerListSpec){ .issuer = issuer, .revoked = revoked });
  g_autofree char *path = g_build_filename (f->folder, name, NULL);

  g_assert_true (
      g_file_set_contents (path, g_bytes_get_data (der, NULL), (gssize)g_bytes_get_size (der), NULL));
}

/* The verdict on @leaf below the authority, the network not asked or, where it would be, "ask". */
static char *
verdict_with (Fixture *f, CardeaTrust *trust, ChainMakerCertificate *leaf, ChainMakerCertificate *issuer,
              GBytes *staple)
{
  g_autoptr (GPtrArray) chain = new_chain ();
  CardeaVerdict verdict = { 0 };
  g_autoptr (GError) error = NULL;
  char *says;

  append (chain, leaf);
  append (chain, issuer);
  f->request.chain = chain;
  f->request.stapled_ocsp = staple;
  if (!cardea_verify_server (trust, &f->request, &verdict, &error))
    return g_strdup (json_string_value (json_object_get (cardea_error_get_parameters (error), "reason")));
  says = verdict.question != NULL ? g_strconcat ("ask, ", verdict.revocation, NULL)
                                  : g_strdup (verdict.revocation);
  cardea_verdict_clear (&verdict);
  return says;
}

static char *
verdict_on (Fixture *f, ChainMakerCertificate *leaf, GBytes *staple)
{
  return verdict_with (f, f->trust, leaf, f->issuer, staple);
}

static GBytes *
staple (Fixture *f, ChainMakerCertificate *leaf, ChainMakerStatus status)
{
  return chain_maker_ocsp_new (leaf, f->issuer, f->issuer, status, NOW - 60, NOW + 60);
}

static void
test_must_staple (Fixture *f, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) leaf = make ("Server", LEAF STAPLE OCSP, f->issuer);
  g_autoptr (GBytes) good = staple (f, leaf, CHAIN_MAKER_GOOD);
  g_autoptr (GBytes) unknown = staple (f, leaf, CHAIN_MAKER_UNKNOWN);
  g_autoptr (GBytes) revoked = staple (f, leaf, CHAIN_MAKER_REVOKED);

  assert_verdict (verdict_on (f, leaf, good), "good");
  assert_verdict (verdict_on (f, leaf, revoked), "revoked");
  assert_verdict (verdict_on (f, leaf, unknown), "not_stapled");
  assert_verdict (verdict_on (f, leaf, NULL), "not_stapled");
  /* Nothing else stands in for it. */
  put_list (f, "list", f->issuer, NULL);
  assert_verdict (verdict_on (f, leaf, NULL), "not_stapled");
}

/* An authority's promise binds those below it. */
static void
test_inherited (Fixture *f, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) leaf = NULL;
  g_autoptr (GBytes) good = NULL;

  chain_maker_certificate_free (f->issuer);
  f->issuer = make ("Authority", CA STAPLE, f->root);
  leaf = make ("Server", LEAF, f->issuer);
  good = staple (f, leaf, CHAIN_MAKER_GOOD);
  assert_verdict (verdict_on (f, leaf, good), "good");
  assert_verdict (verdict_on (f, leaf, NULL), "not_stapled");
}

static void
check_feature (Fixture *f, const char *feature, const char *expected)
{
  g_autofree char *extensions = g_strconcat (LEAF "|1.3.6.1.5.5.7.1.24=", feature, NULL);
  g_autoptr (ChainMakerCertificate) leaf = make ("Server", extensions, f->issuer);

  assert_verdict (verdict_on (f, leaf, NULL), expected);
}

static void
test_features (Fixture *f, gconstpointer data)
{
  check_feature (f, "DER:3003020105", "not_stapled");
  check_feature (f, "critical,DER:3003020105", "not_stapled");
  check_feature (f, "DER:3006020111020105", "not_stapled");
  /* Of the other features none is offered. */
  check_feature (f, "DER:3003020111", "not_checked");
  check_feature (f, "DER:3005020300ffff", "not_checked");
  check_feature (f, "DER:30050203010000", "malformed");
  check_feature (f, "DER:3000", "malformed");
  check_feature (f, "DER:30", "malformed");
  check_feature (f, "DER:0500", "malformed");
  check_feature (f, "DER:30020200", "malformed");
  check_feature (f, "DER:300402020005", "malformed");
  check_feature (f, "DER:30030201fb", "malformed");
  check_feature (f, "DER:30030201050500", "malformed");
  check_feature (f, "DER:3005020105040105", "malformed");
}

static void
test_lists (Fixture *f, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) leaf = make ("Server", LEAF OCSP, f->issuer);
  g_autoptr (GBytes) good = staple (f, leaf, CHAIN_MAKER_GOOD);
  g_autoptr (GBytes) unknown = staple (f, leaf, CHAIN_MAKER_UNKNOWN);

  assert_verdict (verdict_on (f, leaf, NULL), "ask, not_checked");
  put_list (f, "list", f->issuer, NULL);
  assert_verdict (verdict_on (f, leaf, NULL), "good");
  assert_verdict (verdict_on (f, leaf, unknown), "good");
  /* What a list here knows a server does not hide behind an older answer. */
  put_list (f, "list", f->issuer, leaf);
  assert_verdict (verdict_on (f, leaf, NULL), "revoked");
  assert_verdict (verdict_on (f, leaf, good), "revoked");
}

static void
test_authority_revoked (Fixture *f, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) leaf = make ("Server", LEAF, f->issuer);
  g_autoptr (GBytes) good = staple (f, leaf, CHAIN_MAKER_GOOD);

  put_list (f, "root", f->root, NULL);
  assert_verdict (verdict_on (f, leaf, good), "good");
  put_list (f, "root", f->root, f->issuer);
  assert_verdict (verdict_on (f, leaf, good), "revoked");
}

/* The network is asked only about who was found to be in order, and only where it may be. */
static void
test_questions (Fixture *f, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) leaf = make ("Server", LEAF OCSP, f->issuer);
  g_autoptr (ChainMakerCertificate) silent = make ("Server", LEAF, f->issuer);
  g_autoptr (ChainMakerCertificate) stranger = make ("Stranger", CA, NULL);
  g_autoptr (ChainMakerCertificate) strange = make ("Server", LEAF OCSP, stranger);
  g_autoptr (CardeaTrust) programs = cardea_trust_new ();
  g_autoptr (CardeaTrust) itself = new_trust (leaf);
  g_autoptr (GBytes) good = staple (f, leaf, CHAIN_MAKER_GOOD);
  g_autoptr (GBytes) unknown = staple (f, leaf, CHAIN_MAKER_UNKNOWN);

  assert_verdict (verdict_on (f, leaf, NULL), "ask, not_checked");
  assert_verdict (verdict_on (f, leaf, unknown), "ask, unknown");
  assert_verdict (verdict_on (f, leaf, good), "good");
  assert_verdict (verdict_on (f, silent, NULL), "not_checked");
  assert_verdict (verdict_with (f, f->trust, strange, stranger, NULL), "unknown_authority");
  assert_verdict (verdict_with (f, itself, leaf, f->issuer, NULL), "not_checked");
  /* A program that brings an authority would choose the hosts. */
  cardea_trust_add_anchor (programs, chain_maker_certificate_get_der (f->root), "program", NULL);
  assert_verdict (verdict_with (f, programs, leaf, f->issuer, NULL), "not_checked");
  f->request.server_name = "other.example";
  assert_verdict (verdict_on (f, leaf, NULL), "wrong_name");
  f->request.server_name = "bank.example";
  f->request.fetch = FALSE;
  assert_verdict (verdict_on (f, leaf, NULL), "not_checked");
}

static void
check_conclusion (Fixture *f, ChainMakerCertificate *leaf, CardeaRevocationStatus answer,
                  const char *expected)
{
  g_autoptr (GPtrArray) chain = new_chain ();
  g_autoptr (GError) error = NULL;
  CardeaVerdict verdict = { 0 };
  const char *says;

  append (chain, leaf);
  append (chain, f->issuer);
  f->request.chain = chain;
  g_assert_true (cardea_verify_server (f->trust, &f->request, &verdict, &error));
  g_assert_nonnull (verdict.question);
  if (cardea_verify_conclude (&f->request, &verdict, answer, &error)) {
    g_assert_no_error (error);
    says = verdict.revocation;
  } else {
    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVER_NOT_TRUSTED);
    g_assert_null (verdict.vouched_by);
    says = json_string_value (json_object_get (cardea_error_get_parameters (error), "reason"));
    g_test_message ("%s", error->message);
  }
  g_assert_null (verdict.question);
  g_assert_cmpstr (says, ==, expected);
  cardea_verdict_clear (&verdict);
}

static void
test_conclusions (Fixture *f, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) leaf = make ("Server", LEAF OCSP, f->issuer);
  g_autoptr (ChainMakerCertificate) silent = make ("Server", LEAF, f->issuer);
  g_autoptr (GPtrArray) demands = cardea_demands_new ();
  CardeaDemand *demand = cardea_demand_new ("hard", "/rules.d/a.conf:7");

  check_conclusion (f, leaf, CARDEA_REVOCATION_GOOD, "good");
  check_conclusion (f, leaf, CARDEA_REVOCATION_REVOKED, "revoked");
  check_conclusion (f, leaf, CARDEA_REVOCATION_UNKNOWN, "unknown");
  demand->hard_revocation = TRUE;
  g_ptr_array_add (demands, demand);
  f->request.demands = demands;
  check_conclusion (f, leaf, CARDEA_REVOCATION_GOOD, "good");
  check_conclusion (f, leaf, CARDEA_REVOCATION_REVOKED, "revoked");
  check_conclusion (f, leaf, CARDEA_REVOCATION_UNKNOWN, "revocation_unknown");
  /* Nobody to ask: it is clear at once. A list here is an answer. */
  assert_verdict (verdict_on (f, silent, NULL), "revocation_unknown");
  put_list (f, "list", f->issuer, NULL);
  assert_verdict (verdict_on (f, silent, NULL), "good");
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } cases[] = {
    { "must-staple", test_must_staple }, { "inherited", test_inherited },
    { "features", test_features },       { "lists", test_lists },
    { "questions", test_questions },     { "authority-revoked", test_authority_revoked },
    { "conclusions", test_conclusions },
  };
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cardea_nss_start (&error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/verify-revocation/", cases[i].path, NULL);

    g_test_add (path, Fixture, NULL, set_up, cases[i].run, tear_down);
  }
  status = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  return status;
}
