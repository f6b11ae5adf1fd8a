/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names by which something is found only by whoever was told. */

#include "agent/base/random-name.h"

#include <unistd.h>

#define BYTES 16

char *
cardea_random_name_new (void)
{
  guint8 bytes[BYTES];
  char *name = g_malloc (2 * BYTES + 1);

  g_assert (getentropy (bytes, sizeof bytes) == 0);
  for (guint i = 0; i < BYTES; i++)
    g_snprintf (name + 2 * i, 3, "%02x", bytes[i]);
  return name;
}
