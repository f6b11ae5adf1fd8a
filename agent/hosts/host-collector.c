/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A listing while it arrives.
 *
 * The numbers and sizes are counted here again although an honest host keeps the same limits: one that a card
 * took over must not fill the agent's memory, nor put a certificate on a token that it did not name first. */

#include "agent/hosts/host-collector.h"

#include <string.h>

G_STATIC_ASSERT ((int)CARDEA_PIN_NOT_NEEDED == (int)CARDEA_HOST_WIRE_PIN_NOT_NEEDED);
G_STATIC_ASSERT ((int)CARDEA_PIN_FINAL_TRY == (int)CARDEA_HOST_WIRE_PIN_FINAL_TRY);
G_STATIC_ASSERT ((int)CARDEA_MECHANISM_RSA_PSS == (int)CARDEA_HOST_WIRE_CAN_RSA_PSS);
G_STATIC_ASSERT ((int)CARDEA_MECHANISM_EDDSA == (int)CARDEA_HOST_WIRE_CAN_EDDSA);
G_STATIC_ASSERT ((int)CARDEA_TRUST_DISTRUSTED == (int)CARDEA_HOST_WIRE_TRUST_DISTRUSTED);
G_STATIC_ASSERT ((int)CARDEA_HOST_AUTHORITIES == (int)CARDEA_HOST_WIRE_ROLE_AUTHORITIES);

typedef struct
{
  guint certificates, keys;
} Counts;

struct _CardeaHostCollector
{
  CardeaHostListing *listing;
  CardeaHostRoles roles;
  GHashTable *slots; /* slot (guint64) -> Counts */
  gsize bytes;
  guint progress;
};

/* One a tenth of a second, for as long as a listing may take, and as many again. */
#define MAX_PROGRESS (2 * CARDEA_LIMIT_HOST_LIST_MS / 100)

static void
token_free (gpointer data)
{
  CardeaHostToken *self = data;

  g_free (self->label);
  g_free (self->manufacturer);
  g_free (self->model);
  g_free (self->serial);
  g_free (self->reader);
  g_free (self);
}

static void
certificate_free (gpointer data)
{
  CardeaHostCertificate *self = data;

  g_bytes_unref (self->der);
  g_bytes_unref (self->id);
  g_free (self->label);
  g_free (self);
}

static void
key_free (gpointer data)
{
  CardeaHostKey *self = data;

  g_bytes_unref (self->id);
  g_clear_pointer (&self->modulus, g_bytes_unref);
  g_free (self);
}

static void
authority_free (gpointer data)
{
  CardeaHostAuthority *self = data;

  g_bytes_unref (self->der);
  g_free (self);
}

static CardeaHostListing *
listing_new (guint64 generation)
{
  CardeaHostListing *self = g_new0 (CardeaHostListing, 1);

  self->ref_count = 1;
  self->generation = generation;
  self->tokens = g_ptr_array_new_with_free_func (token_free);
  self->certificates = g_ptr_array_new_with_free_func (certificate_free);
  self->keys = g_ptr_array_new_with_free_func (key_free);
  self->authorities = g_ptr_array_new_with_free_func (authority_free);
  return self;
}

CardeaHostCollector *
cardea_host_collector_new (guint64 generation, CardeaHostRoles roles)
{
  CardeaHostCollector *self = g_new0 (CardeaHostCollector, 1);

  self->listing = listing_new (generation);
  self->roles = roles;
  self->slots = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  return self;
}

void
cardea_host_collector_free (CardeaHostCollector *self)
{
  g_clear_pointer (&self->listing, cardea_host_listing_unref);
  g_hash_table_unref (self->slots);
  g_free (self);
}

/* Explicit directions (Unicode Annex 9) could make a dialog's sentence read otherwise than it is. */
static gboolean
disturbs (gunichar c)
{
  return g_unichar_iscntrl (c) || c == 0x2028 || c == 0x2029 || c == 0x200e || c == 0x200f || c == 0x061c ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

char *
cardea_host_text (const CardeaHostBytes *bytes)
{
  gsize length = bytes->length > 0 ? strnlen ((const char *)bytes->data, bytes->length) : 0;
  g_autofree char *valid = g_utf8_make_valid (length > 0 ? (const char *)bytes->data : "", length);
  g_autoptr (GString) text = g_string_new (NULL);

  for (const char *next = valid; *next != '\0'; next = g_utf8_next_char (next)) {
    gunichar c = g_utf8_get_char (next);

    g_string_append_unichar (text, disturbs (c) ? 0xfffd : c);
  }
  return g_strstrip (g_string_free (g_steal_pointer (&text), FALSE));
}

static GBytes *
copy_bytes (CardeaHostCollector *self, const CardeaHostBytes *bytes)
{
  self->bytes += bytes->length;
  return g_bytes_new (bytes->data, bytes->length);
}

static char *
copy_text (CardeaHostCollector *self, const CardeaHostBytes *bytes)
{
  self->bytes += bytes->length;
  return cardea_host_text (bytes);
}

static gboolean
add_token (CardeaHostCollector *self, const CardeaHostMessage *item)
{
  guint64 slot = item->token.slot;

  if (self->listing->tokens->len >= CARDEA_LIMIT_TOKENS_PER_HOST ||
      !g_hash_table_insert (self->slots, g_memdup2 (&slot, sizeof (slot)), g_new0 (Counts, 1)))
    return FALSE;

  CardeaHostToken *token = g_new0 (CardeaHostToken, 1);

  token->slot = slot;
  token->label = copy_text (self, &item->token.label);
  token->manufacturer = copy_text (self, &item->token.manufacturer);
  token->model = copy_text (self, &item->token.model);
  token->serial = copy_text (self, &item->token.serial);
  token->reader = copy_text (self, &item->token.reader);
  token->initialised = item->token.initialised != 0;
  token->pinpad = item->token.pinpad != 0;
  token->login_required = item->token.login_required != 0;
  token->logged_in = item->token.logged_in != 0;
  token->pin = item->token.pin;
  token->officer_pin = item->token.officer_pin;
  token->pin_min = (guint)item->token.pin_min;
  token->pin_max = (guint)item->token.pin_max;
  token->told_tries = (guint)item->token.told_tries;
  token->mechanisms = item->token.mechanisms;
  g_ptr_array_add (self->listing->tokens, token);
  return TRUE;
}

static gboolean
add_certificate (CardeaHostCollector *self, const CardeaHostMessage *item)
{
  Counts *counts = g_hash_table_lookup (self->slots, &item->certificate.slot);

  if (counts == NULL || counts->certificates++ >= CARDEA_LIMIT_CERTIFICATES_PER_TOKEN ||
      item->certificate.der.length == 0)
    return FALSE;

  CardeaHostCertificate *certificate = g_new0 (CardeaHostCertificate, 1);

  certificate->slot = item->certificate.slot;
  certificate->der = copy_bytes (self, &item->certificate.der);
  certificate->id = copy_bytes (self, &item->certificate.key_id);
  certificate->label = copy_text (self, &item->certificate.label);
  g_ptr_array_add (self->listing->certificates, certificate);
  return TRUE;
}

static gboolean
add_key (CardeaHostCollector *self, const CardeaHostMessage *item)
{
  Counts *counts = g_hash_table_lookup (self->slots, &item->key.slot);

  if (counts == NULL || counts->keys++ >= CARDEA_LIMIT_CERTIFICATES_PER_TOKEN)
    return FALSE;

  CardeaHostKey *key = g_new0 (CardeaHostKey, 1);
  CardeaHostBytes modulus = item->key.modulus;

  while (modulus.length > 0 && modulus.data[0] == 0) {
    modulus.data++;
    modulus.length--;
  }
  key->slot = item->key.slot;
  key->id = copy_bytes (self, &item->key.key_id);
  key->modulus = modulus.length > 0 ? copy_bytes (self, &modulus) : NULL;
  key->always_authenticate = item->key.always_authenticate != 0;
  g_ptr_array_add (self->listing->keys, key);
  return TRUE;
}

static gboolean
add_authority (CardeaHostCollector *self, const CardeaHostMessage *item)
{
  if ((self->roles & CARDEA_HOST_AUTHORITIES) == 0 || item->authority.der.length == 0 ||
      self->listing->authorities->len >= CARDEA_LIMIT_AUTHORITIES_PER_HOST)
    return FALSE;

  CardeaHostAuthority *authority = g_new0 (CardeaHostAuthority, 1);

  authority->der = copy_bytes (self, &item->authority.der);
  authority->level = item->authority.level;
  g_ptr_array_add (self->listing->authorities, authority);
  return TRUE;
}

static gboolean
end_login (CardeaHostCollector *self, guint64 slot)
{
  for (guint i = 0; i < self->listing->tokens->len; i++) {
    CardeaHostToken *token = self->listing->tokens->pdata[i];

    if (token->slot != slot)
      continue;
    token->logged_in = FALSE;
    return TRUE;
  }
  return FALSE;
}

gboolean
cardea_host_collector_add (CardeaHostCollector *self, const CardeaHostMessage *item)
{
  gboolean taken = FALSE;

  switch (item->type) {
  case CARDEA_HOST_MESSAGE_PROGRESS:
    taken = self->progress++ < MAX_PROGRESS;
    break;
  case CARDEA_HOST_MESSAGE_TOKEN:
    taken = add_token (self, item);
    break;
  case CARDEA_HOST_MESSAGE_CERTIFICATE:
    taken = add_certificate (self, item);
    break;
  case CARDEA_HOST_MESSAGE_KEY:
    taken = add_key (self, item);
    break;
  case CARDEA_HOST_MESSAGE_LOGIN_ENDED:
    taken = end_login (self, item->login_ended.slot);
    break;
  case CARDEA_HOST_MESSAGE_AUTHORITY:
    taken = add_authority (self, item);
    break;
  default:
    break;
  }
  return taken && self->bytes <= CARDEA_LIMIT_HOST_LISTING_BYTES;
}

CardeaHostListing *
cardea_host_collector_finish (CardeaHostCollector *self)
{
  return g_steal_pointer (&self->listing);
}
