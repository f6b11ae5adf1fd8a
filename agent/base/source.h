/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Destroys and forgets the source; NULL: there is none. */
void cardea_source_clear (GSource **source);

G_END_DECLS
