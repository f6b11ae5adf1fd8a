/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/der.h"

G_BEGIN_DECLS

/* Whether a Name begins with all relative names of @base (RFC 5280, 7.1: text compared without regard to
 * case, string type and width of spaces). What cannot be read is compared byte by byte. Both are whole Names;
 * a GeneralName's directoryName, which holds one, is the same thing. */
gboolean cardea_distinguished_is_within (CardeaDer name, CardeaDer base);
/* The next emailAddress in a run of relative names. */
gboolean cardea_distinguished_next_email (CardeaDer *relative_names, CardeaDer *address);

G_END_DECLS
