/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is over, and known for a while longer.
 *
 * All are known for the same time, so they are forgotten in the order they came, and one timer for the oldest
 * is enough. A timer for each would be looked at by every turn of the main loop: after a minute of many short
 * connections that was a fifth of all the agent did. */

#include "agent/broker/recent.h"

typedef struct
{
  gint64 until; /* monotonic, microseconds */
  char *id;
  GObject *object;
} Entry;

struct _CardeaRecent
{
  guint known_ms;
  GQueue entries;  /* of Entry, the oldest first */
  GHashTable *ids; /* borrowed id -> borrowed Entry */
  guint timer;     /* for the oldest; 0: there is none */
};

static void start_timer (CardeaRecent *self);

static void
entry_free (Entry *entry)
{
  g_object_unref (entry->object);
  g_free (entry->id);
  g_free (entry);
}

static void
forget_oldest (CardeaRecent *self)
{
  Entry *entry = g_queue_pop_head (&self->entries);

  g_hash_table_remove (self->ids, entry->id);
  entry_free (entry);
}

static gboolean
on_oldest_due (gpointer data)
{
  CardeaRecent *self = data;
  gint64 now = g_get_monotonic_time ();

  self->timer = 0;
  while (!g_queue_is_empty (&self->entries) && ((Entry *)g_queue_peek_head (&self->entries))->until <= now)
    forget_oldest (self);
  start_timer (self);
  return G_SOURCE_REMOVE;
}

static void
start_timer (CardeaRecent *self)
{
  const Entry *oldest = g_queue_peek_head (&self->entries);
  gint64 left;

  if (oldest == NULL || self->timer != 0)
    return;
  left = MAX (oldest->until - g_get_monotonic_time (), 0);
  self->timer = g_timeout_add_full (G_PRIORITY_LOW, (guint)((left + 999) / 1000), on_oldest_due, self, NULL);
}

CardeaRecent *
cardea_recent_new (guint known_ms)
{
  CardeaRecent *self = g_new0 (CardeaRecent, 1);

  self->known_ms = known_ms;
  g_queue_init (&self->entries);
  self->ids = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
cardea_recent_free (CardeaRecent *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  while (!g_queue_is_empty (&self->entries))
    forget_oldest (self);
  g_hash_table_unref (self->ids);
  g_free (self);
}

void
cardea_recent_add (CardeaRecent *self, const char *id, gpointer object)
{
  Entry *entry = g_new0 (Entry, 1);

  g_return_if_fail (!g_hash_table_contains (self->ids, id));

  *entry = (Entry){ g_get_monotonic_time () + self->known_ms * G_GINT64_CONSTANT (1000), g_strdup (id),
                    g_object_ref (object) };
  g_queue_push_tail (&self->entries, entry);
  g_hash_table_insert (self->ids, entry->id, entry);
  start_timer (self);
}

gpointer
cardea_recent_find (CardeaRecent *self, const char *id)
{
  const Entry *entry = g_hash_table_lookup (self->ids, id);

  return entry != NULL ? entry->object : NULL;
}
