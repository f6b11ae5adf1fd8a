/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a module lists is not yet what a person can use. A certificate may come without its key, a key may
 * hide until login, a token may hold its whole chain, a card may hold bytes that are no certificate: each
 * becomes a certificate to offer, one that completes a chain, or a problem in words. */

#include "agent/tokens/snapshot.h"

#include "agent/tokens/token.h"
#include "socket-api/limits.h"

/* One token while its objects are looked at. */
typedef struct
{
  CardeaToken *token; /* borrowed from the snapshot */
  GPtrArray *keys;    /* of CardeaHostKey, borrowed from the listing: those of this token */
  GHashTable *seen;   /* certificates taken, by their hash and id */
  guint n_certificates;
  guint n_malformed;
  char *first_malformed;
} Reading;

static void
reading_free (gpointer data)
{
  Reading *self = data;

  g_ptr_array_unref (self->keys);
  g_hash_table_unref (self->seen);
  g_free (self->first_malformed);
  g_free (self);
}

static void
add_problem (GPtrArray *problems, CardeaReason *reason)
{
  g_ptr_array_add (problems, reason);
}

static const char *
get_name (const CardeaHostToken *info)
{
  return *info->label != '\0' ? info->label : info->reader;
}

static void
judge_token (CardeaToken *token)
{
  const CardeaHostToken *info = token->info;

  if (!info->initialised) {
    token->state = CARDEA_TOKEN_UNUSABLE;
    add_problem (
        token->problems,
        cardea_reason_new (CARDEA_REASON_TOKEN_NOT_INITIALISED,
                           "Set it up with the software that came with it, or ask who gave it to you.",
                           "The token “%s” has not been set up yet.", get_name (info)));
  } else if (info->pin == CARDEA_PIN_LOCKED && info->login_required && !info->logged_in) {
    token->state = CARDEA_TOKEN_UNUSABLE;
    add_problem (token->problems,
                 cardea_reason_new (
                     CARDEA_REASON_TOKEN_LOCKED,
                     "Unlock it with its unblocking code (PUK): \"cardea pin unblock\". Or ask who "
                     "gave it to you.",
                     "The PIN of the token “%s” is locked after too many wrong tries.", get_name (info)));
  }
}

/* Softoken's first slot computes and keeps nothing, and SoftHSM always has one more slot that waits to become
 * a token: neither is a token that anybody inserted. */
static gboolean
is_token (const CardeaHostToken *info)
{
  if (!info->initialised && *info->label == '\0')
    return FALSE;
  return g_strcmp0 (info->label, "NSS Generic Crypto Services") != 0;
}

static GHashTable *
read_tokens (CardeaSnapshot *self, CardeaHost *host, CardeaHostListing *listing)
{
  GHashTable *readings = g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL, reading_free);

  for (guint i = 0; i < listing->tokens->len; i++) {
    const CardeaHostToken *info = listing->tokens->pdata[i];
    Reading *reading;

    if (!is_token (info))
      continue;
    reading = g_new0 (Reading, 1);
    reading->token = cardea_token_new (host, listing->generation, info);
    reading->keys = g_ptr_array_new ();
    reading->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    judge_token (reading->token);
    g_ptr_array_add (self->tokens, reading->token);
    g_hash_table_insert (readings, GSIZE_TO_POINTER (info->slot), reading);
  }
  return readings;
}

static gboolean
keys_are_visible (const CardeaHostToken *info)
{
  return info->logged_in || !info->login_required;
}

/* By the modulus where both sides tell it, since keys may share an id; else by the id. */
static gboolean
belongs_to (const CardeaHostKey *key, CardeaCertificate *certificate, GBytes *id)
{
  GBytes *modulus = NULL;

  if (cardea_certificate_get_key_type (certificate) == CARDEA_KEY_RSA)
    modulus = cardea_certificate_get_key_parameters (certificate);
  if (modulus != NULL && key->modulus != NULL)
    return g_bytes_equal (modulus, key->modulus);
  return g_bytes_get_size (id) > 0 && g_bytes_equal (key->id, id);
}

static const CardeaHostKey *
find_key (Reading *reading, CardeaCertificate *certificate, GBytes *id)
{
  const CardeaHostKey *found = NULL;

  for (guint i = 0; i < reading->keys->len; i++) {
    const CardeaHostKey *key = reading->keys->pdata[i];

    if (!belongs_to (key, certificate, id))
      continue;
    if (g_bytes_equal (key->id, id))
      return key;
    found = key;
  }
  return found;
}

/* What a key wants is its own attribute, which a token hides with it until login. Of PIV's keys it is known
 * beforehand: that for signatures, in 9C, wants the PIN for each (SP 800-73-4, part 1, table 4), and OpenSC
 * has it as 02. Where that is wrong a person is asked once more than need be. */
static gboolean
is_hidden_signature_key (const CardeaHostToken *info, GBytes *id)
{
  const guint8 *bytes = g_bytes_get_data (id, NULL);

  return g_str_equal (info->manufacturer, "piv_II") && g_bytes_get_size (id) == 1 && bytes[0] == 2;
}

static void
judge_key (CardeaTokenCertificate *self, const CardeaHostKey *key)
{
  if (key != NULL) {
    self->key_seen = TRUE;
    self->always_authenticate = key->always_authenticate;
    g_bytes_unref (self->id); /* signatures are asked for by the key's id */
    self->id = g_bytes_ref (key->id);
  } else if (keys_are_visible (self->token->info)) {
    self->key_missing = TRUE;
    add_problem (self->problems,
                 cardea_reason_new (CARDEA_REASON_KEY_MISSING,
                                    "Put the key on the token as well, or use the token that holds it.",
                                    "The token “%s” holds this certificate without its private key.",
                                    get_name (self->token->info)));
  } else {
    self->always_authenticate = is_hidden_signature_key (self->token->info, self->id);
  }
}

static gboolean
is_new (Reading *reading, CardeaCertificate *certificate, GBytes *id)
{
  g_autoptr (GString) key = g_string_new (cardea_certificate_get_sha256 (certificate));
  gsize length;
  const guint8 *bytes = g_bytes_get_data (id, &length);

  for (gsize i = 0; i < length; i++)
    g_string_append_printf (key, "%02x", bytes[i]);
  return g_hash_table_add (reading->seen, g_strdup (key->str));
}

static void
note_malformed (Reading *reading, const CardeaHostCertificate *listed, const GError *error)
{
  if (reading->n_malformed++ == 0)
    reading->first_malformed = g_strdup_printf ("“%s”: %s", listed->label, error->message);
}

static void
read_certificate (CardeaSnapshot *self, Reading *reading, const CardeaHostCertificate *listed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaCertificate) certificate = NULL;
  const CardeaHostKey *key;
  CardeaTokenCertificate *made;

  if (++reading->n_certificates > CARDEA_LIMIT_CERTIFICATES_PER_TOKEN)
    return;
  certificate = cardea_certificate_new (listed->der, &error);
  if (certificate == NULL) {
    note_malformed (reading, listed, error);
    return;
  }
  if (!is_new (reading, certificate, listed->id))
    return;
  key = find_key (reading, certificate, listed->id);
  if ((cardea_certificate_get_purposes (certificate) & CARDEA_PURPOSE_AUTHORITY) != 0) {
    g_ptr_array_add (self->issuers, cardea_certificate_ref (certificate));
    if (key == NULL)
      return;
  }
  made = cardea_token_certificate_new (reading->token, certificate, listed);
  judge_key (made, key);
  g_ptr_array_add (self->certificates, made);
}

static void
report_reading (Reading *self)
{
  const char *name = get_name (self->token->info);

  if (self->n_certificates > CARDEA_LIMIT_CERTIFICATES_PER_TOKEN)
    add_problem (self->token->problems,
                 cardea_reason_new (CARDEA_REASON_TOO_MANY_CERTIFICATES,
                                    "Remove certificates that are not used.",
                                    "The token “%s” holds %u certificates; only the first %d are read.", name,
                                    self->n_certificates, CARDEA_LIMIT_CERTIFICATES_PER_TOKEN));
  if (self->n_malformed > 0)
    add_problem (
        self->token->problems,
        cardea_reason_new (CARDEA_REASON_CERTIFICATE_MALFORMED,
                           "Remove or renew what cannot be read with the software of the token.",
                           "The token “%s” holds %u certificates that cannot be read; the first is %s", name,
                           self->n_malformed, self->first_malformed));
}

/* By token, once: a listing at its limits would otherwise keep the main loop for seconds. */
static void
share_out_keys (GHashTable *readings, CardeaHostListing *listing)
{
  for (guint i = 0; i < listing->keys->len; i++) {
    CardeaHostKey *key = listing->keys->pdata[i];
    Reading *reading = g_hash_table_lookup (readings, GSIZE_TO_POINTER (key->slot));

    if (reading != NULL)
      g_ptr_array_add (reading->keys, key);
  }
}

static void
read_certificates (CardeaSnapshot *self, GHashTable *readings, CardeaHostListing *listing)
{
  GHashTableIter iter;
  gpointer reading;

  for (guint i = 0; i < listing->certificates->len; i++) {
    const CardeaHostCertificate *listed = listing->certificates->pdata[i];

    reading = g_hash_table_lookup (readings, GSIZE_TO_POINTER (listed->slot));
    if (reading != NULL)
      read_certificate (self, reading, listed);
  }
  g_hash_table_iter_init (&iter, readings);
  while (g_hash_table_iter_next (&iter, NULL, &reading))
    report_reading (reading);
}

/* Those that cannot be parsed are left to whoever builds the trust to complain about. */
static void
read_authorities (CardeaSnapshot *self, CardeaHostListing *listing)
{
  for (guint i = 0; i < listing->authorities->len; i++) {
    const CardeaHostAuthority *authority = listing->authorities->pdata[i];
    CardeaCertificate *certificate = NULL;

    if (authority->level != CARDEA_TRUST_DISTRUSTED)
      certificate = cardea_certificate_new (authority->der, NULL);
    if (certificate != NULL)
      g_ptr_array_add (self->issuers, certificate);
  }
}

CardeaSnapshot *
cardea_snapshot_new (CardeaHost *host, CardeaHostListing *listing)
{
  CardeaSnapshot *self = g_new0 (CardeaSnapshot, 1);
  g_autoptr (GHashTable) readings = NULL;

  self->tokens = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_unref);
  self->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_certificate_unref);
  self->issuers = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_certificate_unref);
  if ((cardea_host_get_spec (host)->roles & CARDEA_HOST_TOKENS) != 0) {
    readings = read_tokens (self, host, listing);
    share_out_keys (readings, listing);
    read_certificates (self, readings, listing);
  }
  read_authorities (self, listing);
  return self;
}

void
cardea_snapshot_free (CardeaSnapshot *self)
{
  g_ptr_array_unref (self->tokens);
  g_ptr_array_unref (self->certificates);
  g_ptr_array_unref (self->issuers);
  g_free (self);
}
