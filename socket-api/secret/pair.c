/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two secrets as one: the length of the first in a byte, the first, the second.
 *
 * A PIN is never empty and fits a byte, so no byte of it all is NUL, which a secret may not have. */

#include "socket-api/secret/pair.h"

#include <gio/gio.h>
#include <string.h>

#include "socket-api/limits.h"
#include "socket-api/secret/pages.h"

G_STATIC_ASSERT (CARDEA_LIMIT_PIN_BYTES <= G_MAXUINT8);
G_STATIC_ASSERT (CARDEA_LIMIT_PIN_PAIR_BYTES == 1 + 2 * CARDEA_LIMIT_PIN_BYTES);

static gboolean
check_length (gsize length, GError **error)
{
  if (length > 0 && length <= CARDEA_LIMIT_PIN_BYTES)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       length > 0 ? "The PIN is too long" : "The PIN is empty");
  return FALSE;
}

CardeaSecret *
cardea_secret_join (const CardeaSecret *first, const CardeaSecret *second, GError **error)
{
  gsize n_first, n_second, size = CARDEA_LIMIT_PIN_PAIR_BYTES;
  const guint8 *first_bytes = cardea_secret_peek (first, &n_first);
  const guint8 *second_bytes = cardea_secret_peek (second, &n_second);
  CardeaSecret *both;
  guint8 *pages;

  if (!check_length (n_first, error) || !check_length (n_second, error))
    return NULL;
  pages = cardea_pages_new (&size, error);
  if (pages == NULL)
    return NULL;
  pages[0] = (guint8)n_first;
  memcpy (pages + 1, first_bytes, n_first);
  memcpy (pages + 1 + n_first, second_bytes, n_second);
  both = cardea_secret_new (pages, 1 + n_first + n_second, error);
  cardea_pages_free (pages, size);
  return both;
}

gboolean
cardea_secret_split (const CardeaSecret *both, CardeaSecret **first, CardeaSecret **second, GError **error)
{
  gsize length;
  const guint8 *bytes = cardea_secret_peek (both, &length);
  gsize n_first = bytes[0], n_second = length > 1 + n_first ? length - 1 - n_first : 0;
  g_autoptr (CardeaSecret) one = NULL;
  CardeaSecret *other;

  if (!check_length (n_second, error) || !check_length (n_first, error))
    return FALSE;
  one = cardea_secret_new (bytes + 1, n_first, error);
  other = one != NULL ? cardea_secret_new (bytes + 1 + n_first, n_second, error) : NULL;
  if (other == NULL)
    return FALSE;
  *first = g_steal_pointer (&one);
  *second = other;
  return TRUE;
}
