/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One change of the user's PIN.
 *
 * Who says that he knows the old PIN logs in with it first. C_SetPIN alone would do for most modules (PKCS#11
 * 2.40, 5.6), but mixes up which of the two PINs was not to its liking, and OpenSC takes a C_SetPIN by who is
 * not logged in for something else: an unblocking, with the PUK in the old PIN's place (its
 * user_pin_unblock_style). A login that fails ends it there, so one wrong PIN is one try.
 *
 * A security officer cannot log in while there is any read-only session (5.6, C_Login), so all of the slot's
 * are closed then. */

#include "agent/token-host/set-pin.h"

#include "agent/token-host/login.h"
#include "agent/token-host/one-reader.h"
#include "agent/token-host/token-info.h"

typedef struct
{
  CK_UTF8CHAR *bytes; /* NULL: by the token's own pad */
  gsize length;
} Pin;

typedef struct
{
  CardeaPkcs11 *module;
  CK_SLOT_ID slot;
  CK_SESSION_HANDLE session;
  Pin known, fresh;
  CardeaFailure *failure;
} Setting;

static Pin
peek (CardeaSecret *secret)
{
  Pin pin = { 0 };

  if (secret != NULL)
    pin.bytes = (CK_UTF8CHAR *)cardea_secret_peek (secret, &pin.length);
  return pin;
}

/* The security officer's PIN, or the PUK, was refused. */
static CardeaHostWirePin
officer_state (const Setting *self, CK_RV rv)
{
  CardeaTokenInfo info;

  if (rv == CKR_PIN_LOCKED)
    return CARDEA_HOST_WIRE_PIN_LOCKED;
  return cardea_token_info_read (&info, self->module, self->slot) == CKR_OK
             ? cardea_token_info_get_officer_pin (&info)
             : CARDEA_HOST_WIRE_PIN_UNKNOWN;
}

static gboolean
refuse_known (Setting *self, const char *function, CK_RV rv, gboolean officer)
{
  cardea_failure_set_rv (self->failure, function, rv);
  if (self->failure->failure != CARDEA_HOST_FAILURE_PIN)
    return FALSE;
  if (!officer) {
    cardea_login_explain_refusal (self->module, self->slot, rv, self->failure);
    return FALSE;
  }
  self->failure->tries = cardea_one_reader_get_tries (TRUE);
  self->failure->pin = self->failure->tries == 0   ? CARDEA_HOST_WIRE_PIN_LOCKED
                       : self->failure->tries == 1 ? CARDEA_HOST_WIRE_PIN_FINAL_TRY
                                                   : officer_state (self, rv);
  return FALSE;
}

/* OpenSC passes on what a card calls wrong data. */
static gboolean
is_about_new_pin (CK_RV rv)
{
  return rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE || rv == CKR_DATA_INVALID ||
         rv == CKR_ARGUMENTS_BAD || rv == CKR_DATA_LEN_RANGE;
}

/* @known was good before this. */
static gboolean
check_set (Setting *self, const char *function, CK_RV rv)
{
  if (rv == CKR_OK)
    return TRUE;
  cardea_failure_set_rv (self->failure, function, rv);
  if (is_about_new_pin (rv))
    self->failure->failure = CARDEA_HOST_FAILURE_NEW_PIN;
  return FALSE;
}

static CK_RV
call_set_pin (Setting *self)
{
  return CARDEA_PKCS11_CALL (self->module, C_SetPIN, self->session, self->known.bytes, self->known.length,
                             self->fresh.bytes, self->fresh.length);
}

/* A PIN that has expired is the right one all the same, and C_SetPIN what the token waits for. */
static gboolean
change (Setting *self)
{
  CK_RV rv = CARDEA_PKCS11_CALL (self->module, C_Login, self->session, CKU_USER, self->known.bytes,
                                 self->known.length);

  if (rv != CKR_OK && rv != CKR_PIN_EXPIRED)
    return refuse_known (self, "C_Login", rv, FALSE);
  rv = call_set_pin (self);
  if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED)
    return refuse_known (self, "C_SetPIN", rv, FALSE);
  return check_set (self, "C_SetPIN", rv);
}

static gboolean
unblock_by_officer (Setting *self)
{
  CK_RV rv = CARDEA_PKCS11_CALL (self->module, C_Login, self->session, CKU_SO, self->known.bytes,
                                 self->known.length);

  if (rv != CKR_OK)
    return refuse_known (self, "C_Login", rv, TRUE);
  rv = CARDEA_PKCS11_CALL (self->module, C_InitPIN, self->session, self->fresh.bytes, self->fresh.length);
  return check_set (self, "C_InitPIN", rv);
}

static gboolean
unblock_by_puk (Setting *self)
{
  CK_RV rv = call_set_pin (self);

  if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED)
    return refuse_known (self, "C_SetPIN", rv, TRUE);
  return check_set (self, "C_SetPIN", rv);
}

static gboolean
run (Setting *self, CardeaHostWireSetPin action)
{
  CK_RV rv = CARDEA_PKCS11_CALL (self->module, C_Logout, self->session);

  if (rv != CKR_OK && rv != CKR_USER_NOT_LOGGED_IN) {
    cardea_failure_set_rv (self->failure, "C_Logout", rv);
    return FALSE;
  }
  switch (action) {
  case CARDEA_HOST_WIRE_SET_PIN_UNBLOCK_BY_OFFICER:
    return unblock_by_officer (self);
  case CARDEA_HOST_WIRE_SET_PIN_UNBLOCK_BY_PUK:
    return unblock_by_puk (self);
  case CARDEA_HOST_WIRE_SET_PIN_CHANGE:
  default:
    return change (self);
  }
}

gboolean
cardea_set_pin_run (CardeaPkcs11 *module, CardeaSessions *sessions, CK_SLOT_ID slot,
                    CardeaHostWireSetPin action, CardeaSecret *known, CardeaSecret *fresh,
                    CardeaFailure *failure)
{
  Setting self = { module, slot, 0, peek (known), peek (fresh), failure };
  gboolean done;
  CK_RV rv;

  if (!cardea_login_check_token (module, sessions, slot, known == NULL, CARDEA_HOST_WIRE_LOGIN_PLAIN,
                                 failure))
    return FALSE;
  cardea_sessions_note_login (sessions, slot, FALSE);
  if (action == CARDEA_HOST_WIRE_SET_PIN_UNBLOCK_BY_OFFICER)
    cardea_sessions_close_all (sessions, slot);
  rv = CARDEA_PKCS11_CALL (module, C_OpenSession, slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                           &self.session);
  if (rv != CKR_OK) {
    cardea_failure_set_rv (failure, "C_OpenSession", rv);
    return FALSE;
  }
  done = run (&self, action);
  CARDEA_PKCS11_CALL (module, C_Logout, self.session);
  CARDEA_PKCS11_CALL (module, C_CloseSession, self.session);
  return done;
}
