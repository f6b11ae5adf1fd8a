/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea-nss-config init */

#include "nss-config/commands.h"
#include "nss-config/database.h"

int
cardea_nss_config_init (const char *folder)
{
  g_autoptr (GError) error = NULL;
  gboolean created = FALSE;

  if (!cardea_database_create (folder, &created, &error))
    return cardea_nss_config_fail (error);
  if (created)
    g_print ("A new database was made in %s. It has no password.\n", folder);
  else
    g_print ("There is a database in %s already. Nothing was changed.\n", folder);
  return CARDEA_NSS_CONFIG_SUCCESS;
}
