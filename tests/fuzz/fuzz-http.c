/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes the reader of a web server's answer. The first byte says how many bytes come at a time; whatever
 * that is, the outcome is the same. */

#include "agent/tls/http-response.h"
#include "tests/fuzz/fuzz.h"

#define LIMIT 64

/* The body, or NULL. */
static GBytes *
read_pieces (const uint8_t *data, size_t size, size_t piece)
{
  g_autoptr (CardeaHttpResponse) response = cardea_http_response_new (LIMIT);
  g_autoptr (GError) error = NULL;
  CardeaHttpProgress progress = CARDEA_HTTP_MORE;
  GBytes *body;

  for (size_t i = 0; progress == CARDEA_HTTP_MORE; i += piece) {
    progress = i < size ? cardea_http_response_add (response, data + i, MIN (piece, size - i), &error)
                        : cardea_http_response_add (response, data, 0, &error);
    g_assert_true (i < size || progress != CARDEA_HTTP_MORE);
  }
  g_assert_true ((progress == CARDEA_HTTP_FAILED) == (error != NULL));
  if (progress == CARDEA_HTTP_FAILED) {
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
    return NULL;
  }
  body = cardea_http_response_get_body (response);
  g_assert_cmpuint (g_bytes_get_size (body), <=, LIMIT);
  return body;
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) whole = NULL;
  g_autoptr (GBytes) pieces = NULL;

  if (size == 0)
    return 0;
  whole = read_pieces (data + 1, size - 1, size);
  pieces = read_pieces (data + 1, size - 1, data[0] % 16 + 1u);
  g_assert_true ((whole == NULL) == (pieces == NULL));
  if (whole != NULL)
    g_assert_true (g_bytes_equal (whole, pieces));
  return 0;
}
