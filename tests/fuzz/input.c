/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzers' inputs, cut into parts, and what all fuzzers hold against what they get. */
#include "tests/fuzz/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

guint8
fuzz_take_byte (FuzzInput *self)
{
  if (self->size == 0)
    return 0;
  self->size--;
  return *self->data++;
}

static gsize
take_length (FuzzInput *self)
{
  gsize high = fuzz_take_byte (self);
  gsize length = high << 8 | fuzz_take_byte (self);

  return MIN (length, self->size);
}

static const guint8 *
skip (FuzzInput *self, gsize length)
{
  const guint8 *part = self->data;

  self->data += length;
  self->size -= length;
  return part;
}

GBytes *
fuzz_take_part (FuzzInput *self)
{
  gsize length = take_length (self);

  return g_bytes_new (skip (self, length), length);
}

GBytes *
fuzz_take_rest (FuzzInput *self)
{
  gsize length = self->size;

  return g_bytes_new (skip (self, length), length);
}

static char *
take_text (FuzzInput *self, gsize length)
{
  return length > 0 ? g_strndup ((const char *)skip (self, length), length) : g_strdup ("");
}

char *
fuzz_take_text (FuzzInput *self)
{
  return take_text (self, take_length (self));
}

char *
fuzz_take_rest_text (FuzzInput *self)
{
  return take_text (self, self->size);
}

static GLogWriterOutput
on_message (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  if ((level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)) == 0)
    return G_LOG_WRITER_HANDLED;

  g_log_writer_standard_streams (level, fields, n_fields, NULL);
  fflush (NULL);
  abort ();
}

void
fuzz_begin (void)
{
  g_log_set_writer_func (on_message, NULL, NULL);
}

int
fuzz_make_file (GBytes *bytes, char **path)
{
  int fd = memfd_create ("fuzz", MFD_CLOEXEC);
  gsize length;
  const void *data = g_bytes_get_data (bytes, &length);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, length > 0 ? data : "", length), ==, (gssize)length);
  *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  return fd;
}

GBytes *
fuzz_load_certificate (void)
{
  g_autofree char *pem = NULL;
  g_autoptr (GError) error = NULL;
  char *begin;
  char *end;
  guchar *der;
  gsize length;

  g_file_get_contents (FUZZ_CERTIFICATE, &pem, NULL, &error);
  g_assert_no_error (error);
  begin = strstr (pem, "-----BEGIN CERTIFICATE-----\n");
  g_assert_nonnull (begin);
  begin = strchr (begin, '\n');
  end = strstr (begin, "-----END");
  g_assert_nonnull (end);
  *end = '\0';
  der = g_base64_decode (begin, &length);
  return g_bytes_new_take (der, length);
}

/* Marks that turn around or break what stands beside them (Unicode Annex 9, and line separators). */
static gboolean
turns_text (gunichar c)
{
  return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

void
fuzz_check_text (const char *text, gboolean lines)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (const char *next = text; *next != '\0'; next = g_utf8_next_char (next)) {
    gunichar c = g_utf8_get_char (next);

    g_assert_true ((lines && c == '\n') || !(g_unichar_iscntrl (c) || turns_text (c)));
  }
}
