/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes administrators' rules: a caller's key and a server's name (two parts), a file of rules, and one that
 * denies everything to everybody, which must hold whatever the other says. */
#include <string.h>

#include "agent/base/reason.h"
#include "agent/rules/name-attributes.h"
#include "agent/rules/rules.h"
#include "agent/rules/trusted-file.h"
#include "socket-api/limits.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

static void
check_problems (GPtrArray *problems)
{
  g_assert_cmpuint (problems->len, <=, CARDEA_LIMIT_RULE_PROBLEMS);
  for (guint i = 0; i < problems->len; i++) {
    const CardeaReason *problem = problems->pdata[i];

    g_assert_cmpuint (strlen (problem->message), <=, CARDEA_LIMIT_LABEL_BYTES);
    fuzz_check_text (problem->message, FALSE);
  }
}

/* Who consents has named this program and this server. */
static void
check_consent (const CardeaRules *rules, const CardeaRuleAnswer *answer, const char *program)
{
  const CardeaRule *rule = answer->consented_by;

  if (rule == NULL)
    return;
  g_assert_true (cardea_rules_are_whole (rules));
  g_assert_null (answer->denied_by);
  g_assert_cmpint (rule->action, ==, CARDEA_RULE_CONSENT);
  g_assert_true (g_strv_contains ((const char *const *)rule->programs, program));
}

static void
check_answer (CardeaRules *rules, const char *program, const char *server, gboolean denied)
{
  g_auto (CardeaRuleAnswer) answer = { NULL };

  cardea_rules_decide (rules, program, server, 443, &answer);
  check_consent (rules, &answer, program);
  if (denied)
    g_assert_nonnull (answer.denied_by);
  if (answer.denied_by != NULL && answer.denied_by->message != NULL)
    fuzz_check_text (answer.denied_by->message, FALSE);
  for (guint i = 0; i < answer.conditions->len; i++) {
    const CardeaRuleCondition *condition = answer.conditions->pdata[i];

    g_assert_true (condition->certificate != NULL || condition->issuer_name != NULL ||
                   condition->issuer_sha256 != NULL);
  }
}

/* A name is the same as itself, and its parts are text. */
static void
check_name (const char *text)
{
  g_autofree char *folded = cardea_name_attributes_fold (text);
  g_autoptr (GPtrArray) parts = cardea_name_attributes_parse (text);

  g_assert_cmpint (folded != NULL, ==, parts != NULL);
  for (guint i = 0; parts != NULL && i < parts->len; i++)
    g_assert_true (g_utf8_validate (((const CardeaNameAttribute *)parts->pdata[i])->value, -1, NULL));
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_begin ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  g_autofree char *program = fuzz_take_text (&input);
  g_autofree char *server = fuzz_take_text (&input);
  g_autofree char *text = fuzz_take_rest_text (&input);
  g_autoptr (GPtrArray) files = cardea_trusted_files_new (), problems = cardea_reasons_new ();
  g_autoptr (CardeaRules) rules = NULL, denying = NULL;

  check_name (text);
  /* The reader has seen to that. */
  if (!g_utf8_validate (text, -1, NULL))
    return 0;
  g_ptr_array_add (files, cardea_trusted_file_new ("/rules.d", "a.conf", text));
  rules = cardea_rules_new (files, TRUE, problems);
  check_problems (problems);
  check_answer (rules, program, server, FALSE);
  g_ptr_array_add (files, cardea_trusted_file_new ("/rules.d", "b.conf",
                                                   "[rule all]\nprogram=*\nservers=*\naction=deny\n"));
  denying = cardea_rules_new (files, TRUE, NULL);
  check_answer (denying, program, server, TRUE);
  return 0;
}
