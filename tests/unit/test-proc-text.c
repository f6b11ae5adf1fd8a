/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Texts of /proc, as hostile as their authors can make them. */
#include "agent/caller/proc-text.h"

#include <string.h>

#include "agent/caller/program.h"

static void
assert_stat (const char *text, gboolean good, pid_t parent, guint64 start)
{
  pid_t found_parent = -7;
  guint64 found_start = 7;

  g_assert_cmpint (cardea_proc_parse_stat (text, strlen (text), &found_parent, &found_start), ==, good);
  g_assert_cmpint (found_parent, ==, good ? parent : -7);
  g_assert_cmpuint (found_start, ==, good ? start : 7);
}

static void
test_stat (void)
{
#define REST " S 12 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0"
  assert_stat ("99 (cat)" REST "\n", TRUE, 12, 4242);
  assert_stat ("99 ()" REST, TRUE, 12, 4242);
  /* The name pretends to be the rest. */
  assert_stat ("99 () R 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0)" REST, TRUE, 12, 4242);
  assert_stat ("99 (a) S 1 (b)" REST, TRUE, 12, 4242);
  assert_stat ("99 (new\nline)" REST, TRUE, 12, 4242);
  assert_stat ("99 (cat) S 12 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242", TRUE, 12, 4242);

  assert_stat ("", FALSE, 0, 0);
  assert_stat ("99 cat S 12", FALSE, 0, 0);
  assert_stat ("99 (cat)", FALSE, 0, 0);
  assert_stat ("99 (cat) S 12 1 1", FALSE, 0, 0);
  assert_stat ("99 (cat) S x 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0", FALSE, 0, 0);
  assert_stat ("99 (cat) S 12 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 x 0 0", FALSE, 0, 0);
  assert_stat ("99 (cat) S 12 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99999999999999999999999 0 0", FALSE, 0, 0);
  assert_stat ("99 (cat) S 99999999999 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0", FALSE, 0, 0);
}

static void
assert_name (char *found, const char *expected)
{
  g_autofree char *owned = found;

  g_assert_cmpstr (owned, ==, expected);
}

static void
assert_flatpak (const char *text, const char *expected)
{
  assert_name (cardea_proc_parse_flatpak_info (text, strlen (text)), expected);
}

static void
test_flatpak (void)
{
  g_autofree char *long_name = g_strnfill (256, 'a');
  g_autofree char *long_info = g_strdup_printf ("[Application]\nname=%s\n", long_name);
  g_autofree char *longest_info = g_strdup_printf ("[Application]\nname=%.255s\n", long_name);
  g_autofree char *longest_name = g_strndup (long_name, 255);

  assert_flatpak ("[Application]\nname=org.gnome.Maps\nruntime=x\n\n[Instance]\ninstance-id=42\n",
                  "org.gnome.Maps");
  assert_flatpak ("[Runtime]\nname=org.gnome.Platform\n", "org.gnome.Platform");
  assert_flatpak ("[Application]\nname=a/b\n[Runtime]\nname=org.good.Name\n", NULL);
  assert_flatpak ("[Instance]\ninstance-id=42\n", NULL);
  assert_flatpak ("", NULL);
  assert_flatpak ("name=org.gnome.Maps\n", NULL);
  assert_flatpak ("[Application]\nname=\n", NULL);
  assert_flatpak ("[Application]\nname=org gnome\n", NULL);
  assert_flatpak ("[Application]\nname=org:exe\n", NULL);
  assert_flatpak ("[Application]\nname=.hidden\n", NULL);
  assert_flatpak ("[Application]\nname=caf\xc3\xa9\n", NULL);
  assert_flatpak ("\xff\xfe\x01", NULL);
  assert_flatpak (long_info, NULL);
  assert_flatpak (longest_info, longest_name);
  assert_name (cardea_proc_parse_flatpak_info ("[Application]\nname=a.b\n\0", 24), NULL);
}

static void
assert_label (const char *text, const char *expected)
{
  assert_name (cardea_proc_parse_security_label (text, strlen (text)), expected);
}

static void
test_label (void)
{
  assert_label ("snap.firefox.firefox (enforce)\n", "firefox");
  assert_label ("snap.firefox_work.hook.configure (complain)", "firefox_work");
  assert_label ("snap.name-with-40-characters-in-it-0123456789.app (enforce)",
                "name-with-40-characters-in-it-0123456789");
  assert_label ("unconfined\n", NULL);
  assert_label ("snap..app", NULL);
  assert_label ("snap.firefox", NULL);
  assert_label ("snap.", NULL);
  assert_label ("", NULL);
  assert_label ("snap.Fire fox.app", NULL);
  assert_label ("snap.../../x.app", NULL);
  assert_label (" snap.firefox.firefox", NULL);
  assert_label ("/usr/bin/snap.firefox.firefox", NULL);
  assert_label ("snap.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.app", NULL);
}

static void
assert_cgroup (const char *text, const char *expected)
{
  assert_name (cardea_proc_parse_cgroup (text, strlen (text)), expected);
}

static void
test_cgroup (void)
{
  assert_cgroup (
      "0::/user.slice/user-1000.slice/user@1000.service/app.slice/snap.firefox.firefox-0f0e.scope\n",
      "firefox");
  assert_cgroup ("12:pids:/a\n0::/snap.foo.bar.scope\n", "foo");
  assert_cgroup ("0::/user.slice/session-2.scope\n", NULL);
  assert_cgroup ("0::/app.slice/app-snap.firefox.scope\n", NULL);
  assert_cgroup ("0::/snap\n", NULL);
  assert_cgroup ("////\n\n/", NULL);
  assert_cgroup ("", NULL);
}

static void
test_program (void)
{
  static const char *const general[] = {
    "/usr/bin/bash",
    "/bin/dash",
    "/usr/bin/python3.11",
    "/usr/bin/python3",
    "/usr/bin/perl",
    "/usr/bin/perl5.36.0",
    "/usr/bin/node",
    "/usr/bin/ssh",
    "/usr/bin/curl",
    "/usr/local/bin/cardea",
    "/usr/bin/lua5.4",
    "/usr/bin/qemu-x86_64-static",
    "/lib64/ld-linux-x86-64.so.2",
    "/usr/bin/nc.openbsd",
    "socat",
  };
  static const char *const particular[] = {
    "/usr/bin/firefox",
    "/usr/bin/sshfs",
    "/usr/bin/curlew",
    "/usr/bin/nodelist",
    "/usr/lib/thunderbird/thunderbird",
    "/usr/bin/shotwell",
    "/usr/bin/psql",
  };

  for (guint i = 0; i < G_N_ELEMENTS (general); i++)
    g_assert_true (cardea_program_is_general_purpose (general[i]));
  for (guint i = 0; i < G_N_ELEMENTS (particular); i++)
    g_assert_false (cardea_program_is_general_purpose (particular[i]));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/proc-text/stat", test_stat);
  g_test_add_func ("/proc-text/flatpak", test_flatpak);
  g_test_add_func ("/proc-text/label", test_label);
  g_test_add_func ("/proc-text/cgroup", test_cgroup);
  g_test_add_func ("/program/general-purpose", test_program);
  return g_test_run ();
}
