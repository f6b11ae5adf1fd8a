/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes both readers of certificate files: the client's, for a program's own authorities, and the agent's,
 * for those of its configuration. */
#include <unistd.h>

#include "agent/tls/pem.h"
#include "socket-api/client/pem.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

/* Never an empty list, and never an empty certificate. */
static void
check (GPtrArray *certificates, const GError *error)
{
  g_assert_true ((certificates == NULL) == (error != NULL));
  if (!certificates) {
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
    return;
  }
  g_assert_cmpuint (certificates->len, >, 0);
  for (guint i = 0; i < certificates->len; i++)
    g_assert_cmpuint (g_bytes_get_size (certificates->pdata[i]), >, 0);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_begin ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) client_error = NULL;
  g_autoptr (GError) agent_error = NULL;
  g_autoptr (GPtrArray) client = cardea_pem_parse_certificates (data, size, &client_error);
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autofree char *path = NULL;
  int fd = fuzz_make_file (bytes, &path);
  g_autoptr (GPtrArray) agent = cardea_pem_read_certificates (path, &agent_error);

  close (fd);
  check (client, client_error);
  check (agent, agent_error);
  return 0;
}
