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
  gboolean entry;          /* a PIN is typed here */
  gboolean confirm;        /* only after a person said that they know what they do */
} CardeaPinText;

CardeaPinText *cardea_pin_text_new (const CardeaPromptQuestion *question);
/* Why, and what to do, as one paragraph; or NULL. */
char *cardea_pin_text_lead (const CardeaPinText *self);
void cardea_pin_text_free (CardeaPinText *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaPinText, cardea_pin_text_free)

G_END_DECLS
