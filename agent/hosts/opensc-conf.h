/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CARDEA_OPENSC_CONF_MOST (64 * 1024) /* bytes; OpenSC's documented example has 40 KiB */

/* OpenSC's configuration as a token host gets it: the administrator's @text, in which PINs are not kept
 * (use_pin_caching) and a PUK can set one (user_pin_unblock_style). NULL when @text is not plainly what
 * OpenSC would understand, since OpenSC then falls back to its defaults, which keep them. An empty text is
 * fine. Not NUL-terminated: @length counts. */
char *cardea_opensc_conf_make (const char *text, gsize length);

G_END_DECLS
