/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of alerts, against the numbers of RFC 8446. */

#include "agent/tls/alert.h"

static void
test_names (void)
{
  /* RFC 8446, 6: those that TLS 1.3 may send. */
  static const struct
  {
    guint number;
    const char *name;
  } expected[] = {
    { 0, "close_notify" },
    { 10, "unexpected_message" },
    { 20, "bad_record_mac" },
    { 22, "record_overflow" },
    { 40, "handshake_failure" },
    { 42, "bad_certificate" },
    { 43, "unsupported_certificate" },
    { 44, "certificate_revoked" },
    { 45, "certificate_expired" },
    { 46, "certificate_unknown" },
    { 47, "illegal_parameter" },
    { 48, "unknown_ca" },
    { 49, "access_denied" },
    { 50, "decode_error" },
    { 51, "decrypt_error" },
    { 70, "protocol_version" },
    { 71, "insufficient_security" },
    { 80, "internal_error" },
    { 86, "inappropriate_fallback" },
    { 90, "user_canceled" },
    { 109, "missing_extension" },
    { 110, "unsupported_extension" },
    { 112, "unrecognized_name" },
    { 113, "bad_certificate_status_response" },
    { 115, "unknown_psk_identity" },
    { 116, "certificate_required" },
    { 120, "no_application_protocol" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpstr (cardea_alert_to_name (expected[i].number), ==, expected[i].name);
}

static void
test_unknown (void)
{
  g_assert_cmpstr (cardea_alert_to_name (200), ==, "alert_200");
  g_assert_cmpstr (cardea_alert_to_name (255), ==, "alert_255");
  for (guint i = 0; i < 256; i++) {
    g_assert_nonnull (cardea_alert_to_name (i));
    g_assert_nonnull (cardea_alert_explain (i));
  }
  g_assert_false (cardea_alert_is_about_certificate (200));
}

static void
test_about_certificate (void)
{
  static const guint about[] = { 42, 43, 44, 45, 46, 48, 49, 116 };
  static const guint other[] = { 0, 10, 20, 40, 50, 51, 70, 80, 90, 113, 120 };

  for (guint i = 0; i < G_N_ELEMENTS (about); i++)
    g_assert_true (cardea_alert_is_about_certificate (about[i]));
  for (guint i = 0; i < G_N_ELEMENTS (other); i++)
    g_assert_false (cardea_alert_is_about_certificate (other[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/alert/names", test_names);
  g_test_add_func ("/alert/unknown", test_unknown);
  g_test_add_func ("/alert/about-certificate", test_about_certificate);
  return g_test_run ();
}
