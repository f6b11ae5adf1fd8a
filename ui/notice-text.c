/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why a question is over, in the person's language: what has happened, and what they can do. */

#include "ui/notice-text.h"

#include <glib/gi18n.h>

typedef struct
{
  const char *title, *text; /* NULL: there is nothing to tell */
} Notice;

static const Notice notices[] = {
  [CARDEA_PROMPT_WITHDRAWN_TOKEN_REMOVED] = { N_ ("Token Removed"),
                                              N_ ("The token is no longer there. Insert it and try again.") },
  [CARDEA_PROMPT_WITHDRAWN_CALLER_GONE] = { N_ ("No Longer Needed"),
                                            N_ ("The program has given up its request.") },
  [CARDEA_PROMPT_WITHDRAWN_TIMED_OUT] = { N_ ("Time Is Up"),
                                          N_ ("The question was not answered in time. Start "
                                              "again in the program.") },
  [CARDEA_PROMPT_WITHDRAWN_ANSWERED] = { NULL, NULL },
  [CARDEA_PROMPT_WITHDRAWN_SERVER_CLOSED] = { N_ ("Connection Closed"),
                                              N_ ("The server has closed the connection. Start again in the "
                                                  "program.") },
  [CARDEA_PROMPT_WITHDRAWN_CALL_TIMED_OUT] = { N_ ("Time Is Up"), N_ ("The program did not wait any longer "
                                                                      "for the answer. Start "
                                                                      "again in the program.") },
  [CARDEA_PROMPT_WITHDRAWN_AGENT_STOPPING] = { N_ ("Cardea Is Stopping"),
                                               N_ ("Questions can no longer be answered. Start again in the "
                                                   "program later.") },
};

const char *
cardea_notice_text (CardeaPromptWithdrawn why, const char **title)
{
  const Notice *notice = &notices[why];

  if (notice->text == NULL)
    return NULL;
  *title = _ (notice->title);
  return _ (notice->text);
}
