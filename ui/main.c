/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea-prompt: asks one question for cardea-agent, and ends. */

#include <fcntl.h>
#include <gtk/gtk.h>
#include <libintl.h>
#include <locale.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "socket-api/private/child.h"
#include "socket-api/secret/secret.h"
#include "ui/prompt.h"
#include "ui/tty-prompt.h"

#define PROGRAM "cardea-prompt"
#define EXIT_CANCELLED 1
#define EXIT_USAGE 2
#define EXIT_NO_DISPLAY 3

typedef struct
{
  int channel;
  int pin;
  int terminal;
  gboolean on_terminal;
  gboolean version;
} Options;

/* A terminal's number means nothing without the option. */
static gboolean
are_apart (const Options *options)
{
  gboolean apart = options->channel >= 3 && options->pin >= 3 && options->channel != options->pin;

  if (!options->on_terminal)
    return apart;
  return apart && options->terminal >= 3 && options->channel != options->terminal &&
         options->pin != options->terminal;
}

static gboolean
parse (Options *options, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "fd", 0, 0, G_OPTION_ARG_INT, &options->channel, "The socket of cardea-agent (default: 3)", "N" },
    { "pin-fd", 0, 0, G_OPTION_ARG_INT, &options->pin, "The pipe that takes a PIN (default: 4)", "N" },
    { "terminal", 0, 0, G_OPTION_ARG_NONE, &options->on_terminal, "Ask on a terminal, not on a display",
      NULL },
    { "terminal-fd", 0, 0, G_OPTION_ARG_INT, &options->terminal, "That terminal (default: 5)", "N" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version and end", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- ask one question for cardea-agent");

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  if (argc == 1 && are_apart (options))
    return TRUE;
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "takes different descriptors from 3 on, and nothing else");
  return FALSE;
}

/* A number without a descriptor behind it would soon be GTK's, and the PIN would go there. */
static gboolean
check_pipe (int pin, GError **error)
{
  struct stat info;

  if (fstat (pin, &info) == 0 && S_ISFIFO (info.st_mode))
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "descriptor %d is no pipe for a PIN", pin);
  return FALSE;
}

static int
fail (const GError *error)
{
  g_printerr (PROGRAM ": %s\n", error->message);
  return EXIT_USAGE;
}

/* What GTK asks the environment for, before it does. A renderer on the processor shows the first frame
 * soonest, and without OpenGL, which GTK would set up all the same, the process is a third of the size and
 * has no driver's code in it; a desktop portal that hangs would hold it up for half a minute; and a chosen
 * input method is ignored. */
static void
set_environment (void)
{
  g_setenv ("GSK_RENDERER", "cairo", FALSE);
  g_setenv ("GDK_DEBUG", "gl-disable", FALSE);
  g_setenv ("ADW_DISABLE_PORTAL", "1", FALSE);
  g_unsetenv ("GTK_IM_MODULE");
}

static void
set_up_translations (void)
{
  bindtextdomain ("cardea", CARDEA_LOCALEDIR);
  bind_textdomain_codeset ("cardea", "UTF-8");
  textdomain ("cardea");
}

/* Whoever ends this process, it leaves a terminal on which one sees what one types. Only while there is one.
 */
static CardeaTty *terminal;

static void
on_signal (int number)
{
  cardea_tty_restore (terminal);
  _exit (EXIT_CANCELLED);
}

/* The agent's death is a signal that can be answered, not the one that cannot. */
static void
catch_signals (void)
{
  static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
  struct sigaction action = { .sa_handler = on_signal };

  sigfillset (&action.sa_mask);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    sigaction (numbers[i], &action, NULL);
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

static int
ask_on_terminal (const Options *options)
{
  g_autoptr (GError) error = NULL;
  sigset_t all, before;
  gboolean answered;

  setlocale (LC_ALL, "");
  sigfillset (&all);
  sigprocmask (SIG_BLOCK, &all, &before);
  terminal = cardea_tty_new (options->terminal, &error);
  if (terminal != NULL)
    catch_signals ();
  sigprocmask (SIG_SETMASK, &before, NULL);
  if (terminal == NULL)
    return fail (error);
  answered = cardea_tty_prompt_run (terminal, options->channel, options->pin);
  sigprocmask (SIG_BLOCK, &all, NULL);
  cardea_tty_free (terminal);
  return answered ? 0 : EXIT_CANCELLED;
}

int
main (int argc, char **argv)
{
  Options options = { .channel = 3, .pin = 4, .terminal = 5 };
  g_autoptr (GError) error = NULL;

  if (!cardea_secret_protect_process (&error) || !parse (&options, argc, argv, &error))
    return fail (error);
  if (options.version) {
    g_print (PROGRAM " " CARDEA_VERSION "\n");
    return 0;
  }
  if (!cardea_child_die_with_parent (options.channel, &error) || !check_pipe (options.pin, &error))
    return fail (error);
  fcntl (options.channel, F_SETFD, FD_CLOEXEC);
  fcntl (options.pin, F_SETFD, FD_CLOEXEC);
  signal (SIGPIPE, SIG_IGN);
  set_up_translations ();
  if (options.on_terminal)
    return ask_on_terminal (&options);
  set_environment ();
  if (!gtk_init_check ()) {
    g_printerr (PROGRAM ": there is no display\n");
    return EXIT_NO_DISPLAY;
  }
  return cardea_prompt_run (options.channel, options.pin) ? 0 : EXIT_CANCELLED;
}
