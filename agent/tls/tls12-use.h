/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether the connection may speak TLS 1.2, and if not, what it would take: for the person. */
typedef enum
{
  CARDEA_TLS12_NOT_WANTED,    /* neither the program nor a rule allows it */
  CARDEA_TLS12_NOT_PERMITTED, /* the program does, and no rule */
  CARDEA_TLS12_NOT_ASKED_FOR, /* a rule does, and not the program */
  CARDEA_TLS12_ALLOWED,
} CardeaTls12;

G_END_DECLS
