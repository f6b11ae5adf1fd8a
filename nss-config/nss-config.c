/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The arguments of cardea-nss-config. */

#include <string.h>

#include "config.h"
#include "nss-config/commands.h"
#include "nss-config/database.h"
#include "socket-api/client/text.h"

typedef struct
{
  char *database;
  char *name;
  gboolean help;
  gboolean version;
} Arguments;

static void
arguments_clear (Arguments *self)
{
  g_free (self->database);
  g_free (self->name);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Arguments, arguments_clear)

static int
fail_usage (const char *message)
{
  g_autofree char *safe = cardea_text_safe (message);

  g_printerr ("cardea-nss-config: %s.\n\"cardea-nss-config --help\" shows how it is used.\n", safe);
  return CARDEA_NSS_CONFIG_USAGE;
}

int
cardea_nss_config_fail (const GError *error)
{
  g_autofree char *safe = cardea_text_safe (error->message);

  g_printerr ("cardea-nss-config: %s.\n", safe);
  return CARDEA_NSS_CONFIG_FAILURE;
}

static GOptionContext *
make_context (Arguments *arguments)
{
  GOptionContext *context = g_option_context_new ("COMMAND");
  const GOptionEntry entries[] = {
    { "database", 'd', 0, G_OPTION_ARG_FILENAME, &arguments->database, "The database; default: ~/.pki/nssdb",
      "DIR" },
    { "name", 'n', 0, G_OPTION_ARG_STRING, &arguments->name, "Name of the certificate in the database",
      "NAME" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &arguments->version, "Show the version", NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &arguments->help, "Show this help", NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context, "Sets up a user's NSS database. No PKCS#11 module is loaded.");
  g_option_context_set_description (context,
                                    "Commands:\n"
                                    "  init              Make the database, unless there is one\n"
                                    "  trust add FILE    Trust the authorities in FILE (PEM or DER) for TLS "
                                    "servers\n"
                                    "\n"
                                    "The manual is cardea-nss-config(1).");
  g_option_context_add_main_entries (context, entries, NULL);
  return context;
}

static int
run_command (const Arguments *arguments, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = NULL;
  gboolean is_init = argc == 2 && g_str_equal (argv[1], "init");
  gboolean is_trust = argc >= 3 && g_str_equal (argv[1], "trust") && g_str_equal (argv[2], "add");

  if (argc < 2)
    return fail_usage ("A command is missing");
  if (is_trust && argc != 4)
    return fail_usage (argc < 4 ? "The file of the authority is missing" : "There is an argument too many");
  if (!is_init && !is_trust)
    return fail_usage ("The commands are \"init\" and \"trust add FILE\"");
  if (is_init && arguments->name != NULL)
    return fail_usage ("--name goes with \"trust add\" only");
  folder = cardea_database_find_folder (arguments->database, &error);
  if (folder == NULL)
    return cardea_nss_config_fail (error);
  return is_init ? cardea_nss_config_init (folder)
                 : cardea_nss_config_trust_add (folder, argv[3], arguments->name);
}

int
cardea_nss_config_run (int argc, char **argv)
{
  g_auto (Arguments) arguments = { 0 };
  g_autoptr (GOptionContext) context = make_context (&arguments);
  g_autoptr (GError) error = NULL;

  g_set_prgname ("cardea-nss-config");
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return fail_usage (error->message);
  if (argc > 1 && g_str_equal (argv[1], "--")) {
    memmove (argv + 1, argv + 2, (gsize)(argc - 1) * sizeof *argv);
    argc--;
  }
  if (arguments.help) {
    g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

    g_print ("%s", help);
    return CARDEA_NSS_CONFIG_SUCCESS;
  }
  if (arguments.version) {
    g_print ("cardea-nss-config %s\n", CARDEA_VERSION);
    return CARDEA_NSS_CONFIG_SUCCESS;
  }
  return run_command (&arguments, argc, argv);
}
