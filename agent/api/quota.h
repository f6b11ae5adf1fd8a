/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How many slots each program holds, and all together: sockets without a stream, and calls under way. */
typedef struct _CardeaQuota CardeaQuota;

CardeaQuota *cardea_quota_new (guint per_caller, guint in_all);
void cardea_quota_free (CardeaQuota *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaQuota, cardea_quota_free)

/* @key: cardea_caller_get_key(). Errors: CARDEA_ERROR_BUSY ("what": pending_per_program or pending;
 * "retry_ms"). */
gboolean cardea_quota_take (CardeaQuota *self, const char *key, GError **error);
void cardea_quota_give (CardeaQuota *self, const char *key);
/* @key NULL: all. */
guint cardea_quota_count (CardeaQuota *self, const char *key);

G_END_DECLS
