/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Admission: what is clear before anything is sent.
 *
 * Consent without a person is an entry of the administrator's: [allow] names the servers. It is checked
 * against the name that will be verified, before anything is sent, so a refused program cannot even use the
 * agent to reach a server. Trust that a program brings itself would let it name its own server after an
 * allowed one, so it needs a consent of its own. */

#include "agent/broker/admission.h"

#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

static gboolean
deny (GError **error, const char *message)
{
  g_propagate_error (error, cardea_error_new (CARDEA_ERROR_DENIED, "%s", message));
  if (error != NULL) {
    cardea_error_take_parameter (*error, "by", json_string ("configuration"));
    cardea_error_take_parameter (*error, "message", json_string (message));
  }
  return FALSE;
}

/* Without a person. */
static gboolean
check_allowed (CardeaConfig *config, const CardeaRequest *request, GError **error)
{
  const char *name = cardea_request_get_server_name (request);
  g_autofree char *message = NULL;

  if (!cardea_config_allows (config, name, request->port)) {
    message = g_strdup_printf ("%s:%u is not among the servers of [allow] in the agent's configuration.",
                               name, request->port);
    return deny (error, message);
  }
  if (request->authorities != NULL && !cardea_config_get_allow_caller_authorities (config))
    return deny (error, "The program brought its own authorities, and the configuration does not set "
                        "caller-authorities=true in [allow].");
  return TRUE;
}

/* A person consents later, when there is something to see; what is clear already is said now. */
gboolean
cardea_admission_check (CardeaConfig *config, CardeaAssent *assent, CardeaCaller *caller,
                        const CardeaRequest *request, GError **error)
{
  const char *name = cardea_request_get_server_name (request);
  gboolean headless = cardea_config_get_headless (config);

  if (!headless && assent == NULL) {
    cardea_set_error (error, CARDEA_ERROR_INTERACTION_REQUIRED,
                      "Connecting to %s:%u needs a person's consent, and this agent has nobody to ask.", name,
                      request->port);
    if (error != NULL) {
      cardea_error_take_parameter (*error, "question", json_string ("consent"));
      cardea_error_take_parameter (*error, "offers", json_array ());
    }
    return FALSE;
  }
  if (assent != NULL && !cardea_assent_check_denial (assent, caller, request, error))
    return FALSE;
  if (headless && !check_allowed (config, request, error))
    return FALSE;
  /* A sandbox keeps its program off the network: the agent is no way around that. */
  if (cardea_caller_get_strength (caller) == CARDEA_CALLER_CONFINED &&
      (request->proxy != NULL || !g_str_equal (request->host, name)))
    return deny (error,
                 "A program in a sandbox may neither choose a proxy nor connect to another host than the one "
                 "that is verified.");
  return TRUE;
}
