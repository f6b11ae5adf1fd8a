/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/unlocker.h"

G_BEGIN_DECLS

/* What the unlocker needs of the world of tokens: the real one is in unlocker-host.c, tests bring their own.
 */
typedef struct
{
  /* One C_Login, exactly once; @pin NULL: the token's own pinpad. As cardea_host_login_async(). */
  void (*login_async) (gpointer data, CardeaToken *token, CardeaSecret *pin, CardeaLoginManner manner,
                       GAsyncReadyCallback callback, gpointer callback_data);
  gboolean (*login_finish) (gpointer data, CardeaToken *token, GAsyncResult *result, GError **error);
  /* Takes a login back, at the card as well; where that fails the token's process is ended, which takes it
   * back for certain. */
  void (*logout_async) (gpointer data, CardeaToken *token, GAsyncReadyCallback callback,
                        gpointer callback_data);
  void (*logout_finish) (gpointer data, CardeaToken *token, GAsyncResult *result);
  /* One signature with the PIN that its key wants for each; @pin NULL: the token's own pinpad. As
   * cardea_host_sign_with_pin_async(). */
  void (*sign_async) (gpointer data, CardeaToken *token, CardeaSignCall *call, CardeaSecret *pin,
                      GAsyncReadyCallback callback, gpointer callback_data);
  GBytes *(*sign_finish) (gpointer data, CardeaToken *token, GAsyncResult *result, GError **error);
  /* A new array that owns references to the tokens that are present now. */
  GPtrArray *(*get_tokens) (gpointer data);
  /* As cardea_host_set_pin_async(). */
  void (*set_pin_async) (gpointer data, CardeaToken *token, CardeaPinAction action, CardeaSecret *pins,
                         GAsyncReadyCallback callback, gpointer callback_data);
  gboolean (*set_pin_finish) (gpointer data, CardeaToken *token, GAsyncResult *result, GError **error);
  /* Ends every login of the token's process, at the card as well, and reads its tokens afresh; calls back
   * with a task when that is over. */
  void (*renew_async) (gpointer data, CardeaToken *token, GAsyncReadyCallback callback,
                       gpointer callback_data);
} CardeaPinLogin;

/* @login and what @data is stay valid as long as the unlocker. */
CardeaUnlocker *cardea_unlocker_new_with_login (CardeaPrompter *prompter, const char *state_directory,
                                                const CardeaPinLogin *login, gpointer data,
                                                GDestroyNotify destroy);

G_END_DECLS
