/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of the PIN dialog.
 *
 * A wrong PIN costs a try, and the last one the token: so what is known about tries is said, and a number
 * only where the token told one. Most tokens tell no more than that few are left. */

#include "ui/pin-text.h"

#include <glib/gi18n.h>

static const char *
get_state_warning (CardeaPromptPinState state)
{
  switch (state) {
  case CARDEA_PROMPT_PIN_LOW:
    return _ ("Only a few tries are left before the token locks itself.");
  case CARDEA_PROMPT_PIN_FINAL_TRY:
    return _ ("This is the last try. If the PIN is wrong once more, the token locks itself.");
  case CARDEA_PROMPT_PIN_LOCKED:
    return _ (
        "Too many wrong PINs were entered, and the token has locked itself. Unlock it with its PUK, with the "
        "program of the token’s maker or with your administrator’s help, then try again.");
  case CARDEA_PROMPT_PIN_MUST_CHANGE:
    return _ (
        "The token demands a new PIN. Until it is changed, with the program of the token’s maker, the token "
        "may refuse to work.");
  default:
    return NULL;
  }
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
  const char *state = get_state_warning (question->pin_state);
  g_autofree char *tries = make_tries (question);
  const char *parts[] = { question->rejected ? _ ("The PIN was wrong.") : NULL, state, tries };

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

CardeaPinText *
cardea_pin_text_new (const CardeaPromptQuestion *question)
{
  CardeaPinText *self = g_new0 (CardeaPinText, 1);

  if (question->pin_state == CARDEA_PROMPT_PIN_LOCKED)
    set_locked (self);
  else if (question->pinpad)
    set_pinpad (self);
  else
    set_entry (self);
  if (question->for_signature && question->pin_state != CARDEA_PROMPT_PIN_LOCKED)
    set_for_signature (self);
  self->warning = make_warning (question);
  self->confirm = question->pin_state == CARDEA_PROMPT_PIN_FINAL_TRY;
  if (self->confirm && self->entry)
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
  g_free (self);
}
