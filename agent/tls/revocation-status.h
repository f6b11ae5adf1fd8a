/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* What is known of one certificate. In order: of two answers the later one here counts. */
typedef enum
{
  CARDEA_REVOCATION_UNKNOWN, /* nothing that holds */
  CARDEA_REVOCATION_GOOD,
  CARDEA_REVOCATION_REVOKED,
} CardeaRevocationStatus;
