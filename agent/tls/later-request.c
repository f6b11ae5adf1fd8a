/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A request for a certificate that came after the handshake.
 *
 * NSS lets it wait like one of a handshake: it reads nothing more until it has the answer, while writing goes
 * on as ever. So whoever moves the stream goes on with the one direction, and gives the stream away only for
 * the time of the signature, which NSS makes inside the call that takes the answer. */

#include "agent/tls/later-request.h"

#include "agent/tls/answer.h"
#include "agent/tls/failure.h"
#include "agent/tls/worker.h"

struct _CardeaLaterRequest
{
  GObject parent;

  /* Set once. */
  CardeaTlsSocket *socket;
  char *authority;
  GPtrArray *authorities; /* NULL: too many */

  /* Main loop only. */
  gboolean answered; /* or about to be */
  GMainContext *context;

  /* The worker's while one has it, else the main loop's. */
  CardeaTlsStream *stream;
  CardeaDecision *decision;
  CardeaStreamResult outcome;
  gboolean sent;
};

static void implement_asker (CardeaAskerInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (CardeaLaterRequest, cardea_later_request, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (CARDEA_TYPE_ASKER, implement_asker))

static void
cardea_later_request_finalize (GObject *object)
{
  CardeaLaterRequest *self = CARDEA_LATER_REQUEST (object);

  g_clear_pointer (&self->decision, cardea_decision_free);
  g_clear_pointer (&self->stream, cardea_tls_stream_free);
  g_clear_pointer (&self->authorities, g_ptr_array_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  cardea_tls_socket_unref (self->socket);
  g_free (self->authority);
  G_OBJECT_CLASS (cardea_later_request_parent_class)->finalize (object);
}

static void
cardea_later_request_class_init (CardeaLaterRequestClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = cardea_later_request_finalize;
}

static void
cardea_later_request_init (CardeaLaterRequest *self)
{
}

static const char *
get_authority (CardeaAsker *asker)
{
  return CARDEA_LATER_REQUEST (asker)->authority;
}

static gboolean
can_use (CardeaAsker *asker, CardeaCertificate *certificate, CardeaRsaSchemes rsa_schemes)
{
  CardeaLaterRequest *self = CARDEA_LATER_REQUEST (asker);

  return !self->answered && cardea_answer_is_possible (self->socket, certificate, rsa_schemes);
}

static void
implement_asker (CardeaAskerInterface *interface)
{
  interface->get_authority = get_authority;
  interface->can_use = can_use;
}

CardeaLaterRequest *
cardea_later_request_new (CardeaTlsSocket *socket, const char *authority)
{
  CardeaLaterRequest *self = g_object_new (CARDEA_TYPE_LATER_REQUEST, NULL);

  self->socket = cardea_tls_socket_ref (socket);
  self->authority = g_strdup (authority);
  if (socket->authorities_too_large)
    return self;
  self->authorities = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  for (guint i = 0; i < socket->authorities->len; i++)
    g_ptr_array_add (self->authorities, g_bytes_ref (socket->authorities->pdata[i]));
  return self;
}

GPtrArray *
cardea_later_request_get_authorities (CardeaLaterRequest *self)
{
  g_return_val_if_fail (CARDEA_IS_LATER_REQUEST (self), NULL);

  return self->authorities;
}

static void
answer_in_thread (gpointer data)
{
  CardeaLaterRequest *self = data;

  self->outcome = self->stream->klass->answer (self->stream, self->decision);
  self->sent = self->decision == NULL ||
               (self->outcome == CARDEA_STREAM_OK && cardea_answer_was_sent (self->socket, self->decision));
}

/* A signature that was not made is told whatever NSS makes of it. */
static GError *
find_error (CardeaLaterRequest *self)
{
  CardeaSignOutcome signature =
      self->decision != NULL ? cardea_decision_get_outcome (self->decision) : CARDEA_SIGN_DONE;

  if (signature == CARDEA_SIGN_REFUSED || signature == CARDEA_SIGN_WRONG)
    return cardea_failure_from_signing (signature);
  if (self->sent || (self->outcome != CARDEA_STREAM_OK && signature == CARDEA_SIGN_DONE))
    return NULL;
  return cardea_failure_new (NULL, "The chosen certificate could not be sent to the server. Connect again, "
                                   "and choose another one if this happens again.");
}

static void
on_answer_done (gpointer data)
{
  g_autoptr (GTask) task = data;
  CardeaLaterRequest *self = g_task_get_source_object (task);
  GError *error = find_error (self);

  g_clear_pointer (&self->decision, cardea_decision_free);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

void
cardea_later_request_answer_async (CardeaLaterRequest *self, CardeaTlsStream *stream,
                                   const CardeaSigner *signer, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (CARDEA_IS_LATER_REQUEST (self));
  g_return_if_fail (!self->answered);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  GError *error = NULL;

  g_task_set_source_tag (task, cardea_later_request_answer_async);
  self->answered = TRUE;
  self->stream = stream;
  if (signer != NULL)
    self->decision = cardea_decision_new (signer, &error);
  if (error != NULL) {
    g_task_return_error (task, error);
    return;
  }
  self->context = g_main_context_ref_thread_default ();
  cardea_worker_run (self->context, answer_in_thread, self, on_answer_done, g_steal_pointer (&task));
}

CardeaTlsStream *
cardea_later_request_answer_finish (CardeaLaterRequest *self, GAsyncResult *result,
                                    CardeaStreamResult *outcome, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  *outcome = self->outcome;
  (void)g_task_propagate_boolean (G_TASK (result), error);
  return g_steal_pointer (&self->stream);
}
