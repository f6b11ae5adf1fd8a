/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The unlocker with real tokens: logins go to token hosts, and the catalogue knows what is present. */

#include "agent/pin/login.h"

static void
login_async (gpointer data, CardeaToken *token, CardeaSecret *pin, CardeaLoginManner manner,
             GAsyncReadyCallback callback, gpointer callback_data)
{
  /* Without a cancellable: a login that was sent is waited for, or a try could be lost without anybody
   * knowing. */
  cardea_host_login_async (token->host, token->generation, token->info->slot, pin, manner, NULL, callback,
                           callback_data);
}

static gboolean
login_finish (gpointer data, CardeaToken *token, GAsyncResult *result, GError **error)
{
  return cardea_host_login_finish (token->host, result, error);
}

static void
logout_async (gpointer data, CardeaToken *token, GAsyncReadyCallback callback, gpointer callback_data)
{
  cardea_host_logout_async (token->host, token->generation, token->info->slot, callback, callback_data);
}

static void
logout_finish (gpointer data, CardeaToken *token, GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;

  if (cardea_host_logout_finish (token->host, result, &error))
    return;
  g_message ("The token %s was not logged out, so its process is ended: %s", token->uri, error->message);
  cardea_host_end (token->host, token->generation);
}

static GPtrArray *
get_tokens (gpointer data)
{
  return cardea_catalogue_get_tokens (CARDEA_CATALOGUE (data));
}

static const CardeaPinLogin host_login = { login_async, login_finish, logout_async, logout_finish,
                                           get_tokens };

CardeaUnlocker *
cardea_unlocker_new (CardeaPrompter *prompter, CardeaCatalogue *catalogue, const char *state_directory)
{
  CardeaUnlocker *self;

  g_return_val_if_fail (CARDEA_IS_CATALOGUE (catalogue), NULL);

  self = cardea_unlocker_new_with_login (prompter, state_directory, &host_login, g_object_ref (catalogue),
                                         g_object_unref);
  g_signal_connect_object (catalogue, "changed", G_CALLBACK (cardea_unlocker_look), self, G_CONNECT_SWAPPED);
  return self;
}
