/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* Writes @pin into the pipe @fd, which is empty and takes it whole, and closes that. Errors: G_IO_ERROR. */
gboolean cardea_pin_pipe_hand_over (int fd, CardeaSecret *pin, GError **error);

G_END_DECLS
