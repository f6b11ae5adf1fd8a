/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/base/reason.h"
#include "agent/caller/caller.h"
#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* Everything the agent ever asks a person goes through this interface. An implementation shows a dialog,
 * writes on a terminal or refuses; the agent knows no other way. Main loop only. */

/* A question for a token's PIN. An immutable value as far as the prompter is concerned. */
typedef struct
{
  char *token_uri, *token_label, *reader;
  char *program; /* who it is for: the caller's label */
  char *server_name;
  guint16 port;
  gboolean pinpad; /* the token has its own entry: show, do not ask */
  gboolean final_try;
  gboolean low;
  gboolean rejected; /* the PIN typed last was refused */
  int tries;         /* left, or -1 where the token does not tell */
} CardeaPinQuestion;

CardeaPinQuestion *cardea_pin_question_new (void);
void cardea_pin_question_free (CardeaPinQuestion *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaPinQuestion, cardea_pin_question_free)

#define CARDEA_TYPE_PROMPTER (cardea_prompter_get_type ())
G_DECLARE_INTERFACE (CardeaPrompter, cardea_prompter, CARDEA, PROMPTER, GObject)

struct _CardeaPrompterInterface
{
  GTypeInterface parent;

  void (*ask_pin_async) (CardeaPrompter *self, const CardeaPinQuestion *question, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data);
  CardeaSecret *(*ask_pin_finish) (CardeaPrompter *self, GAsyncResult *result, GError **error);
};

/* Errors: CARDEA_ERROR_CANCELLED (the person said no), CARDEA_ERROR_INTERACTION_REQUIRED (nobody can be
 * asked), TIMED_OUT. */
void cardea_prompter_ask_pin_async (CardeaPrompter *self, const CardeaPinQuestion *question,
                                    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
CardeaSecret *cardea_prompter_ask_pin_finish (CardeaPrompter *self, GAsyncResult *result, GError **error);

G_END_DECLS
