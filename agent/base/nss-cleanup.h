/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <cert.h>
#include <glib.h>
#include <keyhi.h>
#include <pk11pub.h>

/* Automatic cleanup of the types of NSS, in one place. For .c files: no header of the agent shows a type of
 * NSS. */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CERTCertificate, CERT_DestroyCertificate)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CERTCertList, CERT_DestroyCertList)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CERTOidSequence, CERT_DestroyOidSequence)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CERTName, CERT_DestroyName)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SECKEYPublicKey, SECKEY_DestroyPublicKey)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SECKEYPrivateKey, SECKEY_DestroyPrivateKey)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PK11SlotInfo, PK11_FreeSlot)

static inline void
cardea_sec_item_free (SECItem *item)
{
  SECITEM_FreeItem (item, PR_TRUE);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SECItem, cardea_sec_item_free)
