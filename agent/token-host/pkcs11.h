/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/token-host/failure.h"

G_BEGIN_DECLS

/* The one PKCS#11 module of this process, loaded and initialised for as long as the process lives. */
typedef struct _CardeaPkcs11 CardeaPkcs11;

/* @init_arguments: for modules that take a string (softoken, x-init-reserved), or NULL. NULL and @failure on
 * failure. */
CardeaPkcs11 *cardea_pkcs11_load (const char *path, const char *init_arguments, CardeaFailure *failure);

/* For CARDEA_PKCS11_CALL alone. */
const CK_FUNCTION_LIST *cardea_pkcs11_enter (CardeaPkcs11 *self);
void cardea_pkcs11_leave (CardeaPkcs11 *self);

/* Calls one function of the module and yields its CK_RV. Calls go one after another where the module has no
 * locks; a function it leaves out is CKR_FUNCTION_NOT_SUPPORTED. */
#define CARDEA_PKCS11_CALL(self, function, ...)                                                              \
  ({                                                                                                         \
    const CK_FUNCTION_LIST *functions_ = cardea_pkcs11_enter (self);                                         \
    CK_RV rv_ =                                                                                              \
        functions_->function != NULL ? functions_->function (__VA_ARGS__) : CKR_FUNCTION_NOT_SUPPORTED;      \
    cardea_pkcs11_leave (self);                                                                              \
    rv_;                                                                                                     \
  })

/* C_GetTokenInfo, one thread at a time: SoftHSM tells the time by gmtime(3), whose result all threads share.
 */
CK_RV cardea_pkcs11_get_token_info (CardeaPkcs11 *self, CK_SLOT_ID slot, CK_TOKEN_INFO *info);

G_END_DECLS
