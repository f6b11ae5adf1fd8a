/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The command line, and what stands in for options that are not there. */
#include "agent/options.h"

#include "config.h"

static gboolean
check (CardeaOptions *self, char **rest, GError **error)
{
  const char *const paths[] = { self->socket, self->host_program, self->prompt_program, self->state_directory,
                                self->rules_directory };

  if (rest && rest[0]) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "\"%s\" is not expected here", rest[0]);
    return FALSE;
  }

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    if (paths[i] && !g_path_is_absolute (paths[i])) {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "\"%s\" must be an absolute path",
                   paths[i]);
      return FALSE;
    }
  }

  for (guint i = 0; self->modules && self->modules[i]; i++) {
    if (!g_path_is_absolute (self->modules[i])) {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "Module \"%s\" must be an absolute path",
                   self->modules[i]);
      return FALSE;
    }
  }

  return TRUE;
}

CardeaOptions *
cardea_options_parse (char **arguments, GError **error)
{
  g_autoptr (CardeaOptions) self = g_new0 (CardeaOptions, 1);
  g_auto (GStrv) rest = NULL;
  const GOptionEntry entries[] = {
    { "headless", 0, 0, G_OPTION_ARG_NONE, &self->headless,
      "Nobody can be asked: only [allow] servers, PINs from sources", NULL },
    { "config", 'c', 0, G_OPTION_ARG_FILENAME_ARRAY, &self->config_files,
      "Read this configuration instead of the usual ones; may be repeated", "FILE" },
    { "module", 'm', 0, G_OPTION_ARG_FILENAME_ARRAY, &self->modules,
      "Load this PKCS#11 module too; may be repeated", "PATH" },
    { "socket", 's', 0, G_OPTION_ARG_FILENAME, &self->socket, "Listen here", "PATH" },
    { "state-directory", 0, 0, G_OPTION_ARG_FILENAME, &self->state_directory,
      "Keep marks of used PINs and remembered decisions here", "PATH" },
    { "host-program", 0, 0, G_OPTION_ARG_FILENAME, &self->host_program, "Where cardea-token-host is",
      "PATH" },
    { "prompt-program", 0, 0, G_OPTION_ARG_FILENAME, &self->prompt_program, "Where cardea-prompt is",
      "PATH" },
    { "rules-directory", 0, 0, G_OPTION_ARG_FILENAME, &self->rules_directory,
      "Read the rules of this user's here instead of the administrator's", "PATH" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->version, "Print the version", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (
      context, "Makes TLS connections for this user's programs, with keys that stay on tokens.");
  g_option_context_set_description (context, "See cardea-agent(1) and cardea-agent.conf(5).");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse_strv (context, &arguments, error) || !check (self, rest, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
cardea_options_free (CardeaOptions *self)
{
  g_strfreev (self->config_files);
  g_strfreev (self->modules);
  g_free (self->socket);
  g_free (self->host_program);
  g_free (self->prompt_program);
  g_free (self->rules_directory);
  g_free (self->state_directory);
  g_free (self);
}

char **
cardea_options_get_config_files (const CardeaOptions *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *of_user = NULL;

  if (self->config_files)
    return g_strdupv (self->config_files);

  of_user = g_build_filename (g_get_user_config_dir (), "cardea", "agent.conf", NULL);
  g_strv_builder_add (builder, CARDEA_SYSCONFDIR "/cardea/agent.conf");
  g_strv_builder_add (builder, of_user);
  return g_strv_builder_end (builder);
}

char *
cardea_options_get_socket (const CardeaOptions *self)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");

  if (self->socket)
    return g_strdup (self->socket);

  /* GLib would fall back to the cache folder, where no program looks for us. */
  return runtime && g_path_is_absolute (runtime) ? g_build_filename (runtime, "cardea", "agent", NULL) : NULL;
}

/* @in_tree: from the folder of this program, in the tree it was built in. */
static char *
find_helper (const char *named, const char *in_tree, const char *installed)
{
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = own ? g_path_get_dirname (own) : NULL;
  g_autofree char *beside = folder ? g_build_filename (folder, in_tree, NULL) : NULL;

  if (named)
    return g_strdup (named);
  if (beside && g_file_test (beside, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&beside);

  return g_strdup (installed);
}

char *
cardea_options_get_host_program (const CardeaOptions *self)
{
  return find_helper (self->host_program, "token-host/cardea-token-host",
                      CARDEA_LIBEXECDIR "/cardea-token-host");
}

char *
cardea_options_get_prompt_program (const CardeaOptions *self)
{
  return find_helper (self->prompt_program, "../ui/cardea-prompt", CARDEA_LIBEXECDIR "/cardea-prompt");
}

char *
cardea_options_get_state_directory (const CardeaOptions *self)
{
  if (self->state_directory)
    return g_strdup (self->state_directory);

  return g_build_filename (g_get_user_state_dir (), "cardea", NULL);
}
