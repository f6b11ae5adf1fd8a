/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A name that nobody can guess: 128 random bits in hex. */
char *cardea_random_name_new (void);

G_END_DECLS
