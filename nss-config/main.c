/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea-nss-config. It may be told the database's password, hence the protection. */

#include <glib.h>
#include <locale.h>
#include <stdio.h>

#include "nss-config/commands.h"
#include "socket-api/secret/secret.h"

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int exit_code;

  setlocale (LC_ALL, "");
  if (!cardea_secret_protect_process (&error))
    return cardea_nss_config_fail (error);
  exit_code = cardea_nss_config_run (argc, argv);
  if (fflush (stdout) != 0 || ferror (stdout) != 0)
    exit_code = CARDEA_NSS_CONFIG_FAILURE;
  return exit_code;
}
