/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Everything there is on the tokens of a module, as a stream of items.
 *
 * Each token is read by itself: one that fails in the middle shows what was read so far, and does not hide
 * the others. Private keys are seen where the token shows them without a login, and on all tokens after it.
 */

#include "agent/token-host/listing.h"

#include <dlfcn.h>

#include "agent/token-host/objects.h"
#include "agent/token-host/one-reader.h"
#include "agent/token-host/token-info.h"
#include "agent/token-host/trust.h"

#define PROGRESS_EVERY (G_USEC_PER_SEC / 10)

typedef struct
{
  CardeaPkcs11 *module;
  CardeaSessions *sessions;
  CardeaHostWireRoles roles;
  CardeaListingSend send;
  gpointer data;
  gint64 sent;         /* when the last item went out */
  gboolean incomplete; /* something was left out by a limit */
} Listing;

static void
send_item (Listing *self, CardeaHostMessage *message)
{
  self->sent = g_get_monotonic_time ();
  self->send (message, self->data);
}

static void
on_module_answered (gpointer data)
{
  Listing *self = data;
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_PROGRESS };

  if (g_get_monotonic_time () - self->sent >= PROGRESS_EVERY)
    send_item (self, &message);
}

static CardeaHostBytes
peek (GBytes *bytes)
{
  CardeaHostBytes result = { NULL, 0 };

  if (bytes != NULL)
    result.data = g_bytes_get_data (bytes, &result.length);
  return result;
}

static void
list_certificate (Listing *self, const CardeaObjects *objects, CK_SLOT_ID slot, CK_OBJECT_HANDLE object)
{
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_CERTIFICATE, .certificate = { .slot = slot } };
  CK_ULONG type = CKC_X_509;

  cardea_objects_get_ulong (objects, object, CKA_CERTIFICATE_TYPE, &type);
  if (type != CKC_X_509)
    return;
  g_autoptr (GBytes) der =
      cardea_objects_get_bytes (objects, object, CKA_VALUE, CARDEA_LIMIT_CERTIFICATE_BYTES);
  g_autoptr (GBytes) id = cardea_objects_get_bytes (objects, object, CKA_ID, CARDEA_LIMIT_LABEL_BYTES);
  g_autoptr (GBytes) label = cardea_objects_get_bytes (objects, object, CKA_LABEL, CARDEA_LIMIT_LABEL_BYTES);

  if (der == NULL || g_bytes_get_size (der) == 0)
    return;
  message.certificate.der = peek (der);
  message.certificate.key_id = peek (id);
  message.certificate.label = peek (label);
  send_item (self, &message);
}

static void
list_key (Listing *self, const CardeaObjects *objects, CK_SLOT_ID slot, CK_OBJECT_HANDLE object)
{
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_KEY, .key = { .slot = slot } };

  if (!cardea_objects_get_bool (objects, object, CKA_SIGN, TRUE))
    return;
  g_autoptr (GBytes) id = cardea_objects_get_bytes (objects, object, CKA_ID, CARDEA_LIMIT_LABEL_BYTES);
  g_autoptr (GBytes) modulus =
      cardea_objects_get_bytes (objects, object, CKA_MODULUS, CARDEA_HOST_MODULUS_BYTES);

  message.key.always_authenticate = cardea_objects_get_bool (objects, object, CKA_ALWAYS_AUTHENTICATE, FALSE);
  message.key.key_id = peek (id);
  message.key.modulus = peek (modulus);
  send_item (self, &message);
}

typedef void (*ListObject) (Listing *self, const CardeaObjects *objects, CK_SLOT_ID slot,
                            CK_OBJECT_HANDLE object);

static CK_RV
list_class (Listing *self, const CardeaObjects *objects, CK_SLOT_ID slot, CK_OBJECT_CLASS class,
            ListObject function)
{
  CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof (class) };
  g_autoptr (GArray) handles = NULL;
  gboolean more;
  CK_RV rv =
      cardea_objects_find (objects, &template, 1, CARDEA_LIMIT_CERTIFICATES_PER_TOKEN, &handles, &more);

  if (rv != CKR_OK)
    return rv;
  self->incomplete |= more;
  for (guint i = 0; i < handles->len; i++)
    function (self, objects, slot, g_array_index (handles, CK_OBJECT_HANDLE, i));
  return CKR_OK;
}

static CK_RV
list_objects (Listing *self, CK_SLOT_ID slot)
{
  CardeaObjects objects = { self->module, .tick = on_module_answered, .tick_data = self };
  CK_RV rv = cardea_sessions_take (self->sessions, slot, &objects.session);

  on_module_answered (self);
  if (rv != CKR_OK)
    return rv;
  if ((self->roles & CARDEA_HOST_WIRE_ROLE_TOKENS) != 0) {
    rv = list_class (self, &objects, slot, CKO_CERTIFICATE, list_certificate);
    if (rv == CKR_OK)
      rv = list_class (self, &objects, slot, CKO_PRIVATE_KEY, list_key);
  }
  if (rv == CKR_OK && (self->roles & CARDEA_HOST_WIRE_ROLE_AUTHORITIES) != 0)
    rv = cardea_trust_list (&objects, self->send, self->data, &self->incomplete);
  cardea_sessions_give (self->sessions, slot, objects.session, rv);
  return rv;
}

/* A login of one connection comes and goes while others list: what was not seen then may be there all the
 * same. */
static void
report_login (Listing *self, CK_SLOT_ID slot, guint changes)
{
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_LOGIN_ENDED, .login_ended = { .slot = slot } };

  if (cardea_sessions_count_changes (self->sessions, slot) != changes ||
      !cardea_sessions_is_logged_in (self->sessions, slot))
    send_item (self, &message);
}

/* FALSE when the slot holds another token than before. */
static gboolean
list_slot (Listing *self, CK_SLOT_ID slot)
{
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_TOKEN };
  guint changes = cardea_sessions_count_changes (self->sessions, slot);
  CardeaTokenInfo info;
  CK_RV rv = cardea_token_info_read (&info, self->module, slot);

  on_module_answered (self);
  if (rv != CKR_OK)
    return TRUE;
  if (!cardea_sessions_recognise (self->sessions, slot, &info.token))
    return FALSE;
  cardea_token_info_fill (&info, self->module, slot, &message);
  message.token.told_tries = (guint64)(cardea_one_reader_get_tries (FALSE) + 1);
  message.token.logged_in = cardea_sessions_is_logged_in (self->sessions, slot);
  if ((self->roles & CARDEA_HOST_WIRE_ROLE_TOKENS) != 0)
    send_item (self, &message);
  if (!message.token.initialised)
    return TRUE;
  list_objects (self, slot);
  if (message.token.logged_in && (self->roles & CARDEA_HOST_WIRE_ROLE_TOKENS) != 0)
    report_login (self, slot, changes);
  return TRUE;
}

/* What a module does to reach cards cannot be asked; whether it has the library for it can be seen. Only
 * after its slots were listed: some load it no sooner. */
static gboolean
has_pcsc (void)
{
  void *library = dlopen ("libpcsclite.so.1", RTLD_LAZY | RTLD_NOLOAD);

  if (library != NULL)
    dlclose (library);
  return library != NULL;
}

gboolean
cardea_listing_run (CardeaPkcs11 *module, CardeaSessions *sessions, CardeaHostWireRoles roles,
                    CardeaListingSend send, gpointer data, CardeaFailure *failure)
{
  Listing self = { module, sessions, roles, send, data, .sent = g_get_monotonic_time () };
  g_autoptr (GArray) slots = NULL;
  CK_RV rv = cardea_token_slots (module, CARDEA_LIMIT_TOKENS_PER_HOST, &slots, &self.incomplete);
  CardeaHostMessage end = { CARDEA_HOST_MESSAGE_LISTED };

  if (rv != CKR_OK) {
    cardea_failure_set_rv (failure, "C_GetSlotList", rv);
    return FALSE;
  }
  for (guint i = 0; i < slots->len; i++)
    if (!list_slot (&self, g_array_index (slots, CK_SLOT_ID, i))) {
      cardea_token_info_set_swapped (failure);
      return FALSE;
    }
  end.listed.incomplete = self.incomplete;
  end.listed.pcsc = has_pcsc ();
  send (&end, data);
  return TRUE;
}
