/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A person who inserts a card and sees an empty list does not know where to look. Between the card and the
 * list are a service, a reader, its driver, other programs and a module; whichever of them it is has a name
 * here. */

#include "agent/tokens/catalogue-readers.h"

#include "agent/tokens/token.h"
#include "agent/tokens/usb-readers.h"

static gboolean
is_shared (const CardeaCatalogueHost *entry)
{
  const CardeaHostListing *listing = cardea_catalogue_host_get_listing (entry);

  return listing != NULL && listing->pcsc &&
         cardea_host_get_spec (cardea_catalogue_host_get_host (entry))->reader == NULL;
}

gboolean
cardea_catalogue_readers_are_wanted (GPtrArray *entries, gboolean confinable)
{
  for (guint i = 0; !confinable && i < entries->len; i++)
    confinable = is_shared (entries->pdata[i]);
  return confinable;
}

GPtrArray *
cardea_catalogue_readers_get_reading (GPtrArray *entries)
{
  GPtrArray *tokens = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_unref);

  for (guint i = 0; i < entries->len; i++) {
    CardeaCatalogueHost *entry = entries->pdata[i];
    CardeaInsertion *insertion = cardea_catalogue_host_get_insertion (entry);

    if (insertion != NULL && cardea_catalogue_host_get_snapshot (entry) == NULL &&
        cardea_catalogue_host_is_busy (entry))
      g_ptr_array_add (tokens, cardea_token_new_reading (cardea_catalogue_host_get_host (entry), insertion));
  }
  return tokens;
}

static gboolean
has_token (GPtrArray *tokens, const CardeaInsertion *insertion)
{
  for (guint i = 0; i < tokens->len; i++)
    if (cardea_insertion_equal (((CardeaToken *)tokens->pdata[i])->insertion, insertion))
      return TRUE;
  return FALSE;
}

/* Whoever could find a token in the reader is still looking, or has said why not. */
static gboolean
is_open (GPtrArray *entries, const CardeaInsertion *insertion)
{
  for (guint i = 0; i < entries->len; i++) {
    CardeaCatalogueHost *entry = entries->pdata[i];
    gboolean serves =
        is_shared (entry) || cardea_insertion_equal (cardea_catalogue_host_get_insertion (entry), insertion);

    if (serves &&
        (cardea_catalogue_host_is_busy (entry) || cardea_catalogue_host_get_problem (entry) != NULL))
      return TRUE;
  }
  return FALSE;
}

static CardeaReason *
explain_unknown (const CardeaReader *reader)
{
  g_autofree char *name = cardea_reader_get_display_name (reader->insertion->reader);

  return cardea_reason_new (CARDEA_REASON_CARD_UNKNOWN,
                            "Install the PKCS#11 module that its issuer offers, or set the card up.",
                            "No module knows what to do with the card in the reader “%s”.", name);
}

static void
explain_reader (const CardeaReader *reader, GPtrArray *entries, GPtrArray *problems)
{
  CardeaReason *reason = cardea_reader_explain (reader);

  if (reason == NULL && reader->state == CARDEA_READER_CARD && !is_open (entries, reader->insertion))
    reason = explain_unknown (reader);
  if (reason != NULL)
    g_ptr_array_add (problems, reason);
}

static void
explain_shared (CardeaReaders *readers, GPtrArray *entries, GPtrArray *problems)
{
  for (guint i = 0; readers->readers->len > 1 && i < entries->len; i++) {
    CardeaHost *host = cardea_catalogue_host_get_host (entries->pdata[i]);

    if (is_shared (entries->pdata[i]))
      g_ptr_array_add (
          problems, cardea_reason_new (CARDEA_REASON_READERS_SHARED,
                                       "Use one reader at a time with it, or OpenSC where that knows the "
                                       "cards.",
                                       "The module %s serves all readers in one process: a card that hangs "
                                       "in one stops the others.",
                                       cardea_host_get_spec (host)->name));
  }
}

static void
explain_no_reader (CardeaReaders *readers, GPtrArray *problems)
{
  g_autofree char *name = NULL;

  if (readers->service != CARDEA_READER_SERVICE_READY || readers->readers->len > 0)
    return;
  name = cardea_usb_readers_find (NULL);
  if (name != NULL)
    g_ptr_array_add (
        problems, cardea_reason_new (CARDEA_REASON_READER_WITHOUT_DRIVER,
                                     "Install its driver (for most readers the package libccid), then plug "
                                     "it in again.",
                                     "The reader “%s” is plugged in, but the service for card readers "
                                     "(pcscd) has no driver for it.",
                                     name));
}

void
cardea_catalogue_readers_explain (CardeaReaders *readers, GPtrArray *entries, GPtrArray *tokens,
                                  GPtrArray *problems)
{
  CardeaReason *reason = cardea_readers_explain_service (readers);

  if (reason != NULL)
    g_ptr_array_add (problems, reason);
  explain_no_reader (readers, problems);
  for (guint i = 0; i < readers->readers->len; i++) {
    const CardeaReader *reader = readers->readers->pdata[i];

    if (!has_token (tokens, reader->insertion))
      explain_reader (reader, entries, problems);
  }
  explain_shared (readers, entries, problems);
}
