/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/reason.h"
#include "agent/tokens/insertion.h"

G_BEGIN_DECLS

/* What the card service says at one moment. Immutable, reference-counted; from any thread. */

typedef enum
{
  CARDEA_READER_EMPTY,
  CARDEA_READER_CARD,        /* that can be used */
  CARDEA_READER_MUTE,        /* a card that does not answer: upside down, broken, or none for this reader */
  CARDEA_READER_EXCLUSIVE,   /* a card that another program keeps for itself */
  CARDEA_READER_UNAVAILABLE, /* the reader itself fails */
} CardeaReaderState;

typedef struct
{
  CardeaInsertion *insertion; /* of an empty reader as well: who was pulled and put back is another */
  CardeaReaderState state;
} CardeaReader;

typedef enum
{
  CARDEA_READER_SERVICE_STARTING, /* it has not answered yet */
  CARDEA_READER_SERVICE_READY,
  CARDEA_READER_SERVICE_ABSENT,  /* there is no socket of it */
  CARDEA_READER_SERVICE_REFUSED, /* it is there, and not for us */
  CARDEA_READER_SERVICE_FAILING, /* it ended, or ends what we begin */
  CARDEA_READER_SERVICE_SILENT,  /* it took a connection and says nothing */
} CardeaReaderService;

typedef struct
{
  gint ref_count;
  CardeaReaderService service;
  GPtrArray *readers; /* of CardeaReader, in the service's order; empty unless it is ready */
} CardeaReaders;

/* Takes @readers, or NULL for none. */
CardeaReaders *cardea_readers_new (CardeaReaderService service, GPtrArray *readers);
CardeaReaders *cardea_readers_ref (CardeaReaders *self);
void cardea_readers_unref (CardeaReaders *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaReaders, cardea_readers_unref)

/* A new GPtrArray that owns CardeaReader elements. */
GPtrArray *cardea_reader_array_new (void);
/* Takes @insertion. */
CardeaReader *cardea_reader_new (CardeaInsertion *insertion, CardeaReaderState state);

gboolean cardea_readers_equal (const CardeaReaders *a, const CardeaReaders *b);
/* Borrowed, or NULL. @name as PC/SC has it. */
const CardeaReader *cardea_readers_find (const CardeaReaders *self, const char *name);
/* The same by what a module says of its slot: PKCS#11 cuts a name after 64 bytes. */
const CardeaReader *cardea_readers_find_slot (const CardeaReaders *self, const char *description);

/* Why there are no readers although there should be, or NULL. */
CardeaReason *cardea_readers_explain_service (const CardeaReaders *self);
/* Why the card in a reader cannot be used, or NULL. */
CardeaReason *cardea_reader_explain (const CardeaReader *self);
/* The reader's name for people. */
char *cardea_reader_get_display_name (const char *name);

const char *cardea_reader_service_to_string (CardeaReaderService service);
const char *cardea_reader_state_to_string (CardeaReaderState state);

G_END_DECLS
