/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/catalogue.h"
#include "agent/tokens/readers.h"
#include "agent/tokens/snapshot.h"

G_BEGIN_DECLS

/* One host as the catalogue sees it: the last listing that counts, and the one that is under way. Never two
 * at once; what is asked for meanwhile is one more afterwards. Main loop only. */
typedef struct _CardeaCatalogueHost CardeaCatalogueHost;

/* @done: a listing came or failed, and no other follows at once. */
typedef void (*CardeaCatalogueHostFunc) (gpointer data);

/* Begins to list at once; a host for one reader begins when there is a card in it. */
CardeaCatalogueHost *cardea_catalogue_host_new (CardeaHost *host, CardeaCatalogueHostFunc done,
                                                gpointer data);
/* A listing under way is forgotten; the process is left alone. */
void cardea_catalogue_host_free (CardeaCatalogueHost *self);

/* Lists again, soon; @afresh: in a new process. */
void cardea_catalogue_host_refresh (CardeaCatalogueHost *self, gboolean afresh);
/* Ends the process, whatever it is doing, and lists again: a card that is reset meanwhile is left alone until
 * then. */
void cardea_catalogue_host_end_logins (CardeaCatalogueHost *self);
/* What there is in the readers now. A process that serves other cards is ended, and what it listed is dropped
 * or listed again. TRUE when something was dropped. */
gboolean cardea_catalogue_host_set_readers (CardeaCatalogueHost *self, CardeaReaders *readers);
/* Whether a token that it listed is still in its reader. */
gboolean cardea_catalogue_host_is_current (const CardeaCatalogueHost *self, const CardeaToken *token);
/* What a host for one reader serves, or NULL. */
CardeaInsertion *cardea_catalogue_host_get_insertion (const CardeaCatalogueHost *self);
/* It worked once and does not now. */
gboolean cardea_catalogue_host_is_lost (const CardeaCatalogueHost *self);
/* The process that it listed last goes on, so that what that said can be used. */
gboolean cardea_catalogue_host_is_valid (const CardeaCatalogueHost *self);
/* Whether an answer is worth waiting for: one that failed is tried again by itself, but holds nobody up. */
gboolean cardea_catalogue_host_is_busy (const CardeaCatalogueHost *self);

CardeaHost *cardea_catalogue_host_get_host (const CardeaCatalogueHost *self);
/* The last that came; NULL before the first. */
CardeaHostListing *cardea_catalogue_host_get_listing (const CardeaCatalogueHost *self);
/* Of that listing; NULL while the last attempt failed. */
const CardeaSnapshot *cardea_catalogue_host_get_snapshot (const CardeaCatalogueHost *self);
const CardeaReason *cardea_catalogue_host_get_problem (const CardeaCatalogueHost *self);

G_END_DECLS
