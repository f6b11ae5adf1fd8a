/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The real token host with the real SoftHSM, p11-kit's trust module and NSS's softoken. */

#include <glib/gstdio.h>
#include <openssl/x509.h>
#include <string.h>

#include "config.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/credentials/credentials.h"
#include "tests/integration/hosts/host-rig.h"

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"

static const CardeaHostToken *
find_token (const CardeaHostListing *listing, gulong slot)
{
  for (guint i = 0; i < listing->tokens->len; i++) {
    const CardeaHostToken *token = listing->tokens->pdata[i];

    if (token->slot == slot)
      return token;
  }
  g_assert_not_reached ();
}

static HostRig *
softhsm_rig (void)
{
  HostRig *rig = host_rig_new ();
  const char *make[] = { g_getenv ("CARDEA_MAKE_TOKEN"), rig->folder, NULL };

  host_rig_run (rig, make);
  host_rig_open (rig, SOFTHSM, NULL, CARDEA_HOST_TOKENS, NULL);
  return rig;
}

static void
test_softhsm_list (void)
{
  g_autoptr (HostRig) rig = softhsm_rig ();
  g_autoptr (CardeaHostListing) locked = host_rig_must_list (rig);
  const CardeaHostToken *token = find_token (locked, host_rig_slot (locked));

  g_assert_cmpuint (locked->generation, ==, 1);
  g_assert_cmpstr (token->label, ==, "Cardea test");
  g_assert_cmpstr (token->manufacturer, ==, "SoftHSM project");
  g_assert_true (token->initialised);
  g_assert_true (token->login_required);
  g_assert_false (token->logged_in);
  g_assert_false (token->pinpad);
  g_assert_cmpint (token->pin, ==, CARDEA_PIN_FINE);
  g_assert_cmpuint (token->mechanisms & CARDEA_MECHANISM_RSA_PSS, !=, 0);
  g_assert_cmpuint (token->mechanisms & CARDEA_MECHANISM_ECDSA, !=, 0);
  g_assert_cmpuint (locked->certificates->len, ==, 3);
  g_assert_cmpuint (locked->keys->len, ==, 0);
  g_assert_cmpuint (locked->authorities->len, ==, 0);

  g_autoptr (CardeaHostListing) open = host_rig_unlock (rig, "31415926");

  g_assert_true (find_token (open, host_rig_slot (open))->logged_in);
  g_assert_cmpuint (open->keys->len, ==, 2);
  g_assert_cmpuint (open->generation, ==, 1);
  g_assert_null (cardea_host_get_problem (rig->host));
}

static void
sign_and_verify (HostRig *rig, CardeaHostListing *listing, guint8 id, CardeaSignMechanism mechanism,
                 guint bits, const char *name)
{
  g_autoptr (HostSigning) signing = host_signing_start (rig, listing, id, mechanism, bits, 10000, NULL);

  host_signing_wait (signing);
  host_signing_verify (signing, name);
}

static void
test_softhsm_sign (void)
{
  g_autoptr (HostRig) rig = softhsm_rig ();
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "31415926");

  sign_and_verify (rig, listing, 1, CARDEA_SIGN_RSA_PSS, 256, "rsa");
  sign_and_verify (rig, listing, 1, CARDEA_SIGN_RSA_PSS, 384, "rsa");
  sign_and_verify (rig, listing, 1, CARDEA_SIGN_RSA_PSS, 512, "rsa");
  sign_and_verify (rig, listing, 2, CARDEA_SIGN_ECDSA, 256, "ec");
}

/* RSA-PSS by the bare operation, with each hash; the key's modulus says how long the block is. */
static void
test_softhsm_sign_raw (void)
{
  static const guint hashes[] = { 256, 384, 512 };
  g_autoptr (HostRig) rig = softhsm_rig ();
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "31415926");
  const CardeaHostKey *key = NULL;
  g_autoptr (HostSigning) blind =
      host_signing_start (rig, listing, 1, CARDEA_SIGN_RSA_PSS_RAW, 256, 10000, NULL);

  host_signing_wait (blind);
  g_assert_error (blind->error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  for (guint i = 0; i < listing->keys->len; i++)
    if (((CardeaHostKey *)listing->keys->pdata[i])->modulus != NULL)
      key = listing->keys->pdata[i];
  g_assert_nonnull (key);
  for (guint i = 0; i < G_N_ELEMENTS (hashes); i++) {
    g_autoptr (HostSigning) signing =
        host_signing_start_full (rig, listing, g_bytes_ref (key->id), g_bytes_ref (key->modulus),
                                 CARDEA_SIGN_RSA_PSS_RAW, hashes[i], 10000, NULL);

    host_signing_wait (signing);
    host_signing_verify (signing, "rsa");
  }
}

static void
test_softhsm_locked (void)
{
  g_autoptr (HostRig) rig = softhsm_rig ();
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);
  g_autoptr (GError) refused = NULL;
  g_autoptr (HostSigning) signing =
      host_signing_start (rig, listing, 1, CARDEA_SIGN_RSA_PSS, 256, 10000, NULL);

  host_signing_wait (signing);
  g_assert_error (signing->error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_false (host_rig_log_in (rig, listing, "wrong", &refused));
  g_assert_error (refused, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_nonnull (strstr (refused->message, "CKR_PIN_INCORRECT"));
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (refused), "pin")), ==,
                   "low");
  /* Neither is a reason to start the process afresh. */
  g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);
  g_assert_cmpuint (after->generation, ==, 1);
}

static void
test_softhsm_many (void)
{
  g_autoptr (HostRig) rig = softhsm_rig ();
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "31415926");
  HostSigning *signings[128];

  for (guint i = 0; i < G_N_ELEMENTS (signings); i++)
    signings[i] = host_signing_start (rig, listing, 1 + i % 2,
                                      i % 2 ? CARDEA_SIGN_ECDSA : CARDEA_SIGN_RSA_PSS, 256, 15000, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (signings); i++) {
    host_signing_wait (signings[i]);
    host_signing_verify (signings[i], i % 2 ? "ec" : "rsa");
    host_signing_free (signings[i]);
  }
}

static guint
count_authorities (const CardeaHostListing *listing, CardeaTrustLevel level)
{
  guint count = 0;

  for (guint i = 0; i < listing->authorities->len; i++)
    count += ((CardeaHostAuthority *)listing->authorities->pdata[i])->level == level;
  return count;
}

static guint
count_bundle (void)
{
  g_autofree char *text = NULL;
  guint count = 0;

  g_assert_true (g_file_get_contents ("/etc/ssl/certs/ca-certificates.crt", &text, NULL, NULL));
  for (const char *next = text; (next = strstr (next, "-----BEGIN CERTIFICATE-----")) != NULL; next++)
    count++;
  return count;
}

/* What the module calls anchors is what the system's own bundle was made of. */
static void
test_trust_system (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open (rig, CARDEA_P11_MODULE_PATH "/p11-kit-trust.so", NULL, CARDEA_HOST_AUTHORITIES, NULL);

  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  g_assert_cmpuint (count_bundle (), >, 50);
  g_assert_cmpuint (count_authorities (listing, CARDEA_TRUST_ANCHOR), ==, count_bundle ());
  g_assert_cmpuint (listing->tokens->len, ==, 0);
  g_assert_cmpuint (listing->certificates->len, ==, 0);
  for (guint i = 0; i < listing->authorities->len; i++) {
    CardeaHostAuthority *authority = listing->authorities->pdata[i];
    gsize length;
    const guint8 *der = g_bytes_get_data (authority->der, &length);
    X509 *certificate = d2i_X509 (NULL, &der, length);

    g_assert_nonnull (certificate);
    X509_free (certificate);
  }
}

static void
certutil (HostRig *rig, const char *const *more)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *database = g_strdup_printf ("sql:%s/db", rig->folder);

  g_strv_builder_add_many (builder, "certutil", "-d", database, NULL);
  g_strv_builder_addv (builder, (const char **)more);

  g_auto (GStrv) arguments = g_strv_builder_end (builder);

  host_rig_run (rig, (const char *const *)arguments);
}

static char *
database_arguments (HostRig *rig)
{
  return g_strdup_printf (
      "configdir='sql:%s/db' certPrefix='' keyPrefix='' secmod='secmod.db' flags=readOnly", rig->folder);
}

static HostRig *
database_rig (void)
{
  HostRig *rig = host_rig_new ();
  const TestCredential ca = { .name = "ca", .key = TEST_KEY_P256, .authority = TRUE };
  const TestCredential bad = { .name = "bad", .key = TEST_KEY_P256, .authority = TRUE };
  const TestCredential user = { .name = "user", .issuer = "ca", .key = TEST_KEY_RSA_2048 };
  const char *const p12[] = { "openssl", "pkcs12", "-export",  "-in",    "user.pem", "-inkey",   "user.key",
                              "-name",   "user",   "-passout", "pass:x", "-out",     "user.p12", NULL };
  g_autofree char *database = g_strdup_printf ("sql:%s/db", rig->folder);
  const char *const import[] = {
    "pk12util", "-i", "user.p12", "-d", database, "-w", "word", "-k", "pin", NULL
  };
  g_autofree char *word = host_rig_path (rig, "word");
  g_autofree char *pin = host_rig_path (rig, "pin");
  g_autofree char *folder = host_rig_path (rig, "db");

  g_assert_true (g_file_set_contents (word, "x", -1, NULL));
  g_assert_true (g_file_set_contents (pin, "database pin", -1, NULL));
  g_mkdir (folder, 0700);
  test_credentials_make (rig->folder, &ca);
  test_credentials_make (rig->folder, &bad);
  test_credentials_make (rig->folder, &user);
  host_rig_run (rig, p12);
  certutil (rig, (const char *const[]){ "-N", "-f", "pin", NULL });
  certutil (rig, (const char *const[]){ "-A", "-n", "ca", "-t", "CT,,", "-i", "ca.pem", "-f", "pin", NULL });
  certutil (rig, (const char *const[]){ "-A", "-n", "bad", "-t", "p,,", "-i", "bad.pem", "-f", "pin", NULL });
  host_rig_run (rig, import);

  g_autofree char *arguments = database_arguments (rig);

  host_rig_open (rig, CARDEA_NSS_LIBDIR "/libsoftokn3.so", arguments,
                 CARDEA_HOST_TOKENS | CARDEA_HOST_AUTHORITIES, NULL);
  return rig;
}

static CardeaTrustLevel
level_of (HostRig *rig, const CardeaHostListing *listing, const char *name)
{
  g_autoptr (GBytes) der = test_credentials_get_der (rig->folder, name);

  for (guint i = 0; i < listing->authorities->len; i++) {
    CardeaHostAuthority *authority = listing->authorities->pdata[i];

    if (g_bytes_equal (authority->der, der))
      return authority->level;
  }
  g_assert_not_reached ();
}

static void
test_database (void)
{
  g_autoptr (HostRig) rig = database_rig ();
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  g_assert_cmpint (level_of (rig, listing, "ca"), ==, CARDEA_TRUST_ANCHOR);
  g_assert_cmpint (level_of (rig, listing, "bad"), ==, CARDEA_TRUST_DISTRUSTED);
  g_assert_cmpint (level_of (rig, listing, "user"), ==, CARDEA_TRUST_NEUTRAL);
  g_assert_true (find_token (listing, host_rig_slot (listing))->login_required);

  g_autoptr (CardeaHostListing) open = host_rig_unlock (rig, "database pin");

  g_assert_cmpuint (open->keys->len, ==, 1);

  CardeaHostKey *key = open->keys->pdata[0];
  g_autoptr (HostSigning) other = host_signing_start (rig, open, 0, CARDEA_SIGN_RSA_PSS, 256, 10000, NULL);
  g_autoptr (HostSigning) signing = host_signing_start_full (
      rig, open, g_bytes_ref (key->id), g_bytes_ref (key->modulus), CARDEA_SIGN_RSA_PSS, 256, 10000, NULL);

  host_signing_wait (other); /* no key has that id */
  g_assert_error (other->error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  host_signing_wait (signing);
  host_signing_verify (signing, "user");
}

static void
test_database_corrupt (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autofree char *folder = host_rig_path (rig, "db");
  g_autofree char *certificates = host_rig_path (rig, "db/cert9.db");
  g_autofree char *keys = host_rig_path (rig, "db/key4.db");
  g_autofree char *arguments = database_arguments (rig);
  g_autoptr (GError) error = NULL;

  g_mkdir (folder, 0700);
  g_assert_true (g_file_set_contents (certificates, "this is no database", -1, NULL));
  g_assert_true (g_file_set_contents (keys, "neither is this", -1, NULL));
  host_rig_open (rig, CARDEA_NSS_LIBDIR "/libsoftokn3.so", arguments,
                 CARDEA_HOST_TOKENS | CARDEA_HOST_AUTHORITIES, NULL);
  g_assert_null (host_rig_list (rig, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpint (cardea_host_get_problem (rig->host)->code, ==, CARDEA_REASON_DATABASE_UNREADABLE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/softhsm-list", test_softhsm_list);
  g_test_add_func ("/host/softhsm-sign", test_softhsm_sign);
  g_test_add_func ("/host/softhsm-sign-raw", test_softhsm_sign_raw);
  g_test_add_func ("/host/softhsm-locked", test_softhsm_locked);
  g_test_add_func ("/host/softhsm-many", test_softhsm_many);
  g_test_add_func ("/host/trust-system", test_trust_system);
  g_test_add_func ("/host/database", test_database);
  g_test_add_func ("/host/database-corrupt", test_database_corrupt);
  return g_test_run ();
}
