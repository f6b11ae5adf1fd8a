/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Forecast: the words for what would follow.
 *
 * What follows is not decided here: it is what a connection goes by (standing.c, selection.c). Here it gets a
 * name, and the rule or the decision that it comes from. */

#include "agent/broker/forecast.h"

static const char *const outcomes[] = { "use", "ask", "none", "deny" };

const char *
cardea_outcome_to_string (CardeaOutcome outcome)
{
  return outcomes[outcome];
}

void
cardea_forecast_clear (CardeaForecast *self)
{
  if (self->because != NULL)
    g_string_free (self->because, TRUE);
  self->because = NULL;
}

static void
begin (CardeaForecast *self, CardeaOutcome outcome)
{
  *self = (CardeaForecast){ outcome, g_string_new (NULL), NULL };
}

void
cardea_forecast_denied (CardeaForecast *self, const char *because)
{
  begin (self, CARDEA_OUTCOME_DENY);
  g_string_append (self->because, because);
}

void
cardea_forecast_unasked (CardeaForecast *self, const CardeaRequest *request, gboolean later)
{
  begin (self, CARDEA_OUTCOME_NONE);
  g_string_append (self->because,
                   "The server asks for nothing in the handshake. If it asks when the connection is open, "
                   "that cannot be known before");
  g_string_append (self->because, later ? "." : ", and would end the connection, as it is not offered.");
  if (request->authenticate != CARDEA_AUTHENTICATE_REQUIRED ||
      (later && request->post_handshake == CARDEA_POST_HANDSHAKE_YES))
    return;
  self->outcome = CARDEA_OUTCOME_DENY;
  g_string_append (self->because, " The program insists on a certificate.");
}

/* Why a person would be asked. */
static void
append_open_question (GString *text, const CardeaForesight *foresight)
{
  const CardeaRemembered *remembered = foresight->standing.remembered;
  const CardeaRule *rule = foresight->rule.consented_by;

  if (remembered != NULL)
    g_string_append_printf (
        text, "The decision %s is for a certificate that is not among those that fit, %s", remembered->id,
        foresight->standing.consent.renewed ? "and the one that was issued in its place is not taken unasked."
                                            : "and no other is taken in its place.");
  else if (foresight->choice->n_fitting == 0)
    g_string_append (text, "No certificate fits; one that is inserted meanwhile might.");
  else if (rule != NULL)
    g_string_append_printf (text,
                            "The rule “%s” (%s) consents, but does not choose, and %u certificates fit.",
                            rule->name, rule->where, foresight->choice->n_fitting);
  else
    g_string_append (text, "No decision and no rule settles this program on this server.");
}

static void
append_use (GString *text, const CardeaForesight *foresight)
{
  const CardeaRule *rule = foresight->rule.consented_by;

  if (foresight->standing.remembered != NULL)
    g_string_append_printf (text, "The decision %s is followed.", foresight->standing.remembered->id);
  else
    g_string_append_printf (text, "The rule “%s” (%s) consents.", rule->name, rule->where);
}

static CardeaOutcome
find_outcome (CardeaConsentAnswer answer)
{
  switch (answer) {
  case CARDEA_CONSENT_USE:
    return CARDEA_OUTCOME_USE;
  case CARDEA_CONSENT_CONTINUE:
    return CARDEA_OUTCOME_NONE;
  case CARDEA_CONSENT_ASK:
    return CARDEA_OUTCOME_ASK;
  case CARDEA_CONSENT_DENY:
  case CARDEA_CONSENT_INTERACTION_REQUIRED:
    break;
  }
  return CARDEA_OUTCOME_DENY;
}

/* A rule that denies is told before a server is met, but for one that came meanwhile. */
void
cardea_forecast_asked (CardeaForecast *self, const CardeaForesight *foresight, gboolean whole)
{
  const CardeaConsent *consent = &foresight->standing.consent;

  begin (self, find_outcome (consent->answer));
  if (consent->index >= 0)
    self->offer = foresight->choice->offers->pdata[consent->index];
  if (consent->answer == CARDEA_CONSENT_USE || consent->answer == CARDEA_CONSENT_CONTINUE)
    append_use (self->because, foresight);
  else if (consent->answer == CARDEA_CONSENT_DENY)
    g_string_append_printf (self->because, "The rule “%s” (%s) denies.", foresight->rule.denied_by->name,
                            foresight->rule.denied_by->where);
  else
    append_open_question (self->because, foresight);
  if (foresight->standing.by_browser)
    g_string_append (self->because, consent->answer == CARDEA_CONSENT_USE
                                        ? " A policy of Chromium's chooses the certificate."
                                        : " A policy of Chromium's puts a certificate first.");
  if (!whole && foresight->standing.remembered == NULL)
    g_string_append (self->because, " A file of rules is left out, so no rule consents.");
  if (consent->answer == CARDEA_CONSENT_INTERACTION_REQUIRED)
    g_string_append (self->because, " Somebody would have to be asked, which the program does not want.");
}

void
cardea_forecast_alone (CardeaForecast *self, const CardeaChoice *choice)
{
  begin (self, choice->n_fitting == 1 ? CARDEA_OUTCOME_USE : CARDEA_OUTCOME_DENY);
  if (choice->n_fitting == 1)
    self->offer = choice->offers->pdata[0];
  if (choice->n_fitting == 1)
    g_string_append (self->because,
                     "The agent's configuration allows this server, and one certificate fits.");
  else if (choice->n_fitting == 0)
    g_string_append (self->because, "No certificate fits.");
  else
    g_string_append_printf (self->because, "%u certificates fit, and this agent has nobody to ask which.",
                            choice->n_fitting);
}
