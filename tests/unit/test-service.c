/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole service but for its broker: each method as a program calls it, each answer held against the
 * contract. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/fake-stream.h"
#include "tests/unit/service-fixture.h"

/* The contract's methods and the table's are the same. */
static void
test_table (ServiceFixture *fixture, gconstpointer data)
{
  Contract *contracts[] = { fixture->contract, fixture->varlink };
  guint n_methods, n_found = 0;
  const CardeaMethod *methods = cardea_methods_get (&n_methods);

  for (guint i = 0; i < G_N_ELEMENTS (contracts); i++) {
    g_auto (GStrv) names = contract_get_methods (contracts[i]);

    for (guint j = 0; names[j]; j++) {
      g_autofree char *full = g_strdup_printf ("%s.%s", contract_get_interface (contracts[i]), names[j]);
      guint n = 0;

      for (guint k = 0; k < n_methods; k++)
        n += g_str_equal (methods[k].name, full);
      g_assert_cmpuint (n, ==, 1);
      n_found++;
    }
  }
  g_assert_cmpuint (n_found, ==, n_methods);
}

/* And so are the errors. */
static void
test_errors (ServiceFixture *fixture, gconstpointer data)
{
  guint n_named = 0, n_promised = 0;

  for (guint code = 0; code < CARDEA_N_ERRORS; code++) {
    const char *name = cardea_error_code_to_name ((CardeaErrorCode)code);
    g_autoptr (GError) error = cardea_error_new ((CardeaErrorCode)code, "It failed \xff.");
    g_autoptr (ApiClient) client = NULL;

    if (!name)
      continue;
    n_named++;
    client = service_connect (fixture);
    fake_broker_fail_next (fixture->broker, g_steal_pointer (&error));
    service_send_call (client, "Connect", "{\"host\":\"a.example\",\"port\":1}", ",\"upgrade\":true");
    service_expect_error (fixture, client, name, NULL);
    g_assert_true (api_client_is_closed (client));
  }

  for (guint i = 0; i < 2; i++) {
    g_auto (GStrv) names = contract_get_errors (i ? fixture->varlink : fixture->contract);

    n_promised += g_strv_length (names);
  }
  g_assert_cmpuint (n_named, ==, n_promised);
}

static void
test_info (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autoptr (CardeaWireReply) reply = NULL;
  g_autofree char *fault = NULL;
  json_t *interfaces;

  service_send_call (client, "org.varlink.service.GetInfo", NULL, NULL);
  reply = api_client_receive (client);
  fault = contract_check_reply (fixture->varlink, "GetInfo", reply->parameters);
  g_assert_cmpstr (fault, ==, NULL);

  /* Each interface that is named has its description. */
  interfaces = json_object_get (reply->parameters, "interfaces");
  for (gsize i = 0; i < json_array_size (interfaces); i++) {
    const char *name = json_string_value (json_array_get (interfaces, i));
    g_autofree char *parameters = g_strdup_printf ("{\"interface\":\"%s\"}", name);
    g_autoptr (CardeaWireReply) description = NULL;
    g_autoptr (Contract) contract = NULL;

    service_send_call (client, "org.varlink.service.GetInterfaceDescription", parameters, NULL);
    description = api_client_receive (client);
    contract = contract_new (json_string_value (json_object_get (description->parameters, "description")));
    g_assert_cmpstr (contract_get_interface (contract), ==, name);
  }
}

static void
test_lists (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autoptr (CardeaWireReply) tokens = NULL;
  g_autoptr (CardeaWireReply) certificates = NULL;
  g_autoptr (CardeaWireReply) sessions = NULL;
  g_autoptr (CardeaWireReply) problems = NULL;

  service_send_call (client, "ListTokens", NULL, NULL);
  tokens = service_expect_reply (fixture, client, "ListTokens");
  g_assert_cmpuint (json_array_size (json_object_get (tokens->parameters, "tokens")), ==, 1);
  g_assert_cmpuint (json_array_size (json_object_get (tokens->parameters, "problems")), ==, 3);

  service_send_call (client, "ListCertificates", NULL, NULL);
  certificates = service_expect_reply (fixture, client, "ListCertificates");
  g_assert_cmpuint (json_array_size (json_object_get (certificates->parameters, "certificates")), ==, 1);

  service_send_call (client, "ListSessions", NULL, ",\"more\":true");
  sessions = service_expect_reply (fixture, client, "ListSessions");
  g_assert_cmpuint (json_array_size (json_object_get (sessions->parameters, "sessions")), ==, 0);

  service_send_call (client, "Reload", NULL, NULL);
  problems = service_expect_reply (fixture, client, "Reload");
  g_assert_cmpuint (json_array_size (json_object_get (problems->parameters, "problems")), ==, 3);
  g_assert_cmpuint (fixture->n_reloads, ==, 1);
}

static char *
get_session_id (CardeaWireReply *reply)
{
  json_t *session = json_object_get (reply->parameters, "session");

  return g_strdup (json_string_value (json_object_get (session, "id")));
}

static void
expect_end (ServiceFixture *fixture, ApiClient *client, const char *method, const char *how)
{
  g_autoptr (CardeaWireReply) reply = service_expect_reply (fixture, client, method);
  json_t *end = json_object_get (reply->parameters, "end");

  g_assert_false (reply->continues);
  g_assert_cmpstr (json_string_value (json_object_get (end, "how")), ==, how);
}

static void
expect_record (int server, const char *text)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  while (bytes->len < strlen (text))
    g_assert_cmpint (fake_peer_receive (server, bytes), ==, FAKE_RECORD_DATA);
  g_assert_cmpmem (bytes->data, bytes->len, text, strlen (text));
}

/* Connect: early bytes are the stream's first; sessions are listed; the end is told on another socket. */
static void
test_connect (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autoptr (ApiClient) watcher = service_connect (fixture);
  g_autoptr (CardeaWireReply) reply = NULL;
  g_autoptr (CardeaWireReply) sessions = NULL;
  g_autoptr (GBytes) received = NULL;
  g_autofree char *id = NULL;
  g_autofree char *parameters = NULL;
  int server;

  service_send_call (client, "Connect", "{\"host\":\"Bank.Example.\",\"port\":443}", ",\"upgrade\":true");
  g_assert_true (api_client_send_raw (client, "early", 5));
  reply = service_expect_reply (fixture, client, "Connect");
  g_assert_cmpstr (fake_broker_get_request (fixture->broker)->host, ==, "bank.example");
  server = fake_broker_take_server (fixture->broker);
  expect_record (server, "early");
  g_assert_true (fake_peer_send (server, FAKE_RECORD_DATA, "hello", 5));
  received = api_client_receive_raw (client, 5);
  g_assert_cmpmem (g_bytes_get_data (received, NULL), g_bytes_get_size (received), "hello", 5);

  service_send_call (watcher, "ListSessions", NULL, NULL);
  sessions = service_expect_reply (fixture, watcher, "ListSessions");
  g_assert_cmpuint (json_array_size (json_object_get (sessions->parameters, "sessions")), ==, 1);

  id = get_session_id (reply);
  parameters = g_strdup_printf ("{\"session\":\"%s\"}", id);
  service_send_call (watcher, "AwaitEnd", parameters, NULL);
  g_assert_true (fake_peer_send (server, FAKE_RECORD_CLOSE_NOTIFY, NULL, 0));
  g_assert_true (api_client_is_closed (client));
  close (api_client_steal_fd (client));
  expect_end (fixture, watcher, "AwaitEnd", "clean");
  close (server);
  /* It is known for a while. */
  service_send_call (watcher, "AwaitEnd", parameters, NULL);
  expect_end (fixture, watcher, "AwaitEnd", "clean");
}

static void
expect_step (ServiceFixture *fixture, ApiClient *client, const char *step)
{
  g_autoptr (CardeaWireReply) reply = service_expect_reply (fixture, client, "Open");

  g_assert_cmpstr (json_string_value (json_object_get (reply->parameters, "step")), ==, step);
  g_assert_true (reply->continues);
  g_assert_cmpint (api_client_take_descriptor (client), ==, -1);
}

static void
test_open (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autoptr (ApiClient) stream = NULL;
  g_autoptr (CardeaWireReply) ready = NULL;
  g_autoptr (GBytes) received = NULL;
  int server;

  service_send_call (client, "Open", "{\"host\":\"bank.example\",\"port\":443,\"options\":null}",
                     ",\"more\":true");
  expect_step (fixture, client, "connecting");
  expect_step (fixture, client, "verifying");
  ready = service_expect_reply (fixture, client, "Open");
  g_assert_true (ready->continues);
  g_assert_cmpstr (json_string_value (json_object_get (ready->parameters, "step")), ==, "ready");
  stream = api_client_new (api_client_take_descriptor (client));
  g_assert_cmpint (api_client_get_fd (stream), >=, 0);

  server = fake_broker_take_server (fixture->broker);
  g_assert_true (api_client_send_raw (stream, "ask", 3));
  expect_record (server, "ask");
  g_assert_true (fake_peer_send (server, FAKE_RECORD_DATA, "answer", 6));
  received = api_client_receive_raw (stream, 6);
  g_assert_cmpuint (g_bytes_get_size (received), ==, 6);
  close (server);
  expect_end (fixture, client, "Open", "truncated");

  /* The socket serves on. */
  service_send_call (client, "ListSessions", NULL, NULL);
  cardea_wire_reply_free (service_expect_reply (fixture, client, "ListSessions"));
}

static void
test_disconnect (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autoptr (ApiClient) other = service_connect (fixture);
  g_autoptr (CardeaWireReply) reply = NULL;
  g_autofree char *id = NULL;
  g_autofree char *parameters = NULL;

  service_send_call (client, "Connect", "{\"host\":\"bank.example\",\"port\":443}", ",\"upgrade\":true");
  reply = service_expect_reply (fixture, client, "Connect");
  id = get_session_id (reply);
  parameters = g_strdup_printf ("{\"session\":\"%s\"}", id);
  service_send_call (other, "Disconnect", parameters, NULL);
  cardea_wire_reply_free (service_expect_reply (fixture, other, "Disconnect"));
  g_assert_true (api_client_is_closed (client));
  service_send_call (other, "AwaitEnd", parameters, NULL);
  expect_end (fixture, other, "AwaitEnd", "disconnected");

  service_send_call (other, "Disconnect", "{\"session\":\"nobody's\"}", NULL);
  service_expect_error (fixture, other, "org.cardea.agent.NotFound", NULL);
  service_send_call (other, "AwaitEnd", "{\"session\":\"nobody's\"}", NULL);
  service_expect_error (fixture, other, "org.cardea.agent.NotFound", NULL);
}

/* Many wait and leave again: nothing of them stays. */
static void
test_await_and_leave (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autoptr (CardeaWireReply) reply = NULL;
  g_autofree char *id = NULL;
  g_autofree char *parameters = NULL;
  CardeaSession *session;

  service_send_call (client, "Connect", "{\"host\":\"bank.example\",\"port\":443}", ",\"upgrade\":true");
  reply = service_expect_reply (fixture, client, "Connect");
  id = get_session_id (reply);
  parameters = g_strdup_printf ("{\"session\":\"%s\"}", id);
  session = cardea_broker_find_session (fixture->broker, id);
  for (guint i = 0; i < 10; i++) {
    g_autoptr (ApiClient) watcher = service_connect (fixture);

    service_send_call (watcher, "AwaitEnd", parameters, NULL);
    while (g_main_context_iteration (NULL, FALSE))
      ;
    g_assert_true (
        g_signal_has_handler_pending (session, g_signal_lookup ("ended", CARDEA_TYPE_SESSION), 0, FALSE));
  }
  api_wait (service_is_deserted, fixture);
  g_assert_false (
      g_signal_has_handler_pending (session, g_signal_lookup ("ended", CARDEA_TYPE_SESSION), 0, FALSE));
}

static gboolean
is_waiting (gpointer data)
{
  return fake_broker_count_waiting (((ServiceFixture *)data)->broker) > 0;
}

static gboolean
is_cancelled (gpointer data)
{
  return fake_broker_count_cancelled (((ServiceFixture *)data)->broker) > 0;
}

/* The program goes away while it is being connected. */
static void
test_cancel (ServiceFixture *fixture, gconstpointer data)
{
  ApiClient *client = service_connect (fixture);

  fake_broker_hold (fixture->broker);
  service_send_call (client, "Connect", "{\"host\":\"bank.example\",\"port\":443}", ",\"upgrade\":true");
  api_wait (is_waiting, fixture);
  api_client_free (client);
  api_wait (is_cancelled, fixture);
}

static gboolean
has_no_sessions (gpointer data)
{
  g_autoptr (GPtrArray) sessions = cardea_broker_get_sessions (((ServiceFixture *)data)->broker);

  return sessions->len == 0;
}

/* It goes away just as the session is ready: nobody would ever end it. */
static void
test_gone_when_ready (ServiceFixture *fixture, gconstpointer data)
{
  const char *method = data;
  ApiClient *client = service_connect (fixture);

  fake_broker_hold (fixture->broker);
  service_send_call (client, method, "{\"host\":\"bank.example\",\"port\":443}",
                     g_str_equal (method, "Open") ? ",\"more\":true" : ",\"upgrade\":true");
  api_wait (is_waiting, fixture);
  fake_broker_let_go (fixture->broker);
  api_client_free (client);
  api_wait (service_is_deserted, fixture);
  api_wait (has_no_sessions, fixture);
}

/* Calls behind an upgrade call that fails are never looked at. */
static void
test_smuggled (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);
  static const char text[] = "{\"method\":\"org.cardea.agent.Connect\",\"parameters\":{\"host\":\"a "
                             "b\",\"port\":1},\"upgrade\":true}\0"
                             "{\"method\":\"org.cardea.agent.Reload\"}";

  g_assert_true (api_client_send_raw (client, text, sizeof text));
  service_expect_error (fixture, client, "org.varlink.service.InvalidParameter", "host");
  g_assert_true (api_client_is_closed (client));
  g_assert_cmpuint (fixture->n_reloads, ==, 0);
}

/* The limit's number of sockets of one program, one more, and room again. */
static void
test_pending (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify)api_client_free);
  g_autoptr (ApiClient) last = NULL;
  g_autoptr (ApiClient) again = NULL;

  for (guint i = 0; i < CARDEA_LIMIT_PENDING_PER_CALLER; i++)
    g_ptr_array_add (clients, service_connect (fixture));
  last = service_connect (fixture);
  service_expect_error (fixture, last, "org.cardea.agent.Busy", NULL);
  g_assert_true (api_client_is_closed (last));
  g_assert_cmpuint (cardea_service_count_connections (fixture->service), ==, CARDEA_LIMIT_PENDING_PER_CALLER);

  g_ptr_array_set_size (clients, 0);
  api_wait (service_is_deserted, fixture);
  again = service_connect (fixture);
  service_send_call (again, "ListSessions", NULL, NULL);
  cardea_wire_reply_free (service_expect_reply (fixture, again, "ListSessions"));
}

typedef struct
{
  const char *name;
  const char *method;
  const char *parameters;
  const char *flags;
  const char *error;
  const char *parameter;
} Refusal;

static const Refusal refusals[] = {
#define INVALID "org.varlink.service.InvalidParameter"
#define UP ",\"upgrade\":true"
#define HOST(text) "{\"port\":443,\"host\":" text "}"
#define OPTIONS(text) "{\"port\":443,\"host\":\"a.example\",\"options\":{" text "}}"
  { "unknown-method", "NoSuchMethod", NULL, NULL, "org.varlink.service.MethodNotFound", NULL },
  { "unknown-interface", "org.example.Method", NULL, NULL, "org.varlink.service.InterfaceNotFound", NULL },
  { "interface-prefix", "org.cardea.ListTokens", NULL, NULL, "org.varlink.service.InterfaceNotFound", NULL },
  { "unknown-description", "org.varlink.service.GetInterfaceDescription", "{\"interface\":\"org.example\"}",
    NULL, "org.varlink.service.InterfaceNotFound", NULL },
  { "description-path", "org.varlink.service.GetInterfaceDescription",
    "{\"interface\":\"../agent/org.cardea.agent\"}", NULL, "org.varlink.service.InterfaceNotFound", NULL },
  { "no-parameters-taken", "ListTokens", "{\"all\":true}", NULL, INVALID, "all" },
  { "no-upgrade", "Connect", HOST ("\"a.example\""), NULL, INVALID, "upgrade" },
  { "upgrade-of-other", "ListTokens", NULL, UP, INVALID, "upgrade" },
  { "no-more", "Open", HOST ("\"a.example\""), NULL, "org.varlink.service.ExpectedMore", NULL },
  { "session-missing", "AwaitEnd", NULL, NULL, INVALID, "session" },
  { "session-null", "AwaitEnd", "{\"session\":null}", NULL, INVALID, "session" },
  { "session-number", "Disconnect", "{\"session\":7}", NULL, INVALID, "session" },
  { "decision-number", "Forget", "{\"decision\":7}", NULL, INVALID, "decision" },
  { "decision-list", "Forget", "{\"decision\":[\"a\"]}", NULL, INVALID, "decision" },
  { "decision-unknown-parameter", "Forget", "{\"server_name\":\"a.example\"}", NULL, INVALID, "server_name" },
  { "decisions-parameter", "ListDecisions", "{\"server_name\":\"a.example\"}", NULL, INVALID, "server_name" },
  { "host-missing", "Connect", "{\"port\":443}", UP, INVALID, "host" },
  { "host-number", "Connect", HOST ("1"), UP, INVALID, "host" },
  { "host-empty", "Connect", HOST ("\"\""), UP, INVALID, "host" },
  { "host-space", "Connect", HOST ("\"a example\""), UP, INVALID, "host" },
  { "host-brackets", "Connect", HOST ("\"[::1]\""), UP, INVALID, "host" },
  { "host-url", "Connect", HOST ("\"https://a.example/\""), UP, INVALID, "host" },
  { "host-newline", "Connect", HOST ("\"a.example\\n\""), UP, INVALID, "host" },
  { "port-missing", "Connect", "{\"host\":\"a.example\"}", UP, INVALID, "port" },
  { "port-0", "Connect", "{\"host\":\"a.example\",\"port\":0}", UP, INVALID, "port" },
  { "port-65536", "Connect", "{\"host\":\"a.example\",\"port\":65536}", UP, INVALID, "port" },
  { "port-negative", "Connect", "{\"host\":\"a.example\",\"port\":-1}", UP, INVALID, "port" },
  { "port-string", "Connect", "{\"host\":\"a.example\",\"port\":\"443\"}", UP, INVALID, "port" },
  { "port-real", "Connect", "{\"host\":\"a.example\",\"port\":443.0}", UP, INVALID, "port" },
  { "unknown-parameter", "Connect", "{\"host\":\"a.example\",\"port\":443,\"insecure\":true}", UP, INVALID,
    "insecure" },
  { "options-array", "Connect", "{\"host\":\"a.example\",\"port\":443,\"options\":[]}", UP, INVALID,
    "options" },
  { "unknown-option", "Connect", OPTIONS ("\"verify\":false"), UP, INVALID, "options.verify" },
  { "server-name", "Connect", OPTIONS ("\"server_name\":\"a b\""), UP, INVALID, "options.server_name" },
  { "alpn-empty", "Connect", OPTIONS ("\"alpn\":[]"), UP, INVALID, "options.alpn" },
  { "alpn-empty-name", "Connect", OPTIONS ("\"alpn\":[\"\"]"), UP, INVALID, "options.alpn" },
  { "alpn-number", "Connect", OPTIONS ("\"alpn\":[\"h2\",2]"), UP, INVALID, "options.alpn" },
  { "authenticate", "Connect", OPTIONS ("\"authenticate\":\"maybe\""), UP, INVALID, "options.authenticate" },
  { "interaction", "Connect", OPTIONS ("\"interaction\":\"\""), UP, INVALID, "options.interaction" },
  { "certificate", "Connect", OPTIONS ("\"certificate\":\"mine\""), UP, INVALID, "options.certificate" },
  { "authorities-empty", "Connect", OPTIONS ("\"authorities\":[]"), UP, INVALID, "options.authorities" },
  { "authorities-base64", "Connect", OPTIONS ("\"authorities\":[\"AAA\"]"), UP, INVALID,
    "options.authorities" },
  { "authorities-blank", "Connect", OPTIONS ("\"authorities\":[\"AA A\"]"), UP, INVALID,
    "options.authorities" },
  { "proxy", "Connect", OPTIONS ("\"proxy\":\"not a uri\""), UP, INVALID, "options.proxy" },
  { "tls12-text", "Connect", OPTIONS ("\"tls12\":\"true\""), UP, INVALID, "options.tls12" },
  { "tls12-number", "Connect", OPTIONS ("\"tls12\":1"), UP, INVALID, "options.tls12" },
  { "timeout-0", "Connect", OPTIONS ("\"timeout_ms\":0"), UP, INVALID, "options.timeout_ms" },
  { "timeout-huge", "Connect", OPTIONS ("\"timeout_ms\":9223372036854775807"), UP, INVALID,
    "options.timeout_ms" },
  { "post-handshake", "Connect", OPTIONS ("\"post_handshake\":\"yes\""), UP, INVALID,
    "options.post_handshake" },
  { "window-bare", "Connect", OPTIONS ("\"window\":{\"handle\":\"12\"}"), UP, INVALID,
    "options.window.handle" },
  { "window-empty", "Connect", OPTIONS ("\"window\":{}"), UP, INVALID, "options.window.handle" },
  { "window-x11-0", "Connect", OPTIONS ("\"window\":{\"handle\":\"x11:0\"}"), UP, INVALID,
    "options.window.handle" },
  { "window-x11-words", "Connect", OPTIONS ("\"window\":{\"handle\":\"x11:12 \"}"), UP, INVALID,
    "options.window.handle" },
  { "window-wayland-empty", "Connect", OPTIONS ("\"window\":{\"handle\":\"wayland:\"}"), UP, INVALID,
    "options.window.handle" },
  { "window-wayland-line", "Connect", OPTIONS ("\"window\":{\"handle\":\"wayland:a\\nb\"}"), UP, INVALID,
    "options.window.handle" },
  { "window-token", "Connect", OPTIONS ("\"window\":{\"handle\":\"x11:1\",\"activation_token\":\"a b\"}"), UP,
    INVALID, "options.window.activation_token" },
  { "window-unknown", "Connect", OPTIONS ("\"window\":{\"handle\":\"x11:1\",\"modal\":true}"), UP, INVALID,
    "options.window.modal" },
};

static void
test_refused (ServiceFixture *fixture, gconstpointer data)
{
  const Refusal *refusal = data;
  g_autoptr (ApiClient) client = service_connect (fixture);
  gboolean upgrade = refusal->flags != NULL;

  service_send_call (client, refusal->method, refusal->parameters, refusal->flags);
  service_expect_error (fixture, client, refusal->error, refusal->parameter);
  g_assert_null (fake_broker_get_request (fixture->broker));

  /* After an upgrade call the socket is closed, after any other it goes on. */
  if (upgrade) {
    g_assert_true (api_client_is_closed (client));
  } else {
    service_send_call (client, "ListSessions", NULL, NULL);
    cardea_wire_reply_free (service_expect_reply (fixture, client, "ListSessions"));
  }
}

/* What is allowed at each limit, and how it arrives. */
static void
test_options (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autofree char *longest = g_strnfill (CARDEA_LIMIT_ALPN_NAME, 'p');
  g_autofree char *sha256 = g_strnfill (64, 'a');
  g_autofree char *window = g_strnfill (CARDEA_LIMIT_WINDOW_BYTES, 'w');
  g_autofree char *parameters = g_strdup_printf (
      OPTIONS ("\"server_name\":\"Other.example\",\"alpn\":[\"h2\",\"%s\"],\"authenticate\":\"required\","
               "\"certificate\":\"%s\",\"interaction\":\"never\",\"authorities\":[\"AAEC\",\"AA==\"],"
               "\"proxy\":\"direct\",\"tls12\":true,\"timeout_ms\":86400000,\"post_handshake\":true,"
               "\"window\":{\"handle\":\"wayland:%s\",\"activation_token\":\"token\"}"),
      longest, sha256, window);
  const CardeaRequest *request;

  service_send_call (client, "Connect", parameters, UP);
  cardea_wire_reply_free (service_expect_reply (fixture, client, "Connect"));
  request = fake_broker_get_request (fixture->broker);
  g_assert_cmpstr (request->host, ==, "a.example");
  g_assert_cmpstr (request->server_name, ==, "other.example");
  g_assert_cmpstr (request->alpn[1], ==, longest);
  g_assert_cmpint (request->authenticate, ==, CARDEA_AUTHENTICATE_REQUIRED);
  g_assert_cmpstr (request->certificate, ==, sha256);
  g_assert_false (request->interaction);
  g_assert_cmpuint (request->authorities->len, ==, 2);
  g_assert_cmpuint (g_bytes_get_size (request->authorities->pdata[0]), ==, 3);
  g_assert_cmpstr (request->proxy, ==, "direct");
  g_assert_true (request->tls12);
  g_assert_cmpuint (request->timeout_ms, ==, 86400000);
  g_assert_cmpint (request->post_handshake, ==, CARDEA_POST_HANDSHAKE_YES);
  g_assert_cmpstr (request->window + strlen ("wayland:"), ==, window);
  g_assert_cmpstr (request->activation_token, ==, "token");
}

/* Not to say anything of it is something else than to refuse it. */
static void
test_post_handshake (ServiceFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *parameters;
    CardeaPostHandshake means;
  } cases[] = {
    { OPTIONS ("\"post_handshake\":false"), CARDEA_POST_HANDSHAKE_NO },
    { OPTIONS ("\"post_handshake\":null"), CARDEA_POST_HANDSHAKE_UNSAID },
    { OPTIONS (""), CARDEA_POST_HANDSHAKE_UNSAID },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (ApiClient) client = service_connect (fixture);

    service_send_call (client, "Connect", cases[i].parameters, UP);
    cardea_wire_reply_free (service_expect_reply (fixture, client, "Connect"));
    g_assert_cmpint (fake_broker_get_request (fixture->broker)->post_handshake, ==, cases[i].means);
    close (fake_broker_take_server (fixture->broker));
  }
}

static void
test_window_too_long (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autofree char *window = g_strnfill (CARDEA_LIMIT_WINDOW_BYTES + 1, 'w');
  g_autofree char *parameters = g_strdup_printf (OPTIONS ("\"window\":{\"handle\":\"wayland:%s\"}"), window);

  service_send_call (client, "Connect", parameters, UP);
  service_expect_error (fixture, client, INVALID, "options.window.handle");
}

/* A list one longer than its limit. */
static void
test_too_many (ServiceFixture *fixture, gconstpointer data)
{
  const gboolean is_alpn = g_str_equal (data, "alpn");
  guint n = (is_alpn ? CARDEA_LIMIT_ALPN_NAMES : CARDEA_LIMIT_CALLER_AUTHORITIES) + 1;
  g_autoptr (GString) list = g_string_new ("\"AAAA\"");
  g_autoptr (ApiClient) client = service_connect (fixture);
  g_autofree char *parameters = NULL;
  g_autofree char *parameter = g_strconcat ("options.", data, NULL);

  for (guint i = 1; i < n; i++)
    g_string_append (list, ",\"AAAA\"");
  parameters = g_strdup_printf (OPTIONS ("\"%s\":[%s]"), (const char *)data, list->str);
  service_send_call (client, "Connect", parameters, UP);
  service_expect_error (fixture, client, INVALID, parameter);
  g_assert_true (api_client_is_closed (client));
}

static void
test_oneway_connect (ServiceFixture *fixture, gconstpointer data)
{
  g_autoptr (ApiClient) client = service_connect (fixture);

  service_send_call (client, "Connect", HOST ("\"a.example\""), UP ",\"oneway\":true");
  g_assert_true (api_client_is_closed (client));
  g_assert_null (fake_broker_get_request (fixture->broker));
}

#define ADD(name, function, data)                                                                            \
  g_test_add ("/service/" name, ServiceFixture, data, service_set_up, function, service_tear_down)

static void
add_refusals (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++) {
    g_autofree char *path = g_strconcat ("/service/refused/", refusals[i].name, NULL);

    g_test_add (path, ServiceFixture, &refusals[i], service_set_up, test_refused, service_tear_down);
  }
}

int
main (int argc, char *argv[])
{
  service_begin (&argc, &argv);
  ADD ("contract/methods", test_table, NULL);
  ADD ("contract/errors", test_errors, NULL);
  ADD ("info", test_info, NULL);
  ADD ("lists", test_lists, NULL);
  ADD ("connect", test_connect, NULL);
  ADD ("open", test_open, NULL);
  ADD ("disconnect", test_disconnect, NULL);
  ADD ("await-and-leave", test_await_and_leave, NULL);
  ADD ("cancel", test_cancel, NULL);
  ADD ("gone-when-ready/connect", test_gone_when_ready, "Connect");
  ADD ("gone-when-ready/open", test_gone_when_ready, "Open");
  ADD ("smuggled", test_smuggled, NULL);
  ADD ("pending", test_pending, NULL);
  add_refusals ();
  ADD ("options", test_options, NULL);
  ADD ("post-handshake", test_post_handshake, NULL);
  ADD ("window-too-long", test_window_too_long, NULL);
  ADD ("too-many/alpn", test_too_many, "alpn");
  ADD ("too-many/authorities", test_too_many, "authorities");
  ADD ("oneway-connect", test_oneway_connect, NULL);
  return service_run ();
}
