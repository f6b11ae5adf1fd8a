/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one type that holds a PIN.
 *
 * A PIN in ordinary memory ends up on the swap partition, in a core file, in the heap of a child, or in
 * whatever the allocator hands out next. So it gets pages of its own from the first byte: locked, left out of
 * dumps and of children, read-only once filled, and erased before they are unmapped. If the kernel refuses
 * any of this there is no secret: a silent fall-back to the heap would take the promise back. */

#include "socket-api/secret/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "socket-api/secret/pages.h"

/* What a pipe takes at once, however few pages the kernel gave it: cardea_secret_to_pipe() must not block. */
#define MAX_SECRET_BYTES PIPE_BUF

struct _CardeaSecret
{
  gatomicrefcount references;
  guint8 *pages; /* mapped, locked */
  gsize mapped;  /* in bytes, whole pages */
  gsize length;
};

static gboolean
fail_with_errno (GError **error, int code, const char *what)
{
  g_set_error (error, G_IO_ERROR, code, "%s: %s", what, g_strerror (errno));
  return FALSE;
}

void
cardea_secret_unref (CardeaSecret *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->references))
    return;
  cardea_pages_free (self->pages, self->mapped);
  g_free (self);
}

static CardeaSecret *
allocate (gsize capacity, GError **error)
{
  g_autoptr (CardeaSecret) self = g_new0 (CardeaSecret, 1);
  g_atomic_ref_count_init (&self->references);
  self->mapped = capacity;
  self->pages = cardea_pages_new (&self->mapped, error);
  if (!self->pages)
    return NULL;
  return g_steal_pointer (&self);
}

static CardeaSecret *
seal (CardeaSecret *self, gsize length, GError **error)
{
  self->length = length;
  if (mprotect (self->pages, self->mapped, PROT_READ) != 0) {
    fail_with_errno (error, G_IO_ERROR_NO_SPACE, "Memory for a PIN cannot be protected");
    cardea_secret_unref (self);
    return NULL;
  }
  return self;
}

CardeaSecret *
cardea_secret_new (const void *bytes, gsize length, GError **error)
{
  if (length == 0 || length > MAX_SECRET_BYTES) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                         length ? "The PIN is too long" : "The PIN is empty");
    return NULL;
  }
  CardeaSecret *self = allocate (length, error);
  if (!self)
    return NULL;
  memcpy (self->pages, bytes, length);
  return seal (self, length, error);
}

/* The time left until @deadline as poll(2) wants it; -1 for no deadline. */
static int
remaining_ms (gint64 deadline)
{
  if (deadline < 0)
    return -1;
  gint64 left = deadline - g_get_monotonic_time ();
  return left <= 0 ? 0 : (int)MIN ((left + 999) / 1000, G_MAXINT);
}

static gboolean
wait_readable (int fd, gint64 deadline, GError **error)
{
  struct pollfd item = { .fd = fd, .events = POLLIN };
  int ready = 0;
  if (fd < 0)
    return TRUE; /* poll(2) would wait for ever; read(2) says what is wrong */
  do
    ready = poll (&item, 1, remaining_ms (deadline));
  while (ready < 0 && errno == EINTR);
  if (ready > 0)
    return TRUE;
  if (ready < 0)
    return fail_with_errno (error, (int)g_io_error_from_errno (errno), "The PIN cannot be waited for");
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The PIN did not arrive in time");
  return FALSE;
}

/* Reads until the end of @fd or until @capacity is full. */
static gboolean
read_all (int fd, guint8 *buffer, gsize capacity, gint64 deadline, gsize *length, GError **error)
{
  gsize have = 0;
  while (have < capacity) {
    if (!wait_readable (fd, deadline, error))
      return FALSE;
    gssize got = read (fd, buffer + have, capacity - have);
    if (got == 0)
      break;
    if (got > 0)
      have += (gsize)got;
    else if (errno != EINTR && errno != EAGAIN)
      return fail_with_errno (error, (int)g_io_error_from_errno (errno), "The PIN cannot be read");
  }
  *length = have;
  return TRUE;
}

static gboolean
check_content (const guint8 *bytes, gsize length, gsize max_bytes, GError **error)
{
  const char *problem = NULL;
  if (length == 0)
    problem = "The PIN is empty";
  else if (length > max_bytes)
    problem = "The PIN is too long";
  else if (memchr (bytes, 0, length))
    problem = "The PIN has a NUL byte inside";
  if (problem)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, problem);
  return problem == NULL;
}

CardeaSecret *
cardea_secret_new_from_fd (int fd, gsize max_bytes, gboolean strip_newline, int timeout_ms, GError **error)
{
  gsize limit = MIN (max_bytes, MAX_SECRET_BYTES);
  /* Room for the newline and for the one byte that proves the rest too long. */
  g_autoptr (CardeaSecret) self = allocate (limit + 2, error);
  if (!self)
    return NULL;
  gint64 deadline = timeout_ms < 0 ? -1 : g_get_monotonic_time () + (gint64)timeout_ms * 1000;
  gsize length = 0;
  if (!read_all (fd, self->pages, limit + 2, deadline, &length, error))
    return NULL;
  if (strip_newline && length > 0 && self->pages[length - 1] == '\n')
    length--;
  if (!check_content (self->pages, length, limit, error))
    return NULL;
  return seal (g_steal_pointer (&self), length, error);
}

CardeaSecret *
cardea_secret_ref (CardeaSecret *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

const guint8 *
cardea_secret_peek (const CardeaSecret *self, gsize *length)
{
  if (length)
    *length = self->length;
  return self->pages;
}

gsize
cardea_secret_get_length (const CardeaSecret *self)
{
  return self->length;
}

gboolean
cardea_secret_equal (const CardeaSecret *a, const CardeaSecret *b)
{
  if (a->length != b->length)
    return FALSE;
  volatile guint8 difference = 0;
  for (gsize i = 0; i < a->length; i++)
    difference |= a->pages[i] ^ b->pages[i];
  return difference == 0;
}

int
cardea_secret_to_pipe (const CardeaSecret *self, GError **error)
{
  int ends[2];
  if (!g_unix_open_pipe (ends, FD_CLOEXEC, error))
    return -1;
  gboolean whole = fcntl (ends[1], F_SETFL, O_NONBLOCK) == 0;
  if (whole) {
    gssize written;
    do
      written = write (ends[1], self->pages, self->length);
    while (written < 0 && errno == EINTR);
    whole = written >= 0 && (gsize)written == self->length;
  }
  if (!whole) {
    fail_with_errno (error, G_IO_ERROR_FAILED, "The PIN cannot be handed over");
    close (ends[0]);
    ends[0] = -1;
  }
  close (ends[1]);
  return ends[0];
}

/* The kernel's own word on who traces this process; -1 when it cannot be had. */
static int
get_tracer (void)
{
  g_autofree char *status = NULL;
  if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    return -1;
  const char *line = strstr (status, "\nTracerPid:");
  int tracer = -1;
  if (!line || sscanf (line, "\nTracerPid: %d", &tracer) != 1)
    return -1;
  return tracer;
}

#ifdef __SANITIZE_ADDRESS__
/* At the end, when no PIN is left, LeakSanitizer stops the process by ptrace(2) to look for leaks. */
static void
admit_leak_check (void)
{
  prctl (PR_SET_DUMPABLE, 1, 0, 0, 0);
}
#endif

gboolean
cardea_secret_protect_process (GError **error)
{
  const struct rlimit none = { 0, 0 };
#ifdef __SANITIZE_ADDRESS__
  atexit (admit_leak_check);
#endif
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit (RLIMIT_CORE, &none) != 0)
    return fail_with_errno (error, G_IO_ERROR_PERMISSION_DENIED,
                            "This process cannot be protected from being read");
  /* After the calls above: whoever attaches from here on is refused by the kernel, root excepted. */
  int tracer = get_tracer ();
  if (tracer == 0)
    return TRUE;
  if (tracer < 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                         "/proc/self/status does not tell whether this process is traced; mount /proc");
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                 "Process %d traces this one and could read PINs; stop it and start again", tracer);
  return FALSE;
}
