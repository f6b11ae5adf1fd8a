/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea-nss-config trust add: every certificate of the file is looked at before the first is stored, so that
 * a file with a wrong one changes nothing. */

#include <fcntl.h>
#include <gio/gio.h>
#include <unistd.h>

#include "nss-config/commands.h"
#include "nss-config/database.h"
#include "nss-config/terminal.h"
#include "nss-config/trust.h"
#include "socket-api/client/pem.h"
#include "socket-api/client/text.h"

static const char *
describe (CardeaTrustOutcome outcome)
{
  switch (outcome) {
  case CARDEA_TRUST_ADDED:
    return "Added, and trusted for TLS servers";
  case CARDEA_TRUST_CHANGED:
    return "Was there, and is trusted for TLS servers from now on";
  case CARDEA_TRUST_ALREADY:
  default:
    return "Was trusted for TLS servers already: nothing was changed";
  }
}

static void
report (const CardeaTrustResult *result)
{
  g_autofree char *subject = cardea_text_safe (result->subject);

  g_print ("%s\n  SHA-256 %s\n  %s.\n", subject, result->sha256, describe (result->outcome));
}

static gboolean
check_all (CardeaDatabase *database, GPtrArray *certificates, GError **error)
{
  for (guint i = 0; i < certificates->len; i++) {
    g_auto (CardeaTrustResult) result = { 0 };

    if (!cardea_trust_check (database, g_ptr_array_index (certificates, i), &result, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
unlock (CardeaDatabase *database, GError **error)
{
  g_autoptr (CardeaSecret) password = NULL;
  g_autofree char *question = NULL;
  int tty;

  if (!cardea_trust_needs_password (database))
    return TRUE;
  tty = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (tty < 0) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
        "The database in %s has a password, and there is no terminal to ask for it: run this in a terminal. "
        "Nothing was changed",
        cardea_database_get_folder (database));
    return FALSE;
  }
  question = g_strdup_printf ("Password of the database in %s: ", cardea_database_get_folder (database));
  password = cardea_terminal_ask_password (tty, question, error);
  close (tty);
  return password != NULL && cardea_trust_unlock (database, password, error);
}

static gboolean
add_all (CardeaDatabase *database, GPtrArray *certificates, const char *name, GError **error)
{
  for (guint i = 0; i < certificates->len; i++) {
    g_auto (CardeaTrustResult) result = { 0 };

    if (!cardea_trust_add (database, g_ptr_array_index (certificates, i), name, &result, error))
      return FALSE;
    report (&result);
  }
  return TRUE;
}

int
cardea_nss_config_trust_add (const char *folder, const char *file, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) certificates = cardea_pem_load_certificates (file, &error);
  g_autoptr (CardeaDatabase) database = NULL;

  if (certificates == NULL)
    return cardea_nss_config_fail (error);
  if (name != NULL && certificates->len > 1) {
    g_set_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "%s holds %u certificates: --name can be given for one only", file, certificates->len);
    return cardea_nss_config_fail (error);
  }
  database = cardea_database_open (folder, &error);
  if (database == NULL || !check_all (database, certificates, &error) || !unlock (database, &error) ||
      !add_all (database, certificates, name, &error))
    return cardea_nss_config_fail (error);
  return CARDEA_NSS_CONFIG_SUCCESS;
}
