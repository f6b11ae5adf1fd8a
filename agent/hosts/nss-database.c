/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Opening the user's database in the agent would load every module that its pkcs11.txt names into the agent.
 * So the file is read here as text, each module gets a host of its own, and so does the database. */

#include "agent/hosts/nss-database.h"

#include <string.h>

#include "agent/base/reason.h"
#include "agent/hosts/module-lines.h"
#include "config.h"

#define MAX_MODULES 64
#define CONFIGDIR "configdir='sql:"

typedef struct
{
  char *library, *name, *parameters, *nss;
  gboolean malformed;
} Stanza;

static void
stanza_clear (Stanza *self)
{
  g_clear_pointer (&self->library, g_free);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->parameters, g_free);
  g_clear_pointer (&self->nss, g_free);
  self->malformed = FALSE;
}

static void
stanza_set (Stanza *self, const char *name, const char *value)
{
  char **field = NULL;

  if (g_ascii_strcasecmp (name, "library") == 0)
    field = &self->library;
  else if (g_ascii_strcasecmp (name, "name") == 0)
    field = &self->name;
  else if (g_ascii_strcasecmp (name, "parameters") == 0)
    field = &self->parameters;
  else if (g_ascii_strcasecmp (name, "NSS") == 0)
    field = &self->nss;
  if (field == NULL)
    return;
  g_free (*field);
  *field = g_strdup (value);
}

static gboolean
is_internal (const Stanza *self)
{
  g_autofree char *flags = self->nss != NULL ? g_ascii_strdown (self->nss, -1) : g_strdup ("");
  const char *begin = strstr (flags, "flags=");
  g_autofree char *list = begin != NULL ? g_strndup (begin, strcspn (begin, " \t")) : g_strdup ("");

  return self->library == NULL || *self->library == '\0' || strstr (list, "internal") != NULL ||
         strstr (list, "moduledbonly") != NULL;
}

/* Adds what the stanza names, if it names a module to host, and empties it. */
static void
finish_stanza (Stanza *self, const char *origin, GPtrArray *entries)
{
  if (!self->malformed && !is_internal (self) && entries->len < MAX_MODULES) {
    g_autofree char *path = g_canonicalize_filename (self->library, CARDEA_NSS_LIBDIR);
    g_autofree char *base = g_path_get_basename (path);
    const char *name = self->name != NULL && *self->name != '\0' ? self->name : base;
    g_autoptr (CardeaModuleEntry) entry = cardea_module_entry_new (name, path, self->parameters, origin);

    if (!cardea_module_entry_is_p11_kit_trust (entry))
      g_ptr_array_add (entries, g_steal_pointer (&entry));
  }
  stanza_clear (self);
}

static void
add_line_problem (GPtrArray *problems, const char *origin, guint line)
{
  g_ptr_array_add (
      problems,
      cardea_reason_new (CARDEA_REASON_MODULE_CONFIGURATION,
                         "Correct the file, or write it anew with modutil; then reload the agent.",
                         "%s:%u: this line is no setting of the form “name=value”; the module it belongs "
                         "to is left out.",
                         origin, line));
}

static void
parse_modules (char *text, const char *origin, GPtrArray *entries, GPtrArray *problems)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  Stanza stanza = { 0 };

  for (guint i = 0; lines[i] != NULL; i++) {
    char *name, *value;

    switch (cardea_module_line_parse (lines[i], '=', &name, &value)) {
    case CARDEA_MODULE_LINE_BLANK:
      finish_stanza (&stanza, origin, entries);
      break;
    case CARDEA_MODULE_LINE_SETTING:
      stanza_set (&stanza, name, value);
      break;
    case CARDEA_MODULE_LINE_MALFORMED:
      stanza.malformed = TRUE;
      add_line_problem (problems, origin, i + 1);
      break;
    case CARDEA_MODULE_LINE_COMMENT:
    default:
      break;
    }
  }
  finish_stanza (&stanza, origin, entries);
}

GPtrArray *
cardea_nss_database_read_modules (const char *folder, GPtrArray *problems)
{
  GPtrArray *entries = cardea_module_entries_new ();
  g_autofree char *path = g_build_filename (folder, "pkcs11.txt", NULL);
  g_autofree char *origin = g_filename_display_name (path);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = cardea_module_lines_read (path, &error);

  if (text != NULL)
    parse_modules (text, origin, entries, problems);
  else if (!g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_ptr_array_add (problems, cardea_reason_new (CARDEA_REASON_DATABASE_UNREADABLE,
                                                  "Check the permissions and the content of the file.", "%s.",
                                                  error->message));
  return entries;
}

/* softoken's arguments are name='value' pairs in which a backslash takes the next character as it is; a
 * control character has no business in them. */
static char *
quote (const char *folder)
{
  GString *quoted = g_string_new (NULL);

  for (; *folder != '\0'; folder++) {
    if (g_ascii_iscntrl (*folder)) {
      g_string_free (quoted, TRUE);
      return NULL;
    }
    if (*folder == '\'' || *folder == '\\')
      g_string_append_c (quoted, '\\');
    g_string_append_c (quoted, *folder);
  }
  return g_string_free (quoted, FALSE);
}

/* The other way round, up to the end of the quotation. */
static char *
unquote (const char *quoted)
{
  GString *folder = g_string_new (NULL);

  for (; *quoted != '\0' && *quoted != '\''; quoted++) {
    if (*quoted == '\\' && quoted[1] != '\0')
      quoted++;
    g_string_append_c (folder, *quoted);
  }
  return g_string_free (folder, FALSE);
}

char *
cardea_nss_database_get_folder (const CardeaHostSpec *spec)
{
  if (spec->init_arguments == NULL || !g_str_has_suffix (spec->module, "/libsoftokn3.so") ||
      !g_str_has_prefix (spec->init_arguments, CONFIGDIR))
    return NULL;
  return unquote (spec->init_arguments + strlen (CONFIGDIR));
}

CardeaHostSpec *
cardea_nss_database_get_spec (const char *folder, CardeaHostRoles roles, GPtrArray *problems)
{
  g_autofree char *file = g_build_filename (folder, "cert9.db", NULL);
  g_autofree char *quoted = quote (folder);
  g_autofree char *arguments = NULL;

  if (roles == 0 || !g_file_test (file, G_FILE_TEST_IS_REGULAR))
    return NULL;
  if (quoted == NULL) {
    g_ptr_array_add (
        problems, cardea_reason_new (CARDEA_REASON_DATABASE_UNREADABLE,
                                     "Move the database, and set database= of [nss] in the configuration.",
                                     "The name of the NSS database's folder has control characters in it."));
    return NULL;
  }
  arguments =
      g_strdup_printf (CONFIGDIR "%s' certPrefix='' keyPrefix='' secmod='secmod.db' flags=readOnly", quoted);
  return cardea_host_spec_new ("nss-database", CARDEA_NSS_LIBDIR "/libsoftokn3.so", arguments, roles);
}
