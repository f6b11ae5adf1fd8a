/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Readers and cards as values, and what is wrong with them in words a person can act on. */

#include "agent/tokens/readers.h"

#include <string.h>

#include "agent/base/printable.h"

#define SLOT_DESCRIPTION 64 /* bytes, PKCS#11 2.40, CK_SLOT_INFO */

CardeaReader *
cardea_reader_new (CardeaInsertion *insertion, CardeaReaderState state)
{
  CardeaReader *self = g_new0 (CardeaReader, 1);

  self->insertion = insertion;
  self->state = state;
  return self;
}

static void
free_reader (gpointer data)
{
  CardeaReader *self = data;

  cardea_insertion_unref (self->insertion);
  g_free (self);
}

GPtrArray *
cardea_reader_array_new (void)
{
  return g_ptr_array_new_with_free_func (free_reader);
}

CardeaReaders *
cardea_readers_new (CardeaReaderService service, GPtrArray *readers)
{
  CardeaReaders *self = g_new0 (CardeaReaders, 1);

  self->ref_count = 1;
  self->service = service;
  self->readers = readers != NULL ? readers : cardea_reader_array_new ();
  return self;
}

CardeaReaders *
cardea_readers_ref (CardeaReaders *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
cardea_readers_unref (CardeaReaders *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_ptr_array_unref (self->readers);
  g_free (self);
}

gboolean
cardea_readers_equal (const CardeaReaders *a, const CardeaReaders *b)
{
  if (a->service != b->service || a->readers->len != b->readers->len)
    return FALSE;
  for (guint i = 0; i < a->readers->len; i++) {
    const CardeaReader *one = a->readers->pdata[i], *other = b->readers->pdata[i];

    if (one->state != other->state || !cardea_insertion_equal (one->insertion, other->insertion))
      return FALSE;
  }
  return TRUE;
}

const CardeaReader *
cardea_readers_find (const CardeaReaders *self, const char *name)
{
  for (guint i = 0; i < self->readers->len; i++) {
    const CardeaReader *reader = self->readers->pdata[i];

    if (g_str_equal (reader->insertion->reader, name))
      return reader;
  }
  return NULL;
}

/* What the host makes of a slot's description: cut, blanks trimmed, valid. */
static char *
describe_slot (const char *name)
{
  g_autofree char *cut = g_strndup (name, SLOT_DESCRIPTION);
  g_autofree char *valid = g_utf8_make_valid (cut, -1);

  return g_strdup (g_strstrip (valid));
}

const CardeaReader *
cardea_readers_find_slot (const CardeaReaders *self, const char *description)
{
  for (guint i = 0; i < self->readers->len; i++) {
    const CardeaReader *reader = self->readers->pdata[i];
    g_autofree char *slot = describe_slot (reader->insertion->reader);

    if (g_str_equal (slot, description))
      return reader;
  }
  return NULL;
}

char *
cardea_reader_get_display_name (const char *name)
{
  return cardea_printable (name, -1);
}

CardeaReason *
cardea_readers_explain_service (const CardeaReaders *self)
{
  switch (self->service) {
  case CARDEA_READER_SERVICE_ABSENT:
    return cardea_reason_new (CARDEA_REASON_READER_SERVICE_DOWN,
                              "Install the package pcscd, or start it: \"systemctl start pcscd.socket\".",
                              "The service for card readers (pcscd) is not installed or not running, so no "
                              "card can be seen.");
  case CARDEA_READER_SERVICE_REFUSED:
    return cardea_reason_new (CARDEA_REASON_READER_SERVICE_REFUSED,
                              "Ask the administrator to let you use readers (polkit: "
                              "org.debian.pcsc-lite.access_pcsc), or log in at the machine itself.",
                              "The service for card readers (pcscd) refuses to serve you, so no card can be "
                              "seen.");
  case CARDEA_READER_SERVICE_FAILING:
    return cardea_reason_new (
        CARDEA_REASON_READER_SERVICE_DOWN,
        "See \"journalctl -u pcscd\"; it may be starting, or polkit may refuse you "
        "(org.debian.pcsc-lite.access_pcsc).",
        "The service for card readers (pcscd) ended, or ends each connection, so no card "
        "can be seen.");
  case CARDEA_READER_SERVICE_SILENT:
    return cardea_reason_new (
        CARDEA_REASON_READER_SERVICE_SILENT, "Restart it: \"systemctl restart pcscd\".",
        "The service for card readers (pcscd) does not answer, so no card can be seen.");
  case CARDEA_READER_SERVICE_STARTING:
  case CARDEA_READER_SERVICE_READY:
  default:
    return NULL;
  }
}

CardeaReason *
cardea_reader_explain (const CardeaReader *self)
{
  g_autofree char *name = cardea_reader_get_display_name (self->insertion->reader);

  switch (self->state) {
  case CARDEA_READER_MUTE:
    return cardea_reason_new (CARDEA_REASON_CARD_MUTE,
                              "Insert it the other way round, clean its contacts, or try another reader.",
                              "The card in the reader “%s” does not answer.", name);
  case CARDEA_READER_EXCLUSIVE:
    return cardea_reason_new (CARDEA_REASON_READER_IN_USE,
                              "End the other program, or wait until it has finished.",
                              "Another program keeps the card in the reader “%s” for itself.", name);
  case CARDEA_READER_UNAVAILABLE:
    return cardea_reason_new (CARDEA_REASON_READER_FAILING,
                              "Unplug the reader and plug it in again; if that does not help, install its "
                              "driver.",
                              "The reader “%s” does not work.", name);
  case CARDEA_READER_EMPTY:
  case CARDEA_READER_CARD:
  default:
    return NULL;
  }
}

const char *
cardea_reader_service_to_string (CardeaReaderService service)
{
  static const char *const names[] = {
    [CARDEA_READER_SERVICE_STARTING] = "starting", [CARDEA_READER_SERVICE_READY] = "ready",
    [CARDEA_READER_SERVICE_ABSENT] = "absent",     [CARDEA_READER_SERVICE_REFUSED] = "refused",
    [CARDEA_READER_SERVICE_FAILING] = "failing",   [CARDEA_READER_SERVICE_SILENT] = "silent",
  };

  g_return_val_if_fail ((gsize)service < G_N_ELEMENTS (names), "absent");
  return names[service];
}

const char *
cardea_reader_state_to_string (CardeaReaderState state)
{
  static const char *const names[] = {
    [CARDEA_READER_EMPTY] = "empty",
    [CARDEA_READER_CARD] = "card",
    [CARDEA_READER_MUTE] = "mute",
    [CARDEA_READER_EXCLUSIVE] = "exclusive",
    [CARDEA_READER_UNAVAILABLE] = "unavailable",
  };

  g_return_val_if_fail ((gsize)state < G_N_ELEMENTS (names), "unavailable");
  return names[state];
}
