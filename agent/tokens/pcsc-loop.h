/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/readers.h"

G_BEGIN_DECLS

/* The thread that waits for the card service, in a call of its library that has no end. */
typedef struct _CardeaPcscLoop CardeaPcscLoop;

/* In the thread; takes @readers. */
typedef void (*CardeaPcscLoopFunc) (CardeaReaders *readers, gpointer data);

/* Starts at once. @data is released by @destroy when the thread is over. */
CardeaPcscLoop *cardea_pcsc_loop_new (CardeaPcscLoopFunc changed, gpointer data, GDestroyNotify destroy);

/* Something may have changed that the service tells nobody: look now, or try now if it could not be reached.
 * Never blocks. */
void cardea_pcsc_loop_look (CardeaPcscLoop *self);

/* Ends the thread and frees @self. FALSE: the service's library did not come back in time, and the thread is
 * left behind; it will call nobody any more. */
gboolean cardea_pcsc_loop_end (CardeaPcscLoop *self);

/* The path of the service's socket, as its library has it. */
const char *cardea_pcsc_get_socket (void);

G_END_DECLS
