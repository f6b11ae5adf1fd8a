/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What connecting would come to, in lines for a terminal: the outcome first, then what it follows from. */

#include "socket-api/cli/forecast-text.h"

#include "socket-api/cli/explain.h"
#include "socket-api/cli/listing.h"
#include "socket-api/client/text.h"

#define COLUMN 18
#define MAX_AUTHORITIES 20 /* shown; a server may name thousands */

static const struct
{
  const char *outcome;
  const char *words;
  gboolean authenticates;
} outcomes[] = {
  { "use", "A certificate would be used, and nobody asked which.", TRUE },
  { "ask", "The person would be asked.", TRUE },
  { "none", "There would be a connection without a certificate.", FALSE },
  { "deny", "There would be no connection.", FALSE },
};

gboolean
cardea_forecast_authenticates (json_t *reply)
{
  const char *outcome = cardea_text_member (reply, "outcome", "");

  for (gsize i = 0; i < G_N_ELEMENTS (outcomes); i++)
    if (g_str_equal (outcomes[i].outcome, outcome))
      return outcomes[i].authenticates;
  return FALSE;
}

static const char *
describe_outcome (json_t *reply)
{
  const char *outcome = cardea_text_member (reply, "outcome", "");

  for (gsize i = 0; i < G_N_ELEMENTS (outcomes); i++)
    if (g_str_equal (outcomes[i].outcome, outcome))
      return outcomes[i].words;
  return "What would happen is of a kind that is not known here.";
}

static void
append_authorities (GString *text, json_t *authorities)
{
  gsize i;
  json_t *name;

  json_array_foreach (authorities, i, name) {
    if (i == MAX_AUTHORITIES) {
      g_autofree char *rest = g_strdup_printf ("and %zu more", json_array_size (authorities) - i);

      cardea_text_append_field (text, COLUMN, "", rest);
      return;
    }
    cardea_text_append_field (text, COLUMN, i == 0 ? "Of authorities" : "",
                              json_is_string (name) ? json_string_value (name) : "?");
  }
}

static void
append_server (GString *text, json_t *server)
{
  gboolean asked = json_is_true (json_object_get (server, "certificate_requested"));
  g_autofree char *name =
      g_strdup_printf ("%s port %" JSON_INTEGER_FORMAT, cardea_text_member (server, "name", "?"),
                       json_integer_value (json_object_get (server, "port")));
  g_autofree char *tls = g_strdup_printf ("%s, %s", cardea_text_member (server, "tls_version", "?"),
                                          cardea_text_member (server, "cipher_suite", "?"));
  const char *voucher = cardea_text_member (server, "vouched_by", NULL);
  const char *revocation = cardea_text_member (server, "revocation", NULL);

  cardea_text_append_field (text, COLUMN, "Server", name);
  cardea_text_append_field (text, COLUMN, "Vouched for by",
                            voucher != NULL ? cardea_listing_vouched_by (voucher) : "nobody");
  cardea_text_append_field (text, COLUMN, "Revocation",
                            revocation != NULL ? cardea_listing_revocation (revocation) : NULL);
  cardea_text_append_field (text, COLUMN, "TLS", tls);
  cardea_text_append_field (text, COLUMN, "Protocol", cardea_text_member (server, "alpn", NULL));
  cardea_text_append_field (text, COLUMN, "Asks for", asked ? "a certificate" : "nothing in the handshake");
  append_authorities (text, json_object_get (server, "authorities"));
}

static char *
join (json_t *strings)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gsize i;
  json_t *value;

  json_array_foreach (strings, i, value)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "",
                            json_is_string (value) ? json_string_value (value) : "?");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
append_rules (GString *text, json_t *rules)
{
  gsize i;
  json_t *rule;

  json_array_foreach (rules, i, rule) {
    g_autofree char *effects = join (json_object_get (rule, "effects"));
    g_autofree char *line = g_strdup_printf ("%s (%s): %s", cardea_text_member (rule, "name", "?"),
                                             cardea_text_member (rule, "where", "?"), effects);

    cardea_text_append_field (text, COLUMN, i == 0 ? "Rules" : "", line);
  }
}

static void
append_tokens (GString *text, json_t *tokens)
{
  gsize i;
  json_t *token;

  json_array_foreach (tokens, i, token) {
    const char *state = cardea_text_member (token, "state", "unusable");
    g_autofree char *line = g_strdup_printf (
        "%s: %s; PIN %s", cardea_text_member (token, "label", "?"), cardea_listing_token_state (state),
        cardea_listing_pin (cardea_text_member (token, "pin", "unknown")));

    cardea_text_append_field (text, COLUMN, i == 0 ? "Unusable tokens" : "", line);
    cardea_listing_append_problems (text, json_object_get (token, "problems"), "  ");
  }
}

char *
cardea_forecast_text (json_t *reply)
{
  g_autoptr (GString) text = g_string_new (NULL);
  json_t *server = json_object_get (reply, "server");
  json_t *certificate = json_object_get (reply, "certificate");
  json_t *decision = json_object_get (reply, "decision");

  g_string_append_printf (text, "%s\n", describe_outcome (reply));
  cardea_text_append_field (text, COLUMN, "Because", cardea_text_member (reply, "because", "?"));
  if (json_is_object (server))
    append_server (text, server);
  if (json_is_object (certificate))
    cardea_text_append_field (text, COLUMN, "Certificate", cardea_text_member (certificate, "subject", "?"));
  append_rules (text, json_object_get (reply, "rules"));
  if (json_is_object (decision))
    cardea_text_append_field (text, COLUMN, "Decision", cardea_text_member (decision, "id", "?"));
  append_tokens (text, json_object_get (reply, "tokens"));
  cardea_listing_append_problems (text, json_object_get (reply, "problems"), "  ");
  cardea_explain_append_offers (text, json_object_get (reply, "offers"));
  return g_string_free (g_steal_pointer (&text), FALSE);
}
