/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A PIN's way to the agent. */

#include "ui/pin-pipe.h"

#include <errno.h>
#include <gio/gio.h>
#include <unistd.h>

/* The PIN fits the pipe, which is empty: nothing blocks. */
gboolean
cardea_pin_pipe_hand_over (int fd, CardeaSecret *pin, GError **error)
{
  gsize length = 0;
  const guint8 *bytes = cardea_secret_peek (pin, &length);
  gssize written;
  int code;

  do
    written = write (fd, bytes, length);
  while (written < 0 && errno == EINTR);
  code = errno;
  close (fd);
  if (written == (gssize)length)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The PIN cannot be handed over: %s",
               written < 0 ? g_strerror (code) : "the pipe is full");
  return FALSE;
}
