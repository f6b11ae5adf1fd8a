/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a certificate says, in words: dates and their edges, keys, purposes, fingerprints. */

#include "ui/certificate-text.h"

#define DAY (24 * 60 * 60)
#define NOW G_GINT64_CONSTANT (1800000000) /* 15 January 2027 */

typedef struct
{
  const char *name;
  gint64 not_before, not_after;
  const char *text;
  gboolean warning;
} Validity;

static const Validity VALIDITIES[] = {
  { "valid", NOW - DAY, NOW + 100 * DAY, "Valid until 25 April 2027", FALSE },
  { "at-30-days", NOW - DAY, NOW + 30 * DAY, "Valid until 14 February 2027", FALSE },
  { "under-30-days", NOW - DAY, NOW + 30 * DAY - 1, "Expires in 29 days, on 14 February 2027", TRUE },
  { "one-day", NOW - DAY, NOW + DAY, "Expires in 1 day, on 16 January 2027", TRUE },
  { "under-a-day", NOW - DAY, NOW + DAY - 1, "Expires within a day, on 16 January 2027", TRUE },
  { "last-second", NOW - DAY, NOW, "Expires within a day, on 15 January 2027", TRUE },
  { "expired", NOW - 2 * DAY, NOW - 1, "Expired on 15 January 2027", TRUE },
  { "first-second", NOW, NOW + 100 * DAY, "Valid until 25 April 2027", FALSE },
  { "future", NOW + 1, NOW + 100 * DAY, "Not valid before 15 January 2027", TRUE },
  { "no-end", NOW - DAY, G_GINT64_CONSTANT (253402300799), "Valid without an end", FALSE },
  { "beyond", NOW - DAY, G_MAXINT64, "Valid without an end", FALSE },
  { "before-time", G_MININT64, G_MININT64, "Expired on an impossible date", TRUE },
};

static void
test_validity (gconstpointer data)
{
  const Validity *c = data;
  CardeaPromptOffer offer = { .not_before = c->not_before, .not_after = c->not_after };
  g_autofree char *text = cardea_certificate_text_validity (&offer, NOW);

  g_assert_cmpstr (text, ==, c->text);
  g_assert_cmpint (cardea_certificate_text_is_warning (&offer, NOW), ==, c->warning);
}

static void
test_key (void)
{
  static const char *const KEYS[][2] = {
    { "rsa2048", "RSA, 2048 bits" },
    { "rsa15360", "RSA, 15360 bits" },
    { "p256", "P-256" },
    { "p521", "P-521" },
    { "rsa", "\342\201\250rsa\342\201\251" },
    { "rsa-1", "\342\201\250rsa-1\342\201\251" },
    { "rsa99999999999999999999", "\342\201\250rsa99999999999999999999\342\201\251" },
    { "\n", "\342\201\250\\u{a}\342\201\251" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (KEYS); i++) {
    g_autofree char *text = cardea_certificate_text_key (KEYS[i][0]);

    g_assert_cmpstr (text, ==, KEYS[i][1]);
  }
}

static void
test_purposes (void)
{
  static const char *const KNOWN[] = { "client_auth", "email", NULL };
  static const char *const STRANGE[] = { "signature", "\xe2\x80\xae<b>", NULL };
  static const char *const NONE[] = { NULL };
  g_autofree char *known = cardea_certificate_text_purposes (KNOWN);
  g_autofree char *strange = cardea_certificate_text_purposes (STRANGE);
  g_autofree char *none = cardea_certificate_text_purposes (NONE);

  g_assert_cmpstr (known, ==, "signing in, e-mail");
  g_assert_cmpstr (strange, ==, "digital signatures, \342\201\250\\u{202e}<b>\342\201\251");
  g_assert_cmpstr (none, ==, "");
}

static void
test_token (void)
{
  g_autofree char *both = cardea_certificate_text_token ("Card", "Reader\n1");
  g_autofree char *one = cardea_certificate_text_token ("Card", NULL);

  g_assert_cmpstr (both, ==, "\342\201\250Card\342\201\251 in \342\201\250Reader\\u{a}1\342\201\251");
  g_assert_cmpstr (one, ==, "\342\201\250Card\342\201\251");
}

static void
test_groups (void)
{
  static const char *const GROUPS[][2] = {
    { "", "" }, { "0", "0" }, { "0123", "0123" }, { "01234", "0123 4" }, { "0123456789ab", "0123 4567 89ab" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (GROUPS); i++) {
    g_autofree char *text = cardea_certificate_text_groups (GROUPS[i][0]);

    g_assert_cmpstr (text, ==, GROUPS[i][1]);
  }
}

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (VALIDITIES); i++) {
    g_autofree char *path = g_strdup_printf ("/certificate-text/validity/%s", VALIDITIES[i].name);

    g_test_add_data_func (path, &VALIDITIES[i], test_validity);
  }
  g_test_add_func ("/certificate-text/key", test_key);
  g_test_add_func ("/certificate-text/purposes", test_purposes);
  g_test_add_func ("/certificate-text/token", test_token);
  g_test_add_func ("/certificate-text/groups", test_groups);
  return g_test_run ();
}
