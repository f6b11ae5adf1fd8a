/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <p11-kit/pkcs11.h>

/* What NSS adds to PKCS#11 for trust, as in its pkcs11n.h (vendor base CKx_VENDOR_DEFINED | 0x4E534350).
 * softoken and p11-kit-trust.so both speak it. Written out, because that header and p11-kit's pkcs11.h
 * exclude each other. */
#define CARDEA_NSS_VENDOR (0x80000000UL | 0x4E534350UL)

#define CARDEA_CKO_NSS_TRUST (CARDEA_NSS_VENDOR + 3)
#define CARDEA_CKA_TRUST_SERVER_AUTH (CARDEA_NSS_VENDOR + 0x2000 + 8)

#define CARDEA_CKT_NSS_TRUSTED (CARDEA_NSS_VENDOR + 1) /* this very server; says nothing about others */
#define CARDEA_CKT_NSS_TRUSTED_DELEGATOR (CARDEA_NSS_VENDOR + 2) /* may vouch for servers */
#define CARDEA_CKT_NSS_MUST_VERIFY_TRUST (CARDEA_NSS_VENDOR + 3)
#define CARDEA_CKT_NSS_TRUST_UNKNOWN (CARDEA_NSS_VENDOR + 5)
#define CARDEA_CKT_NSS_NOT_TRUSTED (CARDEA_NSS_VENDOR + 10)
#define CARDEA_CKT_NSS_VALID_DELEGATOR                                                                       \
  (CARDEA_NSS_VENDOR + 11) /* is an authority, if a trusted one says so */
