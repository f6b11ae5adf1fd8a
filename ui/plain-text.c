/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Text that came from certificates, tokens, programs and servers, made fit for a dialog in which it decides
 * what a person believes.
 *
 * A name may hold characters that turn it around (U+202E), end the line and go on like the dialog's own
 * words, hide between letters, pile up over the line above, or are simply ten thousand. What cannot be seen
 * is shown as \u{HEX}: a name that was tampered with looks so, and two different names never look the same
 * for such a reason. Joiners are among it, although some scripts use them: a name is read here to be
 * compared, not to be enjoyed.
 *
 * What is left may still be written from right to left, which is why the whole is put between FIRST STRONG
 * ISOLATE and POP DIRECTIONAL ISOLATE (Unicode, UAX #9): with every control inside escaped, nothing can leave
 * the isolate.
 *
 * Shortening takes from the middle, since both ends of a name tell it apart, and never cuts an escape or a
 * letter from its marks. */

#include "ui/plain-text.h"

#include <string.h>

#define ISOLATE "\342\201\250"     /* U+2068 */
#define POP_ISOLATE "\342\201\251" /* U+2069 */
#define ELLIPSIS "\342\200\246"

/* Marks over one letter that are shown as such. Real orthographies need up to three. */
#define MARKS 3

/* A letter with its marks, or an escape: what is shown whole or not at all. */
typedef struct
{
  gsize start; /* in the clean text */
  gsize width; /* in columns */
} Piece;

typedef struct
{
  GString *text;
  GArray *pieces;
  guint marks; /* that the last piece may still take */
} Clean;

/* Blank, though Unicode calls them letters, marks or symbols. */
static gboolean
is_blank (gunichar c)
{
  return c == 0x034f || c == 0x115f || c == 0x1160 || c == 0x17b4 || c == 0x17b5 || c == 0x2800 ||
         c == 0x3164 || c == 0xffa0 || (c >= 0x180b && c <= 0x180f) || (c >= 0xfe00 && c <= 0xfe0f) ||
         (c >= 0xe0000 && c <= 0xe0fff);
}

static gboolean
is_visible (gunichar c)
{
  switch (g_unichar_type (c)) {
  case G_UNICODE_CONTROL:
  case G_UNICODE_FORMAT:
  case G_UNICODE_SURROGATE:
  case G_UNICODE_UNASSIGNED:
  case G_UNICODE_PRIVATE_USE:
  case G_UNICODE_LINE_SEPARATOR:
  case G_UNICODE_PARAGRAPH_SEPARATOR:
    return FALSE;
  case G_UNICODE_SPACE_SEPARATOR:
    return c == ' ';
  default:
    return !is_blank (c);
  }
}

static void
begin_piece (Clean *clean, gsize width)
{
  Piece piece = { .start = clean->text->len, .width = width };

  g_array_append_val (clean->pieces, piece);
}

static void
append_escape (Clean *clean, gunichar c)
{
  g_autofree char *escape = g_strdup_printf ("\\u{%x}", c);

  begin_piece (clean, strlen (escape));
  g_string_append (clean->text, escape);
  clean->marks = 0;
}

static void
append_letter (Clean *clean, gunichar c)
{
  begin_piece (clean, g_unichar_iswide (c) ? 2 : 1);
  g_string_append_unichar (clean->text, c);
  clean->marks = c == ' ' ? 0 : MARKS;
}

/* A second space in a row could push what follows out of sight. */
static gboolean
is_space_too_many (const Clean *clean, gunichar c)
{
  gsize length = clean->text->len;

  return c == ' ' && (length == 0 || clean->text->str[length - 1] == ' ');
}

static void
append (Clean *clean, gunichar c)
{
  gboolean mark = g_unichar_ismark (c);

  if (!is_visible (c) || is_space_too_many (clean, c) || (mark && clean->marks == 0)) {
    append_escape (clean, c);
  } else if (mark) {
    g_string_append_unichar (clean->text, c);
    clean->marks--;
  } else {
    append_letter (clean, c);
  }
}

static void
clean_init (Clean *clean, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);

  *clean = (Clean){ .text = g_string_new (NULL), .pieces = g_array_new (FALSE, FALSE, sizeof (Piece)) };
  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    append (clean, g_utf8_get_char (at));
}

static void
clean_clear (Clean *clean)
{
  g_string_free (clean->text, TRUE);
  g_array_unref (clean->pieces);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Clean, clean_clear)

static const Piece *
piece_at (const Clean *clean, guint i)
{
  return &g_array_index (clean->pieces, Piece, i);
}

static gsize
width_of (const Clean *clean)
{
  gsize width = 0;

  for (guint i = 0; i < clean->pieces->len; i++)
    width += piece_at (clean, i)->width;
  return width;
}

/* The end of the head: as many pieces as @columns hold. */
static gsize
head_end (const Clean *clean, gsize columns)
{
  for (guint i = 0; i < clean->pieces->len; i++) {
    if (piece_at (clean, i)->width > columns)
      return piece_at (clean, i)->start;
    columns -= piece_at (clean, i)->width;
  }
  return clean->text->len;
}

static gsize
tail_start (const Clean *clean, gsize columns)
{
  gsize start = clean->text->len;

  for (guint i = clean->pieces->len; i > 0; i--) {
    if (piece_at (clean, i - 1)->width > columns)
      break;
    columns -= piece_at (clean, i - 1)->width;
    start = piece_at (clean, i - 1)->start;
  }
  return start;
}

static void
shorten (Clean *clean, gsize limit)
{
  gsize head, tail;

  if (limit == 0 || width_of (clean) <= limit)
    return;
  head = head_end (clean, limit / 2);
  tail = tail_start (clean, limit - 1 - limit / 2);
  g_string_erase (clean->text, (gssize)head, (gssize)(tail - head));
  g_string_insert (clean->text, (gssize)head, ELLIPSIS);
}

char *
cardea_plain_text_bare (const char *text, gsize limit)
{
  g_auto (Clean) clean = { NULL };

  clean_init (&clean, text);
  shorten (&clean, limit);
  return g_strndup (clean.text->str, clean.text->len);
}

char *
cardea_plain_text (const char *text, gsize limit)
{
  g_autofree char *bare = cardea_plain_text_bare (text, limit);

  return *bare != '\0' ? g_strconcat (ISOLATE, bare, POP_ISOLATE, NULL) : g_strdup ("");
}

gboolean
cardea_plain_text_is_shortened (const char *text, gsize limit)
{
  g_auto (Clean) clean = { NULL };

  clean_init (&clean, text);
  return limit > 0 && width_of (&clean) > limit;
}
