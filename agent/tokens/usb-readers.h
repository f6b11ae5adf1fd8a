/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a card reader at a USB port calls itself, whether anybody drives it or not; NULL: there is none.
 * @folder: the kernel's list of USB devices, NULL for its usual place. */
char *cardea_usb_readers_find (const char *folder);

G_END_DECLS
