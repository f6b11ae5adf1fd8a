/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What PKCS#11 return values mean to a person, and to the agent (PKCS#11 2.40 base specification, 5.1).
 *
 * The classes decide what happens next: after TOKEN and MODULE the process is started afresh, since nothing
 * the library says can be believed then; the others leave it alone. */

#include "agent/token-host/failure.h"

typedef struct
{
  CK_RV rv;
  const char *name;
  CardeaHostFailure failure;
} Meaning;

#define MEANING(rv, failure)                                                                                 \
  {                                                                                                          \
    rv, #rv, CARDEA_HOST_FAILURE_##failure                                                                   \
  }

static const Meaning meanings[] = {
  MEANING (CKR_HOST_MEMORY, MODULE),
  MEANING (CKR_SLOT_ID_INVALID, TOKEN),
  MEANING (CKR_GENERAL_ERROR, TOKEN),
  MEANING (CKR_FUNCTION_FAILED, TOKEN),
  MEANING (CKR_ARGUMENTS_BAD, MODULE),
  MEANING (CKR_NEED_TO_CREATE_THREADS, MODULE),
  MEANING (CKR_CANT_LOCK, MODULE),
  MEANING (CKR_ATTRIBUTE_SENSITIVE, KEY),
  MEANING (CKR_ATTRIBUTE_TYPE_INVALID, KEY),
  MEANING (CKR_ATTRIBUTE_VALUE_INVALID, KEY),
  MEANING (CKR_DATA_INVALID, KEY),
  MEANING (CKR_DATA_LEN_RANGE, KEY),
  MEANING (CKR_DEVICE_ERROR, TOKEN),
  MEANING (CKR_DEVICE_MEMORY, TOKEN),
  MEANING (CKR_DEVICE_REMOVED, TOKEN),
  MEANING (CKR_CANCEL, KEY),
  MEANING (CKR_FUNCTION_CANCELED, KEY),
  MEANING (CKR_FUNCTION_REJECTED, KEY),
  MEANING (CKR_FUNCTION_NOT_SUPPORTED, KEY),
  MEANING (CKR_KEY_HANDLE_INVALID, KEY),
  MEANING (CKR_KEY_SIZE_RANGE, KEY),
  MEANING (CKR_KEY_TYPE_INCONSISTENT, KEY),
  MEANING (CKR_KEY_FUNCTION_NOT_PERMITTED, KEY),
  MEANING (CKR_MECHANISM_INVALID, KEY),
  MEANING (CKR_MECHANISM_PARAM_INVALID, KEY),
  MEANING (CKR_OBJECT_HANDLE_INVALID, KEY),
  MEANING (CKR_OPERATION_ACTIVE, TOKEN),
  MEANING (CKR_OPERATION_NOT_INITIALIZED, TOKEN),
  MEANING (CKR_PIN_INCORRECT, PIN),
  MEANING (CKR_PIN_INVALID, PIN),
  MEANING (CKR_PIN_LEN_RANGE, PIN),
  MEANING (CKR_PIN_EXPIRED, PIN),
  MEANING (CKR_PIN_LOCKED, PIN),
  MEANING (CKR_SESSION_CLOSED, TOKEN),
  MEANING (CKR_SESSION_COUNT, KEY),
  MEANING (CKR_SESSION_HANDLE_INVALID, TOKEN),
  MEANING (CKR_SESSION_PARALLEL_NOT_SUPPORTED, MODULE),
  MEANING (CKR_SESSION_READ_ONLY, KEY),
  MEANING (CKR_SESSION_READ_ONLY_EXISTS, LOGIN),
  MEANING (CKR_SESSION_READ_WRITE_SO_EXISTS, LOGIN),
  MEANING (CKR_TEMPLATE_INCOMPLETE, MODULE),
  MEANING (CKR_TEMPLATE_INCONSISTENT, MODULE),
  MEANING (CKR_TOKEN_NOT_PRESENT, TOKEN),
  MEANING (CKR_TOKEN_NOT_RECOGNIZED, TOKEN),
  MEANING (CKR_TOKEN_WRITE_PROTECTED, KEY),
  MEANING (CKR_USER_ALREADY_LOGGED_IN, LOGIN),
  MEANING (CKR_USER_NOT_LOGGED_IN, LOGIN),
  MEANING (CKR_USER_PIN_NOT_INITIALIZED, PIN),
  MEANING (CKR_USER_TYPE_INVALID, MODULE),
  MEANING (CKR_USER_ANOTHER_ALREADY_LOGGED_IN, LOGIN),
  MEANING (CKR_USER_TOO_MANY_TYPES, LOGIN),
  MEANING (CKR_BUFFER_TOO_SMALL, KEY),
  MEANING (CKR_CRYPTOKI_NOT_INITIALIZED, MODULE),
  MEANING (CKR_CRYPTOKI_ALREADY_INITIALIZED, MODULE),
  MEANING (CKR_MUTEX_BAD, MODULE),
  MEANING (CKR_MUTEX_NOT_LOCKED, MODULE),
};

static const Meaning *
find_meaning (CK_RV rv)
{
  for (gsize i = 0; i < G_N_ELEMENTS (meanings); i++)
    if (meanings[i].rv == rv)
      return &meanings[i];
  return NULL;
}

char *
cardea_ckr_to_string (CK_RV rv)
{
  const Meaning *meaning = find_meaning (rv);

  return meaning != NULL ? g_strdup (meaning->name) : g_strdup_printf ("CKR 0x%lx", rv);
}

static const char *
sentence (CardeaHostFailure failure)
{
  switch (failure) {
  case CARDEA_HOST_FAILURE_PIN:
    return "The token refused the PIN";
  case CARDEA_HOST_FAILURE_LOGIN:
    return "The token wants to be unlocked first";
  case CARDEA_HOST_FAILURE_KEY:
    return "The token cannot do that";
  case CARDEA_HOST_FAILURE_TOKEN:
    return "The token was removed or does not work";
  default:
    return "The module does not work";
  }
}

void
cardea_failure_set (CardeaFailure *self, CardeaHostFailure failure, const char *format, ...)
{
  va_list arguments;

  cardea_failure_clear (self);
  self->failure = failure;
  self->tries = -1;
  va_start (arguments, format);
  self->message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
}

void
cardea_failure_set_rv (CardeaFailure *self, const char *function, CK_RV rv)
{
  const Meaning *meaning = find_meaning (rv);
  CardeaHostFailure failure = meaning != NULL ? meaning->failure : CARDEA_HOST_FAILURE_TOKEN;
  g_autofree char *name = cardea_ckr_to_string (rv);

  cardea_failure_set (self, failure, "%s (%s: %s).", sentence (failure), function, name);
  self->rv = rv;
}

void
cardea_failure_clear (CardeaFailure *self)
{
  g_free (self->message);
  *self = (CardeaFailure){ 0 };
}
