/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Quotas.
 *
 * One program that opens sockets without end must not keep the others out, and all together must not exhaust
 * our descriptors. A key without slots is forgotten, so keys cannot pile up either. */
#include "agent/api/quota.h"

#include "socket-api/wire/error.h"

#define RETRY_MS 1000

struct _CardeaQuota
{
  guint per_caller;
  guint in_all;
  guint total;
  GHashTable *counts; /* key -> number as pointer, never 0 */
};

CardeaQuota *
cardea_quota_new (guint per_caller, guint in_all)
{
  CardeaQuota *self = g_new0 (CardeaQuota, 1);

  self->per_caller = per_caller;
  self->in_all = in_all;
  self->counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
cardea_quota_free (CardeaQuota *self)
{
  g_hash_table_unref (self->counts);
  g_free (self);
}

static gboolean
refuse (const char *what, const char *message, GError **error)
{
  g_autoptr (GError) busy = cardea_error_new (CARDEA_ERROR_BUSY, "%s", message);

  cardea_error_take_parameter (busy, "what", json_string (what));
  cardea_error_take_parameter (busy, "retry_ms", json_integer (RETRY_MS));
  g_propagate_error (error, g_steal_pointer (&busy));
  return FALSE;
}

gboolean
cardea_quota_take (CardeaQuota *self, const char *key, GError **error)
{
  guint count = cardea_quota_count (self, key);

  if (count >= self->per_caller)
    return refuse ("pending_per_program", "This program has too many calls under way; wait for some to end",
                   error);
  if (self->total >= self->in_all)
    return refuse ("pending", "Too many calls are under way; try again in a moment", error);

  g_hash_table_replace (self->counts, g_strdup (key), GUINT_TO_POINTER (count + 1));
  self->total++;
  return TRUE;
}

void
cardea_quota_give (CardeaQuota *self, const char *key)
{
  guint count = cardea_quota_count (self, key);

  g_return_if_fail (count > 0);

  if (count == 1)
    g_hash_table_remove (self->counts, key);
  else
    g_hash_table_replace (self->counts, g_strdup (key), GUINT_TO_POINTER (count - 1));
  self->total--;
}

guint
cardea_quota_count (CardeaQuota *self, const char *key)
{
  return key ? GPOINTER_TO_UINT (g_hash_table_lookup (self->counts, key)) : self->total;
}
