/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* p11-kit has no public parser for its files, and its own loader would run modules in this process. A
 * `remote:` module is a command line that p11-kit would start; none is started here. */

#include "agent/hosts/p11-kit-files.h"

#include "agent/base/reason.h"
#include "agent/hosts/module-lines.h"
#include "config.h"

#define ENDING ".module"
#define MAX_FILES 256 /* a folder */

G_GNUC_PRINTF (2, 3)
static void
add_problem (GPtrArray *problems, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_ptr_array_add (problems,
                   cardea_reason_new (CARDEA_REASON_MODULE_CONFIGURATION,
                                      "Correct or remove the file, then reload the agent.", "%s", message));
}

/* Settings by name, or NULL with a problem. A file that does not exist has none. */
static GHashTable *
read_settings (const char *path, GPtrArray *problems)
{
  g_autoptr (GHashTable) settings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = cardea_module_lines_read (path, &error);
  g_auto (GStrv) lines = NULL;

  if (g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return g_steal_pointer (&settings);
  if (text == NULL) {
    add_problem (problems, "%s.", error->message);
    return NULL;
  }
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    char *name, *value;
    CardeaModuleLine line = cardea_module_line_parse (lines[i], ':', &name, &value);

    if (line == CARDEA_MODULE_LINE_MALFORMED) {
      g_autofree char *display = g_filename_display_name (path);

      add_problem (problems, "%s:%u: this line is no setting of the form “name: value”.", display, i + 1);
      return NULL;
    }
    if (line == CARDEA_MODULE_LINE_SETTING)
      g_hash_table_replace (settings, g_strdup (name), g_strdup (value));
  }
  return g_steal_pointer (&settings);
}

static char *
read_user_mode (const char *path, const char *fallback, GPtrArray *problems)
{
  static const char *const modes[] = { "none", "merge", "only", "override", NULL };
  g_autoptr (GHashTable) settings = read_settings (path, problems);
  const char *mode = settings != NULL ? g_hash_table_lookup (settings, "user-config") : NULL;

  if (mode == NULL)
    return g_strdup (fallback);
  if (g_strv_contains (modes, mode))
    return g_strdup (mode);
  add_problem (problems, "%s: user-config is none of “none”, “merge” and “only”.", path);
  return g_strdup ("none");
}

GStrv
cardea_p11_kit_get_folders (const CardeaP11KitPlaces *places, GPtrArray *problems)
{
  g_autoptr (GStrvBuilder) folders = g_strv_builder_new ();
  g_autofree char *mode = read_user_mode (places->system_config, "merge", problems);

  if (!g_str_equal (mode, "none")) {
    g_autofree char *own = read_user_mode (places->user_config, mode, problems);

    g_free (mode);
    mode = g_steal_pointer (&own);
  }
  if (g_str_equal (mode, "none") || g_str_equal (mode, "merge")) {
    g_strv_builder_add (folders, places->package_modules);
    g_strv_builder_add (folders, places->system_modules);
  }
  if (!g_str_equal (mode, "none"))
    g_strv_builder_add (folders, places->user_modules);
  return g_strv_builder_end (folders);
}

/* pkcs11.conf(5): letters, digits, underscore, comma, dash and dot; the first a letter or digit. */
static gboolean
is_file_name (const char *name)
{
  if (!g_ascii_isalnum (*name) || !g_str_has_suffix (name, ENDING))
    return FALSE;
  for (; *name != '\0'; name++)
    if (!g_ascii_isalnum (*name) && strchr ("_,.-", *name) == NULL)
      return FALSE;
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static void
read_folder (const char *folder, GHashTable *names, GPtrArray *problems)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL) {
    if (!is_file_name (name))
      continue;
    if (++n > MAX_FILES) {
      add_problem (problems, "%s holds more than 256 files of modules; the rest are not read.", folder);
      return;
    }
    g_hash_table_add (names, g_strdup (name));
  }
}

/* All folders' settings for one file name together; NULL where one of the files is unusable. */
static GHashTable *
merge_settings (const char *const *folders, const char *name, char **origin, GPtrArray *problems)
{
  g_autoptr (GHashTable) merged = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; folders[i] != NULL; i++) {
    g_autofree char *path = g_build_filename (folders[i], name, NULL);
    g_autoptr (GHashTable) settings = NULL;
    GHashTableIter iter;
    gpointer key, value;

    if (!g_file_test (path, G_FILE_TEST_EXISTS))
      continue;
    settings = read_settings (path, problems);
    if (settings == NULL)
      return NULL;
    g_hash_table_iter_init (&iter, settings);
    while (g_hash_table_iter_next (&iter, &key, &value))
      g_hash_table_replace (merged, g_strdup (key), g_strdup (value));
    g_free (*origin);
    *origin = g_filename_display_name (path);
  }
  return g_steal_pointer (&merged);
}

static gboolean
list_contains (const char *list, const char *program)
{
  g_auto (GStrv) names = g_strsplit_set (list, ", \t", -1);

  return g_strv_contains ((const char *const *)names, program);
}

static gboolean
is_enabled (GHashTable *settings, const char *program)
{
  const char *enable_in = g_hash_table_lookup (settings, "enable-in");
  const char *disable_in = g_hash_table_lookup (settings, "disable-in");

  if (enable_in != NULL)
    return list_contains (enable_in, program);
  return disable_in == NULL || !list_contains (disable_in, program);
}

static CardeaModuleEntry *
make_entry (GHashTable *settings, const char *file_name, const char *origin, GPtrArray *problems)
{
  const char *module = g_hash_table_lookup (settings, "module");
  const char *remote = g_hash_table_lookup (settings, "remote");
  g_autofree char *name = g_strndup (file_name, strlen (file_name) - strlen (ENDING));
  g_autofree char *path = NULL;
  CardeaModuleEntry *entry;

  if (remote != NULL && *remote != '\0') {
    add_problem (problems, "%s: “remote:” runs a command and is not supported.", origin);
    return NULL;
  }
  if (module == NULL) {
    add_problem (problems, "%s names no module.", origin);
    return NULL;
  }
  if (*module == '\0') /* switched off, says pkcs11.conf(5) */
    return NULL;
  path = g_canonicalize_filename (module, CARDEA_P11_MODULE_PATH);
  entry = cardea_module_entry_new (name, path, g_hash_table_lookup (settings, "x-init-reserved"), origin);
  entry->is_trust = g_strcmp0 (g_hash_table_lookup (settings, "trust-policy"), "yes") == 0;
  return entry;
}

GPtrArray *
cardea_p11_kit_read (const char *const *folders, const char *program, GPtrArray *problems)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;
  GPtrArray *entries = cardea_module_entries_new ();

  for (guint i = 0; folders[i] != NULL; i++)
    read_folder (folders[i], names, problems);
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (sorted, name);
  g_ptr_array_sort (sorted, compare_names);
  for (guint i = 0; i < sorted->len; i++) {
    g_autofree char *origin = NULL;
    g_autoptr (GHashTable) settings = merge_settings (folders, sorted->pdata[i], &origin, problems);
    CardeaModuleEntry *entry;

    if (settings == NULL || origin == NULL || !is_enabled (settings, program))
      continue;
    entry = make_entry (settings, sorted->pdata[i], origin, problems);
    if (entry != NULL)
      g_ptr_array_add (entries, entry);
  }
  return entries;
}
