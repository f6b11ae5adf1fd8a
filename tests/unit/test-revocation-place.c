/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a certificate says that its revocation is told of, and which of that is believed. */

#include <string.h>

#include "agent/tls/nss.h"
#include "agent/tls/revocation-place.h"
#include "socket-api/limits.h"
#include "tests/unit/verify-check.h"

static void
assert_places (const char *extension, const char *responders, const char *lists)
{
  g_autofree char *extensions = g_strconcat (LEAF "|", extension, NULL);
  g_autoptr (ChainMakerCertificate) made =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Server", .extensions = extensions }, NULL);
  g_autoptr (CardeaX509) certificate = cardea_x509_new (chain_maker_certificate_get_der (made), NULL);
  GPtrArray *found[] = { cardea_revocation_place_get_responders (certificate),
                         cardea_revocation_place_get_lists (certificate) };
  const char *expected[] = { responders, lists };

  /* However wrong it is, the certificate is none the worse. */
  g_assert_null (certificate->flaw);
  for (guint i = 0; i < G_N_ELEMENTS (found); i++) {
    g_autofree char *joined = NULL;

    g_ptr_array_add (found[i], NULL);
    joined = g_strjoinv (" ", (char **)found[i]->pdata);
    g_assert_cmpstr (joined, ==, expected[i]);
    g_ptr_array_unref (found[i]);
  }
}

static void
test_responders (void)
{
  assert_places ("authorityInfoAccess=OCSP;URI:http://a.example", "http://a.example", "");
  assert_places ("authorityInfoAccess=OCSP;URI:http://a.example:81/x?y,OCSP;URI:HTTP://[::1]:82/",
                 "http://a.example:81/x?y HTTP://[::1]:82/", "");
  assert_places ("authorityInfoAccess=caIssuers;URI:http://a.example/ca", "", "");
  assert_places ("authorityInfoAccess=OCSP;DNS:a.example", "", "");
  assert_places ("authorityInfoAccess=OCSP;URI:https://a.example,OCSP;URI:file:///etc/passwd,"
                 "OCSP;URI:ldap://a.example,OCSP;URI:http://b.example",
                 "http://b.example", "");
}

static void
test_lists (void)
{
  assert_places ("crlDistributionPoints=URI:http://a.example/1,URI:https://a.example/2", "",
                 "http://a.example/1");
  assert_places ("crlDistributionPoints=DNS:a.example", "", "");
  /* Some reasons only, and another issuer: passed over, and the next one is not. */
  assert_places ("2.5.29.31=DER:3050"
                 "301aa014a0128610687474703a2f2f612e6578616d706c6581020640301aa014a01286106874"
                 "74703a2f2f622e6578616d706c65a20230003016a014a0128610687474703a2f2f632e657861"
                 "6d706c65",
                 "", "http://c.example");
}

static void
test_malformed (void)
{
  assert_places ("2.5.29.31=DER:0500", "", "");
  assert_places ("2.5.29.31=DER:30", "", "");
  assert_places ("2.5.29.31=DER:3080", "", "");
  assert_places ("1.3.6.1.5.5.7.1.1=DER:0500", "", "");
  assert_places ("1.3.6.1.5.5.7.1.1=DER:30", "", "");
  assert_places ("1.3.6.1.5.5.7.1.1=DER:3002300a", "", "");
}

static void
test_limit (void)
{
  g_autoptr (GString) text = g_string_new ("authorityInfoAccess=");
  g_autoptr (GString) expected = g_string_new (NULL);

  for (guint i = 0; i <= CARDEA_LIMIT_REVOCATION_PLACES; i++) {
    g_string_append_printf (text, "%sOCSP;URI:http://%u.example", i > 0 ? "," : "", i);
    if (i < CARDEA_LIMIT_REVOCATION_PLACES)
      g_string_append_printf (expected, "%shttp://%u.example", i > 0 ? " " : "", i);
  }
  assert_places (text->str, expected->str, "");
}

static void
test_urls (void)
{
  static const char *const good[] = { "http://a",         "http://a/",      "http://192.0.2.1:8080/x",
                                      "http://[::1]:1/a", "http://a_b-c.d", "http://a/%0d%0a" };
  static const char *const bad[] = { "",
                                     "http",
                                     "http://",
                                     "http:///x",
                                     "http://:80/",
                                     "https://a",
                                     "ftp://a",
                                     "file:///etc/passwd",
                                     "http:a",
                                     "http:/a",
                                     "http://user@a/",
                                     "http://user:password@a/",
                                     "http://a:0/",
                                     "http://a:65536/",
                                     "http://a:x/",
                                     "http://a b/",
                                     "http://a/\r\nX: y",
                                     "http://a/\xc3\xa9",
                                     "http://a\x7f/",
                                     "http://a%0d%0aX:%20y/",
                                     "http://a%20b/",
                                     "http://a%00b/" };
  g_autofree char *longest = g_strnfill (CARDEA_LIMIT_REVOCATION_URL_BYTES + 1, 'a');

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (cardea_revocation_place_is_url (good[i], strlen (good[i])));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    if (cardea_revocation_place_is_url (bad[i], strlen (bad[i])))
      g_error ("taken for a place: %s", bad[i]);
  g_assert_false (cardea_revocation_place_is_url ("http://a\0b", 10));
  memcpy (longest, "http://a/", 9);
  g_assert_true (cardea_revocation_place_is_url (longest, CARDEA_LIMIT_REVOCATION_URL_BYTES));
  g_assert_false (cardea_revocation_place_is_url (longest, CARDEA_LIMIT_REVOCATION_URL_BYTES + 1));
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cardea_nss_start (&error);
  g_assert_no_error (error);
  g_test_add_func ("/revocation-place/responders", test_responders);
  g_test_add_func ("/revocation-place/lists", test_lists);
  g_test_add_func ("/revocation-place/malformed", test_malformed);
  g_test_add_func ("/revocation-place/limit", test_limit);
  g_test_add_func ("/revocation-place/urls", test_urls);
  status = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  return status;
}
