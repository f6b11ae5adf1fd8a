/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Token events: the difference between two listings. Hosts list whole tokens, again and again and after each
 * restart; whoever wants to know what happened must not be told of a token that was merely listed once more.
 */

#include "agent/tokens/event.h"

static const char *const kinds[CARDEA_N_TOKEN_EVENTS] = {
  [CARDEA_TOKEN_EVENT_ARRIVED] = "arrived",
  [CARDEA_TOKEN_EVENT_LEFT] = "left",
  [CARDEA_TOKEN_EVENT_CHANGED] = "changed",
};

const char *
cardea_token_event_kind_to_string (CardeaTokenEventKind kind)
{
  g_return_val_if_fail ((guint)kind < CARDEA_N_TOKEN_EVENTS, NULL);

  return kinds[kind];
}

CardeaTokenEvent *
cardea_token_event_new (CardeaTokenEventKind kind, CardeaToken *token)
{
  CardeaTokenEvent *self = g_new0 (CardeaTokenEvent, 1);

  self->kind = kind;
  self->token = cardea_token_ref (token);
  return self;
}

void
cardea_token_event_free (CardeaTokenEvent *self)
{
  cardea_token_unref (self->token);
  g_free (self);
}

static gboolean
is_same_token (const CardeaToken *a, const CardeaToken *b)
{
  gboolean same_insertion =
      a->insertion == NULL || b->insertion == NULL || cardea_insertion_equal (a->insertion, b->insertion);

  return same_insertion && g_str_equal (a->uri, b->uri) && g_str_equal (a->module, b->module);
}

static CardeaToken *
find (GPtrArray *tokens, const CardeaToken *token)
{
  for (guint i = 0; i < tokens->len; i++)
    if (is_same_token (tokens->pdata[i], token))
      return tokens->pdata[i];
  return NULL;
}

static gboolean
is_changed (const CardeaToken *before, const CardeaToken *after)
{
  return before->state != after->state || before->info->pin != after->info->pin ||
         before->info->told_tries != after->info->told_tries ||
         before->info->logged_in != after->info->logged_in;
}

GPtrArray *
cardea_token_events_between (GPtrArray *before, GPtrArray *after)
{
  GPtrArray *events = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_event_free);

  for (guint i = 0; i < before->len; i++)
    if (find (after, before->pdata[i]) == NULL)
      g_ptr_array_add (events, cardea_token_event_new (CARDEA_TOKEN_EVENT_LEFT, before->pdata[i]));
  for (guint i = 0; i < after->len; i++) {
    CardeaToken *token = after->pdata[i];
    CardeaToken *old = find (before, token);

    if (old == NULL)
      g_ptr_array_add (events, cardea_token_event_new (CARDEA_TOKEN_EVENT_ARRIVED, token));
    else if (is_changed (old, token))
      g_ptr_array_add (events, cardea_token_event_new (CARDEA_TOKEN_EVENT_CHANGED, token));
  }
  return events;
}
