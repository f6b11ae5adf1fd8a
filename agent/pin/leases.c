/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Leases: for how long a PIN that was typed once counts.
 *
 * A login lives in the token host's process, and on a card beyond it. So a lease is not ended by forgetting
 * it here: the host is killed and the card reset, which is the owner's business (CardeaLeaseEnd), and with it
 * end all logins of that host. Leases that share a host therefore end together. */

#include "agent/pin/leases.h"

#include "agent/base/token-uri.h"
#include "agent/pin/source-choice.h"

typedef struct
{
  CardeaLeases *owner;
  CardeaToken *token;
  gint64 since;         /* Unix seconds */
  gint64 begun, used;   /* monotonic microseconds */
  gboolean screen_lock; /* its rule's */
  gboolean single_use;  /* likewise: none should have begun; its rule may be younger */
  guint idle_seconds, seconds;
  guint timer;    /* source; 0: no time limit */
  gulong handler; /* of the host's end */
} Lease;

struct _CardeaLeases
{
  GObject parent;
  CardeaUnlocker *unlocker; /* borrowed */
  CardeaLeaseEnd end;
  gpointer end_data;
  GPtrArray *rules;  /* of CardeaLeaseConfig */
  GPtrArray *leases; /* of Lease */
};

enum
{
  CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (CardeaLeases, cardea_leases, G_TYPE_OBJECT)

static gboolean on_due (gpointer data);
static void on_host_changed (CardeaHost *host, gpointer data);

static void
lease_free (gpointer data)
{
  Lease *self = data;

  g_clear_handle_id (&self->timer, g_source_remove);
  g_signal_handler_disconnect (self->token->host, self->handler);
  cardea_token_unref (self->token);
  g_free (self);
}

static gboolean
is_of (const Lease *self, CardeaToken *token)
{
  return self->token->host == token->host && self->token->generation == token->generation &&
         self->token->info->slot == token->info->slot && g_str_equal (self->token->uri, token->uri);
}

static Lease *
find (CardeaLeases *self, CardeaToken *token)
{
  for (guint i = 0; i < self->leases->len; i++)
    if (is_of (self->leases->pdata[i], token))
      return self->leases->pdata[i];
  return NULL;
}

/* Monotonic microseconds, or G_MAXINT64. */
static gint64
find_due (const Lease *self)
{
  gint64 due = G_MAXINT64;

  if (self->single_use)
    return self->begun;
  if (self->idle_seconds > 0)
    due = self->used + self->idle_seconds * G_USEC_PER_SEC;
  if (self->seconds > 0)
    due = MIN (due, self->begun + self->seconds * G_USEC_PER_SEC);
  return due;
}

static void
set_timer (Lease *self)
{
  gint64 due = find_due (self);
  gint64 wait = (due - g_get_monotonic_time ()) / 1000;

  g_clear_handle_id (&self->timer, g_source_remove);
  if (due != G_MAXINT64)
    self->timer = g_timeout_add ((guint)CLAMP (wait, 0, G_MAXINT), on_due, self);
}

static void
apply_rule (Lease *self)
{
  const CardeaLeaseConfig *rule = cardea_pin_find_lease_rule (self->owner->rules, self->token);

  self->screen_lock = rule == NULL || rule->screen_lock;
  self->idle_seconds = rule != NULL ? rule->idle_seconds : 0;
  self->seconds = rule != NULL ? rule->seconds : 0;
  self->single_use = rule != NULL && rule->single_use;
  set_timer (self);
}

static void
tell_changed (CardeaLeases *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

static Lease *
begin (CardeaLeases *self, CardeaToken *token)
{
  Lease *lease = g_new0 (Lease, 1);

  lease->owner = self;
  lease->token = cardea_token_ref (token);
  lease->since = g_get_real_time () / G_USEC_PER_SEC;
  lease->begun = lease->used = g_get_monotonic_time ();
  lease->handler = g_signal_connect (token->host, "changed", G_CALLBACK (on_host_changed), lease);
  apply_rule (lease);
  g_ptr_array_add (self->leases, lease);
  return lease;
}

/* A login that was used is a lease, also where nobody heard of its beginning. */
static void
on_unlocked (CardeaUnlocker *unlocker, CardeaToken *token, gpointer data)
{
  CardeaLeases *self = data;
  Lease *lease = find (self, token);

  if (lease == NULL)
    lease = begin (self, token);
  lease->used = g_get_monotonic_time ();
  set_timer (lease);
  tell_changed (self);
}

/* The login is over already. */
static void
on_locked (CardeaUnlocker *unlocker, CardeaToken *token, gpointer data)
{
  CardeaLeases *self = data;

  if (g_ptr_array_remove (self->leases, find (self, token)))
    tell_changed (self);
}

/* What is not present any more, or was read by another process since, has no login. */
void
cardea_leases_look (CardeaLeases *self, GPtrArray *tokens)
{
  guint before = self->leases->len;

  for (guint i = before; i > 0; i--)
    if (!cardea_pin_is_present (tokens, ((Lease *)self->leases->pdata[i - 1])->token))
      g_ptr_array_remove_index (self->leases, i - 1);
  if (self->leases->len != before)
    tell_changed (self);
}

/* Takes it out of the list; the token is the caller's. */
static CardeaToken *
forget (Lease *lease)
{
  CardeaToken *token = cardea_token_ref (lease->token);

  g_message ("The login to a token is over: %s", token->uri);
  g_ptr_array_remove (lease->owner->leases, lease);
  return token;
}

/* All leases of this host, which is killed: what that leads to may come back here. */
static guint
end_host (CardeaLeases *self, CardeaToken *token)
{
  g_autoptr (GPtrArray) tokens = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_unref);

  for (guint i = self->leases->len; i > 0; i--) {
    Lease *lease = self->leases->pdata[i - 1];

    if (lease->token->host == token->host)
      g_ptr_array_add (tokens, forget (lease));
  }
  for (guint i = 0; i < tokens->len; i++) {
    CardeaToken *ended = tokens->pdata[i];

    cardea_unlocker_require_person (self->unlocker, ended->uri);
    self->end (ended, self->end_data);
  }
  return tokens->len;
}

/* The process is gone, by itself or because it hung; what the card was shown it may still know. */
static void
on_host_changed (CardeaHost *host, gpointer data)
{
  Lease *lease = data;
  CardeaLeases *self = lease->owner;
  g_autoptr (CardeaToken) token = NULL;

  if (cardea_host_runs (host, lease->token->generation))
    return;
  token = forget (lease);
  self->end (token, self->end_data);
  tell_changed (self);
}

static gboolean
is_named (const Lease *lease, gconstpointer pattern)
{
  return pattern == NULL || cardea_token_uri_matches (pattern, lease->token->uri);
}

static gboolean
ends_with_absence (const Lease *lease, gconstpointer data)
{
  return lease->screen_lock;
}

static guint
end_some (CardeaLeases *self, gboolean (*matches) (const Lease *, gconstpointer), gconstpointer data)
{
  g_autoptr (GPtrArray) tokens = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_unref);
  guint n = 0;

  for (guint i = 0; i < self->leases->len; i++) {
    Lease *lease = self->leases->pdata[i];

    if (matches (lease, data))
      g_ptr_array_add (tokens, cardea_token_ref (lease->token));
  }
  /* One may have ended with another by now. */
  for (guint i = 0; i < tokens->len; i++)
    if (find (self, tokens->pdata[i]) != NULL)
      n += end_host (self, tokens->pdata[i]);
  if (n > 0)
    tell_changed (self);
  return n;
}

static gboolean
on_due (gpointer data)
{
  Lease *lease = data;
  CardeaLeases *self = lease->owner;
  g_autoptr (CardeaToken) token = cardea_token_ref (lease->token);

  lease->timer = 0;
  if (find_due (lease) > g_get_monotonic_time ()) {
    set_timer (lease);
    return G_SOURCE_REMOVE;
  }
  end_host (self, token);
  tell_changed (self);
  return G_SOURCE_REMOVE;
}

void
cardea_leases_set_rules (CardeaLeases *self, GPtrArray *rules)
{
  g_return_if_fail (CARDEA_IS_LEASES (self));

  g_ptr_array_ref (rules);
  g_ptr_array_unref (self->rules);
  self->rules = rules;
  for (guint i = 0; i < self->leases->len; i++)
    apply_rule (self->leases->pdata[i]);
  if (self->leases->len > 0)
    tell_changed (self);
}

gboolean
cardea_leases_find (CardeaLeases *self, CardeaToken *token, CardeaLease *lease)
{
  const Lease *found = find (self, token);
  gint64 due;

  if (found == NULL)
    return FALSE;
  due = find_due (found);
  lease->since = found->since;
  lease->screen_lock = found->screen_lock;
  lease->due = due == G_MAXINT64 ? 0 : found->since + (due - found->begun) / G_USEC_PER_SEC;
  return TRUE;
}

guint
cardea_leases_end (CardeaLeases *self, const char *pattern)
{
  g_return_val_if_fail (CARDEA_IS_LEASES (self), 0);

  return end_some (self, is_named, pattern);
}

guint
cardea_leases_end_for_absence (CardeaLeases *self)
{
  g_return_val_if_fail (CARDEA_IS_LEASES (self), 0);

  return end_some (self, ends_with_absence, NULL);
}

static void
cardea_leases_finalize (GObject *object)
{
  CardeaLeases *self = CARDEA_LEASES (object);

  g_ptr_array_unref (self->leases);
  g_ptr_array_unref (self->rules);
  G_OBJECT_CLASS (cardea_leases_parent_class)->finalize (object);
}

static void
cardea_leases_class_init (CardeaLeasesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = cardea_leases_finalize;
  signals[CHANGED] =
      g_signal_new ("changed", CARDEA_TYPE_LEASES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
cardea_leases_init (CardeaLeases *self)
{
  self->leases = g_ptr_array_new_with_free_func (lease_free);
  self->rules = g_ptr_array_new ();
}

CardeaLeases *
cardea_leases_new (CardeaUnlocker *unlocker, CardeaLeaseEnd end, gpointer data)
{
  CardeaLeases *self = g_object_new (CARDEA_TYPE_LEASES, NULL);

  self->unlocker = unlocker;
  self->end = end;
  self->end_data = data;
  g_signal_connect_object (unlocker, "unlocked", G_CALLBACK (on_unlocked), self, G_CONNECT_DEFAULT);
  g_signal_connect_object (unlocker, "locked", G_CALLBACK (on_locked), self, G_CONNECT_DEFAULT);
  return self;
}
