/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What ThreadSanitizer cannot see of GLib: which thread is ordered after which.
 *
 * Debian's GLib is not instrumented, and its locks are futexes of its own, so whatever is handed from one
 * thread to another by a mutex, a pool, a queue or a main context looks like a race. Suppressing those would
 * suppress ours with them. Instead this library, which only a build with -Db_sanitize=thread links, stands
 * before GLib in the order of symbols, and tells of each hand-over what GLib's documentation promises. No
 * code of the project is exempted by it. */

#define G_DISABLE_CAST_CHECKS
#include <dlfcn.h>
#include <gio/gio.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

/* The function that this library hides. */
#define REAL(name)                                                                                           \
  static __typeof__ (name) *real;                                                                            \
  if (__atomic_load_n (&real, __ATOMIC_RELAXED) == NULL)                                                     \
  __atomic_store_n (&real, (__typeof__ (name) *)dlsym (RTLD_NEXT, #name), __ATOMIC_RELAXED)

void
g_mutex_lock (GMutex *mutex)
{
  REAL (g_mutex_lock);
  real (mutex);
  __tsan_acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  REAL (g_mutex_trylock);
  gboolean locked = real (mutex);

  if (locked)
    __tsan_acquire (mutex);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  REAL (g_mutex_unlock);
  __tsan_release (mutex);
  real (mutex);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  REAL (g_cond_wait);
  __tsan_release (mutex);
  real (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  REAL (g_cond_wait_until);
  __tsan_release (mutex);
  gboolean signalled = real (cond, mutex, end_time);

  __tsan_acquire (mutex);
  return signalled;
}

gpointer
g_once_impl (GOnce *once, GThreadFunc func, gpointer arg)
{
  REAL (g_once_impl);
  gpointer value = real (once, func, arg);

  __tsan_release ((gpointer)&once->status);
  return value;
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  REAL (g_async_queue_push);
  __tsan_release (queue);
  real (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  REAL (g_async_queue_pop);
  gpointer data = real (queue);

  __tsan_acquire (queue);
  return data;
}

gpointer
g_async_queue_timeout_pop (GAsyncQueue *queue, guint64 timeout)
{
  REAL (g_async_queue_timeout_pop);
  gpointer data = real (queue, timeout);

  __tsan_acquire (queue);
  return data;
}

/* A pool's function, called after what was done before the push. Lives as long as the process. */
typedef struct
{
  GFunc function;
  gpointer data;
} PoolFunction;

static void
call_pool_function (gpointer job, gpointer user_data)
{
  PoolFunction *self = user_data;

  __tsan_acquire (job);
  self->function (job, self->data);
}

GThreadPool *
g_thread_pool_new (GFunc function, gpointer data, gint max_threads, gboolean exclusive, GError **error)
{
  REAL (g_thread_pool_new);
  PoolFunction *wrapped = g_new (PoolFunction, 1);

  *wrapped = (PoolFunction){ function, data };
  return real (call_pool_function, wrapped, max_threads, exclusive, error);
}

gboolean
g_thread_pool_push (GThreadPool *pool, gpointer job, GError **error)
{
  REAL (g_thread_pool_push);
  __tsan_release (job);
  return real (pool, job, error);
}

/* A source's callback: called after what was done before the source was attached, freed after every call. */
typedef struct
{
  gatomicrefcount references;
  GSourceFunc function;
  gpointer data;
  GDestroyNotify notify;
} Callback;

static void
callback_ref (gpointer data)
{
  g_atomic_ref_count_inc (&((Callback *)data)->references);
}

static void
callback_unref (gpointer data)
{
  Callback *self = data;

  __tsan_release (self);
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  __tsan_acquire (self);
  if (self->notify != NULL)
    self->notify (self->data);
  g_free (self);
}

static void
callback_get (gpointer data, GSource *source, GSourceFunc *function, gpointer *function_data)
{
  Callback *self = data;

  __tsan_acquire (source);
  *function = self->function;
  *function_data = self->data;
}

void
g_source_set_callback (GSource *source, GSourceFunc function, gpointer data, GDestroyNotify notify)
{
  static GSourceCallbackFuncs functions = { callback_ref, callback_unref, callback_get };
  Callback *callback = g_new (Callback, 1);

  *callback = (Callback){ .function = function, .data = data, .notify = notify };
  g_atomic_ref_count_init (&callback->references);
  g_source_set_callback_indirect (source, callback, &functions);
}

/* A kind of source, whose own functions come after what was done before it was attached or woken. Lives as
 * long as the process. */
typedef struct
{
  GSourceFuncs functions;
  GSourceFuncs *original;
} SourceKind;

static gboolean
dispatch (GSource *source, GSourceFunc function, gpointer data)
{
  const SourceKind *kind = (const SourceKind *)source->source_funcs;

  __tsan_acquire (source);
  return kind->original->dispatch (source, function, data);
}

GSource *
g_source_new (GSourceFuncs *functions, guint size)
{
  REAL (g_source_new);
  SourceKind *kind = g_new (SourceKind, 1);

  *kind = (SourceKind){ *functions, functions };
  if (functions->dispatch != NULL)
    kind->functions.dispatch = dispatch;
  return real (&kind->functions, size);
}

void
g_source_set_ready_time (GSource *source, gint64 ready_time)
{
  REAL (g_source_set_ready_time);
  __tsan_release (source);
  real (source, ready_time);
}

guint
g_source_attach (GSource *source, GMainContext *context)
{
  REAL (g_source_attach);
  __tsan_release (source);
  return real (source, context);
}

/* The last reference is dropped after all others. */
#define UNREF(name, type)                                                                                    \
  void name (type object)                                                                                    \
  {                                                                                                          \
    REAL (name);                                                                                             \
    if (object != NULL) {                                                                                    \
      __tsan_release (object);                                                                               \
      __tsan_acquire (object);                                                                               \
    }                                                                                                        \
    real (object);                                                                                           \
  }

UNREF (g_bytes_unref, GBytes *)
UNREF (g_hash_table_unref, GHashTable *)
UNREF (g_main_context_unref, GMainContext *)
UNREF (g_object_unref, gpointer)
UNREF (g_source_unref, GSource *)
UNREF (g_weak_ref_clear, GWeakRef *)
