/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files that name modules, as people, packages and attackers write them: p11-kit's, and those of NSS
 * databases. */

#include "agent/hosts/modules.h"
#include "agent/hosts/nss-database.h"
#include "agent/hosts/p11-kit-files.h"
#include "tests/unit/module-files.h"

static GPtrArray *
read_folders (Fixture *self)
{
  const char *const folders[] = { self->package, self->system, self->user, NULL };

  return cardea_p11_kit_read (folders, "cardea-agent", self->problems);
}

static void
test_p11_kit_merge (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) entries = NULL;
  const CardeaModuleEntry *entry;

  put (self->package, "a.module", "# comment\n\n  module:  a.so \nx-init-reserved: one\n");
  put (self->user, "a.module", "x-init-reserved: two words: and a colon\n");
  put (self->package, "b.module", "module: /opt/b.so");
  put (self->system, "b.module", "module:\n");
  put (self->package, "c.module", "module: /opt/c/../c.so\r\ntrust-policy: yes\r\n");
  put (self->package, "c.module~", "module: /opt/backup.so");
  put (self->package, ".d.module", "module: /opt/hidden.so");
  entries = read_folders (self);
  g_assert_cmpuint (self->problems->len, ==, 0);
  g_assert_cmpuint (entries->len, ==, 2);
  entry = entries->pdata[0];
  g_assert_cmpstr (entry->name, ==, "a");
  g_assert_true (g_str_has_suffix (entry->path, "/pkcs11/a.so"));
  g_assert_cmpstr (entry->init_arguments, ==, "two words: and a colon");
  g_assert_false (entry->is_trust);
  entry = entries->pdata[1];
  g_assert_cmpstr (entry->path, ==, "/opt/c.so");
  g_assert_null (entry->init_arguments);
  g_assert_true (entry->is_trust);
}

static void
test_p11_kit_programs (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) entries = NULL;

  put (self->package, "1.module", "module: 1.so\nenable-in: firefox, cardea-agent\n");
  put (self->package, "2.module", "module: 2.so\nenable-in: firefox cardea-agents\n");
  put (self->package, "3.module", "module: 3.so\ndisable-in: firefox,cardea-agent\n");
  put (self->package, "4.module", "module: 4.so\ndisable-in: p11-kit-proxy\n");
  put (self->package, "5.module", "module: 5.so\nenable-in:\n");
  entries = read_folders (self);
  g_assert_cmpuint (entries->len, ==, 2);
  g_assert_cmpstr (((CardeaModuleEntry *)entries->pdata[0])->name, ==, "1");
  g_assert_cmpstr (((CardeaModuleEntry *)entries->pdata[1])->name, ==, "4");
}

static const struct
{
  const char *text;
  const char *words;
} malformed_modules[] = {
  { "remote: |ssh host p11-kit remote x.so\n", "remote:" },
  { "module: a.so\nremote: |sh -c id\n", "remote:" },
  { "critical: yes\n", "names no module" },
  { "", "names no module" },
  { "module a.so\n", ":1:" },
  { "# fine\n\nmodule: a.so\ngarbage\n", ":4:" },
  { ": a.so\n", ":1:" },
  { "mod ule: a.so\n", ":1:" },
  { "module: a\xff.so\n", "UTF-8" },
};

static void
test_p11_kit_malformed (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (malformed_modules); i++) {
    g_autoptr (GPtrArray) entries = NULL;

    put (self->system, "bad.module", malformed_modules[i].text);
    entries = read_folders (self);
    g_assert_cmpuint (entries->len, ==, 0);
    assert_problem (self, CARDEA_REASON_MODULE_CONFIGURATION, malformed_modules[i].words);
  }
}

static void
test_p11_kit_hostile_files (Fixture *self, gconstpointer data)
{
  g_autofree char *big = g_strnfill (64 * 1024 + 1, '\n');
  g_autofree char *fifo = g_build_filename (self->user, "fifo.module", NULL);
  g_autofree char *link = g_build_filename (self->user, "dangling.module", NULL);
  g_autoptr (GPtrArray) entries = NULL;

  g_free (write_file (self->user, "nul.module", "module: a\0.so\n", 14));
  entries = read_folders (self);
  assert_problem (self, CARDEA_REASON_MODULE_CONFIGURATION, "UTF-8");
  put (self->user, "nul.module", big);
  g_ptr_array_unref (g_steal_pointer (&entries));
  entries = read_folders (self);
  assert_problem (self, CARDEA_REASON_MODULE_CONFIGURATION, "larger than 64 KiB");
  big[64 * 1024] = '\0'; /* just fits, and says nothing */
  put (self->user, "nul.module", big);
  g_ptr_array_unref (g_steal_pointer (&entries));
  entries = read_folders (self);
  assert_problem (self, CARDEA_REASON_MODULE_CONFIGURATION, "names no module");
  put (self->user, "nul.module", "module:");
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0); /* without a writer: opening it would block */
  g_assert_cmpint (symlink ("/nowhere", link), ==, 0);
  g_ptr_array_unref (g_steal_pointer (&entries));
  entries = read_folders (self);
  assert_problem (self, CARDEA_REASON_MODULE_CONFIGURATION, "ordinary file");
  g_assert_cmpuint (entries->len, ==, 0);
}

static const struct
{
  const char *system, *user;
  const char *folders; /* p package, s system, u user */
} user_modes[] = {
  { NULL, NULL, "psu" },
  { "user-config: none\n", "user-config: only\n", "ps" },
  { "user-config: merge\n", "user-config: none\n", "ps" },
  { "user-config: merge\n", "user-config: only\n", "u" },
  { "user-config: only\n", NULL, "u" },
  { "managed: yes\n", "log-calls: no\n", "psu" },
};

static void
test_p11_kit_user_config (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (user_modes); i++) {
    g_autofree char *system = g_build_filename (self->folder, "system.conf", NULL);
    g_autofree char *user = g_build_filename (self->folder, "user.conf", NULL);
    const CardeaP11KitPlaces places = { "p", system, "s", user, "u" };
    g_auto (GStrv) folders = NULL;
    g_autofree char *joined = NULL;

    g_remove (system);
    g_remove (user);
    if (user_modes[i].system != NULL)
      put (self->folder, "system.conf", user_modes[i].system);
    if (user_modes[i].user != NULL)
      put (self->folder, "user.conf", user_modes[i].user);
    folders = cardea_p11_kit_get_folders (&places, self->problems);
    joined = g_strjoinv ("", folders);
    g_assert_cmpstr (joined, ==, user_modes[i].folders);
    g_assert_cmpuint (self->problems->len, ==, 0);
  }
}

static void
test_p11_kit_bad_user_config (Fixture *self, gconstpointer data)
{
  g_autofree char *system = write_file (self->folder, "system.conf", "user-config: yes\n", -1);
  const CardeaP11KitPlaces places = { "p", system, "s", "/nowhere", "u" };
  g_auto (GStrv) folders = cardea_p11_kit_get_folders (&places, self->problems);

  assert_problem (self, CARDEA_REASON_MODULE_CONFIGURATION, "user-config");
  g_assert_cmpuint (g_strv_length (folders), ==, 2);
}

static const char database_file[] =
    "library=\nname=NSS Internal PKCS #11 Module\n"
    "parameters=configdir='sql:/x' certPrefix='' keyPrefix='' secmod='secmod.db' flags= \n"
    "NSS=Flags=internal,critical trustOrder=75 cipherOrder=100 slotParams=(1={slotFlags=[RSA] askpw=any})\n"
    "\n"
    "library=/opt/vendor.so\nname=My \"odd\" module\nparameters=a='b c'\nNSS=trustOrder=100\n"
    "\n\n"
    "# a comment\nlibrary=/opt/unnamed.so\n"
    "\n"
    "library=/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-trust.so\nname=Trust\n"
    "\n"
    "library=/opt/db.so\nname=Sysinit\nNSS=Flags=internal,moduleDBOnly,critical trustOrder=75\n"
    "\n"
    "library=relative.so\nname=Relative\nunknown=setting";

static void
test_database_modules (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) entries = NULL;
  const CardeaModuleEntry *entry;

  put (self->folder, "pkcs11.txt", database_file);
  entries = cardea_nss_database_read_modules (self->folder, self->problems);
  g_assert_cmpuint (self->problems->len, ==, 0);
  g_assert_cmpuint (entries->len, ==, 3);
  entry = entries->pdata[0];
  g_assert_cmpstr (entry->name, ==, "My \"odd\" module");
  g_assert_cmpstr (entry->path, ==, "/opt/vendor.so");
  g_assert_cmpstr (entry->init_arguments, ==, "a='b c'");
  entry = entries->pdata[1];
  g_assert_cmpstr (entry->name, ==, "unnamed.so");
  g_assert_null (entry->init_arguments);
  entry = entries->pdata[2];
  g_assert_cmpstr (entry->name, ==, "Relative");
  g_assert_true (g_path_is_absolute (entry->path));
}

static const struct
{
  const char *text;
  CardeaReasonCode code;
  const char *words;
  guint modules;
} malformed_databases[] = {
  { "library=/opt/a.so\nno setting\n\nlibrary=/opt/b.so\n", CARDEA_REASON_MODULE_CONFIGURATION, ":2:", 1 },
  { "\n\n=/opt/a.so\n", CARDEA_REASON_MODULE_CONFIGURATION, ":3:", 0 },
  { "library=/opt/\xff.so\n", CARDEA_REASON_DATABASE_UNREADABLE, "UTF-8", 0 },
  { "SQLite format 3", CARDEA_REASON_MODULE_CONFIGURATION, ":1:", 0 },
};

static void
test_database_malformed (Fixture *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->folder, "pkcs11.txt", NULL);
  g_autoptr (GPtrArray) entries = cardea_nss_database_read_modules (self->folder, self->problems);

  g_assert_cmpuint (entries->len, ==, 0);
  g_assert_cmpuint (self->problems->len, ==, 0); /* no file is no problem */
  for (guint i = 0; i < G_N_ELEMENTS (malformed_databases); i++) {
    put (self->folder, "pkcs11.txt", malformed_databases[i].text);
    g_ptr_array_unref (g_steal_pointer (&entries));
    entries = cardea_nss_database_read_modules (self->folder, self->problems);
    g_assert_cmpuint (entries->len, ==, malformed_databases[i].modules);
    assert_problem (self, malformed_databases[i].code, malformed_databases[i].words);
  }
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_ptr_array_unref (g_steal_pointer (&entries));
  entries = cardea_nss_database_read_modules (self->folder, self->problems);
  assert_problem (self, CARDEA_REASON_DATABASE_UNREADABLE, "ordinary file");
}

static void
test_database_spec (Fixture *self, gconstpointer data)
{
  const CardeaHostRoles both = CARDEA_HOST_TOKENS | CARDEA_HOST_AUTHORITIES;
  g_autofree char *odd = make_folder (self, "it's a \\ database");
  g_autofree char *control = make_folder (self, "line\nbreak");
  g_autoptr (CardeaHostSpec) spec = cardea_nss_database_get_spec (odd, both, self->problems);

  g_assert_null (spec); /* no cert9.db */
  put (odd, "cert9.db", "");
  put (control, "cert9.db", "");
  g_assert_null (cardea_nss_database_get_spec (odd, 0, self->problems));
  g_assert_cmpuint (self->problems->len, ==, 0);
  spec = cardea_nss_database_get_spec (odd, both, self->problems);
  g_assert_cmpstr (spec->name, ==, "nss-database");
  g_assert_cmpuint (spec->roles, ==, both);
  g_assert_nonnull (strstr (spec->init_arguments, "/it\\'s a \\\\ database' certPrefix=''"));
  g_assert_true (g_str_has_suffix (spec->init_arguments, " flags=readOnly"));
  g_assert_true (cardea_module_path_is_safe (spec->module, NULL));
  g_assert_null (cardea_nss_database_get_spec (control, both, self->problems));
  assert_problem (self, CARDEA_REASON_DATABASE_UNREADABLE, "control characters");
}

/* Whatever bytes there are, every file ends as modules, as problems, or as nothing. */
static void
test_rubbish (Fixture *self, gconstpointer data)
{
  static const char letters[] = "module:=# \n\t\r/.-so\\'\xc3\xa4\0libraryNSSFlags=internal";

  for (guint i = 0; i < 100; i++) {
    gsize length = (gsize)g_test_rand_int_range (0, 400);
    g_autofree char *text = g_malloc (length + 1);
    g_autoptr (GPtrArray) entries = NULL, modules = NULL;

    for (gsize j = 0; j < length; j++)
      text[j] = letters[g_test_rand_int_range (0, (gint32)sizeof letters)];
    g_free (write_file (self->user, "x.module", text, (gssize)length));
    g_free (write_file (self->folder, "pkcs11.txt", text, (gssize)length));
    entries = read_folders (self);
    modules = cardea_nss_database_read_modules (self->folder, self->problems);
    for (guint j = 0; j < entries->len; j++)
      g_assert_true (g_path_is_absolute (((CardeaModuleEntry *)entries->pdata[j])->path));
    for (guint j = 0; j < modules->len; j++)
      g_assert_true (g_path_is_absolute (((CardeaModuleEntry *)modules->pdata[j])->path));
  }
  for (guint i = 0; i < self->problems->len; i++)
    g_assert_true (g_utf8_validate (((CardeaReason *)self->problems->pdata[i])->message, -1, NULL));
}

#define ADD(path, function) g_test_add ("/module-files/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("p11-kit/merge", test_p11_kit_merge);
  ADD ("p11-kit/programs", test_p11_kit_programs);
  ADD ("p11-kit/malformed", test_p11_kit_malformed);
  ADD ("p11-kit/hostile-files", test_p11_kit_hostile_files);
  ADD ("p11-kit/user-config", test_p11_kit_user_config);
  ADD ("p11-kit/bad-user-config", test_p11_kit_bad_user_config);
  ADD ("database/modules", test_database_modules);
  ADD ("database/malformed", test_database_malformed);
  ADD ("database/spec", test_database_spec);
  ADD ("rubbish", test_rubbish);
  return g_test_run ();
}
