/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is foretold of a consent, and in which words; that foretelling asks nobody and notes nothing. */

#include "agent/broker/forecast.h"

#include <glib/gstdio.h>

#include "agent/rules/trusted-file.h"
#include "agent/tls/nss.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/scripted-prompter.h"
#include "tests/unit/assent-world.h"

#define PROGRAM "exe:/usr/bin/mail"
#define RULES "[rule one]\nprogram=" PROGRAM "\nservers=bank.example\naction=%s\n"

typedef struct
{
  char *folder;
  AssentWorld *world;
  ScriptedPrompter *person;
  CardeaDecisions *decisions;
  CardeaAssent *assent;
  CardeaCaller *caller;
  CardeaRequest *request;
  GPtrArray *authorities;
  CardeaTerms terms;
  CardeaForesight foresight;
  CardeaForecast forecast;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("cardea-forecast-XXXXXX", &error);
  g_assert_no_error (error);
  f->world = assent_world_new ();
  f->person = scripted_prompter_new ();
  f->decisions = cardea_decisions_new (f->folder);
  f->assent = cardea_assent_new (CARDEA_PROMPTER (f->person), f->decisions);
  f->caller = cardea_caller_new (CARDEA_CALLER_HOST, CARDEA_CONFINEMENT_NONE, "mail", PROGRAM, 1);
  f->request = cardea_request_new ();
  f->request->host = g_strdup ("bank.example");
  f->request->port = 443;
  f->authorities = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  f->terms.trust_source = (char *)"system";
  assent_world_insert (f->world, "client-p256");
  assent_world_insert (f->world, "client-p384");
}

static void
forget (Fixture *f)
{
  cardea_forecast_clear (&f->forecast);
  cardea_foresight_clear (&f->foresight);
}

/* Whatever was foretold, nobody was asked, and nothing reached the disk. */
static void
tear_down (Fixture *f, gconstpointer data)
{
  forget (f);
  g_assert_cmpuint (scripted_prompter_get_questions (f->person)->len, ==, 0);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (f->assent);
  g_object_unref (f->decisions);
  g_object_unref (f->person);
  g_object_unref (f->world);
  g_ptr_array_unref (f->authorities);
  cardea_request_free (f->request);
  cardea_caller_unref (f->caller);
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_free (f->folder);
}

/* The outcome, and @words among why. */
static void
foretell (Fixture *f, gboolean whole, const char *outcome, const char *words)
{
  const CardeaAssentCase about = {
    .caller = f->caller,
    .request = f->request,
    .catalogue = (CardeaCatalogue *)f->world,
    .asker = (CardeaAsker *)f->world,
    .authorities = f->authorities,
    .terms = &f->terms,
  };
  g_autoptr (GError) error = NULL;

  forget (f);
  g_assert_true (cardea_assent_look_ahead (f->assent, &about, &f->foresight, &error));
  g_assert_no_error (error);
  cardea_forecast_asked (&f->forecast, &f->foresight, whole);
  g_assert_cmpstr (cardea_outcome_to_string (f->forecast.outcome), ==, outcome);
  if (strstr (f->forecast.because->str, words) == NULL)
    g_error ("\"%s\" is not in: %s", words, f->forecast.because->str);
}

static void
test_open (Fixture *f, gconstpointer data)
{
  foretell (f, TRUE, "ask", "No decision and no rule");
  g_assert_null (f->forecast.offer);
  g_assert_cmpuint (f->foresight.choice->n_fitting, ==, 2);
  foretell (f, FALSE, "ask", "A file of rules is left out");
  f->request->interaction = FALSE;
  foretell (f, TRUE, "deny", "Somebody would have to be asked");
  g_ptr_array_set_size (f->world->certificates, 0);
  foretell (f, TRUE, "deny", "No certificate fits");
}

static CardeaRules *
set_rules (Fixture *f, const char *action)
{
  g_autoptr (GPtrArray) files = cardea_trusted_files_new ();
  g_autofree char *text = g_strdup_printf (RULES, action);

  g_ptr_array_add (files, cardea_trusted_file_new ("/rules", "one.conf", text));
  f->terms.rules = cardea_rules_new (files, TRUE, NULL);
  cardea_assent_set_rules (f->assent, f->terms.rules, NULL);
  return f->terms.rules;
}

/* A rule consents to one, and to a choice it does not; one that came later counts for nothing. */
static void
test_rule (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaRules) rules = set_rules (f, "consent");
  g_autoptr (CardeaRules) later = NULL;

  foretell (f, TRUE, "ask", "“one” (/rules/one.conf:1) consents, but does not choose, and 2 certificates");
  f->request->interaction = FALSE;
  foretell (f, TRUE, "deny", "2 certificates fit");
  g_ptr_array_set_size (f->world->certificates, 1);
  foretell (f, TRUE, "use", "“one” (/rules/one.conf:1) consents.");
  g_assert_true (f->forecast.offer == f->foresight.choice->offers->pdata[0]);

  later = set_rules (f, "consent");
  f->terms.rules = rules;
  foretell (f, TRUE, "deny", "No decision and no rule");
}

static const CardeaRemembered *
remember (Fixture *f, const CardeaTokenCertificate *certificate)
{
  const CardeaRememberedKey key = { PROGRAM, "bank.example", 443, "system" };
  CardeaCertificateId id;
  CardeaRemembered *made;

  if (certificate != NULL)
    id = cardea_certificate_id_of (certificate->certificate);
  made = cardea_remembered_new_until_removal (&key, "mail", certificate != NULL ? &id : NULL,
                                              certificate != NULL ? "pkcs11:token=Test" : NULL, 1000, NULL);
  g_assert_nonnull (made);
  cardea_decisions_add (f->decisions, made);
  return cardea_decisions_find (f->decisions, &key);
}

/* It denies whatever was decided. */
static void
test_denial (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaRules) rules = set_rules (f, "deny");

  remember (f, f->world->certificates->pdata[0]);
  foretell (f, TRUE, "deny", "“one” (/rules/one.conf:1) denies.");
  g_assert_null (f->forecast.offer);
}

static void
test_decision (Fixture *f, gconstpointer data)
{
  const CardeaRemembered *remembered = remember (f, f->world->certificates->pdata[1]);

  foretell (f, TRUE, "use", remembered->id);
  g_assert_true (f->foresight.standing.remembered == remembered);
  g_assert_true (f->forecast.offer->certificate == f->world->certificates->pdata[1]);
  g_assert_cmpint (remembered->used, ==, 0);
  g_assert_cmpint (remembered->last_used, ==, 1000);
  g_ptr_array_set_size (f->world->certificates, 1);
  foretell (f, TRUE, "ask", "not among those that fit, and no other");
  g_assert_null (f->forecast.offer);
}

/* To go on without one: not for who insists. */
static void
test_without (Fixture *f, gconstpointer data)
{
  const CardeaRemembered *remembered = remember (f, NULL);

  foretell (f, TRUE, "none", remembered->id);
  f->request->authenticate = CARDEA_AUTHENTICATE_REQUIRED;
  foretell (f, TRUE, "ask", "No decision");
}

static void
assert_unasked (Fixture *f, gboolean later, const char *outcome, const char *words)
{
  forget (f);
  cardea_forecast_unasked (&f->forecast, f->request, later);
  g_assert_cmpstr (cardea_outcome_to_string (f->forecast.outcome), ==, outcome);
  g_assert_nonnull (strstr (f->forecast.because->str, words));
}

/* Who insists waits for a server that may ask later, if it said so itself. */
static void
test_unasked (Fixture *f, gconstpointer data)
{
  assert_unasked (f, FALSE, "none", "it is not offered");
  assert_unasked (f, TRUE, "none", "cannot be known before.");
  f->request->authenticate = CARDEA_AUTHENTICATE_REQUIRED;
  assert_unasked (f, FALSE, "deny", "insists");
  assert_unasked (f, TRUE, "deny", "insists");
  f->request->post_handshake = CARDEA_POST_HANDSHAKE_YES;
  assert_unasked (f, TRUE, "none", "cannot be known before.");
}

#define ADD(name, function) g_test_add ("/forecast/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_assert_true (cardea_nss_start (NULL));
  ADD ("open", test_open);
  ADD ("rule", test_rule);
  ADD ("denial", test_denial);
  ADD ("decision", test_decision);
  ADD ("without", test_without);
  ADD ("unasked", test_unasked);
  result = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  return result;
}
