/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of the PIN dialog.
 *
 * A wrong PIN costs a try, and the last one the token: so what is known about tries is said, and a number
 * only where the token told one. Most tokens tell no more than that few are left. A wrong PUK costs more. */

#include "ui/pin-text.h"

#include <glib/gi18n.h>

#include "ui/new-pin-rule.h"

static const char *
get_pin_warning (CardeaPromptPinState state)
{
  switch (state) {
  case CARDEA_PROMPT_PIN_LOW:
    return _ ("Only a few tries are left before the token locks itself.");
  case CARDEA_PROMPT_PIN_FINAL_TRY:
    return _ ("This is the last try. If the PIN is wrong once more, the token locks itself.");
  case CARDEA_PROMPT_PIN_LOCKED:
    return _ (
        "Too many wrong PINs were entered, and the token has locked itself. Who knows its PUK can unlock it: "
        "run “cardea pin unblock”. Otherwise ask your administrator.");
  case CARDEA_PROMPT_PIN_MUST_CHANGE:
    return _ (
        "The token demands a new PIN, and may refuse to work until it has one. To change it, run “cardea "
        "pin change”.");
  default:
    return NULL;
  }
}

static const char *
get_puk_warning (CardeaPromptPinState state)
{
  switch (state) {
  case CARDEA_PROMPT_PIN_LOW:
    return _ ("Only a few tries are left for the PUK.");
  case CARDEA_PROMPT_PIN_FINAL_TRY:
    return _ ("This is the last try. If the PUK is wrong once more, nobody can unlock the token any more.");
  case CARDEA_PROMPT_PIN_LOCKED:
    return _ ("Too many wrong PUKs were entered. The token cannot be unlocked with it any more: ask whoever "
              "issued it.");
  default:
    return NULL;
  }
}

/* Who changes the PIN need not be told to. */
static const char *
get_state_warning (const CardeaPromptQuestion *question)
{
  if (question->unblock)
    return get_puk_warning (question->pin_state);
  if (question->kind == CARDEA_PROMPT_NEW_PIN && question->pin_state == CARDEA_PROMPT_PIN_MUST_CHANGE)
    return NULL;
  return get_pin_warning (question->pin_state);
}

static const char *
get_rejection (const CardeaPromptQuestion *question)
{
  if (question->rejected)
    return question->unblock ? _ ("The PUK was wrong.") : _ ("The PIN was wrong.");
  return question->new_pin_rejected ? _ ("The token did not take the new PIN. Choose another one.") : NULL;
}

/* A number is said only where it adds something: not for the last try, nor for a token that is locked. */
static char *
make_tries (const CardeaPromptQuestion *question)
{
  gboolean told = question->pin_state != CARDEA_PROMPT_PIN_FINAL_TRY &&
                  question->pin_state != CARDEA_PROMPT_PIN_LOCKED && question->pin_tries > 0;

  if (!told || (!question->rejected && question->pin_state != CARDEA_PROMPT_PIN_LOW))
    return NULL;
  return g_strdup_printf (ngettext ("%d try is left.", "%d tries are left.", (gulong)question->pin_tries),
                          question->pin_tries);
}

static char *
make_warning (const CardeaPromptQuestion *question)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *tries = make_tries (question);
  const char *parts[] = { get_rejection (question), get_state_warning (question), tries };

  /* The number says it better. */
  if (question->pin_state == CARDEA_PROMPT_PIN_LOW && tries != NULL)
    parts[1] = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (parts[i] != NULL)
      g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", parts[i]);
  return text->len > 0 ? g_strdup (text->str) : NULL;
}

static void
set_locked (CardeaPinText *self)
{
  self->title = _ ("Token Locked");
  self->lead = _ ("No PIN can be entered.");
  self->refuse = _ ("Close");
}

static void
set_pinpad (CardeaPinText *self)
{
  self->title = _ ("PIN on the Reader");
  self->lead = _ ("Choose Continue, then enter the PIN on the reader.");
  self->accept = _ ("Continue");
  self->consequence = _ ("The reader then waits for the PIN");
  self->refuse = _ ("Cancel");
}

static void
set_entry (CardeaPinText *self)
{
  self->title = _ ("Unlock Token");
  self->lead = _ ("Enter the PIN of the token to let this program use it.");
  self->accept = _ ("Unlock");
  self->consequence = _ ("Gives the PIN to the token");
  self->refuse = _ ("Cancel");
  self->entry = TRUE;
}

/* The token may be unlocked, and the same question may have been there a minute ago: so it says why. */
static void
set_for_signature (CardeaPinText *self)
{
  self->why = _ ("The key asks for the PIN for every signature.");
  if (!self->entry)
    return;
  self->title = _ ("Sign with PIN");
  self->lead = _ ("Enter the PIN to let this program use the key once.");
  self->accept = _ ("Sign");
  self->consequence = _ ("Gives the PIN to the token for one signature");
}

/* Likewise: somebody chose that a PIN serves once. */
static void
set_for_connection (CardeaPinText *self)
{
  self->why = _ ("This token is set to ask for the PIN for every connection.");
  if (self->entry)
    self->consequence = _ ("Gives the PIN to the token for this connection");
}

static void
set_new_pin_entry (CardeaPinText *self, const CardeaPromptQuestion *question)
{
  self->lead =
      question->unblock
          ? _ ("Enter the PUK that came with the token, then a new PIN twice. Some tokens call the PUK the "
               "security officer’s PIN.")
          : _ ("Enter the PIN of the token, then a new one twice.");
  self->accept = question->unblock ? _ ("Set New PIN") : _ ("Change PIN");
  self->consequence = _ ("Gives the token its new PIN");
  self->entry = TRUE;
  self->new_entry = TRUE;
  self->rule = cardea_new_pin_rule_text (question);
}

static void
set_new_pin (CardeaPinText *self, const CardeaPromptQuestion *question)
{
  self->title = question->unblock ? _ ("Unlock with PUK") : _ ("Change PIN");
  self->refuse = _ ("Cancel");
  self->refusal = _ ("The token keeps its PIN");
  self->purpose = _ ("Asked By");
  if (question->unblock) {
    self->name = _ ("_PUK");
    self->confirmation = _ ("I know the PUK and want to use the last try");
  } else {
    self->name = _ ("Present _PIN");
  }
  if (!question->pinpad) {
    set_new_pin_entry (self, question);
    return;
  }
  self->lead = question->unblock ? _ ("Choose Continue, then enter the PUK and the new PIN on the reader.")
                                 : _ ("Choose Continue, then enter the PIN and the new one on the reader.");
  self->accept = _ ("Continue");
  self->consequence = _ ("The reader then waits for the PIN");
}

static void
set_defaults (CardeaPinText *self)
{
  self->name = _ ("_PIN");
  self->refusal = _ ("The program is not connected");
  self->purpose = _ ("Needed For");
  self->confirmation = _ ("I know the PIN and want to use the last try");
}

CardeaPinText *
cardea_pin_text_new (const CardeaPromptQuestion *question)
{
  CardeaPinText *self = g_new0 (CardeaPinText, 1);

  set_defaults (self);
  if (question->pin_state == CARDEA_PROMPT_PIN_LOCKED)
    set_locked (self);
  else if (question->kind == CARDEA_PROMPT_NEW_PIN)
    set_new_pin (self, question);
  else if (question->pinpad)
    set_pinpad (self);
  else
    set_entry (self);
  if (question->for_signature && question->pin_state != CARDEA_PROMPT_PIN_LOCKED)
    set_for_signature (self);
  else if (question->for_connection && question->pin_state != CARDEA_PROMPT_PIN_LOCKED)
    set_for_connection (self);
  self->warning = make_warning (question);
  self->confirm = question->pin_state == CARDEA_PROMPT_PIN_FINAL_TRY;
  if (self->confirm && self->entry && !self->new_entry)
    self->lead = NULL; /* the warning leads */
  return self;
}

char *
cardea_pin_text_lead (const CardeaPinText *self)
{
  if (self->why != NULL && self->lead != NULL)
    return g_strdup_printf ("%s %s", self->why, self->lead);
  return g_strdup (self->why != NULL ? self->why : self->lead);
}

void
cardea_pin_text_free (CardeaPinText *self)
{
  if (self == NULL)
    return;
  g_free (self->warning);
  g_free (self->rule);
  g_free (self);
}
