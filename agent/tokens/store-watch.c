/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files are written one by one, so they are looked at when it has been quiet for a moment, or has not been
 * for some seconds.
 *
 * Who reads tokens may write there, too: the very process that is told to read again. What is written by
 * reading is left out as far as it is known (token-store.c); where that does not suffice each time costs
 * twice the wait of the time before, so that a module that writes whenever it is loaded is not loaded
 * forever. */

#include "agent/tokens/store-watch.h"

#include "agent/tokens/folder-watch.h"
#include "socket-api/limits.h"
#include "agent/base/source.h"

#define QUIET_MS 300
#define LONGEST_MS 3000 /* from the first write to a look, however much is written */
#define MS G_TIME_SPAN_MILLISECOND

struct _CardeaStoreWatch
{
  CardeaTokenStore *store;
  CardeaFolderWatch *folder; /* or NULL: the kernel gives no more watches */
  CardeaStoreWatchFunc changed;
  gpointer data;

  char *tokens, *content; /* as they were told of */
  GSource *timer;
  gint64 since; /* of the first write that was not looked at; 0: none */
  gint64 told;  /* when; 0: never */
  guint pause_ms;
};

/* Soon after a change that was told of, another may be the reader's own. */
static void
note_told (CardeaStoreWatch *self, gint64 now)
{
  gint64 quiet = now - self->told - self->pause_ms * MS;

  if (self->told > 0 && quiet < CARDEA_LIMIT_STORE_SETTLE_MS * MS)
    self->pause_ms = CLAMP (self->pause_ms * 2, 1000, CARDEA_LIMIT_STORE_PAUSE_MAX_MS);
  else
    self->pause_ms = 0;
  self->told = now;
}

static gboolean
on_quiet (gpointer data)
{
  CardeaStoreWatch *self = data;
  g_autofree char *tokens = self->tokens, *content = self->content;
  gboolean tokens_changed, content_changed;

  cardea_source_clear (&self->timer);
  self->since = 0;
  cardea_token_store_look (self->store, &self->tokens, &self->content);
  tokens_changed = !g_str_equal (tokens, self->tokens);
  content_changed = !g_str_equal (content, self->content);
  if (!tokens_changed && !content_changed)
    return G_SOURCE_REMOVE;
  note_told (self, g_get_monotonic_time ());
  self->changed (tokens_changed, self->data);
  return G_SOURCE_REMOVE;
}

static void
on_written (gpointer data)
{
  CardeaStoreWatch *self = data;
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  gint64 now = g_get_monotonic_time ();
  gint64 due;

  if (self->since == 0)
    self->since = now;
  due = MIN (now + QUIET_MS * MS, self->since + LONGEST_MS * MS);
  due = MAX (due, self->told + self->pause_ms * MS);
  cardea_source_clear (&self->timer);
  self->timer = g_timeout_source_new ((guint)(MAX (due - now, 0) / MS) + 1);
  g_source_set_callback (self->timer, on_quiet, self, NULL);
  g_source_attach (self->timer, context);
}

CardeaStoreWatch *
cardea_store_watch_new (CardeaTokenStore *store, CardeaStoreWatchFunc changed, gpointer data)
{
  CardeaStoreWatch *self = g_new0 (CardeaStoreWatch, 1);

  self->store = store;
  self->changed = changed;
  self->data = data;
  self->folder = cardea_folder_watch_new (store->folder, store->depth, on_written, self);
  cardea_token_store_look (store, &self->tokens, &self->content);
  return self;
}

void
cardea_store_watch_free (CardeaStoreWatch *self)
{
  cardea_source_clear (&self->timer);
  g_clear_pointer (&self->folder, cardea_folder_watch_free);
  cardea_token_store_free (self->store);
  g_free (self->tokens);
  g_free (self->content);
  g_free (self);
}
