/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The sessions of this process.
 *
 * A session does one thing at a time, so each thread takes one of its own and gives it back; on a card,
 * opening one costs. No lock is held while the module runs. */

#include "agent/token-host/sessions.h"

#include <string.h>

/* What tells a token from others: parts of CK_TOKEN_INFO, as long as there. */
typedef struct
{
  CK_UTF8CHAR label[32], manufacturer[32], model[16];
  CK_CHAR serial[16];
} Identity;

typedef struct
{
  gboolean kept_valid;
  CK_SESSION_HANDLE kept;
  gboolean logged_in; /* by us, and not logged out again */
  guint n_changes;    /* of that */
  gboolean token_known;
  Identity token; /* the one that was seen first */
  GArray *idle;   /* of CK_SESSION_HANDLE */
} Slot;

struct _CardeaSessions
{
  CardeaPkcs11 *module;
  GMutex lock;
  GHashTable *slots; /* guint64 -> Slot; protected by lock */
};

static void
slot_free (gpointer data)
{
  Slot *self = data;

  g_array_unref (self->idle);
  g_free (self);
}

CardeaSessions *
cardea_sessions_new (CardeaPkcs11 *module)
{
  CardeaSessions *self = g_new0 (CardeaSessions, 1);

  self->module = module;
  g_mutex_init (&self->lock);
  self->slots = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, slot_free);
  return self;
}

static Slot *
get_slot (CardeaSessions *self, guint64 id)
{
  Slot *slot = g_hash_table_lookup (self->slots, &id);

  if (slot == NULL) {
    slot = g_new0 (Slot, 1);
    slot->idle = g_array_new (FALSE, FALSE, sizeof (CK_SESSION_HANDLE));
    g_hash_table_insert (self->slots, g_memdup2 (&id, sizeof (id)), slot);
  }
  return slot;
}

static CK_RV
open_session (CardeaSessions *self, CK_SLOT_ID slot, CK_SESSION_HANDLE *session)
{
  return CARDEA_PKCS11_CALL (self->module, C_OpenSession, slot, CKF_SERIAL_SESSION, NULL, NULL, session);
}

/* Only for slots the module has opened a session on, so that a request cannot fill the table with numbers. */
static gboolean
take_idle (CardeaSessions *self, CK_SLOT_ID id, CK_SESSION_HANDLE *session)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint64 key = id;
  Slot *slot = g_hash_table_lookup (self->slots, &key);

  if (slot == NULL || slot->idle->len == 0)
    return FALSE;
  *session = g_array_index (slot->idle, CK_SESSION_HANDLE, slot->idle->len - 1);
  g_array_set_size (slot->idle, slot->idle->len - 1);
  return TRUE;
}

CK_RV
cardea_sessions_take (CardeaSessions *self, CK_SLOT_ID slot, CK_SESSION_HANDLE *session)
{
  return take_idle (self, slot, session) ? CKR_OK : open_session (self, slot, session);
}

void
cardea_sessions_give (CardeaSessions *self, CK_SLOT_ID slot, CK_SESSION_HANDLE session, CK_RV rv)
{
  if (rv != CKR_OK) {
    CARDEA_PKCS11_CALL (self->module, C_CloseSession, session);
    return;
  }
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_array_append_val (get_slot (self, slot)->idle, session);
}

static gboolean
find_kept (CardeaSessions *self, CK_SLOT_ID id, CK_SESSION_HANDLE *session)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint64 key = id;
  Slot *slot = g_hash_table_lookup (self->slots, &key);

  if (slot == NULL || !slot->kept_valid)
    return FALSE;
  *session = slot->kept;
  return TRUE;
}

CK_RV
cardea_sessions_keep (CardeaSessions *self, CK_SLOT_ID slot, CK_SESSION_HANDLE *session)
{
  CK_SESSION_HANDLE opened;
  CK_RV rv;

  if (find_kept (self, slot, session))
    return CKR_OK;
  rv = open_session (self, slot, &opened);
  if (rv != CKR_OK)
    return rv;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  Slot *entry = get_slot (self, slot);

  if (entry->kept_valid) /* another thread was quicker: one more idle session */
    g_array_append_val (entry->idle, opened);
  else
    entry->kept = opened;
  entry->kept_valid = TRUE;
  *session = entry->kept;
  return CKR_OK;
}

void
cardea_sessions_close_all (CardeaSessions *self, CK_SLOT_ID id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  Slot *slot = get_slot (self, id);

  slot->kept_valid = FALSE;
  g_array_set_size (slot->idle, 0);
  g_clear_pointer (&locker, g_mutex_locker_free);
  CARDEA_PKCS11_CALL (self->module, C_CloseAllSessions, id);
}

gboolean
cardea_sessions_recognise (CardeaSessions *self, CK_SLOT_ID id, const CK_TOKEN_INFO *info)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  Slot *slot = get_slot (self, id);
  Identity token;

  memcpy (token.label, info->label, sizeof token.label);
  memcpy (token.manufacturer, info->manufacturerID, sizeof token.manufacturer);
  memcpy (token.model, info->model, sizeof token.model);
  memcpy (token.serial, info->serialNumber, sizeof token.serial);
  if (!slot->token_known)
    slot->token = token;
  slot->token_known = TRUE;
  return memcmp (&slot->token, &token, sizeof token) == 0;
}

gboolean
cardea_sessions_is_logged_in (CardeaSessions *self, CK_SLOT_ID slot)
{
  CK_SESSION_INFO info = { 0 };
  CK_SESSION_HANDLE session;

  if (!find_kept (self, slot, &session) ||
      CARDEA_PKCS11_CALL (self->module, C_GetSessionInfo, session, &info) != CKR_OK)
    return FALSE;
  return info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS;
}

void
cardea_sessions_note_login (CardeaSessions *self, CK_SLOT_ID id, gboolean logged_in)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  get_slot (self, id)->logged_in = logged_in;
  get_slot (self, id)->n_changes++;
}

guint
cardea_sessions_count_changes (CardeaSessions *self, CK_SLOT_ID id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return get_slot (self, id)->n_changes;
}

static gboolean
was_logged_in (CardeaSessions *self, CK_SLOT_ID id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint64 key = id;
  Slot *slot = g_hash_table_lookup (self->slots, &key);

  return slot != NULL && slot->logged_in;
}

gboolean
cardea_sessions_lost_login (CardeaSessions *self, CK_SLOT_ID slot)
{
  return was_logged_in (self, slot) && !cardea_sessions_is_logged_in (self, slot);
}
