/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads key files into entries that know their line, for whoever says which groups and keys there are.
 *
 * GKeyFile takes the values apart, but it forgets lines, merges keys given twice and calls nothing unknown.
 * So the text is first walked line by line; what this walk lets through, GKeyFile parses. */

#include "agent/base/key-file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

static void
free_entry (gpointer data)
{
  CardeaKeyFileEntry *self = data;

  g_free (self->group);
  g_free (self->where);
  g_free (self->value);
  g_strfreev (self->list);
  g_free (self);
}

static guint
count_lines (const char *from, const char *to)
{
  guint lines = 1;

  for (const char *p = from; p < to; p++)
    lines += *p == '\n';
  return lines;
}

static gboolean
check_text (const char *path, GString *text, GError **error)
{
  const char *end;

  if (text->len > CARDEA_LIMIT_KEY_FILE_BYTES)
    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION,
                      "%s: it is larger than 1 MiB, the most that is read.", path);
  /* A NUL is refused too: it would end the text early, unseen. */
  else if (!g_utf8_validate_len (text->str, text->len, &end))
    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s:%u: this is not UTF-8 text.", path,
                      count_lines (text->str, end));
  else
    return TRUE;
  return FALSE;
}

char *
cardea_key_file_read_text (const char *path, int fd, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  struct stat status;
  char buffer[16384];
  gssize n;

  if (fstat (fd, &status) < 0 || !S_ISREG (status.st_mode)) {
    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s: this is not a regular file.", path);
    return NULL;
  }
  do {
    n = TEMP_FAILURE_RETRY (read (fd, buffer, sizeof buffer));
    if (n < 0) {
      cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s: it cannot be read: %s.", path,
                        g_strerror (errno));
      return NULL;
    }
    g_string_append_len (text, buffer, n);
  } while (n > 0 && text->len <= CARDEA_LIMIT_KEY_FILE_BYTES);
  if (!check_text (path, text, error))
    return NULL;
  return g_string_free (g_steal_pointer (&text), FALSE);
}

typedef struct
{
  const char *path;
  guint line;
  const CardeaKeyFileForm *form;
  char *group;        /* the one that the walk is in, or NULL */
  GHashTable *seen;   /* "group\nkey", and "group" where each stands once -> line */
  GPtrArray *entries; /* of CardeaKeyFileEntry, without values yet */
} Walk;

static void
add_entry (Walk *walk, int id)
{
  CardeaKeyFileEntry *entry = g_new0 (CardeaKeyFileEntry, 1);

  entry->id = id;
  entry->group = g_strdup (walk->group);
  entry->where = g_strdup_printf ("%s:%u", walk->path, walk->line);
  g_ptr_array_add (walk->entries, entry);
}

/* FALSE with @first set when it stood there before. */
static gboolean
see (Walk *walk, char *whole, guint *first)
{
  *first = GPOINTER_TO_UINT (g_hash_table_lookup (walk->seen, whole));
  if (*first > 0)
    g_free (whole);
  else
    g_hash_table_insert (walk->seen, whole, GUINT_TO_POINTER (walk->line));
  return *first == 0;
}

static gboolean
tell_group (Walk *walk, GError **error)
{
  guint first;

  if (!walk->form->tells_groups)
    return TRUE;
  if (!see (walk, g_strdup (walk->group), &first)) {
    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION,
                      "%s:%u: the group [%s] already began on line %u. Join them, or rename one.", walk->path,
                      walk->line, walk->group, first);
    return FALSE;
  }
  add_entry (walk, CARDEA_KEY_FILE_GROUP);
  return TRUE;
}

static gboolean
enter_group (Walk *walk, const char *line, GError **error)
{
  gsize length = strlen (line);

  if (line[length - 1] != ']') {
    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION,
                      "%s:%u: a group is written [NAME], with nothing after it on the line.", walk->path,
                      walk->line);
    return FALSE;
  }
  g_free (walk->group);
  walk->group = g_strndup (line + 1, length - 2);
  if (walk->form->knows_group (walk->group))
    return tell_group (walk, error);
  cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s:%u: there is no group [%s]. %s", walk->path,
                    walk->line, walk->group, walk->form->groups);
  return FALSE;
}

static gboolean
add_key (Walk *walk, const char *key, GError **error)
{
  int id = walk->form->find_key (walk->group, key);
  guint first;

  if (id < 0) {
    g_autofree char *known = walk->form->list_keys (walk->group);

    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s:%u: [%s] has no key \"%s\". Its keys are: %s.",
                      walk->path, walk->line, walk->group, key, known);
    return FALSE;
  }
  if (!see (walk, g_strdup_printf ("%s\n%s", walk->group, key), &first)) {
    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION,
                      "%s:%u: \"%s\" of [%s] was already given on line %u. Remove one of them.", walk->path,
                      walk->line, key, walk->group, first);
    return FALSE;
  }
  add_entry (walk, id);
  return TRUE;
}

static gboolean
walk_line (Walk *walk, char *line, GError **error)
{
  char *equals;

  g_strstrip (line);
  if (line[0] == '\0' || line[0] == '#')
    return TRUE;
  if (line[0] == '[')
    return enter_group (walk, line, error);
  equals = strchr (line, '=');
  if (equals == NULL || equals == line) {
    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION,
                      "%s:%u: this is neither a comment (#), nor a group ([NAME]), nor KEY=VALUE.",
                      walk->path, walk->line);
    return FALSE;
  }
  if (walk->group == NULL) {
    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s:%u: a key needs a group above it, such as %s.",
                      walk->path, walk->line, walk->form->example);
    return FALSE;
  }
  *equals = '\0';
  return add_key (walk, g_strchomp (line), error);
}

static gboolean
take_value (const Walk *walk, CardeaKeyFileEntry *entry, GKeyFile *file, GError **error)
{
  const char *key;
  g_autoptr (GError) problem = NULL;

  if (entry->id == CARDEA_KEY_FILE_GROUP)
    return TRUE;
  key = walk->form->get_key (entry->id);
  if (walk->form->is_list (entry->id))
    entry->list = g_key_file_get_string_list (file, entry->group, key, NULL, &problem);
  else
    entry->value = g_key_file_get_string (file, entry->group, key, &problem);
  if (problem != NULL) {
    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s: %s.", entry->where, problem->message);
    return FALSE;
  }
  if (entry->value != NULL)
    g_strstrip (entry->value);
  for (guint i = 0; entry->list != NULL && entry->list[i] != NULL; i++)
    g_strstrip (entry->list[i]);
  return TRUE;
}

static gboolean
walk_lines (Walk *walk, const char *text, GError **error)
{
  const char *end;

  for (const char *start = text; start != NULL; start = end != NULL ? end + 1 : NULL) {
    g_autofree char *line = NULL;

    end = strchr (start, '\n');
    line = end != NULL ? g_strndup (start, (gsize)(end - start)) : g_strdup (start);
    walk->line++;
    if (!walk_line (walk, line, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
walk_text (Walk *walk, const char *text, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) problem = NULL;

  if (!walk_lines (walk, text, error))
    return FALSE;
  if (!g_key_file_load_from_data (file, text, strlen (text), G_KEY_FILE_NONE, &problem)) {
    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s:1: %s.", walk->path, problem->message);
    return FALSE;
  }
  for (guint i = 0; i < walk->entries->len; i++)
    if (!take_value (walk, g_ptr_array_index (walk->entries, i), file, error))
      return FALSE;
  return TRUE;
}

GPtrArray *
cardea_key_file_parse (const char *path, const char *text, const CardeaKeyFileForm *form, GError **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (free_entry);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Walk walk = { .path = path, .form = form, .seen = seen, .entries = entries };
  gboolean done = walk_text (&walk, text, error);

  g_free (walk.group);
  return done ? g_steal_pointer (&entries) : NULL;
}
