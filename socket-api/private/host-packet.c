/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Packets on a SOCK_SEQPACKET socket.
 *
 * The kernel keeps packets apart and tells when one was cut, so there is no framing to get wrong. Descriptors
 * are the danger: whatever a peer attaches is installed in this process by the mere reading, so every one
 * that is not expected is closed before anything is decided. */

#include "socket-api/private/host-packet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_DESCRIPTORS 4 /* room enough to see, and close, more than are allowed */

typedef union
{
  struct cmsghdr align;
  char bytes[CMSG_SPACE (MAX_DESCRIPTORS * sizeof (int))];
} Control;

static gboolean
set_errno (GError **error, int code, const char *what)
{
  g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));
  return FALSE;
}

gboolean
cardea_host_packet_send (int socket, GBytes *packet, int fd, GError **error)
{
  gsize length;
  gpointer data = (gpointer)g_bytes_get_data (packet, &length);
  struct iovec vector = { data, length };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
  Control control = { 0 };
  gssize sent;

  if (fd >= 0) {
    control.align = (struct cmsghdr){ CMSG_LEN (sizeof (int)), SOL_SOCKET, SCM_RIGHTS };
    memcpy (CMSG_DATA (&control.align), &fd, sizeof (int));
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE (sizeof (int));
  }
  do
    sent = sendmsg (socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent >= 0 || set_errno (error, errno, "cannot send a packet");
}

/* Closes all descriptors but the first, and that too if it is not wanted. Returns how many there were. */
static guint
collect_descriptors (struct msghdr *message, int *fd)
{
  guint count = 0;

  for (struct cmsghdr *header = CMSG_FIRSTHDR (message); header != NULL;
       header = CMSG_NXTHDR (message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
      continue;
    for (gsize at = 0; at + sizeof (int) <= header->cmsg_len - CMSG_LEN (0); at += sizeof (int)) {
      int received;

      memcpy (&received, CMSG_DATA (header) + at, sizeof (int));
      if (count++ == 0)
        *fd = received;
      else
        close (received);
    }
  }
  return count;
}

gboolean
cardea_host_packet_receive (int socket, guint8 *buffer, gsize size, gsize *length, int *fd, GError **error)
{
  struct iovec vector = { buffer, size };
  Control control = { 0 };
  struct msghdr message = {
    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof (control)
  };
  int first = -1;
  gssize received;

  do
    received = recvmsg (socket, &message, MSG_CMSG_CLOEXEC);
  while (received < 0 && errno == EINTR);
  if (received < 0)
    return set_errno (error, errno, "cannot read a packet");

  guint descriptors = collect_descriptors (&message, &first);

  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || descriptors > (fd != NULL ? 1 : 0)) {
    if (first >= 0)
      close (first);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s",
                 (message.msg_flags & MSG_TRUNC) != 0 ? "a packet is too long" : "unexpected descriptors");
    return FALSE;
  }
  *length = received;
  if (fd != NULL)
    *fd = first;
  return TRUE;
}
