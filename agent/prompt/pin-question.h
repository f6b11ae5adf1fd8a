/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/base/terminal.h"
#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* A question for a token's PIN. An immutable value as far as the prompter is concerned. */
typedef struct
{
  char *token_uri, *token_label, *reader;
  gboolean pinpad; /* the token has its own entry: show, do not ask */
  gboolean locked;
  gboolean must_change;
  gboolean final_try;
  gboolean low;
  gboolean rejected;        /* the PIN typed last was refused */
  int tries;                /* left, or -1 where the token does not tell */
  gboolean for_signature;   /* the key wants it for each: it serves once; part of the purpose */
  gboolean for_connection;  /* the token's lease wants it for each; likewise */
  GCancellable *token_gone; /* or NULL: cancelled when the token went away */

  /* A new PIN is asked for as well; there is no server then. */
  gboolean sets_pin;
  gboolean unblock; /* by the PUK: state, tries and rejected are the PUK's */
  gboolean new_pin_rejected;
  guint pin_min, pin_max; /* bytes of it */

  /* The purpose: who it is for, and where to. */
  char *caller_key;  /* whose turn it takes: cardea_caller_get_key(); never shown. NULL: nobody's */
  char *program;     /* the caller's label */
  char *confinement; /* "flatpak", "snap", or NULL */
  char **parents;    /* executables, nearest first, or NULL */
  char *server_name;
  guint16 port;
  char *vouched_by;
  gboolean by_program_only;
  char *window;           /* the caller's, or NULL */
  char *activation_token; /* the caller's, or NULL */

  CardeaTerminal *terminal; /* where it is asked; NULL: on the display */
} CardeaPinQuestion;

CardeaPinQuestion *cardea_pin_question_new (void);
/* With the purpose of @template, and nothing about a token; NULL is as good as an empty one. */
CardeaPinQuestion *cardea_pin_question_new_for (const CardeaPinQuestion *template);
void cardea_pin_question_free (CardeaPinQuestion *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaPinQuestion, cardea_pin_question_free)

/* As a prompt is asked it. */
CardeaPromptQuestion *cardea_pin_question_to_prompt (const CardeaPinQuestion *self);

G_END_DECLS
