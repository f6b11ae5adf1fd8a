/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Administrators' rules under the whole agent: what they forbid, what they allow without a question, and that
 * a mistake in them never allows anything. */

#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"

#include <string.h>

/* A rule about this program. */
static char *
make_rule (CardeaAsks *asks, const char *name, const char *action, const char *more)
{
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);

  return g_strdup_printf ("[rule %s]\nprogram=exe:%s\nservers=localhost:%u\naction=%s\n%s\n", name, own,
                          asks->port, action, more);
}

static void
add_rule (CardeaAsks *asks, const char *name, const char *action, const char *more)
{
  g_autofree char *text = make_rule (asks, name, action, more);
  g_autofree char *file = g_strconcat (name, ".conf", NULL);

  cardea_asks_add_rules (asks, file, text);
}

static char *
certificate_line (CardeaAsks *asks, const char *file)
{
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, file);

  return g_strconcat ("certificate=", fingerprint, NULL);
}

/* Denied before anything is sent: nothing listens there, and that is not what fails. */
static void
test_deny (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  guint16 nginx = asks->port;
  g_autoptr (GError) error = NULL;
  json_t *parameters;

  asks->port = cardea_lab_free_port (asks->lab);
  add_rule (asks, "bank", "deny", "message=Use the other computer.");
  cardea_asks_restart (asks);
  g_assert_null (cardea_asks_fetch (asks, NULL, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_DENIED);
  parameters = cardea_error_get_parameters (error);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "by")), ==, "rule bank");
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "message")), ==,
                   "Use the other computer.");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 0);
  asks->port = nginx;
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client");
}

/* Nobody is asked, not even where nobody may be; another server is another question. */
static void
test_consent (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autofree char *line = certificate_line (asks, "ec.pem");
  g_autoptr (GError) error = NULL;

  add_rule (asks, "consent", "consent", line);
  cardea_asks_restart (asks);
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  cardea_asks_fetch_as (asks, "{\"interaction\": \"never\"}", "saw CN=Demo client (P-256)");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 0);
  asks->port = cardea_lab_nginx (asks->lab);
  g_assert_null (cardea_asks_fetch (asks, NULL, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 1);
}

/* Of several that fit a rule does not choose. */
static void
test_consent_is_not_choice (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 1 not");

  add_rule (asks, "consent", "consent", "");
  cardea_asks_restart (asks);
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 1);
}

static void
test_narrow (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not\nshown;pick 1 not");
  g_autofree char *line = certificate_line (asks, "ec.pem");
  g_autoptr (CardeaPromptQuestion) question = NULL;
  g_autoptr (GError) error = NULL;

  add_rule (asks, "narrow", "narrow", line);
  cardea_asks_restart (asks);
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  question = cardea_asks_get_question (asks, 1);
  g_assert_cmpuint (question->offers->len, >=, 2);
  for (guint i = 0; i < question->offers->len; i++)
    g_assert_cmpint (((const CardeaPromptOffer *)question->offers->pdata[i])->reasons->len > 0, ==, i > 0);
  /* What the rule took away is not to be had by choosing it. */
  g_assert_null (cardea_asks_fetch (asks, NULL, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
}

/* Without a person as well. */
static void
test_narrow_headless (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  g_autofree char *line = certificate_line (asks, "ec.pem");
  g_autofree char *rsa = cardea_lab_fingerprint (asks->lab, "rsa.pem");
  g_autofree char *options = g_strdup_printf ("{\"certificate\": \"%s\"}", rsa);
  g_autoptr (GError) error = NULL;

  asks->headless = TRUE;
  cardea_asks_restart (asks);
  cardea_asks_fetch_as (asks, options, "saw CN=Demo client (RSA-2048)");
  add_rule (asks, "narrow", "narrow", line);
  cardea_asks_restart (asks);
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  g_assert_null (cardea_asks_fetch (asks, options, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_NO_CERTIFICATE);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 0);
}

/* The file that is broken might have denied: what another one allows is asked about, and status says why. */
static void
test_broken (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  g_autofree char *line = certificate_line (asks, "ec.pem");
  g_autofree char *out = NULL;

  add_rule (asks, "consent", "consent", line);
  cardea_asks_add_rules (asks, "broken.conf", "[rule broken]\nprogram=*\nservers=localhost\naction=forbid\n");
  cardea_asks_restart (asks);
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 1);
  cardea_lab_cardea (asks->lab, (const char *[]){ "status", NULL }, NULL, &out, NULL);
  g_test_message ("%s", out);
  g_assert_nonnull (strstr (out, "broken.conf:4"));
}

/* Rules are read anew, for the worse and for the better. */
static void
test_reload (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autofree char *line = certificate_line (asks, "rsa.pem");
  g_autoptr (GError) error = NULL;
  const char *reload[] = { "reload", NULL };

  add_rule (asks, "one", "consent", line);
  g_assert_cmpint (cardea_lab_cardea (asks->lab, reload, NULL, NULL, NULL), ==, 0);
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (RSA-2048)");
  add_rule (asks, "two", "deny", "");
  g_assert_cmpint (cardea_lab_cardea (asks->lab, reload, NULL, NULL, NULL), ==, 0);
  g_assert_null (cardea_asks_fetch (asks, NULL, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_DENIED);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-rules/deny", test_deny);
  g_test_add_func ("/agent-rules/consent", test_consent);
  g_test_add_func ("/agent-rules/consent-is-not-choice", test_consent_is_not_choice);
  g_test_add_func ("/agent-rules/narrow", test_narrow);
  g_test_add_func ("/agent-rules/narrow-headless", test_narrow_headless);
  g_test_add_func ("/agent-rules/broken", test_broken);
  g_test_add_func ("/agent-rules/reload", test_reload);
  return g_test_run ();
}
