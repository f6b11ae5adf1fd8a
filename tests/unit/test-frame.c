/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The cutter of messages against peers that send too much, too little, and in odd pieces. */

#include <string.h>

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/frame.h"

static void
push (CardeaFrame *frame, const void *bytes, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (cardea_frame_push (frame, bytes, length, &error));
  g_assert_no_error (error);
}

static void
assert_pop (CardeaFrame *frame, const char *expected)
{
  g_autoptr (GBytes) popped = cardea_frame_pop (frame);
  g_assert_nonnull (popped);
  gsize length = 0;
  const char *data = g_bytes_get_data (popped, &length);
  g_assert_cmpmem (data, length, expected, strlen (expected));
}

static void
assert_refused (CardeaFrame *frame, const void *bytes, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (cardea_frame_push (frame, bytes, length, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

static void
test_limit (void)
{
  g_autofree char *bytes = g_strnfill (CARDEA_LIMIT_MESSAGE_BYTES, 'x');
  g_autoptr (CardeaFrame) frame = cardea_frame_new (CARDEA_LIMIT_MESSAGE_BYTES);
  push (frame, bytes, CARDEA_LIMIT_MESSAGE_BYTES);
  g_assert_true (cardea_frame_is_partial (frame));
  g_assert_null (cardea_frame_pop (frame));
  push (frame, "", 1);
  g_assert_false (cardea_frame_is_partial (frame));
  assert_pop (frame, bytes);
}

static void
test_past_limit_at_once (void)
{
  g_autofree char *bytes = g_strnfill (CARDEA_LIMIT_MESSAGE_BYTES + 1, 'x');
  g_autoptr (CardeaFrame) open = cardea_frame_new (CARDEA_LIMIT_MESSAGE_BYTES);
  assert_refused (open, bytes, CARDEA_LIMIT_MESSAGE_BYTES + 1);
  g_autoptr (CardeaFrame) closed = cardea_frame_new (CARDEA_LIMIT_MESSAGE_BYTES);
  assert_refused (closed, bytes, CARDEA_LIMIT_MESSAGE_BYTES + 2);
}

static void
test_past_limit_in_pieces (void)
{
  g_autoptr (CardeaFrame) frame = cardea_frame_new (8);
  for (int i = 0; i < 8; i++)
    push (frame, "x", 1);
  assert_refused (frame, "x", 1);
}

/* A dead frame stays so: what follows a message that was too long is not the beginning of another. */
static void
test_dead (void)
{
  g_autoptr (CardeaFrame) frame = cardea_frame_new (4);
  push (frame, "one", 4);
  assert_refused (frame, "12345", 5);
  assert_refused (frame, "ok", 3);
  g_assert_null (cardea_frame_pop (frame));
  g_assert_false (cardea_frame_is_partial (frame));
}

static void
test_limit_is_of_each (void)
{
  g_autoptr (CardeaFrame) frame = cardea_frame_new (4);
  push (frame, "1234\0005678\0009", 11);
  g_assert_true (cardea_frame_is_partial (frame));
  assert_pop (frame, "1234");
  push (frame, "abc", 3);
  assert_pop (frame, "5678");
  push (frame, "", 1);
  assert_pop (frame, "9abc");
  g_assert_null (cardea_frame_pop (frame));
}

static void
test_split_anywhere (void)
{
  static const char STREAM[] = "first\0\0third message\0four";
  const gsize length = sizeof STREAM - 1;
  for (gsize split = 0; split <= length; split++) {
    g_autoptr (CardeaFrame) frame = cardea_frame_new (16);
    push (frame, STREAM, split);
    push (frame, STREAM + split, length - split);
    assert_pop (frame, "first");
    assert_pop (frame, "");
    assert_pop (frame, "third message");
    g_assert_null (cardea_frame_pop (frame));
    g_assert_true (cardea_frame_is_partial (frame));
    push (frame, "th", 3);
    assert_pop (frame, "fourth");
    g_assert_false (cardea_frame_is_partial (frame));
  }
}

static void
assert_rest (CardeaFrame *frame, const void *expected, gsize expected_length)
{
  g_autoptr (GBytes) rest = cardea_frame_steal_rest (frame);
  gsize length = 0;
  const void *data = g_bytes_get_data (rest, &length);
  g_assert_cmpmem (data, length, expected, expected_length);
}

/* After an upgrade the bytes are no messages: NULs and all. */
static void
test_rest (void)
{
  g_autoptr (CardeaFrame) frame = cardea_frame_new (16);
  push (frame, "upgrade\0a\0\0b", 12);
  assert_pop (frame, "upgrade");
  assert_rest (frame, "a\0\0b", 4);
  assert_rest (frame, "", 0);
  g_assert_false (cardea_frame_is_partial (frame));
  push (frame, "more", 5);
  assert_pop (frame, "more");
  assert_rest (frame, "", 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/frame/past-limit-at-once", test_past_limit_at_once);
  g_test_add_func ("/frame/past-limit-in-pieces", test_past_limit_in_pieces);
  g_test_add_func ("/frame/dead", test_dead);
  g_test_add_func ("/frame/limit", test_limit);
  g_test_add_func ("/frame/limit-is-of-each", test_limit_is_of_each);
  g_test_add_func ("/frame/split-anywhere", test_split_anywhere);
  g_test_add_func ("/frame/rest", test_rest);
  return g_test_run ();
}
