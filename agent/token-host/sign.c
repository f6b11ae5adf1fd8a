/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One signature.
 *
 * The key is looked up for each: a handle from before says nothing about the card that is there now. A token
 * may have several keys of one id; the modulus then tells them apart, and where it cannot, nothing is signed
 * rather than something by the wrong key.
 *
 * A key may want the PIN for each signature (CKA_ALWAYS_AUTHENTICATE). Its login comes with the request, so
 * that between the PIN and the signature nobody else has a say. */

#include "agent/token-host/sign.h"

#include <string.h>
#include <sys/random.h>

#include "agent/token-host/login.h"
#include "agent/token-host/objects.h"
#include "agent/token-host/pss.h"

#define MAX_KEYS 16 /* of one id */

typedef struct
{
  guint64 bits;
  CK_MECHANISM_TYPE hash;
  CK_ULONG mask;
} Hash;

static const Hash hashes[] = {
  { 256, CKM_SHA256, CKG_MGF1_SHA256 },
  { 384, CKM_SHA384, CKG_MGF1_SHA384 },
  { 512, CKM_SHA512, CKG_MGF1_SHA512 },
};

static gboolean
set_up_pss (const CardeaHostMessage *request, CK_RSA_PKCS_PSS_PARAMS *parameters)
{
  for (gsize i = 0; i < G_N_ELEMENTS (hashes); i++)
    if (hashes[i].bits == request->sign.hash_bits && request->sign.data.length == hashes[i].bits / 8) {
      *parameters = (CK_RSA_PKCS_PSS_PARAMS){ hashes[i].hash, hashes[i].mask, hashes[i].bits / 8 };
      return TRUE;
    }
  return FALSE;
}

/* @parameters must live as long as @mechanism. */
static gboolean
set_up_mechanism (const CardeaHostMessage *request, CK_MECHANISM *mechanism,
                  CK_RSA_PKCS_PSS_PARAMS *parameters)
{
  *mechanism = (CK_MECHANISM){ 0 };
  switch (request->sign.mechanism) {
  case CARDEA_HOST_WIRE_SIGN_RSA_PSS_RAW:
    mechanism->mechanism = CKM_RSA_X_509;
    return set_up_pss (request, parameters);
  case CARDEA_HOST_WIRE_SIGN_RSA_PSS:
    *mechanism = (CK_MECHANISM){ CKM_RSA_PKCS_PSS, parameters, sizeof (*parameters) };
    return set_up_pss (request, parameters);
  case CARDEA_HOST_WIRE_SIGN_RSA_PKCS1:
    mechanism->mechanism = CKM_RSA_PKCS;
    return TRUE;
  default:
    mechanism->mechanism = CKM_ECDSA;
    return TRUE;
  }
}

static gsize
count_bits (const CardeaHostBytes *modulus)
{
  gsize skip = 0;

  while (skip < modulus->length && modulus->data[skip] == 0)
    skip++;
  return skip < modulus->length
             ? (modulus->length - skip - 1) * 8 + (gsize)g_bit_storage (modulus->data[skip])
             : 0;
}

/* What the token signs: what it was asked for, or a block of ours where it knows no padding. */
static GBytes *
make_data (const CardeaHostMessage *request, CardeaFailure *failure)
{
  const CardeaHostBytes *data = &request->sign.data;
  guint8 salt[64];
  GBytes *block;

  if (request->sign.mechanism != CARDEA_HOST_WIRE_SIGN_RSA_PSS_RAW)
    return g_bytes_new (data->data, data->length);
  if (getrandom (salt, sizeof salt, 0) != sizeof salt) {
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_TOKEN, "The system gives no random numbers.");
    return NULL;
  }
  block = cardea_pss_encode (data->data, salt, (guint)request->sign.hash_bits,
                             count_bits (&request->sign.modulus));
  if (block == NULL)
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_KEY, "The key is too short for this hash.");
  return block;
}

static gboolean
has_modulus (const CardeaObjects *objects, CK_OBJECT_HANDLE key, const CardeaHostBytes *modulus)
{
  g_autoptr (GBytes) bytes = cardea_objects_get_bytes (objects, key, CKA_MODULUS, CARDEA_HOST_MODULUS_BYTES);
  gsize length = 0;
  const guint8 *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;

  while (length > 0 && data[0] == 0) {
    data++;
    length--;
  }
  return length == modulus->length && length > 0 && memcmp (data, modulus->data, length) == 0;
}

/* The only key, or the only one of that modulus. */
static gboolean
choose_key (const CardeaObjects *objects, GArray *keys, const CardeaHostMessage *request,
            CK_OBJECT_HANDLE *key)
{
  guint matches = 0;

  for (guint i = 0; i < keys->len; i++) {
    CK_OBJECT_HANDLE candidate = g_array_index (keys, CK_OBJECT_HANDLE, i);

    if (keys->len > 1 && request->sign.modulus.length > 0 &&
        !has_modulus (objects, candidate, &request->sign.modulus))
      continue;
    *key = candidate;
    matches++;
  }
  return matches == 1;
}

static gboolean
find_key (const CardeaObjects *objects, const CardeaHostMessage *request, CK_OBJECT_HANDLE *key,
          CardeaFailure *failure)
{
  CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
  CK_KEY_TYPE type = request->sign.mechanism == CARDEA_HOST_WIRE_SIGN_ECDSA ? CKK_EC : CKK_RSA;
  CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof (class) },
                              { CKA_KEY_TYPE, &type, sizeof (type) },
                              { CKA_ID, (void *)request->sign.key_id.data, request->sign.key_id.length } };
  g_autoptr (GArray) keys = NULL;
  gboolean more;
  CK_RV rv = cardea_objects_find (objects, template, G_N_ELEMENTS (template), MAX_KEYS, &keys, &more);

  if (rv != CKR_OK)
    cardea_failure_set_rv (failure, "C_FindObjects", rv);
  else if (keys->len == 0)
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_KEY,
                        "The token shows no such key: it was removed, or the token is locked.");
  else if (more || !choose_key (objects, keys, request, key))
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_KEY,
                        "The token has several keys of one id that cannot be told apart.");
  else
    return TRUE;
  return FALSE;
}

/* What one signature needs, from its session to its PIN. */
typedef struct
{
  CardeaObjects objects;
  CardeaSessions *sessions;
  const CardeaHostMessage *request;
  CardeaSecret **pin; /* where it is; NULL there: none, or on the token's own pad */
  gboolean checked;   /* the token has looked at it */
  CK_OBJECT_HANDLE key;
  gboolean always; /* the key wants a login of its own */
  GBytes *data;    /* what the token signs */
} Signature;

static gboolean
has_pin (const Signature *self)
{
  return self->request->sign.pin != CARDEA_HOST_WIRE_SIGN_NO_PIN;
}

/* What a key wants is seen only now where keys show after the login only. A PIN that came along is always
 * checked before anything is signed: where somebody is logged in and the key asks for nothing, by a login
 * that is made again, after which handles count no more. */
static gboolean
prepare (Signature *self, CardeaFailure *failure)
{
  if (!find_key (&self->objects, self->request, &self->key, failure))
    return FALSE;
  self->always = cardea_objects_get_bool (&self->objects, self->key, CKA_ALWAYS_AUTHENTICATE, FALSE);
  if (self->always && !has_pin (self)) {
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_WANTS_PIN, "The key wants the PIN for each signature.");
    return FALSE;
  }
  if (self->always || !has_pin (self) || self->checked)
    return TRUE;
  return cardea_login_run (self->objects.module, self->sessions, self->request->sign.slot, *self->pin,
                           CARDEA_HOST_WIRE_LOGIN_FRESH, failure) &&
         find_key (&self->objects, self->request, &self->key, failure);
}

/* Nothing else happens on the session between the two: the login is this signature's. */
static gboolean
begin (Signature *self, CK_MECHANISM *mechanism, CardeaFailure *failure)
{
  CK_RV rv =
      CARDEA_PKCS11_CALL (self->objects.module, C_SignInit, self->objects.session, mechanism, self->key);

  if (rv != CKR_OK) {
    cardea_failure_set_rv (failure, "C_SignInit", rv);
    return FALSE;
  }
  return !self->always ||
         cardea_login_in_context (self->objects.module, self->sessions, self->request->sign.slot,
                                  self->objects.session, *self->pin, failure);
}

static void
set_sign_failure (const Signature *self, CK_RV rv, CardeaFailure *failure)
{
  cardea_failure_set_rv (failure, "C_Sign", rv);
  if (rv != CKR_USER_NOT_LOGGED_IN)
    return;
  cardea_failure_set (failure, CARDEA_HOST_FAILURE_LOGIN,
                      "The token did not sign: it wants the PIN once more, although %s (C_Sign: "
                      "CKR_USER_NOT_LOGGED_IN).",
                      self->always ? "it has just taken it" : "its key says that it asks for none");
  failure->rv = rv;
}

static GBytes *
sign (Signature *self, CK_MECHANISM *mechanism, CardeaFailure *failure)
{
  g_autofree guint8 *signature = g_malloc0 (CARDEA_HOST_SIGNATURE_BYTES);
  CK_ULONG length = CARDEA_HOST_SIGNATURE_BYTES;
  gsize data_length;
  const void *data = g_bytes_get_data (self->data, &data_length);
  CK_RV rv;

  if (!prepare (self, failure) || !begin (self, mechanism, failure))
    return NULL;
  g_clear_pointer (self->pin, cardea_secret_unref); /* a signature may take as long as a person */
  rv = CARDEA_PKCS11_CALL (self->objects.module, C_Sign, self->objects.session, (CK_BYTE *)data, data_length,
                           signature, &length);
  if (rv == CKR_OK && length > 0 && length <= CARDEA_HOST_SIGNATURE_BYTES)
    return g_bytes_new (signature, length);
  if (rv == CKR_OK)
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_TOKEN, "The token gave a signature of %lu bytes.",
                        length);
  else
    set_sign_failure (self, rv, failure);
  return NULL;
}

static GBytes *
sign_on_session (Signature *self, CK_MECHANISM *mechanism, CardeaFailure *failure)
{
  guint64 slot = self->request->sign.slot;
  CK_RV rv = cardea_sessions_take (self->sessions, slot, &self->objects.session);
  GBytes *signature;

  if (rv != CKR_OK) {
    cardea_failure_set_rv (failure, "C_OpenSession", rv);
    return NULL;
  }
  signature = sign (self, mechanism, failure);
  cardea_sessions_give (self->sessions, slot, self->objects.session,
                        signature != NULL ? CKR_OK : CKR_GENERAL_ERROR);
  return signature;
}

GBytes *
cardea_sign_run (CardeaPkcs11 *module, CardeaSessions *sessions, const CardeaHostMessage *request,
                 CardeaSecret **pin, CardeaFailure *failure)
{
  Signature self = { .objects = { module }, .sessions = sessions, .request = request, .pin = pin };
  g_autoptr (GBytes) data = NULL;
  CK_RSA_PKCS_PSS_PARAMS parameters;
  CK_MECHANISM mechanism;
  GBytes *signature;

  if (!set_up_mechanism (request, &mechanism, &parameters)) {
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_REQUEST,
                        "There is no such hash, or the digest has another size.");
    return NULL;
  }
  self.data = data = make_data (request, failure);
  if (data == NULL)
    return NULL;
  if (has_pin (&self) &&
      !cardea_login_for_signature (module, sessions, request->sign.slot, *pin, &self.checked, failure))
    return NULL;
  signature = sign_on_session (&self, &mechanism, failure);
  if (signature == NULL && failure->failure != CARDEA_HOST_FAILURE_TOKEN &&
      cardea_sessions_lost_login (sessions, request->sign.slot))
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_TOKEN, "The token has forgotten its login. Try again.");
  return signature;
}
