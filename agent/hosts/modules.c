/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which modules to host. Every source is only a list of paths; what makes a module ours is one rule for all
 * of them, and each real file is hosted once however often it is named. */

#include "agent/hosts/modules.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "agent/hosts/module-entry.h"
#include "agent/hosts/nss-database.h"
#include "agent/hosts/p11-kit-files.h"
#include "config.h"

#define PROGRAM "cardea-agent"
#define SYSTEM_CONFIG "/etc/pkcs11"
#define MAX_NAME 64

typedef struct
{
  const CardeaConfig *config;
  GHashTable *exempt; /* real paths named on the command line */
  GHashTable *taken;  /* real paths that have a spec, or a problem */
  GHashTable *names;  /* names that are in use */
  GPtrArray *specs;
  GPtrArray *problems;
} Search;

static void
free_spec (gpointer spec)
{
  cardea_host_spec_free (spec);
}

static gboolean
is_disabled (const Search *self, const CardeaModuleEntry *entry, const char *real)
{
  const char *const *disabled = cardea_config_get_disabled_modules (self->config);

  for (guint i = 0; disabled != NULL && disabled[i] != NULL; i++)
    if (g_str_equal (disabled[i], entry->name) || g_str_equal (disabled[i], entry->path) ||
        g_strcmp0 (disabled[i], real) == 0)
      return TRUE;
  return FALSE;
}

/* Names appear in lists and messages: short, and each once. */
static char *
make_unique_name (Search *self, const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  g_autofree char *shortened = g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), MAX_NAME));
  char *unique = g_strdup (shortened);

  for (guint i = 2; g_hash_table_contains (self->names, unique); i++) {
    g_free (unique);
    unique = g_strdup_printf ("%s-%u", shortened, i);
  }
  g_hash_table_add (self->names, g_strdup (unique));
  return unique;
}

static void
add_refusal (Search *self, const CardeaModuleEntry *entry, const GError *error)
{
  gboolean is_missing = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  const char *remedy = is_missing
                           ? "Install the package that brings the module, or remove the file that names it."
                           : "Let root own the module and every folder above it, with nobody else able to "
                             "write them, or start the agent with --module and its path.";

  g_ptr_array_add (
      self->problems,
      cardea_reason_new (is_missing ? CARDEA_REASON_MODULE_MISSING : CARDEA_REASON_MODULE_REFUSED, remedy,
                         "The module %s, named by %s, is not loaded: %s.", entry->name, entry->origin,
                         error->message));
}

static void
add_spec (Search *self, const CardeaModuleEntry *entry, const char *real, CardeaHostRoles roles)
{
  g_autofree char *name = make_unique_name (self, entry->name);

  g_ptr_array_add (self->specs, cardea_host_spec_new (name, real, entry->init_arguments, roles));
}

/* Puts one module to the rule. What the person who starts the agent names goes without it. */
static void
consider (Search *self, const CardeaModuleEntry *entry, CardeaHostRoles roles)
{
  g_autofree char *real = realpath (entry->path, NULL);
  gboolean is_exempt = real != NULL && g_hash_table_contains (self->exempt, real);
  g_autofree char *judged = NULL;
  g_autoptr (GError) error = NULL;

  if (!is_exempt && is_disabled (self, entry, real))
    return;
  if (!is_exempt)
    judged = cardea_module_path_resolve (entry->path, &error);
  if (!g_hash_table_add (self->taken, g_strdup (judged != NULL ? judged : real != NULL ? real : entry->path)))
    return;
  if (judged != NULL || is_exempt)
    add_spec (self, entry, is_exempt ? real : judged, roles);
  else
    add_refusal (self, entry, error);
}

static GStrv
get_folders (Search *self, const CardeaModuleSources *sources)
{
  g_autofree char *user_config = g_build_filename (g_get_user_config_dir (), "pkcs11", "pkcs11.conf", NULL);
  g_autofree char *user_modules = g_build_filename (g_get_user_config_dir (), "pkcs11", "modules", NULL);
  const CardeaP11KitPlaces places = {
    .package_modules = CARDEA_P11_PACKAGE_CONFIGS,
    .system_config = SYSTEM_CONFIG "/pkcs11.conf",
    .system_modules = SYSTEM_CONFIG "/modules",
    .user_config = user_config,
    .user_modules = user_modules,
  };

  if (sources->p11_kit_directories != NULL)
    return g_strdupv ((char **)sources->p11_kit_directories);
  return cardea_p11_kit_get_folders (&places, self->problems);
}

static GPtrArray *
read_p11_kit (Search *self, const CardeaModuleSources *sources)
{
  g_auto (GStrv) folders = NULL;

  if (!cardea_config_get_p11_kit_modules (self->config))
    return cardea_module_entries_new ();
  folders = get_folders (self, sources);
  return cardea_p11_kit_read ((const char *const *)folders, PROGRAM, self->problems);
}

static void
add_p11_kit (Search *self, GPtrArray *entries)
{
  for (guint i = 0; i < entries->len; i++) {
    const CardeaModuleEntry *entry = entries->pdata[i];

    if (!entry->is_trust && !cardea_module_entry_is_p11_kit_trust (entry) &&
        !cardea_module_entry_is_skipped (entry))
      consider (self, entry, CARDEA_HOST_TOKENS);
  }
}

/* The trust module that p11-kit was built with, unless one of its files names it elsewhere or with arguments.
 */
static CardeaModuleEntry *
find_trust (GPtrArray *entries)
{
  for (guint i = 0; i < entries->len; i++) {
    const CardeaModuleEntry *entry = entries->pdata[i];

    if (cardea_module_entry_is_p11_kit_trust (entry))
      return cardea_module_entry_new ("system", entry->path, entry->init_arguments, entry->origin);
  }
  return cardea_module_entry_new ("system", CARDEA_P11_MODULE_PATH "/p11-kit-trust.so", NULL, "p11-kit");
}

static void
add_system_authorities (Search *self, GPtrArray *entries)
{
  g_autoptr (CardeaModuleEntry) trust = find_trust (entries);
  g_autofree char *real = NULL;
  g_autoptr (GError) error = NULL;

  if (!cardea_config_get_system_authorities (self->config))
    return;
  real = cardea_module_path_resolve (trust->path, &error);
  if (real != NULL)
    add_spec (self, trust, real, CARDEA_HOST_AUTHORITIES);
  else
    g_ptr_array_add (
        self->problems,
        cardea_reason_new (CARDEA_REASON_AUTHORITIES_UNREADABLE,
                           "Install the package p11-kit-modules, or set system=false in [authorities].",
                           "The system's authorities cannot be read: %s.", error->message));
}

static void
add_database (Search *self)
{
  const char *folder = cardea_config_get_nss_database (self->config);
  const CardeaModuleEntry own = { .name = (char *)"nss-database", .path = (char *)"" };
  CardeaHostRoles roles = 0;
  CardeaHostSpec *spec;

  if (cardea_config_get_database_modules (self->config) && !is_disabled (self, &own, NULL))
    roles |= CARDEA_HOST_TOKENS;
  if (cardea_config_get_database_authorities (self->config))
    roles |= CARDEA_HOST_AUTHORITIES;
  if (folder == NULL)
    return;
  g_hash_table_add (self->names, g_strdup ("nss-database"));
  spec = cardea_nss_database_get_spec (folder, roles, self->problems);
  if (spec != NULL)
    g_ptr_array_add (self->specs, spec);
}

static void
add_database_modules (Search *self)
{
  const char *folder = cardea_config_get_nss_database (self->config);
  g_autoptr (GPtrArray) entries = NULL;

  if (!cardea_config_get_database_modules (self->config) || folder == NULL)
    return;
  entries = cardea_nss_database_read_modules (folder, self->problems);
  for (guint i = 0; i < entries->len; i++)
    if (!cardea_module_entry_is_skipped (entries->pdata[i]))
      consider (self, entries->pdata[i], CARDEA_HOST_TOKENS);
}

/* "/usr/lib/softhsm/libsofthsm2.so" is called "softhsm2". */
static CardeaModuleEntry *
make_entry (const char *path, const char *origin)
{
  g_autofree char *base = g_path_get_basename (path);
  char *ending = strstr (base, ".so");

  if (ending != NULL && ending != base)
    *ending = '\0';
  return cardea_module_entry_new (g_str_has_prefix (base, "lib") && base[3] != '\0' ? base + 3 : base, path,
                                  NULL, origin);
}

static void
add_paths (Search *self, const char *const *paths, const char *origin)
{
  for (guint i = 0; paths != NULL && paths[i] != NULL; i++) {
    g_autoptr (CardeaModuleEntry) entry = make_entry (paths[i], origin);

    consider (self, entry, CARDEA_HOST_TOKENS);
  }
}

/* What the person who starts the agent names goes without the rule, but must be a file. */
static void
exempt_command_line (Search *self, const char *const *paths)
{
  for (guint i = 0; paths != NULL && paths[i] != NULL; i++) {
    g_autofree char *real = g_path_is_absolute (paths[i]) ? realpath (paths[i], NULL) : NULL;

    if (real != NULL && g_file_test (real, G_FILE_TEST_IS_REGULAR))
      g_hash_table_add (self->exempt, g_steal_pointer (&real));
  }
}

GPtrArray *
cardea_modules_find (const CardeaConfig *config, const CardeaModuleSources *sources, GPtrArray *problems)
{
  g_autoptr (GHashTable) exempt = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Search search = { config, exempt, taken, names, g_ptr_array_new_with_free_func (free_spec), problems };
  g_autoptr (GPtrArray) p11_kit = read_p11_kit (&search, sources);

  exempt_command_line (&search, sources->command_line);
  add_system_authorities (&search, p11_kit);
  add_database (&search);
  add_paths (&search, sources->command_line, "the command line");
  add_p11_kit (&search, p11_kit);
  add_database_modules (&search);
  add_paths (&search, cardea_config_get_modules (config), "the configuration");
  return search.specs;
}
