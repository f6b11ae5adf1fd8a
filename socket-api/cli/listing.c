/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the agent lists, as blocks of aligned lines.
 *
 * Blocks and not columns: URIs and subjects are longer than a terminal is wide, and are there to be copied
 * whole. */

#include "socket-api/cli/listing.h"

#include "socket-api/client/text.h"

#define COLUMN 18

typedef struct
{
  const char *value;
  const char *words;
} Words;

static const Words PIN_STATES[] = {
  { "fine", "set" },
  { "low", "a wrong PIN was entered before; few tries are left" },
  { "final_try", "one last try before it locks" },
  { "locked", "locked" },
  { "not_set", "none was set yet" },
  { "must_change", "has to be changed before the token can be used" },
  { "not_needed", "not needed" },
  { "unknown", "state not known" },
};

static const Words TOKEN_STATES[] = {
  { "reading", "being read" },
  { "ready", "ready" },
  { "absent", "not there" },
  { "unusable", "cannot be used" },
};

static const Words VOUCHERS[] = {
  { "system", "the system's authorities" },
  { "nss-database", "an authority in your NSS database" },
  { "config", "an authority named in the configuration" },
  { "program", "the program only (authorities it brought along)" },
  { "rule", "authorities that administrators' rules name" },
};

static const Words ENDS[] = {
  { "removal", "the token is removed or the agent ends" },
  { "always", "you forget it" },
};

static const Words REVOCATION[] = {
  { "good", "not revoked" },
  { "unknown", "not known" },
  { "not_checked", "not checked" },
};

static const char *
in_words (const Words *words, gsize n, const char *value)
{
  for (gsize i = 0; i < n; i++)
    if (g_strcmp0 (words[i].value, value) == 0)
      return words[i].words;
  return value;
}

const char *
cardea_listing_vouched_by (const char *value)
{
  return in_words (VOUCHERS, G_N_ELEMENTS (VOUCHERS), value);
}

const char *
cardea_listing_revocation (const char *value)
{
  return in_words (REVOCATION, G_N_ELEMENTS (REVOCATION), value);
}

const char *
cardea_listing_pin (const char *value)
{
  return in_words (PIN_STATES, G_N_ELEMENTS (PIN_STATES), value);
}

const char *
cardea_listing_token_state (const char *value)
{
  return in_words (TOKEN_STATES, G_N_ELEMENTS (TOKEN_STATES), value);
}

static const char *
member (json_t *object, const char *key)
{
  return cardea_text_member (object, key, NULL);
}

static void
append_title (GString *text, const char *title, const char *otherwise)
{
  g_autofree char *safe = cardea_text_safe (title != NULL && *title != '\0' ? title : otherwise);

  if (text->len > 0)
    g_string_append_c (text, '\n');
  g_string_append_printf (text, "%s\n", safe);
}

void
cardea_listing_append_problems (GString *text, json_t *problems, const char *indent)
{
  gsize i;
  json_t *problem;

  json_array_foreach (problems, i, problem) {
    g_autofree char *message =
        cardea_text_safe (cardea_text_member (problem, "message", "A problem without a name"));
    g_autofree char *remedy = cardea_text_safe (member (problem, "remedy"));

    g_string_append_printf (text, "%s! %s\n", indent, message);
    if (*remedy != '\0')
      g_string_append_printf (text, "%s  %s\n", indent, remedy);
  }
}

/* "yes, until 2027-01-31 12:00 or the screen is locked" */
static char *
describe_login (json_t *token)
{
  json_t *lease = json_object_get (token, "lease");
  json_t *due = json_object_get (lease, "due");
  g_autofree char *time = json_is_integer (due) ? cardea_text_time (json_integer_value (due)) : NULL;
  gboolean screen_lock = json_is_true (json_object_get (lease, "screen_lock"));

  if (json_is_true (json_object_get (token, "single_use")))
    return g_strdup ("no; the PIN is asked for with each connection");
  if (!json_is_true (json_object_get (token, "logged_in")))
    return g_strdup ("no");
  return g_strdup_printf ("yes%s%s%s%s", time != NULL || screen_lock ? ", until " : "",
                          time != NULL ? time : "", time != NULL && screen_lock ? " or " : "",
                          screen_lock ? "the screen is locked" : "");
}

static char *
describe_pin (json_t *token)
{
  json_t *tries = json_object_get (token, "pin_tries");
  const char *state = cardea_listing_pin (cardea_text_member (token, "pin", "unknown"));
  json_int_t n = json_integer_value (tries);
  g_autofree char *left =
      json_is_integer (tries) && n > 0
          ? g_strdup_printf (" (%" JSON_INTEGER_FORMAT " %s left)", n, n == 1 ? "try is" : "tries are")
          : g_strdup ("");

  return g_strdup_printf ("%s%s%s", state, left,
                          json_is_true (json_object_get (token, "pinpad")) ? ", entered on the reader" : "");
}

static void
append_token (GString *text, json_t *token)
{
  g_autofree char *pin = describe_pin (token);
  g_autofree char *login = describe_login (token);

  append_title (text, member (token, "label"), "(a token without a label)");
  cardea_text_append_field (text, COLUMN, "State", cardea_listing_token_state (member (token, "state")));
  cardea_text_append_field (text, COLUMN, "PIN", pin);
  cardea_text_append_field (text, COLUMN, "Unlocked", login);
  cardea_text_append_field (text, COLUMN, "Reader", member (token, "reader"));
  cardea_text_append_field (text, COLUMN, "Module", member (token, "module"));
  cardea_text_append_field (text, COLUMN, "URI", member (token, "uri"));
  cardea_listing_append_problems (text, json_object_get (token, "problems"), "  ");
}

char *
cardea_listing_tokens (json_t *reply)
{
  g_autoptr (GString) text = g_string_new (NULL);
  json_t *problems = json_object_get (reply, "problems");
  gsize i;
  json_t *token;

  json_array_foreach (json_object_get (reply, "tokens"), i, token)
    append_token (text, token);
  if (text->len == 0)
    g_string_append (text,
                     "No tokens. Insert one; if it stays unseen, its PKCS#11 module may not be installed or "
                     "registered with p11-kit.\n");
  if (json_array_size (problems) > 0)
    append_title (text, "Problems", "");
  cardea_listing_append_problems (text, problems, "  ");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
join (json_t *strings)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gsize i;
  json_t *value;

  json_array_foreach (strings, i, value)
    g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "",
                            json_is_string (value) ? json_string_value (value) : "?");
  for (char *at = text->str; *at != '\0'; at++)
    if (*at == '_')
      *at = ' ';
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
describe_validity (json_t *certificate)
{
  gint64 from = json_integer_value (json_object_get (certificate, "not_before"));
  gint64 until = json_integer_value (json_object_get (certificate, "not_after"));
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *from_text = cardea_text_time (from);
  g_autofree char *until_text = cardea_text_time (until);

  if (until < now)
    return g_strdup_printf ("%s: expired", until_text);
  if (from > now)
    return g_strdup_printf ("%s: not valid before %s", until_text, from_text);
  return g_steal_pointer (&until_text);
}

static void
append_certificate (GString *text, json_t *certificate)
{
  g_autofree char *validity = describe_validity (certificate);
  g_autofree char *purposes = join (json_object_get (certificate, "purposes"));

  append_title (text, member (certificate, "subject"), "(a certificate without a subject)");
  cardea_text_append_field (text, COLUMN, "Issuer", member (certificate, "issuer"));
  cardea_text_append_field (text, COLUMN, "Valid until", validity);
  cardea_text_append_field (text, COLUMN, "Key", member (certificate, "key"));
  cardea_text_append_field (text, COLUMN, "For", purposes);
  cardea_text_append_field (text, COLUMN, "Token", member (certificate, "token"));
  cardea_text_append_field (text, COLUMN, "SHA-256", member (certificate, "sha256"));
  cardea_text_append_field (text, COLUMN, "URI", member (certificate, "uri"));
  cardea_listing_append_problems (text, json_object_get (certificate, "problems"), "  ");
}

char *
cardea_listing_certificates (json_t *reply)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gsize i;
  json_t *certificate;

  json_array_foreach (json_object_get (reply, "certificates"), i, certificate)
    append_certificate (text, certificate);
  if (text->len == 0)
    g_string_append (text,
                     "No certificates. \"cardea tokens\" shows which tokens there are and what is wrong with "
                     "them.\n");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
append_server (GString *text, json_t *entry)
{
  g_autofree char *server =
      g_strdup_printf ("%s port %" JSON_INTEGER_FORMAT, cardea_text_member (entry, "server_name", "?"),
                       json_integer_value (json_object_get (entry, "port")));

  append_title (text, server, "?");
}

const char *
cardea_listing_resumed (json_t *session)
{
  return json_is_true (json_object_get (session, "resumed")) ? "yes; the key did not sign again" : NULL;
}

static void
append_session (GString *text, json_t *session)
{
  json_t *certificate = json_object_get (session, "certificate");
  g_autofree char *started = cardea_text_time (json_integer_value (json_object_get (session, "started")));
  g_autofree char *bytes =
      g_strdup_printf ("%" JSON_INTEGER_FORMAT " received, %" JSON_INTEGER_FORMAT " sent",
                       json_integer_value (json_object_get (session, "bytes_in")),
                       json_integer_value (json_object_get (session, "bytes_out")));

  append_server (text, session);
  cardea_text_append_field (text, COLUMN, "Program", member (session, "caller"));
  cardea_text_append_field (text, COLUMN, "Certificate",
                            json_is_object (certificate) ? cardea_text_member (certificate, "subject", "?")
                                                         : "none");
  cardea_text_append_field (text, COLUMN, "Vouched for by",
                            cardea_listing_vouched_by (member (session, "vouched_by")));
  cardea_text_append_field (text, COLUMN, "TLS", member (session, "tls_version"));
  cardea_text_append_field (text, COLUMN, "Resumed", cardea_listing_resumed (session));
  cardea_text_append_field (text, COLUMN, "Since", started);
  cardea_text_append_field (text, COLUMN, "Bytes", bytes);
  cardea_text_append_field (text, COLUMN, "Session", member (session, "id"));
}

char *
cardea_listing_sessions (json_t *reply)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gsize i;
  json_t *session;

  json_array_foreach (json_object_get (reply, "sessions"), i, session)
    append_session (text, session);
  if (text->len == 0)
    g_string_append (text, "No connections.\n");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
describe_use (json_t *decision)
{
  json_int_t used = json_integer_value (json_object_get (decision, "used"));
  g_autofree char *last = cardea_text_time (json_integer_value (json_object_get (decision, "last_used")));

  if (used == 0)
    return g_strdup ("never");
  return g_strdup_printf ("%" JSON_INTEGER_FORMAT "%s, last %s", used, used == 1 ? " time" : " times", last);
}

static void
append_decision (GString *text, json_t *decision)
{
  json_t *certificate = json_object_get (decision, "certificate");
  const char *trust = member (decision, "trust");
  g_autofree char *made = cardea_text_time (json_integer_value (json_object_get (decision, "made")));
  g_autofree char *use = describe_use (decision);

  /* "program:" and which authorities it brought; "rule:" and which ones rules name. */
  if (trust != NULL && g_str_has_prefix (trust, "program:"))
    trust = "program";
  else if (trust != NULL && g_str_has_prefix (trust, "rule:"))
    trust = "rule";
  append_server (text, decision);
  cardea_text_append_field (text, COLUMN, "Program", member (decision, "label"));
  cardea_text_append_field (text, COLUMN, "Known as", member (decision, "program"));
  cardea_text_append_field (text, COLUMN, "Certificate",
                            json_is_null (certificate) ? "none: go on without one"
                                                       : member (decision, "certificate"));
  cardea_text_append_field (text, COLUMN, "Vouched for by", cardea_listing_vouched_by (trust));
  cardea_text_append_field (text, COLUMN, "Until",
                            in_words (ENDS, G_N_ELEMENTS (ENDS), member (decision, "until")));
  cardea_text_append_field (text, COLUMN, "Decided", made);
  cardea_text_append_field (text, COLUMN, "Used", use);
  cardea_text_append_field (text, COLUMN, "Decision", member (decision, "id"));
}

char *
cardea_listing_decisions (json_t *reply)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gsize i;
  json_t *decision;

  json_array_foreach (json_object_get (reply, "decisions"), i, decision)
    append_decision (text, decision);
  if (text->len == 0)
    g_string_append (text, "No decisions.\n");
  return g_string_free (g_steal_pointer (&text), FALSE);
}
