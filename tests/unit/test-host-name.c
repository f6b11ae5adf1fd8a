/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hosts as callers write them: what is refused, and the one spelling of the rest. */

#include <gio/gio.h>
#include <string.h>

#include "agent/tls/dial.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

static const char *const REFUSED[] = {
  "",
  ".",
  "..",
  ".example",
  "a..example",
  "example..",
  " example",
  "example ",
  "exa mple",
  "example\n",
  "exa\tmple",
  "example\x7f",
  "exa\xe2\x80\x8bmple", /* a space of no width */
  "exa\xe2\x80\xaemple", /* turns the direction of writing */
  "exa\xc2\xa0mple",     /* a space that does not break */
  "\xff.example",        /* no text */
  "\xc0\xae.example",    /* a dot in two bytes */
  "a/b.example",
  "a\\b.example",
  "user@example",
  "example?x",
  "example#x",
  "ex%61mple",
  "*.example",
  "exam\"ple",
  "exam'ple",
  "exa,mple",
  "exa&mple",
  "a\xe2\x84\x80.example", /* "a/c" in one character */
  "example:443",
  "https://example",
  "[::1]",
  "[example]",
  "::1]",
  "::g",
  "1::2::3",
  ":",
  "fe80::1%lo",
  "fe80::1%1",
  "::1.",
  "-a.example",
  "a-.example",
  "-",
  "1",
  "2130706433",
  "127.1",
  "127.0.1",
  "0177.0.0.1",
  "127.0.0.01",
  "0x7f.1",
  "0x7f000001",
  "0X7F.0.0.1",
  "example.0x",
  "1.2.3.4.5",
  "1.2.3.256",
  "256.1.1.1",
  "example.1",
  "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.1", /* digits of full width */
};

static const struct
{
  const char *written;
  const char *normal;
} ACCEPTED[] = {
  { "bank.example", "bank.example" },
  { "Bank.EXAMPLE", "bank.example" },
  { "bank.example.", "bank.example" },
  { "localhost", "localhost" },
  { "a", "a" },
  { "under_score.example", "under_score.example" },
  { "_service._tcp.example", "_service._tcp.example" },
  { "1.example", "1.example" },
  { "1.2.3.4a", "1.2.3.4a" },
  { "0xg.0xyz", "0xg.0xyz" },
  { "r3---sn.example", "r3---sn.example" },
  { "127.0.0.1", "127.0.0.1" },
  { "127.0.0.1.", "127.0.0.1" },
  { "255.255.255.255", "255.255.255.255" },
  { "::1", "::1" },
  { "0:0:0:0:0:0:0:1", "::1" },
  { "2001:DB8::00A", "2001:db8::a" },
  { "::ffff:127.0.0.1", "::ffff:127.0.0.1" },
  { "b\xc3\xbc"
    "cher.example",
    "xn--bcher-kva.example" },
  { "B\xc3\x9c"
    "CHER.example",
    "xn--bcher-kva.example" },
  { "bu\xcc\x88"
    "cher.example",
    "xn--bcher-kva.example" }, /* the letter and its dots apart */
  { "b\xc3\xbc"
    "cher\xe3\x80\x82"
    "example",
    "xn--bcher-kva.example" }, /* an ideographic full stop */
  { "XN--bcher-KVA.example", "xn--bcher-kva.example" },
  { "\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", "xn--r8jz45g.xn--zckzah" },
};

static void
assert_refused (const char *host)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *normal = cardea_host_name_normalise (host, &error);
  if (normal)
    g_error ("“%s” became “%s”", host, normal);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INVALID_PARAMETER);
  json_t *parameter = json_object_get (cardea_error_get_parameters (error), "parameter");
  g_assert_cmpstr (json_string_value (parameter), ==, "host");
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
assert_normal (const char *host, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *normal = cardea_host_name_normalise (host, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (normal, ==, expected);
}

static void
test_refused (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (REFUSED); i++)
    assert_refused (REFUSED[i]);
}

static void
test_accepted (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ACCEPTED); i++) {
    assert_normal (ACCEPTED[i].written, ACCEPTED[i].normal);
    assert_normal (ACCEPTED[i].normal, ACCEPTED[i].normal);
  }
}

/* 63 bytes a label, and labels to make @length bytes. */
static char *
make_long_name (gsize length)
{
  char *name = g_strnfill (length, 'a');
  for (gsize i = 63; i + 1 < length; i += 64)
    name[i] = '.';
  return name;
}

static void
test_length (void)
{
  g_autofree char *longest = make_long_name (CARDEA_LIMIT_HOST_NAME);
  g_autofree char *dotted = g_strconcat (longest, ".", NULL);
  g_autofree char *too_long = make_long_name (CARDEA_LIMIT_HOST_NAME + 1);
  assert_normal (longest, longest);
  assert_normal (dotted, longest);
  assert_refused (too_long);

  g_autofree char *label = g_strnfill (63, 'l');
  g_autofree char *long_label = g_strnfill (64, 'l');
  assert_normal (label, label);
  assert_refused (long_label);

  g_autofree char *huge = g_strnfill (200000, 'h');
  assert_refused (huge);
  g_autoptr (GString) umlauts = g_string_new (NULL);
  for (int i = 0; i < 400; i++)
    g_string_append (umlauts, "\xc3\xbc.");
  g_string_append (umlauts, "example");
  assert_refused (umlauts->str);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-name/refused", test_refused);
  g_test_add_func ("/host-name/length", test_length);
  g_test_add_func ("/host-name/accepted", test_accepted);
  return g_test_run ();
}
