/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/options.h"

G_BEGIN_DECLS

/* The whole agent, put together. Main loop only. */
typedef struct _CardeaAgent CardeaAgent;

/* Starts everything; when it returns, programs can connect. Errors: CARDEA_ERROR_CONFIGURATION, G_IO_ERROR.
 */
CardeaAgent *cardea_agent_new (const CardeaOptions *options, GError **error);
/* Everything is given back; a bounded time is waited for what is still under way. */
void cardea_agent_free (CardeaAgent *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaAgent, cardea_agent_free)

/* Reads the configuration afresh. One that is wrong is reported in the log and by ListTokens and Reload; the
 * old one stays. Tokens are read afresh in either case. */
void cardea_agent_reload (CardeaAgent *self);

/* Takes no more connections; @stopped comes when the streams have ended or their time is over. Again: at
 * once. */
void cardea_agent_stop (CardeaAgent *self, void (*stopped) (gpointer user_data), gpointer user_data);

G_END_DECLS
