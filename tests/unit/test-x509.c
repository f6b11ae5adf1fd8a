/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Certificates that are nearly right: what no authority writes by accident, each a place where two readers
 * could see two things. The bytes are changed after signing: what is wrong here is wrong for whoever signed
 * it. */

#include <string.h>

#include "agent/tls/nss.h"
#include "agent/tls/x509.h"
#include "tests/unit/verify-check.h"

/* Bytes of a certificate that expires on 1 March 2028 at 00:00:00 UTC, and what they are replaced by; texts
 * of the same length. */
typedef struct
{
  const char *path;
  const char *from, *to;
  gsize length;
  const char *flaw; /* part of its words; NULL: none. "unreadable": there is no certificate at all */
} Case;

#define END_TIME "280301000000Z"
#define BYTES(from, to) from, to, sizeof (from) - 1
#define TIME "a period of validity"

static const Case cases[] = {
  { "as-it-was", BYTES (END_TIME, END_TIME), NULL },
  { "time-leap-day", BYTES (END_TIME, "280229000000Z"), NULL },
  { "time-no-leap-day", BYTES (END_TIME, "270229000000Z"), TIME },
  { "time-month-0", BYTES (END_TIME, "280001000000Z"), TIME },
  { "time-month-13", BYTES (END_TIME, "281301000000Z"), TIME },
  { "time-day-0", BYTES (END_TIME, "280300000000Z"), TIME },
  { "time-day-32", BYTES (END_TIME, "280332000000Z"), TIME },
  { "time-hour-24", BYTES (END_TIME, "280301240000Z"), TIME },
  { "time-minute-60", BYTES (END_TIME, "280301006000Z"), TIME },
  { "time-second-60", BYTES (END_TIME, "280301000060Z"), TIME },
  { "time-small-z", BYTES (END_TIME, "280301000000z"), TIME },
  { "time-with-offset", BYTES ("\x17\r" END_TIME, "\x17\r28030100+0100"), TIME },
  { "time-sign", BYTES (END_TIME, "28030100000+Z"), TIME },
  { "time-of-other-type", BYTES ("\x17\r" END_TIME, "\x18\r" END_TIME), TIME },
  { "time-as-text", BYTES ("\x17\r" END_TIME, "\x13\r" END_TIME), TIME },
  { "subject-set-is-sequence",
    BYTES ("1\x0f\x30\r\x06\x03U\x04\x03\x0c\x06Server", "0\x0f\x30\r\x06\x03U\x04\x03\x0c\x06Server"),
    "a subject or issuer" },
  { "subject-attribute-is-set",
    BYTES ("1\x0f\x30\r\x06\x03U\x04\x03\x0c\x06Server", "1\x0f\x31\r\x06\x03U\x04\x03\x0c\x06Server"),
    "a subject or issuer" },
  { "subject-attribute-too-long",
    BYTES ("\x06\x03U\x04\x03\x0c\x06Server", "\x06\x03U\x04\x03\x0c\x05Server"), "a subject or issuer" },
  { "serial-negative", BYTES ("\x02\x03\x12\x34\x56", "\x02\x03\x92\x34\x56"), NULL },
  { "serial-padded", BYTES ("\x02\x03\x12\x34\x56", "\x02\x03\x00\x34\x56"), "a serial number" },
  { "serial-padded-negative", BYTES ("\x02\x03\x12\x34\x56", "\x02\x03\xff\x84\x56"), "a serial number" },
  { "version-1-with-extensions", BYTES ("\xa0\x03\x02\x01\x02", "\xa0\x03\x02\x01\x01"), "its version" },
  { "version-1-said", BYTES ("\xa0\x03\x02\x01\x02", "\xa0\x03\x02\x01\x00"), "unreadable" },
  { "version-4", BYTES ("\xa0\x03\x02\x01\x02", "\xa0\x03\x02\x01\x03"), "unreadable" },
  { "version-negative", BYTES ("\xa0\x03\x02\x01\x02", "\xa0\x03\x02\x01\xff"), "unreadable" },
  { "boolean-1", BYTES ("\x01\x01\xff\x04", "\x01\x01\x01\x04"), "extensions that cannot be read" },
  { "inner-algorithm", BYTES ("\x06\x08*\x86H\xce=\x04\x03\x02", "\x06\x08*\x86H\xce=\x04\x03\x03"),
    "two different signature algorithms" },
  { "curve", BYTES ("\x06\x08*\x86H\xce=\x03\x01\x07", "\x06\x08*\x86H\xce=\x03\x01\x06"), "a key" },
};

/* Changes the first place only. */
static GBytes *
replace (GBytes *der, const Case *row)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (der, &length);
  guint8 *copy = g_memdup2 (bytes, length);
  guint8 *place = memmem (copy, length, row->from, row->length);

  g_assert_nonnull (place);
  memcpy (place, row->to, row->length);
  return g_bytes_new_take (copy, length);
}

static void
test_case (gconstpointer data)
{
  const Case *row = data;
  g_autoptr (ChainMakerCertificate) made = chain_maker_certificate_new (
      &(ChainMakerSpec){ .name = "Server",
                         .issuer = "Authority",
                         .extensions = "keyUsage=critical,digitalSignature|subjectAltName=DNS:bank.example",
                         .serial = 0x123456,
                         .not_after = 1835481600 },
      NULL);
  g_autoptr (GBytes) der = replace (chain_maker_certificate_get_der (made), row);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaX509) certificate = cardea_x509_new (der, &error);

  if (g_strcmp0 (row->flaw, "unreadable") == 0) {
    g_assert_null (certificate);
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    return;
  }
  g_assert_no_error (error);
  if (row->flaw == NULL) {
    g_assert_null (certificate->flaw);
    return;
  }
  g_assert_nonnull (certificate->flaw);
  g_test_message ("%s", certificate->flaw->what);
  g_assert_nonnull (strstr (certificate->flaw->what, row->flaw));
}

/* The signature is the last element: so many bits that are not used, and none at all. */
static void
test_signature_bits (void)
{
  g_autoptr (ChainMakerCertificate) made =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, NULL);
  gsize length;
  const guint8 *bytes = g_bytes_get_data (chain_maker_certificate_get_der (made), &length);
  g_autofree guint8 *copy = g_memdup2 (bytes, length);
  gsize at = length;

  while (!(bytes[at - 1] == 0x03 && at + 1 + bytes[at] == length))
    at--;
  g_assert_cmpint (copy[at + 1], ==, 0);
  for (guint unused = 1; unused < 256; unused += 7) {
    g_autoptr (GBytes) der = NULL;

    copy[at + 1] = (guint8)unused;
    der = g_bytes_new (copy, length);
    g_assert_null (cardea_x509_new (der, NULL));
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cardea_nss_start (&error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/x509/", cases[i].path, NULL);

    g_test_add_data_func (path, &cases[i], test_case);
  }
  g_test_add_func ("/x509/signature-bits", test_signature_bits);
  status = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  return status;
}
