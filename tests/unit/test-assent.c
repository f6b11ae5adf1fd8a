/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The story of one consent, with tokens, a server and a person of the test's: what is rare in the whole
 * agent, and what happens between two turns of its loop. */

#include "agent/broker/assent.h"

#include <glib/gstdio.h>

#include "agent/prompt/withdrawal.h"
#include "agent/rules/trusted-file.h"
#include "agent/tls/nss.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/scripted-prompter.h"
#include "tests/unit/assent-world.h"

#define PROGRAM "flatpak:org.example.App"
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define RULE                                                                                                 \
  "[rule one]\nprogram=" PROGRAM "\nservers=bank.example\naction=%s\n%s\n"                                   \
  "[rule other]\nprogram=" PROGRAM "\nservers=other.example\naction=deny\n"

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
  GCancellable *cancellable;
  GAsyncResult *result; /* of the call that ended last */
} Fixture;

static CardeaCertificate *
get_certificate (Fixture *f, guint i)
{
  return ((CardeaTokenCertificate *)f->world->certificates->pdata[i])->certificate;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("cardea-assent-XXXXXX", &error);
  g_assert_no_error (error);
  f->world = assent_world_new ();
  f->person = scripted_prompter_new ();
  f->decisions = cardea_decisions_new (f->folder);
  cardea_decisions_load (f->decisions);
  f->assent = cardea_assent_new (CARDEA_PROMPTER (f->person), f->decisions);
  f->caller =
      cardea_caller_new (CARDEA_CALLER_CONFINED, CARDEA_CONFINEMENT_FLATPAK, "org.example.App", PROGRAM, 1);
  f->request = cardea_request_new ();
  f->request->host = g_strdup ("bank.example");
  f->request->port = 443;
  f->authorities = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  f->terms.trust_source = (char *)"system";
  f->cancellable = g_cancellable_new ();
  assent_world_insert (f->world, "client-p256");
  assent_world_insert (f->world, "client-p384");
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    g_assert_cmpint (g_unlink (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* Nothing of a consent outlives it. */
static void
tear_down (Fixture *f, gconstpointer data)
{
  gpointer assent = f->assent;
  gpointer world = f->world;

  g_clear_object (&f->result);
  g_assert_true (cardea_decisions_flush (f->decisions, NULL));
  g_object_add_weak_pointer (assent, &assent);
  g_object_add_weak_pointer (world, &world);
  g_object_unref (f->assent);
  g_object_unref (f->world);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (assent);
  g_assert_null (world);
  g_object_unref (f->decisions);
  g_object_unref (f->person);
  g_object_unref (f->cancellable);
  g_ptr_array_unref (f->authorities);
  cardea_request_free (f->request);
  cardea_caller_unref (f->caller);
  remove_folder (f->folder);
  g_free (f->folder);
}

static void
on_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((Fixture *)user_data)->result = g_object_ref (result);
}

static void
begin (Fixture *f)
{
  const CardeaAssentCase about = {
    .caller = f->caller,
    .request = f->request,
    .catalogue = (CardeaCatalogue *)f->world,
    .asker = (CardeaAsker *)f->world,
    .authorities = f->authorities,
    .terms = &f->terms,
  };

  g_clear_object (&f->result);
  cardea_assent_ask_async (f->assent, &about, f->cancellable, on_asked, f);
}

/* The server met what they ask. */
static void
set_rules (Fixture *f, CardeaRules *rules, CardeaChromiumPolicy *chromium)
{
  cardea_assent_set_rules (f->assent, rules, chromium);
  f->terms.rules = rules;
}

static CardeaTokenCertificate *
finish (Fixture *f, GError **error)
{
  while (f->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return cardea_assent_ask_finish (f->assent, f->result, error);
}

static CardeaTokenCertificate *
ask (Fixture *f, GError **error)
{
  begin (f);
  return finish (f, error);
}

/* The outcome is the use of the certificate with that place, or the code of an error. */
static void
assert_uses (Fixture *f, guint i)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaTokenCertificate) used = ask (f, &error);

  g_assert_no_error (error);
  g_assert_nonnull (used);
  g_assert_true (used->certificate == get_certificate (f, i));
}

static void
assert_fails (Fixture *f, CardeaErrorCode code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (ask (f, &error));
  g_assert_error (error, CARDEA_ERROR, (int)code);
}

static guint
count_asked (Fixture *f)
{
  return scripted_prompter_get_questions (f->person)->len;
}

static const CardeaPromptQuestion *
get_question (Fixture *f, guint i)
{
  g_assert_cmpuint (i, <, count_asked (f));
  return scripted_prompter_get_questions (f->person)->pdata[i];
}

static CardeaRules *
make_rules (const char *action, const char *more)
{
  g_autoptr (GPtrArray) files = cardea_trusted_files_new ();
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autofree char *text = g_strdup_printf (RULE, action, more);
  CardeaRules *rules;

  g_ptr_array_add (files, cardea_trusted_file_new ("/rules", "one.conf", text));
  rules = cardea_rules_new (files, TRUE, problems);
  g_assert_cmpuint (problems->len, ==, 0);
  return rules;
}

static CardeaChromiumPolicy *
make_policy (const char *filter, gboolean ask_person)
{
  g_autoptr (GPtrArray) files = cardea_trusted_files_new ();
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autofree char *text = g_strdup_printf (
      "{\"AutoSelectCertificateForUrls\": [{\"pattern\": \"https://bank.example\", \"filter\": %s}], "
      "\"PromptOnMultipleMatchingCertificates\": %s}",
      filter, ask_person ? "true" : "false");
  CardeaChromiumPolicy *policy;

  g_ptr_array_add (files, cardea_trusted_file_new ("/managed", "one.json", text));
  policy = cardea_chromium_policy_new (files, problems);
  g_assert_cmpuint (problems->len, ==, 0);
  return policy;
}

#define SECOND "{\"SUBJECT\": {\"CN\": \"p384\"}}"

/* It chooses, and a person consents: also where it would have asked nobody. */
static void
test_policy_preselects (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaChromiumPolicy) policy = make_policy (SECOND, FALSE);
  const CardeaPromptQuestion *question;

  set_rules (f, NULL, policy);
  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_NOT);
  assert_uses (f, 1);
  question = get_question (f, 0);
  g_assert_nonnull (question->preselected);
  g_assert_true (
      g_str_has_prefix (question->preselected, cardea_certificate_get_sha256 (get_certificate (f, 1))));
  f->request->interaction = FALSE;
  assert_fails (f, CARDEA_ERROR_INTERACTION_REQUIRED);
  g_assert_cmpuint (count_asked (f), ==, 1);
}

/* The rule consents to what the policy chose; neither can do it alone. */
static void
test_rule_and_policy (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaChromiumPolicy) policy = make_policy (SECOND, FALSE);
  g_autoptr (CardeaChromiumPolicy) first = make_policy ("{}", FALSE);
  g_autoptr (CardeaChromiumPolicy) unsure = make_policy ("{}", TRUE);
  g_autoptr (CardeaRules) rules = make_rules ("consent", "");

  set_rules (f, rules, policy);
  assert_uses (f, 1);
  set_rules (f, rules, first);
  assert_uses (f, 0);
  g_assert_cmpuint (count_asked (f), ==, 0);

  set_rules (f, rules, unsure);
  scripted_prompter_add_error (f->person, CARDEA_ERROR_CANCELLED);
  assert_fails (f, CARDEA_ERROR_CANCELLED);
  set_rules (f, rules, NULL);
  scripted_prompter_add_error (f->person, CARDEA_ERROR_CANCELLED);
  assert_fails (f, CARDEA_ERROR_CANCELLED);
  g_assert_cmpuint (count_asked (f), ==, 2);
}

/* They consent to that certificate. */
static CardeaRules *
make_rules_for (Fixture *f, guint i)
{
  g_autofree char *line =
      g_strconcat ("certificate=", cardea_certificate_get_sha256 (get_certificate (f, i)), NULL);

  return make_rules ("consent", line);
}

/* A rule that came while the server was verified may ask more of it than was asked. */
static void
test_later_rules (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaRules) rules = make_rules_for (f, 0);
  g_autoptr (CardeaRules) later = make_rules_for (f, 0);

  set_rules (f, rules, NULL);
  assert_uses (f, 0);
  cardea_assent_set_rules (f->assent, later, NULL);
  scripted_prompter_add_error (f->person, CARDEA_ERROR_CANCELLED);
  assert_fails (f, CARDEA_ERROR_CANCELLED);
  g_assert_cmpuint (count_asked (f), ==, 1);
}

/* The place of what would be used with nobody asked, or -1. */
static int
foresee (Fixture *f, gboolean used)
{
  const CardeaAssentCase about = {
    .caller = f->caller,
    .request = f->request,
    .catalogue = (CardeaCatalogue *)f->world,
    .authorities = f->authorities,
    .terms = &f->terms,
  };
  g_autoptr (CardeaTokenCertificate) foreseen = cardea_assent_foresee (f->assent, &about, used);

  for (guint i = 0; foreseen != NULL && i < f->world->certificates->len; i++)
    if (f->world->certificates->pdata[i] == foreseen)
      return (int)i;
  g_assert_null (foreseen);
  return -1;
}

static gint64
count_uses (Fixture *f)
{
  g_autoptr (GPtrArray) all = cardea_decisions_list (f->decisions);

  g_assert_cmpuint (all->len, ==, 1);
  return ((const CardeaRemembered *)all->pdata[0])->used;
}

/* It takes a consent that stands, and asks nobody either way; to think ahead is no use of it. */
static void
test_foresee (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaRules) consent = make_rules_for (f, 1);
  g_autoptr (CardeaRules) deny = make_rules ("deny", "");

  g_assert_cmpint (foresee (f, FALSE), ==, -1);
  set_rules (f, consent, NULL);
  g_assert_cmpint (foresee (f, FALSE), ==, 1);
  set_rules (f, NULL, NULL);
  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_ALWAYS);
  assert_uses (f, 0);
  g_assert_cmpint (foresee (f, FALSE), ==, 0);
  g_assert_cmpint (count_uses (f), ==, 0);
  g_assert_cmpint (foresee (f, TRUE), ==, 0);
  g_assert_cmpint (count_uses (f), ==, 1);
  f->request->interaction = FALSE;
  g_assert_cmpint (foresee (f, FALSE), ==, 0);
  set_rules (f, deny, NULL);
  g_assert_cmpint (foresee (f, FALSE), ==, -1);
  set_rules (f, NULL, NULL);
  cardea_decisions_forget_all (f->decisions);
  g_assert_cmpint (foresee (f, FALSE), ==, -1);
  g_assert_cmpuint (count_asked (f), ==, 1);
}

/* What was decided where one vouched says nothing where another does. */
static void
test_trust_source (Fixture *f, gconstpointer data)
{
  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_ALWAYS);
  assert_uses (f, 0);
  f->terms.trust_source = (char *)"rule:" HASH;
  f->terms.by_program_only = TRUE;
  scripted_prompter_add_error (f->person, CARDEA_ERROR_CANCELLED);
  assert_fails (f, CARDEA_ERROR_CANCELLED);
  g_assert_false (get_question (f, 0)->server.by_program_only);
  g_assert_true (get_question (f, 1)->server.by_program_only);
  f->terms.trust_source = (char *)"system";
  assert_uses (f, 0);
  g_assert_cmpuint (count_asked (f), ==, 2);
}

/* What was decided comes before a rule's consent, and a denial before both. */
static void
test_order (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaRules) consent = make_rules ("consent", "");
  g_autoptr (CardeaRules) deny = make_rules ("deny", "message=No.");
  g_autoptr (CardeaChromiumPolicy) policy = make_policy (SECOND, FALSE);
  g_autoptr (GError) error = NULL;

  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_ALWAYS);
  assert_uses (f, 0);
  set_rules (f, consent, policy);
  assert_uses (f, 0);
  set_rules (f, deny, policy);
  assert_fails (f, CARDEA_ERROR_DENIED);
  g_assert_false (cardea_assent_check_denial (f->assent, f->caller, f->request, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_DENIED);
  g_assert_cmpuint (count_asked (f), ==, 1);
}

/* A program that cannot be told from others: the choice holds for this once. */
static void
test_not_remembered (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) list = NULL;

  cardea_caller_unref (f->caller);
  f->caller = cardea_caller_new (CARDEA_CALLER_CONFINED, CARDEA_CONFINEMENT_NONE, "something", "unknown:", 1);
  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_REMOVAL);
  assert_uses (f, 0);
  g_assert_cmpint (get_question (f, 0)->may_remember, ==, CARDEA_PROMPT_REMEMBER_REMOVAL);
  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_REMOVAL);
  assert_uses (f, 0);
  list = cardea_decisions_list (f->decisions);
  g_assert_cmpuint (list->len, ==, 0);
}

static void
test_use_is_counted (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) list = NULL;
  const CardeaRemembered *remembered;

  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_ALWAYS);
  for (guint i = 0; i < 4; i++)
    assert_uses (f, 0);
  list = cardea_decisions_list (f->decisions);
  g_assert_cmpuint (list->len, ==, 1);
  remembered = list->pdata[0];
  g_assert_cmpint (remembered->used, ==, 3);
  g_assert_cmpint (remembered->until, ==, CARDEA_UNTIL_ALWAYS);
}

/* Whoever insists on a certificate is not sent on without one. */
static void
test_without_is_not_required (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  scripted_prompter_add_continue (f->person, CARDEA_PROMPT_REMEMBER_ALWAYS);
  g_assert_null (ask (f, &error));
  g_assert_no_error (error);
  g_assert_null (ask (f, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count_asked (f), ==, 1);

  f->request->authenticate = CARDEA_AUTHENTICATE_REQUIRED;
  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_NOT);
  assert_uses (f, 0);
  g_assert_false (get_question (f, 1)->may_continue);
  f->request->interaction = FALSE;
  assert_fails (f, CARDEA_ERROR_INTERACTION_REQUIRED);
}

/* The answer is on its way when the token goes. */
static void
test_chosen_is_gone (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GError) error = NULL;

  scripted_prompter_add_pause (f->person);
  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_ALWAYS);
  begin (f);
  g_assert_true (scripted_prompter_release (f->person));
  g_ptr_array_remove_index (f->world->certificates, 0);
  g_signal_emit_by_name (f->world, "changed");
  g_assert_null (finish (f, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_NO_CERTIFICATE);
  list = cardea_decisions_list (f->decisions);
  g_assert_cmpuint (list->len, ==, 0);
}

/* Tokens come and go while a question is open, and once more when nobody waits for it any more. */
static void
test_changes_and_withdrawal (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  scripted_prompter_add_pause (f->person);
  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_ALWAYS);
  begin (f);
  g_ptr_array_set_size (f->world->certificates, 0);
  g_signal_emit_by_name (f->world, "changed");
  assent_world_insert (f->world, "client-p384");
  g_signal_emit_by_name (f->world, "changed");
  g_cancellable_cancel (f->cancellable);
  g_signal_emit_by_name (f->world, "changed");
  g_assert_null (finish (f, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_assert_cmpuint (scripted_prompter_get_n_withdrawn (f->person), ==, 1);
  g_signal_emit_by_name (f->world, "changed");
}

/* The person learns why from whoever ended it. */
static void
test_withdrawn_with_reason (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_set_object (&f->cancellable, NULL);
  f->cancellable = cardea_withdrawal_new ();
  scripted_prompter_add_pause (f->person);
  begin (f);
  cardea_withdrawal_cancel (f->cancellable, CARDEA_PROMPT_WITHDRAWN_SERVER_CLOSED);
  g_assert_null (finish (f, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_assert_cmpint (scripted_prompter_get_withdrawn (f->person), ==, CARDEA_PROMPT_WITHDRAWN_SERVER_CLOSED);
}

/* What is remembered changes while the question is open: it is the person's all the same. */
static void
test_forgotten_meanwhile (Fixture *f, gconstpointer data)
{
  CardeaCertificateId id = cardea_certificate_id_of (get_certificate (f, 0));
  const CardeaRememberedKey key = { PROGRAM, "bank.example", 443, "system" };
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaTokenCertificate) used = NULL;

  /* The one before: an earlier end, another fingerprint. */
  memset (id.sha256, '0', 64);
  id.not_after -= 1;
  cardea_decisions_add (f->decisions, cardea_remembered_new (&key, "org.example.App", &id, 1, NULL));
  scripted_prompter_add_pause (f->person);
  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_NOT);
  begin (f);
  g_assert_true (((const CardeaPromptOffer *)get_question (f, 0)->offers->pdata[0])->renewed);
  g_assert_cmpuint (cardea_decisions_forget_all (f->decisions), ==, 1);
  g_signal_emit_by_name (f->world, "changed");
  g_assert_true (scripted_prompter_release (f->person));
  used = finish (f, &error);
  g_assert_no_error (error);
  g_assert_true (used->certificate == get_certificate (f, 0));
}

/* One certificate, two objects of it: one row. */
static void
test_once (Fixture *f, gconstpointer data)
{
  assent_world_insert (f->world, "client-p256");
  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_NOT);
  assert_uses (f, 0);
  g_assert_cmpuint (get_question (f, 0)->offers->len, ==, 2);
}

static void
on_other_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **)user_data = g_object_ref (result);
}

/* Two questions for the same wait: the answer to one, remembered, is the other's as well. */
static void
test_settled_by_another (Fixture *f, gconstpointer data)
{
  const CardeaAssentCase about = {
    .caller = f->caller,
    .request = f->request,
    .catalogue = (CardeaCatalogue *)f->world,
    .asker = (CardeaAsker *)f->world,
    .authorities = f->authorities,
    .terms = &f->terms,
  };
  g_autoptr (GAsyncResult) other = NULL;
  g_autoptr (CardeaTokenCertificate) first = NULL;
  g_autoptr (CardeaTokenCertificate) second = NULL;
  g_autoptr (GError) error = NULL;

  scripted_prompter_add_pause (f->person);
  scripted_prompter_add_pause (f->person);
  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_ALWAYS);
  begin (f);
  cardea_assent_ask_async (f->assent, &about, NULL, on_other_asked, &other);
  g_assert_cmpuint (scripted_prompter_get_n_held (f->person), ==, 2);
  g_assert_true (scripted_prompter_release (f->person));
  first = finish (f, &error);
  g_assert_no_error (error);
  while (other == NULL)
    g_main_context_iteration (NULL, TRUE);
  second = cardea_assent_ask_finish (f->assent, other, &error);
  g_assert_no_error (error);
  g_assert_true (first == second);
  g_assert_cmpuint (scripted_prompter_get_n_withdrawn (f->person), ==, 1);
  g_assert_cmpint (scripted_prompter_get_withdrawn (f->person), ==, CARDEA_PROMPT_WITHDRAWN_ANSWERED);
}

/* A use that is counted settles nothing: the question is open because of what was known before. */
static void
test_not_settled_by_use (Fixture *f, gconstpointer data)
{
  g_autoptr (CardeaTokenCertificate) used = NULL;
  g_autoptr (CardeaTokenCertificate) away = NULL;
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GError) error = NULL;

  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_ALWAYS);
  assert_uses (f, 0);
  away = cardea_token_certificate_ref (f->world->certificates->pdata[0]);
  g_ptr_array_remove_index (f->world->certificates, 0);
  scripted_prompter_add_pause (f->person);
  scripted_prompter_add_use (f->person, NULL, CARDEA_PROMPT_REMEMBER_NOT);
  begin (f);
  g_ptr_array_add (f->world->certificates, g_steal_pointer (&away));
  g_signal_emit_by_name (f->world, "changed");
  list = cardea_decisions_list (f->decisions);
  cardea_decisions_note_used (f->decisions, ((const CardeaRemembered *)list->pdata[0])->id, 7);
  g_assert_cmpuint (scripted_prompter_get_n_held (f->person), ==, 1);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_true (scripted_prompter_release (f->person));
  used = finish (f, &error);
  g_assert_no_error (error);
  g_assert_true (used->certificate == get_certificate (f, 0));
  g_assert_cmpuint (scripted_prompter_get_n_withdrawn (f->person), ==, 0);
}

static void
add (const char *path, void (*test) (Fixture *f, gconstpointer data))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  int status;

  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_assert_true (cardea_nss_start (NULL));
  add ("/assent/policy-preselects", test_policy_preselects);
  add ("/assent/rule-and-policy", test_rule_and_policy);
  add ("/assent/order", test_order);
  add ("/assent/not-remembered", test_not_remembered);
  add ("/assent/use-is-counted", test_use_is_counted);
  add ("/assent/without-is-not-required", test_without_is_not_required);
  add ("/assent/chosen-is-gone", test_chosen_is_gone);
  add ("/assent/changes-and-withdrawal", test_changes_and_withdrawal);
  add ("/assent/withdrawn-with-reason", test_withdrawn_with_reason);
  add ("/assent/forgotten-meanwhile", test_forgotten_meanwhile);
  add ("/assent/once", test_once);
  add ("/assent/later-rules", test_later_rules);
  add ("/assent/foresee", test_foresee);
  add ("/assent/trust-source", test_trust_source);
  add ("/assent/settled-by-another", test_settled_by_another);
  add ("/assent/not-settled-by-use", test_not_settled_by_use);
  status = g_test_run ();
  cardea_nss_stop ();
  return status;
}
