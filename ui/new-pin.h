/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

#include "socket-api/private/prompt-protocol.h"
#include "ui/secret-buffer.h"

G_BEGIN_DECLS

/* Two entries for a new PIN, each with a buffer of its own (ui/secret-buffer.h). Signals: "changed" (),
 * "refused"
 * (): something was typed, or not taken. */
#define CARDEA_TYPE_NEW_PIN (cardea_new_pin_get_type ())
G_DECLARE_FINAL_TYPE (CardeaNewPin, cardea_new_pin, CARDEA, NEW_PIN, GtkBox)

/* Once. Nothing of @question is kept but its limits. Errors: G_IO_ERROR_NO_SPACE when memory cannot be
 * locked. */
gboolean cardea_new_pin_set_up (CardeaNewPin *self, const CardeaPromptQuestion *question, const char *rule,
                                GError **error);
void cardea_new_pin_set_editable (CardeaNewPin *self, gboolean sensitive, gboolean editable);
/* Whether both entries have the same, and it may be the token's PIN after that in @old. @fault: what a person
 * should be told meanwhile, or NULL. */
gboolean cardea_new_pin_is_good (CardeaNewPin *self, CardeaSecretBuffer *old, const char **fault);
/* The new PIN; both entries are empty then. */
CardeaSecret *cardea_new_pin_steal (CardeaNewPin *self, GError **error);
void cardea_new_pin_clear (CardeaNewPin *self);

G_END_DECLS
