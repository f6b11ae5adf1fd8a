/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/pin-store.h"

G_BEGIN_DECLS

/* PINs in the secret service of the desktop: GNOME Keyring, KWallet and the like. Nothing is ever unlocked or
 * asked for; what is locked counts as an error. */
#define CARDEA_TYPE_KEYRING (cardea_keyring_get_type ())
G_DECLARE_FINAL_TYPE (CardeaKeyring, cardea_keyring, CARDEA, KEYRING, GObject)

CardeaPinStore *cardea_keyring_new (void);

G_END_DECLS
