/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bytes with descriptors.
 *
 * Whoever writes to a Unix socket can send descriptors along, whether anybody asked for them or not. A plain
 * read would leave them to the kernel without a word; here they are seen, and all
 * but the one that a call may bring are closed at once, so that nobody can fill our table of descriptors. */
#include "agent/api/receive.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_DESCRIPTORS 253 /* what the kernel lets through at once (SCM_MAX_FD); unix(7) */

static guint
keep_one (struct msghdr *header, int *descriptor)
{
  guint n = 0;

  for (struct cmsghdr *control = CMSG_FIRSTHDR (header); control; control = CMSG_NXTHDR (header, control)) {
    gsize count;
    int fd;

    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS ||
        control->cmsg_len < CMSG_LEN (0))
      continue;

    count = (control->cmsg_len - CMSG_LEN (0)) / sizeof fd;
    for (gsize i = 0; i < count; i++) {
      memcpy (&fd, CMSG_DATA (control) + i * sizeof fd, sizeof fd);
      if (*descriptor < 0)
        *descriptor = fd;
      else
        close (fd);
    }
    n += (guint)count;
  }

  return n;
}

gssize
cardea_receive (int fd, void *buffer, gsize length, int *descriptor, guint *n_descriptors)
{
  union
  {
    char bytes[CMSG_SPACE (MAX_DESCRIPTORS * sizeof (int))];
    struct cmsghdr align;
  } control;
  struct iovec vector = { .iov_base = buffer, .iov_len = length };
  struct msghdr header = {
    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes
  };
  gssize n;

  do
    n = recvmsg (fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);

  if (n >= 0) {
    *n_descriptors += keep_one (&header, descriptor);
    if (header.msg_flags & MSG_CTRUNC)
      (*n_descriptors)++;
  }

  return n;
}

gssize
cardea_send (int fd, const void *bytes, gsize length, int descriptor)
{
  union
  {
    char bytes[CMSG_SPACE (sizeof (int))];
    struct cmsghdr align;
  } control = { 0 };
  struct iovec vector = { .iov_base = (void *)bytes, .iov_len = length };
  struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };
  gssize n;

  if (descriptor >= 0) {
    control.align.cmsg_level = SOL_SOCKET;
    control.align.cmsg_type = SCM_RIGHTS;
    control.align.cmsg_len = CMSG_LEN (sizeof descriptor);
    memcpy (CMSG_DATA (&control.align), &descriptor, sizeof descriptor);
    header.msg_control = control.bytes;
    header.msg_controllen = sizeof control.bytes;
  }

  do
    n = sendmsg (fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);

  return n;
}
