/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <cert.h>
#include <glib.h>

/* A distinguished name as RFC 4514 writes it, safe to show: UTF-8; control characters, invisible ones and
 * those that turn the direction of writing are written as escaped bytes, invalid UTF-8 as U+FFFD; cut at
 * CARDEA_LIMIT_LABEL_BYTES with an ellipsis. For the .c files of this folder, since it takes a type of NSS.
 */
char *cardea_name_to_string (const CERTName *name);

/* What a person calls the one who is named: the common name, else the organisation, else its unit, else all
 * of it; as safe, and as long at most. */
char *cardea_name_to_short_string (const CERTName *name);
