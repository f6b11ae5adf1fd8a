/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signing: carries one connection's demand for a signature to the host of its token. The key is named by what
 * the catalogue saw when it was chosen (host, generation, slot, id): after a removal or a restart the host
 * refuses it instead of signing with whatever is there now.
 *
 * Whether a key wants the PIN for each signature is known for certain only when it is used, since many tokens
 * hide their keys until login. So the worker finds out, and has the main loop ask. */

#include "agent/broker/signing.h"

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

#include <string.h>

struct _CardeaSigning
{
  gint ref_count; /* atomic */
  CardeaTokenCertificate *certificate;
  GBytes *modulus; /* or NULL */
  GCancellable *cancellable;
  GMainContext *context;
  CardeaSigningAsk ask; /* the main loop's, as is the next; NULL: who would ask is gone */
  gpointer ask_data;

  GMutex lock;
  GError *error; /* protected by lock */
};

CardeaSigning *
cardea_signing_new (CardeaTokenCertificate *certificate, CardeaSigningAsk ask, gpointer data)
{
  CardeaSigning *self = g_new0 (CardeaSigning, 1);

  self->ref_count = 1;
  self->certificate = cardea_token_certificate_ref (certificate);
  if (cardea_certificate_get_key_type (certificate->certificate) == CARDEA_KEY_RSA)
    self->modulus = g_bytes_ref (cardea_certificate_get_key_parameters (certificate->certificate));
  self->cancellable = g_cancellable_new ();
  self->context = g_main_context_ref_thread_default ();
  self->ask = ask;
  self->ask_data = data;
  g_mutex_init (&self->lock);
  return self;
}

CardeaSigning *
cardea_signing_ref (CardeaSigning *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
cardea_signing_unref (CardeaSigning *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  cardea_token_certificate_unref (self->certificate);
  g_clear_pointer (&self->modulus, g_bytes_unref);
  g_object_unref (self->cancellable);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_clear_error (&self->error);
  g_free (self);
}

void
cardea_signing_stop_asking (CardeaSigning *self)
{
  self->ask = NULL;
}

void
cardea_signing_cancel (CardeaSigning *self)
{
  cardea_signing_stop_asking (self);
  g_cancellable_cancel (self->cancellable);
}

GError *
cardea_signing_dup_error (CardeaSigning *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->error != NULL ? g_error_copy (self->error) : NULL;
}

static void
take_error (CardeaSigning *self, GError *error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_clear_error (&self->error);
  self->error = error;
}

static gboolean
translate (CardeaFrontMechanism front, CardeaMechanisms token, CardeaSignMechanism *mechanism)
{
  switch (front) {
  case CARDEA_FRONT_RSA_PSS:
    *mechanism = (token & CARDEA_MECHANISM_RSA_PSS) != 0 ? CARDEA_SIGN_RSA_PSS : CARDEA_SIGN_RSA_PSS_RAW;
    return TRUE;
  case CARDEA_FRONT_RSA_PKCS1:
    *mechanism = CARDEA_SIGN_RSA_PKCS1;
    return TRUE;
  case CARDEA_FRONT_ECDSA:
    *mechanism = CARDEA_SIGN_ECDSA;
    return TRUE;
  }
  return FALSE;
}

typedef struct
{
  CardeaSigning *signing;
  CardeaSignCall *call;
} Asking;

static void
asking_free (gpointer data)
{
  Asking *self = data;

  cardea_signing_unref (self->signing);
  cardea_sign_call_unref (self->call);
  g_free (self);
}

static gboolean
ask_in_loop (gpointer data)
{
  Asking *self = data;
  g_autoptr (GError) error = NULL;

  if (self->signing->ask != NULL) {
    self->signing->ask (self->call, self->signing->ask_data);
    return G_SOURCE_REMOVE;
  }
  error = cardea_error_new (CARDEA_ERROR_CANCELLED, "The signature was cancelled.");
  cardea_sign_call_answer (self->call, NULL, error);
  return G_SOURCE_REMOVE;
}

/* How long people may take is limited where they are asked. */
static gboolean
sign_with_pin (CardeaSigning *self, const CardeaSignRequest *sign, GBytes **made, GError **error)
{
  g_autoptr (CardeaSignCall) call = cardea_sign_call_new (self->certificate->token->host, sign);
  g_autoptr (GSource) source = g_idle_source_new ();
  Asking *asking = g_new0 (Asking, 1);

  asking->signing = cardea_signing_ref (self);
  asking->call = cardea_sign_call_ref (call);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, ask_in_loop, asking, asking_free);
  g_source_attach (source, self->context);
  return cardea_sign_call_wait (call, G_MAXINT64, self->cancellable, made, error);
}

static gboolean
sign_somehow (CardeaSigning *self, const CardeaSignRequest *sign, GBytes **made, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + CARDEA_LIMIT_SIGN_MS * G_TIME_SPAN_MILLISECOND;
  GError *plain = NULL;

  if (self->certificate->always_authenticate)
    return sign_with_pin (self, sign, made, error);
  if (cardea_host_sign (self->certificate->token->host, sign, deadline, self->cancellable, made, &plain))
    return TRUE;
  if (!cardea_host_wants_pin (plain)) {
    g_propagate_error (error, plain);
    return FALSE;
  }
  g_error_free (plain);
  return sign_with_pin (self, sign, made, error);
}

gboolean
cardea_signing_sign (gpointer user_data, const CardeaFrontSignRequest *request, guint8 *signature,
                     gsize *signature_length)
{
  CardeaSigning *self = user_data;
  const CardeaToken *token = self->certificate->token;
  g_autoptr (GBytes) made = NULL;
  g_autoptr (GError) error = NULL;
  CardeaSignRequest sign = {
    .generation = token->generation,
    .slot = token->info->slot,
    .id = self->certificate->id,
    .modulus = self->modulus,
    .hash_bits = request->hash_bits,
    .data = request->data,
    .length = request->length,
  };

  if (!translate (request->mechanism, token->info->mechanisms, &sign.mechanism))
    return FALSE;
  if (!sign_somehow (self, &sign, &made, &error)) {
    take_error (self, g_steal_pointer (&error));
    return FALSE;
  }
  if (g_bytes_get_size (made) > *signature_length)
    return FALSE;

  memcpy (signature, g_bytes_get_data (made, NULL), g_bytes_get_size (made));
  *signature_length = g_bytes_get_size (made);
  return TRUE;
}
