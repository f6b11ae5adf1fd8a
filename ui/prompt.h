/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Asks the one question that comes through the socket @channel and answers it; a PIN goes to the pipe @pin.
 * Takes both descriptors. TRUE when there was an answer other than "cancel". GTK is initialised. */
gboolean cardea_prompt_run (int channel, int pin);

G_END_DECLS
