/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The memory of one token's PIN: that it is unlocked, which PINs it refused, how many tries it says are left.
 *
 * Listings lag behind: between a refusal and the next listing a snapshot still says "fine". What a refusal
 * told counts until the token is read anew. Refused PINs are kept, as secrets, to be compared with, as long
 * as the card is not pulled: a process is started afresh for less than that, and the card counts on. */

#include "agent/pin/record.h"

#include "socket-api/secret/secret.h"

static void
unref_secret (gpointer secret)
{
  cardea_secret_unref (secret);
}

CardeaPinRecord *
cardea_pin_record_new (void)
{
  CardeaPinRecord *self = g_new0 (CardeaPinRecord, 1);

  self->refused = g_ptr_array_new_with_free_func (unref_secret);
  self->refused_puks = g_ptr_array_new_with_free_func (unref_secret);
  self->turns = cardea_turns_new ();
  return self;
}

void
cardea_pin_record_free (CardeaPinRecord *self)
{
  g_clear_weak_pointer (&self->host);
  g_clear_pointer (&self->insertion, cardea_insertion_unref);
  g_ptr_array_unref (self->refused);
  g_ptr_array_unref (self->refused_puks);
  cardea_turns_free (self->turns);
  g_free (self);
}

/* Refused PINs are forgotten, unless it is certain that the card never left. */
static void
note_insertion (CardeaPinRecord *self, CardeaInsertion *insertion)
{
  if (insertion != NULL && cardea_insertion_equal (self->insertion, insertion))
    return;
  g_ptr_array_set_size (self->refused, 0);
  g_ptr_array_set_size (self->refused_puks, 0);
  self->puk_state_known = FALSE;
  g_clear_pointer (&self->insertion, cardea_insertion_unref);
  self->insertion = insertion != NULL ? cardea_insertion_ref (insertion) : NULL;
}

gboolean
cardea_pin_record_update (CardeaPinRecord *self, CardeaToken *token)
{
  if (self->host == token->host && self->generation == token->generation)
    return TRUE;
  if (self->host == token->host && self->generation > token->generation)
    return FALSE;
  g_set_weak_pointer (&self->host, token->host);
  self->generation = token->generation;
  self->logged_in = FALSE;
  self->granted = FALSE;
  self->state_known = FALSE;
  if (self->puk_state != CARDEA_PIN_LOCKED) /* of which PIV tells nothing but once */
    self->puk_state_known = FALSE;
  note_insertion (self, token->insertion);
  return TRUE;
}

CardeaPinState
cardea_pin_record_get_state (const CardeaPinRecord *self, CardeaToken *token)
{
  return self->state_known ? self->state : token->info->pin;
}

int
cardea_pin_record_get_tries (const CardeaPinRecord *self, CardeaToken *token)
{
  return self->state_known ? self->tries : (int)token->info->told_tries - 1;
}

void
cardea_pin_record_accept (CardeaPinRecord *self)
{
  self->logged_in = TRUE;
  self->state_known = FALSE;
  g_ptr_array_set_size (self->refused, 0);
}

static gboolean
has (GPtrArray *secrets, CardeaSecret *secret)
{
  for (guint i = 0; i < secrets->len; i++)
    if (cardea_secret_equal (g_ptr_array_index (secrets, i), secret))
      return TRUE;
  return FALSE;
}

static void
add (GPtrArray *secrets, CardeaSecret *secret)
{
  if (secret != NULL && !has (secrets, secret))
    g_ptr_array_add (secrets, cardea_secret_ref (secret));
}

/* A token that does not say how it stands has one try less than before: that is low. */
static CardeaPinState
after_refusal (CardeaPinState state)
{
  return state == CARDEA_PIN_FINE || state == CARDEA_PIN_UNKNOWN ? CARDEA_PIN_LOW : state;
}

void
cardea_pin_record_refuse (CardeaPinRecord *self, CardeaSecret *secret, CardeaPinState state)
{
  self->state_known = TRUE;
  self->state = after_refusal (state);
  self->tries = -1;
  if (state != CARDEA_PIN_MUST_CHANGE)
    add (self->refused, secret);
}

void
cardea_pin_record_renew (CardeaPinRecord *self)
{
  self->logged_in = FALSE;
  self->state_known = FALSE;
  self->puk_state_known = FALSE;
  g_ptr_array_set_size (self->refused, 0);
  g_ptr_array_set_size (self->refused_puks, 0);
}

CardeaPinState
cardea_pin_record_get_puk_state (const CardeaPinRecord *self, CardeaToken *token)
{
  return self->puk_state_known ? self->puk_state : token->info->officer_pin;
}

void
cardea_pin_record_refuse_puk (CardeaPinRecord *self, CardeaSecret *secret, CardeaPinState state)
{
  self->puk_state_known = TRUE;
  self->puk_state = after_refusal (state);
  self->puk_tries = -1;
  add (self->refused_puks, secret);
}

gboolean
cardea_pin_record_is_puk_refused (const CardeaPinRecord *self, CardeaSecret *secret)
{
  return has (self->refused_puks, secret);
}

static gboolean
is_of (const CardeaPinRecord *self, CardeaToken *token)
{
  return self->host == token->host && self->generation == token->generation;
}

gboolean
cardea_pin_record_is_open (const CardeaPinRecord *self, CardeaToken *token)
{
  return is_of (self, token) && self->logged_in;
}

gboolean
cardea_pin_record_is_listed_open (const CardeaPinRecord *self, CardeaToken *token)
{
  return token->info->logged_in && !(is_of (self, token) && self->granted);
}

gboolean
cardea_pin_record_is_refused (const CardeaPinRecord *self, CardeaSecret *secret)
{
  return has (self->refused, secret);
}
