/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Errors in words a person can act on.
 *
 * The sentence comes from the agent, which knows what happened; what to do next is said here, as it names
 * options and commands of this program. Certificates that could be chosen are listed with the very argument
 * that chooses them. */

#include "socket-api/cli/explain.h"

#include "socket-api/client/text.h"
#include "socket-api/wire/error.h"

static void
append_sentence (GString *text, const char *before, const char *sentence)
{
  g_autofree char *safe = cardea_text_safe (sentence);

  if (*safe == '\0')
    return;
  g_string_append_printf (text, "%s%s%s\n", before, safe,
                          strchr (".!?", safe[strlen (safe) - 1]) != NULL ? "" : ".");
}

static void
append_fitting (GString *text, json_t *certificate)
{
  g_autofree char *subject = cardea_text_safe (cardea_text_member (certificate, "subject", "?"));
  g_autofree char *issuer = cardea_text_safe (cardea_text_member (certificate, "issuer", "?"));
  g_autofree char *sha256 = cardea_text_safe (cardea_text_member (certificate, "sha256", "?"));
  g_autofree char *until = cardea_text_time (json_integer_value (json_object_get (certificate, "not_after")));

  g_string_append_printf (text, "  %s\n    from %s, valid until %s\n    --certificate %s\n", subject, issuer,
                          until, sha256);
}

static void
append_unfit (GString *text, json_t *certificate, json_t *reasons)
{
  g_autofree char *subject = cardea_text_safe (cardea_text_member (certificate, "subject", "?"));
  gsize i;
  json_t *reason;

  g_string_append_printf (text, "  %s\n", subject);
  json_array_foreach (reasons, i, reason) {
    append_sentence (text, "    ", cardea_text_member (reason, "message", "?"));
    append_sentence (text, "    ", cardea_text_member (reason, "remedy", ""));
  }
}

void
cardea_explain_append_offers (GString *text, json_t *offers)
{
  guint n_fitting = 0;
  guint n_unfit = 0;
  gsize i;
  json_t *offer;

  json_array_foreach (offers, i, offer)
    if (json_array_size (json_object_get (offer, "reasons")) == 0) {
      if (n_fitting++ == 0)
        g_string_append (text, "Certificates that fit, each with the option that chooses it:\n");
      append_fitting (text, json_object_get (offer, "certificate"));
    }
  json_array_foreach (offers, i, offer)
    if (json_array_size (json_object_get (offer, "reasons")) > 0) {
      if (n_unfit++ == 0)
        g_string_append (text, "Certificates that do not fit this server, and why:\n");
      append_unfit (text, json_object_get (offer, "certificate"), json_object_get (offer, "reasons"));
    }
}

static const char *
remedy_for_question (json_t *parameters)
{
  const char *question = cardea_text_member (parameters, "question", "");

  if (g_str_equal (question, "certificate"))
    return "Choose one with --certificate.";
  if (g_str_equal (question, "pin"))
    return "Leave out --no-interaction, or allow this server to the agent's PIN sources (see "
           "cardea-agent.conf(5)).";
  return "Leave out --no-interaction, or allow this server in the agent's configuration (see "
         "cardea-agent.conf(5)).";
}

static const char *
remedy_for_puk (const char *state)
{
  if (g_str_equal (state, "locked"))
    return "The PUK is locked, too: ask whoever issued the token.";
  if (g_str_equal (state, "final_try"))
    return "One try is left before nobody can unlock the token any more: make sure of the PUK first.";
  return "It is not tried again by itself: make sure of the PUK first.";
}

static const char *
remedy_for_pin (json_t *parameters)
{
  const char *pin = cardea_text_member (parameters, "pin", "unknown");
  const char *secret = cardea_text_member (parameters, "secret", "pin");

  if (g_str_equal (secret, "new_pin"))
    return "Try again with another new PIN.";
  if (g_str_equal (secret, "puk"))
    return remedy_for_puk (pin);
  if (g_str_equal (pin, "locked"))
    return "The PIN is locked: unlock it with its PUK, by \"cardea pin unblock\".";
  if (g_str_equal (pin, "must_change"))
    return "The PIN has to be changed first: \"cardea pin change\".";
  if (g_str_equal (pin, "final_try"))
    return "One try is left before it locks: make sure of the PIN first.";
  if (g_str_equal (pin, "low"))
    return "Few tries are left before it locks: make sure of the PIN first.";
  return "It is not tried again by itself: correct the PIN, then connect again.";
}

static const char *
remedy_for_connect (json_t *parameters)
{
  const char *step = cardea_text_member (parameters, "step", "");

  if (g_str_equal (step, "resolve"))
    return "Check the host's name, and that the network is there.";
  if (g_str_equal (step, "proxy"))
    return "Check the proxy in the system's settings, or name one with --proxy (\"direct\" for none).";
  if (g_str_equal (step, "starttls"))
    return "Check the port, and that --starttls names what is spoken there; where TLS begins at once, leave "
           "it "
           "out.";
  return "Check the host and the port, and that nothing on the way blocks them.";
}

static const char *
remedy_for_trust (json_t *parameters)
{
  static const char *const of_rules[] = { "authority_not_allowed", "authorities_unreadable", "not_pinned",
                                          "revocation_unknown", NULL };
  static const char *const of_server[] = { "revoked", "not_stapled", NULL };

  if (g_strv_contains (of_server, cardea_text_member (parameters, "reason", "")))
    return "Nothing was sent to the server. Only its operator can mend that.";
  if (g_strv_contains (of_rules, cardea_text_member (parameters, "reason", "")))
    return "Nothing was sent to the server. Only an administrator can change the rule (see cardea-rules(5)).";
  return "Nothing was sent to the server. If its authority is to be trusted, name it with --ca FILE, or "
         "for good with "
         "\"cardea-nss-config trust add FILE\".";
}

static const char *
remedy_for (CardeaErrorCode code, json_t *parameters)
{
  switch (code) {
  case CARDEA_ERROR_INTERACTION_REQUIRED:
    return remedy_for_question (parameters);
  case CARDEA_ERROR_NO_CERTIFICATE:
    return "Insert the token with a certificate for this server; \"cardea certificates\" lists what is "
           "there.";
  case CARDEA_ERROR_TOKEN_UNAVAILABLE:
    return cardea_text_member (json_object_get (parameters, "problem"), "remedy",
                               "Insert the token again; \"cardea tokens\" shows its state.");
  case CARDEA_ERROR_PIN_REFUSED:
    return remedy_for_pin (parameters);
  case CARDEA_ERROR_CONNECT_FAILED:
    return remedy_for_connect (parameters);
  case CARDEA_ERROR_SERVER_NOT_TRUSTED:
    return remedy_for_trust (parameters);
  case CARDEA_ERROR_HANDSHAKE_FAILED:
    return "Check that the port is one where the server speaks TLS; one that begins in the clear takes "
           "--starttls.";
  case CARDEA_ERROR_CERTIFICATE_REJECTED:
    return "Ask the server's operator why, or choose another certificate with --certificate.";
  case CARDEA_ERROR_BUSY:
    return "Try again in a moment; \"cardea sessions\" lists the connections there are.";
  case CARDEA_ERROR_TIMED_OUT:
    return "Try again; connect takes a longer time with --timeout SECONDS.";
  case CARDEA_ERROR_NOT_FOUND:
    if (g_str_has_prefix (cardea_text_member (parameters, "what", ""), "pkcs11:"))
      return "\"cardea tokens\" lists the tokens there are.";
    return "\"cardea sessions\" lists the connections there are, \"cardea decisions\" what is remembered.";
  case CARDEA_ERROR_INTERFACE_NOT_FOUND:
  case CARDEA_ERROR_METHOD_NOT_FOUND:
  case CARDEA_ERROR_METHOD_NOT_IMPLEMENTED:
  case CARDEA_ERROR_PROTOCOL:
    return "The agent may be of another version, or something else listens there: restart it with "
           "\"systemctl --user "
           "restart cardea-agent.service\".";
  case CARDEA_ERROR_PERMISSION_DENIED:
    return "Programs in a sandbox may only connect: run this outside of it.";
  default:
    return "";
  }
}

char *
cardea_explain_error (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  g_autoptr (GString) text = g_string_new (NULL);
  json_t *parameters = cardea_error_get_parameters (error);

  append_sentence (text, "cardea: ", error->message);
  if (error->domain == CARDEA_ERROR) {
    cardea_explain_append_offers (text, json_object_get (parameters, "offers"));
    append_sentence (text, "", remedy_for ((CardeaErrorCode)error->code, parameters));
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static const char *
name_end (const char *how)
{
  if (g_str_equal (how, "truncated"))
    return "The connection was truncated";
  if (g_str_equal (how, "reset"))
    return "The connection was reset";
  if (g_str_equal (how, "rejected"))
    return "The server rejected the certificate";
  if (g_str_equal (how, "protocol_error"))
    return "The connection ended with a protocol error";
  if (g_str_equal (how, "token_removed"))
    return "The connection was closed, for the token was removed";
  if (g_str_equal (how, "forgotten"))
    return "The connection was closed, for its permission was withdrawn";
  if (g_str_equal (how, "disconnected"))
    return "The connection was closed on request";
  if (g_str_equal (how, "agent_stopped"))
    return "The connection was closed, for the agent stopped";
  if (g_str_equal (how, "not_authenticated"))
    return "The connection was closed, for the server asked for a certificate again and got no answer";
  return "The connection ended in a way that is not known here";
}

/* Where the agent said nothing of it: what the end means for the bytes. */
static const char *
describe_loss (const char *how)
{
  if (g_str_equal (how, "truncated"))
    return "The server did not say that this was all: what was received may be incomplete.";
  if (g_str_equal (how, "reset"))
    return "What was received may be incomplete, and what was sent may not have arrived.";
  return "";
}

static const char *
remedy_for_end (const char *how, const char *message)
{
  if (g_str_equal (how, "rejected"))
    return "Ask the server's operator why, or choose another certificate with --certificate.";
  return message == NULL || *message == '\0' ? describe_loss (how) : "";
}

char *
cardea_explain_end (json_t *end)
{
  const char *how = cardea_text_member (end, "how", "");
  const char *alert = cardea_text_member (end, "alert", NULL);
  const char *message = cardea_text_member (end, "message", NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *note = alert != NULL ? g_strdup_printf (" (alert %s)", alert) : g_strdup ("");
  g_autofree char *sentence = NULL;

  if (g_str_equal (how, "clean"))
    return NULL;
  sentence =
      g_strdup_printf ("%s%s%s%s", name_end (how), note, message != NULL && *message != '\0' ? ": " : "",
                       message != NULL ? message : "");
  append_sentence (text, "cardea: ", sentence);
  append_sentence (text, "", remedy_for_end (how, message));
  return g_string_free (g_steal_pointer (&text), FALSE);
}
