/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* How the agent puts its question, and what it says when nobody can be asked.
 *
 * Nothing of it is the program's own word: who it is comes from the kernel, the server's name was verified,
 * and who vouches for it is an authority that the verification ended in. */

#include "agent/broker/assent.h"

#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

static const char *const confinements[] = {
  [CARDEA_CONFINEMENT_NONE] = NULL,
  [CARDEA_CONFINEMENT_FLATPAK] = "flatpak",
  [CARDEA_CONFINEMENT_SNAP] = "snap",
};

void
cardea_assent_describe_program (CardeaCaller *caller, CardeaPromptProgram *program)
{
  program->label = g_strdup (cardea_caller_get_label (caller));
  program->confinement = g_strdup (confinements[cardea_caller_get_confinement (caller)]);
  g_strfreev (program->parents);
  /* A program that is only itself needs nobody beside it. */
  program->parents = cardea_caller_may_be_remembered (caller)
                         ? g_new0 (char *, 1)
                         : g_strdupv ((char **)cardea_caller_get_parents (caller));
}

void
cardea_assent_describe (const CardeaAssentCase *about, CardeaPromptQuestion *question)
{
  cardea_assent_describe_program (about->caller, &question->program);
  question->server.name = g_strdup (cardea_request_get_server_name (about->request));
  question->server.port = about->request->port;
  question->server.vouched_by = g_strdup (cardea_asker_get_authority (about->asker));
  question->server.by_program_only = about->terms->by_program_only;
  question->window = g_strdup (about->request->window);
}

void
cardea_assent_describe_for_pin (const CardeaAssentCase *about, CardeaPinQuestion *question)
{
  g_autoptr (CardeaPromptQuestion) shown = cardea_prompt_question_new (CARDEA_PROMPT_PIN);

  cardea_assent_describe (about, shown);
  question->caller_key = g_strdup (cardea_caller_get_key (about->caller));
  question->program = g_steal_pointer (&shown->program.label);
  question->confinement = g_steal_pointer (&shown->program.confinement);
  question->parents = g_steal_pointer (&shown->program.parents);
  question->server_name = g_steal_pointer (&shown->server.name);
  question->port = shown->server.port;
  question->vouched_by = g_steal_pointer (&shown->server.vouched_by);
  question->by_program_only = shown->server.by_program_only;
  question->window = g_steal_pointer (&shown->window);
  question->activation_token = g_strdup (about->request->activation_token);
  question->terminal = about->terminal != NULL ? cardea_terminal_ref (about->terminal) : NULL;
}

/* A program in a sandbox may not list certificates, so it learns only of those it could use here. */
static json_t *
offers_for (CardeaCaller *caller, const CardeaChoice *choice)
{
  return cardea_choice_to_json (choice, cardea_caller_get_strength (caller) == CARDEA_CALLER_CONFINED);
}

GError *
cardea_assent_error_no_certificate (CardeaCaller *caller, const CardeaChoice *choice)
{
  GError *error = cardea_error_new (
      CARDEA_ERROR_NO_CERTIFICATE, "%s",
      choice->offers->len > 0 ? "None of the certificates on your tokens can be used with this server."
                              : "The server asks for a certificate, and there is none on any token.");

  cardea_error_take_parameter (error, "offers", offers_for (caller, choice));
  return error;
}

GError *
cardea_assent_error_choice (CardeaCaller *caller, const CardeaChoice *choice)
{
  GError *error =
      choice->n_fitting == 1
          ? cardea_error_new (
                CARDEA_ERROR_INTERACTION_REQUIRED,
                "Using the certificate that fits needs a person's consent, and nobody can be asked.")
          : cardea_error_new (CARDEA_ERROR_INTERACTION_REQUIRED,
                              "%u certificates fit, and nobody can be asked which one to use.",
                              choice->n_fitting);

  cardea_error_take_parameter (error, "question",
                               json_string (choice->n_fitting == 1 ? "consent" : "certificate"));
  cardea_error_take_parameter (error, "offers", offers_for (caller, choice));
  return error;
}
