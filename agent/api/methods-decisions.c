/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The methods on what is remembered: ListDecisions and Forget.
 *
 * Who forgets a decision relies on being asked again, also after the next start; so Forget answers when the
 * disk has it. A disk that does not take it makes no error of the call, since the decision is gone from
 * memory and is no longer followed: what is left undone is told beside, as a problem. */
#include "agent/api/methods.h"

#include "agent/api/unpack.h"
#include "agent/base/printable.h"
#include "agent/broker/json.h"

/* Borrowed; NULL where nobody is ever asked. */
static CardeaDecisions *
get_decisions (const CardeaMethodContext *context)
{
  CardeaAssent *assent = cardea_broker_get_assent (context->broker);

  return assent ? cardea_assent_get_decisions (assent) : NULL;
}

void
cardea_handle_list_decisions (CardeaCall *call, gpointer context)
{
  CardeaDecisions *decisions = get_decisions (context);
  g_autoptr (GPtrArray) list = NULL;
  json_t *array;

  if (!cardea_methods_expect_nothing (call))
    return;

  list = decisions ? cardea_decisions_list (decisions) : cardea_remembered_list_new ();
  array = json_array ();
  for (guint i = 0; i < list->len; i++)
    json_array_append_new (array, cardea_json_from_remembered (list->pdata[i]));

  cardea_call_reply (call, json_pack ("{s:o}", "decisions", array));
}

/* A call that waits for the disk. */
typedef struct
{
  CardeaCall *call;
  guint n_forgotten;
} Forgetting;

static void
forgetting_free (Forgetting *forgetting)
{
  cardea_call_unref (forgetting->call);
  g_free (forgetting);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Forgetting, forgetting_free)

/* @error: why it is not saved, or NULL. */
static void
reply_forgotten (CardeaCall *call, guint n_forgotten, const GError *error)
{
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();

  if (error) {
    g_autofree char *why = cardea_printable (error->message, -1);

    g_ptr_array_add (
        problems,
        cardea_reason_new (CARDEA_REASON_DECISIONS_NOT_SAVED,
                           "\"cardea status\" shows what keeps the file of decisions from being written.",
                           "It is forgotten until the agent ends, but that is not saved. %s", why));
  }

  cardea_call_reply (call, json_pack ("{s:I, s:o}", "forgotten", (json_int_t)n_forgotten, "problems",
                                      cardea_json_from_reasons (problems)));
}

static void
on_flushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Forgetting) forgetting = user_data;
  g_autoptr (GError) error = NULL;

  (void)cardea_decisions_flush_finish (CARDEA_DECISIONS (source), result, &error);
  reply_forgotten (forgetting->call, forgetting->n_forgotten, error);
}

/* The writing goes on when the program goes away. */
static void
reply_when_flushed (CardeaCall *call, CardeaDecisions *decisions, guint n_forgotten)
{
  Forgetting *forgetting = g_new0 (Forgetting, 1);

  forgetting->call = cardea_call_ref (call);
  forgetting->n_forgotten = n_forgotten;
  cardea_decisions_flush_async (decisions, NULL, on_flushed, forgetting);
}

void
cardea_handle_forget (CardeaCall *call, gpointer context)
{
  CardeaDecisions *decisions = get_decisions (context);
  const char *id = NULL;
  const CardeaField fields[] = { { "decision", CARDEA_FIELD_STRING, FALSE, 0, 0, &id } };
  g_autoptr (GError) error = NULL;
  guint n_forgotten = 0;

  if (!cardea_unpack (cardea_call_get_wire (call)->parameters, "", fields, G_N_ELEMENTS (fields), &error)) {
    cardea_call_reply_error (call, error);
    return;
  }

  if (decisions)
    n_forgotten = id ? cardea_decisions_forget (decisions, id) : cardea_decisions_forget_all (decisions);

  if (id && n_forgotten == 0)
    cardea_methods_reply_not_found (call, id);
  else if (decisions)
    reply_when_flushed (call, decisions, n_forgotten);
  else
    reply_forgotten (call, 0, NULL);
}
