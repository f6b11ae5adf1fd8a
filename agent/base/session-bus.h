/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* The address of the session's bus, NULL where there is none: GIO would go and start one, where nobody
 * listens. */
char *cardea_session_bus_find (void);
