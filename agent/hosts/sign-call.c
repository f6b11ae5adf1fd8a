/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One signature on its way from a worker thread to a host and back.
 *
 * The worker may leave at any moment, the answer may come at any later one: both hold a reference, and what
 * the request pointed to was copied. The loop lets go of the host, so that a host is never finalised by a
 * worker. */

#include "agent/hosts/sign-call.h"

#include "socket-api/wire/error.h"

struct _CardeaSignCall
{
  gint ref_count;
  CardeaHost *host; /* the loop's; NULL once answered */
  guint64 generation;
  guint64 slot;
  GBytes *id, *modulus, *data;
  CardeaSignMechanism mechanism;
  guint hash_bits;

  GMutex lock;
  GCond changed;
  gboolean answered, abandoned, cancelled; /* protected by lock, as are the next two */
  GBytes *signature;
  GError *error;
};

G_STATIC_ASSERT ((int)CARDEA_SIGN_RSA_PSS == (int)CARDEA_HOST_WIRE_SIGN_RSA_PSS);
G_STATIC_ASSERT ((int)CARDEA_SIGN_RSA_PKCS1 == (int)CARDEA_HOST_WIRE_SIGN_RSA_PKCS1);
G_STATIC_ASSERT ((int)CARDEA_SIGN_ECDSA == (int)CARDEA_HOST_WIRE_SIGN_ECDSA);
G_STATIC_ASSERT ((int)CARDEA_SIGN_RSA_PSS_RAW == (int)CARDEA_HOST_WIRE_SIGN_RSA_PSS_RAW);

CardeaSignCall *
cardea_sign_call_new (CardeaHost *host, const CardeaSignRequest *request)
{
  CardeaSignCall *self = g_new0 (CardeaSignCall, 1);

  self->ref_count = 1;
  self->host = g_object_ref (host);
  self->generation = request->generation;
  self->slot = request->slot;
  self->id = g_bytes_ref (request->id);
  self->modulus = request->modulus != NULL ? g_bytes_ref (request->modulus) : g_bytes_new (NULL, 0);
  self->data = g_bytes_new (request->data, request->length);
  self->mechanism = request->mechanism;
  self->hash_bits = request->hash_bits;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

CardeaSignCall *
cardea_sign_call_ref (CardeaSignCall *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
cardea_sign_call_unref (CardeaSignCall *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_clear_object (&self->host); /* only where the loop ended before it saw the call */
  g_bytes_unref (self->id);
  g_bytes_unref (self->modulus);
  g_bytes_unref (self->data);
  g_clear_pointer (&self->signature, g_bytes_unref);
  g_clear_error (&self->error);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

CardeaHost *
cardea_sign_call_get_host (CardeaSignCall *self)
{
  return self->host;
}

guint64
cardea_sign_call_get_generation (CardeaSignCall *self)
{
  return self->generation;
}

gboolean
cardea_sign_call_is_abandoned (CardeaSignCall *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->abandoned;
}

static CardeaHostBytes
peek (GBytes *bytes)
{
  CardeaHostBytes result;

  result.data = g_bytes_get_data (bytes, &result.length);
  return result;
}

GBytes *
cardea_sign_call_encode (CardeaSignCall *self, guint64 id, CardeaHostWireSignPin pin, GError **error)
{
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_SIGN, id };

  message.sign.slot = self->slot;
  message.sign.mechanism = self->mechanism;
  message.sign.hash_bits = self->hash_bits;
  message.sign.pin = pin;
  message.sign.key_id = peek (self->id);
  message.sign.modulus = peek (self->modulus);
  message.sign.data = peek (self->data);
  return cardea_host_message_encode (&message, error);
}

void
cardea_sign_call_answer (CardeaSignCall *self, GBytes *signature, const GError *error)
{
  g_mutex_lock (&self->lock);
  if (!self->answered) {
    self->answered = TRUE;
    self->signature = signature != NULL ? g_bytes_ref (signature) : NULL;
    self->error = error != NULL ? g_error_copy (error) : NULL;
    g_cond_signal (&self->changed);
  }
  g_mutex_unlock (&self->lock);
  g_clear_object (&self->host);
}

static void
on_call_cancelled (GCancellable *cancellable, gpointer data)
{
  CardeaSignCall *self = data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->cancelled = TRUE;
  g_cond_signal (&self->changed);
}

static gboolean
take_answer (CardeaSignCall *self, GBytes **signature, GError **error)
{
  if (!self->answered) {
    self->abandoned = TRUE;
    if (self->cancelled)
      cardea_set_error (error, CARDEA_ERROR_CANCELLED, "The signature was cancelled.");
    else
      cardea_set_error (
          error, CARDEA_ERROR_TIMED_OUT,
          "The token did not sign in time. Check whether it waits for a touch or a key on its reader.");
    return FALSE;
  }
  if (self->error != NULL) {
    g_propagate_error (error, g_steal_pointer (&self->error));
    return FALSE;
  }
  *signature = g_steal_pointer (&self->signature);
  return TRUE;
}

gboolean
cardea_sign_call_wait (CardeaSignCall *self, gint64 deadline, GCancellable *cancellable, GBytes **signature,
                       GError **error)
{
  gboolean in_time = TRUE, signed_it;
  gulong handler = 0;

  if (cancellable != NULL) /* calls back at once when it was cancelled before, so not under the lock */
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_call_cancelled), self, NULL);
  g_mutex_lock (&self->lock);
  while (!self->answered && !self->cancelled && in_time)
    in_time = g_cond_wait_until (&self->changed, &self->lock, deadline);
  signed_it = take_answer (self, signature, error);
  g_mutex_unlock (&self->lock);
  g_cancellable_disconnect (cancellable, handler);
  return signed_it;
}
