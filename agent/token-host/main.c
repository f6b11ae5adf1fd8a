/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea-token-host: runs one PKCS#11 module for cardea-agent, in a process that can be killed. */

#include <stdlib.h>
#include <unistd.h>

#include "agent/token-host/confine.h"
#include "agent/token-host/one-reader.h"
#include "agent/token-host/service.h"

int
main (int argc, char **argv)
{
  g_autofree char *module = NULL;
  g_autofree char *init_arguments = NULL;
  g_autofree char *reader = NULL;
  int socket = 3;
  const GOptionEntry entries[] = {
    { "module", 0, 0, G_OPTION_ARG_FILENAME, &module, "The PKCS#11 module to load", "PATH" },
    { "init-arguments", 0, 0, G_OPTION_ARG_STRING, &init_arguments, "What the module is initialised with",
      "STRING" },
    { "reader", 0, 0, G_OPTION_ARG_FILENAME, &reader, "OpenSC: the only card reader there is", "NAME" },
    { "fd", 0, 0, G_OPTION_ARG_INT, &socket, "The socket of cardea-agent (default: 3)", "N" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- run one PKCS#11 module for cardea-agent");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || module == NULL ||
      !g_path_is_absolute (module) || argc > 1 || socket < 3) {
    g_printerr ("cardea-token-host: %s\n", error != NULL
                                               ? error->message
                                               : "needs --module with an absolute path; it is started by "
                                                 "cardea-agent");
    return 2;
  }
  if (!cardea_confine_process (socket, &error) ||
      (reader != NULL && !cardea_one_reader_prepare (reader, &error))) {
    g_printerr ("cardea-token-host: %s\n", error->message);
    return 2;
  }

  int code = cardea_service_run (socket, module, init_arguments);

  _exit (code); /* nothing of the module's at exit: its threads may still run, and destructors hang */
}
