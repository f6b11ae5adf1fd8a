/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tokens that come and go, as a person sees it: by a hand at the reader. A module that fails, or a card
 * service that is started again, takes no token away; that is the same question as whether connections end,
 * and has the same answer (tokens/presence.h). */

#include "agent/arrivals.h"

#include "agent/prompt/token-notices.h"

struct _CardeaArrivals
{
  CardeaCatalogue *catalogue;
  CardeaTokenNotices *notices;
  GCancellable *cancellable;
  gboolean told;
  gboolean settled;
  GPtrArray *known; /* of CardeaToken: those that came and are not known to be gone */
  GPtrArray *early; /* of CardeaToken: cards that were still being read when all had settled */
};

static void
tell (CardeaArrivals *self, gboolean came, const CardeaToken *token)
{
  if (self->told)
    cardea_token_notices_tell (self->notices, came, token->info->label, token->info->reader);
}

static gboolean
is_gone (CardeaArrivals *self, CardeaToken *token)
{
  return cardea_catalogue_get_presence (self->catalogue, token) == CARDEA_PRESENCE_GONE;
}

static void
look_for_gone (CardeaArrivals *self)
{
  for (guint i = self->known->len; i > 0; i--) {
    CardeaToken *token = self->known->pdata[i - 1];

    if (!is_gone (self, token))
      continue;
    tell (self, FALSE, token);
    g_ptr_array_remove_index (self->known, i - 1);
  }
}

static gboolean
was_early (CardeaArrivals *self, const CardeaToken *token)
{
  for (guint i = 0; i < self->early->len; i++) {
    const CardeaToken *reading = self->early->pdata[i];

    if (token->insertion != NULL && cardea_insertion_equal (reading->insertion, token->insertion))
      return TRUE;
  }
  return FALSE;
}

/* One of the same name is the same, listed once more. */
static gboolean
is_known (CardeaArrivals *self, CardeaToken *token)
{
  for (guint i = 0; i < self->known->len; i++) {
    CardeaToken *known = self->known->pdata[i];

    if (!g_str_equal (known->uri, token->uri) || !g_str_equal (known->module, token->module))
      continue;
    cardea_token_unref (known);
    self->known->pdata[i] = cardea_token_ref (token);
    return TRUE;
  }
  return FALSE;
}

static void
on_changed (CardeaArrivals *self)
{
  g_autoptr (GPtrArray) tokens = NULL;

  if (!self->settled)
    return;
  look_for_gone (self);
  tokens = cardea_catalogue_get_tokens (self->catalogue);
  for (guint i = 0; i < tokens->len; i++) {
    CardeaToken *token = tokens->pdata[i];

    if (is_gone (self, token) || is_known (self, token))
      continue;
    g_ptr_array_add (self->known, cardea_token_ref (token));
    if (!was_early (self, token))
      tell (self, TRUE, token);
  }
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer data)
{
  CardeaArrivals *self = data;

  if (!cardea_catalogue_settle_finish (CARDEA_CATALOGUE (source), result, NULL))
    return; /* it is gone */
  self->settled = TRUE;
  self->known = cardea_catalogue_get_tokens (self->catalogue);
  self->early = cardea_catalogue_get_reading (self->catalogue);
}

CardeaArrivals *
cardea_arrivals_new (CardeaCatalogue *catalogue)
{
  CardeaArrivals *self = g_new0 (CardeaArrivals, 1);

  self->catalogue = g_object_ref (catalogue);
  self->notices = cardea_token_notices_new ();
  self->cancellable = g_cancellable_new ();
  g_signal_connect_swapped (catalogue, "changed", G_CALLBACK (on_changed), self);
  cardea_catalogue_settle_async (catalogue, self->cancellable, on_settled, self);
  return self;
}

void
cardea_arrivals_free (CardeaArrivals *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_signal_handlers_disconnect_by_data (self->catalogue, self);
  g_clear_pointer (&self->known, g_ptr_array_unref);
  g_clear_pointer (&self->early, g_ptr_array_unref);
  cardea_token_notices_free (self->notices);
  g_object_unref (self->catalogue);
  g_free (self);
}

void
cardea_arrivals_set_told (CardeaArrivals *self, gboolean told)
{
  self->told = told;
}
