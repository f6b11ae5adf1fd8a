/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each error says what to do next, whatever the agent left out; ends are told apart. */

#include "socket-api/cli/explain.h"

#include <gio/gio.h>
#include <string.h>

#include "socket-api/client/remote-error.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

/* Errors that leave nothing to do. */
static gboolean
is_final (CardeaErrorCode code)
{
  return code == CARDEA_ERROR_CANCELLED || code == CARDEA_ERROR_DENIED ||
         code == CARDEA_ERROR_INVALID_PARAMETER || code == CARDEA_ERROR_EXPECTED_MORE;
}

static guint
count_lines (const char *text)
{
  guint n = 0;

  for (; *text != '\0'; text++)
    n += *text == '\n' ? 1 : 0;
  return n;
}

static void
test_every_error (void)
{
  g_autoptr (json_t) nothing = json_object ();

  for (int i = 0; i < CARDEA_N_ERRORS; i++) {
    const char *name = cardea_error_code_to_name ((CardeaErrorCode)i);

    if (name == NULL)
      continue;
    g_autoptr (GError) error = cardea_remote_error_new (name, nothing);
    g_autofree char *text = cardea_explain_error (error);

    g_assert_true (g_str_has_prefix (text, "cardea: "));
    g_assert_true (g_str_has_suffix (text, ".\n"));
    g_assert_cmpuint (count_lines (text), ==, is_final ((CardeaErrorCode)i) ? 1 : 2);
  }
}

/* Nonsense where the offers should be. */
static void
test_bad_offers (void)
{
  static const char *const OFFERS[] = { "[1, null, {}, []]", "7", "{}",
                                        "[{\"certificate\":3,\"reasons\":[1,{}]}]" };

  for (gsize i = 0; i < G_N_ELEMENTS (OFFERS); i++) {
    g_autoptr (json_t) parameters = json_object ();
    g_autoptr (GError) error = NULL;
    g_autofree char *text = NULL;

    json_object_set_new (parameters, "offers", json_loads (OFFERS[i], JSON_DECODE_ANY, NULL));
    error = cardea_remote_error_new ("org.cardea.agent.NoCertificate", parameters);
    text = cardea_explain_error (error);
    g_assert_true (g_str_has_prefix (text, "cardea: "));
  }
}

static void
test_control_characters (void)
{
  g_autoptr (json_t) parameters = json_pack ("{s:s}", "message", "no\x1b[2J\nway");
  g_autoptr (GError) error = cardea_remote_error_new ("org.cardea.agent.ConnectFailed", parameters);
  g_autofree char *text = cardea_explain_error (error);

  g_assert_true (g_str_has_prefix (text, "cardea: no\\u{1b}[2J\\u{a}way.\n"));
}

/* More authorities are no help against a rule. */
static void
test_rules (void)
{
  g_autoptr (json_t) pinned = json_pack ("{s:s, s:s}", "reason", "not_pinned", "message", "No.");
  g_autoptr (json_t) unknown = json_pack ("{s:s, s:s}", "reason", "unknown_authority", "message", "No.");
  g_autoptr (GError) by_rule = cardea_remote_error_new ("org.cardea.agent.ServerNotTrusted", pinned);
  g_autoptr (GError) plain = cardea_remote_error_new ("org.cardea.agent.ServerNotTrusted", unknown);
  g_autofree char *rule_text = cardea_explain_error (by_rule), *text = cardea_explain_error (plain);

  g_assert_null (strstr (rule_text, "--ca"));
  g_assert_nonnull (strstr (rule_text, "cardea-rules(5)"));
  g_assert_nonnull (strstr (text, "--ca"));
}

static void
test_other_domain (void)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "Nothing there!");
  g_autofree char *text = cardea_explain_error (error);

  g_assert_cmpstr (text, ==, "cardea: Nothing there!\n");
}

static void
test_ends (void)
{
  static const char *const BAD[] = { "truncated",         "reset",        "rejected",      "token_removed",
                                     "forgotten",         "disconnected", "agent_stopped", "protocol_error",
                                     "not_authenticated", "sunk" };
  g_autoptr (json_t) clean = json_pack ("{s:s, s:s}", "how", "clean", "message", "");
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_assert_null (cardea_explain_end (clean));
  for (gsize i = 0; i < G_N_ELEMENTS (BAD); i++) {
    g_autoptr (json_t) end =
        json_pack ("{s:s, s:s, s:s}", "how", BAD[i], "alert", "bad_certificate", "message", "why");
    char *text = cardea_explain_end (end);

    g_assert_nonnull (strstr (text, "(alert bad_certificate): why.\n"));
    g_assert_true (g_hash_table_add (seen, text));
  }
}

/* An end that says nothing is not a clean one. */
static void
test_no_end (void)
{
  g_autofree char *text = cardea_explain_end (NULL);

  g_assert_nonnull (text);
  g_assert_cmpstr (text, !=, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/explain/every-error", test_every_error);
  g_test_add_func ("/explain/bad-offers", test_bad_offers);
  g_test_add_func ("/explain/control-characters", test_control_characters);
  g_test_add_func ("/explain/rules", test_rules);
  g_test_add_func ("/explain/other-domain", test_other_domain);
  g_test_add_func ("/explain/ends", test_ends);
  g_test_add_func ("/explain/no-end", test_no_end);
  return g_test_run ();
}
