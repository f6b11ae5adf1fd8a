/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The PKCS#11 module that NSS sees inside the agent: one slot whose token is always there and wants no login.
 *
 * NSS checks before every record of an authenticated connection that the key's token is present, logged in
 * and the same as before, and ends the connection otherwise; so the token NSS sees is this constant one, and
 * the agent decides itself what becomes of a connection whose real token was pulled or locked. */

#include "agent/front/session.h"
#include "agent/front/table.h"

#include <dlfcn.h>
#include <string.h>

enum
{
  SLOT = 1,
};

static const CK_MECHANISM_TYPE mechanisms[] = { CKM_RSA_PKCS_PSS, CKM_RSA_PKCS, CKM_ECDSA };

/* PKCS#11 texts are padded with blanks and have no end. */
static void
set_text (unsigned char *field, gsize size, const char *text)
{
  memset (field, ' ', size);
  memcpy (field, text, MIN (size, strlen (text)));
}

CK_RV
C_Initialize (void *data)
{
  const CK_C_INITIALIZE_ARGS *arguments = data;

  if (arguments == NULL)
    return CKR_OK;
  gboolean own_locks = arguments->CreateMutex != NULL || arguments->LockMutex != NULL;
  return own_locks && (arguments->flags & CKF_OS_LOCKING_OK) == 0 ? CKR_CANT_LOCK : CKR_OK;
}

CK_RV
C_Finalize (void *reserved)
{
  if (reserved != NULL)
    return CKR_ARGUMENTS_BAD;
  front_session_close_all ();
  return CKR_OK;
}

CK_RV
C_GetInfo (CK_INFO *info)
{
  if (info == NULL)
    return CKR_ARGUMENTS_BAD;
  memset (info, 0, sizeof *info);
  info->cryptokiVersion = (CK_VERSION){ CRYPTOKI_VERSION_MAJOR, CRYPTOKI_VERSION_MINOR };
  set_text (info->manufacturerID, sizeof info->manufacturerID, "Cardea");
  set_text (info->libraryDescription, sizeof info->libraryDescription, "Keys of live connections");
  return CKR_OK;
}

CK_RV
C_GetSlotList (CK_BBOOL token_present, CK_SLOT_ID *slots, CK_ULONG *count)
{
  if (count == NULL)
    return CKR_ARGUMENTS_BAD;
  CK_ULONG room = *count;
  *count = 1;
  if (slots == NULL)
    return CKR_OK;
  if (room < 1)
    return CKR_BUFFER_TOO_SMALL;
  slots[0] = SLOT;
  return CKR_OK;
}

CK_RV
C_GetSlotInfo (CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
  if (slot != SLOT)
    return CKR_SLOT_ID_INVALID;
  if (info == NULL)
    return CKR_ARGUMENTS_BAD;
  memset (info, 0, sizeof *info);
  set_text (info->slotDescription, sizeof info->slotDescription, CARDEA_FRONT_TOKEN_LABEL);
  set_text (info->manufacturerID, sizeof info->manufacturerID, "Cardea");
  info->flags = CKF_TOKEN_PRESENT;
  return CKR_OK;
}

CK_RV
C_GetTokenInfo (CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
  if (slot != SLOT)
    return CKR_SLOT_ID_INVALID;
  if (info == NULL)
    return CKR_ARGUMENTS_BAD;
  memset (info, 0, sizeof *info);
  set_text (info->label, sizeof info->label, CARDEA_FRONT_TOKEN_LABEL);
  set_text (info->manufacturerID, sizeof info->manufacturerID, "Cardea");
  set_text (info->model, sizeof info->model, "front");
  set_text (info->serialNumber, sizeof info->serialNumber, "1");
  set_text (info->utcTime, sizeof info->utcTime, "");
  info->flags = CKF_TOKEN_INITIALIZED | CKF_WRITE_PROTECTED;
  info->ulMaxSessionCount = CK_EFFECTIVELY_INFINITE;
  info->ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
  info->ulSessionCount = CK_UNAVAILABLE_INFORMATION;
  info->ulRwSessionCount = CK_UNAVAILABLE_INFORMATION;
  info->ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION;
  info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
  info->ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION;
  info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
  return CKR_OK;
}

CK_RV
C_GetMechanismList (CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
  if (slot != SLOT)
    return CKR_SLOT_ID_INVALID;
  if (count == NULL)
    return CKR_ARGUMENTS_BAD;
  CK_ULONG room = *count;
  *count = G_N_ELEMENTS (mechanisms);
  if (list == NULL)
    return CKR_OK;
  if (room < G_N_ELEMENTS (mechanisms))
    return CKR_BUFFER_TOO_SMALL;
  memcpy (list, mechanisms, sizeof mechanisms);
  return CKR_OK;
}

CK_RV
C_GetMechanismInfo (CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism, CK_MECHANISM_INFO *info)
{
  if (slot != SLOT)
    return CKR_SLOT_ID_INVALID;
  if (info == NULL)
    return CKR_ARGUMENTS_BAD;
  switch (mechanism) {
  case CKM_RSA_PKCS_PSS:
  case CKM_RSA_PKCS:
    *info = (CK_MECHANISM_INFO){ 2048, 16384, CKF_HW | CKF_SIGN };
    return CKR_OK;
  case CKM_ECDSA:
    *info = (CK_MECHANISM_INFO){ 256, 521, CKF_HW | CKF_SIGN };
    return CKR_OK;
  default:
    return CKR_MECHANISM_INVALID;
  }
}

CK_RV
C_OpenSession (CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
               CK_SESSION_HANDLE *session)
{
  if (slot != SLOT)
    return CKR_SLOT_ID_INVALID;
  if (session == NULL)
    return CKR_ARGUMENTS_BAD;
  if ((flags & CKF_SERIAL_SESSION) == 0)
    return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
  *session = front_session_open (flags);
  return CKR_OK;
}

CK_RV
C_CloseSession (CK_SESSION_HANDLE session)
{
  return front_session_close (session) ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
}

CK_RV
C_CloseAllSessions (CK_SLOT_ID slot)
{
  if (slot != SLOT)
    return CKR_SLOT_ID_INVALID;
  front_session_close_all ();
  return CKR_OK;
}

CK_RV
C_GetSessionInfo (CK_SESSION_HANDLE handle, CK_SESSION_INFO *info)
{
  FrontSession session;

  if (info == NULL)
    return CKR_ARGUMENTS_BAD;
  if (!front_session_read (handle, &session))
    return CKR_SESSION_HANDLE_INVALID;
  CK_STATE state = session.flags & CKF_RW_SESSION ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
  *info = (CK_SESSION_INFO){ SLOT, state, session.flags, 0 };
  return CKR_OK;
}

const char *
cardea_front_get_path (void)
{
  Dl_info info;

  return dladdr ((const void *)&mechanisms, &info) != 0 ? info.dli_fname : NULL;
}
