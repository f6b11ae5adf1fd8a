/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers of web servers, in whatever pieces they come, right and wrong. */

#include "agent/tls/http-response.h"

#include <string.h>

#include "socket-api/limits.h"

#define LIMIT 8

/* The body, or "!" and why there is none. @piece: bytes at a time. */
static char *
read_pieces (const char *text, gsize length, gsize piece)
{
  g_autoptr (CardeaHttpResponse) response = cardea_http_response_new (LIMIT);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = NULL;
  CardeaHttpProgress progress = CARDEA_HTTP_MORE;

  for (gsize i = 0; progress == CARDEA_HTTP_MORE; i += piece)
    progress = cardea_http_response_add (response, (const guint8 *)text + MIN (i, length),
                                         i < length ? MIN (piece, length - i) : 0, &error);
  if (progress == CARDEA_HTTP_FAILED) {
    g_assert_nonnull (error);
    return g_strconcat ("!", error->message, NULL);
  }
  g_assert_no_error (error);
  body = cardea_http_response_get_body (response);
  return g_strdup_printf ("%.*s", (int)g_bytes_get_size (body), (const char *)g_bytes_get_data (body, NULL));
}

static void
assert_read_bytes (const char *text, gsize length, const char *expected)
{
  static const gsize pieces[] = { 1, 2, 3, 7, 100000 };

  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++) {
    g_autofree char *body = read_pieces (text, length, pieces[i]);

    if (expected[0] == '!')
      g_assert_nonnull (strstr (body, expected + 1));
    else
      g_assert_cmpstr (body, ==, expected);
  }
}

static void
assert_read (const char *text, const char *expected)
{
  assert_read_bytes (text, strlen (text), expected);
}

static void
test_good (void)
{
  assert_read ("HTTP/1.0 200 OK\r\n\r\nbody", "body");
  assert_read ("HTTP/1.1 200\r\n\r\nbody", "body");
  assert_read ("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody", "body");
  assert_read ("HTTP/1.0 200 OK\r\ncontent-length:4\r\nX: \r\nContent-Encoding: identity\r\n\r\nbody",
               "body");
  assert_read ("HTTP/1.0 200 OK\r\n\r\n", "");
  assert_read ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "");
  /* What comes behind is not waited for. */
  assert_read ("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody!", "body");
}

static void
test_status (void)
{
  assert_read ("HTTP/1.0 301 Moved\r\nLocation: http://a/\r\n\r\nbody", "!status 301");
  assert_read ("HTTP/1.0 302 Moved\r\nLocation: https://a/\r\n\r\n", "!status 302");
  assert_read ("HTTP/1.0 204 None\r\n\r\n", "!status 204");
  assert_read ("HTTP/1.0 404 None\r\n\r\nbody", "!status 404");
  assert_read ("HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody", "!status 100");
  assert_read ("HTTP/1.0 2000\r\n\r\nbody", "!not HTTP");
  assert_read ("HTTP/1.0 200OK\r\n\r\nbody", "!not HTTP");
  assert_read ("HTTP/2 200 OK\r\n\r\nbody", "!not HTTP");
  assert_read ("HTTP/1.2 200 OK\r\n\r\nbody", "!not HTTP");
  assert_read ("\r\n\r\nbody", "!not HTTP");
  assert_read ("SSH-2.0-x\r\n\r\n", "!not HTTP");
}

static void
test_length (void)
{
  assert_read ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nbody", "!cut off");
  assert_read ("HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nbody", "!too large");
  assert_read ("HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\nbody", "!cannot be read");
  assert_read ("HTTP/1.0 200 OK\r\nContent-Length: 4x\r\n\r\nbody", "!cannot be read");
  assert_read ("HTTP/1.0 200 OK\r\nContent-Length:\r\n\r\nbody", "!cannot be read");
  assert_read ("HTTP/1.0 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\nbody", "!cannot be read");
  assert_read ("HTTP/1.0 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody", "!cannot be read");
}

static void
test_forms (void)
{
  assert_read ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "!form");
  assert_read ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nbody", "!form");
}

static void
test_head (void)
{
  assert_read ("", "!cut off");
  assert_read ("HTTP/1.0 200 OK\r\n", "!cut off");
  assert_read ("HTTP/1.0 200 OK\n\nbody", "!cut off");
  assert_read ("HTTP/1.0 200 OK\r\nX\r\n\r\nbody", "!head cannot be read");
  assert_read ("HTTP/1.0 200 OK\r\n: x\r\n\r\nbody", "!head cannot be read");
  assert_read_bytes ("HTTP/1.0 200 OK\r\nX: \0\r\n\r\nbody", 29, "!head cannot be read");
}

/* The body at its limit and one past it. */
static void
test_body_limit (void)
{
  assert_read ("HTTP/1.0 200 OK\r\n\r\n12345678", "12345678");
  assert_read ("HTTP/1.0 200 OK\r\n\r\n123456789", "!too large");
  assert_read ("HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\n12345678", "12345678");
}

/* The head likewise. */
static void
test_head_limit (void)
{
  static const char begin[] = "HTTP/1.0 200 OK\r\nX: ";

  for (guint more = 0; more < 2; more++) {
    g_autoptr (GString) text = g_string_new (begin);

    while (text->len < CARDEA_LIMIT_REVOCATION_HEAD_BYTES - 4 + more)
      g_string_append_c (text, 'x');
    g_string_append (text, "\r\n\r\nbody");
    assert_read (text->str, more == 0 ? "body" : "!head is too large");
  }
}

/* A head that never ends is not collected. */
static void
test_endless_head (void)
{
  g_autoptr (CardeaHttpResponse) response = cardea_http_response_new (LIMIT);
  g_autoptr (GError) error = NULL;
  guint n = 0;

  while (cardea_http_response_add (response, (const guint8 *)"x", 1, &error) == CARDEA_HTTP_MORE)
    n++;
  g_assert_cmpuint (n, ==, CARDEA_LIMIT_REVOCATION_HEAD_BYTES);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http-response/good", test_good);
  g_test_add_func ("/http-response/status", test_status);
  g_test_add_func ("/http-response/length", test_length);
  g_test_add_func ("/http-response/forms", test_forms);
  g_test_add_func ("/http-response/head", test_head);
  g_test_add_func ("/http-response/body-limit", test_body_limit);
  g_test_add_func ("/http-response/head-limit", test_head_limit);
  g_test_add_func ("/http-response/endless-head", test_endless_head);
  return g_test_run ();
}
