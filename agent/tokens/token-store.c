/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tokens that are files. Their modules tell nobody when another program wrote one, and SoftHSM never sees a
 * token that came after it was loaded; the files do. */

#include "agent/tokens/token-store.h"

#include <string.h>
#include <sys/stat.h>

#include "agent/hosts/nss-database.h"

#define SOFTHSM "libsofthsm2.so"
#define SOFTHSM_SYSTEM_CONFIG "/etc/softhsm/softhsm2.conf"
#define SOFTHSM_DEFAULT_FOLDER "/var/lib/softhsm/tokens"
/* tpm2-pkcs11, docs/INITIALIZING.md: the variable, else the system's folder, else the user's. */
#define TPM "libtpm2_pkcs11.so"
#define TPM_SYSTEM_FOLDER "/etc/tpm2_pkcs11"
#define TPM_FILE "tpm2_pkcs11.sqlite3"
#define MAX_CONFIG (64 * 1024)
#define MAX_FILES 4096

static CardeaTokenStore *
store_new (char *folder, guint depth)
{
  CardeaTokenStore *self = g_new0 (CardeaTokenStore, 1);

  self->folder = folder;
  self->depth = depth;
  return self;
}

void
cardea_token_store_free (CardeaTokenStore *self)
{
  g_free (self->folder);
  g_free (self);
}

/* "directories.tokendir = /path", as the module reads it: the last one counts. */
static char *
read_softhsm_folder (const char *path)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  char *folder = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, NULL) || length > MAX_CONFIG)
    return NULL;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    char *equals = strchr (lines[i], '=');

    if (equals == NULL)
      continue;
    *equals = '\0';
    if (!g_str_equal (g_strstrip (lines[i]), "directories.tokendir"))
      continue;
    g_free (folder);
    folder = g_strdup (g_strstrip (equals + 1));
  }
  return folder;
}

/* The first of these files that is there. */
static CardeaTokenStore *
find_softhsm (const char *const *environment)
{
  const char *named = g_environ_getenv ((char **)environment, "SOFTHSM2_CONF");
  const char *home = g_environ_getenv ((char **)environment, "HOME");
  g_autofree char *own =
      home != NULL ? g_build_filename (home, ".config", "softhsm2", "softhsm2.conf", NULL) : NULL;
  const char *const paths[] = { named, named == NULL ? own : NULL,
                                named == NULL ? SOFTHSM_SYSTEM_CONFIG : NULL };
  char *folder = NULL;

  for (guint i = 0; folder == NULL && i < G_N_ELEMENTS (paths); i++)
    if (paths[i] != NULL)
      folder = read_softhsm_folder (paths[i]);
  if (folder == NULL)
    folder = g_strdup (SOFTHSM_DEFAULT_FOLDER);
  if (g_path_is_absolute (folder))
    return store_new (folder, 1);
  g_free (folder);
  return NULL;
}

/* A TPM keeps no keys: they lie in one file, wrapped by it, which the module reads when it is loaded. */
static CardeaTokenStore *
find_tpm (const char *const *environment)
{
  const char *named = g_environ_getenv ((char **)environment, "TPM2_PKCS11_STORE");
  const char *home = g_environ_getenv ((char **)environment, "HOME");
  g_autofree char *system = g_build_filename (TPM_SYSTEM_FOLDER, TPM_FILE, NULL);
  char *folder = NULL;
  CardeaTokenStore *self;

  if (named != NULL)
    folder = g_strdup (named);
  else if (g_file_test (system, G_FILE_TEST_EXISTS))
    folder = g_strdup (TPM_SYSTEM_FOLDER);
  else if (home != NULL)
    folder = g_build_filename (home, ".tpm2_pkcs11", NULL);
  if (folder == NULL || !g_path_is_absolute (folder)) {
    g_free (folder);
    return NULL;
  }
  self = store_new (folder, 0);
  self->read_once = TRUE;
  return self;
}

static gboolean
is_tpm (const char *base)
{
  return g_str_has_prefix (base, TPM) && (base[strlen (TPM)] == '\0' || base[strlen (TPM)] == '.');
}

CardeaTokenStore *
cardea_token_store_find (CardeaHost *host)
{
  const CardeaHostSpec *spec = cardea_host_get_spec (host);
  g_autofree char *base = g_path_get_basename (spec->module);
  char *database = cardea_nss_database_get_folder (spec);

  if (database != NULL)
    return store_new (database, 0);
  if (is_tpm (base))
    return find_tpm (cardea_host_get_environment (host));
  return g_str_equal (base, SOFTHSM) ? find_softhsm (cardea_host_get_environment (host)) : NULL;
}

static gboolean
counts (const char *name)
{
  return g_str_has_suffix (name, ".object") || g_str_has_suffix (name, ".db") ||
         g_str_has_suffix (name, ".sqlite3");
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static void
look_into (const char *folder, guint depth, GPtrArray *folders, GPtrArray *files)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name;

  while (directory != NULL && files->len < MAX_FILES && (name = g_dir_read_name (directory)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    struct stat status;

    if (lstat (path, &status) != 0)
      continue;
    if (S_ISDIR (status.st_mode) && depth > 0) {
      g_ptr_array_add (folders, g_strdup (name));
      look_into (path, depth - 1, folders, files);
    } else if (S_ISREG (status.st_mode) && counts (name)) {
      g_ptr_array_add (files, g_strdup_printf ("%s %lu %ld %ld.%09ld", path, (gulong)status.st_ino,
                                               (glong)status.st_size, (glong)status.st_mtim.tv_sec,
                                               (glong)status.st_mtim.tv_nsec));
    }
  }
}

static char *
join (GPtrArray *lines)
{
  g_ptr_array_sort (lines, compare);
  g_ptr_array_add (lines, NULL);
  return g_strjoinv ("\n", (char **)lines->pdata);
}

void
cardea_token_store_look (const CardeaTokenStore *self, char **tokens, char **content)
{
  g_autoptr (GPtrArray) folders = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);

  look_into (self->folder, self->depth, folders, files);
  *content = join (files);
  *tokens = self->read_once ? g_strdup (*content) : join (folders);
}
