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

/* How an RSA key can sign. TLS 1.3 takes the first alone, and old servers know only the second. */
typedef enum
{
  CARDEA_RSA_PSS = 1 << 0,
  CARDEA_RSA_PKCS1 = 1 << 1,
} CardeaRsaSchemes;

G_END_DECLS
