/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The methods that list. The tokens are waited for as long as they are being read, so that an agent that has
 * just started does not answer that there are none; each listing of a token has its own limit. */
#include "agent/api/methods.h"
#include "agent/broker/json.h"

typedef struct
{
  CardeaCall *call;
  CardeaBroker *broker;
  json_t *(*make_answer) (CardeaCatalogue *catalogue, CardeaBroker *broker);
} Listing;

static void
listing_free (Listing *listing)
{
  cardea_call_unref (listing->call);
  g_object_unref (listing->broker);
  g_free (listing);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Listing, listing_free)

static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Listing) listing = user_data;
  g_autoptr (GError) error = NULL;

  if (cardea_catalogue_settle_finish (CARDEA_CATALOGUE (source), result, &error))
    cardea_call_reply (listing->call, listing->make_answer (CARDEA_CATALOGUE (source), listing->broker));
  else
    cardea_call_reply_error (listing->call, error);
}

static void
list_when_settled (CardeaCall *call, const CardeaMethodContext *context,
                   json_t *(*make_answer) (CardeaCatalogue *catalogue, CardeaBroker *broker))
{
  Listing *listing;

  if (!cardea_methods_expect_nothing (call))
    return;

  listing = g_new0 (Listing, 1);
  listing->call = cardea_call_ref (call);
  listing->broker = g_object_ref (context->broker);
  listing->make_answer = make_answer;
  cardea_catalogue_settle_async (context->catalogue, cardea_call_get_cancellable (call), on_settled, listing);
}

static json_t *
list_problems (CardeaCatalogue *catalogue, CardeaBroker *broker)
{
  g_autoptr (GPtrArray) of_catalogue = cardea_catalogue_get_problems (catalogue);
  g_autoptr (GPtrArray) of_broker = cardea_broker_get_problems (broker);
  g_autoptr (json_t) more = cardea_json_from_reasons (of_broker);
  json_t *problems = cardea_json_from_reasons (of_catalogue);

  json_array_extend (problems, more);
  return problems;
}

static json_t *
make_tokens (CardeaCatalogue *catalogue, CardeaBroker *broker)
{
  g_autoptr (GPtrArray) tokens = cardea_catalogue_get_tokens (catalogue);
  json_t *array = json_array ();

  for (guint i = 0; i < tokens->len; i++)
    json_array_append_new (array, cardea_json_from_token (tokens->pdata[i]));

  return json_pack ("{s:o, s:o}", "tokens", array, "problems", list_problems (catalogue, broker));
}

static json_t *
make_certificates (CardeaCatalogue *catalogue, CardeaBroker *broker)
{
  g_autoptr (GPtrArray) certificates = cardea_catalogue_get_certificates (catalogue);
  json_t *array = json_array ();

  for (guint i = 0; i < certificates->len; i++)
    json_array_append_new (array, cardea_json_from_certificate (certificates->pdata[i]));

  return json_pack ("{s:o}", "certificates", array);
}

void
cardea_handle_list_tokens (CardeaCall *call, gpointer context)
{
  list_when_settled (call, context, make_tokens);
}

void
cardea_handle_list_certificates (CardeaCall *call, gpointer context)
{
  list_when_settled (call, context, make_certificates);
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

/* Reload answers when the tokens were read with the new configuration, so that its problems are all there
 * are. */
typedef struct
{
  CardeaCall *call;
  CardeaBroker *broker;
  GPtrArray *problems; /* of the configuration itself */
} Reloading;

static void
reloading_free (Reloading *reloading)
{
  cardea_call_unref (reloading->call);
  g_object_unref (reloading->broker);
  g_ptr_array_unref (reloading->problems);
  g_free (reloading);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reloading, reloading_free)

static void
on_reload_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Reloading) reloading = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) more = NULL;
  json_t *problems;

  if (!cardea_catalogue_settle_finish (CARDEA_CATALOGUE (source), result, &error)) {
    cardea_call_reply_error (reloading->call, error);
    return;
  }

  problems = cardea_json_from_reasons (reloading->problems);
  more = list_problems (CARDEA_CATALOGUE (source), reloading->broker);
  json_array_extend (problems, more);
  cardea_call_reply (reloading->call, json_pack ("{s:o}", "problems", problems));
}

void
cardea_handle_reload (CardeaCall *call, gpointer context)
{
  const CardeaMethodContext *methods = context;
  Reloading *reloading;

  if (!cardea_methods_expect_nothing (call))
    return;

  reloading = g_new0 (Reloading, 1);
  reloading->call = cardea_call_ref (call);
  reloading->broker = g_object_ref (methods->broker);
  reloading->problems = methods->reload (methods->reload_data);
  cardea_catalogue_settle_async (methods->catalogue, cardea_call_get_cancellable (call), on_reload_settled,
                                 reloading);
}
