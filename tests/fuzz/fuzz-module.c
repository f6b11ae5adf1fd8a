/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes what a vendor's PKCS#11 module says to the token host: a listing, a login and a signature, of which
 * every answer comes from the input. Whatever a module says, the agent must find the host's messages honest.
 * The first byte has the roles of the listing, the second the mechanism of the signature and the manner of
 * the login. */
#include <string.h>

#include "agent/hosts/host-collector.h"
#include "agent/token-host/listing.h"
#include "agent/token-host/login.h"
#include "agent/token-host/sign.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

static FuzzInput answers;
static CardeaSessions *sessions; /* never freed, as in the host */
static guint16 run; /* part of each slot's number, so that no input meets the sessions of another */

static const CK_RV failures[] = {
  CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT, CKR_FUNCTION_FAILED,   CKR_PIN_INCORRECT,      CKR_PIN_LOCKED,
  CKR_PIN_EXPIRED,    CKR_HOST_MEMORY,       CKR_FUNCTION_CANCELED, CKR_VENDOR_DEFINED | 7, 0x12345,
};

/* At the end of the input everything fails, so that everything ends. */
static CK_RV
take_rv (void)
{
  guint8 byte = fuzz_take_byte (&answers);

  if (answers.size == 0)
    return CKR_DEVICE_ERROR;
  return byte < 0xe0 ? CKR_OK : failures[byte % G_N_ELEMENTS (failures)];
}

static CK_ULONG
take_number (void)
{
  static const CK_ULONG strange[] = {
    64, 65, 512, 4096, 4097, 65536, G_MAXUINT32, G_MAXULONG - 15, G_MAXULONG
  };
  guint8 byte = fuzz_take_byte (&answers);

  return byte < 0xf0 ? byte : strange[byte % G_N_ELEMENTS (strange)];
}

static void
take_bytes (void *target, gsize length)
{
  gsize n = MIN (length, answers.size);

  memset (target, ' ', length);
  memcpy (target, answers.data, n);
  answers.data += n;
  answers.size -= n;
}

/* Numbers of one byte: slots, handles, mechanisms. @count is what the caller has room for, and then what the
 * module claims. */
static CK_RV
take_list (CK_ULONG *list, CK_ULONG *count)
{
  CK_ULONG room = *count;

  *count = take_number ();
  for (CK_ULONG i = 0; list != NULL && i < MIN (room, *count); i++)
    list[i] = fuzz_take_byte (&answers);
  return take_rv ();
}

/* As much as there is room for; the length may be a lie. */
static CK_RV
take_value (void *value, CK_ULONG *length)
{
  g_autoptr (GBytes) part = fuzz_take_part (&answers);
  gsize size;
  const void *bytes = g_bytes_get_data (part, &size);

  if (value != NULL && size > 0)
    memcpy (value, bytes, MIN (size, *length));
  *length = fuzz_take_byte (&answers) < 0xf0 ? size : take_number ();
  return take_rv ();
}

static CK_RV
get_slot_list (CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count)
{
  CK_ULONG room = *count;
  CK_RV rv = take_list (list, count);

  for (CK_ULONG i = 0; list != NULL && i < MIN (room, *count); i++)
    list[i] |= (CK_SLOT_ID)run << 8;
  return rv;
}

static CK_RV
get_slot_info (CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
  take_bytes (info->slotDescription, 4);
  return take_rv ();
}

static CK_RV
get_token_info (CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
  take_bytes (info->label, 4);
  take_bytes (info->serialNumber, 2);
  info->flags = (CK_FLAGS)fuzz_take_byte (&answers) << 16;
  info->flags |= (CK_FLAGS)fuzz_take_byte (&answers) << 8;
  info->flags |= fuzz_take_byte (&answers);
  return take_rv ();
}

static CK_RV
get_mechanism_list (CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
  return take_list (list, count);
}

static CK_RV
get_mechanism_info (CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
  info->flags = CKF_SIGN;
  return take_rv ();
}

static CK_RV
open_session (CK_SLOT_ID slot, CK_FLAGS flags, void *data, CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
  *session = fuzz_take_byte (&answers);
  return take_rv ();
}

static CK_RV
close_session (CK_SESSION_HANDLE session)
{
  return take_rv ();
}

static CK_RV
get_session_info (CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
  info->state = fuzz_take_byte (&answers);
  return take_rv ();
}

static CK_RV
login (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG length)
{
  return take_rv ();
}

static CK_RV
logout (CK_SESSION_HANDLE session)
{
  return take_rv ();
}

static CK_RV
find_objects_init (CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
  return take_rv ();
}

static CK_RV
find_objects (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *list, CK_ULONG max, CK_ULONG *count)
{
  *count = max;
  return take_list (list, count);
}

static CK_RV
get_attribute_value (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                     CK_ULONG count)
{
  return take_value (template->pValue, &template->ulValueLen);
}

static CK_RV
sign_init (CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
  return take_rv ();
}

static CK_RV
sign (CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *signature,
      CK_ULONG *signature_length)
{
  return take_value (signature, signature_length);
}

static const CK_FUNCTION_LIST functions = {
  .version = { 2, 40 },
  .C_GetSlotList = get_slot_list,
  .C_GetSlotInfo = get_slot_info,
  .C_GetTokenInfo = get_token_info,
  .C_GetMechanismList = get_mechanism_list,
  .C_GetMechanismInfo = get_mechanism_info,
  .C_OpenSession = open_session,
  .C_CloseSession = close_session,
  .C_GetSessionInfo = get_session_info,
  .C_Login = login,
  .C_Logout = logout,
  .C_FindObjectsInit = find_objects_init,
  .C_FindObjects = find_objects,
  .C_FindObjectsFinal = close_session,
  .C_GetAttributeValue = get_attribute_value,
  .C_SignInit = sign_init,
  .C_Sign = sign,
};

/* In place of the host's own: the module is this file. */
const CK_FUNCTION_LIST *
cardea_pkcs11_enter (CardeaPkcs11 *self)
{
  return &functions;
}

void
cardea_pkcs11_leave (CardeaPkcs11 *self)
{
}

CK_RV
cardea_pkcs11_get_token_info (CardeaPkcs11 *self, CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
  return CARDEA_PKCS11_CALL (self, C_GetTokenInfo, slot, info);
}

/* As the agent takes it. */
static void
on_item (CardeaHostMessage *item, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) packet = cardea_host_message_encode (item, &error);
  CardeaHostMessage message;
  gsize length;
  const guint8 *bytes;

  g_assert_no_error (error);
  bytes = g_bytes_get_data (packet, &length);
  g_assert_true (cardea_host_message_decode (bytes, length, CARDEA_HOST_REPLIES, &message, NULL));
  if (message.type != CARDEA_HOST_MESSAGE_LISTED)
    g_assert_true (cardea_host_collector_add (data, &message));
}

static void
check_failure (const CardeaFailure *failure)
{
  fuzz_check_text (failure->message, FALSE);
}

static void
list (CardeaHostWireRoles roles)
{
  g_autoptr (CardeaHostCollector) collector = cardea_host_collector_new (1, (CardeaHostRoles)roles);
  g_autoptr (CardeaHostListing) listing = NULL;
  g_auto (CardeaFailure) failure = { 0 };

  if (!cardea_listing_run (NULL, sessions, roles, on_item, collector, &failure))
    check_failure (&failure);
  listing = cardea_host_collector_finish (collector);
}

static CardeaHostWireLogin
choose_manner (guint8 mechanism)
{
  return mechanism & 0x40   ? CARDEA_HOST_WIRE_LOGIN_CAREFUL
         : mechanism & 0x20 ? CARDEA_HOST_WIRE_LOGIN_FRESH
                            : CARDEA_HOST_WIRE_LOGIN_PLAIN;
}

static void
use_key (guint8 mechanism)
{
  static const guint8 id[] = { 1 };
  static const guint8 digest[32];
  CardeaHostMessage request = { CARDEA_HOST_MESSAGE_SIGN, 1 };
  g_auto (CardeaFailure) login_failure = { 0 };
  g_auto (CardeaFailure) sign_failure = { 0 };
  g_autoptr (CardeaSecret) pin = NULL;
  g_autoptr (GBytes) signature = NULL;

  request.sign.slot = 1 | (guint64)run << 8;
  request.sign.mechanism = mechanism % (CARDEA_HOST_WIRE_SIGN_RSA_PSS_RAW + 1);
  request.sign.hash_bits = 256;
  request.sign.pin = mechanism & 0x10 ? CARDEA_HOST_WIRE_SIGN_PINPAD : CARDEA_HOST_WIRE_SIGN_NO_PIN;
  request.sign.key_id = (CardeaHostBytes){ id, sizeof id };
  request.sign.modulus = (CardeaHostBytes){ digest + 1, mechanism & 0x80 ? 4 : 0 };
  request.sign.data = (CardeaHostBytes){ digest, sizeof digest };
  if (!cardea_login_run (NULL, sessions, request.sign.slot, NULL, choose_manner (mechanism), &login_failure))
    check_failure (&login_failure);
  signature = cardea_sign_run (NULL, sessions, &request, &pin, &sign_failure);
  if (signature == NULL)
    check_failure (&sign_failure);
  else
    g_assert_cmpuint (g_bytes_get_size (signature), <=, CARDEA_HOST_SIGNATURE_BYTES);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_begin ();
  sessions = cardea_sessions_new (NULL);
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  guint8 roles;
  guint8 mechanism;

  run++;
  answers = (FuzzInput){ data, size };
  roles = fuzz_take_byte (&answers) & (CARDEA_HOST_WIRE_ROLE_TOKENS | CARDEA_HOST_WIRE_ROLE_AUTHORITIES);
  mechanism = fuzz_take_byte (&answers);
  list (roles);
  use_key (mechanism);
  return 0;
}
