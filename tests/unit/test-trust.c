/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Snapshots of authorities, and the files they are read from. */

#include "agent/tls/trust.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/tls/nss.h"
#include "agent/tls/trust-lookup.h"
#include "tests/unit/verify-check.h"

typedef struct
{
  char *folder, *file;
  ChainMakerCertificate *root;
  CardeaTrust *trust;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("cardea-trust-XXXXXX", NULL);
  g_assert_nonnull (self->folder);
  self->file = g_build_filename (self->folder, "authorities.pem", NULL);
  self->root = chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Root", .extensions = CA }, NULL);
  self->trust = cardea_trust_new ();
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_unlink (self->file);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->file);
  g_free (self->folder);
  chain_maker_certificate_free (self->root);
  cardea_trust_unref (self->trust);
}

static char *
to_pem (ChainMakerCertificate *certificate)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (chain_maker_certificate_get_der (certificate), &length);
  g_autofree char *base64 = g_base64_encode (data, length);

  return g_strdup_printf ("-----BEGIN CERTIFICATE-----\n%.64s\n%s\n-----END CERTIFICATE-----\n", base64,
                          base64 + 64);
}

static void
check_file (Fixture *self, const char *text, GQuark domain, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (self->file, text, -1, NULL));
  g_assert_false (cardea_trust_add_file (self->trust, self->file, "config", &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (g_strstr_len (error->message, -1, self->file));
}

static void
test_bad_files (Fixture *self, gconstpointer data)
{
  g_autofree char *pem = to_pem (self->root);
  g_autofree char *cut = g_strndup (pem, 200);
  g_autofree char *second_bad =
      g_strconcat (pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", NULL);

  check_file (self, "", G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  check_file (self, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", G_IO_ERROR,
              G_IO_ERROR_INVALID_DATA);
  check_file (self, cut, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  check_file (self, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", G_IO_ERROR,
              G_IO_ERROR_INVALID_DATA);
  check_file (self, "-----BEGIN CERTIFICATE-----\n?\?\?\?\n-----END CERTIFICATE-----\n", G_IO_ERROR,
              G_IO_ERROR_INVALID_DATA);
  g_assert_cmpuint (cardea_trust_count_anchors (self->trust), ==, 0);
  check_file (self, second_bad, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

static void
test_no_file (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) other = NULL;
  g_autoptr (GError) pipe_error = NULL;

  g_assert_false (cardea_trust_add_file (self->trust, self->file, "config", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_false (cardea_trust_add_file (self->trust, self->folder, "config", &other));
  g_assert_error (other, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);
  /* A pipe without a writer would be waited for. */
  g_assert_cmpint (mkfifo (self->file, 0600), ==, 0);
  g_assert_false (cardea_trust_add_file (self->trust, self->file, "config", &pipe_error));
  g_assert_error (pipe_error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE);
}

static void
test_large_file (Fixture *self, gconstpointer data)
{
  int fd;

  g_assert_true (g_file_set_contents (self->file, "", 0, NULL));
  fd = g_open (self->file, O_WRONLY | O_CLOEXEC, 0);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ftruncate (fd, 8 * 1024 * 1024 + 1), ==, 0);
  close (fd);
  {
    g_autoptr (GError) error = NULL;

    g_assert_false (cardea_trust_add_file (self->trust, self->file, "config", &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    g_assert_nonnull (g_strstr_len (error->message, -1, "larger"));
  }
}

static void
test_good_file (Fixture *self, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) other =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Other", .extensions = CA }, NULL);
  g_autofree char *first = to_pem (self->root);
  g_autofree char *second = to_pem (other);
  g_autofree char *both =
      g_strconcat ("A root\n", first, "and another, and the first again\r\n", second, first, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (self->file, both, -1, NULL));
  g_assert_true (cardea_trust_add_file (self->trust, self->file, "config", &error));
  g_assert_no_error (error);
  g_assert_cmpuint (cardea_trust_count_anchors (self->trust), ==, 2);
}

static void
test_not_certificates (Fixture *self, gconstpointer data)
{
  g_autoptr (GBytes) garbage = g_bytes_new_static ("\x30\x03\x02\x01\x00", 5);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) other = NULL;

  g_assert_false (cardea_trust_add_anchor (self->trust, garbage, "program", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_false (cardea_trust_add_intermediate (self->trust, garbage, &other));
  g_assert_error (other, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpuint (cardea_trust_count_anchors (self->trust), ==, 0);
}

static void
test_look_up (Fixture *self, gconstpointer data)
{
  GBytes *der = chain_maker_certificate_get_der (self->root);
  g_autoptr (CardeaX509) certificate = cardea_x509_new (der, NULL);
  const GPtrArray *found;

  g_assert_null (cardea_trust_find_anchors (self->trust, certificate->subject));
  g_assert_null (cardea_trust_find_anchor (self->trust, der));
  g_assert_true (cardea_trust_add_anchor (self->trust, der, "system", NULL));
  /* The first who vouches stays. */
  g_assert_true (cardea_trust_add_anchor (self->trust, der, "program", NULL));
  found = cardea_trust_find_anchors (self->trust, certificate->subject);
  g_assert_cmpuint (found->len, ==, 1);
  g_assert_cmpstr (((CardeaAnchor *)found->pdata[0])->source, ==, "system");
  g_assert_true (cardea_trust_find_anchor (self->trust, der) == found->pdata[0]);
  g_assert_null (cardea_trust_find_intermediates (self->trust, certificate->subject));
  g_assert_false (cardea_trust_is_distrusted (self->trust, certificate));
  cardea_trust_add_distrusted (self->trust, der);
  g_assert_true (cardea_trust_is_distrusted (self->trust, certificate));
}

static void
test_vouched_by (Fixture *self, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) leaf =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, self->root);
  g_autoptr (GPtrArray) chain = new_chain ();
  CardeaVerifyRequest request = { chain, NULL, "bank.example", CHAIN_MAKER_NOW };
  CardeaVerdict verdict = { 0 };
  g_autoptr (GError) error = NULL;

  append (chain, leaf);
  g_assert_true (cardea_trust_add_anchor (self->trust, chain_maker_certificate_get_der (self->root),
                                          "nss-database", NULL));
  g_assert_true (cardea_verify_server (self->trust, &request, &verdict, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (verdict.vouched_by, ==, "nss-database");
  g_assert_nonnull (verdict.authority);
  cardea_verdict_clear (&verdict);
  g_assert_null (verdict.vouched_by);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *self, gconstpointer data);
  } cases[] = {
    { "bad-files", test_bad_files },
    { "no-file", test_no_file },
    { "large-file", test_large_file },
    { "good-file", test_good_file },
    { "not-certificates", test_not_certificates },
    { "look-up", test_look_up },
    { "vouched-by", test_vouched_by },
  };
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cardea_nss_start (&error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/trust/", cases[i].path, NULL);

    g_test_add (path, Fixture, NULL, set_up, cases[i].run, tear_down);
  }
  status = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  return status;
}
