/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether memory that another library calls secure is.
 *
 * libsecret locks the pages for its secrets, and where the kernel refuses it goes on with the ordinary heap,
 * without a word to its caller. So the kernel is asked: smaps(5) lists each mapping with its flags, "lo" for
 * locked. */

#include "agent/keyring/locked-memory.h"

#include <stdio.h>
#include <string.h>

typedef struct
{
  guint64 begin, end;
} Range;

static gboolean
parse_range (const char *line, Range *range)
{
  Range found;

  /* Other lines begin with hexadecimal letters, too: "Anonymous:". */
  if (sscanf (line, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x ", &found.begin, &found.end) != 2)
    return FALSE;
  *range = found;
  return TRUE;
}

/* The flags are two letters each, with blanks between them. */
static gboolean
has_locked_flag (const char *flags)
{
  return strstr (flags, " lo ") != NULL || g_str_has_suffix (flags, " lo");
}

gboolean
cardea_memory_is_locked (const void *address, gsize length)
{
  guint64 next = (guint64)(gsize)address, end = next + length;
  g_autofree char *text = NULL;
  Range range = { 0, 0 };

  if (!g_file_get_contents ("/proc/self/smaps", &text, NULL, NULL))
    return FALSE;
  /* In the order of their addresses: what a locked range covers is behind us, and no gap is forgiven. */
  for (char *line = text, *rest; line != NULL && next < end; line = rest) {
    rest = strchr (line, '\n');
    if (rest != NULL)
      *rest++ = '\0';
    if (!parse_range (line, &range) && g_str_has_prefix (line, "VmFlags:") && has_locked_flag (line) &&
        range.begin <= next && next < range.end)
      next = range.end;
  }
  return next >= end;
}
