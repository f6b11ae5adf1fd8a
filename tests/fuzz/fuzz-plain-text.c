/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes what dialogs show of foreign names: whatever the bytes are, one line comes out, isolated and not
 * longer than allowed, which says the same when it is cleaned again. */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"
#include "ui/plain-text.h"

#define ELLIPSIS "\342\200\246"

static gsize
count_columns (const char *text)
{
  gsize columns = 0;

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    if (!g_unichar_ismark (g_utf8_get_char (at)))
      columns += g_unichar_iswide (g_utf8_get_char (at)) ? 2 : 1;
  return columns;
}

static void
check_whole (const char *text)
{
  g_autofree char *bare = cardea_plain_text_bare (text, 0);
  g_autofree char *again = cardea_plain_text_bare (bare, 0);
  g_autofree char *isolated = cardea_plain_text (text, 0);
  gsize length = strlen (bare);

  fuzz_check_text (bare, FALSE);
  g_assert_cmpstr (again, ==, bare);
  g_assert_true ((length == 0) == (*text == '\0'));
  g_assert_cmpuint (strlen (isolated), ==, length == 0 ? 0 : length + 6);
}

static void
check_shortened (const char *text, gsize limit)
{
  g_autofree char *whole = cardea_plain_text_bare (text, 0);
  g_autofree char *bare = cardea_plain_text_bare (text, limit);
  gboolean shortened = cardea_plain_text_is_shortened (text, limit);

  fuzz_check_text (bare, FALSE);
  g_assert_true ((strcmp (whole, bare) != 0) <= shortened);
  if (shortened)
    g_assert_nonnull (strstr (bare, ELLIPSIS));
  g_assert_cmpuint (count_columns (bare), <=, limit);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_begin ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  gsize limit = fuzz_take_byte (&input) + 1U;
  g_autofree char *text = fuzz_take_rest_text (&input);

  check_whole (text);
  check_shortened (text, limit);
  return 0;
}
