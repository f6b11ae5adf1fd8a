/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether a token was taken away.
 *
 * A host that died, hangs or is started afresh shows no tokens, and so does a card service that is started
 * again; neither is a hand at the reader. So a token without a reader is gone when its host lists well and
 * does not show it, and one in a reader when the reader's own count says so. After the service was started
 * anew that count tells nothing; then a card counts as the same if it shows the same token. A service that
 * has just begun shows readers one after the other, and each of them empty at first. */

#include "agent/tokens/presence.h"

static CardeaCatalogueHost *
find_entry (GPtrArray *entries, CardeaHost *host)
{
  for (guint i = 0; i < entries->len; i++)
    if (cardea_catalogue_host_get_host (entries->pdata[i]) == host)
      return entries->pdata[i];
  return NULL;
}

static gboolean
lists (const CardeaSnapshot *snapshot, const CardeaToken *token)
{
  for (guint i = 0; i < snapshot->tokens->len; i++)
    if (g_str_equal (((CardeaToken *)snapshot->tokens->pdata[i])->uri, token->uri))
      return TRUE;
  return FALSE;
}

static CardeaPresence
find_by_listing (GPtrArray *entries, CardeaToken *token)
{
  CardeaCatalogueHost *entry = find_entry (entries, token->host);
  const CardeaSnapshot *snapshot = entry != NULL ? cardea_catalogue_host_get_snapshot (entry) : NULL;

  if (snapshot == NULL || cardea_catalogue_host_is_busy (entry))
    return CARDEA_PRESENCE_UNKNOWN;
  return lists (snapshot, token) ? CARDEA_PRESENCE_HERE : CARDEA_PRESENCE_GONE;
}

CardeaPresence
cardea_presence_find (GPtrArray *entries, const CardeaReaders *readers, gboolean fresh, CardeaToken *token)
{
  const CardeaReader *reader;

  if (token->insertion == NULL)
    return find_by_listing (entries, token);
  if (readers == NULL || readers->service != CARDEA_READER_SERVICE_READY)
    return CARDEA_PRESENCE_UNKNOWN;
  reader = cardea_readers_find (readers, token->insertion->reader);
  if (fresh && (reader == NULL || (reader->state == CARDEA_READER_EMPTY &&
                                   reader->insertion->generation != token->insertion->generation)))
    return CARDEA_PRESENCE_UNKNOWN;
  if (reader == NULL || reader->state == CARDEA_READER_EMPTY)
    return CARDEA_PRESENCE_GONE;
  if (cardea_insertion_equal (reader->insertion, token->insertion))
    return CARDEA_PRESENCE_HERE;
  if (reader->insertion->generation == token->insertion->generation)
    return CARDEA_PRESENCE_GONE;
  return find_by_listing (entries, token);
}
