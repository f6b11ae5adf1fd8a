/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Certificates, and other blocks, in PEM files.
 *
 * A block that is damaged refuses the whole file: an administrator who adds authorities must learn that one
 * of them is missing now, and not when a server is refused. */

#include "agent/tls/pem.h"

#include <string.h>
#include <unistd.h>

#include "agent/tls/file-bytes.h"

#define FILE_BYTES_MAX (8 * 1024 * 1024)

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

GPtrArray *
cardea_pem_parse (const char *text, const char *label, const char *path, GError **error)
{
  g_autoptr (GPtrArray) blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_autofree char *begin_line = g_strdup_printf ("-----BEGIN %s-----", label);
  g_autofree char *end_line = g_strdup_printf ("-----END %s-----", label);
  const char *at = text;

  while ((at = strstr (at, begin_line)) != NULL) {
    const char *begin = at + strlen (begin_line);
    const char *end = strstr (begin, end_line);
    GBytes *der = end != NULL ? decode (begin, end) : NULL;

    if (der == NULL) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: %s %u in it is damaged.", path,
                   g_str_equal (label, CARDEA_PEM_LIST) ? "list" : "certificate", blocks->len + 1);
      return NULL;
    }
    g_ptr_array_add (blocks, der);
    at = end + strlen (end_line);
  }
  return g_steal_pointer (&blocks);
}

GPtrArray *
cardea_pem_read_certificates_from (int fd, const char *path, GError **error)
{
  g_autoptr (GString) text = cardea_file_bytes_read (fd, path, FILE_BYTES_MAX, error);
  GPtrArray *certificates = text != NULL ? cardea_pem_parse (text->str, "CERTIFICATE", path, error) : NULL;

  if (certificates == NULL || certificates->len > 0)
    return certificates;
  g_ptr_array_unref (certificates);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s holds no certificate in PEM form.", path);
  return NULL;
}

GPtrArray *
cardea_pem_read_certificates (const char *path, GError **error)
{
  int fd = cardea_file_bytes_open (path, error);
  GPtrArray *certificates;

  if (fd < 0)
    return NULL;
  certificates = cardea_pem_read_certificates_from (fd, path, error);
  close (fd);
  return certificates;
}
