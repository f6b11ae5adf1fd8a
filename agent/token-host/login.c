/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One login.
 *
 * A PIN that was refused costs a try, and the last one costs the card: whatever the answer is, there is one
 * C_Login for one request, and what the token then says of its PIN goes back with the refusal.
 *
 * What the agent knows of the token is as old as its last listing. In the meantime somebody may have put
 * another token into the reader, or used up the tries with another program, so the token is asked once more,
 * immediately before. */

#include "agent/token-host/login.h"

#include "agent/token-host/token-info.h"

static CardeaHostWirePin
pin_state (CardeaPkcs11 *module, CK_SLOT_ID slot, CK_RV rv)
{
  CardeaTokenInfo info;

  switch (rv) {
  case CKR_PIN_LOCKED:
    return CARDEA_HOST_WIRE_PIN_LOCKED;
  case CKR_PIN_EXPIRED:
    return CARDEA_HOST_WIRE_PIN_MUST_CHANGE;
  case CKR_USER_PIN_NOT_INITIALIZED:
    return CARDEA_HOST_WIRE_PIN_NOT_SET;
  default:
    return cardea_token_info_read (&info, module, slot) == CKR_OK ? cardea_token_info_get_pin (&info)
                                                                  : CARDEA_HOST_WIRE_PIN_UNKNOWN;
  }
}

static gboolean
is_at_ease (CardeaHostWirePin pin)
{
  return pin == CARDEA_HOST_WIRE_PIN_FINE || pin == CARDEA_HOST_WIRE_PIN_NOT_NEEDED;
}

static gboolean
check_token (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot, gboolean by_pinpad,
             gboolean careful, CardeaFailure *failure)
{
  CardeaTokenInfo info;
  CK_RV rv = cardea_token_info_read (&info, module, slot);
  CardeaHostWirePin pin = cardea_token_info_get_pin (&info);

  if (rv != CKR_OK) {
    cardea_failure_set_rv (failure, "C_GetTokenInfo", rv);
  } else if (!cardea_sessions_recognise (sessions, slot, &info.token)) {
    cardea_token_info_set_swapped (failure);
  } else if (by_pinpad && (info.token.flags & CKF_PROTECTED_AUTHENTICATION_PATH) == 0) {
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_TOKEN, "The token has no PIN pad any more.");
  } else if (careful && !is_at_ease (pin)) {
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_PIN,
                        "The PIN was not sent: first a person should see what the token says of it.");
    failure->pin = pin;
  } else
    return TRUE;
  return FALSE;
}

gboolean
cardea_login_run (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot, CardeaSecret *pin,
                  gboolean careful, CardeaFailure *failure)
{
  CK_SESSION_HANDLE session;
  gsize length = 0;
  CK_UTF8CHAR *bytes = pin != NULL ? (CK_UTF8CHAR *)cardea_secret_peek (pin, &length) : NULL;
  CK_RV rv = cardea_sessions_keep (sessions, slot, &session);

  if (rv != CKR_OK) {
    cardea_failure_set_rv (failure, "C_OpenSession", rv);
    return FALSE;
  }
  if (!check_token (module, sessions, slot, pin == NULL, careful, failure))
    return FALSE;
  rv = CARDEA_PKCS11_CALL (module, C_Login, session, CKU_USER, bytes, length);
  if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) {
    cardea_sessions_note_login (sessions, slot);
    return TRUE;
  }
  cardea_failure_set_rv (failure, "C_Login", rv);
  if (failure->failure == CARDEA_HOST_FAILURE_PIN)
    failure->pin = pin_state (module, slot, rv);
  return FALSE;
}
