/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The cardea command: which subcommand, and what they all share.
 *
 * GOptionContext's own --help ends the process in the middle of a function; ours is an option like the
 * others, so that tests can call everything below main (). */

#include "socket-api/cli/cli.h"

#include <gio/gio.h>
#include <string.h>

#include "config.h"
#include "socket-api/cli/commands.h"
#include "socket-api/cli/explain.h"
#include "socket-api/client/locate.h"

typedef struct
{
  const char *name;
  const char *summary;
  CardeaCommandFunc run;
} Command;

static const Command COMMANDS[] = {
  { "tokens", "List tokens and readers, and what is wrong with them", cardea_command_tokens },
  { "certificates", "List the certificates on them", cardea_command_certificates },
  { "connect", "Connect to a server: standard input and output become the stream", cardea_command_connect },
  { "explain", "Tell what connecting would meet and come to, without doing it", cardea_command_explain },
  { "status", "Tell whether the agent runs, and what it has", cardea_command_status },
  { "sessions", "List the connections there are", cardea_command_sessions },
  { "disconnect", "End a connection", cardea_command_disconnect },
  { "lock", "End the logins to tokens, so that the PIN is needed again", cardea_command_lock },
  { "pin", "Give a token a new PIN, by the old one or by its PUK", cardea_command_pin },
  { "watch", "Tell what there is, and what changes, as it happens", cardea_command_watch },
  { "decisions", "List the decisions that are remembered", cardea_command_decisions },
  { "forget", "Forget decisions, so that you are asked again", cardea_command_forget },
  { "reload", "Have the agent read its configuration, modules and tokens again", cardea_command_reload },
};

static const Command *
find_command (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (COMMANDS); i++)
    if (g_str_equal (COMMANDS[i].name, name))
      return &COMMANDS[i];
  return NULL;
}

static char *
describe_commands (void)
{
  GString *text = g_string_new ("Commands:\n");

  for (gsize i = 0; i < G_N_ELEMENTS (COMMANDS); i++)
    g_string_append_printf (text, "  %-14s%s\n", COMMANDS[i].name, COMMANDS[i].summary);
  g_string_append (text, "\n\"cardea COMMAND --help\" tells more. The manual is cardea(1).");
  return g_string_free (text, FALSE);
}

int
cardea_cli_usage_error (const char *command, const char *message)
{
  g_printerr ("cardea: %s.\n\"cardea %s%s--help\" shows how it is used.\n", message,
              command != NULL ? command : "", command != NULL ? " " : "");
  return CARDEA_EXIT_USAGE;
}

static void
print_help (GOptionContext *context)
{
  g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

  g_print ("%s", help);
}

/* GOptionContext leaves a "--" that ended the options in place, and removes it only from before other
 * arguments. */
static void
drop_separator (int *argc, char **argv)
{
  if (*argc > 1 && g_str_equal (argv[1], "--")) {
    memmove (argv + 1, argv + 2, (gsize)(*argc - 1) * sizeof *argv);
    (*argc)--;
  }
}

gboolean
cardea_cli_parse (CardeaCli *cli, const GOptionEntry *entries, const char *arguments, const char *summary,
                  int n_min, int n_max, int *argc, char ***argv, int *exit_code)
{
  const char *command = (*argv)[0];
  g_autofree char *usage = g_strdup_printf ("%s%s%s", command, *arguments != '\0' ? " " : "", arguments);
  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  g_autoptr (GError) error = NULL;
  gboolean help = FALSE;
  const GOptionEntry shared[] = {
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &cli->socket, "The agent's socket", "PATH" },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context, summary);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, shared, NULL);
  if (!g_option_context_parse (context, argc, argv, &error)) {
    *exit_code = cardea_cli_usage_error (command, error->message);
    return FALSE;
  }
  drop_separator (argc, *argv);
  if (help) {
    print_help (context);
    *exit_code = CARDEA_EXIT_SUCCESS;
    return FALSE;
  }
  if (*argc - 1 < n_min || *argc - 1 > n_max) {
    *exit_code = cardea_cli_usage_error (command, *argc - 1 < n_min ? "An argument is missing"
                                                                    : "There is an argument too many");
    return FALSE;
  }
  return TRUE;
}

CardeaClient *
cardea_cli_connect (CardeaCli *cli, GError **error)
{
  g_autofree char *path = cardea_client_find_socket (cli->socket, error);

  return path != NULL ? cardea_client_new (path, error) : NULL;
}

int
cardea_cli_fail (const GError *error)
{
  g_autofree char *text = cardea_explain_error (error);

  g_printerr ("%s", text);
  return CARDEA_EXIT_FAILURE;
}

json_t *
cardea_cli_call (CardeaCli *cli, const char *method, json_t *parameters, GError **error)
{
  g_autoptr (CardeaClient) client = cardea_cli_connect (cli, error);

  return client != NULL ? cardea_client_call (client, method, parameters, CARDEA_CLIENT_CALL_MS, error)
                        : NULL;
}

int
cardea_cli_pass_terminal (CardeaClient *client, json_t *options, gboolean needed, GError **error)
{
  int terminal = cardea_client_open_terminal ();

  if (terminal < 0 && needed) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                         "There is no terminal to ask on, or this command does not run in its foreground");
    return -1;
  }
  if (terminal >= 0) {
    json_object_set_new (options, "terminal", json_string (needed ? "always" : "if_needed"));
    cardea_client_set_descriptor (client, terminal);
  }
  return terminal;
}

void
cardea_cli_print_json (json_t *value)
{
  char *text = json_dumps (value, JSON_INDENT (2) | JSON_ENSURE_ASCII);

  g_print ("%s\n", text != NULL ? text : "{}");
  free (text);
}

int
cardea_cli_list (CardeaCli *cli, int argc, char **argv, const char *method, const char *summary,
                 CardeaFormatFunc format)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) reply = NULL;
  g_autofree char *text = NULL;
  gboolean json = FALSE;
  int exit_code;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print the agent's reply as JSON", NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!cardea_cli_parse (cli, entries, "", summary, 0, 0, &argc, &argv, &exit_code))
    return exit_code;
  reply = cardea_cli_call (cli, method, NULL, &error);
  if (reply == NULL)
    return cardea_cli_fail (error);
  if (json) {
    cardea_cli_print_json (reply);
    return CARDEA_EXIT_SUCCESS;
  }
  text = format (reply);
  g_print ("%s", text);
  return CARDEA_EXIT_SUCCESS;
}

/* The options before the subcommand. FALSE: return @exit_code. */
static gboolean
parse_leading (CardeaCli *cli, int *argc, char ***argv, int *exit_code)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("COMMAND [ARGUMENT...]");
  g_autofree char *commands = describe_commands ();
  g_autoptr (GError) error = NULL;
  gboolean help = FALSE;
  gboolean version = FALSE;
  const GOptionEntry entries[] = {
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &cli->socket, "The agent's socket", "PATH" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Show the version", NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL },
    G_OPTION_ENTRY_NULL,
  };

  *exit_code = CARDEA_EXIT_SUCCESS;
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_set_summary (context, "TLS connections with certificates whose keys stay on tokens.");
  g_option_context_set_description (context, commands);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, &error)) {
    *exit_code = cardea_cli_usage_error (NULL, error->message);
    return FALSE;
  }
  drop_separator (argc, *argv);
  if (help)
    print_help (context);
  else if (version)
    g_print ("cardea %s\n", CARDEA_VERSION);
  return !help && !version;
}

int
cardea_cli_run (int argc, char **argv)
{
  CardeaCli cli = { 0 };
  const Command *command;
  int exit_code;

  g_set_prgname ("cardea");
  if (!parse_leading (&cli, &argc, &argv, &exit_code))
    ;
  else if (argc < 2)
    exit_code = cardea_cli_usage_error (NULL, "A command is missing");
  else if ((command = find_command (argv[1])) == NULL) {
    g_autofree char *message = g_strdup_printf ("There is no command \"%s\"", argv[1]);

    exit_code = cardea_cli_usage_error (NULL, message);
  } else
    exit_code = command->run (&cli, argc - 1, argv + 1);
  g_free (cli.socket);
  return exit_code;
}
