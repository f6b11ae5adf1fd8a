/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/api/dispatch.h"
#include "agent/broker/broker.h"
#include "agent/broker/json.h"

G_BEGIN_DECLS

/* Every method there is. The contract is socket-api/org.cardea.agent.varlink; a test compares the two. */

/* @n: logins that were ended; @problems: CardeaReason elements, borrowed: cards that may sign all the same.
 */
typedef void (*CardeaLeasesEnded) (guint n, GPtrArray *problems, gpointer data);

/* What methods work on, borrowed. */
typedef struct
{
  CardeaBroker *broker;
  CardeaCatalogue *catalogue;
  /* Reads the configuration afresh and begins to read the tokens. */
  void (*reload) (gpointer user_data);
  /* What is wrong with the configuration and the modules it names: a new array of CardeaReason. */
  GPtrArray *(*get_problems) (gpointer user_data);
  /* How long the login to a token lasts; FALSE: there is none. */
  gboolean (*find_lease) (CardeaToken *token, CardeaLease *lease, gpointer user_data);
  /* Whether a PIN of the token serves one authentication. */
  gboolean (*is_single_use) (CardeaToken *token, gpointer user_data);
  /* Ends the logins to the tokens that a PKCS#11 URI matches, NULL: all. @ended: once. */
  void (*end_leases) (const char *pattern, CardeaLeasesEnded ended, gpointer data, gpointer user_data);
  gpointer user_data;
} CardeaMethodContext;

const CardeaMethod *cardea_methods_get (guint *n_methods);

/* The table's entries; the context is a CardeaMethodContext. */
void cardea_handle_get_info (CardeaCall *call, gpointer context);
void cardea_handle_get_interface_description (CardeaCall *call, gpointer context);
void cardea_handle_connect (CardeaCall *call, gpointer context);
void cardea_handle_open (CardeaCall *call, gpointer context);
void cardea_handle_wrap (CardeaCall *call, gpointer context);
void cardea_handle_open_wrap (CardeaCall *call, gpointer context);
void cardea_handle_await_end (CardeaCall *call, gpointer context);
void cardea_handle_explain (CardeaCall *call, gpointer context);
void cardea_handle_list_tokens (CardeaCall *call, gpointer context);
void cardea_handle_list_certificates (CardeaCall *call, gpointer context);
void cardea_handle_list_sessions (CardeaCall *call, gpointer context);
void cardea_handle_list_decisions (CardeaCall *call, gpointer context);
void cardea_handle_end_leases (CardeaCall *call, gpointer context);
void cardea_handle_disconnect (CardeaCall *call, gpointer context);
void cardea_handle_forget (CardeaCall *call, gpointer context);
void cardea_handle_change_pin (CardeaCall *call, gpointer context);
void cardea_handle_unblock_pin (CardeaCall *call, gpointer context);
void cardea_handle_reload (CardeaCall *call, gpointer context);
void cardea_handle_watch (CardeaCall *call, gpointer context);

/* All problems there are: []Problem. */
json_t *cardea_methods_list_problems (const CardeaMethodContext *context);
/* A token with its lease: Token. */
json_t *cardea_methods_describe_token (const CardeaMethodContext *context, CardeaToken *token);

/* For methods without parameters: answers and returns FALSE when there are any. */
gboolean cardea_methods_expect_nothing (CardeaCall *call);
/* For methods whose only parameter is a string: NULL when the call was answered with what is wrong. Borrowed.
 */
const char *cardea_methods_expect_string (CardeaCall *call, const char *name);
/* Answers NotFound with the id that nobody knows. */
void cardea_methods_reply_not_found (CardeaCall *call, const char *what);

G_END_DECLS
