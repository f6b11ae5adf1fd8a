/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Name and icon of a program from its desktop file.
 *
 * They are decoration: the label, which the kernel vouches for as far as it can, is always shown beside them.
 * A host program gets them only from a desktop file outside the person's own folder, since any program of the
 * person could put one there that calls itself a bank's; and only where the file runs that very executable,
 * with nothing but options: a file that runs "python3 editor.py" says nothing of another script in Python. */

#include "ui/program-info.h"

#include <gio/gdesktopappinfo.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#include "ui/plain-text.h"

/* Of a chain of parents, the nearest say enough. */
#define MAX_PARENTS 3

static GDesktopAppInfo *
find_by_id (const char *confinement, const char *id)
{
  g_autofree char *name = g_str_equal (confinement, "snap") ? g_strdup_printf ("%s_%s.desktop", id, id)
                                                            : g_strdup_printf ("%s.desktop", id);

  return strchr (id, '/') == NULL ? g_desktop_app_info_new (name) : NULL;
}

static gboolean
is_the_persons (GDesktopAppInfo *file)
{
  const char *path = g_desktop_app_info_get_filename (file);
  g_autofree char *own = g_strconcat (g_get_user_data_dir (), "/", NULL);

  return path == NULL || g_str_has_prefix (path, own);
}

static gboolean
is_executable (const char *command, const char *executable)
{
  g_autofree char *found = g_find_program_in_path (command);
  g_autofree char *resolved = found != NULL ? realpath (found, NULL) : NULL;

  return resolved != NULL && g_str_equal (resolved, executable);
}

/* The number of words after the executable in a command line that runs it, or -1 if it does not. */
static int
match_command (const char *line, const char *executable)
{
  g_auto (GStrv) words = NULL;
  int n;

  if (line == NULL || !g_shell_parse_argv (line, &n, &words, NULL) || !is_executable (words[0], executable))
    return -1;
  for (int i = 1; i < n; i++)
    if (words[i][0] != '%' && words[i][0] != '-')
      return -1;
  return n - 1;
}

static GDesktopAppInfo *
find_by_executable (const char *executable)
{
  GList *all = g_app_info_get_all ();
  GDesktopAppInfo *best = NULL;
  int fewest = G_MAXINT;

  for (GList *at = all; at != NULL; at = at->next) {
    int words;

    if (!G_IS_DESKTOP_APP_INFO (at->data) || is_the_persons (at->data) || !g_app_info_should_show (at->data))
      continue;
    words = match_command (g_app_info_get_commandline (at->data), executable);
    if (words >= 0 && words < fewest) {
      fewest = words;
      g_set_object (&best, at->data);
    }
  }
  g_list_free_full (all, g_object_unref);
  return best;
}

static char *
describe_kind (const char *confinement)
{
  if (confinement == NULL)
    return g_strdup (_ ("Not confined: another program of yours could pose as it"));
  if (g_str_equal (confinement, "flatpak"))
    return g_strdup (_ ("Flatpak application"));
  if (g_str_equal (confinement, "snap"))
    return g_strdup (_ ("Snap application"));
  return cardea_plain_text (confinement, CARDEA_PLAIN_TEXT_LINE);
}

static char *
describe_parents (char **parents)
{
  g_autoptr (GPtrArray) shown = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *list = NULL;

  for (guint i = 0; parents != NULL && parents[i] != NULL && i < MAX_PARENTS; i++)
    g_ptr_array_add (shown, cardea_plain_text (parents[i], CARDEA_PLAIN_TEXT_LINE));
  if (shown->len == 0)
    return NULL;
  g_ptr_array_add (shown, NULL);
  list = g_strjoinv (_ (", "), (char **)shown->pdata);
  /* Translators: %s is a list of programs, the nearest first */
  return g_strdup_printf (_ ("Started by %s"), list);
}

CardeaProgramInfo *
cardea_program_info_new (const CardeaPromptProgram *program)
{
  CardeaProgramInfo *self = g_new0 (CardeaProgramInfo, 1);
  g_autoptr (GDesktopAppInfo) file = program->confinement != NULL
                                         ? find_by_id (program->confinement, program->label)
                                         : find_by_executable (program->label);

  if (file != NULL) {
    self->name = g_strdup (g_app_info_get_display_name (G_APP_INFO (file)));
    g_set_object (&self->icon, g_app_info_get_icon (G_APP_INFO (file)));
  }
  self->kind = describe_kind (program->confinement);
  self->parents = describe_parents (program->parents);
  return self;
}

void
cardea_program_info_free (CardeaProgramInfo *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_clear_object (&self->icon);
  g_free (self->kind);
  g_free (self->parents);
  g_free (self);
}
