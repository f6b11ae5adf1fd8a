/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which programs get a name from a desktop file, and which must not. */

#include "ui/program-info.h"

#include <stdlib.h>
#include <string.h>

static char *write_file (const char *folder, const char *name, const char *format, ...) G_GNUC_PRINTF (3, 4);

static char *
write_file (const char *folder, const char *name, const char *format, ...)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  return path;
}

/* The file runs the program @name, which is made as well. */
static void
write_desktop_file (const char *folder, const char *id, const char *title, const char *name,
                    const char *options)
{
  g_autofree char *program = write_file (g_getenv ("CARDEA_TEST_FOLDER"), name, "#!/bin/sh\n");
  g_autofree char *path =
      write_file (folder, id, "[Desktop Entry]\nType=Application\nName=%s\nIcon=%s\nExec=%s%s\n", title,
                  title, program, options);
}

static char *
program_path (const char *name)
{
  return g_build_filename (g_getenv ("CARDEA_TEST_FOLDER"), name, NULL);
}

static CardeaProgramInfo *
look_up (const char *label, const char *confinement)
{
  CardeaPromptProgram program = { .label = (char *)label, .confinement = (char *)confinement };

  return cardea_program_info_new (&program);
}

static void
test_host (void)
{
  g_autofree char *program = program_path ("browser");
  g_autoptr (CardeaProgramInfo) info = NULL;
  g_autoptr (CardeaProgramInfo) other = NULL;

  info = look_up (program, NULL);
  g_assert_cmpstr (info->name, ==, "Example Browser");
  g_assert_nonnull (info->icon);
  g_assert_nonnull (strstr (info->kind, "Not confined"));
  g_assert_null (info->parents);
  other = look_up ("/nonexistent/browser", NULL);
  g_assert_null (other->name);
  g_assert_null (other->icon);
}

/* A file that runs an interpreter with a script says nothing of the interpreter. */
static void
test_interpreter (void)
{
  g_autofree char *program = program_path ("python");
  g_autoptr (CardeaProgramInfo) info = NULL;

  info = look_up (program, NULL);
  g_assert_null (info->name);
}

/* Any program of the person could have put it there. */
static void
test_own_folder (void)
{
  g_autofree char *program = program_path ("impostor");
  g_autoptr (CardeaProgramInfo) info = NULL;

  info = look_up (program, NULL);
  g_assert_null (info->name);
}

static void
test_confined (void)
{
  g_autoptr (CardeaProgramInfo) flatpak = NULL, snap = NULL, escape = NULL;

  flatpak = look_up ("org.example.Mail", "flatpak");
  g_assert_cmpstr (flatpak->name, ==, "Example Mail");
  g_assert_cmpstr (flatpak->kind, ==, "Flatpak application");
  snap = look_up ("chat", "snap");
  g_assert_cmpstr (snap->name, ==, "Example Chat");
  g_assert_cmpstr (snap->kind, ==, "Snap application");
  escape = look_up ("../applications/org.example.Mail", "flatpak");
  g_assert_null (escape->name);
}

static void
test_parents (void)
{
  char *parents[] = { (char *)"/usr/bin/terminal", (char *)"/usr/bin/shell\n", (char *)"/c", (char *)"/d",
                      NULL };
  CardeaPromptProgram program = { .label = (char *)"/usr/bin/bash", .parents = parents };
  g_autoptr (CardeaProgramInfo) info = cardea_program_info_new (&program);

  g_assert_cmpstr (info->parents, ==,
                   "Started by \342\201\250/usr/bin/terminal\342\201\251, "
                   "\342\201\250/usr/bin/shell\\u{a}\342\201\251, \342\201\250/c\342\201\251");
}

/* All before the first look: GLib reads the folders once, and a test of what is not found would pass for
 * that. */
static void
write_desktop_files (const char *installed, const char *own)
{
  write_desktop_file (installed, "org.example.Browser.desktop", "Example Browser", "browser",
                      " --new-window %u");
  write_desktop_file (installed, "org.example.Private.desktop", "Private Browser", "browser",
                      " --private --x %u");
  write_desktop_file (installed, "org.example.Editor.desktop", "Example Editor", "python",
                      " /usr/share/editor.py %f");
  write_desktop_file (installed, "org.example.Mail.desktop", "Example Mail", "mail", "");
  write_desktop_file (installed, "chat_chat.desktop", "Example Chat", "chat", "");
  write_desktop_file (own, "org.example.Bank.desktop", "Your Bank", "impostor", "");
}

static char *
set_up_folders (void)
{
  char *folder = g_dir_make_tmp ("cardea-program-info-XXXXXX", NULL);
  g_autofree char *real = realpath (folder, NULL);
  g_autofree char *data = g_build_filename (real, "data", NULL);
  g_autofree char *installed = g_build_filename (data, "applications", NULL);
  g_autofree char *home = g_build_filename (real, "own", NULL);
  g_autofree char *own = g_build_filename (home, "applications", NULL);

  g_setenv ("CARDEA_TEST_FOLDER", real, TRUE);
  g_setenv ("XDG_DATA_DIRS", data, TRUE);
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  write_desktop_files (installed, own);
  return folder;
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = set_up_folders ();
  g_autofree char *remove = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/program-info/host", test_host);
  g_test_add_func ("/program-info/interpreter", test_interpreter);
  g_test_add_func ("/program-info/own-folder", test_own_folder);
  g_test_add_func ("/program-info/confined", test_confined);
  g_test_add_func ("/program-info/parents", test_parents);
  result = g_test_run ();
  remove = g_strdup_printf ("rm -rf '%s'", folder);
  return system (remove) == 0 ? result : 1;
}
