/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Certificates from a PEM or DER file, strictly.
 *
 * These files decide whom we trust, so nothing is repaired: a block that is not closed, is closed under
 * another name, holds anything but base64 or is not exactly one DER value is an error, never a shorter list.
 * g_base64_decode () skips what it does not know, so the alphabet and the padding are checked first. */

#include "socket-api/client/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "socket-api/limits.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

/* One pass over the text. */
typedef struct
{
  guint line;         /* counted from 1 */
  guint begin_line;   /* of the block that is open */
  char *label;        /* of the block that is open, or NULL */
  GString *base64;    /* of the block that is open */
  GPtrArray *results; /* GBytes */
} Reader;

static gboolean
is_whole_sequence (const guint8 *der, gsize length)
{
  gsize header = 2;
  gsize content;

  if (length < 2 || der[0] != 0x30)
    return FALSE;
  content = der[1];
  if (der[1] >= 0x80) {
    guint n = der[1] & 0x7f;

    if (n == 0 || n > 3 || length < 2 + n || der[2] == 0)
      return FALSE;
    content = 0;
    for (guint i = 0; i < n; i++)
      content = content << 8 | der[2 + i];
    if (content < 0x80)
      return FALSE;
    header += n;
  }
  return length - header == content;
}

static gboolean
is_base64 (const GString *text)
{
  gsize padding = 0;

  if (text->len == 0 || text->len % 4 != 0)
    return FALSE;
  while (padding < 2 && text->str[text->len - 1 - padding] == '=')
    padding++;
  for (gsize i = 0; i < text->len - padding; i++)
    if (!g_ascii_isalnum (text->str[i]) && text->str[i] != '+' && text->str[i] != '/')
      return FALSE;
  return TRUE;
}

static void
set_invalid (GError **error, guint line, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "Line %u: %s", line, what);
}

static gboolean
add_der (GPtrArray *results, const guint8 *der, gsize length, guint line, GError **error)
{
  if (length > CARDEA_LIMIT_CERTIFICATE_BYTES) {
    set_invalid (error, line, "the certificate is larger than any that is used");
    return FALSE;
  }
  if (!is_whole_sequence (der, length)) {
    set_invalid (error, line, "the contents are no certificate");
    return FALSE;
  }
  g_ptr_array_add (results, g_bytes_new (der, length));
  return TRUE;
}

static gboolean
close_block (Reader *self, GError **error)
{
  g_autofree char *label = g_steal_pointer (&self->label);
  g_autofree guchar *der = NULL;
  gsize length = 0;

  if (!g_str_equal (label, "CERTIFICATE"))
    return TRUE;
  if (!is_base64 (self->base64)) {
    set_invalid (error, self->begin_line, "the certificate that begins here is not base64, or was cut short");
    return FALSE;
  }
  der = g_base64_decode (self->base64->str, &length);
  return add_der (self->results, der, length, self->begin_line, error);
}

/* The label between @prefix and the dashes, or NULL when the line is none such. */
static char *
parse_label (const char *line, gsize length, const char *prefix)
{
  gsize before = strlen (prefix);
  gsize after = strlen (DASHES);

  if (length < before + after || strncmp (line, prefix, before) != 0 ||
      strncmp (line + length - after, DASHES, after) != 0)
    return NULL;
  return g_strndup (line + before, length - before - after);
}

static gboolean
read_inside (Reader *self, const char *line, gsize length, GError **error)
{
  g_autofree char *end = parse_label (line, length, END);

  if (end != NULL && g_str_equal (end, self->label))
    return close_block (self, error);
  if (length >= strlen (DASHES) && strncmp (line, DASHES, strlen (DASHES)) == 0) {
    set_invalid (error, self->begin_line, "the block that begins here has no end of the same name");
    return FALSE;
  }
  /* Only certificates are decoded; of other blocks nothing is kept: they may be private keys. */
  if (g_str_equal (self->label, "CERTIFICATE"))
    g_string_append_len (self->base64, line, (gssize)length);
  return TRUE;
}

static gboolean
read_outside (Reader *self, const char *line, gsize length, GError **error)
{
  g_autofree char *stray = parse_label (line, length, END);

  if (stray != NULL) {
    set_invalid (error, self->line, "a block ends here that never began");
    return FALSE;
  }
  self->label = parse_label (line, length, BEGIN);
  self->begin_line = self->line;
  g_string_truncate (self->base64, 0);
  return TRUE;
}

static gboolean
read_lines (Reader *self, const char *text, gsize length, GError **error)
{
  const char *end = text + length;

  while (text < end) {
    const char *newline = memchr (text, '\n', (gsize)(end - text));
    const char *next = newline != NULL ? newline + 1 : end;
    gsize n = (gsize)((newline != NULL ? newline : end) - text);

    self->line++;
    while (n > 0 && g_ascii_isspace (text[n - 1]))
      n--;
    if (!(self->label != NULL ? read_inside : read_outside) (self, text, n, error))
      return FALSE;
    text = next;
  }
  if (self->label == NULL)
    return TRUE;
  set_invalid (error, self->begin_line, "the block that begins here is not closed: the file was cut short");
  return FALSE;
}

static gboolean
parse_pem (GPtrArray *results, const char *text, gsize length, GError **error)
{
  g_autoptr (GString) base64 = g_string_new (NULL);
  Reader reader = { .base64 = base64, .results = results };
  gboolean ok = read_lines (&reader, text, length, error);

  g_free (reader.label);
  if (!ok)
    return FALSE;
  if (results->len > 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       "There is no certificate in it, neither as PEM nor as DER");
  return FALSE;
}

GPtrArray *
cardea_pem_parse_certificates (const void *bytes, gsize length, GError **error)
{
  g_return_val_if_fail (bytes != NULL || length == 0, NULL);

  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);

  if (length > 0 && *(const guint8 *)bytes == 0x30 && is_whole_sequence (bytes, length)) {
    if (!add_der (results, bytes, length, 1, error))
      return NULL;
  } else if (!parse_pem (results, bytes, length, error))
    return NULL;
  return g_steal_pointer (&results);
}

static gboolean
set_errno (GError **error, const char *path)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (code), "%s cannot be read: %s", path,
               g_strerror (code));
  return FALSE;
}

static gboolean
read_whole (int fd, GByteArray *contents, const char *path, GError **error)
{
  guint8 buffer[16384];

  for (;;) {
    gssize n = read (fd, buffer, sizeof buffer);

    if (n == 0)
      return TRUE;
    if (n < 0 && errno != EINTR)
      return set_errno (error, path);
    if (n > 0)
      g_byte_array_append (contents, buffer, (guint)n);
    if (contents->len > CARDEA_PEM_FILE_BYTES) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "%s has more than %u bytes: no file of certificates", path, (guint)CARDEA_PEM_FILE_BYTES);
      return FALSE;
    }
  }
}

GPtrArray *
cardea_pem_load_certificates (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autoptr (GByteArray) contents = g_byte_array_new ();
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

  if (fd < 0) {
    set_errno (error, path);
    return NULL;
  }

  gboolean ok = read_whole (fd, contents, path, error);

  close (fd);
  if (!ok)
    return NULL;

  GPtrArray *results = cardea_pem_parse_certificates (contents->data, contents->len, error);

  if (results == NULL)
    g_prefix_error (error, "%s: ", path);
  return results;
}
