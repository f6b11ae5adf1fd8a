/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The second connection costs no signature, no PIN and no question, in the whole agent; and what it takes for
 * one not to be resumed. The mock module counts the signatures. */

#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"
#include "tests/fixtures/console.h"
#include "tests/fixtures/later-server.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIN "31415926"
#define SECRET_BYTES 32 /* of TLS_AES_128_GCM_SHA256 */
#define GET "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

static const char *const reload[] = { "reload", NULL };
static const char *const lock[] = { "lock", NULL };

/* How often the mock's key signed. */
static guint
count_signatures (CardeaAsks *asks)
{
  g_autofree char *path = cardea_lab_path (asks->lab, "mock.log");
  g_autofree char *text = NULL;
  guint n = 0;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  for (const char *at = text; (at = strstr (at, "C_Sign CKR_OK")) != NULL; at++)
    n++;
  return n;
}

/* The session that is ready, a reference, and its stream. NULL: the call's error. */
static json_t *
receive_session (CardeaClient *client, int *fd, GError **error)
{
  gboolean continues = TRUE;

  while (continues) {
    g_autoptr (json_t) reply = cardea_client_receive (client, CARDEA_CLIENT_CALL_MS, &continues, error);

    if (reply == NULL)
      return NULL;
    if (g_strcmp0 (json_string_value (json_object_get (reply, "step")), "ready") != 0)
      continue;
    *fd = cardea_client_take_fd (client);
    g_assert_true (g_unix_set_fd_nonblocking (*fd, FALSE, NULL));
    return json_incref (json_object_get (reply, "session"));
  }
  g_assert_not_reached ();
}

/* Says @request and hears exactly @answer, or up to the end what has that in it. */
static void
exchange (int fd, const char *request, const char *answer, gboolean to_the_end)
{
  g_autoptr (GString) heard = g_string_new (NULL);
  char bytes[4096];
  gssize n;

  g_assert_cmpint (send (fd, request, strlen (request), MSG_NOSIGNAL), ==, (gssize)strlen (request));
  while ((to_the_end || heard->len < strlen (answer)) && (n = recv (fd, bytes, sizeof bytes, 0)) > 0)
    g_string_append_len (heard, bytes, n);
  if (strstr (heard->str, answer) == NULL)
    g_error ("\"%s\" is not in \"%s\"", answer, heard->str);
}

/* One page, by the mock's certificate. */
static json_t *
fetch_page (CardeaAsks *asks, const char *options, gboolean resumed, const char *text)
{
  g_autoptr (CardeaClient) client = cardea_asks_begin (asks, asks->port, options);
  g_autoptr (GError) error = NULL;
  guint before = count_signatures (asks);
  int fd = -1;
  json_t *session = receive_session (client, &fd, &error);

  g_assert_no_error (error);
  g_assert_cmpint (json_is_true (json_object_get (session, "resumed")), ==, resumed);
  g_assert_cmpuint (count_signatures (asks), ==, before + (resumed ? 0 : 1));
  exchange (fd, GET, text, TRUE);
  close (fd);
  return session;
}

/* From nginx. */
static json_t *
fetch (CardeaAsks *asks, const char *options, gboolean resumed)
{
  return fetch_page (asks, options, resumed, "saw CN=Mock client");
}

static void
fetch_as (CardeaAsks *asks, const char *options, gboolean resumed)
{
  json_decref (fetch (asks, options, resumed));
}

/* The first one signs, the second does not. */
static void
fetch_twice (CardeaAsks *asks, const char *options)
{
  fetch_as (asks, options, FALSE);
  fetch_as (asks, options, TRUE);
}

/* A person who picks the mock's certificate, to be remembered until it is removed, and types its PIN. */
static CardeaAsks *
new_with_person (const char *config)
{
  CardeaAsks *asks = cardea_asks_new ("cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *script = g_strdup_printf ("shown;pick %s removal\nshown;type right;typed\n", fingerprint);

  cardea_lab_write (asks->lab, "right", PIN);
  cardea_lab_write (asks->lab, "script", script);
  asks->config = config;
  cardea_asks_restart (asks);
  cardea_asks_set_mock (asks, "");
  cardea_asks_wait_for_mock (asks, TRUE);
  return asks;
}

/* Nobody is there, and the mock's token wants no login. */
static CardeaAsks *
new_headless (const char *config)
{
  CardeaAsks *asks = cardea_asks_new ("cancel");

  asks->headless = TRUE;
  asks->config = config;
  cardea_asks_restart (asks);
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  return asks;
}

static char *
choose (CardeaAsks *asks, const char *certificate)
{
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, certificate);

  return g_strdup_printf ("{\"certificate\": \"%s\"}", fingerprint);
}

static void
cardea (CardeaAsks *asks, const char *const *arguments)
{
  g_assert_cmpint (cardea_lab_cardea (asks->lab, arguments, NULL, NULL, NULL), ==, 0);
}

static char *
read_agent_log (CardeaAsks *asks)
{
  return cardea_lab_read_log (asks->lab, "agent");
}

/* As often as one likes; the sessions look alike, and nothing is left in NSS at the end. */
static void
test_second (void)
{
  g_autoptr (CardeaAsks) asks = new_with_person (NULL);
  g_autoptr (json_t) first = fetch (asks, NULL, FALSE);
  g_autofree char *log = NULL;

  for (guint i = 0; i < 4; i++) {
    static const char *const alike[] = {
      "server_name", "port",       "tls_version", "peer_chain",
      "vouched_by",  "revocation", "caller",      "certificate_requested"
    };
    g_autoptr (json_t) session = fetch (asks, i == 3 ? "{\"interaction\": \"never\"}" : NULL, TRUE);

    for (guint j = 0; j < G_N_ELEMENTS (alike); j++)
      g_assert_true (json_equal (json_object_get (session, alike[j]), json_object_get (first, alike[j])));
    g_assert_cmpstr (json_string_value (json_object_get (json_object_get (session, "certificate"), "sha256")),
                     ==,
                     json_string_value (json_object_get (json_object_get (first, "certificate"), "sha256")));
    g_assert_true (json_is_true (json_object_get (session, "accepted")));
  }
  g_assert_cmpuint (cardea_asks_count (asks), ==, 2);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 1);
  cardea_asks_stop (asks);
  log = read_agent_log (asks);
  g_assert_nonnull (strstr (log, " (resumed)"));
  g_assert_null (strstr (log, "NSS did not stop"));
}

/* Other servers than nginx; what they show of a session differs, and is theirs. */
static void
check_server (CardeaAsks *asks, guint16 port, const char *text)
{
  g_autofree char *options = choose (asks, "mock.pem");

  asks->port = port;
  cardea_asks_restart (asks);
  cardea_asks_wait_for_mock (asks, TRUE);
  for (guint i = 0; i < 3; i++)
    json_decref (fetch_page (asks, options, i > 0, text));
}

static void
test_openssl (void)
{
  g_autoptr (CardeaAsks) asks = new_headless (NULL);

  check_server (asks,
                cardea_lab_openssl (asks->lab, (const char *[]){ "-Verify", "2", "-verify_return_error",
                                                                 "-CAfile", "ca.pem", "-www", NULL }),
                "200 ok");
}

static void
test_gnutls (void)
{
  g_autoptr (CardeaAsks) asks = new_headless (NULL);

  check_server (asks, cardea_lab_gnutls (asks->lab), "200 OK");
}

/* That it was used is told and counted like any use of a decision. */
static void
test_use_is_counted (void)
{
  g_autoptr (CardeaAsks) asks = new_with_person (NULL);
  g_autofree char *out = NULL;

  fetch_twice (asks, NULL);
  g_assert_cmpint (
      cardea_lab_cardea (asks->lab, (const char *[]){ "decisions", "--json", NULL }, NULL, &out, NULL), ==,
      0);
  g_assert_nonnull (strstr (out, "\"used\": 1"));
}

/* What a person consented to for this once is asked again. */
static void
test_once (void)
{
  g_autoptr (CardeaAsks) asks = new_with_person (NULL);

  cardea_asks_script_pick (asks, "mock.pem", "not");
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  fetch_as (asks, NULL, FALSE);
  fetch_as (asks, NULL, FALSE);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 2);
}

/* A browser opens several at once: each has a ticket of its own to go on with. */
static void
test_at_once (void)
{
  g_autoptr (CardeaAsks) asks = new_headless (NULL);
  g_autofree char *options = choose (asks, "mock.pem");
  guint signatures[2];

  for (guint round = 0; round < 2; round++) {
    CardeaClient *clients[4];

    for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
      clients[i] = cardea_asks_begin (asks, asks->port, options);
    for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
      g_autofree char *page = cardea_asks_finish (clients[i], NULL);

      g_assert_nonnull (strstr (page, "saw CN=Mock client"));
    }
    signatures[round] = count_signatures (asks);
  }
  g_assert_cmpuint (signatures[0], ==, 4);
  g_assert_cmpuint (signatures[1], ==, 4);
}

/* The same call by a copy of this program, which is another. */
static char *
fetch_by_another (CardeaAsks *asks, const char *options)
{
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *copy = cardea_lab_path (asks->lab, "another");
  g_autofree char *port = g_strdup_printf ("%u", asks->port);
  char *out = NULL;

  g_assert_cmpint (
      cardea_lab_run (asks->lab, (const char *[]){ "cp", "-n", own, copy, NULL }, NULL, NULL, NULL), ==, 0);
  cardea_lab_run (asks->lab,
                  (const char *[]){ copy, "connect", cardea_lab_get_socket (asks->lab), port, options, NULL },
                  NULL, &out, NULL);
  return out;
}

static void
test_other_program (void)
{
  g_autoptr (CardeaAsks) asks = new_headless (NULL);
  g_autofree char *options = choose (asks, "mock.pem");
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  fetch_twice (asks, options);
  first = fetch_by_another (asks, options);
  second = fetch_by_another (asks, options);
  g_assert_cmpstr (first, ==, "full");
  g_assert_cmpstr (second, ==, "resumed");
  g_assert_cmpuint (count_signatures (asks), ==, 2);
  fetch_as (asks, options, TRUE);
}

static int
be_another (const char *socket, const char *port, const char *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaClient) client = cardea_client_new (socket, &error);
  g_autoptr (json_t) parameters = json_pack ("{s:s, s:i, s:o}", "host", "localhost", "port", atoi (port),
                                             "options", json_loads (options, 0, NULL));
  g_autoptr (json_t) session = NULL;
  int fd = -1;

  g_assert_no_error (error);
  g_assert_true (cardea_client_send_more (client, "org.cardea.agent.Open", parameters, NULL));
  session = receive_session (client, &fd, &error);
  g_assert_no_error (error);
  exchange (fd, GET, "saw CN=Mock client", TRUE);
  g_print ("%s", json_is_true (json_object_get (session, "resumed")) ? "resumed" : "full");
  return 0;
}

/* By a certificate of SoftHSM's token. */
static void
fetch_by (CardeaAsks *asks, const char *options, gboolean resumed, const char *text)
{
  g_autoptr (CardeaClient) client = cardea_asks_begin (asks, asks->port, options);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) session = NULL;
  int fd = -1;

  session = receive_session (client, &fd, &error);
  g_assert_no_error (error);
  g_assert_cmpint (json_is_true (json_object_get (session, "resumed")), ==, resumed);
  exchange (fd, GET, text, TRUE);
  close (fd);
}

/* Of one token, chosen by the program: each goes on with its own. */
static void
test_other_certificate (void)
{
  g_autoptr (CardeaAsks) asks = new_headless (NULL);
  g_autofree char *rsa = choose (asks, "rsa.pem");
  g_autofree char *ec = choose (asks, "ec.pem");

  for (guint i = 0; i < 2; i++)
    fetch_by (asks, rsa, i > 0, "saw CN=Demo client (RSA-2048)");
  for (guint i = 0; i < 2; i++)
    fetch_by (asks, ec, i > 0, "saw CN=Demo client (P-256)");
  fetch_by (asks, rsa, TRUE, "saw CN=Demo client (RSA-2048)");
}

/* Who is to vouch is another; the authority is even the same. */
static void
test_other_trust (void)
{
  g_autoptr (CardeaAsks) asks = new_headless ("[allow]\ncaller-authorities=true\n");
  g_autofree char *systems = choose (asks, "mock.pem");
  g_autofree char *authority = cardea_asks_options_with_authority (asks, "ca.pem");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *own =
      g_strdup_printf ("%.*s, \"certificate\": \"%s\"}", (int)strlen (authority) - 1, authority, fingerprint);

  fetch_twice (asks, systems);
  fetch_as (asks, own, FALSE);
  fetch_as (asks, own, TRUE);
  fetch_as (asks, systems, TRUE);
}

typedef struct
{
  CardeaAsks *asks;
  GPid before;
} Renewal;

/* The agent starts the next one when somebody asks. */
static gboolean
is_renewed (gpointer data)
{
  const Renewal *self = data;
  g_autoptr (GArray) hosts = NULL;

  cardea (self->asks, (const char *[]){ "tokens", NULL });
  hosts = cardea_lab_get_hosts (self->asks->agent, "cardea-mock-module");
  return hosts->len == 1 && g_array_index (hosts, GPid, 0) != self->before;
}

/* The process that read the token is another one: who knows what is in the reader now. */
static void
test_read_anew (void)
{
  g_autoptr (CardeaAsks) asks = new_headless (NULL);
  g_autofree char *options = choose (asks, "mock.pem");
  Renewal renewal = { asks, cardea_lab_wait_for_host (asks->agent, "cardea-mock-module") };

  fetch_twice (asks, options);
  g_assert_cmpint (kill (renewal.before, SIGKILL), ==, 0);
  g_assert_true (cardea_lab_wait_until (is_renewed, &renewal));
  fetch_twice (asks, options);
}

/* Taken away and put back, with the decision gone, as was said. */
static void
test_removed (void)
{
  g_autoptr (CardeaAsks) asks = new_with_person (NULL);
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *script =
      g_strdup_printf ("cancel\ncancel\nshown;pick %s removal\nshown;type right;typed\n", fingerprint);

  fetch_twice (asks, NULL);
  cardea_lab_write (asks->lab, "script", script);
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_ABSENT);
  cardea_asks_wait_for_mock (asks, FALSE);
  cardea_asks_set_mock (asks, "");
  cardea_asks_wait_for_mock (asks, TRUE);
  fetch_as (asks, NULL, FALSE);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 4);
}

/* The login is over, so the PIN is due. */
static void
test_lease_ended (void)
{
  g_autoptr (CardeaAsks) asks = new_with_person (NULL);

  fetch_twice (asks, NULL);
  cardea (asks, lock);
  fetch_as (asks, NULL, FALSE);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 2);
  fetch_as (asks, NULL, TRUE);
}

static gboolean
is_listed_locked (gpointer data)
{
  CardeaAsks *asks = data;
  g_autofree char *out = NULL;

  cardea_lab_cardea (asks->lab, (const char *[]){ "tokens", "--json", NULL }, NULL, &out, NULL);
  return strstr (out, "Mock card") != NULL && strstr (out, "\"logged_in\": true") == NULL;
}

/* A resumed connection does not use the login, which ends as if there had been none. */
static void
test_lease_idle (void)
{
  g_autoptr (CardeaAsks) asks =
      new_with_person ("[lease card]\ntoken=pkcs11:token=Mock%20card\nidle-seconds=3\n");

  fetch_twice (asks, NULL);
  g_assert_true (cardea_lab_wait_until (is_listed_locked, asks));
  fetch_as (asks, NULL, FALSE);
  g_assert_cmpuint (cardea_asks_count_logins (asks), ==, 2);
}

static void
test_forgotten (void)
{
  g_autoptr (CardeaAsks) asks = new_with_person (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *page = NULL;

  fetch_twice (asks, NULL);
  cardea_lab_write (asks->lab, "script", "shown;cancel");
  cardea (asks, (const char *[]){ "forget", "--all", NULL });
  page = cardea_asks_fetch (asks, NULL, &error);
  g_assert_null (page);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_assert_cmpuint (count_signatures (asks), ==, 1);
}

/* The person decided otherwise meanwhile: that they did is one thing, and what was left of before another. */
static void
test_decided_anew (void)
{
  g_autoptr (CardeaAsks) asks = new_with_person (NULL);

  fetch_twice (asks, NULL);
  cardea (asks, (const char *[]){ "forget", "--all", NULL });
  cardea_asks_script_pick (asks, "mock.pem", "removal");
  fetch_as (asks, NULL, FALSE);
  fetch_as (asks, NULL, TRUE);
}

static void
test_reloaded (void)
{
  g_autoptr (CardeaAsks) asks = new_headless (NULL);
  g_autofree char *options = choose (asks, "mock.pem");

  fetch_twice (asks, options);
  cardea (asks, reload);
  cardea_asks_wait_for_mock (asks, TRUE);
  fetch_as (asks, options, FALSE);
}

/* A rule that consented is gone, and one that denies has come. */
static void
test_rules_changed (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *about = g_strdup_printf ("program=exe:%s\nservers=localhost:%u\n", own, asks->port);
  g_autofree char *consent =
      g_strdup_printf ("[rule yes]\n%saction=consent\ncertificate=%s\n", about, fingerprint);
  g_autofree char *deny = g_strdup_printf ("[rule no]\n%saction=deny\n", about);
  g_autoptr (GError) error = NULL;

  cardea_asks_add_rules (asks, "rule.conf", consent);
  cardea_asks_restart (asks);
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  fetch_twice (asks, NULL);
  cardea_asks_add_rules (asks, "rule.conf", deny);
  cardea (asks, reload);
  g_assert_null (cardea_asks_fetch (asks, NULL, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_DENIED);
  cardea_asks_add_rules (asks, "rule.conf", consent);
  cardea (asks, reload);
  cardea_asks_wait_for_mock (asks, TRUE);
  fetch_as (asks, NULL, FALSE);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 0);
}

/* A rule consents for the program at @path, to the mock's certificate. */
static void
add_consent (CardeaAsks *asks, const char *path)
{
  g_autofree char *fingerprint = cardea_lab_fingerprint (asks->lab, "mock.pem");
  g_autofree char *rule =
      g_strdup_printf ("[rule yes]\nprogram=exe:%s\nservers=localhost:%u\naction=consent\ncertificate=%s\n",
                       path, asks->port, fingerprint);

  cardea_asks_add_rules (asks, "rule.conf", rule);
}

static char *
find_built (const char *path)
{
  return g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), path, NULL);
}

/* With the prompt that asks on terminals. */
static void
restart_on_terminal (CardeaAsks *asks, const char *prompt)
{
  asks->prompt = prompt;
  g_unsetenv ("DISPLAY");
  g_unsetenv ("WAYLAND_DISPLAY");
  cardea_asks_restart (asks);
  cardea_asks_set_mock (asks, "");
  cardea_asks_wait_for_mock (asks, TRUE);
}

/* Logins that were made with the old PIN are over: here it comes from a file, which has the old one still. */
static void
test_pin_changed (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autofree char *own = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *program = find_built ("socket-api/cli/cardea");
  g_autofree char *prompt = find_built ("ui/cardea-prompt");
  g_autofree char *file = cardea_lab_path (asks->lab, "right");
  g_autofree char *config = g_strdup_printf ("[pin card]\ntoken=pkcs11:token=Mock%%20card\nfile=%s\n", file);
  g_autofree char *script = g_strdup_printf ("exec %s --socket %s pin change 'Mock card'", program,
                                             cardea_lab_get_socket (asks->lab));
  g_autoptr (Console) console = NULL;
  g_autoptr (GError) error = NULL;

  cardea_lab_write (asks->lab, "right", PIN);
  g_assert_cmpint (g_chmod (file, 0600), ==, 0);
  asks->config = config;
  add_consent (asks, own);
  restart_on_terminal (asks, prompt);
  fetch_twice (asks, NULL);
  console = console_new (script);
  console_wait_for (console, "PIN: ");
  console_type (console, PIN "\n");
  console_wait_for (console, "New PIN: ");
  console_type (console, "11223344\n");
  console_wait_for (console, "New PIN again: ");
  console_type (console, "11223344\n");
  g_assert_cmpint (console_finish (console), ==, 0);
  cardea_asks_wait_for_mock (asks, TRUE);
  g_assert_null (cardea_asks_fetch (asks, "{\"interaction\": \"never\"}", &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_cmpuint (count_signatures (asks), ==, 1);
}

static void
test_switched_off (void)
{
  g_autoptr (CardeaAsks) asks = new_headless ("[streams]\nresumption=false\n");
  g_autofree char *options = choose (asks, "mock.pem");

  fetch_as (asks, options, FALSE);
  fetch_as (asks, options, FALSE);
}

/* The decision stands, and the key wants its PIN each time all the same. */
static void
test_always_authenticate (void)
{
  g_autoptr (CardeaAsks) asks = new_with_person (NULL);

  asks->mock_object = "always-authenticate=true";
  cardea_asks_set_mock (asks, "");
  cardea_asks_wait_for_mock (asks, TRUE);
  fetch_as (asks, NULL, FALSE);
  fetch_as (asks, NULL, FALSE);
  fetch_as (asks, NULL, FALSE);
  g_assert_cmpuint (cardea_asks_count_logins (asks), >=, 3);
}

/* A rule consents, and the PIN was typed on a terminal, which is for one connection. */
static void
test_terminal (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autofree char *program = find_built ("socket-api/cli/cardea");
  g_autofree char *prompt = find_built ("ui/cardea-prompt");
  g_autofree char *script =
      g_strdup_printf ("printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' | "
                       "exec %s --socket %s connect --terminal localhost:%u",
                       program, cardea_lab_get_socket (asks->lab), asks->port);

  add_consent (asks, program);
  restart_on_terminal (asks, prompt);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (Console) console = console_new (script);

    console_wait_for (console, "PIN: ");
    console_type (console, PIN "\n");
    console_wait_for (console, "saw CN=Mock client");
    g_assert_cmpint (console_finish (console), ==, 0);
  }
  g_assert_cmpuint (count_signatures (asks), ==, 2);
}

/* A server in a thread of the test, that wants a certificate at once and gives a ticket. */
typedef struct
{
  CardeaAsks *asks;
  CardeaTestServer *server;
  char *options;
} Served;

static void
set_ticket_keys (Served *self, guint8 byte)
{
  guint8 keys[80];

  memset (keys, byte, sizeof keys);
  g_assert_cmpint (
      SSL_CTX_set_tlsext_ticket_keys (cardea_test_server_get_context (self->server), keys, sizeof keys), ==,
      1);
}

static CardeaTestServer *
new_ticket_server (CardeaAsks *asks)
{
  CardeaTestServer *server = later_server_new (asks->lab);
  SSL_CTX *context = cardea_test_server_get_context (server);

  SSL_CTX_set_verify (context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  SSL_CTX_set_num_tickets (context, 1);
  return server;
}

static Served *
served_new (const char *more)
{
  Served *self = g_new0 (Served, 1);
  g_autofree char *fingerprint = NULL;

  self->asks = cardea_asks_new ("cancel");
  self->server = new_ticket_server (self->asks);
  set_ticket_keys (self, 1);
  self->asks->port = (guint16)cardea_test_server_get_port (self->server);
  self->asks->headless = TRUE;
  cardea_asks_restart (self->asks);
  cardea_asks_set_mock (self->asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (self->asks, TRUE);
  fingerprint = cardea_lab_fingerprint (self->asks->lab, "mock.pem");
  self->options = g_strdup_printf ("{\"certificate\": \"%s\"%s}", fingerprint, more);
  return self;
}

static void
served_free (Served *self)
{
  cardea_test_server_free (self->server);
  cardea_asks_free (self->asks);
  g_free (self->options);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Served, served_free)

/* One connection, in which @line was said and @answer heard; @how: how it ends then, by whom; or NULL. */
static void
converse (Served *self, gboolean resumed, const char *line, const char *answer, const char *how)
{
  g_autoptr (CardeaClient) client = cardea_asks_begin (self->asks, self->asks->port, self->options);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) session = NULL;
  g_autoptr (json_t) end = NULL;
  guint before = count_signatures (self->asks);
  struct timeval patience = { 20, 0 };
  gboolean continues;
  int fd = -1;

  session = receive_session (client, &fd, &error);
  g_assert_no_error (error);
  g_assert_cmpint (json_is_true (json_object_get (session, "resumed")), ==, resumed);
  g_assert_cmpuint (count_signatures (self->asks), ==, before + (resumed ? 0 : 1));
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  exchange (fd, line, answer, how != NULL);
  close (fd);
  if (how == NULL)
    return;
  end = cardea_client_receive (client, CARDEA_CLIENT_CALL_MS, &continues, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (json_string_value (json_object_get (json_object_get (end, "end"), "how")), ==, how);
}

static void
greet (Served *self, gboolean resumed)
{
  converse (self, resumed, "hello\n", "heard hello\n", NULL);
}

/* Another server of that name, which would take the other's tickets. */
static void
test_other_port (void)
{
  g_autoptr (Served) self = served_new ("");
  CardeaTestServer *first = self->server;
  g_autofree char *more = NULL;

  self->server = new_ticket_server (self->asks);
  set_ticket_keys (self, 1);
  more = g_strdup_printf ("[allow]\nservers=localhost:%d;localhost:%d\n", cardea_test_server_get_port (first),
                          cardea_test_server_get_port (self->server));
  self->asks->config = more;
  cardea_asks_restart (self->asks);
  cardea_asks_wait_for_mock (self->asks, TRUE);
  greet (self, FALSE);
  greet (self, TRUE);
  self->asks->port = (guint16)cardea_test_server_get_port (self->server);
  greet (self, FALSE);
  greet (self, TRUE);
  cardea_test_server_free (first);
}

/* Its tickets were made by keys that it has no more: everything goes on as without. */
static void
test_ticket_refused (void)
{
  g_autoptr (Served) self = served_new ("");

  greet (self, FALSE);
  greet (self, TRUE);
  set_ticket_keys (self, 2);
  greet (self, FALSE);
  greet (self, TRUE);
}

/* A server that OpenSSL lets give out tickets and not take them, since it was not told whose sessions are
 * one: it ends the connection. The program notices nothing, and it does not happen again. */
static void
test_broken_off (void)
{
  g_autoptr (Served) self = served_new ("");
  SSL_CTX *context = cardea_test_server_get_context (self->server);
  g_autofree char *log = NULL;

  SSL_CTX_set_session_id_context (context, NULL, 0);
  greet (self, FALSE);
  greet (self, FALSE);
  log = read_agent_log (self->asks);
  g_assert_nonnull (strstr (log, "did not resume a session, and is connected to anew"));
  SSL_CTX_set_session_id_context (context, (const guint8 *)"later", 5);
  greet (self, FALSE);
  greet (self, FALSE);
}

/* A session is taken up, and then a certificate wanted all the same: what is left of it goes. */
static void
test_certificate_required (void)
{
  g_autoptr (Served) self = served_new ("");

  greet (self, FALSE);
  converse (self, TRUE, "refuse\n", "", "rejected");
  greet (self, FALSE);
  greet (self, FALSE);
}

/* It was asked for a certificate once more: from then on it is another session. */
static void
test_asked_later (void)
{
  g_autoptr (Served) self = served_new (", \"post_handshake\": true");
  guint before;

  greet (self, FALSE);
  greet (self, TRUE);
  before = count_signatures (self->asks);
  converse (self, TRUE, "ask\n", "asking\ngot Mock client\n", NULL);
  g_assert_cmpuint (count_signatures (self->asks), ==, before + 1);
  greet (self, FALSE);
}

/* The program takes no certificate: neither its own, nor by the session of one. */
static void
test_authenticate_never (void)
{
  g_autoptr (Served) self = served_new ("");

  greet (self, FALSE);
  SSL_CTX_set_verify (cardea_test_server_get_context (self->server), SSL_VERIFY_PEER, NULL);
  g_free (self->options);
  self->options = g_strdup ("{\"authenticate\": \"never\"}");
  {
    g_autoptr (CardeaClient) client = cardea_asks_begin (self->asks, self->asks->port, self->options);
    g_autoptr (json_t) session = NULL;
    int fd = -1;

    session = receive_session (client, &fd, NULL);
    g_assert_false (json_is_true (json_object_get (session, "resumed")));
    g_assert_true (json_is_null (json_object_get (session, "certificate")));
    close (fd);
  }
}

/* How often the bytes stand in the agent's memory; of what cannot be read, never. */
static guint
search_range (int memory, guint64 from, guint64 to, const guint8 *bytes, gsize length)
{
  g_autofree guint8 *range = g_malloc (to - from);
  gssize got = pread (memory, range, to - from, (off_t)from);
  guint n = 0;

  for (const guint8 *at = range;
       got > 0 && (at = memmem (at, (gsize)(range + got - at), bytes, length)) != NULL; at++)
    n++;
  return n;
}

static guint
search_memory (CardeaAsks *asks, const guint8 *bytes, gsize length)
{
  const char *pid = g_subprocess_get_identifier (asks->agent);
  g_autofree char *map_path = g_strdup_printf ("/proc/%s/maps", pid);
  g_autofree char *memory_path = g_strdup_printf ("/proc/%s/mem", pid);
  g_autofree char *maps = NULL;
  g_auto (GStrv) lines = NULL;
  int memory = open (memory_path, O_RDONLY | O_CLOEXEC);
  guint64 from, to;
  guint n = 0;

  g_assert_cmpint (memory, >=, 0);
  g_assert_true (g_file_get_contents (map_path, &maps, NULL, NULL));
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (sscanf (lines[i], "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x rw", &from, &to) == 2)
      n += search_range (memory, from, to, bytes, length);
  close (memory);
  return n;
}

/* What its ticket stands for, as the server knows it. */
static void
take_secret (Served *self, guint8 secret[SECRET_BYTES])
{
  g_autofree char *heard = cardea_test_server_wait (self->server);
  g_autofree char *hex = cardea_test_server_wait (self->server);

  g_assert_cmpstr (heard, ==, "heard hello");
  g_assert_cmpuint (strlen (hex), ==, 2 * SECRET_BYTES);
  for (guint i = 0; i < SECRET_BYTES; i++)
    secret[i] = (guint8)(g_ascii_xdigit_value (hex[2 * i]) * 16 + g_ascii_xdigit_value (hex[2 * i + 1]));
}

/* That a session's server is known shows that there is something to find; the secret that resumes it is not
 * in the open. Only root can look. */
static void
test_memory (void)
{
  g_autoptr (Served) self = served_new ("");
  g_autofree guint8 *certificate = NULL;
  guint8 secret[SECRET_BYTES];
  int length =
      i2d_X509 (SSL_CTX_get0_certificate (cardea_test_server_get_context (self->server)), &certificate);

  if (geteuid () != 0)
    return;
  for (guint i = 0; i < 2; i++) {
    converse (self, i > 0, "hello\nsecret\n", "heard hello\n", NULL);
    take_secret (self, secret);
    g_free (cardea_test_server_wait (self->server)); /* the end */
    g_assert_cmpuint (search_memory (self->asks, certificate, (gsize)length), >, 0);
    g_assert_cmpuint (search_memory (self->asks, secret, SECRET_BYTES / 2), ==, 0);
  }
  cardea (self->asks, reload);
  g_assert_cmpuint (search_memory (self->asks, secret, SECRET_BYTES / 2), ==, 0);
}

int
main (int argc, char **argv)
{
  if (argc == 5 && strcmp (argv[1], "connect") == 0)
    return be_another (argv[2], argv[3], argv[4]);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-resumption/second", test_second);
  g_test_add_func ("/agent-resumption/use-is-counted", test_use_is_counted);
  g_test_add_func ("/agent-resumption/openssl", test_openssl);
  g_test_add_func ("/agent-resumption/gnutls", test_gnutls);
  g_test_add_func ("/agent-resumption/once", test_once);
  g_test_add_func ("/agent-resumption/at-once", test_at_once);
  g_test_add_func ("/agent-resumption/other-program", test_other_program);
  g_test_add_func ("/agent-resumption/other-certificate", test_other_certificate);
  g_test_add_func ("/agent-resumption/other-trust", test_other_trust);
  g_test_add_func ("/agent-resumption/other-port", test_other_port);
  g_test_add_func ("/agent-resumption/read-anew", test_read_anew);
  g_test_add_func ("/agent-resumption/removed", test_removed);
  g_test_add_func ("/agent-resumption/lease-ended", test_lease_ended);
  g_test_add_func ("/agent-resumption/lease-idle", test_lease_idle);
  g_test_add_func ("/agent-resumption/forgotten", test_forgotten);
  g_test_add_func ("/agent-resumption/decided-anew", test_decided_anew);
  g_test_add_func ("/agent-resumption/reloaded", test_reloaded);
  g_test_add_func ("/agent-resumption/rules-changed", test_rules_changed);
  g_test_add_func ("/agent-resumption/pin-changed", test_pin_changed);
  g_test_add_func ("/agent-resumption/switched-off", test_switched_off);
  g_test_add_func ("/agent-resumption/always-authenticate", test_always_authenticate);
  g_test_add_func ("/agent-resumption/terminal", test_terminal);
  g_test_add_func ("/agent-resumption/ticket-refused", test_ticket_refused);
  g_test_add_func ("/agent-resumption/broken-off", test_broken_off);
  g_test_add_func ("/agent-resumption/certificate-required", test_certificate_required);
  g_test_add_func ("/agent-resumption/asked-later", test_asked_later);
  g_test_add_func ("/agent-resumption/authenticate-never", test_authenticate_never);
  g_test_add_func ("/agent-resumption/memory", test_memory);
  return g_test_run ();
}
