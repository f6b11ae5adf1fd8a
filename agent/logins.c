/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login is at two places: in the process of the module, which is killed, and on the card, which is reset.
 * In this order, since a process that lives could show the card its PIN again. */

#include "agent/logins.h"

#include "agent/pin/lock-watch.h"

struct _CardeaLogins
{
  CardeaCatalogue *catalogue;
  CardeaCardResets *resets;
  CardeaLeases *leases;
  CardeaLockWatch *lock_watch;
  GCancellable *alive; /* cancelled: we are gone */
};

static void
on_lease_over (CardeaToken *token, gpointer user_data)
{
  CardeaLogins *self = user_data;

  cardea_catalogue_end_logins (self->catalogue, token->host);
  cardea_card_resets_begin (self->resets, token->insertion);
}

/* A call that waits for the cards. */
typedef struct
{
  CardeaLogins *owner;
  GCancellable *alive;
  guint n;
  CardeaLeasesEnded ended; /* NULL: nobody waits but the machine's sleep */
  gpointer data;
} Ending;

static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  CardeaCardResets *resets = CARDEA_CARD_RESETS (source);
  Ending *ending = user_data;
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();

  cardea_card_resets_settle_finish (resets, result);
  cardea_card_resets_explain (resets, problems);
  if (ending->ended != NULL)
    ending->ended (ending->n, problems, ending->data);
  else if (!g_cancellable_is_cancelled (ending->alive))
    cardea_lock_watch_let_sleep (ending->owner->lock_watch);
  g_object_unref (ending->alive);
  g_free (ending);
}

static void
settle (CardeaLogins *self, guint n, CardeaLeasesEnded ended, gpointer data)
{
  Ending *ending = g_new0 (Ending, 1);

  ending->owner = self;
  ending->alive = g_object_ref (self->alive);
  ending->n = n;
  ending->ended = ended;
  ending->data = data;
  cardea_card_resets_settle_async (self->resets, NULL, on_settled, ending);
}

static void
on_absence (gpointer user_data)
{
  CardeaLogins *self = user_data;
  guint n = cardea_leases_end_for_absence (self->leases);

  if (n > 0)
    g_message ("The screen was locked or the machine goes to sleep: %u logins ended", n);
  settle (self, n, NULL, NULL);
}

void
cardea_logins_end (CardeaLogins *self, const char *pattern, CardeaLeasesEnded ended, gpointer data)
{
  settle (self, cardea_leases_end (self->leases, pattern), ended, data);
}

void
cardea_logins_set_rules (CardeaLogins *self, GPtrArray *rules)
{
  cardea_leases_set_rules (self->leases, rules);
}

void
cardea_logins_look (CardeaLogins *self)
{
  g_autoptr (GPtrArray) tokens = cardea_catalogue_get_tokens (self->catalogue);

  cardea_leases_look (self->leases, tokens);
}

gboolean
cardea_logins_find_lease (CardeaLogins *self, CardeaToken *token, CardeaLease *lease)
{
  return cardea_leases_find (self->leases, token, lease);
}

CardeaLogins *
cardea_logins_new (CardeaCatalogue *catalogue, CardeaUnlocker *unlocker, CardeaCardResets *resets)
{
  CardeaLogins *self = g_new0 (CardeaLogins, 1);

  self->catalogue = g_object_ref (catalogue);
  self->resets = g_object_ref (resets);
  self->alive = g_cancellable_new ();
  self->leases = cardea_leases_new (unlocker, on_lease_over, self);
  self->lock_watch = cardea_lock_watch_new (on_absence, self);
  return self;
}

void
cardea_logins_free (CardeaLogins *self)
{
  g_cancellable_cancel (self->alive);
  g_object_unref (self->alive);
  cardea_lock_watch_free (self->lock_watch);
  cardea_leases_end (self->leases, NULL);
  g_object_unref (self->leases);
  g_object_unref (self->resets);
  g_object_unref (self->catalogue);
  g_free (self);
}
