/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <libsecret/secret.h>

#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

#define CARDEA_SECRET_VALUE_TYPE "text/plain"

/* As long as what it returns is kept, libsecret has locked memory for one PIN and its ciphertext. Errors:
 * G_IO_ERROR_NO_SPACE when the kernel did not lock it. */
SecretValue *cardea_secret_value_make_room (GError **error);
/* The PIN in a value that a secret service gave, in memory of ours. Errors: G_IO_ERROR_INVALID_DATA when it
 * is none, G_IO_ERROR_NO_SPACE when the value was not in locked memory; it is erased then. */
CardeaSecret *cardea_secret_value_read (SecretValue *value, GError **error);

G_END_DECLS
