/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "ui/tty.h"

G_BEGIN_DECLS

/* Asks one question on @tty and sends its answer; takes the descriptors @channel and @pin. Returns when it is
 * over, with the terminal put back: whether something was answered other than "cancel". */
gboolean cardea_tty_prompt_run (CardeaTty *tty, int channel, int pin);

G_END_DECLS
