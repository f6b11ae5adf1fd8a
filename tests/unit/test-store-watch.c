/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tokens that are files: where they lie, what of them counts, and a reader that writes while it reads. */

#include "agent/tokens/store-watch.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "agent/hosts/nss-database.h"
#include "tests/fixtures/loop.h"

#define PATIENCE_S 20

typedef struct
{
  char *root;
  CardeaStoreWatch *watch;
  guint n_tokens, n_content;
  gboolean writes; /* whoever is told writes */
  guint watchdog;
} Fixture;

static void
write_file (Fixture *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->root, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, g_get_monotonic_time ());

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
on_changed (gboolean tokens, gpointer data)
{
  Fixture *self = data;

  if (tokens)
    self->n_tokens++;
  else
    self->n_content++;
  if (self->writes)
    write_file (self, "store/token/own.object");
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->watchdog = test_loop_guard (PATIENCE_S);
  self->root = g_dir_make_tmp ("cardea-store-XXXXXX", NULL);
}

static void
watch (Fixture *self)
{
  CardeaTokenStore *store = g_new0 (CardeaTokenStore, 1);

  store->folder = g_build_filename (self->root, "store", NULL);
  store->depth = 1;
  self->watch = cardea_store_watch_new (store, on_changed, self);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", self->root);

  g_clear_pointer (&self->watch, cardea_store_watch_free);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_source_remove (self->watchdog);
  g_free (self->root);
}

static void
await (guint *n, guint least)
{
  while (*n < least)
    g_main_context_iteration (NULL, TRUE);
}

/* The folder is not there yet; a token is several files, and one change. */
static void
test_tokens (Fixture *self, gconstpointer data)
{
  watch (self);
  write_file (self, "store/token/token.object");
  write_file (self, "store/token/key.object");
  await (&self->n_tokens, 1);
  test_loop_pass (600);
  g_assert_cmpuint (self->n_tokens, ==, 1);
  g_assert_cmpuint (self->n_content, ==, 0);
}

static void
test_content (Fixture *self, gconstpointer data)
{
  write_file (self, "store/token/token.object");
  watch (self);
  write_file (self, "store/token/key.object");
  await (&self->n_content, 1);
  g_assert_cmpuint (self->n_tokens, ==, 0);
}

/* What is written by reading. */
static void
test_locks (Fixture *self, gconstpointer data)
{
  write_file (self, "store/token/token.object");
  watch (self);
  write_file (self, "store/token/token.lock");
  write_file (self, "store/token/generation");
  write_file (self, "store/cert9.db-journal");
  test_loop_pass (800);
  g_assert_cmpuint (self->n_tokens + self->n_content, ==, 0);
}

static void
test_own_writes (Fixture *self, gconstpointer data)
{
  write_file (self, "store/token/token.object");
  watch (self);
  self->writes = TRUE;
  write_file (self, "store/token/key.object");
  test_loop_pass (8000);
  g_assert_cmpuint (self->n_content, >=, 2);
  g_assert_cmpuint (self->n_content, <=, 5); /* at once, and after 1, 2, 4 s */
}

/* However long somebody goes on writing. */
static void
test_busy (Fixture *self, gconstpointer data)
{
  watch (self);
  for (guint i = 0; self->n_content + self->n_tokens == 0; i++) {
    write_file (self, "store/token/key.object");
    test_loop_pass (100);
    g_assert_cmpuint (i, <, 100);
  }
}

static char *
find (const char *module, const char *init_arguments, const char *const *environment)
{
  g_autoptr (CardeaHostSpec) spec = cardea_host_spec_new ("x", module, init_arguments, CARDEA_HOST_TOKENS);
  g_autoptr (CardeaHost) host = cardea_host_new (spec, "/no/host", environment);
  g_autoptr (CardeaTokenStore) store = cardea_token_store_find (host);

  return store != NULL ? g_strdup (store->folder) : NULL;
}

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"

static void
assert_found (const char *module, const char *init_arguments, const char *const *environment,
              const char *expected)
{
  g_autofree char *found = find (module, init_arguments, environment);

  g_assert_cmpstr (found, ==, expected);
}

static void
test_places (Fixture *self, gconstpointer data)
{
  g_autofree char *named = g_build_filename (self->root, "named.conf", NULL);
  g_autofree char *own = g_build_filename (self->root, ".config", "softhsm2", "softhsm2.conf", NULL);
  g_autofree char *name = g_strconcat ("SOFTHSM2_CONF=", named, NULL);
  g_autofree char *home = g_strconcat ("HOME=", self->root, NULL);

  write_file (self, ".config/softhsm2/x");
  g_assert_true (g_file_set_contents (own, "directories.tokendir = /own/tokens\n", -1, NULL));
  g_assert_true (g_file_set_contents (
      named, "# directories.tokendir = /no\nlog.level=ERROR\n directories.tokendir=/named/tokens/ \n", -1,
      NULL));
  assert_found (MODULE, NULL, (const char *const[]){ name, home, NULL }, "/named/tokens/");
  assert_found (MODULE, NULL, (const char *const[]){ home, NULL }, "/own/tokens");
  assert_found (MODULE, NULL, (const char *const[]){ "SOFTHSM2_CONF=/nowhere", home, NULL },
                "/var/lib/softhsm/tokens");
  assert_found ("/usr/lib/other.so", NULL, (const char *const[]){ name, NULL }, NULL);
  g_assert_true (g_file_set_contents (named, "directories.tokendir = here\n", -1, NULL));
  assert_found (MODULE, NULL, (const char *const[]){ name, NULL }, NULL);
}

/* The variable, else where the system's lie if they do, else the user's; of any version. */
static void
test_tpm_places (Fixture *self, gconstpointer data)
{
  static const char module[] = "/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so";
  gboolean system = g_file_test ("/etc/tpm2_pkcs11/tpm2_pkcs11.sqlite3", G_FILE_TEST_EXISTS);
  const char *own = system ? "/etc/tpm2_pkcs11" : "/home/ada/.tpm2_pkcs11";

  assert_found (module, NULL, (const char *const[]){ "HOME=/home/ada", "TPM2_PKCS11_STORE=/keys", NULL },
                "/keys");
  assert_found (module, NULL, (const char *const[]){ "HOME=/home/ada", NULL }, own);
  assert_found ("/usr/lib/libtpm2_pkcs11.so.1", NULL, (const char *const[]){ "HOME=/home/ada", NULL }, own);
  assert_found (module, NULL, (const char *const[]){ "TPM2_PKCS11_STORE=keys", NULL }, NULL);
  assert_found ("/usr/lib/libtpm2_pkcs11.sox", NULL, (const char *const[]){ "HOME=/home/ada", NULL }, NULL);
}

/* A module that reads its file once needs a new process for whatever is written there. */
static void
test_read_once (Fixture *self, gconstpointer data)
{
  CardeaTokenStore *store = g_new0 (CardeaTokenStore, 1);

  write_file (self, "store/keys.sqlite3");
  store->folder = g_build_filename (self->root, "store", NULL);
  store->read_once = TRUE;
  self->watch = cardea_store_watch_new (store, on_changed, self);
  write_file (self, "store/keys.sqlite3");
  await (&self->n_tokens, 1);
  g_assert_cmpuint (self->n_content, ==, 0);
}

/* As it was quoted for softoken. */
static void
test_database (Fixture *self, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (self->root, "it's a \\ database", NULL);
  g_autofree char *file = g_build_filename (folder, "cert9.db", NULL);
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autoptr (CardeaHostSpec) spec = NULL;

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, "", -1, NULL));
  spec = cardea_nss_database_get_spec (folder, CARDEA_HOST_TOKENS, problems);
  assert_found (spec->module, spec->init_arguments, (const char *const[]){ NULL }, folder);
  assert_found (spec->module, NULL, (const char *const[]){ NULL }, NULL);
}

#define ADD(path, function) g_test_add ("/store-watch/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("tokens", test_tokens);
  ADD ("content", test_content);
  ADD ("locks", test_locks);
  ADD ("own-writes", test_own_writes);
  ADD ("busy", test_busy);
  ADD ("places", test_places);
  ADD ("tpm-places", test_tpm_places);
  ADD ("read-once", test_read_once);
  ADD ("database", test_database);
  return g_test_run ();
}
