/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsecret/secret.h>

G_BEGIN_DECLS

/* A session with the secret service of the user's bus that neither asks a person anything nor carries secrets
 * in the clear. */
#define CARDEA_TYPE_KEYRING_SESSION (cardea_keyring_session_get_type ())
G_DECLARE_FINAL_TYPE (CardeaKeyringSession, cardea_keyring_session, CARDEA, KEYRING_SESSION, SecretService)

/* On a connection of its own, which ends with it. Errors: any of G_IO_ERROR, G_DBUS_ERROR and SECRET_ERROR;
 * G_IO_ERROR_NOT_FOUND without a bus, G_IO_ERROR_PERMISSION_DENIED when nothing but "plain" is offered. */
void cardea_keyring_session_open_async (GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer data);
SecretService *cardea_keyring_session_open_finish (GAsyncResult *result, GError **error);

G_END_DECLS
