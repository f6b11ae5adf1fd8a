/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Request: what a caller asked for, as a plain value. It outlives the API call it came from, because
 * cancelling a connection is not waiting for it. */

#include "agent/broker/request.h"

#include "agent/tls/dial.h"
#include "socket-api/wire/error.h"

CardeaRequest *
cardea_request_new (void)
{
  CardeaRequest *self = g_new0 (CardeaRequest, 1);

  self->interaction = TRUE;
  return self;
}

void
cardea_request_free (CardeaRequest *self)
{
  g_free (self->host);
  g_free (self->server_name);
  g_strfreev (self->alpn);
  g_free (self->certificate);
  g_clear_pointer (&self->socket, cardea_connected_socket_unref);
  g_clear_pointer (&self->authorities, g_ptr_array_unref);
  g_free (self->proxy);
  g_free (self->window);
  g_free (self->activation_token);
  g_clear_pointer (&self->terminal, cardea_terminal_unref);
  g_free (self);
}

CardeaRequest *
cardea_request_copy (const CardeaRequest *self)
{
  CardeaRequest *copy = g_memdup2 (self, sizeof *self);

  copy->host = g_strdup (self->host);
  copy->server_name = g_strdup (self->server_name);
  copy->alpn = g_strdupv (self->alpn);
  copy->certificate = g_strdup (self->certificate);
  copy->socket = self->socket != NULL ? cardea_connected_socket_ref (self->socket) : NULL;
  copy->authorities = self->authorities != NULL ? g_ptr_array_ref (self->authorities) : NULL;
  copy->proxy = g_strdup (self->proxy);
  copy->window = g_strdup (self->window);
  copy->activation_token = g_strdup (self->activation_token);
  copy->terminal = self->terminal != NULL ? cardea_terminal_ref (self->terminal) : NULL;
  return copy;
}

const char *
cardea_request_get_server_name (const CardeaRequest *self)
{
  return self->server_name != NULL ? self->server_name : self->host;
}

static gboolean
normalise (char **name, const char *parameter, GError **error)
{
  g_autoptr (GError) refusal = NULL;
  char *normal = cardea_host_name_normalise (*name, &refusal);

  if (normal == NULL) {
    cardea_error_take_parameter (refusal, "parameter", json_string (parameter));
    g_propagate_error (error, g_steal_pointer (&refusal));
    return FALSE;
  }
  g_free (*name);
  *name = normal;
  return TRUE;
}

gboolean
cardea_request_normalise (CardeaRequest *self, const char *parameter, GError **error)
{
  return normalise (&self->host, parameter, error) &&
         (self->server_name == NULL || normalise (&self->server_name, "options.server_name", error));
}
