/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Certificates in PEM files.
 *
 * A block that is damaged refuses the whole file: an administrator who adds authorities must learn that one
 * of them is missing now, and not when a server is refused. */

#include "agent/tls/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (8 * 1024 * 1024)
#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

static gboolean
fail_errno (GError **error, const char *path)
{
  int saved = errno;

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved), "%s cannot be read: %s", path,
               g_strerror (saved));
  return FALSE;
}

static gboolean
fill (int fd, const char *path, GString *text, GError **error)
{
  char buffer[16384];
  ssize_t n;

  while ((n = read (fd, buffer, sizeof buffer)) != 0) {
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fail_errno (error, path);
    if (text->len + (gsize)n > FILE_BYTES_MAX) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is larger than %d bytes.", path,
                   FILE_BYTES_MAX);
      return FALSE;
    }
    g_string_append_len (text, buffer, n);
  }
  return TRUE;
}

static gboolean
read_open (int fd, const char *path, GString *text, GError **error)
{
  struct stat info;

  if (fstat (fd, &info) != 0)
    return fail_errno (error, path);
  if (!S_ISREG (info.st_mode)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "%s is not a regular file.", path);
    return FALSE;
  }
  return fill (fd, path, text, error);
}

/* Base64 and white space between the lines of a block, decoded; NULL for anything else. */
static GBytes *
decode (const char *begin, const char *end)
{
  g_autoptr (GString) base64 = g_string_new (NULL);
  guchar *bytes;
  gsize length;

  for (const char *c = begin; c < end; c++) {
    if (g_ascii_isspace (*c))
      continue;
    if (!g_ascii_isalnum (*c) && strchr ("+/=", *c) == NULL)
      return NULL;
    g_string_append_c (base64, *c);
  }
  if (base64->len == 0 || base64->len % 4 != 0)
    return NULL;
  bytes = g_base64_decode (base64->str, &length);
  return g_bytes_new_take (bytes, length);
}

static GPtrArray *
parse (const char *text, const char *path, GError **error)
{
  g_autoptr (GPtrArray) certificates = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  const char *at = text;

  while ((at = strstr (at, BEGIN)) != NULL) {
    const char *begin = at + strlen (BEGIN);
    const char *end = strstr (begin, END);
    GBytes *der = end != NULL ? decode (begin, end) : NULL;

    if (der == NULL) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: certificate %u in it is damaged.", path,
                   certificates->len + 1);
      return NULL;
    }
    g_ptr_array_add (certificates, der);
    at = end + strlen (END);
  }
  if (certificates->len == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s holds no certificate in PEM form.", path);
    return NULL;
  }
  return g_steal_pointer (&certificates);
}

GPtrArray *
cardea_pem_read_certificates_from (int fd, const char *path, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  return read_open (fd, path, text, error) ? parse (text->str, path, error) : NULL;
}

GPtrArray *
cardea_pem_read_certificates (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  GPtrArray *certificates;

  if (fd < 0) {
    fail_errno (error, path);
    return NULL;
  }
  certificates = cardea_pem_read_certificates_from (fd, path, error);
  close (fd);
  return certificates;
}
