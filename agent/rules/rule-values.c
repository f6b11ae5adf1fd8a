/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The values of a rule's keys. Each is checked to the last character here, so that whatever is wrong with it
 * has a line, and what comes out only has to be compared. */

#include "agent/rules/rule-values.h"

#include <limits.h>
#include <string.h>

#include "agent/base/printable.h"
#include "agent/rules/server-pattern.h"
#include "socket-api/limits.h"

#define PIN_PREFIX "sha256/"
#define SHA256_BYTES 32

static gboolean
refuse (char **problem, const char *what)
{
  *problem = g_strdup (what);
  return FALSE;
}

static gboolean
check_length (char **list, char **problem)
{
  guint n = g_strv_length (list);

  if (n == 0)
    return refuse (problem, "it is empty");
  if (n <= CARDEA_LIMIT_RULE_ITEMS)
    return TRUE;
  *problem = g_strdup_printf ("it has more than %d entries", CARDEA_LIMIT_RULE_ITEMS);
  return FALSE;
}

/* The path is compared as the kernel gives it, so any other way to write it would never match. */
static gboolean
is_executable (const char *path)
{
  g_autofree char *canonical = path[0] == '/' ? g_canonicalize_filename (path, "/") : NULL;

  return canonical != NULL && strlen (path) < PATH_MAX && g_str_equal (canonical, path) && path[1] != '\0';
}

static gboolean
is_program (const char *program)
{
  if (g_str_has_prefix (program, "exe:"))
    return is_executable (program + strlen ("exe:"));
  return g_regex_match_simple ("^flatpak:[A-Za-z][A-Za-z0-9._-]{0,254}\\z", program, 0, 0) ||
         g_regex_match_simple ("^snap:[a-z0-9_-]{1,51}\\z", program, 0, 0);
}

static gboolean
set_program (CardeaRule *rule, const CardeaKeyFileEntry *entry, char **problem)
{
  gboolean every = g_strv_contains ((const char *const *)entry->list, "*");

  if (!check_length (entry->list, problem))
    return FALSE;
  if (every && entry->list[1] != NULL)
    return refuse (problem, "\"*\" stands for every program, and alone");
  for (guint i = 0; !every && entry->list[i] != NULL; i++)
    if (!is_program (entry->list[i])) {
      *problem = g_strdup_printf ("\"%s\": a program is exe:PATH, with the path as the kernel shows it, "
                                  "flatpak:ID, snap:NAME or *",
                                  entry->list[i]);
      return FALSE;
    }
  rule->programs = g_strdupv (entry->list);
  return TRUE;
}

static gboolean
set_servers (CardeaRule *rule, const CardeaKeyFileEntry *entry, char **problem)
{
  if (!check_length (entry->list, problem))
    return FALSE;
  for (guint i = 0; entry->list[i] != NULL; i++) {
    g_autofree char *what = NULL;
    CardeaServerPattern *server = cardea_server_pattern_parse (entry->list[i], &what);

    if (server == NULL) {
      *problem = g_strdup_printf ("\"%s\": %s", entry->list[i], what);
      return FALSE;
    }
    g_ptr_array_add (rule->servers, server);
  }
  return TRUE;
}

static gboolean
set_action (CardeaRule *rule, const CardeaKeyFileEntry *entry, char **problem)
{
  static const char *const actions[] = {
    [CARDEA_RULE_DENY] = "deny",
    [CARDEA_RULE_CONSENT] = "consent",
    [CARDEA_RULE_NARROW] = "narrow",
    [CARDEA_RULE_SETTINGS] = "settings",
  };

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (entry->value, actions[i])) {
      rule->action = (CardeaRuleAction)i;
      rule->has_action = TRUE;
      return TRUE;
    }
  return refuse (problem, "it is deny, consent, narrow or settings");
}

static gboolean
set_message (CardeaRule *rule, const CardeaKeyFileEntry *entry, char **problem)
{
  g_autofree char *printable = cardea_printable (entry->value, -1);

  if (entry->value[0] == '\0' || strlen (entry->value) > CARDEA_LIMIT_LABEL_BYTES ||
      !g_str_equal (printable, entry->value))
    return refuse (problem, "it is one line of text, of at most 1024 bytes, without control characters");
  rule->message = g_strdup (entry->value);
  return TRUE;
}

static gboolean
set_condition (CardeaRule *rule, const CardeaKeyFileEntry *entry, char **problem)
{
  const char *what = NULL;
  gboolean done;

  if (rule->condition == NULL)
    rule->condition = cardea_rule_condition_new ();
  if (entry->id == CARDEA_RULE_KEY_CERTIFICATE)
    done = cardea_rule_condition_set_certificate (rule->condition, entry->value, &what);
  else
    done = cardea_rule_condition_set_issuer (rule->condition, entry->value, &what);
  return done || refuse (problem, what);
}

static gboolean
parse_switch (const char *value, const char *no, const char *yes, CardeaRuleSwitch *place, char **problem)
{
  if (g_str_equal (value, no))
    *place = CARDEA_RULE_NO;
  else if (g_str_equal (value, yes))
    *place = CARDEA_RULE_YES;
  else
    *problem = g_strdup_printf ("it is either %s or %s", yes, no);
  return *problem == NULL;
}

static gboolean
set_tls12 (CardeaRule *rule, const CardeaKeyFileEntry *entry, char **problem)
{
  return parse_switch (entry->value, "false", "true", &rule->settings.tls12, problem);
}

static gboolean
set_revocation (CardeaRule *rule, const CardeaKeyFileEntry *entry, char **problem)
{
  return parse_switch (entry->value, "soft", "hard", &rule->settings.hard_revocation, problem);
}

static gboolean
set_post_handshake (CardeaRule *rule, const CardeaKeyFileEntry *entry, char **problem)
{
  return parse_switch (entry->value, "false", "true", &rule->settings.post_handshake, problem);
}

static gboolean
set_authorities (CardeaRule *rule, const CardeaKeyFileEntry *entry, char **problem)
{
  if (!check_length (entry->list, problem))
    return FALSE;
  for (guint i = 0; entry->list[i] != NULL; i++)
    if (entry->list[i][0] != '/' || strlen (entry->list[i]) >= PATH_MAX)
      return refuse (problem, "give the whole path of each file, beginning with \"/\"");
  rule->settings.authorities = g_strdupv (entry->list);
  return TRUE;
}

/* g_base64_decode() skips what is not base64; encoding it again shows whether there was any. */
static GBytes *
parse_pin (const char *text)
{
  const char *base64 = text + strlen (PIN_PREFIX);
  g_autofree guchar *bytes = NULL;
  g_autofree char *again = NULL;
  gsize length = 0;

  if (!g_str_has_prefix (text, PIN_PREFIX))
    return NULL;
  bytes = g_base64_decode (base64, &length);
  again = g_base64_encode (bytes, length);
  if (length != SHA256_BYTES || !g_str_equal (again, base64))
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&bytes), length);
}

static gboolean
set_spki_pin (CardeaRule *rule, const CardeaKeyFileEntry *entry, char **problem)
{
  if (!check_length (entry->list, problem))
    return FALSE;
  for (guint i = 0; entry->list[i] != NULL; i++) {
    GBytes *pin = parse_pin (entry->list[i]);

    if (pin == NULL)
      return refuse (problem, "a pin is sha256/ and the base64 of a public key's SHA-256");
    g_ptr_array_add (rule->settings.spki_pins, pin);
  }
  return TRUE;
}

static gboolean (*const setters[]) (CardeaRule *rule, const CardeaKeyFileEntry *entry, char **problem) = {
  [CARDEA_RULE_KEY_PROGRAM] = set_program,
  [CARDEA_RULE_KEY_SERVERS] = set_servers,
  [CARDEA_RULE_KEY_ACTION] = set_action,
  [CARDEA_RULE_KEY_MESSAGE] = set_message,
  [CARDEA_RULE_KEY_CERTIFICATE] = set_condition,
  [CARDEA_RULE_KEY_ISSUER] = set_condition,
  [CARDEA_RULE_KEY_TLS12] = set_tls12,
  [CARDEA_RULE_KEY_REVOCATION] = set_revocation,
  [CARDEA_RULE_KEY_AUTHORITIES] = set_authorities,
  [CARDEA_RULE_KEY_SPKI_PIN] = set_spki_pin,
  [CARDEA_RULE_KEY_POST_HANDSHAKE] = set_post_handshake,
};

G_STATIC_ASSERT (G_N_ELEMENTS (setters) == CARDEA_N_RULE_KEYS);

gboolean
cardea_rule_set_key (CardeaRule *rule, const CardeaKeyFileEntry *entry, char **problem)
{
  g_autofree char *what = NULL;

  g_return_val_if_fail ((guint)entry->id < CARDEA_N_RULE_KEYS, FALSE);

  if (setters[entry->id](rule, entry, &what))
    return TRUE;
  *problem = g_steal_pointer (&what);
  return FALSE;
}
