/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The memory of good signatures must never call a bad one good. */

#include "agent/tls/proven.h"

#include "agent/tls/nss.h"
#include "tests/unit/verify-check.h"

typedef struct
{
  CardeaX509 *root, *other_root, *leaf, *second, *third;
} Fixture;

static CardeaX509 *
decode (GBytes *der)
{
  g_autoptr (GError) error = NULL;
  CardeaX509 *certificate = cardea_x509_new (der, &error);

  g_assert_no_error (error);
  return certificate;
}

static CardeaX509 *
make (const char *name, ChainMakerCertificate *issuer)
{
  g_autoptr (ChainMakerCertificate) made =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = name }, issuer);

  return decode (chain_maker_certificate_get_der (made));
}

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) root =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Root", .extensions = CA }, NULL);
  g_autoptr (ChainMakerCertificate) other =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Root", .extensions = CA }, NULL);

  self->root = decode (chain_maker_certificate_get_der (root));
  self->other_root = decode (chain_maker_certificate_get_der (other));
  self->leaf = make ("leaf", root);
  self->second = make ("second", root);
  self->third = make ("third", root);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  cardea_x509_unref (self->root);
  cardea_x509_unref (self->other_root);
  cardea_x509_unref (self->leaf);
  cardea_x509_unref (self->second);
  cardea_x509_unref (self->third);
}

static void
test_good (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaProven) proven = cardea_proven_new (8);

  g_assert_true (cardea_proven_is_signed_by (proven, self->leaf, self->root));
  g_assert_true (cardea_proven_is_signed_by (proven, self->leaf, self->root));
  g_assert_cmpuint (cardea_proven_count (proven), ==, 1);
}

static void
test_other_key (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaProven) proven = cardea_proven_new (8);

  g_assert_true (cardea_proven_is_signed_by (proven, self->leaf, self->root));
  g_assert_false (cardea_proven_is_signed_by (proven, self->leaf, self->other_root));
  g_assert_false (cardea_proven_is_signed_by (proven, self->leaf, self->leaf));
  g_assert_cmpuint (cardea_proven_count (proven), ==, 1);
}

/* The last byte is the signature's: a certificate that was seen does not vouch for its like. */
static void
test_changed (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaProven) proven = cardea_proven_new (8);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GBytes) der = NULL;
  g_autoptr (CardeaX509) changed = NULL;

  g_assert_true (cardea_proven_is_signed_by (proven, self->leaf, self->root));
  g_byte_array_append (bytes, g_bytes_get_data (self->leaf->bytes, NULL),
                       (guint)g_bytes_get_size (self->leaf->bytes));
  bytes->data[bytes->len - 1] ^= 1;
  der = g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
  changed = decode (der);
  g_assert_false (cardea_proven_is_signed_by (proven, changed, self->root));
  g_assert_false (cardea_proven_is_signed_by (proven, changed, self->root));
  g_assert_true (cardea_proven_is_signed_by (proven, self->leaf, self->root));
  g_assert_cmpuint (cardea_proven_count (proven), ==, 1);
}

static void
test_limit (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaProven) proven = cardea_proven_new (2);

  g_assert_true (cardea_proven_is_signed_by (proven, self->leaf, self->root));
  g_assert_true (cardea_proven_is_signed_by (proven, self->second, self->root));
  g_assert_cmpuint (cardea_proven_count (proven), ==, 2);
  g_assert_true (cardea_proven_is_signed_by (proven, self->third, self->root));
  g_assert_cmpuint (cardea_proven_count (proven), ==, 1);
  g_assert_true (cardea_proven_is_signed_by (proven, self->leaf, self->root));
  g_assert_cmpuint (cardea_proven_count (proven), ==, 2);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_true (cardea_nss_start (&error));
  g_assert_no_error (error);
  g_test_add ("/proven/good", Fixture, NULL, set_up, test_good, tear_down);
  g_test_add ("/proven/other-key", Fixture, NULL, set_up, test_other_key, tear_down);
  g_test_add ("/proven/changed", Fixture, NULL, set_up, test_changed, tear_down);
  g_test_add ("/proven/limit", Fixture, NULL, set_up, test_limit, tear_down);
  status = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  return status;
}
