/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* From what a module lists to what a person can use: keys that are missing, hidden or share their names,
 * objects that lie. */

#include "agent/tokens/snapshot.h"

#include <nss.h>

#include "agent/hosts/host-collector.h"
#include "socket-api/limits.h"
#include "tests/fixtures/credentials/credentials.h"

typedef struct
{
  char *folder;
  CardeaHost *host; /* never started */
  CardeaHostCollector *collector;
  const char *maker; /* of tokens; NULL: "Maker" */
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  static const char *const environment[] = { NULL };
  const TestCredential credentials[] = {
    { .name = "root", .key = TEST_KEY_P256, .authority = TRUE },
    { .name = "issuing", .issuer = "root", .key = TEST_KEY_P256, .authority = TRUE },
    { .name = "rsa", .issuer = "issuing", .key = TEST_KEY_RSA_2048 },
    { .name = "ec", .issuer = "issuing", .key = TEST_KEY_P256 },
  };
  g_autoptr (CardeaHostSpec) spec =
      cardea_host_spec_new ("host", "/nowhere.so", NULL, CARDEA_HOST_TOKENS | CARDEA_HOST_AUTHORITIES);

  self->folder = g_dir_make_tmp ("cardea-snapshot-XXXXXX", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (credentials); i++)
    test_credentials_make (self->folder, &credentials[i]);
  self->host = cardea_host_new (spec, "/nowhere", environment);
  self->collector = cardea_host_collector_new (7, spec->roles);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  test_remove_folder (self->folder);
  g_free (self->folder);
  cardea_host_collector_free (self->collector);
  g_assert_finalize_object (self->host);
}

static CardeaHostBytes
bytes_of (const char *text)
{
  return (CardeaHostBytes){ (const guint8 *)text, strlen (text) };
}

static void
add_token (Fixture *self, gulong slot, const char *label, gboolean login_required, gboolean logged_in)
{
  CardeaHostMessage item = { CARDEA_HOST_MESSAGE_TOKEN, 1 };

  item.token.slot = slot;
  item.token.label = bytes_of (label);
  item.token.manufacturer = bytes_of (self->maker != NULL ? self->maker : "Maker");
  item.token.model = bytes_of ("");
  item.token.serial = bytes_of ("12 34");
  item.token.reader = bytes_of ("Reader");
  item.token.initialised = 1;
  item.token.login_required = login_required;
  item.token.logged_in = logged_in;
  g_assert_true (cardea_host_collector_add (self->collector, &item));
}

static void
add_der (Fixture *self, gulong slot, GBytes *der, const char *id, const char *label)
{
  CardeaHostMessage item = { CARDEA_HOST_MESSAGE_CERTIFICATE, 1 };

  item.certificate.slot = slot;
  item.certificate.der.data = g_bytes_get_data (der, &item.certificate.der.length);
  item.certificate.key_id = bytes_of (id);
  item.certificate.label = bytes_of (label);
  g_assert_true (cardea_host_collector_add (self->collector, &item));
}

static void
add_certificate (Fixture *self, gulong slot, const char *name, const char *id)
{
  g_autoptr (GBytes) der = test_credentials_get_der (self->folder, name);

  add_der (self, slot, der, id, name);
}

static void
add_key (Fixture *self, gulong slot, const char *id, const char *modulus_of, gboolean always_authenticate)
{
  CardeaHostMessage item = { CARDEA_HOST_MESSAGE_KEY, 1 };
  g_autoptr (CardeaCertificate) certificate = NULL;

  item.key.slot = slot;
  item.key.key_id = bytes_of (id);
  item.key.always_authenticate = always_authenticate;
  if (modulus_of != NULL) {
    g_autoptr (GBytes) der = test_credentials_get_der (self->folder, modulus_of);
    GBytes *modulus;

    certificate = cardea_certificate_new (der, NULL);
    modulus = cardea_certificate_get_key_parameters (certificate);
    item.key.modulus.data = g_bytes_get_data (modulus, &item.key.modulus.length);
  }
  g_assert_true (cardea_host_collector_add (self->collector, &item));
}

static void
add_authority (Fixture *self, const char *name, CardeaTrustLevel level)
{
  CardeaHostMessage item = { CARDEA_HOST_MESSAGE_AUTHORITY, 1 };
  g_autoptr (GBytes) der = test_credentials_get_der (self->folder, name);

  item.authority.der.data = g_bytes_get_data (der, &item.authority.der.length);
  item.authority.level = level;
  g_assert_true (cardea_host_collector_add (self->collector, &item));
}

static CardeaSnapshot *
finish (Fixture *self)
{
  g_autoptr (CardeaHostListing) listing = cardea_host_collector_finish (self->collector);

  return cardea_snapshot_new (self->host, listing);
}

static void
assert_problem (GPtrArray *problems, CardeaReasonCode code)
{
  g_assert_cmpuint (problems->len, ==, 1);
  g_assert_cmpstr (cardea_reason_code_to_string (((CardeaReason *)problems->pdata[0])->code), ==,
                   cardea_reason_code_to_string (code));
}

static void
test_hidden (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaSnapshot) snapshot = NULL;
  CardeaTokenCertificate *certificate;

  add_token (self, 3, "Card", TRUE, FALSE);
  add_certificate (self, 3, "rsa", "A");
  snapshot = finish (self);
  certificate = snapshot->certificates->pdata[0];
  g_assert_false (certificate->key_seen);
  g_assert_false (certificate->key_missing);
  g_assert_cmpuint (certificate->problems->len, ==, 0);
  g_assert_cmpuint (certificate->token->generation, ==, 7);
}

static void
test_missing (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaSnapshot) snapshot = NULL;
  CardeaTokenCertificate *certificate;

  add_token (self, 3, "Card", TRUE, TRUE);
  add_token (self, 4, "Other card", FALSE, FALSE);
  add_certificate (self, 3, "ec", "A");
  add_key (self, 3, "B", NULL, FALSE);
  add_key (self, 4, "A", NULL, FALSE); /* another token's */
  snapshot = finish (self);
  certificate = snapshot->certificates->pdata[0];
  g_assert_true (certificate->key_missing);
  assert_problem (certificate->problems, CARDEA_REASON_KEY_MISSING);
}

/* Without an id nothing can be said to belong together. */
static void
test_empty_id (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaSnapshot) snapshot = NULL;

  add_token (self, 3, "Card", FALSE, FALSE);
  add_certificate (self, 3, "ec", "");
  add_key (self, 3, "", NULL, FALSE);
  snapshot = finish (self);
  g_assert_true (((CardeaTokenCertificate *)snapshot->certificates->pdata[0])->key_missing);
  g_assert_cmpstr (((CardeaTokenCertificate *)snapshot->certificates->pdata[0])->uri, ==,
                   "pkcs11:manufacturer=Maker;serial=12%2034;token=Card;object=ec;type=cert");
}

/* The key is told by its modulus, whatever the ids say, and asked to sign by its own id. */
static void
test_modulus (Fixture *self, gconstpointer data)
{
  const TestCredential other = { .name = "other", .key = TEST_KEY_RSA_2048 };
  g_autoptr (CardeaSnapshot) snapshot = NULL;
  CardeaTokenCertificate *certificate;

  test_credentials_make (self->folder, &other);
  add_token (self, 3, "Card", FALSE, FALSE);
  add_certificate (self, 3, "rsa", "A");
  add_key (self, 3, "A", "other", TRUE);
  add_key (self, 3, "B", "rsa", FALSE);
  snapshot = finish (self);
  certificate = snapshot->certificates->pdata[0];
  g_assert_true (certificate->key_seen);
  g_assert_false (certificate->always_authenticate);
  g_assert_cmpmem (g_bytes_get_data (certificate->id, NULL), g_bytes_get_size (certificate->id), "B", 1);
  g_assert_nonnull (strstr (certificate->uri, ";id=%41;"));
}

static void
test_always_authenticate (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaSnapshot) snapshot = NULL;
  CardeaTokenCertificate *certificate;

  add_token (self, 3, "Card", FALSE, FALSE);
  add_certificate (self, 3, "ec", "A");
  add_key (self, 3, "A", NULL, TRUE);
  snapshot = finish (self);
  certificate = snapshot->certificates->pdata[0];
  g_assert_true (certificate->key_seen);
  g_assert_true (certificate->always_authenticate);
  g_assert_cmpuint (certificate->problems->len, ==, 0);
}

/* PIV says which key it is, as OpenSC numbers them, before that can be seen. */
static void
test_always_hidden (Fixture *self, gconstpointer data)
{
  static const struct
  {
    const char *maker, *id;
    gboolean expected;
  } cases[] = {
    { "piv_II", "\2", TRUE },
    { "piv_II", "\1", FALSE },
    { "piv_II", "\2\2", FALSE },
    { "Maker", "\2", FALSE },
  };

  for (gulong slot = 0; slot < G_N_ELEMENTS (cases); slot++) {
    self->maker = cases[slot].maker;
    add_token (self, slot, "Card", TRUE, FALSE);
    add_certificate (self, slot, "ec", cases[slot].id);
  }
  g_autoptr (CardeaSnapshot) snapshot = finish (self);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const CardeaTokenCertificate *certificate = snapshot->certificates->pdata[i];

    g_assert_false (certificate->key_seen);
    g_assert_cmpint (certificate->always_authenticate, ==, cases[certificate->token->info->slot].expected);
  }
}

/* An authority is a client only with its key; in any case it completes chains, unless it is distrusted. */
static void
test_authorities (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaSnapshot) snapshot = NULL;

  add_token (self, 3, "Card", FALSE, FALSE);
  add_certificate (self, 3, "issuing", "A");
  add_certificate (self, 3, "root", "B");
  add_key (self, 3, "B", NULL, FALSE);
  add_authority (self, "issuing", CARDEA_TRUST_NEUTRAL);
  add_authority (self, "root", CARDEA_TRUST_ANCHOR);
  add_authority (self, "root", CARDEA_TRUST_DISTRUSTED);
  snapshot = finish (self);
  g_assert_cmpuint (snapshot->certificates->len, ==, 1);
  g_assert_cmpstr (((CardeaTokenCertificate *)snapshot->certificates->pdata[0])->label, ==, "root");
  g_assert_cmpuint (snapshot->issuers->len, ==, 4);
}

static void
test_malformed (Fixture *self, gconstpointer data)
{
  g_autoptr (GBytes) rubbish = g_bytes_new_static ("\x30\x03rubbish", 9);
  g_autoptr (CardeaSnapshot) snapshot = NULL;
  CardeaToken *token;

  add_token (self, 3, "Card", FALSE, FALSE);
  add_der (self, 3, rubbish, "A", "first");
  add_der (self, 3, rubbish, "B", "second");
  snapshot = finish (self);
  g_assert_cmpuint (snapshot->certificates->len, ==, 0);
  token = snapshot->tokens->pdata[0];
  assert_problem (token->problems, CARDEA_REASON_CERTIFICATE_MALFORMED);
  g_assert_nonnull (strstr (((CardeaReason *)token->problems->pdata[0])->message, "2 certificates"));
  g_assert_nonnull (strstr (((CardeaReason *)token->problems->pdata[0])->message, "first"));
}

/* The same object twice is one certificate; the same certificate under two ids is two. */
static void
test_duplicates (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaSnapshot) snapshot = NULL;

  add_token (self, 3, "Card", TRUE, FALSE);
  add_certificate (self, 3, "rsa", "A");
  add_certificate (self, 3, "rsa", "A");
  add_certificate (self, 3, "rsa", "B");
  snapshot = finish (self);
  g_assert_cmpuint (snapshot->certificates->len, ==, 2);
}

static void
free_listed (gpointer data)
{
  CardeaHostCertificate *listed = data;

  g_bytes_unref (listed->der);
  g_bytes_unref (listed->id);
  g_free (listed->label);
  g_free (listed);
}

/* At the limit, and one past it: made by hand, because the collector does not let so many through. */
static void
test_too_many (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaHostListing) listing = NULL;
  g_autoptr (GBytes) der = test_credentials_get_der (self->folder, "ec");

  add_token (self, 3, "Card", TRUE, FALSE);
  listing = cardea_host_collector_finish (self->collector);
  g_ptr_array_set_free_func (listing->certificates, free_listed);
  for (guint n = 1; n <= CARDEA_LIMIT_CERTIFICATES_PER_TOKEN + 1; n++) {
    CardeaHostCertificate *listed = g_new0 (CardeaHostCertificate, 1);
    g_autoptr (CardeaSnapshot) snapshot = NULL;
    CardeaToken *token;

    listed->slot = 3;
    listed->der = g_bytes_ref (der);
    listed->id = g_bytes_new (&n, sizeof n);
    listed->label = g_strdup ("ec");
    g_ptr_array_add (listing->certificates, listed);
    if (n < CARDEA_LIMIT_CERTIFICATES_PER_TOKEN)
      continue;
    snapshot = cardea_snapshot_new (self->host, listing);
    token = snapshot->tokens->pdata[0];
    g_assert_cmpuint (snapshot->certificates->len, ==, CARDEA_LIMIT_CERTIFICATES_PER_TOKEN);
    if (n == CARDEA_LIMIT_CERTIFICATES_PER_TOKEN)
      g_assert_cmpuint (token->problems->len, ==, 0);
    else
      assert_problem (token->problems, CARDEA_REASON_TOO_MANY_CERTIFICATES);
  }
}

/* Whatever a card calls itself, the URI is ASCII and its fields are PKCS#11's. */
static void
test_hostile_label (Fixture *self, gconstpointer data)
{
  g_autofree char *label = g_strnfill (31, 'x');
  g_autofree char *hostile = g_strconcat (label, "\xc3\xa4?pin-value=1234;\xff", NULL);
  g_autoptr (CardeaSnapshot) snapshot = NULL;
  CardeaToken *token;

  add_token (self, 3, hostile, TRUE, FALSE);
  snapshot = finish (self);
  token = snapshot->tokens->pdata[0];
  g_assert_true (g_utf8_validate (token->info->label, -1, NULL));
  g_assert_true (g_str_is_ascii (token->uri));
  g_assert_null (strchr (token->uri, '?'));
  g_assert_true (
      g_str_has_suffix (token->uri, "token=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")); /* no half character */
}

#define ADD(path, function) g_test_add ("/snapshot/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (NSS_NoDB_Init (NULL), ==, SECSuccess);
  ADD ("hidden", test_hidden);
  ADD ("missing", test_missing);
  ADD ("empty-id", test_empty_id);
  ADD ("modulus", test_modulus);
  ADD ("always-authenticate", test_always_authenticate);
  ADD ("always-hidden", test_always_hidden);
  ADD ("authorities", test_authorities);
  ADD ("malformed", test_malformed);
  ADD ("duplicates", test_duplicates);
  ADD ("too-many", test_too_many);
  ADD ("hostile-label", test_hostile_label);
  status = g_test_run ();
  g_assert_cmpint (NSS_Shutdown (), ==, SECSuccess);
  return status;
}
