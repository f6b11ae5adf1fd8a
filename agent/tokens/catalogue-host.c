/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A host that dies says "changed" and is listed again, which starts it again, until it backs off; it says
 * "changed" once more when its time has come. So nothing here counts or waits: a refusal to start is the end
 * of this listing.
 *
 * Libraries go on showing the card that was there before, so a process never outlives the insertion it was
 * started for. It is killed as soon as the card service tells of a change, and what it said under way is not
 * believed. Twenty insertions a second are twenty kills, which cost little, but no more than two starts; what
 * was inserted last is listed. */

#include "agent/tokens/catalogue-host.h"

#include "agent/tokens/store-watch.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "agent/base/source.h"

#define MAX_RETRY_MS 1000
#define PULL_MS 450 /* until the card service tells of one: it looks every 400 ms */

struct _CardeaCatalogueHost
{
  CardeaHost *host;
  gulong changed_handler;
  GSource *soon;           /* a listing that is about to begin */
  gboolean asked;          /* by somebody, not only by the host */
  gboolean retried;        /* the listing under way is a second try */
  GCancellable *under_way; /* the listing that is waited for; NULL: none */
  gboolean again;          /* one more after that */
  gboolean stale;          /* the one under way is of a process that was killed since */
  gint64 began;            /* when a listing began last */
  gint64 not_before;       /* when the next may */

  CardeaStoreWatch *store;       /* of tokens that are files; or NULL */
  CardeaReaders *readers;        /* as they are now; NULL: not known yet */
  CardeaReaders *listed_readers; /* as they were when the listing, or the one under way, began */
  CardeaInsertion *insertion; /* of a host for one reader: what it serves; NULL: nothing, it does not run */

  CardeaHostListing *listing; /* the last that came, whatever happened since */
  gboolean failed;            /* the one after that */
  CardeaSnapshot *snapshot;
  CardeaReason *problem;

  CardeaCatalogueHostFunc done;
  gpointer data;
};

static gboolean
is_for_one_reader (const CardeaCatalogueHost *self)
{
  return cardea_host_get_spec (self->host)->reader != NULL;
}

/* Nothing is in its reader. */
static gboolean
is_idle (const CardeaCatalogueHost *self)
{
  return is_for_one_reader (self) && self->insertion == NULL;
}

static void
forget_listing (CardeaCatalogueHost *self)
{
  g_clear_pointer (&self->snapshot, cardea_snapshot_free);
  g_clear_pointer (&self->listing, cardea_host_listing_unref);
  g_clear_pointer (&self->problem, cardea_reason_free);
  self->failed = FALSE;
}

static void
note_insertions (CardeaCatalogueHost *self)
{
  for (guint i = 0; i < self->snapshot->tokens->len; i++) {
    CardeaToken *token = self->snapshot->tokens->pdata[i];
    const CardeaReader *reader = NULL;

    if (self->insertion == NULL && self->listed_readers != NULL)
      reader = cardea_readers_find_slot (self->listed_readers, token->info->reader);
    if (self->insertion != NULL)
      token->insertion = cardea_insertion_ref (self->insertion);
    else if (reader != NULL)
      token->insertion = cardea_insertion_ref (reader->insertion);
  }
}

static void
take_listing (CardeaCatalogueHost *self, CardeaHostListing *listing)
{
  const CardeaReason *problem = cardea_host_get_problem (self->host);

  forget_listing (self);
  self->listing = listing;
  self->snapshot = cardea_snapshot_new (self->host, listing);
  note_insertions (self);
  self->problem = problem != NULL ? cardea_reason_copy (problem) : NULL;
}

/* The listing is kept: authorities that were distrusted a moment ago must not be trusted because a process
 * died. */
static void
take_failure (CardeaCatalogueHost *self, const GError *error)
{
  const CardeaReason *problem = cardea_host_get_problem (self->host);

  g_clear_pointer (&self->snapshot, cardea_snapshot_free);
  g_clear_pointer (&self->problem, cardea_reason_free);
  self->failed = TRUE;
  self->problem = problem != NULL
                      ? cardea_reason_copy (problem)
                      : cardea_reason_new (CARDEA_REASON_MODULE_FAILED, "Reload the agent to try again.",
                                           "%s", error->message);
}

static void begin_soon (CardeaCatalogueHost *self);
static void renew_if_cards_changed (CardeaCatalogueHost *self);
static void schedule (CardeaCatalogueHost *self, GSource *source);

/* What somebody asked for is tried once more as soon as the host allows it, which is within a second; what
 * nobody asked for waits until the host speaks up. A host that worked a moment ago is asked again at once:
 * its process was ended under the listing (a token failed while it was read), and who connects now must not
 * be told that there is no certificate. */
static gboolean
retry (CardeaCatalogueHost *self, const GError *error)
{
  gboolean busy = g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_BUSY);
  gboolean worked = self->listing != NULL && !self->failed;
  json_t *retry_ms;
  json_int_t wait;

  if (self->retried || !(busy ? self->asked : worked))
    return FALSE;
  self->retried = TRUE;
  retry_ms = json_object_get (cardea_error_get_parameters (error), "retry_ms");
  wait = CLAMP (json_integer_value (retry_ms), 0, MAX_RETRY_MS);
  if (is_for_one_reader (self))
    wait = MAX (wait, PULL_MS);
  schedule (self, g_timeout_source_new ((guint)wait));
  return TRUE;
}

/* The cancellable carries the entry, until that is freed and nobody waits any more. */
static void
on_host_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GCancellable) cancellable = data;
  g_autoptr (GError) error = NULL;
  CardeaHostListing *listing = cardea_host_list_finish (CARDEA_HOST (source), result, &error);
  CardeaCatalogueHost *self = g_object_get_data (G_OBJECT (cancellable), "catalogue-host");

  if (self == NULL) {
    g_clear_pointer (&listing, cardea_host_listing_unref);
    return;
  }
  g_clear_object (&self->under_way);
  if (self->stale || is_idle (self))
    g_clear_pointer (&listing, cardea_host_listing_unref);
  else if (listing != NULL)
    take_listing (self, listing);
  else if (!self->again && !retry (self, error))
    take_failure (self, error);
  self->stale = FALSE;
  if (self->again)
    begin_soon (self);
  else
    renew_if_cards_changed (self);
  if (self->soon != NULL)
    return;
  self->asked = self->retried = FALSE;
  self->done (self->data);
}

static void
begin (CardeaCatalogueHost *self)
{
  self->again = FALSE;
  self->began = g_get_monotonic_time ();
  g_clear_pointer (&self->listed_readers, cardea_readers_unref);
  self->listed_readers = self->readers != NULL ? cardea_readers_ref (self->readers) : NULL;
  self->under_way = g_cancellable_new ();
  g_object_set_data (G_OBJECT (self->under_way), "catalogue-host", self);
  cardea_host_list_async (self->host, self->under_way, on_host_listed, g_object_ref (self->under_way));
}

static gboolean
on_soon (gpointer data)
{
  CardeaCatalogueHost *self = data;

  g_clear_pointer (&self->soon, g_source_unref);
  begin (self);
  return G_SOURCE_REMOVE;
}

static void
schedule (CardeaCatalogueHost *self, GSource *source)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->soon = source;
  g_source_set_callback (self->soon, on_soon, self, NULL);
  g_source_attach (self->soon, context);
}

/* Behind what the host has to say just now, so that a kill and its "changed" are one listing. */
static void
begin_soon (CardeaCatalogueHost *self)
{
  gint64 wait = self->not_before - g_get_monotonic_time ();
  GSource *source;

  if (is_idle (self))
    return;
  if (self->under_way != NULL)
    self->again = TRUE;
  if (self->under_way != NULL || self->soon != NULL)
    return;
  source = wait > 0 ? g_timeout_source_new ((guint)(wait / 1000) + 1) : g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_HIGH_IDLE);
  schedule (self, source);
}

/* Not a word of the process counts any more. */
static void
end_process (CardeaCatalogueHost *self)
{
  self->stale = self->under_way != NULL;
  self->not_before = self->began > 0 ? self->began + CARDEA_LIMIT_RENEWAL_MS * G_TIME_SPAN_MILLISECOND : 0;
  cardea_host_kill (self->host);
}

/* Tokens that came or went are seen by a new process only; for what is on them it is enough to look again,
 * and logins last. */
static void
on_store_changed (gboolean tokens, gpointer data)
{
  CardeaCatalogueHost *self = data;

  begin_soon (self);
  if (tokens)
    end_process (self);
}

static void
watch_store (CardeaCatalogueHost *self)
{
  CardeaTokenStore *store = cardea_token_store_find (self->host);

  if (store != NULL)
    self->store = cardea_store_watch_new (store, on_store_changed, self);
}

/* A process that ended on a card has perhaps lost it: what is in the reader is known in a moment, and a card
 * that is just being pulled, inserted or reset is better left alone until then. */
static void
leave_alone (CardeaCatalogueHost *self)
{
  if (is_for_one_reader (self))
    self->not_before = MAX (self->not_before, g_get_monotonic_time () + PULL_MS * G_TIME_SPAN_MILLISECOND);
}

static void
on_host_changed (CardeaHost *host, gpointer data)
{
  CardeaCatalogueHost *self = data;

  if (cardea_host_get_pid (host) == 0)
    leave_alone (self);
  begin_soon (self);
}

CardeaCatalogueHost *
cardea_catalogue_host_new (CardeaHost *host, CardeaCatalogueHostFunc done, gpointer data)
{
  CardeaCatalogueHost *self = g_new0 (CardeaCatalogueHost, 1);

  self->host = g_object_ref (host);
  self->done = done;
  self->data = data;
  self->changed_handler = g_signal_connect (host, "changed", G_CALLBACK (on_host_changed), self);
  watch_store (self);
  begin_soon (self);
  return self;
}

void
cardea_catalogue_host_free (CardeaCatalogueHost *self)
{
  g_signal_handler_disconnect (self->host, self->changed_handler);
  g_clear_pointer (&self->store, cardea_store_watch_free);
  g_clear_pointer (&self->readers, cardea_readers_unref);
  g_clear_pointer (&self->listed_readers, cardea_readers_unref);
  g_clear_pointer (&self->insertion, cardea_insertion_unref);
  if (self->under_way != NULL) {
    g_object_set_data (G_OBJECT (self->under_way), "catalogue-host", NULL);
    g_cancellable_cancel (self->under_way);
    g_clear_object (&self->under_way);
  }
  cardea_source_clear (&self->soon);
  g_clear_pointer (&self->snapshot, cardea_snapshot_free);
  g_clear_pointer (&self->listing, cardea_host_listing_unref);
  g_clear_pointer (&self->problem, cardea_reason_free);
  g_object_unref (self->host);
  g_free (self);
}

void
cardea_catalogue_host_refresh (CardeaCatalogueHost *self, gboolean afresh)
{
  if (is_idle (self))
    return;
  self->asked = TRUE;
  begin_soon (self);
  if (!afresh)
    return;
  self->stale = self->under_way != NULL;
  cardea_host_kill (self->host);
}

void
cardea_catalogue_host_end_logins (CardeaCatalogueHost *self)
{
  cardea_source_clear (&self->soon);
  leave_alone (self);
  cardea_catalogue_host_refresh (self, TRUE);
}

static gboolean
has_card (const CardeaReader *reader)
{
  return reader->state == CARDEA_READER_CARD || reader->state == CARDEA_READER_EXCLUSIVE;
}

/* Another program's exclusive use ends nothing that is running: it may be this very module's. */
static CardeaInsertion *
find_target (const CardeaCatalogueHost *self)
{
  const CardeaReader *reader = cardea_readers_find (self->readers, cardea_host_get_spec (self->host)->reader);

  if (reader == NULL || !has_card (reader))
    return NULL;
  if (reader->state == CARDEA_READER_EXCLUSIVE &&
      !cardea_insertion_equal (reader->insertion, self->insertion))
    return NULL;
  return reader->insertion;
}

/* TRUE when there is something else to tell. */
static gboolean
serve_insertion (CardeaCatalogueHost *self, CardeaInsertion *insertion)
{
  if (cardea_insertion_equal (insertion, self->insertion)) {
    if (insertion != NULL && self->failed)
      begin_soon (self);
    return FALSE;
  }
  g_clear_pointer (&self->insertion, cardea_insertion_unref);
  forget_listing (self);
  end_process (self);
  self->asked = self->retried = FALSE;
  if (insertion != NULL) {
    self->insertion = cardea_insertion_ref (insertion);
    begin_soon (self);
  } else {
    self->again = FALSE;
    cardea_source_clear (&self->soon);
  }
  return TRUE;
}

static const CardeaReader *
next_card (const CardeaReaders *readers, guint *i)
{
  while (readers != NULL && *i < readers->readers->len) {
    const CardeaReader *reader = readers->readers->pdata[(*i)++];

    if (has_card (reader))
      return reader;
  }
  return NULL;
}

static gboolean
cards_equal (const CardeaReaders *a, const CardeaReaders *b)
{
  const CardeaReader *one, *other;
  guint i = 0, j = 0;

  do {
    one = next_card (a, &i);
    other = next_card (b, &j);
    if ((one == NULL) != (other == NULL) ||
        (one != NULL && !cardea_insertion_equal (one->insertion, other->insertion)))
      return FALSE;
  } while (one != NULL);
  return TRUE;
}

/* One process for all readers: any card that came or went ends it. */
static void
renew_if_cards_changed (CardeaCatalogueHost *self)
{
  if (is_for_one_reader (self) || self->readers == NULL || self->listing == NULL || !self->listing->pcsc ||
      cards_equal (self->listed_readers, self->readers))
    return;
  end_process (self);
  begin_soon (self);
}

gboolean
cardea_catalogue_host_set_readers (CardeaCatalogueHost *self, CardeaReaders *readers)
{
  cardea_readers_ref (readers);
  g_clear_pointer (&self->readers, cardea_readers_unref);
  self->readers = readers;
  if (is_for_one_reader (self))
    return serve_insertion (self, find_target (self));
  renew_if_cards_changed (self);
  return FALSE;
}

gboolean
cardea_catalogue_host_is_current (const CardeaCatalogueHost *self, const CardeaToken *token)
{
  const CardeaReader *reader;

  if (token->insertion == NULL || self->readers == NULL)
    return TRUE;
  reader = cardea_readers_find (self->readers, token->insertion->reader);
  return reader != NULL && has_card (reader) && cardea_insertion_equal (reader->insertion, token->insertion);
}

CardeaInsertion *
cardea_catalogue_host_get_insertion (const CardeaCatalogueHost *self)
{
  return self->insertion;
}

gboolean
cardea_catalogue_host_is_lost (const CardeaCatalogueHost *self)
{
  return self->failed && self->listing != NULL;
}

gboolean
cardea_catalogue_host_is_valid (const CardeaCatalogueHost *self)
{
  return self->snapshot != NULL && !self->stale && cardea_host_runs (self->host, self->listing->generation);
}

gboolean
cardea_catalogue_host_is_busy (const CardeaCatalogueHost *self)
{
  return !is_idle (self) && (self->under_way != NULL || self->soon != NULL) && (self->asked || !self->failed);
}

CardeaHost *
cardea_catalogue_host_get_host (const CardeaCatalogueHost *self)
{
  return self->host;
}

CardeaHostListing *
cardea_catalogue_host_get_listing (const CardeaCatalogueHost *self)
{
  return self->listing;
}

const CardeaSnapshot *
cardea_catalogue_host_get_snapshot (const CardeaCatalogueHost *self)
{
  return self->snapshot;
}

const CardeaReason *
cardea_catalogue_host_get_problem (const CardeaCatalogueHost *self)
{
  return self->problem;
}
