/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is wrong with a file of rules or policies, for the log and for whoever asks what is wrong. Both have
 * limits of their own, which thousands of mistakes in one file must not reach. */

#include "agent/rules/rule-problem.h"

#include <string.h>

#include "agent/base/printable.h"
#include "agent/base/reason.h"
#include "socket-api/limits.h"

static guint
count (GPtrArray *problems)
{
  guint n = 0;

  for (guint i = 0; i < problems->len; i++)
    n += ((const CardeaReason *)problems->pdata[i])->code == CARDEA_REASON_RULE_INVALID;
  return n;
}

/* Ends @line, if it is too long, with an ellipsis. */
static char *
cut (const char *line)
{
  gsize length = CARDEA_LIMIT_LABEL_BYTES - strlen ("…");

  if (strlen (line) <= CARDEA_LIMIT_LABEL_BYTES)
    return g_strdup (line);
  while (length > 0 && ((guchar)line[length] & 0xc0) == 0x80)
    length--;
  return g_strdup_printf ("%.*s…", (int)length, line);
}

void
cardea_rule_problem_add (GPtrArray *problems, const char *format, ...)
{
  g_autofree char *text = NULL, *line = NULL, *message = NULL;
  guint n = problems != NULL ? count (problems) : CARDEA_LIMIT_RULE_PROBLEMS;
  va_list arguments;

  if (n >= CARDEA_LIMIT_RULE_PROBLEMS)
    return;
  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  line =
      cardea_printable (n + 1 < CARDEA_LIMIT_RULE_PROBLEMS ? text : "There are more mistakes in rules.", -1);
  message = cut (line);
  g_ptr_array_add (problems, cardea_reason_new (CARDEA_REASON_RULE_INVALID,
                                                "An administrator has to correct it; then reload the agent.",
                                                "%s", message));
}
