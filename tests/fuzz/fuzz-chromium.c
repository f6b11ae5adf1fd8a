/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes Chromium's policies: a server's name, a candidate's issuer and subject (three parts), and a file. */
#include <string.h>

#include "agent/base/reason.h"
#include "agent/rules/chromium-policy.h"
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

/* Each place is a candidate's, once, and in order; nobody is asked to choose from one. */
static void
check_selection (const CardeaChromiumPolicy *policy, const char *server, GPtrArray *candidates)
{
  gboolean ask = FALSE;
  g_autoptr (GArray) selected = cardea_chromium_policy_select (policy, server, 443, candidates, &ask);

  g_assert_cmpuint (selected->len, <=, candidates->len);
  for (guint i = 0; i < selected->len; i++) {
    g_assert_cmpuint (g_array_index (selected, guint, i), <, candidates->len);
    if (i > 0)
      g_assert_cmpuint (g_array_index (selected, guint, i - 1), <, g_array_index (selected, guint, i));
  }
  if (ask)
    g_assert_cmpuint (selected->len, >, 1);
  if (cardea_chromium_policy_get_length (policy) == 0)
    g_assert_cmpuint (selected->len, ==, 0);
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
  g_autofree char *server = fuzz_take_text (&input);
  g_autofree char *issuer = fuzz_take_text (&input);
  g_autofree char *subject = fuzz_take_text (&input);
  g_autofree char *text = fuzz_take_rest_text (&input);
  g_autoptr (GPtrArray) candidates =
      g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_chromium_candidate_free);
  g_autoptr (GPtrArray) files = cardea_trusted_files_new (), problems = cardea_reasons_new ();
  g_autoptr (CardeaChromiumPolicy) policy = NULL;

  /* The reader has seen to that. */
  if (!g_utf8_validate (text, -1, NULL))
    return 0;
  g_ptr_array_add (candidates, cardea_chromium_candidate_new (issuer, subject));
  g_ptr_array_add (candidates, cardea_chromium_candidate_new (subject, issuer));
  g_ptr_array_add (files, cardea_trusted_file_new ("/managed", "a.json", text));
  policy = cardea_chromium_policy_new (files, problems);
  check_problems (problems);
  check_selection (policy, server, candidates);
  return 0;
}
