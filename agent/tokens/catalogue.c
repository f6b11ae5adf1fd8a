/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What all hosts list, put together. It holds no opinion: which certificate fits a server is policy's to say.
 */

#include "agent/tokens/catalogue.h"

#include "agent/base/source.h"
#include "agent/tokens/catalogue-host.h"
#include "agent/tokens/catalogue-readers.h"
#include "agent/tokens/event.h"
#include "agent/tokens/issuers.h"
#include "agent/tokens/presence.h"
#include "agent/tokens/settlers.h"
#include "socket-api/limits.h"

struct _CardeaCatalogue
{
  GObject parent_instance;

  GPtrArray *hosts;   /* of CardeaHost: what get_hosts() lends */
  GPtrArray *entries; /* of CardeaCatalogueHost, in the same order; behind them those for one reader each */
  GPtrArray *models;  /* of CardeaHost: what those are made after */
  CardeaReaders *readers; /* NULL: not known yet */
  GSource *fresh;         /* the card service began a moment ago, until then; or NULL */
  GPtrArray *told;        /* of CardeaToken: what "token-event" has told of */
  CardeaSettlers *settlers;
};

G_DEFINE_FINAL_TYPE (CardeaCatalogue, cardea_catalogue, G_TYPE_OBJECT)

static guint signal_changed;
static guint signal_token_event;
static guint signal_look;

#define MAX_READER_ENTRIES 64 /* readers that are gone included */

static gboolean
is_busy (CardeaCatalogue *self)
{
  if (self->models->len > 0 &&
      (self->readers == NULL || self->readers->service == CARDEA_READER_SERVICE_STARTING))
    return TRUE;
  for (guint i = 0; i < self->entries->len; i++)
    if (cardea_catalogue_host_is_busy (self->entries->pdata[i]))
      return TRUE;
  return FALSE;
}

gboolean
cardea_catalogue_is_reading_authorities (CardeaCatalogue *self)
{
  for (guint i = 0; i < self->entries->len; i++) {
    CardeaCatalogueHost *entry = self->entries->pdata[i];
    const CardeaHostSpec *spec = cardea_host_get_spec (cardea_catalogue_host_get_host (entry));

    if ((spec->roles & CARDEA_HOST_AUTHORITIES) != 0 && cardea_catalogue_host_is_busy (entry))
      return TRUE;
  }
  return FALSE;
}

/* What they listed last is known and still counts; all that can come is more of it. */
static gboolean
is_known (CardeaCatalogue *self)
{
  for (guint i = 0; i < self->entries->len; i++)
    if (cardea_catalogue_host_is_busy (self->entries->pdata[i]) &&
        !cardea_catalogue_host_is_valid (self->entries->pdata[i]))
      return FALSE;
  return self->readers != NULL || self->models->len == 0;
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

/* A card that is there and shows no token: that another program keeps it is told by nobody. */
static gboolean
is_strange (CardeaCatalogue *self)
{
  for (guint i = 0; i < self->entries->len; i++) {
    CardeaCatalogueHost *entry = self->entries->pdata[i];
    const CardeaSnapshot *snapshot = cardea_catalogue_host_get_snapshot (entry);

    if (cardea_catalogue_host_get_insertion (entry) != NULL && !cardea_catalogue_host_is_busy (entry) &&
        (snapshot == NULL || snapshot->tokens->len == 0))
      return TRUE;
  }
  return FALSE;
}

static void
on_entry_done (gpointer data)
{
  g_autoptr (CardeaCatalogue) self = g_object_ref (data);

  if (is_strange (self))
    g_signal_emit (self, signal_look, 0);
  tell_events (self);
  g_signal_emit (self, signal_changed, 0);
  if (!is_busy (self))
    cardea_settlers_release (self->settlers);
}

static CardeaCatalogueHost *
make_entry (CardeaCatalogue *self, CardeaHost *host)
{
  CardeaCatalogueHost *entry = cardea_catalogue_host_new (host, on_entry_done, self);

  if (self->readers != NULL)
    cardea_catalogue_host_set_readers (entry, self->readers);
  return entry;
}

static void
add_host (CardeaCatalogue *self, CardeaHost *host)
{
  if (cardea_host_spec_can_confine (cardea_host_get_spec (host))) {
    g_ptr_array_add (self->models, g_object_ref (host));
    return;
  }
  g_ptr_array_add (self->hosts, g_object_ref (host));
  g_ptr_array_add (self->entries, make_entry (self, host));
}

static gboolean
modules_are_equal (CardeaHost *a, CardeaHost *b)
{
  const CardeaHostSpec *one = cardea_host_get_spec (a);
  const CardeaHostSpec *other = cardea_host_get_spec (b);

  return g_str_equal (one->name, other->name) && g_str_equal (one->module, other->module) &&
         g_strcmp0 (one->init_arguments, other->init_arguments) == 0 && one->roles == other->roles;
}

static const char *
get_reader (const CardeaCatalogueHost *entry)
{
  return cardea_host_get_spec (cardea_catalogue_host_get_host (entry))->reader;
}

static gboolean
specs_are_equal (CardeaHost *a, CardeaHost *b)
{
  return modules_are_equal (a, b) &&
         g_strcmp0 (cardea_host_get_spec (a)->reader, cardea_host_get_spec (b)->reader) == 0;
}

static gboolean
has_entry (CardeaCatalogue *self, CardeaHost *model, const char *reader)
{
  for (guint i = 0; i < self->entries->len; i++) {
    CardeaCatalogueHost *entry = self->entries->pdata[i];

    if (g_strcmp0 (get_reader (entry), reader) == 0 &&
        modules_are_equal (cardea_catalogue_host_get_host (entry), model))
      return TRUE;
  }
  return FALSE;
}

/* A reader that is gone is one without a card, until there are too many of them: a name is whatever a device
 * says. */
static void
drop_gone_readers (CardeaCatalogue *self)
{
  guint n = 0;

  for (guint i = self->entries->len; i > 0; i--) {
    CardeaCatalogueHost *entry = self->entries->pdata[i - 1];

    if (get_reader (entry) == NULL || ++n <= MAX_READER_ENTRIES ||
        cardea_catalogue_host_get_insertion (entry) != NULL)
      continue;
    g_ptr_array_remove_index (self->entries, i - 1);
  }
}

/* For each reader and each module that can be kept to one. */
static void
add_reader_entries (CardeaCatalogue *self)
{
  for (guint i = 0; self->readers != NULL && i < self->readers->readers->len; i++) {
    const CardeaReader *reader = self->readers->readers->pdata[i];

    for (guint j = 0; j < self->models->len; j++)
      if (!has_entry (self, self->models->pdata[j], reader->insertion->reader)) {
        g_autoptr (CardeaHost) host =
            cardea_host_new_for_reader (self->models->pdata[j], reader->insertion->reader);

        g_ptr_array_add (self->entries, make_entry (self, host));
      }
  }
  drop_gone_readers (self);
}

/* Who holds a card as there while its service was away decides now. */
static gboolean
on_fresh_over (gpointer data)
{
  CardeaCatalogue *self = data;

  cardea_source_clear (&self->fresh);
  on_entry_done (self);
  return G_SOURCE_REMOVE;
}

static gboolean
is_another_service (const CardeaReaders *before, const CardeaReaders *now)
{
  if (before == NULL || now->service != CARDEA_READER_SERVICE_READY)
    return FALSE;
  if (before->service != CARDEA_READER_SERVICE_READY)
    return TRUE;
  return before->readers->len > 0 && now->readers->len > 0 &&
         ((CardeaReader *)before->readers->pdata[0])->insertion->generation !=
             ((CardeaReader *)now->readers->pdata[0])->insertion->generation;
}

static void
note_service (CardeaCatalogue *self, const CardeaReaders *readers)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  if (!is_another_service (self->readers, readers))
    return;
  cardea_source_clear (&self->fresh);
  self->fresh = g_timeout_source_new (CARDEA_LIMIT_READER_RESTART_MS);
  g_source_set_callback (self->fresh, on_fresh_over, self, NULL);
  g_source_attach (self->fresh, context);
}

void
cardea_catalogue_set_readers (CardeaCatalogue *self, CardeaReaders *readers)
{
  note_service (self, readers);
  cardea_readers_ref (readers);
  g_clear_pointer (&self->readers, cardea_readers_unref);
  self->readers = readers;
  add_reader_entries (self);
  for (guint i = 0; i < self->entries->len; i++)
    cardea_catalogue_host_set_readers (self->entries->pdata[i], readers);
  on_entry_done (self);
}

gboolean
cardea_catalogue_wants_readers (CardeaCatalogue *self)
{
  return cardea_catalogue_readers_are_wanted (self->entries, self->models->len > 0);
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

/* Of modules that are still there. */
static void
keep_reader_entries (CardeaCatalogue *self, GPtrArray *old)
{
  for (guint i = 0; i < old->len;) {
    CardeaCatalogueHost *entry = old->pdata[i];
    gboolean kept = FALSE;

    for (guint j = 0; get_reader (entry) != NULL && !kept && j < self->models->len; j++)
      kept = modules_are_equal (cardea_catalogue_host_get_host (entry), self->models->pdata[j]);
    if (!kept) {
      i++;
      continue;
    }
    g_ptr_array_add (self->entries, g_ptr_array_steal_index (old, i));
    cardea_catalogue_host_refresh (entry, TRUE);
  }
}

void
cardea_catalogue_set_hosts (CardeaCatalogue *self, GPtrArray *hosts)
{
  g_autoptr (GPtrArray) old = g_steal_pointer (&self->entries);
  g_autoptr (GPtrArray) old_hosts = g_steal_pointer (&self->hosts);

  self->entries = new_entries ();
  self->hosts = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_set_size (self->models, 0);
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
  keep_reader_entries (self, old);
  add_reader_entries (self);
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

/* Borrowed; NULL: it is not of the catalogue. */
static CardeaCatalogueHost *
find_entry (CardeaCatalogue *self, CardeaHost *host)
{
  for (guint i = 0; i < self->entries->len; i++)
    if (cardea_catalogue_host_get_host (self->entries->pdata[i]) == host)
      return self->entries->pdata[i];
  return NULL;
}

void
cardea_catalogue_end_logins (CardeaCatalogue *self, CardeaHost *host)
{
  CardeaCatalogueHost *entry = find_entry (self, host);

  if (entry != NULL)
    cardea_catalogue_host_end_logins (entry);
  else
    cardea_host_kill (host);
}

void
cardea_catalogue_refresh_host (CardeaCatalogue *self, CardeaHost *host)
{
  CardeaCatalogueHost *entry = find_entry (self, host);

  if (entry != NULL)
    cardea_catalogue_host_refresh (entry, FALSE);
}

void
cardea_catalogue_ask_lost_hosts (CardeaCatalogue *self)
{
  for (guint i = 0; i < self->entries->len; i++)
    if (cardea_catalogue_host_is_lost (self->entries->pdata[i]))
      cardea_catalogue_host_refresh (self->entries->pdata[i], FALSE);
}

/* Somebody waits for cards, and nobody else would say that the service serves us again. */
static void
ask_service (CardeaCatalogue *self)
{
  if (self->readers != NULL && (self->readers->service == CARDEA_READER_SERVICE_REFUSED ||
                                self->readers->service == CARDEA_READER_SERVICE_FAILING))
    g_signal_emit (self, signal_look, 0);
}

static void
settle_within (CardeaCatalogue *self, guint timeout_ms, GCancellable *cancellable,
               GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, cardea_catalogue_settle_async);
  ask_service (self);
  if (is_busy (self)) {
    cardea_settlers_add (self->settlers, task, timeout_ms);
    return;
  }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

void
cardea_catalogue_settle_async (CardeaCatalogue *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer data)
{
  settle_within (self,
                 is_known (self) ? CARDEA_LIMIT_READING_MS
                                 : CARDEA_LIMIT_HOST_START_MS + CARDEA_LIMIT_HOST_LIST_MS,
                 cancellable, callback, data);
}

void
cardea_catalogue_settle_briefly_async (CardeaCatalogue *self, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer data)
{
  settle_within (self, CARDEA_LIMIT_READING_MS, cancellable, callback, data);
}

gboolean
cardea_catalogue_settle_finish (CardeaCatalogue *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

CardeaPresence
cardea_catalogue_get_presence (CardeaCatalogue *self, CardeaToken *token)
{
  return cardea_presence_find (self->entries, self->readers, self->fresh != NULL, token);
}

GPtrArray *
cardea_catalogue_get_tokens (CardeaCatalogue *self)
{
  GPtrArray *tokens = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_unref);

  for (guint i = 0; i < self->entries->len; i++) {
    const CardeaSnapshot *snapshot = cardea_catalogue_host_get_snapshot (self->entries->pdata[i]);

    for (guint j = 0; snapshot != NULL && j < snapshot->tokens->len; j++)
      if (cardea_catalogue_host_is_current (self->entries->pdata[i], snapshot->tokens->pdata[j]))
        g_ptr_array_add (tokens, cardea_token_ref (snapshot->tokens->pdata[j]));
  }
  return tokens;
}

GPtrArray *
cardea_catalogue_get_reading (CardeaCatalogue *self)
{
  return cardea_catalogue_readers_get_reading (self->entries);
}

GPtrArray *
cardea_catalogue_get_certificates (CardeaCatalogue *self)
{
  GPtrArray *certificates = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_certificate_unref);

  for (guint i = 0; i < self->entries->len; i++) {
    const CardeaSnapshot *snapshot = cardea_catalogue_host_get_snapshot (self->entries->pdata[i]);

    for (guint j = 0; snapshot != NULL && j < snapshot->certificates->len; j++) {
      CardeaTokenCertificate *certificate = snapshot->certificates->pdata[j];

      if (cardea_catalogue_host_is_current (self->entries->pdata[i], certificate->token))
        g_ptr_array_add (certificates, cardea_token_certificate_ref (certificate));
    }
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
  if (self->readers != NULL && cardea_catalogue_wants_readers (self)) {
    g_autoptr (GPtrArray) tokens = cardea_catalogue_get_tokens (self);

    cardea_catalogue_readers_explain (self->readers, self->entries, tokens, problems);
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

  cardea_source_clear (&self->fresh);
  g_ptr_array_unref (self->entries);
  g_ptr_array_unref (self->hosts);
  g_ptr_array_unref (self->models);
  g_clear_pointer (&self->readers, cardea_readers_unref);
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
  signal_look =
      g_signal_new ("look", CARDEA_TYPE_CATALOGUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
cardea_catalogue_init (CardeaCatalogue *self)
{
  self->entries = new_entries ();
  self->hosts = g_ptr_array_new_with_free_func (g_object_unref);
  self->models = g_ptr_array_new_with_free_func (g_object_unref);
  self->told = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_unref);
  self->settlers = cardea_settlers_new ();
}
