/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* EndLeases: from its answer on nobody signs with these tokens before their PIN was given again, the agent or
 * any other program. A card of which that is not so is told beside, as a problem. */
#include "agent/api/methods.h"

#include "agent/api/unpack.h"
#include "agent/base/token-uri.h"
#include "socket-api/wire/error.h"

/* NULL where @pattern may be used. */
static GError *
check (const char *pattern)
{
  g_autofree char *problem = NULL;
  GError *error;

  if (!pattern || cardea_token_uri_check (pattern, &problem))
    return NULL;
  error = cardea_error_new (CARDEA_ERROR_INVALID_PARAMETER, "The token is not usable: %s", problem);
  cardea_error_take_parameter (error, "parameter", json_string ("token"));
  return error;
}

static void
on_ended (guint n, GPtrArray *problems, gpointer data)
{
  g_autoptr (CardeaCall) call = data;

  cardea_call_reply (call, json_pack ("{s:I, s:o}", "ended", (json_int_t)n, "problems",
                                      cardea_json_from_reasons (problems)));
}

void
cardea_handle_end_leases (CardeaCall *call, gpointer context)
{
  const CardeaMethodContext *methods = context;
  const char *token = NULL;
  const CardeaField fields[] = { { "token", CARDEA_FIELD_STRING, FALSE, 0, 0, &token } };
  g_autoptr (GError) error = NULL;

  if (cardea_unpack (cardea_call_get_wire (call)->parameters, "", fields, G_N_ELEMENTS (fields), &error))
    error = check (token);
  if (error)
    cardea_call_reply_error (call, error);
  else
    methods->end_leases (token, on_ended, cardea_call_ref (call), methods->user_data);
}
