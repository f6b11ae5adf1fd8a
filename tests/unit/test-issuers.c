/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Chains out of what is known: loops, roots, expired and too long ones. */

#include "agent/tokens/issuers.h"

#include <nss.h>

#include "tests/fixtures/credentials/credentials.h"

typedef struct
{
  char *folder;
  GPtrArray *pool, *other, *pools;
  gint64 now;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("cardea-issuers-XXXXXX", NULL);
  self->pool = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_certificate_unref);
  self->other = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_certificate_unref);
  self->pools = g_ptr_array_new ();
  g_ptr_array_add (self->pools, self->pool);
  g_ptr_array_add (self->pools, self->other);
  self->now = g_get_real_time () / G_USEC_PER_SEC;
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  test_remove_folder (self->folder);
  g_free (self->folder);
  g_ptr_array_unref (self->pool);
  g_ptr_array_unref (self->other);
  g_ptr_array_unref (self->pools);
}

static CardeaCertificate *
load (Fixture *self, const char *name)
{
  g_autoptr (GBytes) der = test_credentials_get_der (self->folder, name);
  g_autoptr (GError) error = NULL;
  CardeaCertificate *certificate = cardea_certificate_new (der, &error);

  g_assert_no_error (error);
  return certificate;
}

/* Makes NAME, put into the pool unless it is NULL. */
static CardeaCertificate *
make (Fixture *self, const char *name, const char *issuer, GPtrArray *pool)
{
  const TestCredential credential = {
    .name = name, .issuer = issuer, .key = TEST_KEY_P256, .authority = TRUE
  };
  CardeaCertificate *certificate;

  test_credentials_make (self->folder, &credential);
  certificate = load (self, name);
  if (pool == NULL)
    return certificate;
  g_ptr_array_add (pool, certificate);
  return NULL;
}

static char *
find (Fixture *self, CardeaCertificate *certificate)
{
  g_autoptr (GPtrArray) chain = cardea_issuers_find (self->pools, certificate, self->now);
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < chain->len; i++) {
    g_autoptr (CardeaCertificate) issuer = cardea_certificate_new (chain->pdata[i], NULL);

    g_string_append_printf (names, "%s|", cardea_certificate_get_subject (issuer));
  }
  return g_strdup (names->str);
}

static void
test_chain (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaCertificate) leaf = NULL;
  g_autofree char *found = NULL;

  make (self, "root", NULL, self->pool);
  make (self, "first", "root", self->other);
  make (self, "second", "first", self->pool);
  leaf = make (self, "leaf", "second", NULL);
  found = find (self, leaf);
  g_assert_cmpstr (found, ==, "CN=second,O=Cardea|CN=first,O=Cardea|");
}

static void
test_unknown (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaCertificate) root = make (self, "root", NULL, NULL);
  g_autoptr (CardeaCertificate) leaf = make (self, "leaf", "root", NULL);
  g_autofree char *of_leaf = find (self, leaf);
  g_autofree char *of_root = find (self, root);

  g_assert_cmpstr (of_leaf, ==, "");
  g_assert_cmpstr (of_root, ==, "");
}

/* Two authorities that certified each other. */
static void
test_loop (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaCertificate) leaf = NULL, old = NULL;
  g_autofree char *found = NULL;

  old = make (self, "a", NULL, NULL);
  make (self, "b", "a", self->pool);
  make (self, "a", "b", self->pool);
  leaf = make (self, "leaf", "a", NULL);
  found = find (self, leaf);
  g_assert_cmpstr (found, ==, "CN=a,O=Cardea|CN=b,O=Cardea|");
}

static void
test_long (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaCertificate) leaf = NULL;
  g_autoptr (GPtrArray) chain = NULL;

  make (self, "0", NULL, self->pool);
  for (guint i = 1; i <= CARDEA_MAX_ISSUERS + 2; i++) {
    g_autofree char *name = g_strdup_printf ("%u", i);
    g_autofree char *issuer = g_strdup_printf ("%u", i - 1);

    make (self, name, issuer, self->pool);
  }
  leaf = make (self, "leaf", "10", NULL);
  chain = cardea_issuers_find (self->pools, leaf, self->now);
  g_assert_cmpuint (chain->len, ==, CARDEA_MAX_ISSUERS);
}

/* Of those with one name: the pool that comes first, and in it the one that is valid longest. */
static void
test_preference (Fixture *self, gconstpointer data)
{
  const TestCredential renewed = { "issuing", "root", TEST_KEY_P256, .authority = TRUE, .days = 9 };
  g_autoptr (CardeaCertificate) root = make (self, "root", NULL, NULL);
  g_autoptr (CardeaCertificate) leaf = NULL;
  g_autoptr (GPtrArray) chain = NULL, other_chain = NULL;
  CardeaCertificate *preferred;

  make (self, "issuing", "root", self->other);
  make (self, "issuing", "root", self->pool);
  test_credentials_make (self->folder, &renewed);
  preferred = load (self, "issuing");
  g_ptr_array_add (self->pool, preferred);
  make (self, "issuing", "root", self->pool);
  leaf = make (self, "leaf", "issuing", NULL);
  chain = cardea_issuers_find (self->pools, leaf, self->now);
  g_assert_cmpuint (chain->len, ==, 1);
  g_assert_true (g_bytes_equal (chain->pdata[0], cardea_certificate_get_der (preferred)));
  g_ptr_array_set_size (self->pool, 0);
  other_chain = cardea_issuers_find (self->pools, leaf, self->now);
  g_assert_cmpuint (other_chain->len, ==, 1);
}

#define ADD(path, function) g_test_add ("/issuers/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (NSS_NoDB_Init (NULL), ==, SECSuccess);
  ADD ("chain", test_chain);
  ADD ("unknown", test_unknown);
  ADD ("loop", test_loop);
  ADD ("long", test_long);
  ADD ("preference", test_preference);
  status = g_test_run ();
  g_assert_cmpint (NSS_Shutdown (), ==, SECSuccess);
  return status;
}
