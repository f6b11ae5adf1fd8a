/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The unlocker with real tokens: logins go to token hosts, and the catalogue knows what is present. */

#include "agent/pin/login.h"

typedef struct
{
  CardeaCatalogue *catalogue;
  CardeaCardResets *resets;
} World;

static void
free_world (gpointer data)
{
  World *self = data;

  g_object_unref (self->catalogue);
  g_object_unref (self->resets);
  g_free (self);
}

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

/* On its way to the host and then to the card. */
typedef struct
{
  World *world;
  CardeaToken *token;
} Logout;

static void
free_logout (gpointer data)
{
  Logout *self = data;

  cardea_token_unref (self->token);
  g_free (self);
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;

  cardea_card_resets_settle_finish (CARDEA_CARD_RESETS (source), result);
  g_task_return_boolean (task, TRUE);
}

/* Most cards forget nothing by a logout. */
static void
on_logged_out (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Logout *self = g_task_get_task_data (task);
  CardeaToken *token = self->token;
  g_autoptr (GError) error = NULL;

  if (!cardea_host_logout_finish (token->host, result, &error)) {
    g_message ("The token %s was not logged out, so its process is ended: %s", token->uri, error->message);
    cardea_host_end (token->host, token->generation);
  }
  cardea_card_resets_begin (self->world->resets, token->insertion);
  cardea_card_resets_settle_async (self->world->resets, token->insertion, on_settled,
                                   g_steal_pointer (&task));
}

static void
logout_async (gpointer data, CardeaToken *token, GAsyncReadyCallback callback, gpointer callback_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, callback_data);
  Logout *self = g_new0 (Logout, 1);

  self->world = data;
  self->token = cardea_token_ref (token);
  g_task_set_source_tag (task, logout_async);
  g_task_set_task_data (task, self, free_logout);
  cardea_host_logout_async (token->host, token->generation, token->info->slot, on_logged_out, task);
}

static void
logout_finish (gpointer data, CardeaToken *token, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

static void
sign_async (gpointer data, CardeaToken *token, CardeaSignCall *call, CardeaSecret *pin,
            GAsyncReadyCallback callback, gpointer callback_data)
{
  cardea_host_sign_with_pin_async (token->host, call, pin, callback, callback_data);
}

static GBytes *
sign_finish (gpointer data, CardeaToken *token, GAsyncResult *result, GError **error)
{
  return cardea_host_sign_with_pin_finish (token->host, result, error);
}

static GPtrArray *
get_tokens (gpointer data)
{
  return cardea_catalogue_get_tokens (((World *)data)->catalogue);
}

static void
set_pin_async (gpointer data, CardeaToken *token, CardeaPinAction action, CardeaSecret *pins,
               GAsyncReadyCallback callback, gpointer callback_data)
{
  cardea_host_set_pin_async (token->host, token->generation, token->info->slot, action, pins, callback,
                             callback_data);
}

static gboolean
set_pin_finish (gpointer data, CardeaToken *token, GAsyncResult *result, GError **error)
{
  return cardea_host_set_pin_finish (token->host, result, error);
}

/* First the process, which could show the card its PIN again. */
static void
renew_async (gpointer data, CardeaToken *token, GAsyncReadyCallback callback, gpointer callback_data)
{
  World *world = data;
  GTask *task = g_task_new (NULL, NULL, callback, callback_data);

  g_task_set_source_tag (task, renew_async);
  cardea_catalogue_end_logins (world->catalogue, token->host);
  cardea_card_resets_begin (world->resets, token->insertion);
  cardea_card_resets_settle_async (world->resets, token->insertion, on_settled, task);
}

static const CardeaPinLogin host_login = { login_async,    login_finish, logout_async, logout_finish,
                                           sign_async,     sign_finish,  get_tokens,   set_pin_async,
                                           set_pin_finish, renew_async };

CardeaUnlocker *
cardea_unlocker_new (CardeaPrompter *prompter, CardeaCatalogue *catalogue, CardeaCardResets *resets,
                     const char *state_directory)
{
  CardeaUnlocker *self;
  World *world;

  g_return_val_if_fail (CARDEA_IS_CATALOGUE (catalogue), NULL);

  world = g_new0 (World, 1);
  world->catalogue = g_object_ref (catalogue);
  world->resets = g_object_ref (resets);
  self = cardea_unlocker_new_with_login (prompter, state_directory, &host_login, world, free_world);
  g_signal_connect_object (catalogue, "changed", G_CALLBACK (cardea_unlocker_look), self, G_CONNECT_SWAPPED);
  return self;
}
