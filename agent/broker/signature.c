/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a selection to a signature. NSS asks for it when it wants, on a worker; a key that wants the PIN for
 * each signature then has the main loop ask for that, which is told here.
 *
 * Whoever waits for the signature may be gone before the answer: from then on what is borrowed of it is not
 * touched, but the worker is answered all the same. */

#include "agent/broker/signature.h"

#include "agent/broker/choice.h"

struct _CardeaSignature
{
  guint references;          /* the owner's, and that of a question that is open */
  CardeaSelectionCase about; /* borrowed; not to be looked at when over */
  CardeaSelection *selection;
  GPtrArray *issuers; /* DER (GBytes) */
  GCancellable *cancellable;
  CardeaSigning *signing;
  CardeaStep step; /* signing, or waiting for its PIN */
  gboolean wanted_pin;
  gboolean over;
};

static void
signature_unref (CardeaSignature *self)
{
  if (--self->references > 0)
    return;
  cardea_signing_unref (self->signing);
  g_object_unref (self->cancellable);
  g_ptr_array_unref (self->issuers);
  cardea_selection_free (self->selection);
  g_free (self);
}

static void
enter (CardeaSignature *self, CardeaStep step)
{
  if (self->over || self->step == step)
    return;
  self->step = step;
  if (self->about.step != NULL)
    self->about.step (step, self->about.step_data);
}

/* A question that is open. */
typedef struct
{
  CardeaSignature *signature; /* a reference */
  CardeaSignCall *call;
} Asking;

static void
asking_free (Asking *self)
{
  signature_unref (self->signature);
  cardea_sign_call_unref (self->call);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Asking, asking_free)

static void
on_signed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Asking) asking = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) signature = cardea_unlocker_sign_finish (CARDEA_UNLOCKER (source), result, &error);

  if (signature != NULL)
    enter (asking->signature, CARDEA_STEP_SIGNING);
  cardea_sign_call_answer (asking->call, signature, error);
}

/* A login that is for this signature alone is of no use for such a key, and would keep the turn from it. */
static void
sign_with_pin (CardeaSignCall *call, gpointer data)
{
  CardeaSignature *self = data;
  CardeaSelection *selection = self->selection;
  g_autoptr (CardeaPinQuestion) question = cardea_pin_question_new ();
  Asking *asking = g_new0 (Asking, 1);

  self->wanted_pin = TRUE;
  enter (self, CARDEA_STEP_PIN);
  g_clear_pointer (&selection->grant, cardea_grant_end);
  cardea_selection_describe (&self->about, selection->terminal, question);
  question->for_signature = TRUE;
  self->references++;
  asking->signature = self;
  asking->call = cardea_sign_call_ref (call);
  cardea_unlocker_sign_async (self->about.unlocker, selection->certificate->token, question,
                              self->about.asks && self->about.request->interaction, call, selection->typed,
                              self->cancellable, on_signed, asking);
  g_clear_pointer (&selection->typed, cardea_secret_unref);
}

CardeaSignature *
cardea_signature_new (const CardeaSelectionCase *about, CardeaSelection *selection, GCancellable *cancellable)
{
  CardeaTokenCertificate *certificate = selection->certificate;
  CardeaSignature *self = g_new0 (CardeaSignature, 1);

  self->references = 1;
  self->about = *about;
  self->selection = selection;
  self->issuers = cardea_catalogue_get_issuers (about->catalogue, certificate->certificate);
  self->cancellable = g_object_ref (cancellable);
  self->signing = cardea_signing_new (certificate, sign_with_pin, self);
  self->step = CARDEA_STEP_PIN;
  if (!certificate->always_authenticate)
    enter (self, CARDEA_STEP_SIGNING);
  return self;
}

void
cardea_signature_free (CardeaSignature *self)
{
  self->over = TRUE;
  cardea_signing_stop_asking (self->signing);
  cardea_signature_end_login (self);
  signature_unref (self);
}

CardeaSigner
cardea_signature_make_signer (CardeaSignature *self)
{
  return (CardeaSigner){
    .certificate = self->selection->certificate->certificate,
    .rsa_schemes = cardea_choice_get_rsa_schemes (self->selection->certificate),
    .issuers = self->issuers,
    .sign = cardea_signing_sign,
    .user_data = cardea_signing_ref (self->signing),
    .destroy = (GDestroyNotify)cardea_signing_unref,
  };
}

void
cardea_signature_end_login (CardeaSignature *self)
{
  g_clear_pointer (&self->selection->grant, cardea_grant_end);
  g_clear_pointer (&self->selection->typed, cardea_secret_unref);
}

void
cardea_signature_cancel (CardeaSignature *self)
{
  self->over = TRUE;
  cardea_signing_cancel (self->signing);
  cardea_signature_end_login (self);
}

gboolean
cardea_signature_wanted_pin (const CardeaSignature *self)
{
  return self->wanted_pin;
}

GError *
cardea_signature_dup_error (const CardeaSignature *self)
{
  return cardea_signing_dup_error (self->signing);
}
