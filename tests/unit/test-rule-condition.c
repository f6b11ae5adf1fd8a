/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Conditions on a certificate's issuer: by name, by hash, through the chain. */

#include "agent/rules/rule-condition.h"

#include <nss.h>

#include "tests/unit/load-certificate.h"

static gboolean
accepts (const char *issuer, const char *name, gboolean with_issuers)
{
  g_autoptr (CardeaRuleCondition) condition = cardea_rule_condition_new ();
  g_autoptr (CardeaCertificate) certificate = load_certificate (name);
  g_autoptr (GPtrArray) issuers = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_certificate_unref);
  const char *problem = NULL;

  g_assert_true (cardea_rule_condition_set_issuer (condition, issuer, &problem));
  g_assert_null (problem);
  g_ptr_array_add (issuers, load_certificate ("sub"));
  g_ptr_array_add (issuers, load_certificate ("root"));
  return cardea_rule_condition_accepts_issuer (condition, certificate, with_issuers ? issuers : NULL);
}

static void
test_name (void)
{
  g_autoptr (CardeaCertificate) sub = load_certificate ("sub"), root = load_certificate ("root");
  const char *near = cardea_certificate_get_subject (sub);
  const char *far = cardea_certificate_get_subject (root);

  g_assert_true (accepts (near, "client-rsa", FALSE));
  g_assert_true (accepts (near, "client-rsa", TRUE));
  g_assert_false (accepts (far, "client-rsa", FALSE));
  g_assert_true (accepts (far, "client-rsa", TRUE));
  g_assert_false (accepts ("CN=Nobody", "client-rsa", TRUE));
}

/* The certificate's own name or hash makes it nobody's issuer. */
static void
test_own (void)
{
  g_autoptr (CardeaCertificate) client = load_certificate ("client-rsa");

  g_assert_false (accepts (cardea_certificate_get_subject (client), "client-rsa", TRUE));
  g_assert_false (accepts (cardea_certificate_get_sha256 (client), "client-rsa", TRUE));
}

static void
test_hash (void)
{
  g_autoptr (CardeaCertificate) sub = load_certificate ("sub"), root = load_certificate ("root");
  g_autofree char *upper = g_ascii_strup (cardea_certificate_get_sha256 (root), -1);

  g_assert_true (accepts (cardea_certificate_get_sha256 (sub), "client-rsa", TRUE));
  g_assert_true (accepts (upper, "client-rsa", TRUE));
  /* Without the chain it cannot be told. */
  g_assert_false (accepts (upper, "client-rsa", FALSE));
}

static void
test_none (void)
{
  g_autoptr (CardeaRuleCondition) condition = cardea_rule_condition_new ();
  g_autoptr (CardeaCertificate) certificate = load_certificate ("client-rsa");
  const char *problem = NULL;

  g_assert_true (cardea_rule_condition_set_certificate (
      condition, cardea_certificate_get_sha256 (certificate), &problem));
  g_assert_true (cardea_rule_condition_accepts_issuer (condition, certificate, NULL));
  g_assert_cmpstr (condition->certificate, ==, cardea_certificate_get_sha256 (certificate));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (NSS_NoDB_Init (NULL), ==, SECSuccess);
  g_test_add_func ("/rule-condition/name", test_name);
  g_test_add_func ("/rule-condition/own", test_own);
  g_test_add_func ("/rule-condition/hash", test_hash);
  g_test_add_func ("/rule-condition/none", test_none);
  return g_test_run ();
}
