/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of PKCS#11 functions. NSS calls through it without looking whether an entry is empty, so each
 * call that this slot does not know is answered by a function of the right type that says so. */

#include "agent/front/front.h"

#include <p11-kit/pkcs11.h>

static CK_RV
no_event (CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved)
{
  return CKR_NO_EVENT;
}

static CK_RV
no_initialising (CK_SLOT_ID slot, CK_BYTE *pin, CK_ULONG length, CK_BYTE *label)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_bytes_in (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_two_inputs (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *other,
               CK_ULONG other_length)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_bytes_out (CK_SESSION_HANDLE session, CK_BYTE *result, CK_ULONG *length)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_restoring (CK_SESSION_HANDLE session, CK_BYTE *state, CK_ULONG length, CK_OBJECT_HANDLE encryption_key,
              CK_OBJECT_HANDLE authentication_key)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_login (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_BYTE *pin, CK_ULONG length)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_session_call (CK_SESSION_HANDLE session)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_creating (CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *object)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_copying (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count,
            CK_OBJECT_HANDLE *copy)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_object_call (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_size (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_changing (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_keyed_start (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_conversion (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *result,
               CK_ULONG *result_length)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_digest (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_generating (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *attributes, CK_ULONG count,
               CK_OBJECT_HANDLE *key)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_pair (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_attributes,
         CK_ULONG public_count, CK_ATTRIBUTE *private_attributes, CK_ULONG private_count,
         CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_wrapping (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping_key,
             CK_OBJECT_HANDLE key, CK_BYTE *wrapped, CK_ULONG *length)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_unwrapping (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping_key,
               CK_BYTE *wrapped, CK_ULONG length, CK_ATTRIBUTE *attributes, CK_ULONG count,
               CK_OBJECT_HANDLE *key)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
no_deriving (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
             CK_ATTRIBUTE *attributes, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
  return CKR_FUNCTION_NOT_SUPPORTED;
}

/* PKCS#11 hands the table out as writable; nobody writes to it. */
static CK_FUNCTION_LIST functions = {
  .version = { CRYPTOKI_VERSION_MAJOR, CRYPTOKI_VERSION_MINOR },
  .C_Initialize = C_Initialize,
  .C_Finalize = C_Finalize,
  .C_GetInfo = C_GetInfo,
  .C_GetFunctionList = C_GetFunctionList,
  .C_GetSlotList = C_GetSlotList,
  .C_GetSlotInfo = C_GetSlotInfo,
  .C_GetTokenInfo = C_GetTokenInfo,
  .C_GetMechanismList = C_GetMechanismList,
  .C_GetMechanismInfo = C_GetMechanismInfo,
  .C_InitToken = no_initialising,
  .C_InitPIN = no_bytes_in,
  .C_SetPIN = no_two_inputs,
  .C_OpenSession = C_OpenSession,
  .C_CloseSession = C_CloseSession,
  .C_CloseAllSessions = C_CloseAllSessions,
  .C_GetSessionInfo = C_GetSessionInfo,
  .C_GetOperationState = no_bytes_out,
  .C_SetOperationState = no_restoring,
  .C_Login = no_login,
  .C_Logout = no_session_call,
  .C_CreateObject = no_creating,
  .C_CopyObject = no_copying,
  .C_DestroyObject = no_object_call,
  .C_GetObjectSize = no_size,
  .C_GetAttributeValue = C_GetAttributeValue,
  .C_SetAttributeValue = no_changing,
  .C_FindObjectsInit = C_FindObjectsInit,
  .C_FindObjects = C_FindObjects,
  .C_FindObjectsFinal = C_FindObjectsFinal,
  .C_EncryptInit = no_keyed_start,
  .C_Encrypt = no_conversion,
  .C_EncryptUpdate = no_conversion,
  .C_EncryptFinal = no_bytes_out,
  .C_DecryptInit = no_keyed_start,
  .C_Decrypt = no_conversion,
  .C_DecryptUpdate = no_conversion,
  .C_DecryptFinal = no_bytes_out,
  .C_DigestInit = no_digest,
  .C_Digest = no_conversion,
  .C_DigestUpdate = no_bytes_in,
  .C_DigestKey = no_object_call,
  .C_DigestFinal = no_bytes_out,
  .C_SignInit = C_SignInit,
  .C_Sign = C_Sign,
  .C_SignUpdate = no_bytes_in,
  .C_SignFinal = no_bytes_out,
  .C_SignRecoverInit = no_keyed_start,
  .C_SignRecover = no_conversion,
  .C_VerifyInit = no_keyed_start,
  .C_Verify = no_two_inputs,
  .C_VerifyUpdate = no_bytes_in,
  .C_VerifyFinal = no_bytes_in,
  .C_VerifyRecoverInit = no_keyed_start,
  .C_VerifyRecover = no_conversion,
  .C_DigestEncryptUpdate = no_conversion,
  .C_DecryptDigestUpdate = no_conversion,
  .C_SignEncryptUpdate = no_conversion,
  .C_DecryptVerifyUpdate = no_conversion,
  .C_GenerateKey = no_generating,
  .C_GenerateKeyPair = no_pair,
  .C_WrapKey = no_wrapping,
  .C_UnwrapKey = no_unwrapping,
  .C_DeriveKey = no_deriving,
  .C_SeedRandom = no_bytes_in,
  .C_GenerateRandom = no_bytes_in,
  .C_GetFunctionStatus = no_session_call,
  .C_CancelFunction = no_session_call,
  .C_WaitForSlotEvent = no_event,
};

CK_RV
C_GetFunctionList (CK_FUNCTION_LIST **list)
{
  if (list == NULL)
    return CKR_ARGUMENTS_BAD;
  *list = &functions;
  return CKR_OK;
}
