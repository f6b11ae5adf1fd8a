/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes what says who is calling: texts of /proc and of a sandbox, of which a process chooses parts. */
#include <string.h>

#include "agent/caller/proc-text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

/* It becomes part of a key that decisions are kept by. */
static void
check_id (char *id)
{
  if (id) {
    fuzz_check_text (id, FALSE);
    g_assert_cmpint (id[0], !=, '\0');
    g_assert_null (strpbrk (id, " /:;"));
  }
  g_free (id);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_begin ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *)data;
  pid_t parent = -1;
  guint64 start;

  check_id (cardea_proc_parse_flatpak_info (text, size));
  check_id (cardea_proc_parse_security_label (text, size));
  check_id (cardea_proc_parse_cgroup (text, size));
  if (cardea_proc_parse_stat (text, size, &parent, &start))
    g_assert_cmpint (parent, >=, 0);
  return 0;
}
