/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What all hosts list, put together. It holds no opinion: which certificate fits a server is policy's to say.
 */

#include "agent/tokens/catalogue.h"

#include "agent/tokens/catalogue-host.h"
#include "agent/tokens/event.h"
#include "agent/tokens/issuers.h"
#include "agent/tokens/settlers.h"
#include "socket-api/limits.h"

struct _CardeaCatalogue
{
  GObject parent_instance;

  GPtrArray *hosts;   /* of CardeaHost: what get_hosts() lends */
  GPtrArray *entries; /* of CardeaCatalogueHost, in the same order */
  GPtrArray *told;    /* of CardeaToken: what "token-event" has told of */
  CardeaSettlers *settlers;
};

G_DEFINE_FINAL_TYPE (CardeaCatalogue, cardea_catalogue, G_TYPE_OBJECT)

static guint signal_changed;
static guint signal_token_event;

static gboolean
is_busy (CardeaCatalogue *self)
{
  for (guint i = 0; i < self->entries->len; i++)
    if (cardea_catalogue_host_is_busy (self->entries->pdata[i]))
      return TRUE;
  return FALSE;
}

static void
tell_events (CardeaCatalogue *self)
{
  g_autoptr (GPtrArray) before = g_steal_pointer (&self->told);
  g_autoptr (GPtrArray) events = NULL;

  self->told = cardea_catalogue_get_tokens (self);
  events = cardea_token_events_between (before, self->told);
  for (guint i = 0; i < events->len; i++)
    g_signal_emit (self, signal_token_event, 0, events->pdata[i]);
}

static void
on_entry_done (gpointer data)
{
  g_autoptr (CardeaCatalogue) self = g_object_ref (data);

  tell_events (self);
  g_signal_emit (self, signal_changed, 0);
  if (!is_busy (self))
    cardea_settlers_release (self->settlers);
}

static void
add_host (CardeaCatalogue *self, CardeaHost *host)
{
  g_ptr_array_add (self->hosts, g_object_ref (host));
  g_ptr_array_add (self->entries, cardea_catalogue_host_new (host, on_entry_done, self));
}

static gboolean
specs_are_equal (CardeaHost *a, CardeaHost *b)
{
  const CardeaHostSpec *one = cardea_host_get_spec (a);
  const CardeaHostSpec *other = cardea_host_get_spec (b);

  return g_str_equal (one->name, other->name) && g_str_equal (one->module, other->module) &&
         g_strcmp0 (one->init_arguments, other->init_arguments) == 0 && one->roles == other->roles;
}

/* Takes the old entry of equal spec out of @entries, or NULL. */
static CardeaCatalogueHost *
steal_equal (GPtrArray *entries, CardeaHost *host)
{
  for (guint i = 0; i < entries->len; i++)
    if (specs_are_equal (cardea_catalogue_host_get_host (entries->pdata[i]), host))
      return g_ptr_array_steal_index (entries, i);
  return NULL;
}

static GPtrArray *
new_entries (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_catalogue_host_free);
}

void
cardea_catalogue_set_hosts (CardeaCatalogue *self, GPtrArray *hosts)
{
  g_autoptr (GPtrArray) old = g_steal_pointer (&self->entries);
  g_autoptr (GPtrArray) old_hosts = g_steal_pointer (&self->hosts);

  self->entries = new_entries ();
  self->hosts = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < hosts->len; i++) {
    CardeaCatalogueHost *kept = steal_equal (old, hosts->pdata[i]);

    if (kept == NULL) {
      add_host (self, hosts->pdata[i]);
      continue;
    }
    g_ptr_array_add (self->hosts, g_object_ref (cardea_catalogue_host_get_host (kept)));
    g_ptr_array_add (self->entries, kept);
    cardea_catalogue_host_refresh (kept, TRUE);
  }
  for (guint i = 0; i < old->len; i++)
    cardea_host_kill (cardea_catalogue_host_get_host (old->pdata[i]));
  if (!is_busy (self))
    on_entry_done (self);
}

CardeaCatalogue *
cardea_catalogue_new (GPtrArray *hosts)
{
  CardeaCatalogue *self = g_object_new (CARDEA_TYPE_CATALOGUE, NULL);

  for (guint i = 0; i < hosts->len; i++)
    add_host (self, hosts->pdata[i]);
  return self;
}

GPtrArray *
cardea_catalogue_get_hosts (CardeaCatalogue *self)
{
  return self->hosts;
}

void
cardea_catalogue_renew (CardeaCatalogue *self)
{
  for (guint i = 0; i < self->entries->len; i++)
    cardea_catalogue_host_refresh (self->entries->pdata[i], TRUE);
}

static void
refresh_host (CardeaCatalogue *self, CardeaHost *host, gboolean afresh)
{
  for (guint i = 0; i < self->entries->len; i++)
    if (cardea_catalogue_host_get_host (self->entries->pdata[i]) == host)
      cardea_catalogue_host_refresh (self->entries->pdata[i], afresh);
}

void
cardea_catalogue_renew_host (CardeaCatalogue *self, CardeaHost *host)
{
  refresh_host (self, host, TRUE);
}

void
cardea_catalogue_refresh_host (CardeaCatalogue *self, CardeaHost *host)
{
  refresh_host (self, host, FALSE);
}

void
cardea_catalogue_ask_lost_hosts (CardeaCatalogue *self)
{
  for (guint i = 0; i < self->entries->len; i++)
    if (cardea_catalogue_host_is_lost (self->entries->pdata[i]))
      cardea_catalogue_host_refresh (self->entries->pdata[i], FALSE);
}

void
cardea_catalogue_settle_async (CardeaCatalogue *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, cardea_catalogue_settle_async);
  if (is_busy (self)) {
    cardea_settlers_add (self->settlers, task, CARDEA_LIMIT_HOST_START_MS + CARDEA_LIMIT_HOST_LIST_MS);
    return;
  }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

gboolean
cardea_catalogue_settle_finish (CardeaCatalogue *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

GPtrArray *
cardea_catalogue_get_tokens (CardeaCatalogue *self)
{
  GPtrArray *tokens = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_unref);

  for (guint i = 0; i < self->entries->len; i++) {
    const CardeaSnapshot *snapshot = cardea_catalogue_host_get_snapshot (self->entries->pdata[i]);

    for (guint j = 0; snapshot != NULL && j < snapshot->tokens->len; j++)
      g_ptr_array_add (tokens, cardea_token_ref (snapshot->tokens->pdata[j]));
  }
  return tokens;
}

GPtrArray *
cardea_catalogue_get_certificates (CardeaCatalogue *self)
{
  GPtrArray *certificates = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_certificate_unref);

  for (guint i = 0; i < self->entries->len; i++) {
    const CardeaSnapshot *snapshot = cardea_catalogue_host_get_snapshot (self->entries->pdata[i]);

    for (guint j = 0; snapshot != NULL && j < snapshot->certificates->len; j++)
      g_ptr_array_add (certificates, cardea_token_certificate_ref (snapshot->certificates->pdata[j]));
  }
  return certificates;
}

GPtrArray *
cardea_catalogue_get_problems (CardeaCatalogue *self)
{
  GPtrArray *problems = cardea_reasons_new ();

  for (guint i = 0; i < self->entries->len; i++) {
    const CardeaReason *problem = cardea_catalogue_host_get_problem (self->entries->pdata[i]);

    if (problem != NULL)
      g_ptr_array_add (problems, cardea_reason_copy (problem));
  }
  return problems;
}

GPtrArray *
cardea_catalogue_get_authorities (CardeaCatalogue *self)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_authorities_free);

  for (guint i = 0; i < self->entries->len; i++) {
    const CardeaCatalogueHost *entry = self->entries->pdata[i];
    const CardeaHostSpec *spec = cardea_host_get_spec (cardea_catalogue_host_get_host (entry));
    CardeaHostListing *listing = cardea_catalogue_host_get_listing (entry);
    CardeaAuthorities *authorities;

    if (listing == NULL || (spec->roles & CARDEA_HOST_AUTHORITIES) == 0)
      continue;
    authorities = g_new0 (CardeaAuthorities, 1);
    authorities->source = g_strdup (spec->name);
    authorities->listing = cardea_host_listing_ref (listing);
    authorities->authorities = listing->authorities;
    g_ptr_array_add (all, authorities);
  }
  return all;
}

void
cardea_authorities_free (CardeaAuthorities *self)
{
  g_free (self->source);
  cardea_host_listing_unref (self->listing);
  g_free (self);
}

static gboolean
holds (const CardeaSnapshot *snapshot, CardeaCertificate *certificate)
{
  for (guint i = 0; i < snapshot->certificates->len; i++) {
    CardeaTokenCertificate *candidate = snapshot->certificates->pdata[i];

    if (g_str_equal (cardea_certificate_get_sha256 (candidate->certificate),
                     cardea_certificate_get_sha256 (certificate)))
      return TRUE;
  }
  return FALSE;
}

GPtrArray *
cardea_catalogue_get_issuers (CardeaCatalogue *self, CardeaCertificate *certificate)
{
  g_autoptr (GPtrArray) pools = g_ptr_array_new ();

  for (guint i = 0; i < self->entries->len; i++) {
    const CardeaSnapshot *snapshot = cardea_catalogue_host_get_snapshot (self->entries->pdata[i]);

    if (snapshot != NULL)
      g_ptr_array_insert (pools, holds (snapshot, certificate) ? 0 : -1, snapshot->issuers);
  }
  return cardea_issuers_find (pools, certificate, g_get_real_time () / G_USEC_PER_SEC);
}

static void
cardea_catalogue_finalize (GObject *object)
{
  CardeaCatalogue *self = CARDEA_CATALOGUE (object);

  g_ptr_array_unref (self->entries);
  g_ptr_array_unref (self->hosts);
  g_ptr_array_unref (self->told);
  cardea_settlers_free (self->settlers);
  G_OBJECT_CLASS (cardea_catalogue_parent_class)->finalize (object);
}

static void
cardea_catalogue_class_init (CardeaCatalogueClass *class)
{
  G_OBJECT_CLASS (class)->finalize = cardea_catalogue_finalize;
  signal_changed =
      g_signal_new ("changed", CARDEA_TYPE_CATALOGUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signal_token_event = g_signal_new ("token-event", CARDEA_TYPE_CATALOGUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                     NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static void
cardea_catalogue_init (CardeaCatalogue *self)
{
  self->entries = new_entries ();
  self->hosts = g_ptr_array_new_with_free_func (g_object_unref);
  self->told = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_unref);
  self->settlers = cardea_settlers_new ();
}
