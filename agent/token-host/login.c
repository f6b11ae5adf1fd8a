/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One login.
 *
 * A PIN that was refused costs a try, and the last one costs the card: whatever the answer is, there is one
 * C_Login for one request, and what the token then says of its PIN goes back with the refusal.
 *
 * A token that is logged in takes any PIN for a good one, without looking at it. Where the PIN itself is the
 * point, the login is a fresh one: after a logout.
 *
 * What the agent knows of the token is as old as its last listing. In the meantime somebody may have put
 * another token into the reader, or used up the tries with another program, so the token is asked once more,
 * immediately before. */

#include "agent/token-host/login.h"

#include "agent/token-host/one-reader.h"
#include "agent/token-host/token-info.h"

/* That it must be changed is said only of a PIN that is right. */
static CardeaHostWirePin
read_pin_state (CardeaPkcs11 *module, CK_SLOT_ID slot, CK_RV rv)
{
  CardeaTokenInfo info;
  CardeaHostWirePin pin;

  switch (rv) {
  case CKR_PIN_LOCKED:
    return CARDEA_HOST_WIRE_PIN_LOCKED;
  case CKR_PIN_EXPIRED:
    return CARDEA_HOST_WIRE_PIN_MUST_CHANGE;
  case CKR_USER_PIN_NOT_INITIALIZED:
    return CARDEA_HOST_WIRE_PIN_NOT_SET;
  default:
    break;
  }
  if (cardea_token_info_read (&info, module, slot) != CKR_OK)
    return CARDEA_HOST_WIRE_PIN_UNKNOWN;
  info.token.flags |= CKF_LOGIN_REQUIRED; /* as was seen, be it for one key only */
  pin = cardea_token_info_get_pin (&info);
  return pin != CARDEA_HOST_WIRE_PIN_MUST_CHANGE ? pin : CARDEA_HOST_WIRE_PIN_UNKNOWN;
}

static gboolean
is_at_ease (CardeaHostWirePin pin)
{
  return pin == CARDEA_HOST_WIRE_PIN_FINE || pin == CARDEA_HOST_WIRE_PIN_NOT_NEEDED;
}

void
cardea_login_explain_refusal (CardeaPkcs11 *module, CK_SLOT_ID slot, CK_RV rv, CardeaFailure *failure)
{
  failure->pin = read_pin_state (module, slot, rv);
  failure->tries = cardea_one_reader_get_tries (FALSE);
}

gboolean
cardea_login_check_token (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot, gboolean by_pinpad,
                          CardeaHostWireLogin manner, CardeaFailure *failure)
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
  } else if (manner == CARDEA_HOST_WIRE_LOGIN_CAREFUL && !is_at_ease (pin)) {
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_PIN,
                        "The PIN was not sent: first a person should see what the token says of it.");
    failure->pin = pin;
  } else
    return TRUE;
  return FALSE;
}

/* The note is taken away first: a signature under way that fails by this finds a token that was logged out,
 * not one that forgot its login. */
static gboolean
log_out (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot, CK_SESSION_HANDLE session,
         CardeaFailure *failure)
{
  CK_RV rv;

  cardea_sessions_note_login (sessions, slot, FALSE);
  rv = CARDEA_PKCS11_CALL (module, C_Logout, session);
  if (rv == CKR_OK || rv == CKR_USER_NOT_LOGGED_IN)
    return TRUE;
  cardea_failure_set_rv (failure, "C_Logout", rv);
  return FALSE;
}

gboolean
cardea_logout_run (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot, CardeaFailure *failure)
{
  CK_SESSION_HANDLE session;
  CK_RV rv = cardea_sessions_keep (sessions, slot, &session);

  if (rv == CKR_OK)
    return log_out (module, sessions, slot, session, failure);
  cardea_failure_set_rv (failure, "C_OpenSession", rv);
  return FALSE;
}

static CK_RV
log_in (CardeaPkcs11 *module, CK_SESSION_HANDLE session, CK_USER_TYPE user, CardeaSecret *pin)
{
  gsize length = 0;
  CK_UTF8CHAR *bytes = pin != NULL ? (CK_UTF8CHAR *)cardea_secret_peek (pin, &length) : NULL;

  return CARDEA_PKCS11_CALL (module, C_Login, session, user, bytes, length);
}

static void
set_refused (CardeaPkcs11 *module, CK_SLOT_ID slot, CK_RV rv, CardeaFailure *failure)
{
  cardea_failure_set_rv (failure, "C_Login", rv);
  if (failure->failure == CARDEA_HOST_FAILURE_PIN)
    cardea_login_explain_refusal (module, slot, rv, failure);
}

gboolean
cardea_login_run (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot, CardeaSecret *pin,
                  CardeaHostWireLogin manner, CardeaFailure *failure)
{
  CK_SESSION_HANDLE session;
  CK_RV rv = cardea_sessions_keep (sessions, slot, &session);

  if (rv != CKR_OK) {
    cardea_failure_set_rv (failure, "C_OpenSession", rv);
    return FALSE;
  }
  if (!cardea_login_check_token (module, sessions, slot, pin == NULL, manner, failure))
    return FALSE;
  if (manner == CARDEA_HOST_WIRE_LOGIN_FRESH && !log_out (module, sessions, slot, session, failure))
    return FALSE;
  rv = log_in (module, session, CKU_USER, pin);
  if (rv == CKR_OK || (rv == CKR_USER_ALREADY_LOGGED_IN && manner != CARDEA_HOST_WIRE_LOGIN_FRESH)) {
    cardea_sessions_note_login (sessions, slot, TRUE);
    return TRUE;
  }
  if (rv == CKR_USER_ALREADY_LOGGED_IN) {
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_LOGIN,
                        "The token does not let go of an earlier login, so its PIN cannot be checked.");
    return FALSE;
  }
  set_refused (module, slot, rv, failure);
  return FALSE;
}

gboolean
cardea_login_for_signature (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot,
                            CardeaSecret *pin, gboolean *checked, CardeaFailure *failure)
{
  CardeaTokenInfo info;
  CK_SESSION_HANDLE session;
  CK_RV rv = cardea_sessions_keep (sessions, slot, &session);

  *checked = FALSE;
  if (rv != CKR_OK) {
    cardea_failure_set_rv (failure, "C_OpenSession", rv);
    return FALSE;
  }
  if (cardea_sessions_is_logged_in (sessions, slot))
    return cardea_login_check_token (module, sessions, slot, pin == NULL, CARDEA_HOST_WIRE_LOGIN_PLAIN,
                                     failure);
  rv = cardea_token_info_read (&info, module, slot);
  if (rv == CKR_OK && (info.token.flags & CKF_LOGIN_REQUIRED) == 0)
    return cardea_login_check_token (module, sessions, slot, pin == NULL, CARDEA_HOST_WIRE_LOGIN_PLAIN,
                                     failure);
  *checked = TRUE;
  return cardea_login_run (module, sessions, slot, pin, CARDEA_HOST_WIRE_LOGIN_FRESH, failure);
}

/* A card that refuses a PIN forgets the login it had (ISO/IEC 7816-4, 7.5.6), which its module may not know:
 * it would take the next PIN unseen. */
gboolean
cardea_login_in_context (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot,
                         CK_SESSION_HANDLE session, CardeaSecret *pin, CardeaFailure *failure)
{
  g_auto (CardeaFailure) ignored = { 0 };
  CK_RV rv = log_in (module, session, CKU_CONTEXT_SPECIFIC, pin);

  if (rv == CKR_OK)
    return TRUE;
  set_refused (module, slot, rv, failure);
  if (failure->failure == CARDEA_HOST_FAILURE_PIN)
    cardea_logout_run (module, sessions, slot, &ignored);
  return FALSE;
}
