/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Puts words in the place of what @window showed, with a button that closes it. The texts are our own. */
void cardea_notice_show (AdwWindow *window, const char *title, const char *text);

G_END_DECLS
