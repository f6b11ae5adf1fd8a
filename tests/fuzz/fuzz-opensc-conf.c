/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes what becomes of an opensc.conf: what comes out is read again in the same way, has the settings, and
 * has everything that went in, in its order. */
#include <string.h>

#include "agent/hosts/opensc-conf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_begin ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *made = cardea_opensc_conf_make ((const char *)data, size);
  const char *at = made;

  if (made == NULL)
    return 0;
  g_assert_nonnull (strstr (made, "use_pin_caching = false;"));
  g_assert_nonnull (strstr (made, "user_pin_unblock_style = set_pin_in_unlogged_session;"));
  for (size_t i = 0; i < size; i++) {
    at = strchr (at, data[i]);
    g_assert_nonnull (at++);
  }
  if (strlen (made) <= CARDEA_OPENSC_CONF_MOST) {
    g_autofree char *again = cardea_opensc_conf_make (made, strlen (made));

    g_assert_nonnull (again);
  }
  return 0;
}
