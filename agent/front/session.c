/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The sessions of the slot.
 *
 * Opening one never fails: NSS would then fall back on the one session it shares between threads and hold its
 * lock for the whole of a signature. A session is a small value that calls copy out and in under the lock;
 * PKCS#11 forbids two threads in one session (2.40, 2.6.7), so what lies between has one owner. */

#include "agent/front/session.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *sessions; /* handle in the session -> FrontSession, owned */
static CK_SESSION_HANDLE last_handle;

static guint
hash_handle (gconstpointer key)
{
  return (guint) * (const CK_SESSION_HANDLE *)key;
}

static gboolean
equal_handles (gconstpointer a, gconstpointer b)
{
  return *(const CK_SESSION_HANDLE *)a == *(const CK_SESSION_HANDLE *)b;
}

static GHashTable *
get_sessions_locked (void)
{
  if (sessions == NULL)
    sessions = g_hash_table_new_full (hash_handle, equal_handles, NULL, g_free);
  return sessions;
}

CK_SESSION_HANDLE
front_session_open (CK_FLAGS flags)
{
  FrontSession *session = g_new0 (FrontSession, 1);
  session->flags = flags;

  pthread_mutex_lock (&lock);
  CK_SESSION_HANDLE handle = ++last_handle;
  session->handle = handle;
  g_hash_table_insert (get_sessions_locked (), &session->handle, session);
  pthread_mutex_unlock (&lock);
  return handle;
}

gboolean
front_session_close (CK_SESSION_HANDLE handle)
{
  pthread_mutex_lock (&lock);
  gboolean known = g_hash_table_remove (get_sessions_locked (), &handle);
  pthread_mutex_unlock (&lock);
  return known;
}

void
front_session_close_all (void)
{
  pthread_mutex_lock (&lock);
  g_clear_pointer (&sessions, g_hash_table_unref);
  pthread_mutex_unlock (&lock);
}

gboolean
front_session_read (CK_SESSION_HANDLE handle, FrontSession *session)
{
  pthread_mutex_lock (&lock);
  const FrontSession *found = g_hash_table_lookup (get_sessions_locked (), &handle);
  if (found != NULL)
    *session = *found;
  pthread_mutex_unlock (&lock);
  return found != NULL;
}

gboolean
front_session_write (const FrontSession *session)
{
  pthread_mutex_lock (&lock);
  FrontSession *found = g_hash_table_lookup (get_sessions_locked (), &session->handle);
  if (found != NULL)
    *found = *session;
  pthread_mutex_unlock (&lock);
  return found != NULL;
}
