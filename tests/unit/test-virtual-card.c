/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The virtual card held against SP 800-73-4, APDU by APDU: tests that trust it are worth as much as it is. */

#include "tests/fixtures/virtual-card/card.h"

#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "tests/fixtures/card-maker/card-maker.h"
#include "tests/fixtures/credentials/credentials.h"

#define SELECT_PIV "00A404000BA00000030800001000010000"
#define SELECT_MANAGER "00A4040008A00000015100000000"
#define PROPERTIES "61114F0600001000010079074F05A0000003089000"
#define QUERY_PIN "00200080"
#define VERIFY "0020008008"
#define RIGHT_PIN "323731383238FFFF" /* TEST_CARD_PIN */
#define WRONG_PIN "393939393939FFFF"
#define NEW_PIN "313233343536FFFF"
#define RIGHT_PUK "3331343135393236" /* TEST_CARD_PUK */
#define WRONG_PUK "3939393939393939"
#define NEW_PUK "3132333435363738"

typedef struct
{
  char *folder;
  VirtualCard *card;
} World;

static void
world_set_up (World *world, gconstpointer slots)
{
  g_autoptr (GError) error = NULL;

  world->folder = g_dir_make_tmp ("virtual-card-XXXXXX", &error);
  g_assert_no_error (error);
  test_card_make (world->folder, "card", NULL, slots);
  world->card = test_card_new (world->folder, "card");
  virtual_card_insert (world->card);
}

static void
world_tear_down (World *world, gconstpointer slots)
{
  virtual_card_unref (world->card);
  test_remove_folder (world->folder);
  g_free (world->folder);
}

static GByteArray *
from_hex (const char *hex)
{
  GByteArray *bytes = g_byte_array_new ();

  for (; *hex != '\0'; hex += 2) {
    guint8 byte = (guint8)(g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));

    g_byte_array_append (bytes, &byte, 1);
  }
  return bytes;
}

static char *
to_hex (const guint8 *bytes, gsize length)
{
  GString *hex = g_string_new (NULL);

  for (gsize i = 0; i < length; i++)
    g_string_append_printf (hex, "%02X", bytes[i]);
  return g_string_free (hex, FALSE);
}

static char *
ask (World *world, const char *hex)
{
  g_autoptr (GByteArray) command = from_hex (hex);
  g_autoptr (GByteArray) response = g_byte_array_new ();

  g_assert_cmpint (virtual_card_transmit (world->card, command->data, command->len, response), ==,
                   VIRTUAL_CARD_ANSWERS);
  return to_hex (response->data, response->len);
}

static void
expect (World *world, const char *command, const char *response)
{
  g_autofree char *answer = ask (world, command);

  g_assert_cmpstr (answer, ==, response);
}

static void
test_select (World *world, gconstpointer slots)
{
  expect (world, QUERY_PIN, "6D00"); /* nothing is selected that knows it */
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, "00A4040009A0000003080000100000", PROPERTIES); /* without its version */
  expect (world, "00A4040008A00000030800001000", "6A82");
  expect (world, "00A404000CA0000003080000100001000000", "6A82");
  expect (world, "00A404000BA00000030800001000020000", "6A82");
  expect (world, "00A40C000BA00000030800001000010000", "6A86");
  expect (world, QUERY_PIN, "63C3"); /* a name that nobody has changes nothing */
  expect (world, SELECT_MANAGER, "9000");
  expect (world, QUERY_PIN, "6D00");
}

static void
test_objects (World *world, gconstpointer slots)
{
  static const char chuid[] =
      "533B3019D4E739DA739CED39CE739D836858210842108421C84210C3EB34105DD2199AD68327CC76D583B057AE"
      "E7D5350832303939313233313E00FE009000";
  static const char capabilities[] =
      "5333F015A0000001165DD2199AD68327CC76D583B057AEE7D5F10121F20121F300F40100F50110F600"
      "F700FA00FB00FC00FD00FE009000";

  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, "00CB3FFF035C017E00", "7E124F0BA0000003080000100001005F2F0240009000");
  expect (world, "00CB3FFF055C035FC10200", chuid);
  expect (world, "00CB3FFF055C035FC10700", capabilities);
  expect (world, "00CB3FFF055C035FC10A00", "6A82"); /* no such certificate */
  expect (world, "00CB3FFF055C035FC10900", "6A82");
  expect (world, "00CB3FFF045C027F6100", "6A82");
  expect (world, "00CB3FFF055D035FC10200", "6A80");
  expect (world, "00CB3FFF065C045FC1020000", "6A80");
  expect (world, "00CB3FFF045C035FC100", "6A80"); /* longer than it is */
  expect (world, "00CB3FFF00", "6A80");
  expect (world, "00CB0000055C035FC10200", "6A86");
  test_card_behave (world->folder, "card", "discovery=false", NULL);
  expect (world, "00CB3FFF035C017E00", "6A82");
}

/* As many bytes as are asked for, and the count of the rest. */
static GByteArray *
fetch_object (World *world, const char *command)
{
  g_autofree char *hex = ask (world, command);
  GByteArray *object = from_hex (hex);

  while (object->data[object->len - 2] == 0x61) {
    g_autofree char *more = ask (world, "00C0000000");
    g_autoptr (GByteArray) part = from_hex (more);
    guint announced = object->data[object->len - 1];

    g_assert_cmpuint (part->len - 2, ==, announced != 0 ? announced : 256);
    g_byte_array_set_size (object, object->len - 2);
    g_byte_array_append (object, part->data, part->len);
  }
  g_assert_cmpuint (object->data[object->len - 2], ==, 0x90);
  g_byte_array_set_size (object, object->len - 2);
  return object;
}

static void
test_certificate (World *world, gconstpointer slots)
{
  g_autoptr (GBytes) der = test_credentials_get_der (world->folder, "card-9A");
  gsize size = g_bytes_get_size (der);
  g_autoptr (GByteArray) object = NULL;
  g_autoptr (GByteArray) extended = NULL;

  expect (world, SELECT_PIV, PROPERTIES);
  object = fetch_object (world, "00CB3FFF055C035FC10500");
  g_assert_cmpuint (object->len, ==, 4 + 4 + size + 3 + 2);
  g_assert_cmpmem (object->data, 2, "\x53\x82", 2);
  g_assert_cmpmem (object->data + 4, 2, "\x70\x82", 2);
  g_assert_cmpmem (object->data + 8, size, g_bytes_get_data (der, NULL), size);
  g_assert_cmpmem (object->data + 8 + size, 5, "\x71\x01\x00\xfe\x00", 5);
  extended = fetch_object (world, "00CB3FFF0000055C035FC1050000");
  g_assert_cmpmem (extended->data, extended->len, object->data, object->len);
  expect (world, "00C0000000", "6985"); /* nothing left */
}

static void
test_rest_is_dropped (World *world, gconstpointer slots)
{
  g_autofree char *part = NULL;

  expect (world, SELECT_PIV, PROPERTIES);
  part = ask (world, "00CB3FFF055C035FC10510");
  g_assert_cmpuint (strlen (part), ==, 2 * 18);
  expect (world, QUERY_PIN, "63C3");
  expect (world, "00C0000000", "6985");
}

static void
test_verify (World *world, gconstpointer slots)
{
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, QUERY_PIN, "63C3");
  expect (world, VERIFY WRONG_PIN, "63C2");
  expect (world, QUERY_PIN, "63C2");
  expect (world, VERIFY RIGHT_PIN, "9000");
  expect (world, QUERY_PIN, "9000");
  g_assert_true (virtual_card_is_verified (world->card));
  expect (world, VERIFY WRONG_PIN, "63C2"); /* and it is not verified any more */
  expect (world, QUERY_PIN, "63C2");
  expect (world, VERIFY RIGHT_PIN, "9000");
  expect (world, "002000FF", "6A88");
  expect (world, "00200000", "6A88"); /* no global PIN */
  expect (world, "00200180", "6A86");
  expect (world, "0020FF80", "9000"); /* forgets that it was verified */
  expect (world, QUERY_PIN, "63C3");
  g_assert_cmpuint (virtual_card_get_counts (world->card).verifications, ==, 4);
  g_assert_cmpuint (virtual_card_get_counts (world->card).refusals, ==, 2);
}

/* What is no PIN costs no try. */
static void
test_verify_form (World *world, gconstpointer slots)
{
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, VERIFY "3132333435FFFFFF", "6A80");
  expect (world, VERIFY "3132333435FF36FF", "6A80");
  expect (world, VERIFY "61626364656667FF", "6A80");
  expect (world, VERIFY "FFFFFFFFFFFFFFFF", "6A80");
  expect (world, "0020008006323731383238", "6A80");
  expect (world, "0020008009" RIGHT_PIN "FF", "6A80");
  expect (world, QUERY_PIN, "63C3");
}

static void
test_blocked (World *world, gconstpointer slots)
{
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, VERIFY WRONG_PIN, "63C2");
  virtual_card_eject (world->card);
  virtual_card_insert (world->card); /* the count is kept */
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, VERIFY WRONG_PIN, "63C1");
  expect (world, VERIFY WRONG_PIN, "63C0");
  expect (world, VERIFY RIGHT_PIN, "6983");
  expect (world, QUERY_PIN, "6983");
  expect (world, "0024008010" RIGHT_PIN NEW_PIN, "6983");
  g_assert_cmpuint (virtual_card_get_pin_tries (world->card), ==, 0);
}

static void
test_change (World *world, gconstpointer slots)
{
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, "0024008010" WRONG_PIN NEW_PIN, "63C2");
  expect (world, "0024008010" RIGHT_PIN "3132333435FFFFFF", "6A80");
  expect (world, "0024008008" RIGHT_PIN, "6A80");
  expect (world, "0024008010" RIGHT_PIN NEW_PIN, "9000");
  expect (world, QUERY_PIN, "9000");
  expect (world, VERIFY RIGHT_PIN, "63C2");
  expect (world, VERIFY NEW_PIN, "9000");
  expect (world, "0024008110" WRONG_PUK NEW_PUK, "63C2");
  expect (world, "0024008110" RIGHT_PUK NEW_PUK, "9000");
  expect (world, "002C008010" RIGHT_PUK NEW_PIN, "63C2");
  expect (world, "002C008010" NEW_PUK NEW_PIN, "9000");
  expect (world, "0024009B10" NEW_PIN RIGHT_PIN, "6A88");
}

static void
test_unblock (World *world, gconstpointer slots)
{
  test_card_behave (world->folder, "card", "tries-left=0", NULL);
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, QUERY_PIN, "6983");
  expect (world, "002C008010" WRONG_PUK NEW_PIN, "63C2");
  expect (world, "002C008010" RIGHT_PUK NEW_PIN, "9000");
  expect (world, QUERY_PIN, "63C3"); /* not verified by that */
  expect (world, VERIFY NEW_PIN, "9000");
  for (guint left = 2; left < 3; left--) {
    g_autofree char *status = g_strdup_printf ("63C%u", left);

    expect (world, "002C008010" WRONG_PUK NEW_PIN, status);
  }
  expect (world, "002C008010" RIGHT_PUK NEW_PIN, "6983");
  g_assert_cmpuint (virtual_card_get_puk_tries (world->card), ==, 0);
  expect (world, "002C008110" RIGHT_PUK NEW_PIN, "6A88");
}

static void
test_no_pin (World *world, gconstpointer slots)
{
  test_card_behave (world->folder, "card", "pin-state=none", NULL);
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, QUERY_PIN, "6A88");
  expect (world, VERIFY RIGHT_PIN, "6A88");
}

/* A challenge in as many parts as a short APDU needs. */
static char *
authenticate (World *world, guint8 algorithm, guint8 reference, const guint8 *challenge, gsize length)
{
  g_autofree char *hex = to_hex (challenge, length);
  g_autofree char *inner = length < 128 ? g_strdup_printf ("820081%02X%s", (guint)length, hex)
                                        : g_strdup_printf ("82008182%04X%s", (guint)length, hex);
  gsize size = strlen (inner) / 2;
  g_autofree char *data = size < 128 ? g_strdup_printf ("7C%02X%s", (guint)size, inner)
                                     : g_strdup_printf ("7C82%04X%s", (guint)size, inner);
  const char *rest = data;

  for (; strlen (rest) > 2 * 255; rest += 2 * 255) {
    g_autofree char *part = g_strdup_printf ("1087%02X%02XFF%.510s", algorithm, reference, rest);

    expect (world, part, "9000");
  }
  g_autofree char *last =
      g_strdup_printf ("0087%02X%02X%02X%s00", algorithm, reference, (guint)strlen (rest) / 2, rest);

  return ask (world, last);
}

static EVP_PKEY *
read_public_key (World *world, const char *name)
{
  g_autoptr (GBytes) der = test_credentials_get_der (world->folder, name);
  const guchar *at = g_bytes_get_data (der, NULL);
  X509 *certificate = d2i_X509 (NULL, &at, (long)g_bytes_get_size (der));
  EVP_PKEY *key = X509_get_pubkey (certificate);

  X509_free (certificate);
  return key;
}

/* Raising it to the public exponent gives the challenge again. */
static void
check_raw_rsa (World *world, const guint8 *signature, const guint8 *challenge)
{
  EVP_PKEY *key = read_public_key (world, "card-9A");
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new (key, NULL);
  guint8 recovered[256];
  gsize length = sizeof recovered;

  g_assert_cmpint (EVP_PKEY_verify_recover_init (context), ==, 1);
  g_assert_cmpint (EVP_PKEY_CTX_set_rsa_padding (context, RSA_NO_PADDING), ==, 1);
  g_assert_cmpint (EVP_PKEY_verify_recover (context, recovered, &length, signature, 256), ==, 1);
  g_assert_cmpmem (recovered, length, challenge, 256);
  EVP_PKEY_CTX_free (context);
  EVP_PKEY_free (key);
}

static void
test_rsa (World *world, gconstpointer slots)
{
  guint8 challenge[257];
  g_autofree char *first = NULL, *rest = NULL, *refused = NULL, *large = NULL;
  g_autoptr (GByteArray) answer = NULL;

  for (gsize i = 0; i < sizeof challenge; i++)
    challenge[i] = (guint8)i;
  expect (world, SELECT_PIV, PROPERTIES);
  refused = authenticate (world, 0x07, 0x9a, challenge, 256);
  g_assert_cmpstr (refused, ==, "6982");
  expect (world, VERIFY RIGHT_PIN, "9000");
  expect (world, QUERY_PIN, "9000"); /* 9A does not mind what comes between */
  first = authenticate (world, 0x07, 0x9a, challenge, 256);
  g_assert_true (g_str_has_suffix (first, "6108"));
  g_assert_true (g_str_has_prefix (first, "7C8201048282"
                                          "0100"));
  rest = ask (world, "00C0000008");
  first[strlen (first) - 4] = '\0';
  g_autofree char *whole = g_strconcat (first, rest, NULL);

  answer = from_hex (whole);
  g_assert_cmpuint (answer->len, ==, 8 + 256 + 2);
  check_raw_rsa (world, answer->data + 8, challenge);
  large = authenticate (world, 0x07, 0x9a, challenge, 257);
  g_assert_cmpstr (large, ==, "6A80");
  memset (challenge, 0xff, 256); /* no number modulo the modulus */
  g_clear_pointer (&large, g_free);
  large = authenticate (world, 0x07, 0x9a, challenge, 256);
  g_assert_cmpstr (large, ==, "6A80");
  g_assert_cmpuint (virtual_card_get_counts (world->card).signatures, ==, 1);
}

static void
check_ecdsa (World *world, const char *name, const char *answer, const guint8 *digest)
{
  EVP_PKEY *key = read_public_key (world, name);
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new (key, NULL);
  g_autoptr (GByteArray) bytes = from_hex (answer);

  g_assert_cmpuint (bytes->data[0], ==, 0x7c);
  g_assert_cmpuint (bytes->data[1], ==, bytes->len - 4);
  g_assert_cmpuint (bytes->data[2], ==, 0x82);
  g_assert_cmpint (EVP_PKEY_verify_init (context), ==, 1);
  g_assert_cmpint (EVP_PKEY_verify (context, bytes->data + 4, bytes->data[3], digest, 32), ==, 1);
  EVP_PKEY_CTX_free (context);
  EVP_PKEY_free (key);
}

static void
test_p256 (World *world, gconstpointer slots)
{
  guint8 digest[33] = { 1, 2, 3 };
  g_autofree char *answer = NULL, *empty = NULL, *large = NULL;

  expect (world, SELECT_PIV, PROPERTIES);
  answer = authenticate (world, 0x11, 0x9e, digest, 32); /* 9E needs no PIN */
  check_ecdsa (world, "card-9E", answer, digest);
  empty = authenticate (world, 0x11, 0x9e, digest, 0);
  g_assert_cmpstr (empty, ==, "6A80");
  large = authenticate (world, 0x11, 0x9e, digest, 33);
  g_assert_cmpstr (large, ==, "6A80");
  expect (world, "0087119E0700000000000000", "6A80");
  expect (world, "0087119E067C0481020102", "6A80");     /* no response wanted */
  expect (world, "0087119E087C068201008101AA", "6A80"); /* a response given */
  expect (world, "0087079E057C0382008100", "6A86");     /* the other algorithm */
  expect (world, "0087119A057C0382008100", "6A86");     /* no such key */
  expect (world, "0087119B057C0382008100", "6A86");
}

/* 9C: the PIN directly before each signature. */
static void
test_always (World *world, gconstpointer slots)
{
  guint8 digest[32] = { 4, 5, 6 };
  g_autofree char *never = NULL, *first = NULL, *second = NULL, *late = NULL, *again = NULL;

  expect (world, SELECT_PIV, PROPERTIES);
  never = authenticate (world, 0x11, 0x9c, digest, 32);
  g_assert_cmpstr (never, ==, "6982");
  expect (world, VERIFY RIGHT_PIN, "9000");
  first = authenticate (world, 0x11, 0x9c, digest, 32);
  check_ecdsa (world, "card-9C", first, digest);
  second = authenticate (world, 0x11, 0x9c, digest, 32);
  g_assert_cmpstr (second, ==, "6982");
  expect (world, QUERY_PIN, "9000"); /* still verified, for other keys */
  expect (world, VERIFY RIGHT_PIN, "9000");
  expect (world, QUERY_PIN, "9000");
  late = authenticate (world, 0x11, 0x9c, digest, 32);
  g_assert_cmpstr (late, ==, "6982");
  expect (world, VERIFY RIGHT_PIN, "9000");
  again = authenticate (world, 0x11, 0x9c, digest, 32);
  check_ecdsa (world, "card-9C", again, digest);
}

/* What ends a verification: reset, another application, leaving the reader. Selecting the application again
 * does not. */
static void
test_status_ends (World *world, gconstpointer slots)
{
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, VERIFY RIGHT_PIN, "9000");
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, QUERY_PIN, "9000");
  expect (world, "00A4040003D0D1D2", "6A82");
  expect (world, QUERY_PIN, "9000");
  expect (world, SELECT_MANAGER, "9000");
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, QUERY_PIN, "63C3");
  expect (world, VERIFY RIGHT_PIN, "9000");
  virtual_card_reset (world->card);
  expect (world, QUERY_PIN, "6D00");
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, QUERY_PIN, "63C3");
  expect (world, VERIFY RIGHT_PIN, "9000");
  virtual_card_eject (world->card);
  g_assert_false (virtual_card_is_verified (world->card));
  virtual_card_insert (world->card);
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, QUERY_PIN, "63C3");
}

static void
test_chain (World *world, gconstpointer slots)
{
  GString *part = g_string_new ("1087079AFF");

  for (guint i = 0; i < 255; i++)
    g_string_append (part, "00");
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world,
          "1020008004"
          "32373138",
          "9000");
  expect (world,
          "0020008004"
          "3238FFFF",
          "9000");
  expect (world, QUERY_PIN, "9000");
  expect (world,
          "1020008004"
          "32373138",
          "9000");
  expect (world, QUERY_PIN, "6A80"); /* the second part was empty: half a PIN, and no query */
  expect (world,
          "1020008004"
          "32373138",
          "9000");
  expect (world, "00CB3FFF035C017E00", "6883"); /* another command in between */
  expect (world,
          "0020008004"
          "3238FFFF",
          "6A80");
  for (guint i = 0; i < 4096 / 255; i++)
    expect (world, part->str, "9000");
  expect (world, part->str, "6700"); /* too long for any command */
  g_string_free (part, TRUE);
}

static void
test_malformed (World *world, gconstpointer slots)
{
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, "", "6700");
  expect (world, "00A404", "6700");
  expect (world, "00A404000BA0", "6700");
  expect (world, "00A4040002A0000102", "6700");
  expect (world, "00CB3FFF0000", "6700");
  expect (world, "00CB3FFF000001", "6A80"); /* an extended length to come, and no data */
  expect (world, "00CB3FFF0000055C035F", "6700");
  expect (world, "00CB3FFF0000035C017E00", "6700");
  expect (world, "0CCB3FFF035C017E00", "6E00"); /* no secure messaging */
  expect (world, "80CB3FFF035C017E00", "6E00");
  expect (world, "0047009A05AC0380010700", "6D00");
  expect (world, "00DB3FFF055C035FC102", "6D00");
}

static VirtualCardFate
transmit (World *world, const char *hex, GByteArray *response)
{
  g_autoptr (GByteArray) command = from_hex (hex);

  g_byte_array_set_size (response, 0);
  return virtual_card_transmit (world->card, command->data, command->len, response);
}

static void
test_faults (World *world, gconstpointer slots)
{
  g_autoptr (GByteArray) response = g_byte_array_new ();

  test_card_behave (world->folder, "card", NULL, "20=sw:6F00;only:2\nCB=truncated\nany=pull;only:7");
  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, VERIFY WRONG_PIN, "63C2");
  expect (world, VERIFY WRONG_PIN, "6F00"); /* not even counted */
  expect (world, QUERY_PIN, "63C2");
  expect (world, "00CB3FFF035C017E00", "7E124F0BA000000308009000");
  expect (world, "00CB3FFF055C035FC10A00", "6A82");
  g_assert_cmpint (transmit (world, QUERY_PIN, response), ==, VIRTUAL_CARD_GONE);
  g_assert_cmpuint (response->len, ==, 0);
  virtual_card_insert (world->card);
  expect (world, SELECT_PIV, PROPERTIES); /* counted anew */
  test_card_behave (world->folder, "card", NULL, "20=pull-after\nCB=pull-midway\nA4=silent;from:2");
  g_assert_cmpint (transmit (world, VERIFY WRONG_PIN, response), ==, VIRTUAL_CARD_GONE);
  g_assert_cmpuint (response->len, ==, 0);
  g_assert_cmpuint (virtual_card_get_pin_tries (world->card), ==, 1); /* the try counts all the same */
  virtual_card_insert (world->card);
  expect (world, SELECT_PIV, PROPERTIES);
  g_assert_cmpint (transmit (world, "00CB3FFF035C017E00", response), ==, VIRTUAL_CARD_GONE);
  g_assert_cmpmem (response->data, response->len, "\x7e\x12\x4f\x0b\xa0\x00\x00\x03\x08\x00\x00", 11);
  g_assert_cmpint (transmit (world, SELECT_PIV, response), ==, VIRTUAL_CARD_GONE); /* out is out */
  virtual_card_insert (world->card);
  expect (world, SELECT_PIV, PROPERTIES);
  g_assert_cmpint (transmit (world, SELECT_PIV, response), ==, VIRTUAL_CARD_SILENT);
  g_assert_cmpuint (response->len, ==, 0);
}

static gpointer
eject_soon (gpointer data)
{
  g_usleep (50 * G_TIME_SPAN_MILLISECOND);
  virtual_card_eject (data);
  return NULL;
}

static void
test_slow (World *world, gconstpointer slots)
{
  g_autoptr (GByteArray) response = g_byte_array_new ();
  gint64 begin = g_get_monotonic_time ();
  GThread *hand;

  test_card_behave (world->folder, "card", NULL, "A4=delay:150");
  expect (world, SELECT_PIV, PROPERTIES);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 150 * G_TIME_SPAN_MILLISECOND);
  test_card_behave (world->folder, "card", NULL, "A4=delay:3600000");
  hand = g_thread_new ("hand", eject_soon, world->card);
  g_assert_cmpint (transmit (world, SELECT_PIV, response), ==, VIRTUAL_CARD_GONE);
  g_thread_join (hand);
}

/* Tag 82, with a SEQUENCE in it that is as long as it can be. */
static gboolean
is_sequence (const char *hex)
{
  g_autoptr (GByteArray) bytes = from_hex (hex);

  g_assert_cmpuint (bytes->data[0], ==, 0x82);
  return bytes->data[2] == 0x30 && bytes->data[3] + 2 == bytes->data[1];
}

static void
test_garbage (World *world, gconstpointer slots)
{
  guint8 digest[32] = { 0 };
  g_autofree char *one = NULL, *other = NULL;

  test_card_behave (world->folder, "card", NULL, "87=garbage");
  expect (world, SELECT_PIV, PROPERTIES);
  one = authenticate (world, 0x11, 0x9e, digest, 32);
  other = authenticate (world, 0x11, 0x9e, digest, 32);
  g_assert_true (g_str_has_prefix (one, "7C") && g_str_has_suffix (one, "9000"));
  g_assert_false (is_sequence (one + 4) && is_sequence (other + 4));
  g_assert_cmpuint (virtual_card_get_counts (world->card).signatures, ==, 2);
}

/* Every APDU is in the log, and of a PIN nothing. */
static void
test_log (World *world, gconstpointer slots)
{
  g_autofree char *path = g_build_filename (world->folder, "card.apdus", NULL);
  g_autofree char *text = NULL;

  expect (world, SELECT_PIV, PROPERTIES);
  expect (world, VERIFY RIGHT_PIN, "9000");
  expect (world, VERIFY WRONG_PIN, "63C2");
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==,
                   "1 00 A4 04 00 17 -> 9000 19\n"
                   "2 00 20 00 80 13 -> 9000 0\n"
                   "3 00 20 00 80 13 -> 63C2 0\n");
  g_assert_cmpuint (virtual_card_count_instruction (world->card, 0x20), ==, 2);
  g_assert_cmpuint (virtual_card_get_counts (world->card).apdus, ==, 3);
}

static void
test_other_card (void)
{
  g_autoptr (VirtualCard) card = virtual_card_new (NULL);
  World world = { NULL, card };

  virtual_card_insert (card);
  expect (&world, SELECT_PIV, "6D00");
}

#define ADD(name, slots, test)                                                                               \
  g_test_add ("/virtual-card/" name, World, slots, world_set_up, test, world_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("select", "9A:p256", test_select);
  ADD ("objects", "9A:p256", test_objects);
  ADD ("certificate", "9A:rsa", test_certificate);
  ADD ("rest-is-dropped", "9A:rsa", test_rest_is_dropped);
  ADD ("verify", "9A:p256", test_verify);
  ADD ("verify-form", "9A:p256", test_verify_form);
  ADD ("blocked", "9A:p256", test_blocked);
  ADD ("change", "9A:p256", test_change);
  ADD ("unblock", "9A:p256", test_unblock);
  ADD ("no-pin", "9A:p256", test_no_pin);
  ADD ("rsa", "9A:rsa", test_rsa);
  ADD ("p256", "9E:p256", test_p256);
  ADD ("always", "9A:p256 9C:p256", test_always);
  ADD ("status-ends", "9A:p256", test_status_ends);
  ADD ("chain", "9A:rsa", test_chain);
  ADD ("malformed", "9A:p256", test_malformed);
  ADD ("faults", "9A:p256", test_faults);
  ADD ("slow", "9A:p256", test_slow);
  ADD ("garbage", "9E:p256", test_garbage);
  ADD ("log", "9A:p256", test_log);
  g_test_add_func ("/virtual-card/other", test_other_card);
  return g_test_run ();
}
