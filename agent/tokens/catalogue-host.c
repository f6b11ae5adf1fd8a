/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A host that dies says "changed" and is listed again, which starts it again, until it backs off; it says
 * "changed" once more when its time has come. So nothing here counts or waits: a refusal to start is the end
 * of this listing. */

#include "agent/tokens/catalogue-host.h"

#include "socket-api/wire/error.h"

#define MAX_RETRY_MS 1000

struct _CardeaCatalogueHost
{
  CardeaHost *host;
  gulong changed_handler;
  GSource *soon;           /* a listing that is about to begin */
  gboolean asked;          /* by somebody, not only by the host */
  gboolean retried;        /* the listing under way is a second try */
  GCancellable *under_way; /* the listing that is waited for; NULL: none */
  gboolean again;          /* one more after that */

  CardeaHostListing *listing; /* the last that came, whatever happened since */
  gboolean failed;            /* the one after that */
  CardeaSnapshot *snapshot;
  CardeaReason *problem;

  CardeaCatalogueHostFunc done;
  gpointer data;
};

static void
take_listing (CardeaCatalogueHost *self, CardeaHostListing *listing)
{
  const CardeaReason *problem = cardea_host_get_problem (self->host);

  g_clear_pointer (&self->snapshot, cardea_snapshot_free);
  g_clear_pointer (&self->listing, cardea_host_listing_unref);
  g_clear_pointer (&self->problem, cardea_reason_free);
  self->listing = listing;
  self->failed = FALSE;
  self->snapshot = cardea_snapshot_new (self->host, listing);
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
  if (listing != NULL)
    take_listing (self, listing);
  else if (!self->again && !retry (self, error))
    take_failure (self, error);
  if (self->again)
    begin_soon (self);
  if (self->soon != NULL)
    return;
  self->asked = self->retried = FALSE;
  self->done (self->data);
}

static void
begin (CardeaCatalogueHost *self)
{
  self->again = FALSE;
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
  GSource *source;

  if (self->under_way != NULL)
    self->again = TRUE;
  if (self->under_way != NULL || self->soon != NULL)
    return;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_HIGH_IDLE);
  schedule (self, source);
}

static void
on_host_changed (CardeaHost *host, gpointer data)
{
  begin_soon (data);
}

CardeaCatalogueHost *
cardea_catalogue_host_new (CardeaHost *host, CardeaCatalogueHostFunc done, gpointer data)
{
  CardeaCatalogueHost *self = g_new0 (CardeaCatalogueHost, 1);

  self->host = g_object_ref (host);
  self->done = done;
  self->data = data;
  self->changed_handler = g_signal_connect (host, "changed", G_CALLBACK (on_host_changed), self);
  begin_soon (self);
  return self;
}

void
cardea_catalogue_host_free (CardeaCatalogueHost *self)
{
  g_signal_handler_disconnect (self->host, self->changed_handler);
  if (self->under_way != NULL) {
    g_object_set_data (G_OBJECT (self->under_way), "catalogue-host", NULL);
    g_cancellable_cancel (self->under_way);
    g_clear_object (&self->under_way);
  }
  if (self->soon != NULL)
    g_source_destroy (self->soon);
  g_clear_pointer (&self->soon, g_source_unref);
  g_clear_pointer (&self->snapshot, cardea_snapshot_free);
  g_clear_pointer (&self->listing, cardea_host_listing_unref);
  g_clear_pointer (&self->problem, cardea_reason_free);
  g_object_unref (self->host);
  g_free (self);
}

void
cardea_catalogue_host_refresh (CardeaCatalogueHost *self, gboolean afresh)
{
  self->asked = TRUE;
  begin_soon (self);
  if (afresh)
    cardea_host_kill (self->host);
}

gboolean
cardea_catalogue_host_is_lost (const CardeaCatalogueHost *self)
{
  return self->failed && self->listing != NULL;
}

gboolean
cardea_catalogue_host_is_busy (const CardeaCatalogueHost *self)
{
  return (self->under_way != NULL || self->soon != NULL) && (self->asked || !self->failed);
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
