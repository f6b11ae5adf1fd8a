/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tls/path.h"
#include "agent/tls/verify.h"

G_BEGIN_DECLS

/* Sets SERVER_NOT_TRUSTED, with the same sentence as the error's message and as its parameter. Returns FALSE.
 */
gboolean cardea_verify_refuse (const CardeaVerifyRequest *request, GError **error, const char *reason,
                               const char *format, ...) G_GNUC_PRINTF (4, 5);

/* What is at hand about the certificates of a path: sets revocation and question of the verdict, both NULL
 * before. FALSE: one was revoked, or the server had to send something and did not. */
gboolean cardea_verify_revocation (const CardeaVerifyRequest *request, const CardeaPath *path,
                                   CardeaVerdict *verdict, GError **error);
/* Whether that suffices for what rules demand. @asked: the network was. */
gboolean cardea_verify_revocation_is_enough (const CardeaVerifyRequest *request, const CardeaVerdict *verdict,
                                             gboolean asked, GError **error);

G_END_DECLS
