/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What reaches a terminal of text from elsewhere. */

#include "socket-api/client/text.h"

typedef struct
{
  const char *text;
  const char *safe;
} Case;

static const Case CASES[] = {
  { NULL, "" },
  { "", "" },
  { "CN=Client, O=\303\204\303\226", "CN=Client, O=\303\204\303\226" },
  { "\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac" },
  { "a\x1b[31mb", "a\\u{1b}[31mb" },
  { "a\nb\tc\rd", "a\\u{a}b\\u{9}c\\u{d}d" },
  { "\x7f", "\\u{7f}" },
  { "\xc2\x9b"
    "2J",
    "\\u{9b}2J" },                                      /* CSI in one character */
  { "\xe2\x80\xaegnp.exe", "\\u{202e}gnp.exe" },        /* right to left override */
  { "\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}" }, /* line, paragraph separator */
  { "\xe2\x80\x8b", "\\u{200b}" },                      /* zero width space */
  { "\xee\x80\x80", "\\u{e000}" },                      /* private use */
  { "bad \xff utf-8", "bad \xef\xbf\xbd utf-8" },
};

static void
test_safe (gconstpointer data)
{
  const Case *c = data;
  g_autofree char *safe = cardea_text_safe (c->text);

  g_assert_cmpstr (safe, ==, c->safe);
}

static void
test_field (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  cardea_text_append_field (text, 8, "Key", "a\nb");
  cardea_text_append_field (text, 8, "None", NULL);
  cardea_text_append_field (text, 8, "Empty", "");
  g_assert_cmpstr (text->str, ==, "  Key   a\\u{a}b\n");
}

static void
test_member (void)
{
  json_t *object = json_pack ("{s:s, s:i, s:n}", "text", "x", "number", 1, "null");

  g_assert_cmpstr (cardea_text_member (object, "text", "?"), ==, "x");
  g_assert_cmpstr (cardea_text_member (object, "number", "?"), ==, "?");
  g_assert_cmpstr (cardea_text_member (object, "null", "?"), ==, "?");
  g_assert_cmpstr (cardea_text_member (object, "absent", NULL), ==, NULL);
  g_assert_cmpstr (cardea_text_member (NULL, "text", "?"), ==, "?");
  json_decref (object);
}

static void
test_time (void)
{
  g_autofree char *time = cardea_text_time (0);
  g_autofree char *beyond = cardea_text_time (G_MAXINT64);

  g_assert_cmpstr (time, ==, "1970-01-01 00:00");
  g_assert_cmpstr (beyond, ==, "?");
}

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autofree char *path = g_strdup_printf ("/text/safe/%02zu", i);

    g_test_add_data_func (path, &CASES[i], test_safe);
  }
  g_test_add_func ("/text/field", test_field);
  g_test_add_func ("/text/member", test_member);
  g_test_add_func ("/text/time", test_time);
  return g_test_run ();
}
