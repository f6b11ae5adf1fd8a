/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* What a PIN question says to a person, and what it takes from them. No foreign text is in it. */
typedef struct
{
  const char *title;
  const char *why;    /* the PIN is asked for although the token may be unlocked; or NULL */
  const char *lead;   /* what to do; NULL where the warning says it */
  char *warning;      /* what happened, what will happen; or NULL */
  const char *accept; /* on the button; NULL where nothing can be accepted */
  const char *refuse;
  const char *consequence; /* of accepting */
  const char *refusal;     /* of refusing */
  const char *purpose;     /* above whom it is for */
  gboolean entry;          /* a PIN, or the PUK, is typed here */
  const char *name;        /* of it, with a mnemonic */
  gboolean new_entry;      /* and then a new PIN, twice */
  char *rule;              /* what the new PIN has to be, or NULL */
  gboolean confirm;        /* only after a person said that they know what they do */
  const char *confirmation;
} CardeaPinText;

CardeaPinText *cardea_pin_text_new (const CardeaPromptQuestion *question);
/* Why, and what to do, as one paragraph; or NULL. */
char *cardea_pin_text_lead (const CardeaPinText *self);
void cardea_pin_text_free (CardeaPinText *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaPinText, cardea_pin_text_free)

G_END_DECLS
