/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Varlink messages: whatever two readers could understand differently is refused. */

#include <string.h>

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

typedef struct
{
  const char *name;
  const char *text;
} Case;

static const Case BAD_CALLS[] = {
  { "empty", "" },
  { "space", " " },
  { "null", "null" },
  { "number", "1" },
  { "string", "\"a.b\"" },
  { "array", "[{\"method\":\"a.B\"}]" },
  { "unfinished", "{\"method\":\"a.B\"" },
  { "trailing-garbage", "{\"method\":\"a.B\"}x" },
  { "two-objects", "{\"method\":\"a.B\"}{\"method\":\"a.B\"}" },
  { "no-method", "{\"parameters\":{}}" },
  { "method-null", "{\"method\":null}" },
  { "method-number", "{\"method\":1}" },
  { "method-without-dot", "{\"method\":\"Connect\"}" },
  { "method-only-dot", "{\"method\":\".\"}" },
  { "method-leading-dot", "{\"method\":\".B\"}" },
  { "method-trailing-dot", "{\"method\":\"a.\"}" },
  { "parameters-null", "{\"method\":\"a.B\",\"parameters\":null}" },
  { "parameters-array", "{\"method\":\"a.B\",\"parameters\":[]}" },
  { "parameters-string", "{\"method\":\"a.B\",\"parameters\":\"\"}" },
  { "more-number", "{\"method\":\"a.B\",\"more\":1}" },
  { "more-null", "{\"method\":\"a.B\",\"more\":null}" },
  { "upgrade-string", "{\"method\":\"a.B\",\"upgrade\":\"true\"}" },
  { "oneway-object", "{\"method\":\"a.B\",\"oneway\":{}}" },
  { "unknown-key", "{\"method\":\"a.B\",\"continues\":true}" },
  { "key-of-another-case", "{\"method\":\"a.B\",\"More\":true}" },
  { "duplicate-method", "{\"method\":\"a.B\",\"method\":\"a.C\"}" },
  { "duplicate-escaped", "{\"method\":\"a.B\",\"m\\u0065thod\":\"a.C\"}" },
  { "duplicate-deep", "{\"method\":\"a.B\",\"parameters\":{\"x\":[{\"y\":1,\"y\":2}]}}" },
  { "escaped-nul-value", "{\"method\":\"a.B\\u0000\"}" },
  { "escaped-nul-parameter", "{\"method\":\"a.B\",\"parameters\":{\"host\":\"a\\u0000b\"}}" },
  { "escaped-nul-key", "{\"method\":\"a.B\",\"parameters\":{\"a\\u0000b\":1}}" },
  { "invalid-utf8", "{\"method\":\"a.B\",\"parameters\":{\"host\":\"\xff\"}}" },
  { "overlong-utf8", "{\"method\":\"a.B\",\"parameters\":{\"host\":\"\xc0\xaf\"}}" },
  { "utf8-surrogate", "{\"method\":\"a.B\",\"parameters\":{\"host\":\"\xed\xa0\x80\"}}" },
  { "lone-surrogate", "{\"method\":\"a.B\",\"parameters\":{\"host\":\"\\ud800\"}}" },
  { "byte-order-mark", "\xef\xbb\xbf{\"method\":\"a.B\"}" },
  { "integer-too-large", "{\"method\":\"a.B\",\"parameters\":{\"port\":9223372036854775808}}" },
  { "integer-too-small", "{\"method\":\"a.B\",\"parameters\":{\"port\":-9223372036854775809}}" },
  { "real-too-large", "{\"method\":\"a.B\",\"parameters\":{\"port\":1e999}}" },
  { "not-a-number", "{\"method\":\"a.B\",\"parameters\":{\"port\":NaN}}" },
  { "leading-zero", "{\"method\":\"a.B\",\"parameters\":{\"port\":0443}}" },
  { "comment", "{/* */\"method\":\"a.B\"}" },
  { "single-quotes", "{'method':'a.B'}" },
  { "trailing-comma", "{\"method\":\"a.B\",}" },
  { "raw-newline-in-string", "{\"method\":\"a.\nB\"}" },
};

static const Case BAD_REPLIES[] = {
  { "array", "[]" },
  { "error-null", "{\"error\":null}" },
  { "error-number", "{\"error\":7}" },
  { "error-without-dot", "{\"error\":\"Busy\"}" },
  { "parameters-null", "{\"parameters\":null}" },
  { "continues-number", "{\"continues\":0}" },
  { "key-of-a-call", "{\"method\":\"a.B\"}" },
  { "duplicate", "{\"continues\":true,\"continues\":false}" },
};

static void
test_bad_call (gconstpointer data)
{
  const char *text = data;
  g_autoptr (GBytes) message = g_bytes_new_static (text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_assert_null (cardea_wire_call_parse (message, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_bad_reply (gconstpointer data)
{
  const char *text = data;
  g_autoptr (GBytes) message = g_bytes_new_static (text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_assert_null (cardea_wire_reply_parse (message, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

static void
test_raw_nul (void)
{
  static const char TEXT[] = "{\"method\":\"a.B\"}\0";
  g_autoptr (GBytes) message = g_bytes_new_static (TEXT, sizeof TEXT - 1);
  g_autoptr (GError) error = NULL;
  g_assert_null (cardea_wire_call_parse (message, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

/* A call whose nesting, the message's own object and its parameters counted, is @depth. */
static GBytes *
make_deep_call (gsize depth)
{
  g_autofree char *open = g_strnfill (depth - 2, '[');
  g_autofree char *close = g_strnfill (depth - 2, ']');
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_printf (text, "{\"method\":\"a.B\",\"parameters\":{\"}]\\\"[\":%s%s}}", open, close);
  return g_bytes_new (text->str, text->len);
}

static void
test_depth (void)
{
  g_autoptr (GBytes) allowed = make_deep_call (CARDEA_LIMIT_JSON_DEPTH);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaWireCall) call = cardea_wire_call_parse (allowed, &error);
  g_assert_no_error (error);
  g_assert_nonnull (call);

  const gsize too_deep[] = { CARDEA_LIMIT_JSON_DEPTH + 1, 2049, 100000 };
  for (gsize i = 0; i < G_N_ELEMENTS (too_deep); i++) {
    g_autoptr (GBytes) refused = make_deep_call (too_deep[i]);
    g_clear_error (&error);
    g_assert_null (cardea_wire_call_parse (refused, &error));
    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
  }
}

/* Many values beside each other are not deep. */
static void
test_wide (void)
{
  g_autoptr (GString) text = g_string_new ("{\"method\":\"a.B\",\"parameters\":{\"x\":[[]");
  for (int i = 0; i < 1000; i++)
    g_string_append (text, ",[{}]");
  g_string_append (text, "]}}");
  g_autoptr (GBytes) message = g_string_free_to_bytes (g_steal_pointer (&text));
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaWireCall) call = cardea_wire_call_parse (message, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_array_size (json_object_get (call->parameters, "x")), ==, 1001);
}

static GBytes *
make_long_call (gsize total)
{
  static const char HEAD[] = "{\"method\":\"a.B\",\"parameters\":{\"x\":\"";
  static const char TAIL[] = "\"}}";
  g_autofree char *filling = g_strnfill (total - strlen (HEAD) - strlen (TAIL), 'x');
  char *text = g_strconcat (HEAD, filling, TAIL, NULL);
  return g_bytes_new_take (text, strlen (text));
}

static void
test_size (void)
{
  g_autoptr (GBytes) allowed = make_long_call (CARDEA_LIMIT_MESSAGE_BYTES);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaWireCall) call = cardea_wire_call_parse (allowed, &error);
  g_assert_no_error (error);

  g_autoptr (GBytes) written = cardea_wire_call_serialise (call, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (written), ==, CARDEA_LIMIT_MESSAGE_BYTES + 1);

  g_autoptr (GBytes) refused = make_long_call (CARDEA_LIMIT_MESSAGE_BYTES + 1);
  g_assert_null (cardea_wire_call_parse (refused, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
  g_clear_error (&error);

  call->more = TRUE;
  g_assert_null (cardea_wire_call_serialise (call, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

static void
test_call (void)
{
  static const char TEXT[] =
      " {\"method\":\"org.cardea.agent.Connect\",\"parameters\":{\"port\":443},\"upgrade\":true,"
      "\"more\":false} ";
  g_autoptr (GBytes) message = g_bytes_new_static (TEXT, strlen (TEXT));
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaWireCall) call = cardea_wire_call_parse (message, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (call->method, ==, "org.cardea.agent.Connect");
  g_assert_cmpint (json_integer_value (json_object_get (call->parameters, "port")), ==, 443);
  g_assert_true (call->upgrade);
  g_assert_false (call->more);
  g_assert_false (call->oneway);

  g_autoptr (GBytes) written = cardea_wire_call_serialise (call, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (
      g_bytes_get_data (written, NULL), ==,
      "{\"method\":\"org.cardea.agent.Connect\",\"parameters\":{\"port\":443},\"upgrade\":true}");
}

static void
test_call_without_parameters (void)
{
  g_autoptr (GBytes) message = g_bytes_new_static ("{\"method\":\"a.B\",\"oneway\":true,\"more\":true}", 42);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaWireCall) call = cardea_wire_call_parse (message, &error);
  g_assert_no_error (error);
  g_assert_true (json_is_object (call->parameters));
  g_assert_true (call->oneway && call->more && !call->upgrade);
}

static void
test_call_name_not_utf8 (void)
{
  CardeaWireCall call = { .method = (char *)"a.\xff" };
  g_autoptr (GError) error = NULL;
  g_assert_null (cardea_wire_call_serialise (&call, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PROTOCOL);
}

static void
test_reply (void)
{
  g_autoptr (json_t) parameters = json_pack ("{s:s}", "what", "calls");
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) written =
      cardea_wire_reply_serialise ("org.cardea.agent.Busy", parameters, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_bytes_get_data (written, NULL), ==,
                   "{\"error\":\"org.cardea.agent.Busy\",\"parameters\":{\"what\":\"calls\"}}");

  g_autoptr (GBytes) message = g_bytes_new_from_bytes (written, 0, g_bytes_get_size (written) - 1);
  g_autoptr (CardeaWireReply) reply = cardea_wire_reply_parse (message, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (reply->error, ==, "org.cardea.agent.Busy");
  g_assert_true (json_equal (reply->parameters, parameters));
  g_assert_false (reply->continues);
}

static void
test_reply_continues (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) written = cardea_wire_reply_serialise (NULL, NULL, TRUE, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) message = g_bytes_new_from_bytes (written, 0, g_bytes_get_size (written) - 1);
  g_autoptr (CardeaWireReply) reply = cardea_wire_reply_parse (message, &error);
  g_assert_no_error (error);
  g_assert_null (reply->error);
  g_assert_true (reply->continues);
  g_assert_cmpuint (json_object_size (reply->parameters), ==, 0);
}

static void
add_cases (const char *folder, const Case *cases, gsize n, GTestDataFunc test)
{
  for (gsize i = 0; i < n; i++) {
    g_autofree char *path = g_strdup_printf ("/message/%s/%s", folder, cases[i].name);
    g_test_add_data_func (path, cases[i].text, test);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_cases ("bad-call", BAD_CALLS, G_N_ELEMENTS (BAD_CALLS), test_bad_call);
  add_cases ("bad-reply", BAD_REPLIES, G_N_ELEMENTS (BAD_REPLIES), test_bad_reply);
  g_test_add_func ("/message/raw-nul", test_raw_nul);
  g_test_add_func ("/message/depth", test_depth);
  g_test_add_func ("/message/wide", test_wide);
  g_test_add_func ("/message/size", test_size);
  g_test_add_func ("/message/call", test_call);
  g_test_add_func ("/message/call-without-parameters", test_call_without_parameters);
  g_test_add_func ("/message/call-name-not-utf8", test_call_name_not_utf8);
  g_test_add_func ("/message/reply", test_reply);
  g_test_add_func ("/message/reply-continues", test_reply_continues);
  return g_test_run ();
}
