/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which modules are hosted, and which never: the rule on who may write one, and the search through all
 * sources. Runs as any user: what must be root's is taken from the system. */

#include "agent/hosts/modules.h"

#include "tests/unit/module-files.h"

static void
test_rule_safe (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (cardea_module_path_is_safe (SOFTHSM, &error)); /* a link to another folder */
  g_assert_no_error (error);
}

static void
assert_unsafe (const char *path, int code, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (cardea_module_path_is_safe (path, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_rule_unsafe (Fixture *self, gconstpointer data)
{
  g_autofree char *own = write_file (self->folder, "own.so", "no module", -1);
  g_autofree char *link = g_build_filename (self->folder, "link.so", NULL);
  g_autofree char *missing = g_build_filename (self->folder, "missing.so", NULL);
  g_autofree char *loop = g_build_filename (self->folder, "loop.so", NULL);

  g_assert_cmpint (g_chmod (own, 0666), ==, 0);
  assert_unsafe (own, G_IO_ERROR_PERMISSION_DENIED, "");
  g_assert_cmpint (symlink (own, link), ==, 0);
  assert_unsafe (link, G_IO_ERROR_PERMISSION_DENIED, "");
  g_assert_cmpint (symlink (loop, loop), ==, 0);
  assert_unsafe (loop, G_IO_ERROR_NOT_FOUND, loop);
  assert_unsafe (missing, G_IO_ERROR_NOT_FOUND, missing);
  assert_unsafe ("libsofthsm2.so", G_IO_ERROR_PERMISSION_DENIED, "absolute");
  assert_unsafe ("", G_IO_ERROR_PERMISSION_DENIED, "absolute");
  assert_unsafe ("/usr/lib", G_IO_ERROR_PERMISSION_DENIED, "/usr/lib is not an ordinary file");
  assert_unsafe ("/dev/null", G_IO_ERROR_PERMISSION_DENIED, "ordinary file");
  assert_unsafe ("/etc/passwd/x.so", G_IO_ERROR_NOT_FOUND, "passwd");
}

/* Sticky, so that nobody removes another's files, and yet anybody may add one. */
static void
test_rule_sticky (Fixture *self, gconstpointer data)
{
  g_autofree char *folder = g_strdup ("/tmp/cardea-rule-XXXXXX");
  g_autofree char *module = NULL;

  g_assert_nonnull (g_mkdtemp (folder));
  module = write_file (folder, "module.so", "", 0);
  assert_unsafe (module, G_IO_ERROR_PERMISSION_DENIED, "/tmp may be written by others");
  test_remove_folder (folder);
}

/* A link in a folder of the user's to a safe module is fine, because the real path is what is loaded. */
static void
test_rule_link (Fixture *self, gconstpointer data)
{
  g_autofree char *link = g_build_filename (self->folder, "link.so", NULL);

  g_assert_cmpint (symlink (SOFTHSM, link), ==, 0);
  g_assert_true (cardea_module_path_is_safe (link, NULL));
}

/* The whole search, with @config as the agent's configuration file. */
static GPtrArray *
search (Fixture *self, const char *config_text, const char *const *command_line)
{
  const char *const folders[] = { self->package, self->system, self->user, NULL };
  const CardeaModuleSources sources = { folders, command_line };
  g_autoptr (GString) text = g_string_new (config_text);
  g_autofree char *path = NULL;
  g_autoptr (CardeaConfig) config = NULL;
  g_autoptr (GError) error = NULL;

  g_string_replace (text, "@", self->folder, 0);
  path = write_file (self->folder, "agent.conf", text->str, -1);
  config = cardea_config_load ((const char *const[]){ path, NULL }, &error);
  g_assert_no_error (error);
  return cardea_modules_find (config, &sources, self->problems);
}

/* "name:basename" of each, in order. */
static char *
describe (GPtrArray *specs)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < specs->len; i++) {
    const CardeaHostSpec *spec = specs->pdata[i];
    g_autofree char *base = g_path_get_basename (spec->module);

    g_string_append_printf (text, "%s:%s:%d ", spec->name, base, (int)spec->roles);
  }
  return g_strdup (text->str);
}

#define NOTHING "[authorities]\nsystem=false\nnss-database=false\n"
#define NO_DATABASE "[nss]\ndatabase=@/none\n"

static void
test_find_once (Fixture *self, gconstpointer data)
{
  g_autofree char *link = g_build_filename (self->folder, "link.so", NULL);
  g_autofree char *line = g_strconcat ("module: ", link, NULL);
  g_autoptr (GPtrArray) specs = NULL;
  g_autofree char *names = NULL;

  put (self->package, "a.module", "module: " SOFTHSM "\n");
  g_assert_cmpint (symlink (SOFTHSM, link), ==, 0);
  put (self->package, "b.module", line);
  put (self->package, "proxy.module", "module: p11-kit-client.so\n");
  put (self->package, "trust.module", "module: p11-kit-trust.so\ntrust-policy: yes\n");
  put (self->folder, "pkcs11.txt", "library=" SOFTHSM "\nname=again\n");
  specs = search (self, NOTHING "[modules]\nload=" SOFTHSM "\n[nss]\ndatabase=@\n", NULL);
  names = describe (specs);
  g_assert_cmpuint (self->problems->len, ==, 0);
  g_assert_cmpstr (names, ==, "a:libsofthsm2.so:1 ");
}

typedef struct
{
  char *link, *safe, *unsafe; /* two links, which take turns under the name of the first */
  gint stop;                  /* atomic */
} Swapper;

static gpointer
swap_links (gpointer data)
{
  Swapper *self = data;

  while (!g_atomic_int_get (&self->stop)) {
    g_autofree char *next = g_strconcat (self->link, ".next", NULL);

    g_assert_cmpint (symlink (self->unsafe, next), ==, 0);
    g_assert_cmpint (g_rename (next, self->link), ==, 0);
    g_assert_cmpint (symlink (self->safe, next), ==, 0);
    g_assert_cmpint (g_rename (next, self->link), ==, 0);
  }
  return NULL;
}

/* Whoever may change a link must not get another file loaded than the one that was judged. */
static void
test_find_swapped (Fixture *self, gconstpointer data)
{
  g_autofree char *unsafe = write_file (self->folder, "unsafe.so", "", 0);
  g_autofree char *link = g_build_filename (self->folder, "link.so", NULL);
  g_autofree char *line = g_strconcat ("module: ", link, NULL);
  Swapper swapper = { link, (char *)SOFTHSM, unsafe, 0 };
  gint64 until = g_get_monotonic_time () + G_USEC_PER_SEC;
  guint n_found = 0;
  GThread *thread;

  g_assert_cmpint (g_chmod (unsafe, 0666), ==, 0);
  g_assert_cmpint (symlink (SOFTHSM, link), ==, 0);
  put (self->package, "a.module", line);
  thread = g_thread_new ("swap", swap_links, &swapper);
  while (g_get_monotonic_time () < until) {
    g_autoptr (GPtrArray) specs = search (self, NOTHING NO_DATABASE, NULL);

    for (guint i = 0; i < specs->len; i++, n_found++)
      g_assert_true (g_str_has_suffix (((CardeaHostSpec *)specs->pdata[i])->module, "/libsofthsm2.so"));
  }
  g_atomic_int_set (&swapper.stop, 1);
  g_thread_join (thread);
  g_assert_cmpuint (n_found, >, 0);
}

static void
test_find_authorities (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) specs = NULL;
  g_autofree char *names = NULL;

  put (self->package, "p11-kit-trust.module",
       "module: p11-kit-trust.so\ntrust-policy: yes\nx-init-reserved: verbose=yes\n");
  put (self->folder, "cert9.db", "");
  specs = search (self, "[nss]\ndatabase=@\n", NULL);
  names = describe (specs);
  g_assert_cmpuint (self->problems->len, ==, 0);
  g_assert_cmpstr (names, ==, "system:p11-kit-trust.so:2 nss-database:libsoftokn3.so:3 ");
  g_assert_cmpstr (((CardeaHostSpec *)specs->pdata[0])->init_arguments, ==, "verbose=yes");
}

/* Its keys can be switched off without its authorities, and the other way round. */
static void
test_find_database_roles (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) keys = NULL, authorities = NULL, neither = NULL;
  g_autofree char *names = NULL, *other_names = NULL;

  put (self->folder, "cert9.db", "");
  keys = search (self, NOTHING "[nss]\ndatabase=@\n", NULL);
  names = describe (keys);
  g_assert_cmpstr (names, ==, "nss-database:libsoftokn3.so:1 ");
  authorities = search (
      self, "[authorities]\nsystem=false\n[modules]\ndisable=nss-database\n[nss]\ndatabase=@\n", NULL);
  other_names = describe (authorities);
  g_assert_cmpstr (other_names, ==, "nss-database:libsoftokn3.so:2 ");
  neither = search (self, NOTHING "[modules]\nnss-database=false\n[nss]\ndatabase=@\n", NULL);
  g_assert_cmpuint (neither->len, ==, 0);
}

static void
test_find_refused (Fixture *self, gconstpointer data)
{
  g_autofree char *own = write_file (self->folder, "own.so", "no module", -1);
  g_autofree char *line = g_strdup_printf ("module: %s\n", own);
  const char *const command_line[] = { own, NULL };
  g_autoptr (GPtrArray) specs = NULL, named = NULL;
  g_autofree char *names = NULL;

  g_assert_cmpint (g_chmod (own, 0666), ==, 0);
  put (self->user, "own.module", line);
  specs = search (self, NOTHING NO_DATABASE, NULL);
  g_assert_cmpuint (specs->len, ==, 0);
  assert_problem (self, CARDEA_REASON_MODULE_REFUSED, "own");
  named = search (self, NOTHING NO_DATABASE "[modules]\ndisable=own\n", command_line);
  names = describe (named);
  g_assert_cmpuint (self->problems->len, ==, 0);
  g_assert_cmpstr (names, ==, "own:own.so:1 ");
}

static void
test_find_missing (Fixture *self, gconstpointer data)
{
  const char *const command_line[] = { "/nowhere/b.so", NULL };
  g_autoptr (GPtrArray) specs = NULL, named = NULL;

  put (self->system, "a.module", "module: /nowhere/a.so\n");
  specs = search (self, NOTHING NO_DATABASE, NULL);
  assert_problem (self, CARDEA_REASON_MODULE_MISSING, "/nowhere/a.so");
  named = search (self, NOTHING NO_DATABASE "[modules]\np11-kit=false\n", command_line);
  assert_problem (self, CARDEA_REASON_MODULE_MISSING, "/nowhere/b.so");
  g_assert_cmpuint (specs->len + named->len, ==, 0);
}

static void
test_find_disabled (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) by_name = NULL, by_path = NULL;

  put (self->system, "soft.module", "module: " SOFTHSM "\n");
  by_name = search (self, NOTHING NO_DATABASE "[modules]\ndisable=soft\n", NULL);
  by_path = search (self, NOTHING NO_DATABASE "[modules]\ndisable=" SOFTHSM "\n", NULL);
  g_assert_cmpuint (by_name->len + by_path->len, ==, 0);
  g_assert_cmpuint (self->problems->len, ==, 0);
}

#define ADD(path, function) g_test_add ("/modules/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("rule/safe", test_rule_safe);
  ADD ("rule/unsafe", test_rule_unsafe);
  ADD ("rule/sticky", test_rule_sticky);
  ADD ("rule/link", test_rule_link);
  ADD ("find/once", test_find_once);
  ADD ("find/swapped", test_find_swapped);
  ADD ("find/authorities", test_find_authorities);
  ADD ("find/database-roles", test_find_database_roles);
  ADD ("find/refused", test_find_refused);
  ADD ("find/missing", test_find_missing);
  ADD ("find/disabled", test_find_disabled);
  return g_test_run ();
}
