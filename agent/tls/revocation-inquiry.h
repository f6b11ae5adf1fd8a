/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/tls/revocation-question.h"
#include "agent/tls/revocation-status.h"

G_BEGIN_DECLS

/* A place gave no answer: it was not reached, or what it sent was none. */
typedef void (*CardeaRevocationPlaceFailed) (const char *url, gpointer user_data);

typedef struct
{
  CardeaRevocationQuestion *question;
  GPtrArray *responders, *lists; /* URLs, those of the question that are to be asked */
  CardeaRevocationPlaceFailed failed;
  gpointer failed_data;
} CardeaRevocationInquiry;

/* Asks one place after the other until one knows, each for a part of CARDEA_LIMIT_REVOCATION_SOFT_MS, or of
 * HARD_MS for a hard question, and all for HARD_MS; what they say is read on a worker. The struct is copied.
 * "Unknown" when none knows, and when it is cancelled; then @failed is not called any more. Main loop. */
void cardea_revocation_inquiry_run_async (const CardeaRevocationInquiry *inquiry, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer data);
/* @until: of an answer, when it is out of date, in Unix seconds. */
CardeaRevocationStatus cardea_revocation_inquiry_run_finish (GAsyncResult *result, gint64 *until);

G_END_DECLS
