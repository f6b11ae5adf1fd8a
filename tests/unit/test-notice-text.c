/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why a question is over, in words: each reason has its own, but for the one that a person knows. */

#include "ui/notice-text.h"

static const struct
{
  CardeaPromptWithdrawn why;
  const char *title, *text;
} CASES[] = {
  { CARDEA_PROMPT_WITHDRAWN_TOKEN_REMOVED, "Token Removed",
    "The token is no longer there. Insert it and try again." },
  { CARDEA_PROMPT_WITHDRAWN_CALLER_GONE, "No Longer Needed", "The program has given up its request." },
  { CARDEA_PROMPT_WITHDRAWN_TIMED_OUT, "Time Is Up",
    "The question was not answered in time. Start again in the program." },
  { CARDEA_PROMPT_WITHDRAWN_SERVER_CLOSED, "Connection Closed",
    "The server has closed the connection. Start again in the program." },
  { CARDEA_PROMPT_WITHDRAWN_CALL_TIMED_OUT, "Time Is Up",
    "The program did not wait any longer for the answer. Start again in the program." },
  { CARDEA_PROMPT_WITHDRAWN_AGENT_STOPPING, "Cardea Is Stopping",
    "Questions can no longer be answered. Start again in the program later." },
};

static void
test_each (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (CASES); i++) {
    const char *title = NULL;

    g_assert_cmpstr (cardea_notice_text (CASES[i].why, &title), ==, CASES[i].text);
    g_assert_cmpstr (title, ==, CASES[i].title);
  }
}

static void
test_known_to_the_person (void)
{
  const char *title = NULL;

  g_assert_null (cardea_notice_text (CARDEA_PROMPT_WITHDRAWN_ANSWERED, &title));
  g_assert_null (title);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/notice-text/each", test_each);
  g_test_add_func ("/notice-text/known-to-the-person", test_known_to_the_person);
  return g_test_run ();
}
