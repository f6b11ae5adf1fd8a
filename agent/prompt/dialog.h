/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/base/terminal.h"
#include "socket-api/private/prompt-protocol.h"
#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* One run of cardea-prompt for one question. Main loop only. */
typedef struct _CardeaDialog CardeaDialog;

typedef struct
{
  guint question_ms; /* from its start, and again from when it is shown */
  guint end_ms;      /* for the process to end after its answer */
  guint withdraw_ms; /* and after the question was withdrawn */
} CardeaDialogTimes;

typedef struct
{
  /* Once, unless the question was withdrawn before. Takes what it gets: an answer, with the PIN where that is
   * CARDEA_PROMPT_PIN_TYPED, or an error. */
  void (*answered) (CardeaPromptAnswer *answer, CardeaSecret *pin, GError *error, gpointer data);
  /* The last call: the process is gone. */
  void (*gone) (gpointer data);
} CardeaDialogOwner;

/* @question: valid until `answered` was called or the question was withdrawn; the dialog reads its offers as
 * they are then. @colour_scheme: where the question has none. @terminal: where it is shown, and which is put
 * back afterwards whatever became of the process; NULL: on the display. Errors: CARDEA_ERROR_CANCELLED, after
 * a warning. */
CardeaDialog *cardea_dialog_new (const char *program, const char *const *environment,
                                 const CardeaPromptQuestion *question, const char *colour_scheme,
                                 CardeaTerminal *terminal, const CardeaDialogTimes *times,
                                 const CardeaDialogOwner *owner, gpointer data, GError **error);
/* In or after `gone`. */
void cardea_dialog_free (CardeaDialog *self);

/* Tells the prompt which offers the question has now. */
void cardea_dialog_update (CardeaDialog *self);
/* From now on no answer counts. */
void cardea_dialog_withdraw (CardeaDialog *self, CardeaPromptWithdrawn why);

G_END_DECLS
