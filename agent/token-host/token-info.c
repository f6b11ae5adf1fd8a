/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What slots and tokens say of themselves.
 *
 * PKCS#11 gives lists in two calls, and the number of the first is as good as any other number from the
 * module: it is bounded before memory is taken for it, and looked at again after the second. */

#include "agent/token-host/token-info.h"

#define MAX_LIST 4096 /* slots or mechanisms of one module: more than any has */

CK_RV
cardea_token_info_read (CardeaTokenInfo *self, CardeaPkcs11 *module, CK_SLOT_ID slot)
{
  CK_RV rv;

  *self = (CardeaTokenInfo){ 0 };
  rv = cardea_pkcs11_get_token_info (module, slot, &self->token);
  if (rv == CKR_OK)
    rv = CARDEA_PKCS11_CALL (module, C_GetSlotInfo, slot, &self->slot);
  return rv;
}

CardeaHostWirePin
cardea_token_info_get_pin (const CardeaTokenInfo *self)
{
  CK_FLAGS flags = self->token.flags;

  if ((flags & CKF_LOGIN_REQUIRED) == 0)
    return CARDEA_HOST_WIRE_PIN_NOT_NEEDED;
  if ((flags & CKF_USER_PIN_INITIALIZED) == 0)
    return CARDEA_HOST_WIRE_PIN_NOT_SET;
  if ((flags & CKF_USER_PIN_LOCKED) != 0)
    return CARDEA_HOST_WIRE_PIN_LOCKED;
  if ((flags & CKF_USER_PIN_FINAL_TRY) != 0)
    return CARDEA_HOST_WIRE_PIN_FINAL_TRY;
  if ((flags & CKF_USER_PIN_COUNT_LOW) != 0)
    return CARDEA_HOST_WIRE_PIN_LOW;
  if ((flags & CKF_USER_PIN_TO_BE_CHANGED) != 0)
    return CARDEA_HOST_WIRE_PIN_MUST_CHANGE;
  return CARDEA_HOST_WIRE_PIN_FINE;
}

CardeaHostWirePin
cardea_token_info_get_officer_pin (const CardeaTokenInfo *self)
{
  CK_FLAGS flags = self->token.flags;

  if ((flags & CKF_SO_PIN_LOCKED) != 0)
    return CARDEA_HOST_WIRE_PIN_LOCKED;
  if ((flags & CKF_SO_PIN_FINAL_TRY) != 0)
    return CARDEA_HOST_WIRE_PIN_FINAL_TRY;
  if ((flags & CKF_SO_PIN_COUNT_LOW) != 0)
    return CARDEA_HOST_WIRE_PIN_LOW;
  return CARDEA_HOST_WIRE_PIN_FINE;
}

/* Modules that know no limit say 0, or that the information is unavailable, which is a large number. */
static void
fill_lengths (const CardeaTokenInfo *self, CardeaHostMessage *message)
{
  CK_ULONG min = self->token.ulMinPinLen, max = self->token.ulMaxPinLen;

  if (max == 0 || max > CARDEA_LIMIT_PIN_BYTES)
    max = CARDEA_LIMIT_PIN_BYTES;
  message->token.pin_max = max;
  message->token.pin_min = min >= 1 && min <= max ? min : 1;
}

static guint64
can_sign (CardeaPkcs11 *module, CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism, CardeaHostWireMechanisms bit)
{
  CK_MECHANISM_INFO info = { 0 };
  CK_RV rv = CARDEA_PKCS11_CALL (module, C_GetMechanismInfo, slot, mechanism, &info);

  return rv == CKR_OK && (info.flags & CKF_SIGN) != 0 ? bit : 0;
}

static guint64
read_mechanism (CardeaPkcs11 *module, CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism)
{
  switch (mechanism) {
  case CKM_RSA_PKCS:
    return can_sign (module, slot, mechanism, CARDEA_HOST_WIRE_CAN_RSA_PKCS);
  case CKM_RSA_X_509:
    return can_sign (module, slot, mechanism, CARDEA_HOST_WIRE_CAN_RSA_X_509);
  case CKM_RSA_PKCS_PSS:
    return can_sign (module, slot, mechanism, CARDEA_HOST_WIRE_CAN_RSA_PSS);
  case CKM_ECDSA:
    return can_sign (module, slot, mechanism, CARDEA_HOST_WIRE_CAN_ECDSA);
  case CKM_EDDSA:
    return can_sign (module, slot, mechanism, CARDEA_HOST_WIRE_CAN_EDDSA);
  default:
    return 0;
  }
}

static guint64
read_mechanisms (CardeaPkcs11 *module, CK_SLOT_ID slot)
{
  CK_ULONG count = 0;
  guint64 result = 0;

  if (CARDEA_PKCS11_CALL (module, C_GetMechanismList, slot, NULL, &count) != CKR_OK || count > MAX_LIST)
    return 0;
  g_autofree CK_MECHANISM_TYPE *list = g_new0 (CK_MECHANISM_TYPE, count + 1);
  CK_ULONG got = count;

  if (CARDEA_PKCS11_CALL (module, C_GetMechanismList, slot, list, &got) != CKR_OK)
    return 0;
  for (CK_ULONG i = 0; i < MIN (got, count); i++)
    result |= read_mechanism (module, slot, list[i]);
  return result;
}

#define FIELD(array)                                                                                         \
  (CardeaHostBytes)                                                                                          \
  {                                                                                                          \
    (array), sizeof (array)                                                                                  \
  }

void
cardea_token_info_fill (const CardeaTokenInfo *self, CardeaPkcs11 *module, CK_SLOT_ID slot,
                        CardeaHostMessage *message)
{
  CK_FLAGS flags = self->token.flags;

  message->type = CARDEA_HOST_MESSAGE_TOKEN;
  message->token.slot = slot;
  message->token.initialised = (flags & CKF_TOKEN_INITIALIZED) != 0;
  message->token.pinpad = (flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
  message->token.login_required = (flags & CKF_LOGIN_REQUIRED) != 0;
  message->token.pin = cardea_token_info_get_pin (self);
  message->token.officer_pin = cardea_token_info_get_officer_pin (self);
  fill_lengths (self, message);
  message->token.mechanisms = read_mechanisms (module, slot);
  message->token.label = FIELD (self->token.label);
  message->token.manufacturer = FIELD (self->token.manufacturerID);
  message->token.model = FIELD (self->token.model);
  message->token.serial = FIELD (self->token.serialNumber);
  message->token.reader = FIELD (self->slot.slotDescription);
}

void
cardea_token_info_set_swapped (CardeaFailure *failure)
{
  cardea_failure_set (failure, CARDEA_HOST_FAILURE_TOKEN, "Another token is in the reader than before.");
}

static gboolean
has_slot (const GArray *slots, CK_SLOT_ID slot)
{
  for (guint i = 0; i < slots->len; i++)
    if (g_array_index (slots, CK_SLOT_ID, i) == slot)
      return TRUE;
  return FALSE;
}

CK_RV
cardea_token_slots (CardeaPkcs11 *module, guint max, GArray **slots, gboolean *more)
{
  CK_ULONG count = 0;
  CK_RV rv = CARDEA_PKCS11_CALL (module, C_GetSlotList, CK_TRUE, NULL, &count);

  if (rv != CKR_OK)
    return rv;
  if (count > MAX_LIST)
    return CKR_GENERAL_ERROR;
  g_autofree CK_SLOT_ID *list = g_new0 (CK_SLOT_ID, count + 16); /* some may appear in between */
  CK_ULONG got = count + 16;

  rv = CARDEA_PKCS11_CALL (module, C_GetSlotList, CK_TRUE, list, &got);
  if (rv != CKR_OK)
    return rv;
  if (got > count + 16)
    return CKR_GENERAL_ERROR;
  *slots = g_array_new (FALSE, FALSE, sizeof (CK_SLOT_ID));
  *more = FALSE;
  /* A slot that is named twice is one: the agent would take the second for a lie of ours. */
  for (CK_ULONG i = 0; i < got && !*more; i++) {
    if (has_slot (*slots, list[i]))
      continue;
    *more = (*slots)->len >= max;
    if (!*more)
      g_array_append_val (*slots, list[i]);
  }
  return CKR_OK;
}
