/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The configuration: each mistake is found, with its line; files override key by key; the manual page knows
 * every key. */

#include "agent/base/config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/config-keys.h"
#include "agent/base/token-uri.h"
#include "socket-api/wire/error.h"

typedef struct
{
  char *folder;
  char *paths[3]; /* two files and the end */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("config-XXXXXX", &error);
  g_assert_no_error (error);
  f->paths[0] = g_build_filename (f->folder, "system.conf", NULL);
  f->paths[1] = g_build_filename (f->folder, "user.conf", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 2; i++) {
    (void)g_remove (f->paths[i]);
    g_free (f->paths[i]);
  }
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_free (f->folder);
}

static void
write_bytes (Fixture *f, guint i, const char *text, gssize length)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (f->paths[i], text, length, &error);
  g_assert_no_error (error);
}

static CardeaConfig *
load (Fixture *f, GError **error)
{
  return cardea_config_load ((const char *const *)f->paths, error);
}

static CardeaConfig *
load_text (Fixture *f, const char *text)
{
  g_autoptr (GError) error = NULL;
  CardeaConfig *config;

  write_bytes (f, 0, text, -1);
  config = load (f, &error);
  g_assert_no_error (error);
  return config;
}

/* @expected: what the message says, after the file and the line. @line 0: about the whole file. */
static void
assert_refused (Fixture *f, guint line, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *place =
      line > 0 ? g_strdup_printf ("%s:%u: ", f->paths[0], line) : g_strdup_printf ("%s: ", f->paths[0]);

  g_assert_null (load (f, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION);
  if (!g_str_has_prefix (error->message, place) || strstr (error->message, expected) == NULL)
    g_error ("expected \"%s...%s\", got \"%s\"", place, expected, error->message);
}

static const struct
{
  const char *text;
  guint line;
  const char *expected;
} mistakes[] = {
  { "[agent]\nheadles=true\n", 2,
    "has no key \"headles\". Its keys are: headless, drain-seconds, io-threads" },
  { "[agent]\nheadless[de]=true\n", 2, "has no key" },
  { "# c\n\n[agnet]\n", 3, "there is no group [agnet]" },
  { "[agent] # why\n", 1, "a group is written" },
  { "[pin]\ntoken=x\n", 1, "there is no group [pin]" },
  { "[pin ]\n", 1, "there is no group" },
  { "[pin a/b]\n", 1, "there is no group" },
  { "[pin  a]\n", 1, "there is no group" },
  { "headless=true\n", 1, "a key needs a group above it" },
  { "[agent]\nheadless\n", 2, "this is neither" },
  { "[agent]\n=true\n", 2, "this is neither" },
  { "[agent]\nheadless=true\n\nheadless=true\n", 4, "already given on line 2" },
  { "[agent]\nheadless=true\n[allow]\n[agent]\nheadless=true\n", 5, "already given on line 2" },
  { "[agent]\nheadless=yes\n", 2, "either true or false" },
  { "[agent]\nheadless=\n", 2, "either true or false" },
  { "[agent]\ndrain-seconds=301\n", 2, "from 0 to 300" },
  { "[agent]\ndrain-seconds=-1\n", 2, "from 0 to 300" },
  { "[agent]\ndrain-seconds=1e2\n", 2, "from 0 to 300" },
  { "[agent]\ndrain-seconds=99999999999999999999\n", 2, "from 0 to 300" },
  { "[agent]\nio-threads=5\n", 2, "from 0 to 4" },
  { "[allow]\nservers=*.example:443\n", 2, "patterns are not allowed" },
  { "[allow]\nservers=a.example\n", 2, "port from 1 to 65535" },
  { "[allow]\nservers=a.example:\n", 2, "port from 1 to 65535" },
  { "[allow]\nservers=a.example:0\n", 2, "port from 1 to 65535" },
  { "[allow]\nservers=a.example:65536\n", 2, "port from 1 to 65535" },
  { "[allow]\nservers=a.example:+443\n", 2, "port from 1 to 65535" },
  { "[allow]\nservers=:443\n", 2, "no host name" },
  { "[allow]\nservers=::1:443\n", 2, "stands in brackets" },
  { "[allow]\nservers=[a.example]:443\n", 2, "only an IPv6 address" },
  { "[allow]\nservers=[127.0.0.1]:443\n", 2, "only an IPv6 address" },
  { "[allow]\nservers=[::1:443\n", 2, "stands in brackets" },
  { "[allow]\nservers=127.1:443\n", 2, "no host name" },
  { "[allow]\nservers=a b:443\n", 2, "no host name" },
  { "[allow]\nservers=a..b:443\n", 2, "no host name" },
  { "[allow]\nservers=b\xc3\xbcro.example:443\n", 2, "xn--" },
  { "[allow]\nservers=a.example:1;;b.example:2\n", 2, "port from 1 to 65535" },
  { "[authorities]\nfiles=ca.pem\n", 2, "whole path" },
  { "[authorities]\nfiles=/a;~/b\n", 2, "whole path" },
  { "[modules]\nload=opensc.so\n", 2, "whole path" },
  { "[modules]\ndisable=a;;b\n", 2, "empty" },
  { "[modules]\ndisable=x/y\n", 2, "whole path" },
  { "[modules]\npass-environment=A=B\n", 2, "without values" },
  { "[modules]\npass-environment=LD_PRELOAD\n", 2, "LD_" },
  { "[nss]\ndatabase=~/.pki\n", 2, "whole path" },
  { "[nss]\ndatabase=\n", 2, "whole path" },
  { "[nss]\ndatabase=/a\\qb\n", 2, "" },
  { "[pin a]\nfile=/pin\n", 2, "needs \"token\"" },
  { "[pin a]\ntoken=pkcs11:token=T\n", 2, "exactly one of" },
  { "[pin a]\ntoken=pkcs11:token=T\nfile=/a\ndescriptor=5\n", 4, "exactly one of" },
  { "[pin a]\ntoken=pkcs11:token=T\nfile=a\n", 3, "whole path" },
  { "[pin a]\ntoken=pkcs11:token=T\ncredential=a/b\n", 3, "name of a systemd credential" },
  { "[pin a]\ntoken=pkcs11:token=T\ncredential=..\n", 3, "name of a systemd credential" },
  { "[pin a]\ntoken=pkcs11:token=T\ndescriptor=2\n", 3, "from 3 to" },
  { "[pin a]\ntoken=T\n", 2, "no PKCS#11 URI" },
  { "[pin a]\ntoken=pkcs11:\n", 2, "names no token" },
  { "[pin a]\ntoken=pkcs11:token=T?pin-value=1234\n", 2, "a PIN does not belong" },
  { "[pin a]\ntoken=pkcs11:token=T?pin-source=file:/x\n", 2, "a PIN does not belong" },
  { "[pin a]\ntoken=pkcs11:token=T?module-path=/x.so\n", 2, "names a module" },
  { "[pin a]\ntoken=pkcs11:token=T?module-name=x\n", 2, "names a module" },
  { "[pin a]\ntoken=pkcs11:token=T;library-manufacturer=x\n", 2, "names a module" },
  { "[pin a]\ntoken=pkcs11:token=T;object=x\n", 2, "names an object" },
  { "[pin a]\ntoken=pkcs11:token=T;slot-id=1\n", 2, "names an object" },
  { "[pin a]\ntoken=pkcs11:token=T;colour=red\n", 2, "not known" },
  { "[lease a]\nseconds=5\n", 2, "[lease a] needs \"token\"" },
  { "[lease a]\ntoken=pkcs11:\n", 2, "names no token" },
  { "[lease a]\nseconds=-1\n", 2, "a whole number from 0 to 604800" },
  { "[lease a]\nidle-seconds=604801\n", 2, "a whole number from 0 to 604800" },
  { "[lease a]\nscreen-lock=yes\n", 2, "either true or false" },
  { "[lease a]\nsingle-use=1\n", 2, "either true or false" },
  { "[lease]\nseconds=5\n", 1, "there is no group [lease]" },
  { "[remember]\ntoken=pkcs11:token=T\n", 1, "there is no group [remember]" },
  { "[remember a b]\ntoken=pkcs11:token=T\n", 1, "there is no group" },
  { "[remembera]\ntoken=pkcs11:token=T\n", 1, "there is no group" },
  { "[remember a]\nfile=/pin\n", 2, "has no key \"file\". Its keys are: token" },
  { "[remember a]\ntoken=T\n", 2, "no PKCS#11 URI" },
  { "[remember a]\ntoken=pkcs11:\n", 2, "names no token" },
  { "[remember a]\ntoken=pkcs11:token=T?pin-value=1234\n", 2, "a PIN does not belong" },
  { "[remember a]\ntoken=pkcs11:serial=1\ntoken=pkcs11:serial=2\n", 3, "already given on line 2" },
};

static void
test_mistakes (Fixture *f, gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (mistakes); i++) {
    write_bytes (f, 0, mistakes[i].text, -1);
    assert_refused (f, mistakes[i].line, mistakes[i].expected);
  }
}

static void
test_message_keeps_no_pin (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  write_bytes (f, 0, "[pin a]\ntoken=pkcs11:token=T?pin-value=8642975\n", -1);
  g_assert_null (load (f, &error));
  g_assert_null (strstr (error->message, "8642975"));
}

static void
test_not_text (Fixture *f, gconstpointer data)
{
  write_bytes (f, 0, "[agent]\nheadless=true\n\xff\n", -1);
  assert_refused (f, 3, "UTF-8");
  write_bytes (f, 0, "[agent]\n\0headless=true\n", 24);
  assert_refused (f, 2, "UTF-8");
}

static void
test_size (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strnfill (1024 * 1024 + 1, '\n');
  g_autoptr (CardeaConfig) config = NULL;

  write_bytes (f, 0, text, 1024 * 1024 + 1);
  assert_refused (f, 0, "larger than 1 MiB");
  text[1024 * 1024] = '\0';
  config = load_text (f, text);
}

static void
test_no_regular_file (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (mkfifo (f->paths[0], 0600), ==, 0);
  assert_refused (f, 0, "regular file");
  g_assert_cmpint (unlink (f->paths[0]), ==, 0);
  g_assert_cmpint (mkdir (f->paths[0], 0700), ==, 0);
  assert_refused (f, 0, "regular file");
}

static void
test_defaults (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaConfig) config = load (f, &error);
  g_autofree char *database = g_build_filename (g_get_home_dir (), ".pki", "nssdb", NULL);

  g_assert_no_error (error);
  g_assert_false (cardea_config_get_headless (config));
  g_assert_cmpuint (cardea_config_get_drain_seconds (config), ==, 10);
  g_assert_cmpuint (cardea_config_get_io_threads (config), ==, 0);
  g_assert_true (cardea_config_get_token_notifications (config));
  g_assert_true (cardea_config_get_resumption (config));
  g_assert_false (cardea_config_get_allow_caller_authorities (config));
  g_assert_true (cardea_config_get_system_authorities (config));
  g_assert_true (cardea_config_get_database_authorities (config));
  g_assert_null (cardea_config_get_authority_files (config)[0]);
  g_assert_null (cardea_config_get_revocation_lists (config)[0]);
  g_assert_true (cardea_config_get_revocation_fetch (config));
  g_assert_true (cardea_config_get_p11_kit_modules (config));
  g_assert_true (cardea_config_get_database_modules (config));
  g_assert_null (cardea_config_get_modules (config)[0]);
  g_assert_null (cardea_config_get_disabled_modules (config)[0]);
  g_assert_null (cardea_config_get_pass_environment (config)[0]);
  g_assert_cmpstr (cardea_config_get_nss_database (config), ==, database);
  g_assert_cmpuint (cardea_config_get_pin_sources (config)->len, ==, 0);
  g_assert_false (cardea_config_allows (config, "localhost", 443));
}

static void
test_values (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaConfig) config = load_text (
      f, " [agent]\r\n headless = true \r\ndrain-seconds=300\nio-threads=4\ntoken-notifications=false\n"
         "[streams]\nresumption=false\n[allow]\ncaller-authorities=true\n"
         "[authorities]\nsystem=false\nnss-database=false\nfiles=/a b.pem; /c\\;d.pem ;\n"
         "[revocation]\nlists=/a.crl;/lists\nfetch=false\n"
         "[modules]\np11-kit=false\nnss-database=false\nload=/m.so\ndisable=opensc;/x.so\n"
         "pass-environment=SOFTHSM2_CONF;_A1\n[nss]\ndatabase=/db\n");

  g_assert_true (cardea_config_get_headless (config));
  g_assert_cmpuint (cardea_config_get_drain_seconds (config), ==, 300);
  g_assert_cmpuint (cardea_config_get_io_threads (config), ==, 4);
  g_assert_false (cardea_config_get_token_notifications (config));
  g_assert_false (cardea_config_get_resumption (config));
  g_assert_true (cardea_config_get_allow_caller_authorities (config));
  g_assert_false (cardea_config_get_system_authorities (config));
  g_assert_false (cardea_config_get_database_authorities (config));
  g_assert_cmpstrv (cardea_config_get_authority_files (config),
                    ((const char *const[]){ "/a b.pem", "/c;d.pem", NULL }));
  g_assert_cmpstrv (cardea_config_get_revocation_lists (config),
                    ((const char *const[]){ "/a.crl", "/lists", NULL }));
  g_assert_false (cardea_config_get_revocation_fetch (config));
  g_assert_false (cardea_config_get_p11_kit_modules (config));
  g_assert_false (cardea_config_get_database_modules (config));
  g_assert_cmpstrv (cardea_config_get_modules (config), ((const char *const[]){ "/m.so", NULL }));
  g_assert_cmpstrv (cardea_config_get_disabled_modules (config),
                    ((const char *const[]){ "opensc", "/x.so", NULL }));
  g_assert_cmpstrv (cardea_config_get_pass_environment (config),
                    ((const char *const[]){ "SOFTHSM2_CONF", "_A1", NULL }));
  g_assert_cmpstr (cardea_config_get_nss_database (config), ==, "/db");
}

static void
test_allows (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaConfig) config =
      load_text (f, "[allow]\nservers=Bank.example:443;[2001:DB8:0::7]:8443;127.0.0.1:1;a.example.:65535\n");

  g_assert_true (cardea_config_allows (config, "bank.example", 443));
  g_assert_true (cardea_config_allows (config, "BANK.example.", 443));
  g_assert_false (cardea_config_allows (config, "bank.example", 444));
  g_assert_false (cardea_config_allows (config, "www.bank.example", 443));
  g_assert_false (cardea_config_allows (config, "bank.example.evil.example", 443));
  g_assert_false (cardea_config_allows (config, "ank.example", 443));
  g_assert_true (cardea_config_allows (config, "2001:db8::7", 8443));
  g_assert_false (cardea_config_allows (config, "2001:db8::7", 443));
  g_assert_true (cardea_config_allows (config, "127.0.0.1", 1));
  g_assert_true (cardea_config_allows (config, "a.example", 65535));
  g_assert_false (cardea_config_allows (config, "", 443));
  g_assert_false (cardea_config_allows (config, "bank.example:443", 443));
  g_assert_false (cardea_config_allows (config, "bank.example", 0));
}

/* A later file replaces what it names, lists as a whole, and leaves the rest. */
static void
test_override (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaConfig) config = NULL;
  CardeaPinSourceConfig *source;

  write_bytes (f, 1,
               "[agent]\nheadless=false\n[allow]\nservers=b.example:2\n[pin a]\nfile=/new\n[pin b]\n"
               "token=pkcs11:serial=2\ndescriptor=7\n",
               -1);
  config = load_text (f, "[agent]\nheadless=true\ndrain-seconds=3\n[allow]\nservers=a.example:1\n"
                         "[pin a]\ntoken=pkcs11:token=T;serial=1\nfile=/old\n");
  g_assert_false (cardea_config_get_headless (config));
  g_assert_cmpuint (cardea_config_get_drain_seconds (config), ==, 3);
  g_assert_false (cardea_config_allows (config, "a.example", 1));
  g_assert_true (cardea_config_allows (config, "b.example", 2));
  g_assert_cmpuint (cardea_config_get_pin_sources (config)->len, ==, 2);
  source = g_ptr_array_index (cardea_config_get_pin_sources (config), 0);
  g_assert_cmpstr (source->name, ==, "a");
  g_assert_cmpstr (source->token, ==, "pkcs11:token=T;serial=1");
  g_assert_cmpstr (source->file, ==, "/new");
  g_assert_cmpint (source->descriptor, ==, -1);
  source = g_ptr_array_index (cardea_config_get_pin_sources (config), 1);
  g_assert_cmpstr (source->name, ==, "b");
  g_assert_cmpint (source->descriptor, ==, 7);
}

static const char *
get_remembered (CardeaConfig *config, guint i, const char *name)
{
  const CardeaRememberConfig *found = g_ptr_array_index (cardea_config_get_remembered (config), i);

  g_assert_cmpstr (found->name, ==, name);
  return found->token;
}

/* Key by key over the files; what is not given has its default; their order is that of their first keys. */
static void
test_leases (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaConfig) none = load_text (f, "");
  g_autoptr (CardeaConfig) config = NULL;
  const CardeaLeaseConfig *a, *b;

  g_assert_cmpuint (cardea_config_get_leases (none)->len, ==, 0);
  write_bytes (f, 1, "[lease b]\ntoken=pkcs11:serial=2\nscreen-lock=false\nsingle-use=true\n", -1);
  config = load_text (f, "[lease a]\ntoken=pkcs11:serial=1\nseconds=604800\n[lease b]\nidle-seconds=60\n");
  g_assert_cmpuint (cardea_config_get_leases (config)->len, ==, 2);
  a = cardea_config_get_leases (config)->pdata[0];
  b = cardea_config_get_leases (config)->pdata[1];
  g_assert_cmpstr (a->name, ==, "a");
  g_assert_cmpstr (a->token, ==, "pkcs11:serial=1");
  g_assert_true (a->screen_lock);
  g_assert_cmpuint (a->seconds, ==, 604800);
  g_assert_cmpuint (a->idle_seconds, ==, 0);
  g_assert_false (a->single_use);
  g_assert_cmpstr (b->token, ==, "pkcs11:serial=2");
  g_assert_false (b->screen_lock);
  g_assert_true (b->single_use);
  g_assert_cmpuint (b->seconds, ==, 0);
  g_assert_cmpuint (b->idle_seconds, ==, 60);
}

/* A token is remembered only where a group says so; one of the same name replaces it. */
static void
test_remember (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaConfig) none = load_text (f, "[remember a]\n# token=pkcs11:serial=1\n");
  g_autoptr (CardeaConfig) config = NULL;

  g_assert_cmpuint (cardea_config_get_remembered (none)->len, ==, 0);
  write_bytes (f, 1, "[remember b]\ntoken=pkcs11:serial=3\n[pin b]\ntoken=pkcs11:serial=4\nfile=/a\n", -1);
  config = load_text (f, "[remember a]\ntoken=pkcs11:serial=1\n[remember b]\ntoken=pkcs11:serial=2\n");
  g_assert_cmpuint (cardea_config_get_remembered (config)->len, ==, 2);
  g_assert_cmpstr (get_remembered (config, 0, "a"), ==, "pkcs11:serial=1");
  g_assert_cmpstr (get_remembered (config, 1, "b"), ==, "pkcs11:serial=3");
  g_assert_cmpuint (cardea_config_get_pin_sources (config)->len, ==, 1);
}

static void
test_override_mistake (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *place = g_strdup_printf ("%s:2: ", f->paths[1]);

  write_bytes (f, 0, "[pin a]\ntoken=pkcs11:token=T\nfile=/a\n", -1);
  write_bytes (f, 1, "[pin a]\ncredential=c\n", -1);
  g_assert_null (load (f, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION);
  g_assert_true (g_str_has_prefix (error->message, place));
}

static void
test_token_uri (void)
{
  const char *token = "pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=42;token=Ada%20%3b";

  g_assert_true (cardea_token_uri_matches ("pkcs11:serial=42", token));
  g_assert_true (cardea_token_uri_matches ("pkcs11:token=Ada%20%3b;serial=42", token));
  g_assert_false (cardea_token_uri_matches ("pkcs11:serial=4", token));
  g_assert_false (cardea_token_uri_matches ("pkcs11:serial=42;token=Ada", token));
  g_assert_false (cardea_token_uri_matches ("serial=42", token));
  g_assert_false (cardea_token_uri_matches ("pkcs11:serial=42", "nothing"));
}

/* The page has a line ".Ss [group]" for each group and ".It Cm key Ns = Ns Ar default" for each key. */
static void
test_manual_page (void)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "..", "..", "data", "man", "cardea-agent.conf.5", NULL);
  g_autofree char *text = NULL, *group = NULL;
  g_auto (GStrv) lines = NULL;
  gboolean seen[CARDEA_N_CONFIG_KEYS] = { FALSE };

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);
    int id;

    if (g_str_has_prefix (lines[i], ".Ss [")) {
      g_free (group);
      group = g_strndup (lines[i] + strlen (".Ss ["), strlen (lines[i]) - strlen (".Ss []"));
    }
    if (!g_str_has_prefix (lines[i], ".It Cm "))
      continue;
    id = cardea_config_find_key (group, words[2]);
    if (id < 0)
      g_error ("the page describes [%s] %s, which the parser does not know", group, words[2]);
    seen[id] = TRUE;
    if (cardea_config_keys[id].initial != NULL && cardea_config_keys[id].initial[0] != '\0')
      g_assert_cmpstr (words[7], ==, cardea_config_keys[id].initial);
  }
  for (guint i = 0; i < CARDEA_N_CONFIG_KEYS; i++)
    if (!seen[i])
      g_error ("the page lacks [%s] %s", cardea_config_keys[i].group, cardea_config_keys[i].key);
}

#define ADD(path, test) g_test_add ("/config/" path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("mistakes", test_mistakes);
  ADD ("message-keeps-no-pin", test_message_keeps_no_pin);
  ADD ("not-text", test_not_text);
  ADD ("size", test_size);
  ADD ("no-regular-file", test_no_regular_file);
  ADD ("defaults", test_defaults);
  ADD ("values", test_values);
  ADD ("allows", test_allows);
  ADD ("override", test_override);
  ADD ("leases", test_leases);
  ADD ("remember", test_remember);
  ADD ("override-mistake", test_override_mistake);
  g_test_add_func ("/config/token-uri", test_token_uri);
  g_test_add_func ("/config/manual-page", test_manual_page);
  return g_test_run ();
}
