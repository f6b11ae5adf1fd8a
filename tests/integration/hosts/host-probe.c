/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A PKCS#11 module that looks around from where a vendor's code would run: C_Initialize succeeds only if the
 * process may do no more than it should. It has no other function, which is a case of its own. */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/vm_sockets.h>
#include <p11-kit/pkcs11.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

CK_RV C_GetFunctionList (CK_FUNCTION_LIST_PTR_PTR list);

static gboolean
is_denied (int family)
{
  int fd = socket (family, SOCK_STREAM, 0);

  if (fd >= 0)
    close (fd);
  return fd < 0 && errno == EACCES;
}

static gboolean
has_no_network (void)
{
  int local = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gboolean works = local >= 0;

  if (works)
    close (local);
  return works && is_denied (AF_INET) && is_denied (AF_INET6) && is_denied (AF_PACKET) &&
         is_denied (AF_VSOCK) && is_denied (AF_NETLINK) && syscall (SYS_io_uring_setup, 1, NULL) < 0 &&
         errno == EACCES;
}

/* Three standard ones, the socket, and the folder that is being read. */
static gboolean
has_no_descriptors (void)
{
  for (int fd = 4; fd < 256; fd++)
    if (fcntl (fd, F_GETFD) >= 0)
      return FALSE;
  return TRUE;
}

static gboolean
has_no_terminal (void)
{
  char byte;

  return read (STDIN_FILENO, &byte, 1) == 0 && open ("/dev/tty", O_RDWR | O_CLOEXEC) < 0;
}

static CK_RV
initialise (CK_VOID_PTR arguments)
{
  gboolean confined = has_no_network () && has_no_descriptors () && has_no_terminal () &&
                      prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl (PR_GET_DUMPABLE) == 0;

  return confined ? CKR_OK : CKR_GENERAL_ERROR;
}

static CK_FUNCTION_LIST functions = { .version = { 2, 40 }, .C_Initialize = initialise };

CK_RV
C_GetFunctionList (CK_FUNCTION_LIST_PTR_PTR list)
{
  *list = &functions;
  return CKR_OK;
}
