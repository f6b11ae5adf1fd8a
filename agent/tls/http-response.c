/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading one HTTP response (RFC 1945, 6; RFC 9112).
 *
 * The other side is anybody who can answer on the way. So the head is looked at once, within its limit, only
 * two of its fields mean anything, and a body that says of itself that it is longer than the limit is not
 * waited for. */

#include "agent/tls/http-response.h"

#include <string.h>

#include "socket-api/limits.h"

struct _CardeaHttpResponse
{
  gsize limit;
  GByteArray *bytes;
  gsize scanned; /* no end of the head begins before here */
  gsize head;    /* its length; 0: not whole yet */
  gboolean has_length;
  gsize length; /* of the body, as the head says */
};

CardeaHttpResponse *
cardea_http_response_new (gsize limit)
{
  CardeaHttpResponse *self = g_new0 (CardeaHttpResponse, 1);

  self->limit = limit;
  self->bytes = g_byte_array_new ();
  return self;
}

void
cardea_http_response_free (CardeaHttpResponse *self)
{
  g_byte_array_unref (self->bytes);
  g_free (self);
}

static gboolean
fail (GError **error, const char *what)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, what);
  return FALSE;
}

/* "HTTP/1.x 200 OK". */
static gboolean
read_status (const char *line, GError **error)
{
  gboolean is_http =
      strlen (line) >= 12 && (strncmp (line, "HTTP/1.0 ", 9) == 0 || strncmp (line, "HTTP/1.1 ", 9) == 0);

  if (!is_http || !g_ascii_isdigit (line[9]) || !g_ascii_isdigit (line[10]) || !g_ascii_isdigit (line[11]) ||
      (line[12] != '\0' && line[12] != ' '))
    return fail (error, "The answer is not HTTP.");
  if (strncmp (line + 9, "200", 3) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The answer has the status %.3s.", line + 9);
  return FALSE;
}

static gboolean
read_length (CardeaHttpResponse *self, const char *value, GError **error)
{
  guint64 length;

  if (self->has_length || !g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT32, &length, NULL))
    return fail (error, "The answer's length cannot be read.");
  if (length > self->limit)
    return fail (error, "The answer is too large.");
  self->has_length = TRUE;
  self->length = (gsize)length;
  return TRUE;
}

static gboolean
read_field (CardeaHttpResponse *self, char *line, GError **error)
{
  char *colon = strchr (line, ':');
  const char *value;

  if (colon == NULL || colon == line)
    return fail (error, "The answer's head cannot be read.");
  *colon = '\0';
  value = g_strstrip (colon + 1);
  if (g_ascii_strcasecmp (line, "Content-Length") == 0)
    return read_length (self, value, error);
  if (g_ascii_strcasecmp (line, "Transfer-Encoding") == 0 ||
      (g_ascii_strcasecmp (line, "Content-Encoding") == 0 && g_ascii_strcasecmp (value, "identity") != 0))
    return fail (error, "The answer comes in a form that was not asked for.");
  return TRUE;
}

static gboolean
read_head (CardeaHttpResponse *self, GError **error)
{
  g_autofree char *text = g_strndup ((const char *)self->bytes->data, self->head - 4);
  g_auto (GStrv) lines = NULL;

  if (strlen (text) != self->head - 4)
    return fail (error, "The answer's head cannot be read.");
  lines = g_strsplit (text, "\r\n", -1);
  if (lines[0] == NULL || !read_status (lines[0], error))
    return lines[0] != NULL ? FALSE : fail (error, "The answer is not HTTP.");
  for (char **line = lines + 1; *line != NULL; line++)
    if (!read_field (self, *line, error))
      return FALSE;
  return TRUE;
}

/* FALSE: there is no whole head yet. */
static gboolean
find_head (CardeaHttpResponse *self)
{
  const guint8 *data = self->bytes->data;

  for (; self->scanned + 4 <= self->bytes->len; self->scanned++)
    if (memcmp (data + self->scanned, "\r\n\r\n", 4) == 0) {
      self->head = self->scanned + 4;
      return TRUE;
    }
  return FALSE;
}

static CardeaHttpProgress
look (CardeaHttpResponse *self, gboolean ended, GError **error)
{
  gsize got = self->bytes->len - self->head;

  if (self->has_length && got >= self->length)
    return CARDEA_HTTP_WHOLE;
  if (got > self->limit) {
    fail (error, "The answer is too large.");
    return CARDEA_HTTP_FAILED;
  }
  if (!ended)
    return CARDEA_HTTP_MORE;
  if (!self->has_length)
    return CARDEA_HTTP_WHOLE;
  fail (error, "The answer was cut off.");
  return CARDEA_HTTP_FAILED;
}

CardeaHttpProgress
cardea_http_response_add (CardeaHttpResponse *self, const guint8 *data, gsize length, GError **error)
{
  g_byte_array_append (self->bytes, data, (guint)length);
  if (self->head == 0) {
    if (!find_head (self)) {
      if (length > 0 && self->bytes->len <= CARDEA_LIMIT_REVOCATION_HEAD_BYTES)
        return CARDEA_HTTP_MORE;
      fail (error, length > 0 ? "The answer's head is too large." : "The answer was cut off.");
      return CARDEA_HTTP_FAILED;
    }
    if (self->head > CARDEA_LIMIT_REVOCATION_HEAD_BYTES) {
      fail (error, "The answer's head is too large.");
      return CARDEA_HTTP_FAILED;
    }
    if (!read_head (self, error))
      return CARDEA_HTTP_FAILED;
  }
  return look (self, length == 0, error);
}

GBytes *
cardea_http_response_get_body (CardeaHttpResponse *self)
{
  gsize got = self->bytes->len - self->head;

  return g_bytes_new (self->bytes->data + self->head, self->has_length ? MIN (got, self->length) : got);
}
