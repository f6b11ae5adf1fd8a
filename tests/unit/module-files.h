/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/reason.h"
#include "tests/fixtures/credentials/credentials.h"

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"

/* A place for files of modules, and what was wrong with them. */
typedef struct
{
  char *folder;
  char *package, *system, *user; /* folders of *.module files */
  GPtrArray *problems;
} Fixture;

static inline char *
make_folder (Fixture *self, const char *name)
{
  char *path = g_build_filename (self->folder, name, NULL);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  return path;
}

static inline void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("cardea-modules-XXXXXX", NULL);
  self->package = make_folder (self, "package");
  self->system = make_folder (self, "system");
  self->user = make_folder (self, "user");
  self->problems = cardea_reasons_new ();
}

static inline void
tear_down (Fixture *self, gconstpointer data)
{
  test_remove_folder (self->folder);
  g_free (self->folder);
  g_free (self->package);
  g_free (self->system);
  g_free (self->user);
  g_ptr_array_unref (self->problems);
}

static inline char *
write_file (const char *folder, const char *name, const char *text, gssize length)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, length, &error);
  g_assert_no_error (error);
  return path;
}

static inline void
put (const char *folder, const char *name, const char *text)
{
  g_free (write_file (folder, name, text, -1));
}

static inline void
assert_problem (Fixture *self, CardeaReasonCode code, const char *words)
{
  const CardeaReason *reason;

  g_assert_cmpuint (self->problems->len, ==, 1);
  reason = self->problems->pdata[0];
  g_assert_cmpstr (cardea_reason_code_to_string (reason->code), ==, cardea_reason_code_to_string (code));
  g_assert_nonnull (strstr (reason->message, words));
  g_assert_nonnull (reason->remedy);
  g_ptr_array_set_size (self->problems, 0);
}
