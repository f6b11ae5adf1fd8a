/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a program needs of its connection to speak its own protocol on it: the channel binding, compared with
 * the one that the server computes; the protocol that was agreed on; and the name that the server was asked
 * for. */

#include "socket-api/client/client.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/agent-contract.h"
#include "tests/fixtures/asks.h"

#include <string.h>
#include <unistd.h>

#define EXPORT "-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32"

/* A stream that is open, and its session. */
typedef struct
{
  int stream;
  json_t *reply;
} Connected;

static void
connected_clear (Connected *self)
{
  if (self->stream >= 0)
    close (self->stream);
  self->stream = -1;
  g_clear_pointer (&self->reply, json_decref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Connected, connected_clear)

static json_t *
get_session (const Connected *self)
{
  return json_object_get (self->reply, "session");
}

static Connected
connect_to (CardeaLab *lab, const char *host, guint16 port, json_t *options)
{
  g_autoptr (CardeaClient) client = cardea_client_new (cardea_lab_get_socket (lab), NULL);
  g_autoptr (json_t) parameters =
      json_pack ("{s:s, s:i, s:o}", "host", host, "port", (int)port, "options", options);
  g_autoptr (GError) error = NULL;
  Connected self = { .stream = -1 };

  self.stream = cardea_client_upgrade (client, "org.cardea.agent.Connect", parameters, CARDEA_CLIENT_CALL_MS,
                                       &self.reply, &error);
  g_assert_no_error (error);
  agent_contract_check_reply (cardea_lab_get_socket (lab), "Connect", self.reply);
  return self;
}

/* In capital hex, as OpenSSL prints its own. */
static char *
get_binding (json_t *session)
{
  const char *text = json_string_value (json_object_get (session, "tls_exporter"));
  g_autofree guchar *value = NULL;
  GString *hex = g_string_new (NULL);
  gsize length;

  g_assert_nonnull (text);
  value = g_base64_decode (text, &length);
  g_assert_cmpuint (length, ==, 32);
  for (gsize i = 0; i < length; i++)
    g_string_append_printf (hex, "%02X", value[i]);
  return g_string_free (hex, FALSE);
}

/* Neither ListSessions nor Watch tell it. */
static void
assert_not_listed (CardeaLab *lab)
{
  g_autoptr (CardeaClient) client = cardea_client_new (cardea_lab_get_socket (lab), NULL);
  g_autoptr (CardeaClient) watch = cardea_client_new (cardea_lab_get_socket (lab), NULL);
  g_autoptr (json_t) reply =
      cardea_client_call (client, "org.cardea.agent.ListSessions", NULL, CARDEA_CLIENT_CALL_MS, NULL);
  json_t *sessions = json_object_get (reply, "sessions");
  g_autoptr (json_t) present = NULL;
  gboolean continues;
  guint n = 0;
  gsize i;
  json_t *event;

  g_assert_cmpuint (json_array_size (sessions), ==, 1);
  g_assert_true (json_is_null (json_object_get (json_array_get (sessions, 0), "tls_exporter")));
  g_assert_true (cardea_client_send_more (watch, "org.cardea.agent.Watch", NULL, NULL));
  present = cardea_client_receive (watch, CARDEA_CLIENT_CALL_MS, &continues, NULL);
  json_array_foreach (json_object_get (present, "events"), i, event) {
    json_t *session = json_object_get (event, "session");

    g_assert_true (!json_is_object (session) || json_is_null (json_object_get (session, "tls_exporter")));
    n += json_is_object (session);
  }
  g_assert_cmpuint (n, ==, 1);
}

static json_t *
with_certificate (CardeaLab *lab)
{
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, "ec.pem");

  return json_pack ("{s:s}", "certificate", fingerprint);
}

/* Client and server have the same one, and no other program learns it. */
static void
test_tls13 (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port =
      cardea_lab_openssl (lab, (const char *[]){ "-Verify", "2", "-CAfile", "ca.pem", EXPORT, NULL });
  g_auto (Connected) first = { .stream = -1 };
  g_autofree char *binding = NULL;
  g_autofree char *line = NULL;

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  first = connect_to (lab, "localhost", port, with_certificate (lab));
  binding = get_binding (get_session (&first));
  line = g_strconcat ("Keying material: ", binding, NULL);
  cardea_lab_wait_for_log (lab, "server-0", line);
  assert_not_listed (lab);
}

/* Open gives it with its stream; each connection has its own. */
static void
test_open (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port =
      cardea_lab_openssl (lab, (const char *[]){ "-Verify", "2", "-CAfile", "ca.pem", EXPORT, NULL });
  g_autofree char *bindings[2] = { NULL, NULL };

  cardea_lab_agent (lab, (guint16[]){ port, 0 }, NULL, NULL);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (CardeaClient) client = cardea_client_new (cardea_lab_get_socket (lab), NULL);
    g_autoptr (json_t) parameters = json_pack ("{s:s, s:i, s:o}", "host", "localhost", "port", (int)port,
                                               "options", with_certificate (lab));
    g_autoptr (json_t) reply = NULL;
    g_autofree char *line = NULL;
    gboolean continues = TRUE;

    g_assert_true (cardea_client_send_more (client, "org.cardea.agent.Open", parameters, NULL));
    while (reply == NULL || json_object_get (reply, "session") == NULL) {
      g_assert_true (continues);
      g_clear_pointer (&reply, json_decref);
      reply = cardea_client_receive (client, CARDEA_CLIENT_CALL_MS, &continues, NULL);
    }
    close (cardea_client_take_fd (client));
    bindings[i] = get_binding (json_object_get (reply, "session"));
    line = g_strconcat ("Keying material: ", bindings[i], NULL);
    cardea_lab_wait_for_log (lab, "server-0", line);
  }
  g_assert_cmpstr (bindings[0], !=, bindings[1]);
  g_free (bindings[1]);
}

/* There it means two things, so there is none. */
static void
test_tls12 (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_auto (Connected) connected = { .stream = -1 };
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *rule = NULL;
  guint16 port = cardea_lab_openssl_tls12 (asks->lab, (const char *[]){ EXPORT, NULL });

  rule = g_strdup_printf ("[rule old]\nprogram=exe:%s\nservers=localhost:%u\naction=settings\ntls12=true\n",
                          own, port);
  cardea_asks_add_rules (asks, "old.conf", rule);
  cardea_asks_restart (asks);
  connected = connect_to (asks->lab, "localhost", port, json_pack ("{s:b}", "tls12", TRUE));
  g_assert_cmpstr (json_string_value (json_object_get (get_session (&connected), "tls_version")), ==,
                   "TLS 1.2");
  g_assert_true (json_is_null (json_object_get (get_session (&connected), "tls_exporter")));
}

/* The protocol that the server took of those that the program offers; none where it takes none. */
static void
test_alpn (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, (const char *[]){ "-alpn", "imap,http/1.1", NULL });
  guint16 silent = cardea_lab_openssl (lab, (const char *[]){ "-www", NULL });
  g_auto (Connected) chosen = { .stream = -1 };
  g_auto (Connected) none = { .stream = -1 };
  g_auto (Connected) unasked = { .stream = -1 };

  cardea_lab_agent (lab, (guint16[]){ port, silent, 0 }, NULL, NULL);
  chosen = connect_to (lab, "localhost", port, json_pack ("{s:[s, s]}", "alpn", "h2", "http/1.1"));
  g_assert_cmpstr (json_string_value (json_object_get (get_session (&chosen), "alpn")), ==, "http/1.1");
  cardea_lab_wait_for_log (lab, "server-0", "ALPN protocols selected: http/1.1");
  connected_clear (&chosen);
  none = connect_to (lab, "localhost", silent, json_pack ("{s:[s]}", "alpn", "h2"));
  g_assert_true (json_is_null (json_object_get (get_session (&none), "alpn")));
  connected_clear (&none); /* the server has one at a time */
  unasked = connect_to (lab, "localhost", silent, json_object ());
  g_assert_true (json_is_null (json_object_get (get_session (&unasked), "alpn")));
}

/* The name is what is verified, be the host another; an address is no name (RFC 6066, 3). */
static void
test_server_name (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  guint16 port = cardea_lab_openssl (lab, (const char *[]){ "-tlsextdebug", NULL });
  guint16 other = cardea_lab_openssl (lab, (const char *[]){ "-tlsextdebug", NULL });
  g_auto (Connected) by_name = { .stream = -1 };
  g_auto (Connected) by_address = { .stream = -1 };
  g_autofree char *log = NULL;

  cardea_lab_agent (lab, (guint16[]){ port, other, 0 }, NULL, NULL);
  by_name = connect_to (lab, "127.0.0.1", port, json_pack ("{s:s}", "server_name", "localhost"));
  cardea_lab_wait_for_log (lab, "server-0", "CIPHER is ");
  log = cardea_lab_read_log (lab, "server-0");
  g_assert_nonnull (strstr (log, "\"server name\""));
  g_assert_nonnull (strstr (log, "localhost"));
  g_clear_pointer (&log, g_free);
  by_address = connect_to (lab, "127.0.0.1", other, json_object ());
  g_assert_cmpstr (json_string_value (json_object_get (get_session (&by_address), "server_name")), ==,
                   "127.0.0.1");
  cardea_lab_wait_for_log (lab, "server-1", "CIPHER is ");
  log = cardea_lab_read_log (lab, "server-1");
  g_assert_nonnull (strstr (log, "\"supported_groups\""));
  g_assert_null (strstr (log, "\"server name\""));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-binding/tls13", test_tls13);
  g_test_add_func ("/agent-binding/open", test_open);
  g_test_add_func ("/agent-binding/tls12", test_tls12);
  g_test_add_func ("/agent-binding/alpn", test_alpn);
  g_test_add_func ("/agent-binding/server-name", test_server_name);
  return g_test_run ();
}
