/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One read from, one write to a Unix socket that may carry descriptors. Never blocks; EINTR is dealt with. */

/* Like recv(): -1 with errno. The number of descriptors that came along is added to *n_descriptors; the first
 * one becomes *descriptor, the caller's, if that is -1, and the others are closed. */
gssize cardea_receive (int fd, void *buffer, gsize length, int *descriptor, guint *n_descriptors);

/* Like send() without SIGPIPE; @descriptor goes along unless it is -1, and stays the caller's. */
gssize cardea_send (int fd, const void *bytes, gsize length, int descriptor);

G_END_DECLS
