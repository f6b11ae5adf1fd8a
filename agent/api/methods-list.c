/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The methods that list. The tokens are waited for as long as they are being read, so that an agent that has
 * just started does not answer that there are none; each listing of a token has its own limit. The list of
 * tokens can say that one is still being read, and does so after a moment. */
#include "agent/api/methods.h"
#include "agent/broker/json.h"

typedef json_t *(*MakeAnswer) (const CardeaMethodContext *context);

/* A call that waits for the tokens. While it is not over, what it works on is there. */
typedef struct
{
  CardeaCall *call;
  const CardeaMethodContext *context;
  MakeAnswer make_answer;
} Listing;

static void
listing_free (Listing *listing)
{
  cardea_call_unref (listing->call);
  g_free (listing);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Listing, listing_free)

static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Listing) listing = user_data;
  g_autoptr (GError) error = NULL;
  gboolean settled = cardea_catalogue_settle_finish (CARDEA_CATALOGUE (source), result, &error);

  if (cardea_call_is_over (listing->call))
    return;

  if (settled)
    cardea_call_reply (listing->call, listing->make_answer (listing->context));
  else
    cardea_call_reply_error (listing->call, error);
}

static Listing *
listing_new (CardeaCall *call, const CardeaMethodContext *context, MakeAnswer make_answer)
{
  Listing *listing = g_new0 (Listing, 1);

  listing->call = cardea_call_ref (call);
  listing->context = context;
  listing->make_answer = make_answer;
  return listing;
}

static void
answer_when_settled (CardeaCall *call, const CardeaMethodContext *context, MakeAnswer make_answer)
{
  cardea_catalogue_settle_async (context->catalogue, cardea_call_get_cancellable (call), on_settled,
                                 listing_new (call, context, make_answer));
}

json_t *
cardea_methods_list_problems (const CardeaMethodContext *context)
{
  g_autoptr (GPtrArray) of_configuration = context->get_problems (context->user_data);
  g_autoptr (GPtrArray) of_broker = cardea_broker_get_problems (context->broker);
  g_autoptr (GPtrArray) of_catalogue = cardea_catalogue_get_problems (context->catalogue);
  json_t *problems = cardea_json_from_reasons (of_configuration);
  g_autoptr (json_t) second = cardea_json_from_reasons (of_broker);
  g_autoptr (json_t) third = cardea_json_from_reasons (of_catalogue);

  json_array_extend (problems, second);
  json_array_extend (problems, third);
  return problems;
}

json_t *
cardea_methods_describe_token (const CardeaMethodContext *context, CardeaToken *token)
{
  CardeaLease lease;
  gboolean found = context->find_lease (token, &lease, context->user_data);

  return cardea_json_from_token (token, found ? &lease : NULL,
                                 context->is_single_use (token, context->user_data));
}

static json_t *
make_tokens (const CardeaMethodContext *context)
{
  g_autoptr (GPtrArray) tokens = cardea_catalogue_get_tokens (context->catalogue);
  g_autoptr (GPtrArray) reading = cardea_catalogue_get_reading (context->catalogue);
  json_t *array = json_array ();

  for (guint i = 0; i < tokens->len; i++)
    json_array_append_new (array, cardea_methods_describe_token (context, tokens->pdata[i]));
  for (guint i = 0; i < reading->len; i++)
    json_array_append_new (array, cardea_methods_describe_token (context, reading->pdata[i]));

  return json_pack ("{s:o, s:o}", "tokens", array, "problems", cardea_methods_list_problems (context));
}

static json_t *
make_certificates (const CardeaMethodContext *context)
{
  g_autoptr (GPtrArray) certificates = cardea_catalogue_get_certificates (context->catalogue);
  json_t *array = json_array ();

  for (guint i = 0; i < certificates->len; i++)
    json_array_append_new (array, cardea_json_from_certificate (certificates->pdata[i]));

  return json_pack ("{s:o}", "certificates", array);
}

static json_t *
make_problems (const CardeaMethodContext *context)
{
  return json_pack ("{s:o}", "problems", cardea_methods_list_problems (context));
}

void
cardea_handle_list_tokens (CardeaCall *call, gpointer context)
{
  const CardeaMethodContext *methods = context;

  if (cardea_methods_expect_nothing (call))
    cardea_catalogue_settle_briefly_async (methods->catalogue, cardea_call_get_cancellable (call), on_settled,
                                           listing_new (call, methods, make_tokens));
}

void
cardea_handle_list_certificates (CardeaCall *call, gpointer context)
{
  if (cardea_methods_expect_nothing (call))
    answer_when_settled (call, context, make_certificates);
}

/* It answers when the tokens were read with the new configuration, so that its problems are all there are. */
void
cardea_handle_reload (CardeaCall *call, gpointer context)
{
  const CardeaMethodContext *methods = context;

  if (!cardea_methods_expect_nothing (call))
    return;

  methods->reload (methods->user_data);
  answer_when_settled (call, methods, make_problems);
}

void
cardea_handle_list_sessions (CardeaCall *call, gpointer context)
{
  const CardeaMethodContext *methods = context;
  g_autoptr (GPtrArray) sessions = NULL;
  json_t *array;

  if (!cardea_methods_expect_nothing (call))
    return;

  sessions = cardea_broker_get_sessions (methods->broker);
  array = json_array ();
  for (guint i = 0; i < sessions->len; i++)
    json_array_append_new (array, cardea_json_from_session (sessions->pdata[i]));

  cardea_call_reply (call, json_pack ("{s:o}", "sessions", array));
}
