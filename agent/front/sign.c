/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signing: the one call that may block, as long as a person needs to touch a key. No lock is held meanwhile.
 * A key is looked up again when its signature begins, so that one that was removed never signs. */

#include "agent/front/object.h"
#include "agent/front/session.h"
#include "agent/front/table.h"

static guint
get_hash_bits (CK_MECHANISM_TYPE hash)
{
  switch (hash) {
  case CKM_SHA256:
    return 256;
  case CKM_SHA384:
    return 384;
  case CKM_SHA512:
    return 512;
  default:
    return 0;
  }
}

static guint
get_mgf_bits (CK_RSA_PKCS_MGF_TYPE mgf)
{
  switch (mgf) {
  case CKG_MGF1_SHA256:
    return 256;
  case CKG_MGF1_SHA384:
    return 384;
  case CKG_MGF1_SHA512:
    return 512;
  default:
    return 0;
  }
}

/* Only what TLS 1.3 signs: one hash for everything and a salt as long as it (RFC 8446, 4.2.3). */
static CK_RV
read_pss (const CK_MECHANISM *mechanism, FrontSession *session)
{
  const CK_RSA_PKCS_PSS_PARAMS *parameters = mechanism->pParameter;

  if (parameters == NULL || mechanism->ulParameterLen != sizeof *parameters)
    return CKR_MECHANISM_PARAM_INVALID;
  session->hash_bits = get_hash_bits (parameters->hashAlg);
  if (session->hash_bits == 0 || get_mgf_bits (parameters->mgf) != session->hash_bits ||
      parameters->sLen != session->hash_bits / 8)
    return CKR_MECHANISM_PARAM_INVALID;
  session->mechanism = CARDEA_FRONT_RSA_PSS;
  return CKR_OK;
}

static CK_RV
read_mechanism (const CK_MECHANISM *mechanism, CardeaFrontKeyType type, FrontSession *session)
{
  session->hash_bits = 0;
  switch (mechanism->mechanism) {
  case CKM_RSA_PKCS_PSS:
    return type == CARDEA_FRONT_RSA ? read_pss (mechanism, session) : CKR_KEY_TYPE_INCONSISTENT;
  case CKM_RSA_PKCS:
    session->mechanism = CARDEA_FRONT_RSA_PKCS1;
    return type == CARDEA_FRONT_RSA ? CKR_OK : CKR_KEY_TYPE_INCONSISTENT;
  case CKM_ECDSA:
    session->mechanism = CARDEA_FRONT_ECDSA;
    return type == CARDEA_FRONT_EC ? CKR_OK : CKR_KEY_TYPE_INCONSISTENT;
  default:
    return CKR_MECHANISM_INVALID;
  }
}

CK_RV
C_SignInit (CK_SESSION_HANDLE handle, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
  FrontSession session;

  if (!front_session_read (handle, &session))
    return CKR_SESSION_HANDLE_INVALID;
  if (mechanism == NULL) {
    session.signing = FALSE;
    return front_session_write (&session) ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
  }
  if (session.signing)
    return CKR_OPERATION_ACTIVE;
  g_autoptr (FrontObject) object = front_table_get (key);
  if (object == NULL || object->kind != OBJECT_KEY)
    return CKR_KEY_HANDLE_INVALID;
  CK_RV result = read_mechanism (mechanism, object->type, &session);
  if (result != CKR_OK)
    return result;
  session.signing = TRUE;
  session.key = key;
  return front_session_write (&session) ? CKR_OK : CKR_SESSION_HANDLE_INVALID;
}

static gboolean
is_data_length_right (const FrontSession *session, const FrontObject *object, CK_ULONG length)
{
  switch (session->mechanism) {
  case CARDEA_FRONT_RSA_PSS:
    return length == session->hash_bits / 8;
  case CARDEA_FRONT_RSA_PKCS1:
    /* RFC 8017, 9.2: eleven bytes of padding at least. */
    return length + 11 <= front_object_get_signature_length (object);
  case CARDEA_FRONT_ECDSA:
    return length > 0 && length <= 64;
  }
  return FALSE;
}

static CK_RV
sign (const FrontSession *session, FrontObject *object, const guint8 *data, CK_ULONG length,
      CK_BYTE *signature, CK_ULONG *signature_length)
{
  CardeaFrontSignRequest request = {
    .mechanism = session->mechanism, .hash_bits = session->hash_bits, .data = data, .length = length
  };
  gsize done = *signature_length;

  if (!is_data_length_right (session, object, length))
    return CKR_DATA_LEN_RANGE;
  if (!object->sign (object->user_data, &request, signature, &done) || done > *signature_length)
    return CKR_FUNCTION_FAILED;
  *signature_length = done;
  return CKR_OK;
}

CK_RV
C_Sign (CK_SESSION_HANDLE handle, CK_BYTE *data, CK_ULONG length, CK_BYTE *signature,
        CK_ULONG *signature_length)
{
  FrontSession session;

  if (!front_session_read (handle, &session))
    return CKR_SESSION_HANDLE_INVALID;
  if (!session.signing)
    return CKR_OPERATION_NOT_INITIALIZED;
  if ((data == NULL && length > 0) || signature_length == NULL)
    return CKR_ARGUMENTS_BAD;
  g_autoptr (FrontObject) object = front_table_get (session.key);
  if (object != NULL) {
    gsize needed = front_object_get_signature_length (object);
    /* Asking for the length and offering too little both leave the operation alive (PKCS#11 2.40, 5.2). */
    if (signature == NULL || *signature_length < needed) {
      *signature_length = needed;
      return signature == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
    }
  }
  session.signing = FALSE;
  if (!front_session_write (&session))
    return CKR_SESSION_HANDLE_INVALID;
  if (object == NULL)
    return CKR_KEY_HANDLE_INVALID;
  return sign (&session, object, data, length, signature, signature_length);
}
