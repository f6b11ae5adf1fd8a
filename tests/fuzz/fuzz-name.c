/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes the names of servers, as programs, configurations and command lines write them. What is a good name
 * stays one, and the same one. */
#include <gio/gio.h>

#include "agent/base/config-server.h"
#include "agent/tls/dial.h"
#include "agent/tls/names.h"
#include "socket-api/cli/target.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

static void
check_host (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = cardea_host_name_normalise (text, &error);
  g_autofree char *again = NULL;

  if (!name) {
    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_INVALID_PARAMETER);
    fuzz_check_text (error->message, FALSE);
    return;
  }
  again = cardea_host_name_normalise (name, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again, ==, name);
  g_assert_cmpuint (strlen (name), <=, CARDEA_LIMIT_HOST_NAME);
  g_assert_true (g_hostname_is_ip_address (name) || cardea_names_is_host (name, strlen (name)));
}

static void
check_server (const char *text)
{
  g_autofree char *problem = NULL;
  g_autofree char *server = cardea_config_parse_server (text, &problem);
  g_autofree char *other_problem = NULL;
  g_autofree char *again = NULL;

  if (!server) {
    g_assert_nonnull (problem);
    return;
  }
  again = cardea_config_parse_server (server, &other_problem);
  g_assert_cmpstr (again, ==, server);
}

static void
check_target (char *text)
{
  char *arguments[] = { text, NULL };
  g_autofree char *host = NULL;
  g_autofree char *server = NULL;
  guint16 port = 0;

  if (!cardea_target_parse (arguments, 1, &host, &port, NULL))
    return;
  g_assert_cmpuint (port, >, 0);
  server = cardea_config_make_server (host, port);
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
  FuzzInput input = { data, size };
  g_autofree char *text = fuzz_take_rest_text (&input);

  check_host (text);
  check_server (text);
  check_target (text);
  return 0;
}
