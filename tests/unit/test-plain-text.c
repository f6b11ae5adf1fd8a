/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a dialog shows of names that were made to mislead. */

#include <string.h>

#include "ui/plain-text.h"

typedef struct
{
  const char *name;
  const char *text;
  gsize limit;
  const char *bare;
} Case;

static const Case CASES[] = {
  { "null", NULL, 0, "" },
  { "empty", "", 8, "" },
  { "latin", "\303\204rger & S\303\266hne", 0, "\303\204rger & S\303\266hne" },
  { "markup", "<b>Your bank</b> &amp; <span size='99999'>", 0, "<b>Your bank</b> &amp; <span size='99999'>" },
  { "mnemonic", "_Cancel", 0, "_Cancel" },
  { "override", "\xe2\x80\xaegnp.exe", 0, "\\u{202e}gnp.exe" },
  { "embedding", "a\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac", 0, "a\\u{202a}\\u{202b}\\u{202c}" },
  { "isolates", "a\xe2\x81\xa9\xe2\x81\xa6\xe2\x81\xa7", 0, "a\\u{2069}\\u{2066}\\u{2067}" },
  { "marks", "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", 0, "\\u{200e}\\u{200f}\\u{61c}" },
  { "newlines", "a\nb\r\nc\td", 0, "a\\u{a}b\\u{d}\\u{a}c\\u{9}d" },
  { "separators", "a\xe2\x80\xa8\xe2\x80\xa9\xc2\x85", 0, "a\\u{2028}\\u{2029}\\u{85}" },
  { "terminal",
    "a\x1b[2J\xc2\x9b"
    "2J",
    0, "a\\u{1b}[2J\\u{9b}2J" },
  { "zero-width", "ba\xe2\x80\x8bnk\xe2\x80\x8c\xe2\x80\x8d\xef\xbb\xbf", 0,
    "ba\\u{200b}nk\\u{200c}\\u{200d}\\u{feff}" },
  { "word-joiner", "a\xe2\x81\xa0\xe2\x81\xa1", 0, "a\\u{2060}\\u{2061}" },
  { "soft-hyphen", "ba\xc2\xadnk", 0, "ba\\u{ad}nk" },
  { "fillers", "\xe3\x85\xa4\xe1\x85\x9f\xef\xbe\xa0\xe2\xa0\x80", 0,
    "\\u{3164}\\u{115f}\\u{ffa0}\\u{2800}" },
  { "selectors", "a\xef\xb8\x8f\xf3\xa0\x84\x80", 0, "a\\u{fe0f}\\u{e0100}" },
  { "tags", "a\xf3\xa0\x81\xa1", 0, "a\\u{e0061}" },
  { "private", "\xee\x80\x80", 0, "\\u{e000}" },
  { "invalid", "bad \xff utf-8 \xc3", 0, "bad \xef\xbf\xbd utf-8 \xef\xbf\xbd" },
  { "surrogate", "\xed\xa0\x80", 0, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
  { "no-break-space",
    "a\xc2\xa0"
    "b",
    0, "a\\u{a0}b" },
  { "spaces", "a  b", 0, "a \\u{20}b" },
  { "leading-space", " a", 0, "\\u{20}a" },
  { "accent", "e\xcc\x81", 0, "e\xcc\x81" },
  { "leading-accent",
    "\xcc\x81"
    "e",
    0, "\\u{301}e" },
  { "pile", "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81", 0, "e\xcc\x81\xcc\x81\xcc\x81\\u{301}\\u{301}" },
  { "hebrew", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", 0, "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d" },
  { "look-alike-a-label", "xn--bnk-7cd.example", 0, "xn--bnk-7cd.example" },

  { "at-the-limit", "12345678", 8, "12345678" },
  { "past-the-limit", "123456789", 8, "1234\342\200\246789" },
  { "limit-one", "ab", 1, "\342\200\246" },
  { "escape-is-whole", "123456\n123456", 12,
    "123456\342\200\246"
    "23456" },
  { "escape-does-not-fit", "1\n23456789", 8, "1\342\200\246789" },
  { "accent-stays",
    "123e\xcc\x81"
    "56789",
    8, "123e\xcc\x81\342\200\246789" },
  { "wide", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac", 8,
    "\xe6\x97\xa5\xe6\x9c\xac\342\200\246\xe6\x9c\xac" },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_autofree char *bare = cardea_plain_text_bare (c->text, c->limit);
  g_autofree char *isolated = cardea_plain_text (c->text, c->limit);
  g_autofree char *expected =
      *c->bare != '\0' ? g_strconcat ("\342\201\250", c->bare, "\342\201\251", NULL) : g_strdup ("");

  g_assert_cmpstr (bare, ==, c->bare);
  g_assert_cmpstr (isolated, ==, expected);
}

/* Ten kilobytes of anything come out valid, on one line and within the limit. */
static void
test_long (void)
{
  static const char *const PARTS[] = { "x", "\n", "\xe2\x80\xae", "\xff", "e\xcc\x81", "\xe6\x97\xa5", " " };

  for (gsize i = 0; i < G_N_ELEMENTS (PARTS); i++) {
    g_autoptr (GString) text = g_string_new (NULL);
    g_autofree char *bare = NULL;

    while (text->len < 10240)
      g_string_append (text, PARTS[i]);
    bare = cardea_plain_text_bare (text->str, CARDEA_PLAIN_TEXT_LINE);
    g_assert_true (g_utf8_validate (bare, -1, NULL));
    g_assert_cmpint (g_utf8_strlen (bare, -1), <=, 2 * CARDEA_PLAIN_TEXT_LINE);
    g_assert_nonnull (strstr (bare, "\342\200\246"));
    g_assert_null (strpbrk (bare, "\n\r\t"));
    g_assert_true (cardea_plain_text_is_shortened (text->str, CARDEA_PLAIN_TEXT_LINE));
  }
}

/* Every character there is: what comes out is valid and holds no control. */
static void
test_all_characters (void)
{
  for (gunichar c = 1; c <= 0x10ffff; c++) {
    char text[8] = { 0 };
    g_autofree char *bare = NULL;

    if (!g_unichar_validate (c))
      continue;
    g_unichar_to_utf8 (c, text);
    bare = cardea_plain_text_bare (text, 0);
    g_assert_true (g_utf8_validate (bare, -1, NULL));
    g_assert_true (*bare != '\0');
    for (const char *at = bare; *at != '\0'; at = g_utf8_next_char (at)) {
      g_assert_false (g_unichar_iscntrl (g_utf8_get_char (at)) || g_unichar_ismark (g_utf8_get_char (at)));
      g_assert_cmpint (g_unichar_type (g_utf8_get_char (at)), !=, G_UNICODE_FORMAT);
    }
  }
}

static void
test_is_shortened (void)
{
  g_assert_false (cardea_plain_text_is_shortened ("12345678", 8));
  g_assert_true (cardea_plain_text_is_shortened ("123456789", 8));
  g_assert_false (cardea_plain_text_is_shortened ("123456789", 0));
  g_assert_false (cardea_plain_text_is_shortened (NULL, 8));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autofree char *path = g_strdup_printf ("/plain-text/%s", CASES[i].name);

    g_test_add_data_func (path, &CASES[i], test_case);
  }
  g_test_add_func ("/plain-text/long", test_long);
  g_test_add_func ("/plain-text/all-characters", test_all_characters);
  g_test_add_func ("/plain-text/is-shortened", test_is_shortened);
  return g_test_run ();
}
