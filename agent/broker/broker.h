/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <jansson.h>

#include "agent/base/config.h"
#include "agent/base/end.h"
#include "agent/broker/assent.h"
#include "agent/broker/request.h"
#include "agent/broker/session.h"
#include "agent/broker/step.h"
#include "agent/caller/caller.h"
#include "agent/pin/unlocker.h"
#include "agent/relay/relay.h"
#include "agent/rules/rules.h"
#include "agent/tls/trust.h"
#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* The story of each connection from request to stream, and the sessions there are. The only code that knows
 * all the rest. */
#define CARDEA_TYPE_BROKER (cardea_broker_get_type ())
G_DECLARE_FINAL_TYPE (CardeaBroker, cardea_broker, CARDEA, BROKER, GObject)

/* Signal "sessions-changed" (). */
CardeaBroker *cardea_broker_new (CardeaConfig *config, CardeaCatalogue *catalogue, CardeaUnlocker *unlocker,
                                 CardeaRelayPool *relays);
/* Who is asked for consent while the configuration is not headless; NULL, as at first: nobody, so that
 * nothing is permitted then. */
void cardea_broker_set_assent (CardeaBroker *self, CardeaAssent *assent);
CardeaAssent *cardea_broker_get_assent (CardeaBroker *self); /* borrowed */
/* What connections ask of servers from now on; to be told to the assent as well, before the next turn of the
 * loop. Reads the files that rules name: @owner and @problems as cardea_rules_load() has them. */
void cardea_broker_set_rules (CardeaBroker *self, CardeaRules *rules, uid_t owner, GPtrArray *problems);
void cardea_broker_set_config (CardeaBroker *self, CardeaConfig *config);
/* What the configuration names and cannot be used: a new array of CardeaReason. */
GPtrArray *cardea_broker_get_problems (CardeaBroker *self);
/* Where cardea_session_attach() takes its threads from; borrowed. */
CardeaRelayPool *cardea_broker_get_relays (CardeaBroker *self);

/* @step may be NULL. Cancelling is prompt. Errors: those of org.cardea.agent, with their parameters. */
void cardea_broker_connect_async (CardeaBroker *self, CardeaCaller *caller, const CardeaRequest *request,
                                  CardeaStepFunc step, gpointer step_data, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data);
CardeaSession *cardea_broker_connect_finish (CardeaBroker *self, GAsyncResult *result, GError **error);

/* What a connection would meet and come to: the parameters of Explain's reply, a new reference. Leaves no
 * trace. Errors: those of org.cardea.agent, where no server is met. */
void cardea_broker_explain_async (CardeaBroker *self, CardeaCaller *caller, const CardeaRequest *request,
                                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
json_t *cardea_broker_explain_finish (CardeaBroker *self, GAsyncResult *result, GError **error);

/* Has the person give the one token that @token (a PKCS#11 URI) means a new PIN. Of @request what says where
 * to ask counts. Errors: those of org.cardea.agent, with their parameters. */
void cardea_broker_set_pin_async (CardeaBroker *self, CardeaCaller *caller, const char *token,
                                  CardeaPinAction action, const CardeaRequest *request,
                                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean cardea_broker_set_pin_finish (CardeaBroker *self, GAsyncResult *result, GError **error);

/* New arrays that own references to the live sessions; @caller NULL: all. */
GPtrArray *cardea_broker_get_sessions (CardeaBroker *self);
/* Live, or ended within CARDEA_LIMIT_END_KNOWN_MS; borrowed; NULL when unknown. */
CardeaSession *cardea_broker_find_session (CardeaBroker *self, const char *id);
guint cardea_broker_count_streams (CardeaBroker *self, const char *caller_key); /* NULL: all */

/* No new connections, and none of those on their way: they are cancelled, and questions about them withdrawn.
 * The callback comes when all streams ended, or after the time, when the rest were stopped. */
void cardea_broker_drain_async (CardeaBroker *self, guint seconds, GAsyncReadyCallback callback,
                                gpointer data);
/* While draining: stop the rest now. */
void cardea_broker_hurry (CardeaBroker *self);
gboolean cardea_broker_drain_finish (CardeaBroker *self, GAsyncResult *result, GError **error);

G_END_DECLS
