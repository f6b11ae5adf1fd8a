/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/api/call.h"

G_BEGIN_DECLS

/* From a call's name to what does it. */
typedef void (*CardeaHandler) (CardeaCall *call, gpointer context);

typedef struct
{
  const char *name; /* fully qualified */
  CardeaHandler handle;
  gboolean sandboxed;  /* confined programs have it too */
  gboolean upgrade;    /* the call must be an upgrade; for all others it must not */
  gboolean more;       /* the call must take more than one answer */
  gboolean descriptor; /* the call may bring one */
} CardeaMethod;

/* Calls the handler, or answers with METHOD_NOT_FOUND, INTERFACE_NOT_FOUND, PERMISSION_DENIED, EXPECTED_MORE
 * or INVALID_PARAMETER ("upgrade", "descriptor"). */
void cardea_dispatch (const CardeaMethod *methods, guint n_methods, CardeaCall *call, gpointer context);

G_END_DECLS
