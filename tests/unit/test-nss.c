/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* NSS as the agent sets it up: what it refuses, what it ignores, and that it comes down whole. */

#include "agent/front/front.h"
#include "agent/tls/nss.h"

#include <cert.h>
#include <nss.h>
#include <pk11pub.h>
#include <secoid.h>
#include <ssl.h>
#include <sslerr.h>
#include <sslproto.h>

static void
test_policy (void)
{
  g_autoptr (GError) error = NULL;
  PRUint32 policy = 0;
  PRInt32 bits = 0;

  g_assert_true (cardea_nss_start (&error));
  g_assert_no_error (error);
  g_assert_cmpint (NSS_GetAlgorithmPolicy (SEC_OID_SHA1, &policy), ==, SECSuccess);
  g_assert_cmpuint (policy & NSS_USE_ALG_IN_SIGNATURE, ==, 0);
  g_assert_cmpint (NSS_GetAlgorithmPolicy (SEC_OID_SHA256, &policy), ==, SECSuccess);
  g_assert_cmpuint (policy & NSS_USE_ALG_IN_CERT_SIGNATURE, !=, 0);
  g_assert_cmpint (NSS_OptionGet (NSS_RSA_MIN_KEY_SIZE, &bits), ==, SECSuccess);
  g_assert_cmpint (bits, ==, 2048);
  g_assert_cmpint (CERT_GetSlopTime (), ==, 0);
  g_assert_true (cardea_nss_stop ());
}

static void
test_suites (void)
{
  guint enabled = 0;

  g_assert_true (cardea_nss_start (NULL));
  for (PRUint16 i = 0; i < SSL_GetNumImplementedCiphers (); i++) {
    PRUint16 suite = SSL_GetImplementedCiphers ()[i];
    PRBool on = PR_FALSE;
    g_assert_cmpint (SSL_CipherPrefGetDefault (suite, &on), ==, SECSuccess);
    if (on) {
      g_assert_cmphex (suite & 0xff00, ==, 0x1300); /* RFC 8446, B.4 */
      enabled++;
    }
  }
  g_assert_cmpuint (enabled, ==, 3);
  g_assert_true (cardea_nss_stop ());
}

static void
test_environment (void)
{
  g_assert_true (g_setenv ("SSLKEYLOGFILE", "/nonexistent/keys", TRUE));
  g_assert_true (g_setenv ("NSS_HASH_ALG_SUPPORT", "+MD5", TRUE));
  g_assert_true (g_setenv ("SSL_CERT_FILE", "/nonexistent/authorities", TRUE));
  g_assert_true (cardea_nss_start (NULL));
  g_assert_null (g_getenv ("SSLKEYLOGFILE"));
  g_assert_null (g_getenv ("NSS_HASH_ALG_SUPPORT"));
  g_assert_nonnull (g_getenv ("SSL_CERT_FILE"));
  g_unsetenv ("SSL_CERT_FILE");
  g_assert_true (cardea_nss_stop ());
}

/* The front module is there under our name, present, without login, and it is the same copy that the agent is
 * linked to. */
static void
test_front_loaded (void)
{
  static const guint8 id[32] = { 1 };
  g_autoptr (GBytes) der = g_bytes_new_static (id, sizeof id);

  g_assert_true (cardea_nss_start (NULL));
  PK11SlotInfo *slot = PK11_FindSlotByName ("Cardea connections");
  g_assert_nonnull (slot);
  g_assert_true (PK11_IsPresent (slot));
  g_assert_false (PK11_NeedLogin (slot));
  g_assert_true (PK11_DoesMechanism (slot, CKM_RSA_PKCS_PSS));
  g_assert_true (PK11_DoesMechanism (slot, CKM_ECDSA));

  PK11GenericObject *objects = PK11_FindGenericObjects (slot, CKO_CERTIFICATE);
  g_assert_null (objects); /* nothing is listed */
  cardea_front_add_certificate (der);
  objects = PK11_FindGenericObjects (slot, CKO_CERTIFICATE);
  g_assert_null (objects);
  cardea_front_remove_certificate (der);
  PK11_FreeSlot (slot);
  g_assert_true (cardea_nss_stop ());
}

static void
test_describe (void)
{
  g_assert_true (cardea_nss_start (NULL));
  g_autofree char *known = cardea_nss_describe (SSL_ERROR_BAD_CERT_DOMAIN);
  g_autofree char *unknown = cardea_nss_describe (12345);
  g_assert_true (g_str_has_prefix (known, "SSL_ERROR_BAD_CERT_DOMAIN: "));
  g_assert_cmpstr (unknown, ==, "error 12345");
  g_assert_true (cardea_nss_stop ());
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nss/policy", test_policy);
  g_test_add_func ("/nss/suites", test_suites);
  g_test_add_func ("/nss/environment", test_environment);
  g_test_add_func ("/nss/front-loaded", test_front_loaded);
  g_test_add_func ("/nss/describe", test_describe);
  return g_test_run ();
}
