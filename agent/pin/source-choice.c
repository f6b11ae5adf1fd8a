/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which PIN source serves a token, if any: pure.
 *
 * A PIN sent to the wrong token is a lost try there and a PIN told to a stranger, so whatever is not plain is
 * refused: two tokens for one source, two sources for one token, a token that has few tries left or says of
 * its PIN anything else that a person should see first. */

#include "agent/pin/source-choice.h"

#include "agent/base/token-uri.h"
#include "agent/pin/outcome.h"

/* NULL: it is gone. */
static CardeaToken *
find_same (GPtrArray *tokens, CardeaToken *token)
{
  for (guint i = 0; i < tokens->len; i++) {
    CardeaToken *other = g_ptr_array_index (tokens, i);

    if (other->host == token->host && other->generation == token->generation &&
        g_str_equal (other->uri, token->uri))
      return other;
  }
  return NULL;
}

gboolean
cardea_pin_is_present (GPtrArray *tokens, CardeaToken *token)
{
  CardeaToken *same = find_same (tokens, token);

  return same != NULL && same->state == CARDEA_TOKEN_READY;
}

gboolean
cardea_pin_is_inserted (GPtrArray *tokens, CardeaToken *token)
{
  CardeaToken *same = find_same (tokens, token);

  return same != NULL && cardea_pin_can_be_set (same);
}

gboolean
cardea_pin_can_be_set (CardeaToken *token)
{
  return token->state == CARDEA_TOKEN_READY ||
         (token->state == CARDEA_TOKEN_UNUSABLE && token->info->initialised);
}

const CardeaLeaseConfig *
cardea_pin_find_lease_rule (GPtrArray *leases, CardeaToken *token)
{
  for (guint i = 0; i < leases->len; i++) {
    const CardeaLeaseConfig *lease = leases->pdata[i];

    if (cardea_token_uri_matches (lease->token, token->uri))
      return lease;
  }
  return NULL;
}

guint
cardea_pin_count_matches (GPtrArray *tokens, const char *pattern)
{
  guint n = 0;

  for (guint i = 0; i < tokens->len; i++) {
    CardeaToken *token = g_ptr_array_index (tokens, i);

    n += token->state != CARDEA_TOKEN_ABSENT && cardea_token_uri_matches (pattern, token->uri);
  }
  return n;
}

const char *
cardea_pin_find_state_obstacle (CardeaToken *token, CardeaPinState state)
{
  if (token->info->pinpad)
    return "The token has a PIN pad of its own.";
  switch (state) {
  case CARDEA_PIN_LOW:
    return "Few tries are left on the token. Log in to it once by hand with the right PIN.";
  case CARDEA_PIN_FINAL_TRY:
    return "One try is left before the token locks. Log in to it once by hand with the right PIN.";
  case CARDEA_PIN_LOCKED:
    return "The token is locked.";
  case CARDEA_PIN_NOT_SET:
    return "The token has no PIN yet.";
  case CARDEA_PIN_MUST_CHANGE:
    return "The token wants its PIN to be changed first.";
  case CARDEA_PIN_UNKNOWN:
  case CARDEA_PIN_FINE:
  case CARDEA_PIN_NOT_NEEDED:
  default:
    return NULL;
  }
}

static const char *
find_obstacle (CardeaPinSource *source, GPtrArray *tokens, CardeaToken *token, CardeaPinState state)
{
  guint n = cardea_pin_count_matches (tokens, cardea_pin_source_get_token (source));

  if (n > 1)
    return "Its URI matches several tokens that are present. Add attributes, such as the serial number.";
  if (n == 0 || !cardea_pin_is_present (tokens, token))
    return "Its token is not present any more.";
  return cardea_pin_find_state_obstacle (token, state);
}

CardeaPinSource *
cardea_pin_choose_source (GPtrArray *sources, GPtrArray *tokens, CardeaToken *token, CardeaPinState state,
                          GError **obstacle)
{
  CardeaPinSource *found = NULL;
  const char *what;

  for (guint i = 0; i < sources->len; i++) {
    CardeaPinSource *source = g_ptr_array_index (sources, i);

    if (!cardea_token_uri_matches (cardea_pin_source_get_token (source), token->uri))
      continue;
    if (found != NULL) {
      g_autofree char *both =
          g_strdup_printf ("Two PIN sources, [pin %s] and [pin %s], name this token: leave one.",
                           cardea_pin_source_get_name (found), cardea_pin_source_get_name (source));

      g_propagate_error (obstacle, cardea_pin_error_source (token, NULL, both));
      return NULL;
    }
    found = source;
  }
  if (found == NULL)
    return NULL;
  what = find_obstacle (found, tokens, token, state);
  if (what == NULL)
    return found;
  g_propagate_error (obstacle, cardea_pin_error_source (token, cardea_pin_source_get_name (found), what));
  return NULL;
}
