/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Texts of /proc.
 *
 * A process chooses part of what stands here: its command's name is in the middle of `stat`, and whoever
 * builds a mount namespace writes its `.flatpak-info`. So each text is taken as bytes of a known length,
 * names are held against the alphabet that their packagers allow, and what does not fit is not there. */
#include "agent/caller/proc-text.h"

#include <string.h>

#define MAX_APPLICATION_ID 255 /* D-Bus specification, "Valid Names": what a Flatpak's id must be */
#define MAX_SNAP_NAME 51       /* a name of 40, an underscore, an instance key of 10 */

static gboolean
is_application_id (const char *name)
{
  gsize length = strlen (name);

  if (length == 0 || length > MAX_APPLICATION_ID || !g_ascii_isalpha (name[0]))
    return FALSE;

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (name[i]) && !strchr ("._-", name[i]))
      return FALSE;

  return TRUE;
}

char *
cardea_proc_parse_flatpak_info (const char *text, gsize length)
{
  static const char *const groups[] = { "Application", "Runtime" };
  g_autoptr (GKeyFile) file = g_key_file_new ();

  if (length == 0 || memchr (text, '\0', length) ||
      !g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, NULL))
    return NULL;

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++) {
    g_autofree char *name = g_key_file_get_string (file, groups[i], "name", NULL);

    /* A first group with a bad name is not made good by a second. */
    if (name)
      return is_application_id (name) ? g_steal_pointer (&name) : NULL;
  }

  return NULL;
}

/* "snap." NAME "." at the beginning of @text. */
static char *
parse_snap_name (const char *text, gsize length)
{
  static const char prefix[] = "snap.";
  const gsize skip = sizeof prefix - 1;
  gsize end;

  if (length <= skip || memcmp (text, prefix, skip) != 0)
    return NULL;

  for (end = skip; end < length && text[end] != '.'; end++)
    if (!g_ascii_islower (text[end]) && !g_ascii_isdigit (text[end]) && text[end] != '-' && text[end] != '_')
      return NULL;

  if (end == skip || end == length || end - skip > MAX_SNAP_NAME)
    return NULL;

  return g_strndup (text + skip, end - skip);
}

char *
cardea_proc_parse_security_label (const char *text, gsize length)
{
  return parse_snap_name (text, length);
}

char *
cardea_proc_parse_cgroup (const char *text, gsize length)
{
  const char *end = text + length;

  for (const char *at = text; at < end;) {
    const char *stop = at;
    char *name;

    while (stop < end && *stop != '/' && *stop != '\n')
      stop++;

    name = parse_snap_name (at, stop - at);
    if (name)
      return name;

    at = stop + 1;
  }

  return NULL;
}

/* The decimal number at *@at, which is moved behind it. */
static gboolean
parse_number (const char **at, const char *end, guint64 *number)
{
  guint64 value = 0;
  const char *p = *at;

  for (; p < end && g_ascii_isdigit (*p); p++)
    if (!g_uint64_checked_mul (&value, value, 10) ||
        !g_uint64_checked_add (&value, value, (guint64)(*p - '0')))
      return FALSE;

  if (p == *at)
    return FALSE;

  *at = p;
  *number = value;
  return TRUE;
}

gboolean
cardea_proc_parse_stat (const char *text, gsize length, pid_t *parent, guint64 *start_ticks)
{
  const char *end = text + length;
  /* The last one: no later field can hold any. Of nothing there may be no address (C17, 7.24.1). */
  const char *at = length > 0 ? memrchr (text, ')', length) : NULL;
  guint64 parent_number = 0, start = 0;

  if (!at)
    return FALSE;
  at++;

  for (guint field = 3; field <= 22; field++) {
    if (at >= end || *at != ' ')
      return FALSE;
    at++;

    if (field == 4 && (!parse_number (&at, end, &parent_number) || parent_number > G_MAXINT))
      return FALSE;
    if (field == 22 && !parse_number (&at, end, &start))
      return FALSE;

    while (at < end && *at != ' ')
      at++;
  }

  *parent = (pid_t)parent_number;
  *start_ticks = start;
  return TRUE;
}
