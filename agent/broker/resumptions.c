/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What earlier connections left to resume by. It knows nothing of why a session may be resumed: who asks says
 * exactly which (resuming.c), and gets one of those or none. Each is given out once. */

#include "agent/broker/resumptions.h"

#include "socket-api/limits.h"

#include <string.h>

typedef struct
{
  char *program;
  char *server_name;
  guint16 port;
  gint64 until;
} Spoilt;

struct _CardeaResumptions
{
  GPtrArray *entries; /* of CardeaResumptionEntry, the oldest first */
  GPtrArray *spoilt;  /* of Spoilt, likewise */
};

static void
entry_free (gpointer data)
{
  CardeaResumptionEntry *self = data;

  if (self->resumption != NULL) {
    cardea_resumption_drop (self->resumption);
    cardea_resumption_unref (self->resumption);
  }
  g_clear_pointer (&self->certificate, cardea_token_certificate_unref);
  g_free (self->decision);
  g_free ((char *)self->key.program);
  g_free ((char *)self->key.server_name);
  g_free ((char *)self->key.trust);
  g_free ((char *)self->key.certificate);
  g_free ((char *)self->key.insertion);
  g_free (self);
}

static CardeaResumptionEntry *
entry_copy (const CardeaResumptionEntry *entry)
{
  CardeaResumptionEntry *self = g_new0 (CardeaResumptionEntry, 1);

  self->key.program = g_strdup (entry->key.program);
  self->key.server_name = g_strdup (entry->key.server_name);
  self->key.port = entry->key.port;
  self->key.trust = g_strdup (entry->key.trust);
  self->key.certificate = g_strdup (entry->key.certificate);
  self->key.insertion = g_strdup (entry->key.insertion);
  self->decision = g_strdup (entry->decision);
  self->certificate = entry->certificate != NULL ? cardea_token_certificate_ref (entry->certificate) : NULL;
  self->resumption = cardea_resumption_ref (entry->resumption);
  return self;
}

static void
spoilt_free (gpointer data)
{
  Spoilt *self = data;

  g_free (self->program);
  g_free (self->server_name);
  g_free (self);
}

static gboolean
is_of_server (const CardeaResumptionKey *a, const CardeaResumptionKey *b)
{
  return g_str_equal (a->program, b->program) && g_str_equal (a->server_name, b->server_name) &&
         a->port == b->port;
}

static gboolean
is_of_place (const CardeaResumptionKey *a, const CardeaResumptionKey *b)
{
  return is_of_server (a, b) && g_str_equal (a->trust, b->trust);
}

static gboolean
is_alike (const CardeaResumptionKey *a, const CardeaResumptionKey *b)
{
  return is_of_place (a, b) && g_str_equal (a->certificate, b->certificate) &&
         g_str_equal (a->insertion, b->insertion);
}

static gboolean
is_old (const CardeaResumption *resumption, gint64 now)
{
  return now - resumption->begun >= CARDEA_LIMIT_RESUMPTION_SECONDS;
}

static gboolean
is_spoilt (const CardeaResumptions *self, const CardeaResumptionKey *key, gint64 now)
{
  for (guint i = 0; i < self->spoilt->len; i++) {
    const Spoilt *spoilt = self->spoilt->pdata[i];

    if (g_str_equal (spoilt->program, key->program) && g_str_equal (spoilt->server_name, key->server_name) &&
        spoilt->port == key->port && now < spoilt->until)
      return TRUE;
  }
  return FALSE;
}

/* The one that comes next has room among those that are alike, and among all. */
static void
make_room (CardeaResumptions *self, const CardeaResumptionKey *key)
{
  guint n_alike = 0;

  for (guint i = self->entries->len; i > 0; i--) {
    const CardeaResumptionEntry *entry = self->entries->pdata[i - 1];

    if (is_alike (&entry->key, key) && ++n_alike >= CARDEA_LIMIT_RESUMPTIONS_ALIKE)
      g_ptr_array_remove_index (self->entries, i - 1);
  }
  if (self->entries->len >= CARDEA_LIMIT_RESUMPTIONS)
    g_ptr_array_remove_index (self->entries, 0);
}

gboolean
cardea_resumptions_add (CardeaResumptions *self, const CardeaResumptionEntry *entry, gint64 now)
{
  if (is_old (entry->resumption, now) || is_spoilt (self, &entry->key, now)) {
    cardea_resumption_drop (entry->resumption);
    return FALSE;
  }
  make_room (self, &entry->key);
  g_ptr_array_add (self->entries, entry_copy (entry));
  return TRUE;
}

typedef gboolean (*Compare) (const CardeaResumptionKey *a, const CardeaResumptionKey *b);

/* The place of the newest, or -1. */
static int
find (const CardeaResumptions *self, const CardeaResumptionKey *key, Compare compare, gint64 now)
{
  for (guint i = self->entries->len; i > 0; i--) {
    const CardeaResumptionEntry *entry = self->entries->pdata[i - 1];

    if (compare (&entry->key, key) && !is_old (entry->resumption, now) &&
        cardea_resumption_is_ready (entry->resumption))
      return (int)i - 1;
  }
  return -1;
}

const CardeaResumption *
cardea_resumptions_look (CardeaResumptions *self, const CardeaResumptionKey *key, gint64 now)
{
  int found = find (self, key, is_of_place, now);

  return found >= 0 ? ((const CardeaResumptionEntry *)self->entries->pdata[found])->resumption : NULL;
}

CardeaResumption *
cardea_resumptions_take (CardeaResumptions *self, const CardeaResumptionKey *key, gint64 now)
{
  int found = find (self, key, is_alike, now);
  CardeaResumption *resumption;

  if (found < 0)
    return NULL;
  resumption = g_steal_pointer (&((CardeaResumptionEntry *)self->entries->pdata[found])->resumption);
  g_ptr_array_remove_index (self->entries, (guint)found);
  return resumption;
}

guint
cardea_resumptions_drop (CardeaResumptions *self, CardeaResumptionMatch matches, gconstpointer data)
{
  guint before = self->entries->len;

  for (guint i = before; i > 0; i--)
    if (matches == NULL || matches (self->entries->pdata[i - 1], data))
      g_ptr_array_remove_index (self->entries, i - 1);
  return before - self->entries->len;
}

static gboolean
matches_server (const CardeaResumptionEntry *entry, gconstpointer key)
{
  return is_of_server (&entry->key, key);
}

void
cardea_resumptions_spoil (CardeaResumptions *self, const CardeaResumptionKey *key, gint64 now)
{
  Spoilt *spoilt = g_new0 (Spoilt, 1);

  cardea_resumptions_drop (self, matches_server, key);
  spoilt->program = g_strdup (key->program);
  spoilt->server_name = g_strdup (key->server_name);
  spoilt->port = key->port;
  spoilt->until = now + CARDEA_LIMIT_RESUMPTION_SECONDS;
  if (self->spoilt->len >= CARDEA_LIMIT_RESUMPTIONS_SPOILT)
    g_ptr_array_remove_index (self->spoilt, 0);
  g_ptr_array_add (self->spoilt, spoilt);
}

static gboolean
matches_old (const CardeaResumptionEntry *entry, gconstpointer now)
{
  return is_old (entry->resumption, *(const gint64 *)now);
}

gboolean
cardea_resumptions_expire (CardeaResumptions *self, gint64 now)
{
  cardea_resumptions_drop (self, matches_old, &now);
  while (self->spoilt->len > 0 && ((const Spoilt *)self->spoilt->pdata[0])->until <= now)
    g_ptr_array_remove_index (self->spoilt, 0);
  return self->entries->len > 0 || self->spoilt->len > 0;
}

guint
cardea_resumptions_get_length (const CardeaResumptions *self)
{
  return self->entries->len;
}

CardeaResumptions *
cardea_resumptions_new (void)
{
  CardeaResumptions *self = g_new0 (CardeaResumptions, 1);

  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->spoilt = g_ptr_array_new_with_free_func (spoilt_free);
  return self;
}

void
cardea_resumptions_free (CardeaResumptions *self)
{
  g_ptr_array_unref (self->entries);
  g_ptr_array_unref (self->spoilt);
  g_free (self);
}
