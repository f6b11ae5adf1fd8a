/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The objects of the slot.
 *
 * NSS looks objects up while it holds its slot's monitor, so a look-up that waited for anything would stall
 * every connection: the lock is held for table operations alone, never while a key signs or is destroyed.
 * Handles only grow: NSS remembers them with a key, and one that came back for another connection's key would
 * sign with the wrong one.
 *
 * The table is the process's, since PKCS#11 knows no instances. The lock is pthread's and not GLib's so that
 * ThreadSanitizer, which cannot see into GLib's futexes, can check this code. */

#include "agent/front/table.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *by_handle; /* guint64 in the object -> FrontObject, owned */
static GHashTable *keys;      /* GBytes -> FrontObject, borrowed */
static GHashTable *certificates;
static CK_OBJECT_HANDLE last_handle;

static guint
hash_handle (gconstpointer key)
{
  return (guint) * (const CK_OBJECT_HANDLE *)key;
}

static gboolean
equal_handles (gconstpointer a, gconstpointer b)
{
  return *(const CK_OBJECT_HANDLE *)a == *(const CK_OBJECT_HANDLE *)b;
}

static GHashTable *
names_of (FrontObjectKind kind)
{
  return kind == OBJECT_KEY ? keys : certificates;
}

static void
create_locked (void)
{
  if (by_handle != NULL)
    return;
  by_handle = g_hash_table_new (hash_handle, equal_handles);
  keys = g_hash_table_new (g_bytes_hash, g_bytes_equal);
  certificates = g_hash_table_new (g_bytes_hash, g_bytes_equal);
}

static void
object_free (FrontObject *object)
{
  if (object->destroy != NULL)
    object->destroy (object->user_data);
  g_bytes_unref (object->name);
  g_clear_pointer (&object->parameters, g_bytes_unref);
  g_free (object);
}

static void
insert_locked (FrontObject *object)
{
  object->handle = ++last_handle;
  object->references = 1;
  g_hash_table_insert (by_handle, &object->handle, object);
  g_hash_table_insert (names_of (object->kind), object->name, object);
}

/* The caller gives up the table's reference when it has unlocked. */
static void
remove_locked (FrontObject *object)
{
  g_hash_table_remove (names_of (object->kind), object->name);
  g_hash_table_remove (by_handle, &object->handle);
}

static FrontObject *
ref_locked (FrontObject *object)
{
  if (object != NULL)
    object->references++;
  return object;
}

void
front_object_unref (FrontObject *object)
{
  pthread_mutex_lock (&lock);
  gboolean last = --object->references == 0;
  pthread_mutex_unlock (&lock);
  if (last)
    object_free (object);
}

FrontObject *
front_table_find (FrontObjectKind kind, const void *name, gsize length)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (name, length);

  pthread_mutex_lock (&lock);
  create_locked ();
  FrontObject *object = ref_locked (g_hash_table_lookup (names_of (kind), bytes));
  pthread_mutex_unlock (&lock);
  return object;
}

FrontObject *
front_table_get (CK_OBJECT_HANDLE handle)
{
  pthread_mutex_lock (&lock);
  create_locked ();
  FrontObject *object = ref_locked (g_hash_table_lookup (by_handle, &handle));
  pthread_mutex_unlock (&lock);
  return object;
}

void
cardea_front_add_certificate (GBytes *der)
{
  g_return_if_fail (der != NULL);

  pthread_mutex_lock (&lock);
  create_locked ();
  FrontObject *object = g_hash_table_lookup (certificates, der);
  if (object == NULL) {
    object = g_new0 (FrontObject, 1);
    object->kind = OBJECT_CERTIFICATE;
    object->name = g_bytes_ref (der);
    insert_locked (object);
  }
  object->additions++;
  pthread_mutex_unlock (&lock);
}

void
cardea_front_remove_certificate (GBytes *der)
{
  g_return_if_fail (der != NULL);

  pthread_mutex_lock (&lock);
  create_locked ();
  FrontObject *object = g_hash_table_lookup (certificates, der);
  gboolean gone = object != NULL && --object->additions == 0;
  if (gone)
    remove_locked (object);
  pthread_mutex_unlock (&lock);
  g_return_if_fail (object != NULL);
  if (gone)
    front_object_unref (object);
}

void
cardea_front_add_key (const guint8 id[32], CardeaFrontKeyType type, GBytes *parameters, CardeaFrontSign sign,
                      gpointer user_data, GDestroyNotify destroy)
{
  g_return_if_fail (id != NULL && parameters != NULL && sign != NULL);

  FrontObject *object = g_new0 (FrontObject, 1);
  object->kind = OBJECT_KEY;
  object->name = g_bytes_new (id, 32);
  object->parameters = g_bytes_ref (parameters);
  object->type = type;
  object->sign = sign;
  object->user_data = user_data;
  object->destroy = destroy;

  pthread_mutex_lock (&lock);
  create_locked ();
  gboolean taken = g_hash_table_contains (keys, object->name);
  if (!taken)
    insert_locked (object);
  pthread_mutex_unlock (&lock);
  /* Ids are random: the same one twice is a caller that adds twice, and the first must keep its signer. */
  if (taken)
    object_free (object);
  g_return_if_fail (!taken);
}

void
cardea_front_remove_key (const guint8 id[32])
{
  g_return_if_fail (id != NULL);
  g_autoptr (GBytes) name = g_bytes_new_static (id, 32);

  pthread_mutex_lock (&lock);
  create_locked ();
  FrontObject *object = g_hash_table_lookup (keys, name);
  if (object != NULL)
    remove_locked (object);
  pthread_mutex_unlock (&lock);
  g_return_if_fail (object != NULL);
  front_object_unref (object);
}

guint
cardea_front_count (void)
{
  pthread_mutex_lock (&lock);
  create_locked ();
  guint count = g_hash_table_size (by_handle);
  pthread_mutex_unlock (&lock);
  return count;
}
