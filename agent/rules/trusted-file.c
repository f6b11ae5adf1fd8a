/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the files of a folder of rules, each on its own.
 *
 * A rule may let a program use a key with nobody asked, so it counts for nothing unless it is the
 * administrator's: owner and mode are those of the descriptor that is read, not of a name that may lead
 * elsewhere by then. Links are refused, since what they lead to may lie where others can rename. One bad file
 * does not take the others with it: their rules may forbid something. */

#include "agent/rules/trusted-file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/key-file.h"
#include "agent/rules/rule-problem.h"
#include "agent/rules/trusted-path.h"
#include "socket-api/limits.h"

typedef DIR CardeaFolder;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaFolder, closedir)

static void
free_file (gpointer data)
{
  CardeaTrustedFile *self = data;

  g_free (self->folder);
  g_free (self->path);
  g_free (self->text);
  g_free (self);
}

static char *
make_path (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_filename_display_name (path);
}

CardeaTrustedFile *
cardea_trusted_file_new (const char *folder, const char *name, const char *text)
{
  CardeaTrustedFile *self = g_new0 (CardeaTrustedFile, 1);

  self->folder = g_strdup (folder);
  self->path = make_path (folder, name);
  self->text = g_strdup (text);
  return self;
}

GPtrArray *
cardea_trusted_files_new (void)
{
  return g_ptr_array_new_with_free_func (free_file);
}

static char *
read_text (int fd, const char *path, uid_t owner, GPtrArray *problems)
{
  const char *fault = cardea_trusted_path_find_fault (fd, owner);
  g_autoptr (GError) error = NULL;
  char *text;

  if (fault != NULL) {
    cardea_rule_problem_add (problems, "%s: %s; it is not used.", path, fault);
    return NULL;
  }
  text = cardea_key_file_read_text (path, fd, &error);
  if (text == NULL)
    cardea_rule_problem_add (problems, "%s", error->message);
  return text;
}

static gboolean
read_file (int folder_fd, const char *folder, const char *name, uid_t owner, GPtrArray *files,
           GPtrArray *problems)
{
  g_autofree char *path = make_path (folder, name);
  g_autofree char *text = NULL;
  /* Without O_NONBLOCK a FIFO of that name would hold the agent up. */
  int fd = openat (folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);

  if (fd < 0) {
    cardea_rule_problem_add (problems, "%s: it cannot be opened: %s.", path,
                             errno == ELOOP ? "it is a link" : g_strerror (errno));
    return FALSE;
  }
  text = read_text (fd, path, owner, problems);
  close (fd);
  if (text == NULL)
    return FALSE;
  g_ptr_array_add (files, cardea_trusted_file_new (folder, name, text));
  return TRUE;
}

static int
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* The names in their order, or NULL. */
static GPtrArray *
list_names (DIR *directory, const char *suffix)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const struct dirent *entry;

  while (errno = 0, entry = readdir (directory), entry != NULL)
    if (entry->d_name[0] != '.' && g_str_has_suffix (entry->d_name, suffix))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  if (errno != 0)
    return NULL;
  g_ptr_array_sort (names, by_name);
  return g_steal_pointer (&names);
}

static gboolean
read_folder (DIR *directory, const char *folder, const char *suffix, uid_t owner, GPtrArray *files,
             GPtrArray *problems)
{
  const char *fault = cardea_trusted_path_find_fault (dirfd (directory), owner);
  g_autoptr (GPtrArray) names = list_names (directory, suffix);
  gboolean whole = fault == NULL;

  if (fault != NULL)
    cardea_rule_problem_add (problems, "%s: %s, so files may be missing from it.", folder, fault);
  if (names == NULL) {
    cardea_rule_problem_add (problems, "%s: it cannot be read.", folder);
    return FALSE;
  }
  if (names->len > CARDEA_LIMIT_RULE_FILES) {
    cardea_rule_problem_add (problems, "%s: only the first %d files are read.", folder,
                             CARDEA_LIMIT_RULE_FILES);
    whole = FALSE;
  }
  for (guint i = 0; i < names->len && i < CARDEA_LIMIT_RULE_FILES; i++)
    if (!read_file (dirfd (directory), folder, names->pdata[i], owner, files, problems))
      whole = FALSE;
  return whole;
}

gboolean
cardea_trusted_files_read (const char *folder, const char *suffix, uid_t owner, GPtrArray *files,
                           GPtrArray *problems)
{
  g_autoptr (CardeaFolder) directory = opendir (folder);

  if (directory == NULL && errno == ENOENT)
    return TRUE;
  if (directory == NULL) {
    cardea_rule_problem_add (problems, "%s: it cannot be opened: %s.", folder, g_strerror (errno));
    return FALSE;
  }
  return read_folder (directory, folder, suffix, owner, files, problems);
}
