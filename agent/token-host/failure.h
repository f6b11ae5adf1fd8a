/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <p11-kit/pkcs11.h>

#include "socket-api/private/host-protocol.h"

G_BEGIN_DECLS

/* What went wrong with a request, ready to be sent. */
typedef struct
{
  CardeaHostFailure failure;
  CK_RV rv;
  int tries;             /* likewise; left, or -1 */
  CardeaHostWirePin pin; /* with CARDEA_HOST_FAILURE_PIN */
  char *message;
} CardeaFailure;

void cardea_failure_clear (CardeaFailure *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CardeaFailure, cardea_failure_clear)

/* @function said @rv: the class it belongs to, and a sentence with its name. */
void cardea_failure_set_rv (CardeaFailure *self, const char *function, CK_RV rv);
void cardea_failure_set (CardeaFailure *self, CardeaHostFailure failure, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* "CKR_PIN_INCORRECT", or the number of a value that is not in PKCS#11 2.40. Free it. */
char *cardea_ckr_to_string (CK_RV rv);

G_END_DECLS
