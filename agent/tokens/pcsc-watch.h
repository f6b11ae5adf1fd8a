/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/readers.h"

G_BEGIN_DECLS

/* Readers and cards as the card service (PC/SC) sees them, told to the main loop. */
typedef struct _CardeaPcscWatch CardeaPcscWatch;

/* @changed: get_readers() gives something else; what came and went in between is left out. */
CardeaPcscWatch *cardea_pcsc_watch_new (GSourceOnceFunc changed, gpointer data);
/* Ends the watch; blocks for at most two seconds, and only where the service hangs. */
void cardea_pcsc_watch_free (CardeaPcscWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaPcscWatch, cardea_pcsc_watch_free)

/* Borrowed until the next change. */
CardeaReaders *cardea_pcsc_watch_get_readers (CardeaPcscWatch *self);
/* Somebody asks, or a card behaves strangely: what the service tells nobody is looked at now (that another
 * program keeps a card for itself), and a service that could not be reached is tried once more. */
void cardea_pcsc_watch_look (CardeaPcscWatch *self);

G_END_DECLS
