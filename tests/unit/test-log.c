/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One message is one line, whoever named what it is about. */

#include "agent/base/printable.h"
#include "agent/log.h"

#include <string.h>

static void
test_printable (void)
{
  static const struct
  {
    const char *text;
    gssize length;
    const char *expected;
  } cases[] = {
    { "Karte „Jürgen“ 1", -1, "Karte „Jürgen“ 1" },
    { "", -1, "" },
    { "a\nb", -1,
      "a\xef\xbf\xbd"
      "b" },
    { "a\rb\tc", -1,
      "a\xef\xbf\xbd"
      "b\xef\xbf\xbd"
      "c" },
    { "\x1b[2J", -1, "\xef\xbf\xbd[2J" },
    { "a\xe2\x80\xa8z", -1, "a\xef\xbf\xbdz" }, /* line separator */
    { "a\xe2\x80\xaez", -1, "a\xef\xbf\xbdz" }, /* right-to-left override */
    { "a\xffz", -1, "a\xef\xbf\xbdz" },
    { "abcdef", 3, "abc" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *printable = cardea_printable (cases[i].text, cases[i].length);

    g_assert_cmpstr (printable, ==, cases[i].expected);
  }
}

static void
test_one_line (void)
{
  if (g_test_subprocess ()) {
    g_log_set_writer_func (cardea_log_write, NULL, NULL);
    g_log_structured ("test", G_LOG_LEVEL_MESSAGE, "MESSAGE", "token \"%s\"", "x\nforged entry");
    return;
  }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*token \"x*forged entry\"*");
  g_test_trap_assert_stderr_unmatched ("*\nforged*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log/printable", test_printable);
  g_test_add_func ("/log/one-line", test_one_line);
  return g_test_run ();
}
