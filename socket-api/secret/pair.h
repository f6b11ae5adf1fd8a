/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* An old PIN, or a PUK, and the new PIN: one secret, so that they cross to another process together or not at
 * all. Errors of both: G_IO_ERROR_INVALID_DATA (one of them is empty or longer than CARDEA_LIMIT_PIN_BYTES),
 * G_IO_ERROR_NO_SPACE (locking). */
CardeaSecret *cardea_secret_join (const CardeaSecret *first, const CardeaSecret *second, GError **error);
/* Outputs are written on success only. */
gboolean cardea_secret_split (const CardeaSecret *both, CardeaSecret **first, CardeaSecret **second,
                              GError **error);

G_END_DECLS
