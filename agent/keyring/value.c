/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* PINs as values of libsecret: in memory that is locked, or not at all. */

#include "agent/keyring/value.h"

#include <gio/gio.h>
#include <string.h>

#include "agent/keyring/locked-memory.h"
#include "socket-api/limits.h"

static gboolean
is_locked (const void *bytes, gsize length)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  /* Their mlock(2) does nothing. */
  return TRUE;
#else
  return cardea_memory_is_locked (bytes, length);
#endif
}

/* A value of libsecret's as large as any it will have for us. Its allocator puts the next ones beside it, and
 * if this one is not locked, they would not be. */
SecretValue *
cardea_secret_value_make_room (GError **error)
{
  static const char nothing[2 * CARDEA_LIMIT_PIN_BYTES] = { 0 };
  g_autoptr (SecretValue) room = secret_value_new (nothing, sizeof nothing, CARDEA_SECRET_VALUE_TYPE);

  if (is_locked (secret_value_get (room, NULL), sizeof nothing))
    return g_steal_pointer (&room);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                       "Memory for a PIN of the secret service cannot be locked; raise the limit for locked "
                       "memory (ulimit -l).");
  return NULL;
}

/* Any program of the user can put anything there. */
CardeaSecret *
cardea_secret_value_read (SecretValue *value, GError **error)
{
  gsize length;
  const char *bytes = secret_value_get (value, &length);

  if (length == 0 || length > CARDEA_LIMIT_PIN_BYTES || memchr (bytes, 0, length) != NULL) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                         "What the secret service has for this token is no PIN.");
    return NULL;
  }
  if (!is_locked (bytes, length)) {
    explicit_bzero ((void *)bytes, length);
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                         "The PIN of the secret service was not in locked memory.");
    return NULL;
  }
  return cardea_secret_new (bytes, length, error);
}
