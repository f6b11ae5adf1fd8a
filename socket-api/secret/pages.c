/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pages that hold a secret, and nothing else. */

#include "socket-api/secret/pages.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static gboolean
fail_with_errno (GError **error, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "%s: %s", what, g_strerror (errno));
  return FALSE;
}

static gboolean
protect (guint8 *pages, gsize size, GError **error)
{
  /* mlock2() with no flag is mlock(), but is not made a no-op by sanitizers. */
  if (mlock2 (pages, size, 0) != 0)
    return fail_with_errno (
        error, "Memory for a PIN cannot be locked; raise the limit for locked memory (ulimit -l)");
  if (madvise (pages, size, MADV_DONTDUMP) != 0 || madvise (pages, size, MADV_WIPEONFORK) != 0)
    return fail_with_errno (error, "Memory for a PIN cannot be protected");
  return TRUE;
}

guint8 *
cardea_pages_new (gsize *size, GError **error)
{
  gsize page = (gsize)sysconf (_SC_PAGESIZE);
  gsize whole = (*size + page - 1) / page * page;
  void *pages = mmap (NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (pages == MAP_FAILED) {
    fail_with_errno (error, "There is no memory for a PIN");
    return NULL;
  }
  if (!protect (pages, whole, error)) {
    munmap (pages, whole);
    return NULL;
  }
  *size = whole;
  return pages;
}

void
cardea_pages_free (guint8 *pages, gsize size)
{
  if (pages == NULL)
    return;
  /* It fails only when the kernel cannot split a mapping any more; it clears pages itself before others get
   * them. */
  if (mprotect (pages, size, PROT_READ | PROT_WRITE) == 0)
    explicit_bzero (pages, size);
  munmap (pages, size);
}
