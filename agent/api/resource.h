/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The descriptions of the interfaces, built in from the files of the contract (interfaces.gresource.xml). */
GResource *cardea_api_get_resource (void);

G_END_DECLS
