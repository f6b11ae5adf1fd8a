/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where the agent's socket is.
 *
 * There is no fall-back to a folder in /tmp when XDG_RUNTIME_DIR is missing: anybody could have made that
 * one. */

#include "socket-api/client/locate.h"

#include <sys/un.h>

#include "socket-api/wire/error.h"

static gboolean
is_set (const char *value)
{
  return value != NULL && *value != '\0';
}

char *
cardea_client_find_socket (const char *chosen, GError **error)
{
  const char *from_environment = g_getenv ("CARDEA_SOCKET");
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *path = NULL;

  if (chosen != NULL)
    path = g_strdup (chosen);
  else if (is_set (from_environment))
    path = g_strdup (from_environment);
  else if (is_set (runtime))
    path = g_build_filename (runtime, "cardea", "agent", NULL);
  else {
    cardea_set_error (
        error, CARDEA_ERROR_SERVICE,
        "Where the agent's socket is cannot be told: XDG_RUNTIME_DIR is not set. Log in to a session "
        "that sets it, or name the socket with --socket or CARDEA_SOCKET.");
    return NULL;
  }
  if (*path == '\0' || strlen (path) >= sizeof ((struct sockaddr_un *)NULL)->sun_path) {
    cardea_set_error (error, CARDEA_ERROR_SERVICE,
                      "\"%s\" cannot be the path of a socket: it must have 1 to %zu bytes.", path,
                      sizeof ((struct sockaddr_un *)NULL)->sun_path - 1);
    return NULL;
  }
  return g_steal_pointer (&path);
}
