/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes what a program says before anything is done: its bytes cut into messages, the messages parsed, the
 * parameters taken apart. The first byte says how many bytes come at a time. */
#include "agent/api/connect-request.h"
#include "socket-api/limits.h"
#include "socket-api/wire/frame.h"
#include "socket-api/wire/message.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

/* What was parsed once is the same after it was written and parsed again. */
static void
check_call (const CardeaWireCall *call)
{
  g_autoptr (GBytes) written = cardea_wire_call_serialise (call, NULL);
  g_autoptr (GBytes) message = NULL;
  g_autoptr (CardeaWireCall) again = NULL;

  if (!written)
    return; /* escapes made it longer than a message may be */
  message = g_bytes_new_from_bytes (written, 0, g_bytes_get_size (written) - 1);
  again = cardea_wire_call_parse (message, NULL);
  g_assert_nonnull (again);
  g_assert_cmpstr (again->method, ==, call->method);
  g_assert_true (json_equal (again->parameters, call->parameters));
  g_assert_true (again->more == call->more && again->oneway == call->oneway &&
                 again->upgrade == call->upgrade);
}

/* Takes @request; @name: what the caller calls the host. */
static void
check_request (CardeaRequest *taken, const char *name, const GError *error)
{
  g_autoptr (CardeaRequest) request = taken;
  g_autoptr (CardeaRequest) copy = NULL;

  if (!request) {
    g_assert_nonnull (error);
    return;
  }
  copy = cardea_request_copy (request);
  g_assert_true (cardea_request_normalise (copy, name, NULL));
  g_assert_cmpstr (copy->host, ==, request->host);
  g_assert_cmpstr (copy->server_name, ==, request->server_name);
}

static void
check_requests (json_t *parameters)
{
  g_autoptr (GError) connect_error = NULL;
  g_autoptr (GError) wrap_error = NULL;
  CardeaRequest *connect = cardea_connect_request_from_json (parameters, &connect_error);
  CardeaRequest *wrap = cardea_connect_request_for_wrap (parameters, &wrap_error);

  g_assert_true (wrap == NULL || (wrap->proxy == NULL && wrap->server_name == NULL &&
                                  wrap->terminal_use == CARDEA_TERMINAL_NEVER && wrap->socket == NULL));
  check_request (connect, "host", connect_error);
  check_request (wrap, "server_name", wrap_error);
}

static void
read_message (GBytes *message)
{
  g_autoptr (CardeaWireCall) call = cardea_wire_call_parse (message, NULL);
  g_autoptr (CardeaWireReply) reply = cardea_wire_reply_parse (message, NULL);

  if (call) {
    check_call (call);
    check_requests (call->parameters);
  }
  if (reply)
    g_bytes_unref (cardea_wire_reply_serialise (reply->error, reply->parameters, reply->continues, NULL)
                       ?: g_bytes_new (NULL, 0));
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
  FuzzInput input = { data, size };
  gsize step = 1 + fuzz_take_byte (&input) * 16u;
  g_autoptr (CardeaFrame) frame = cardea_frame_new (CARDEA_LIMIT_MESSAGE_BYTES);
  g_autoptr (GBytes) rest = NULL;

  for (gsize begin = 0; begin < input.size; begin += step) {
    if (!cardea_frame_push (frame, input.data + begin, MIN (step, input.size - begin), NULL))
      return 0;
    for (GBytes *message = cardea_frame_pop (frame); message; message = cardea_frame_pop (frame)) {
      read_message (message);
      g_bytes_unref (message);
    }
  }
  rest = cardea_frame_steal_rest (frame);
  read_message (rest); /* without its NUL, as most inputs will be */
  return 0;
}
