/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <p11-kit/pkcs11.h>

#include "agent/front/front.h"

G_BEGIN_DECLS

/* What one session is in the middle of. */
typedef struct
{
  CK_SESSION_HANDLE handle;
  CK_FLAGS flags;
  gboolean searching;
  CK_OBJECT_HANDLE found; /* 0: nothing, or already returned */
  gboolean signing;
  CK_OBJECT_HANDLE key;
  CardeaFrontMechanism mechanism;
  guint hash_bits;
} FrontSession;

CK_SESSION_HANDLE front_session_open (CK_FLAGS flags);
gboolean front_session_close (CK_SESSION_HANDLE handle);
void front_session_close_all (void);

/* A copy, and back: FALSE when there is no such session. */
gboolean front_session_read (CK_SESSION_HANDLE handle, FrontSession *session);
gboolean front_session_write (const FrontSession *session);

G_END_DECLS
