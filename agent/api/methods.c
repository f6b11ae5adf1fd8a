/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of methods: what exists, who may call it, in which manner. */
#include "agent/api/methods.h"

#include "agent/api/unpack.h"
#include "socket-api/wire/error.h"

static const CardeaMethod methods[] = {
  { "org.varlink.service.GetInfo", cardea_handle_get_info, .sandboxed = TRUE },
  { "org.varlink.service.GetInterfaceDescription", cardea_handle_get_interface_description,
    .sandboxed = TRUE },
  { "org.cardea.agent.Connect", cardea_handle_connect, .sandboxed = TRUE, .upgrade = TRUE,
    .descriptor = TRUE },
  { "org.cardea.agent.Open", cardea_handle_open, .sandboxed = TRUE, .more = TRUE, .descriptor = TRUE },
  { "org.cardea.agent.Wrap", cardea_handle_wrap, .sandboxed = TRUE, .upgrade = TRUE, .descriptor = TRUE },
  { "org.cardea.agent.OpenWrap", cardea_handle_open_wrap, .sandboxed = TRUE, .more = TRUE,
    .descriptor = TRUE },
  { "org.cardea.agent.AwaitEnd", cardea_handle_await_end, .sandboxed = TRUE },
  { "org.cardea.agent.Explain", cardea_handle_explain },
  { "org.cardea.agent.ListTokens", cardea_handle_list_tokens },
  { "org.cardea.agent.ListCertificates", cardea_handle_list_certificates },
  { "org.cardea.agent.ListSessions", cardea_handle_list_sessions },
  { "org.cardea.agent.ListDecisions", cardea_handle_list_decisions },
  { "org.cardea.agent.Disconnect", cardea_handle_disconnect },
  { "org.cardea.agent.Forget", cardea_handle_forget },
  { "org.cardea.agent.EndLeases", cardea_handle_end_leases },
  { "org.cardea.agent.ChangePin", cardea_handle_change_pin, .descriptor = TRUE },
  { "org.cardea.agent.UnblockPin", cardea_handle_unblock_pin, .descriptor = TRUE },
  { "org.cardea.agent.Reload", cardea_handle_reload },
  { "org.cardea.agent.Watch", cardea_handle_watch, .more = TRUE },
};

const CardeaMethod *
cardea_methods_get (guint *n_methods)
{
  *n_methods = G_N_ELEMENTS (methods);
  return methods;
}

gboolean
cardea_methods_expect_nothing (CardeaCall *call)
{
  g_autoptr (GError) error = NULL;

  if (cardea_unpack (cardea_call_get_wire (call)->parameters, "", NULL, 0, &error))
    return TRUE;

  cardea_call_reply_error (call, error);
  return FALSE;
}

const char *
cardea_methods_expect_string (CardeaCall *call, const char *name)
{
  g_autoptr (GError) error = NULL;
  const char *value = NULL;
  const CardeaField fields[] = { { name, CARDEA_FIELD_STRING, TRUE, 0, 0, &value } };

  if (cardea_unpack (cardea_call_get_wire (call)->parameters, "", fields, G_N_ELEMENTS (fields), &error))
    return value;

  cardea_call_reply_error (call, error);
  return NULL;
}

void
cardea_methods_reply_not_found (CardeaCall *call, const char *what)
{
  g_autoptr (GError) error = cardea_error_new (CARDEA_ERROR_NOT_FOUND, "There is no %s", what);

  cardea_error_take_parameter (error, "what", json_string (what));
  cardea_call_reply_error (call, error);
}
