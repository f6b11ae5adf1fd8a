/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea-agent: options, signals, the loop, the exit code. */
#include <glib-unix.h>
#include <libintl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "agent/agent.h"
#include "agent/log.h"
#include "config.h"
#include "socket-api/secret/secret.h"

enum
{
  EXIT_DONE = 0,
  EXIT_FAILED = 1,
  EXIT_USAGE = 2,
};

typedef struct
{
  CardeaAgent *agent;
  GMainLoop *loop;
} Program;

/* Each stream takes three descriptors. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;

  limit.rlim_cur = limit.rlim_max;
  if (setrlimit (RLIMIT_NOFILE, &limit) != 0)
    g_warning ("The limit on open files stays low; fewer streams than documented are possible");
}

/* Signals are taken from the start on, since the socket is there before the loop runs; what comes before that
 * is done then. While a start that failed is undone there is nothing to stop. */
static void
on_stopped (gpointer user_data)
{
  g_main_loop_quit (user_data);
}

static gboolean
on_stop_signal (gpointer user_data)
{
  Program *program = user_data;

  if (!program->agent)
    return G_SOURCE_CONTINUE;
  sd_notify (0, "STOPPING=1");
  cardea_agent_stop (program->agent, on_stopped, program->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_reload_signal (gpointer user_data)
{
  Program *program = user_data;

  if (!program->agent)
    return G_SOURCE_CONTINUE;
  sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
  cardea_agent_reload (program->agent);
  sd_notify (0, "READY=1");
  return G_SOURCE_CONTINUE;
}

static int
run (const CardeaOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (CardeaAgent) agent = NULL;
  Program program = { NULL, loop };
  const guint sources[] = {
    g_unix_signal_add (SIGTERM, on_stop_signal, &program),
    g_unix_signal_add (SIGINT, on_stop_signal, &program),
    g_unix_signal_add (SIGHUP, on_reload_signal, &program),
  };

  agent = program.agent = cardea_agent_new (options, &error);
  if (agent) {
    sd_notify (0, "READY=1");
    g_main_loop_run (loop);
  } else {
    g_printerr ("cardea-agent: %s\n", error->message);
  }

  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  return agent ? EXIT_DONE : EXIT_FAILED;
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaOptions) options = NULL;
  g_auto (GStrv) arguments = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain ("cardea", CARDEA_LOCALEDIR);
  bind_textdomain_codeset ("cardea", "UTF-8");
  textdomain ("cardea");
  if (!cardea_secret_protect_process (&error)) {
    g_printerr ("cardea-agent: %s\n", error->message);
    return EXIT_FAILED;
  }

  g_set_prgname ("cardea-agent");
  g_log_set_writer_func (cardea_log_write, NULL, NULL);
  signal (SIGPIPE, SIG_IGN);
  arguments = g_strdupv (argv);
  options = cardea_options_parse (arguments, &error);
  if (!options) {
    g_printerr ("cardea-agent: %s\nTry \"cardea-agent --help\".\n", error->message);
    return EXIT_USAGE;
  }

  if (options->version) {
    g_print ("cardea-agent %s\n", CARDEA_VERSION);
    return EXIT_DONE;
  }

  raise_descriptor_limit ();
  return run (options);
}
