/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes what a server says in the clear before TLS: a byte that chooses the protocol, then its turns, each
 * of which it says at once, or byte by byte. Both come to the same; the talk ends to the byte, within its
 * bounds, and what a person is told of it steers no terminal. */
#include <string.h>

#include "socket-api/cli/explain.h"
#include "socket-api/cli/starttls.h"
#include "socket-api/limits.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

static const char *const protocols[] = { "smtp", "imap", "pop3", "postgres", "ldap", "xmpp" };

static gboolean
feed (CardeaStarttls *talk, GBytes *turn, gboolean in_pieces, GError **error)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (turn, &length);
  gboolean ok = TRUE;

  if (!in_pieces)
    return cardea_starttls_feed (talk, bytes, length, error);
  for (gsize i = 0; ok && i < length; i++)
    ok = cardea_starttls_feed (talk, bytes + i, 1, error);
  return ok;
}

static void
check_error (const GError *error)
{
  g_autofree char *text = cardea_explain_error (error);

  fuzz_check_text (text, TRUE);
}

/* Whether the server came to wait for TLS. */
static gboolean
run (FuzzInput input, gboolean in_pieces)
{
  g_autoptr (CardeaStarttls) talk =
      cardea_starttls_new (protocols[fuzz_take_byte (&input) % G_N_ELEMENTS (protocols)], "a.example");
  g_autoptr (GError) error = NULL;
  gsize total = 0;

  while (input.size > 0 && !cardea_starttls_is_done (talk)) {
    g_autoptr (GBytes) output = cardea_starttls_take_output (talk);
    g_autoptr (GBytes) turn = fuzz_take_part (&input);

    total += g_bytes_get_size (turn);
    if (feed (talk, turn, in_pieces, &error)) {
      g_assert_cmpuint (total, <=, CARDEA_LIMIT_STARTTLS_BYTES);
      continue;
    }
    g_assert_nonnull (error);
    check_error (error);
    g_assert_false (cardea_starttls_is_done (talk));
    return FALSE;
  }
  g_assert_no_error (error);
  return cardea_starttls_is_done (talk);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_begin ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const FuzzInput input = { data, size };

  g_assert_true (run (input, FALSE) == run (input, TRUE));
  return 0;
}
