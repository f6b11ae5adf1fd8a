/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files of certificates, good and bad. The "certificates" are small DER sequences: the reader looks no
 * deeper. */

#include "socket-api/client/pem.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "socket-api/limits.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"
#define ONE "MAMCAQE=\n" /* 30 03 02 01 01 */
#define TWO "MAMCAQI=\n"

typedef struct
{
  const char *name;
  const char *text;
  gsize length; /* 0: of the string */
  guint n;      /* certificates; 0: refused */
} Case;

static const Case CASES[] = {
  { "one", BEGIN ONE END, 0, 1 },
  { "two", BEGIN ONE END BEGIN TWO END, 0, 2 },
  { "text-around", "Subject: x\n" BEGIN ONE END "the end\n", 0, 1 },
  { "crlf", "-----BEGIN CERTIFICATE-----\r\nMAMCAQE=\r\n-----END CERTIFICATE-----\r\n", 0, 1 },
  { "broken-lines", BEGIN "MAMC\nAQE=\n" END, 0, 1 },
  { "no-last-newline", BEGIN ONE "-----END CERTIFICATE-----", 0, 1 },
  { "key-skipped", "-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----\n" BEGIN ONE END, 0, 1 },
  { "der", "\x30\x03\x02\x01\x01", 5, 1 },
  { "empty", "", 0, 0 },
  { "text-only", "nothing here\n", 0, 0 },
  { "key-only", "-----BEGIN PRIVATE KEY-----\nMAMCAQE=\n-----END PRIVATE KEY-----\n", 0, 0 },
  { "not-closed", BEGIN ONE, 0, 0 },
  { "second-not-closed", BEGIN ONE END BEGIN TWO, 0, 0 },
  { "wrong-end", BEGIN ONE "-----END PRIVATE KEY-----\n", 0, 0 },
  { "begin-in-begin", BEGIN BEGIN ONE END, 0, 0 },
  { "stray-end", END BEGIN ONE END, 0, 0 },
  { "no-contents", BEGIN END, 0, 0 },
  { "no-base64", BEGIN "MAMC*QE=\n" END, 0, 0 },
  { "padding-inside", BEGIN "MAM=AQE=\n" END, 0, 0 },
  { "cut-base64", BEGIN "MAMCAQE\n" END, 0, 0 },
  { "headers", BEGIN "Proc-Type: 4,ENCRYPTED\n\n" ONE END, 0, 0 },
  { "no-sequence", BEGIN "BAMCAQE=\n" END, 0, 0 },
  { "too-long-inside", BEGIN "MAMCAQEA\n" END, 0, 0 },
  { "too-short-inside", BEGIN "MAQCAQE=\n" END, 0, 0 },
  { "nul", BEGIN "MAMC\0AQE=\n" END, sizeof (BEGIN "MAMC\0AQE=\n" END) - 1, 0 },
  { "der-and-more", "\x30\x03\x02\x01\x01\x00", 6, 0 },
  { "der-cut", "\x30\x03\x02\x01", 4, 0 },
  { "der-long-form-for-nothing", "\x30\x81\x03\x02\x01\x01", 6, 0 },
  { "der-indefinite", "\x30\x80\x00\x00", 4, 0 },
  { "one-byte", "\x30", 1, 0 },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  gsize length = c->length > 0 ? c->length : strlen (c->text);
  g_autofree char *exact = g_malloc (MAX (length, 1)); /* so that a sanitizer sees a byte too far */
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = NULL;

  memcpy (exact, c->text, length);
  found = cardea_pem_parse_certificates (exact, length, &error);
  if (c->n == 0) {
    g_assert_null (found);
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    return;
  }
  g_assert_no_error (error);
  g_assert_cmpuint (found->len, ==, c->n);
  for (guint i = 0; i < c->n; i++) {
    const guint8 expected[] = { 0x30, 3, 2, 1, (guint8)(i + 1) };
    gsize n;
    const void *der = g_bytes_get_data (g_ptr_array_index (found, i), &n);

    g_assert_cmpmem (der, n, expected, sizeof expected);
  }
}

/* DER of exactly so many bytes. */
static GPtrArray *
parse_sized (gsize length, GError **error)
{
  g_autofree guint8 *der = g_malloc0 (length);
  gsize content = length - 5;

  der[0] = 0x30;
  der[1] = 0x83;
  der[2] = (guint8)(content >> 16);
  der[3] = (guint8)(content >> 8);
  der[4] = (guint8)content;
  if (content < 65536) { /* one byte less of length, one more of contents */
    content++;
    der[1] = 0x82;
    der[2] = (guint8)(content >> 8);
    der[3] = (guint8)content;
  }
  return cardea_pem_parse_certificates (der, length, error);
}

static void
test_limit (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = parse_sized (CARDEA_LIMIT_CERTIFICATE_BYTES, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (found->len, ==, 1);
  g_assert_null (parse_sized (CARDEA_LIMIT_CERTIFICATE_BYTES + 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

static void
test_files (void)
{
  g_autofree char *folder = g_dir_make_tmp ("cardea-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "ca.pem", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = NULL;

  g_assert_null (cardea_pem_load_certificates (path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);

  g_assert_null (cardea_pem_load_certificates (folder, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_clear_error (&error);

  g_assert_null (cardea_pem_load_certificates ("/dev/zero", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);

  g_assert_true (g_file_set_contents (path, BEGIN ONE END, -1, NULL));
  found = cardea_pem_load_certificates (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (found->len, ==, 1);
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autofree char *path = g_strdup_printf ("/pem/%s", CASES[i].name);

    g_test_add_data_func (path, &CASES[i], test_case);
  }
  g_test_add_func ("/pem/limit", test_limit);
  g_test_add_func ("/pem/files", test_files);
  return g_test_run ();
}
