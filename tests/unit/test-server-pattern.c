/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Server patterns: what is refused, what matches, which is more precise. */

#include "agent/rules/server-pattern.h"

#include <string.h>

#include "agent/base/config-server.h"

static const struct
{
  const char *text;
  const char *problem;
} refused[] = {
  { "", "no host name" },
  { ":443", "no host name" },
  { ".", "no host name" },
  { "a..b", "no host name" },
  { "-a.example", "no host name" },
  { "a b", "no host name" },
  { "a.example/", "no host name" },
  { "user@a.example", "no host name" },
  { "127.1", "no host name" },
  { "1.2.3.4.5", "no host name" },
  { "b\xc3\xbcro.example", "xn--" },
  { "a.example:", "port from 1 to 65535" },
  { "a.example:0", "port from 1 to 65535" },
  { "a.example:65536", "port from 1 to 65535" },
  { "a.example:+1", "port from 1 to 65535" },
  { "a.example:*", "port from 1 to 65535" },
  { "a.example:443:443", "port from 1 to 65535" },
  { "::1", "port from 1 to 65535" },
  { "[::1", "port from 1 to 65535" },
  { "[::1]443", "port from 1 to 65535" },
  { "[::1]]", "port from 1 to 65535" },
  { "[a.example]", "only an IPv6 address" },
  { "[127.0.0.1]:1", "only an IPv6 address" },
  { "[]", "only an IPv6 address" },
  { "[fe80::1%lo]:1", "no host name" },
  { "**.example", "*.suffix" },
  { "*example", "*.suffix" },
  { "*:", "*.suffix" },
  { "*:0", "*.suffix" },
  { "*.", "no host name" },
  { "*.*.example", "wildcard" },
  { "a.*.example", "wildcard" },
  { "a*.example", "wildcard" },
  { "a?.example", "wildcard" },
  { "*.127.0.0.1", "no names below" },
  { "*.[::1]", "no names below" },
  { "*.0.0.1", "no host name" },
};

static const struct
{
  const char *text;
  const char *problem;
} refused_of_chromium[] = {
  { "*", "only https://HOST" },
  { "", "only https://HOST" },
  { "a.example", "only https://HOST" },
  { "http://a.example", "only https://HOST" },
  { "HTTPS://a.example", "only https://HOST" },
  { "*://a.example", "only https://HOST" },
  { "https:a.example", "only https://HOST" },
  { "*.a.example", "only https://HOST" },
  { "http://[*.]a.example", "only https://HOST" },
  { "https://", "no host name" },
  { "https://*", "wildcard" },
  { "https://*.a.example", "wildcard" },
  { "https://a.*", "wildcard" },
  { "https://a.example/", "no host name" },
  { "https://a.example/path", "no host name" },
  { "https://a.example:443/", "port" },
  { "https://a.example:*", "port" },
  { "https://a.example?q", "wildcard" },
  { "https://user@a.example", "no host name" },
  { "https://[*.]", "no host name" },
  { "[*.]", "no host name" },
  { "[*.].a.example", "no host name" },
  { "[*.][*.]a.example", "stands in brackets" },
  { "[*.]127.0.0.1", "no names below" },
  { "[*.][::1]", "no names below" },
  { "https://a.example,https://b.example", "port" },
};

typedef CardeaServerPattern *(*Parse) (const char *text, char **problem);

static void
assert_refused (Parse parse, const char *text, const char *expected)
{
  g_autofree char *problem = NULL;
  g_autoptr (CardeaServerPattern) pattern = parse (text, &problem);

  if (pattern != NULL)
    g_error ("\"%s\" was taken", text);
  if (strstr (problem, expected) == NULL)
    g_error ("\"%s\": expected \"%s\", got \"%s\"", text, expected, problem);
}

static void
test_refused (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    assert_refused (cardea_server_pattern_parse, refused[i].text, refused[i].problem);
  for (gsize i = 0; i < G_N_ELEMENTS (refused_of_chromium); i++)
    assert_refused (cardea_server_pattern_parse_chromium, refused_of_chromium[i].text,
                    refused_of_chromium[i].problem);
}

static void
test_length (void)
{
  g_autofree char *label = g_strnfill (63, 'a');
  g_autofree char *name = g_strdup_printf ("%s.%s.%s.%.61s", label, label, label, label);
  g_autofree char *long_name = g_strconcat (name, "a", NULL);
  g_autofree char *problem = NULL;
  g_autoptr (CardeaServerPattern) pattern = cardea_server_pattern_parse (name, &problem);

  g_assert_cmpuint (strlen (name), ==, 253);
  g_assert_nonnull (pattern);
  assert_refused (cardea_server_pattern_parse, long_name, "no host name");
}

static const struct
{
  const char *pattern;
  gboolean chromium;
  const char *host;
  guint16 port;
  gboolean matches;
} cases[] = {
  { "bank.example", FALSE, "bank.example", 443, TRUE },
  { "bank.example", FALSE, "bank.example", 1, TRUE },
  { "Bank.EXAMPLE.", FALSE, "bank.example", 1, TRUE },
  { "bank.example:443", FALSE, "bank.example", 443, TRUE },
  { "bank.example:443", FALSE, "bank.example", 444, FALSE },
  { "bank.example", FALSE, "www.bank.example", 443, FALSE },
  { "bank.example", FALSE, "bank.example.evil.example", 443, FALSE },
  { "bank.example", FALSE, "ank.example", 443, FALSE },
  { "*.bank.example", FALSE, "www.bank.example", 443, TRUE },
  { "*.bank.example", FALSE, "a.b.c.bank.example", 443, TRUE },
  { "*.bank.example", FALSE, "bank.example", 443, FALSE },
  { "*.bank.example", FALSE, "evilbank.example", 443, FALSE },
  { "*.bank.example", FALSE, "www.bank.example.evil.example", 443, FALSE },
  { "*.bank.example:8443", FALSE, "www.bank.example", 443, FALSE },
  { "*.bank.example:8443", FALSE, "www.bank.example", 8443, TRUE },
  { "*.bank.example", FALSE, NULL, 443, FALSE },
  { "*", FALSE, "bank.example", 443, TRUE },
  { "*", FALSE, NULL, 443, TRUE },
  { "*:443", FALSE, "::1", 443, TRUE },
  { "*:443", FALSE, "::1", 444, FALSE },
  { "127.0.0.1", FALSE, "127.0.0.1", 443, TRUE },
  { "[2001:DB8:0::7]:8443", FALSE, "2001:db8::7", 8443, TRUE },
  { "[::1]", FALSE, "::1", 1, TRUE },
  { "https://bank.example", TRUE, "bank.example", 8443, TRUE },
  { "https://bank.example", TRUE, "www.bank.example", 443, FALSE },
  { "https://bank.example:443", TRUE, "bank.example", 8443, FALSE },
  { "https://[::1]:443", TRUE, "::1", 443, TRUE },
  { "[*.]bank.example", TRUE, "bank.example", 443, TRUE },
  { "[*.]bank.example", TRUE, "a.b.bank.example", 443, TRUE },
  { "[*.]bank.example", TRUE, "evilbank.example", 443, FALSE },
  { "https://[*.]bank.example:8443", TRUE, "www.bank.example", 8443, TRUE },
  { "https://[*.]bank.example:8443", TRUE, "www.bank.example", 443, FALSE },
};

static void
test_matches (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    Parse parse = cases[i].chromium ? cardea_server_pattern_parse_chromium : cardea_server_pattern_parse;
    g_autofree char *problem = NULL;
    g_autoptr (CardeaServerPattern) pattern = parse (cases[i].pattern, &problem);

    g_assert_null (problem);
    if (cardea_server_pattern_matches (pattern, cases[i].host, cases[i].port) != cases[i].matches)
      g_error ("%s against %s:%u", cases[i].pattern, cases[i].host, cases[i].port);
  }
}

/* From the most precise to the least. */
static void
test_compare (void)
{
  static const char *const order[] = {
    "https://a.b.example:443", "https://a.b.example", "[*.]a.b.example:443", "[*.]a.b.example",
    "[*.]b.example:443",       "[*.]b.example",       "[*.]example",
  };

  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    for (guint j = 0; j < G_N_ELEMENTS (order); j++) {
      g_autofree char *problem = NULL;
      g_autoptr (CardeaServerPattern) a = cardea_server_pattern_parse_chromium (order[i], &problem);
      g_autoptr (CardeaServerPattern) b = cardea_server_pattern_parse_chromium (order[j], &problem);
      int compared = cardea_server_pattern_compare (a, b);

      g_assert_cmpint ((compared > 0) - (compared < 0), ==, (i > j) - (i < j));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server-pattern/refused", test_refused);
  g_test_add_func ("/server-pattern/length", test_length);
  g_test_add_func ("/server-pattern/matches", test_matches);
  g_test_add_func ("/server-pattern/compare", test_compare);
  return g_test_run ();
}
