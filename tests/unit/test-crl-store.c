/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Lists in files: found, read when they change, and never lost by being damaged. */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/tls/crl-store.h"
#include "agent/tls/nss.h"
#include "socket-api/limits.h"
#include "tests/unit/verify-check.h"

typedef struct
{
  char *folder;
  ChainMakerCertificate *root, *issuer, *leaf;
  CardeaX509 *read_leaf, *read_issuer;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("cardea-lists-XXXXXX", NULL);
  f->root = chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Root", .extensions = CA }, NULL);
  f->issuer =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Authority", .extensions = CA }, f->root);
  f->leaf =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, f->issuer);
  f->read_leaf = cardea_x509_new (chain_maker_certificate_get_der (f->leaf), NULL);
  f->read_issuer = cardea_x509_new (chain_maker_certificate_get_der (f->issuer), NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (f->folder, name, NULL);

    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_free (f->folder);
  cardea_x509_unref (f->read_leaf);
  cardea_x509_unref (f->read_issuer);
  chain_maker_certificate_free (f->root);
  chain_maker_certificate_free (f->issuer);
  chain_maker_certificate_free (f->leaf);
}

static char *
path_of (Fixture *f, const char *name)
{
  return g_build_filename (f->folder, name, NULL);
}

static GBytes *
make_list (Fixture *f, gboolean revoked)
{
  return chain_maker_list_new (
      &(ChainMakerListSpec){ .issuer = f->issuer, .revoked = revoked ? f->leaf : NULL, .others = 3 });
}

static char *
to_pem (GBytes *der)
{
  g_autofree char *base64 = g_base64_encode (g_bytes_get_data (der, NULL), g_bytes_get_size (der));

  return g_strdup_printf ("-----BEGIN X509 CRL-----\n%s\n-----END X509 CRL-----\n", base64);
}

static void
write_file (Fixture *f, const char *name, gconstpointer data, gsize length)
{
  g_autofree char *path = path_of (f, name);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, data, (gssize)length, &error);
  g_assert_no_error (error);
}

static void
write_list (Fixture *f, const char *name, gboolean revoked)
{
  g_autoptr (GBytes) der = make_list (f, revoked);

  write_file (f, name, g_bytes_get_data (der, NULL), g_bytes_get_size (der));
}

static void
remove_file (Fixture *f, const char *name)
{
  g_autofree char *path = path_of (f, name);

  g_assert_cmpint (g_unlink (path), ==, 0);
}

static CardeaCrlStore *
new_store (Fixture *f, const char *name)
{
  g_autofree char *path = name != NULL ? path_of (f, name) : g_strdup (f->folder);

  return cardea_crl_store_new ((const char *[]){ path, NULL });
}

/* After looking at the files; @problem: part of the only one, or NULL for none. */
static void
assert_says (Fixture *f, CardeaCrlStore *store, CardeaRevocationStatus expected, const char *problem)
{
  g_autoptr (GPtrArray) problems = NULL;

  cardea_crl_store_refresh (store);
  g_assert_cmpint (cardea_crl_store_check (store, f->read_leaf, f->read_issuer, CHAIN_MAKER_NOW), ==,
                   expected);
  problems = cardea_crl_store_get_problems (store);
  g_assert_cmpuint (problems->len, ==, problem != NULL);
  if (problem != NULL) {
    g_test_message ("%s", (char *)problems->pdata[0]);
    g_assert_nonnull (strstr (problems->pdata[0], problem));
  }
}

static void
test_forms (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCrlStore) store = new_store (f, "list");
  g_autoptr (GBytes) good = make_list (f, FALSE);
  g_autoptr (GBytes) revoked = make_list (f, TRUE);
  g_autofree char *good_pem = to_pem (good);
  g_autofree char *revoked_pem = to_pem (revoked);
  g_autofree char *both = g_strconcat ("# two\n", good_pem, revoked_pem, NULL);

  write_file (f, "list", g_bytes_get_data (good, NULL), g_bytes_get_size (good));
  assert_says (f, store, CARDEA_REVOCATION_GOOD, NULL);
  write_file (f, "list", g_bytes_get_data (revoked, NULL), g_bytes_get_size (revoked));
  assert_says (f, store, CARDEA_REVOCATION_REVOKED, NULL);
  write_file (f, "list", good_pem, strlen (good_pem));
  assert_says (f, store, CARDEA_REVOCATION_GOOD, NULL);
  write_file (f, "list", both, strlen (both));
  assert_says (f, store, CARDEA_REVOCATION_REVOKED, NULL);
}

static void
test_none (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCrlStore) nothing = cardea_crl_store_new (NULL);
  g_autoptr (CardeaCrlStore) absent = new_store (f, "absent");
  g_autoptr (CardeaCrlStore) folder = new_store (f, NULL);

  assert_says (f, nothing, CARDEA_REVOCATION_UNKNOWN, NULL);
  assert_says (f, absent, CARDEA_REVOCATION_UNKNOWN, "No such file");
  assert_says (f, folder, CARDEA_REVOCATION_UNKNOWN, NULL);
}

/* Files of a folder come and go; hidden ones are somebody's that is being written. */
static void
test_folder (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCrlStore) store = new_store (f, NULL);

  write_list (f, ".new", TRUE);
  assert_says (f, store, CARDEA_REVOCATION_UNKNOWN, NULL);
  write_list (f, "a.crl", FALSE);
  assert_says (f, store, CARDEA_REVOCATION_GOOD, NULL);
  write_list (f, "b.crl", TRUE);
  assert_says (f, store, CARDEA_REVOCATION_REVOKED, NULL);
  remove_file (f, "b.crl");
  assert_says (f, store, CARDEA_REVOCATION_GOOD, NULL);
  remove_file (f, "a.crl");
  assert_says (f, store, CARDEA_REVOCATION_UNKNOWN, NULL);
}

/* Somebody who can damage a list must not thereby undo what it said. */
static void
test_damaged (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCrlStore) store = new_store (f, "list");
  g_autoptr (CardeaCrlStore) other = new_store (f, "list");
  static const char cut[] = "-----BEGIN X509 CRL-----\nMIIB";

  write_list (f, "list", TRUE);
  assert_says (f, store, CARDEA_REVOCATION_REVOKED, NULL);
  write_file (f, "list", "", 0);
  assert_says (f, store, CARDEA_REVOCATION_REVOKED, "list 1 is no list");
  assert_says (f, store, CARDEA_REVOCATION_REVOKED, "list 1 is no list");
  write_file (f, "list", cut, strlen (cut));
  assert_says (f, store, CARDEA_REVOCATION_REVOKED, "list 1 in it is damaged");
  assert_says (f, other, CARDEA_REVOCATION_UNKNOWN, "list 1 in it is damaged");
  write_list (f, "list", FALSE);
  assert_says (f, store, CARDEA_REVOCATION_GOOD, NULL);
}

/* Where to look changes: what stays there is not forgotten, even damaged, and the rest is. */
static void
test_paths (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCrlStore) store = new_store (f, "list");
  g_autofree char *list = path_of (f, "list");
  g_autofree char *other = path_of (f, "other");

  write_list (f, "list", TRUE);
  write_list (f, "other", FALSE);
  assert_says (f, store, CARDEA_REVOCATION_REVOKED, NULL);
  write_file (f, "list", "", 0);
  cardea_crl_store_set_paths (store, (const char *[]){ other, list, NULL });
  assert_says (f, store, CARDEA_REVOCATION_REVOKED, "list 1 is no list");
  cardea_crl_store_set_paths (store, (const char *[]){ other, NULL });
  assert_says (f, store, CARDEA_REVOCATION_GOOD, NULL);
  cardea_crl_store_set_paths (store, NULL);
  assert_says (f, store, CARDEA_REVOCATION_UNKNOWN, NULL);
}

static void
test_kinds (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCrlStore) store = new_store (f, "pipe");
  g_autofree char *path = path_of (f, "pipe");

  /* Nobody writes to it: who opened it would wait. */
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  assert_says (f, store, CARDEA_REVOCATION_UNKNOWN, "is not a regular file");
}

/* A file as large as one may be, and one byte larger. */
static void
test_limit_bytes (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCrlStore) store = new_store (f, "list");
  g_autoptr (GBytes) list = make_list (f, TRUE);
  g_autofree char *pem = to_pem (list);
  gsize length = strlen (pem);
  g_autofree char *text = g_strnfill (CARDEA_LIMIT_REVOCATION_LIST_BYTES + 1, '\n');

  memcpy (text, pem, length);
  write_file (f, "list", text, CARDEA_LIMIT_REVOCATION_LIST_BYTES + 1);
  assert_says (f, store, CARDEA_REVOCATION_UNKNOWN, "larger than");
  write_file (f, "list", text, CARDEA_LIMIT_REVOCATION_LIST_BYTES);
  assert_says (f, store, CARDEA_REVOCATION_REVOKED, NULL);
}

/* Many files; the one that counts is the last, or one too many. */
static void
test_limit_files (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCrlStore) store = new_store (f, NULL);
  g_autoptr (GBytes) good = make_list (f, FALSE);

  for (guint i = 0; i < CARDEA_LIMIT_REVOCATION_FILES - 1; i++) {
    g_autofree char *name = g_strdup_printf ("%05u", i);

    write_file (f, name, g_bytes_get_data (good, NULL), g_bytes_get_size (good));
  }
  write_list (f, "z", TRUE);
  assert_says (f, store, CARDEA_REVOCATION_REVOKED, NULL);
  write_list (f, "a", FALSE);
  assert_says (f, store, CARDEA_REVOCATION_GOOD, "z and what comes after it is not read");
}

/* Seven of ten MiB do not fit into 64; nothing is written, the files are as long as they say. */
static void
test_limit_together (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCrlStore) store = new_store (f, NULL);
  g_autoptr (GBytes) list = make_list (f, FALSE);
  g_autofree char *pem = to_pem (list);
  g_autofree char *text = g_strnfill (CARDEA_LIMIT_REVOCATION_LIST_BYTES, '\n');
  gsize rest = CARDEA_LIMIT_REVOCATION_LISTS_BYTES % CARDEA_LIMIT_REVOCATION_LIST_BYTES;

  memcpy (text, pem, strlen (pem));
  for (guint i = 0; i < CARDEA_LIMIT_REVOCATION_LISTS_BYTES / CARDEA_LIMIT_REVOCATION_LIST_BYTES; i++) {
    g_autofree char *name = g_strdup_printf ("%u", i);

    write_file (f, name, text, CARDEA_LIMIT_REVOCATION_LIST_BYTES);
  }
  write_file (f, "y", text, rest);
  assert_says (f, store, CARDEA_REVOCATION_GOOD, NULL);
  write_file (f, "y", text, rest + 1);
  assert_says (f, store, CARDEA_REVOCATION_GOOD, "y and what comes after it is not read");
}

/* Threads look and check while another one replaces the list. */
static gpointer
look_on (gpointer data)
{
  Fixture *f = ((gpointer *)data)[0];
  CardeaCrlStore *store = ((gpointer *)data)[1];

  for (guint i = 0; i < 300; i++) {
    cardea_crl_store_refresh (store);
    g_assert_cmpint (cardea_crl_store_check (store, f->read_leaf, f->read_issuer, CHAIN_MAKER_NOW), !=,
                     CARDEA_REVOCATION_UNKNOWN);
  }
  return NULL;
}

static void
test_threads (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaCrlStore) store = new_store (f, "list");
  gpointer shared[] = { f, store };
  GThread *threads[4];

  write_list (f, "list", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("look", look_on, shared);
  for (guint i = 0; i < 30; i++)
    write_list (f, "list", i % 2 == 0);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } cases[] = {
    { "forms", test_forms },
    { "none", test_none },
    { "folder", test_folder },
    { "damaged", test_damaged },
    { "paths", test_paths },
    { "kinds", test_kinds },
    { "limit-bytes", test_limit_bytes },
    { "limit-files", test_limit_files },
    { "limit-together", test_limit_together },
    { "threads", test_threads },
  };
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cardea_nss_start (&error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/crl-store/", cases[i].path, NULL);

    g_test_add (path, Fixture, NULL, set_up, cases[i].run, tear_down);
  }
  status = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  return status;
}
