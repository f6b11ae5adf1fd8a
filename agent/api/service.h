/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/api/methods.h"

G_BEGIN_DECLS

/* The Varlink service: connections in, calls to their methods. Main loop only. */
typedef struct _CardeaService CardeaService;

/* @context is borrowed and outlives the service. */
CardeaService *cardea_service_new (CardeaMethodContext *context);
/* Closes all connections. */
void cardea_service_free (CardeaService *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaService, cardea_service_free)

/* A connection that was just accepted: @fd is taken, non-blocking. */
void cardea_service_add (CardeaService *self, int fd);
guint cardea_service_count_connections (CardeaService *self);

G_END_DECLS
