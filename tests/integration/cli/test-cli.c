/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The cardea command, run as it is installed, against a scripted agent: what it prints, and its exit codes.
 */

#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fixtures/fake-agent/fake-agent.h"

#define SESSION                                                                                              \
  "{\"id\":\"s1\",\"caller\":\"cardea\",\"server_name\":\"bank.example\",\"port\":443,\"tls_version\":"      \
  "\"TLS 1.3\","                                                                                             \
  "\"cipher_suite\":\"TLS_AES_128_GCM_SHA256\",\"alpn\":null,\"peer_chain\":[],\"vouched_by\":\"system\","   \
  "\"revocation\":\"not_checked\",\"certificate_requested\":true,\"certificate\":" CERTIFICATE               \
  ",\"accepted\":true,\"resumed\":false,\"started\":1700000000,\"bytes_in\":10,\"bytes_out\":20}"
#define CERTIFICATE                                                                                          \
  "{\"uri\":\"pkcs11:token=T;id=%01\",\"sha256\":\"aabbcc\",\"subject\":\"CN=Client\",\"issuer\":\"CN="      \
  "Root\","                                                                                                  \
  "\"serial\":\"1\",\"not_before\":1,\"not_after\":2,\"key\":\"p256\",\"purposes\":[\"client_auth\"],"       \
  "\"token\":\"pkcs11:token=T\",\"problems\":[]}"

#define DECISION                                                                                             \
  "{\"id\":\"d1\",\"program\":\"exe:/usr/bin/mail\",\"label\":\"mail\",\"server_name\":\"bank.example\","    \
  "\"port\":443,\"trust\":\"system\",\"certificate\":\"aabbcc\",\"until\":\"always\",\"made\":1700000000,"   \
  "\"used\":2,\"last_used\":1700000001}"
#define OTHER_DECISION                                                                                       \
  "{\"id\":\"d2\",\"program\":\"exe:/usr/bin/web\",\"label\":\"web\",\"server_name\":\"shop.example\","      \
  "\"port\":8443,\"trust\":\"program:00ff\",\"certificate\":null,\"until\":\"removal\",\"made\":1700000000," \
  "\"used\":0,\"last_used\":1700000000}"
#define EXPLAINED(server, outcome)                                                                           \
  "{\"parameters\":{\"server\":" server ",\"problems\":[],\"offers\":[{\"certificate\":" CERTIFICATE         \
  ",\"reasons\":[]}],\"tokens\":[{\"label\":\"Old "                                                          \
  "card\",\"state\":\"ready\",\"pin\":\"locked\"}],\"rules\":"                                               \
  "[{\"name\":\"bank\",\"where\":\"/etc/cardea/rules.d/bank.conf:3\",\"effects\":[\"narrow\",\"tls12\"]}],"  \
  "\"decision\":" DECISION ",\"certificate\":" CERTIFICATE ",\"outcome\":\"" outcome                         \
  "\",\"because\":\"The decision d1 is followed.\"}}"
#define EXPLAINED_SERVER                                                                                     \
  "{\"name\":\"bank.example\",\"port\":443,\"tls_version\":\"TLS "                                           \
  "1.3\",\"cipher_suite\":\"S\",\"alpn\":null,"                                                              \
  "\"peer_chain\":[],\"verified\":true,\"vouched_by\":\"system\",\"revocation\":\"good\","                   \
  "\"certificate_requested\":true,\"authorities\":[\"CN=One\",\"CN=\\u001b[2J\"]}"
#define DECISIONS "{\"parameters\":{\"decisions\":[" DECISION "," OTHER_DECISION "]}}"

/* One run of the command. */
typedef struct
{
  int exit_code; /* or 128 + signal */
  char *out;
  char *err;
} Run;

static void
run_clear (Run *self)
{
  g_free (self->out);
  g_free (self->err);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static GSubprocess *
start (const char *path, const char *arguments, GSubprocessFlags flags)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (flags);
  g_autofree char *line = g_strdup_printf ("%s %s", g_getenv ("CARDEA_COMMAND"), arguments);
  g_auto (GStrv) argv = NULL;
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  g_assert_true (g_shell_parse_argv (line, NULL, &argv, &error));
  g_subprocess_launcher_setenv (launcher, "CARDEA_SOCKET", path, TRUE);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *)argv, &error);
  g_assert_no_error (error);
  return process;
}

static int
exit_code_of (GSubprocess *process)
{
  return g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process)
                                              : 128 + g_subprocess_get_term_sig (process);
}

/* To the end, with standard input that ends at once after @input. */
static Run
run (const char *path, const char *arguments, const char *input)
{
  g_autoptr (GSubprocess) process =
      start (path, arguments,
             G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GError) error = NULL;
  Run result = { 0 };

  g_subprocess_communicate_utf8 (process, input, NULL, &result.out, &result.err, &error);
  g_assert_no_error (error);
  result.exit_code = exit_code_of (process);
  return result;
}

/* What comes where; NULL text: nothing at all may be there. */
static void
assert_has (const char *where, const char *text)
{
  if (text == NULL)
    g_assert_cmpstr (where, ==, "");
  else if (strstr (where, text) == NULL)
    g_error ("\"%s\" is not in:\n%s", text, where);
}

/* --- listings --- */

typedef struct
{
  const char *name;
  const char *arguments;
  const char *method;
  const char *reply;
  int exit_code;
  const char *out; /* is in it; NULL: empty */
  const char *err;
} Listing;

static const Listing LISTINGS[] = {
  { "tokens", "tokens", "ListTokens",
    "{\"parameters\":{\"tokens\":[{\"uri\":\"pkcs11:token=T\",\"label\":\"Card\",\"reader\":null,\"module\":"
    "\"/m.so\","
    "\"state\":\"ready\",\"pin\":\"final_try\",\"pinpad\":false,\"logged_in\":false,\"problems\":[]}],"
    "\"problems\":[]}}",
    0,
    "Card\n  State           ready\n  PIN             one last try before it locks\n  Unlocked        no\n",
    NULL },
  { "tokens-problem", "tokens", "ListTokens",
    "{\"parameters\":{\"tokens\":[],\"problems\":[{\"code\":\"module_missing\",\"message\":\"m.so is "
    "missing\","
    "\"remedy\":\"Install it\"}]}}",
    0, "  ! m.so is missing\n    Install it\n", NULL },
  { "tokens-none", "tokens", "ListTokens", "{\"parameters\":{\"tokens\":[],\"problems\":[]}}", 0,
    "No tokens.", NULL },
  { "tokens-json", "tokens --json", "ListTokens", "{\"parameters\":{\"tokens\":[],\"problems\":[]}}", 0,
    "\"tokens\": []", NULL },
  { "certificates", "certificates", "ListCertificates",
    "{\"parameters\":{\"certificates\":[" CERTIFICATE "]}}", 0, "CN=Client\n  Issuer          CN=Root\n",
    NULL },
  { "control-characters", "certificates", "ListCertificates",
    "{\"parameters\":{\"certificates\":[{\"subject\":\"CN=\\u001b[2J\\u202eA\\nB\"}]}}", 0,
    "CN=\\u{1b}[2J\\u{202e}A\\u{a}B\n", NULL },
  { "control-characters-json", "certificates --json", "ListCertificates",
    "{\"parameters\":{\"certificates\":[{\"subject\":\"CN=\\u001b\\u202e\"}]}}", 0, "\"CN=\\u001B\\u202E\"",
    NULL },
  { "wrong-types", "certificates", "ListCertificates",
    "{\"parameters\":{\"certificates\":[{\"subject\":7,\"not_after\":\"x\",\"purposes\":{},\"problems\":3},"
    "null,[]]}}",
    0, "(a certificate without a subject)", NULL },
  { "sessions", "sessions", "ListSessions", "{\"parameters\":{\"sessions\":[" SESSION "]}}", 0,
    "bank.example port 443\n", NULL },
  { "sessions-resumed", "sessions", "ListSessions", "{\"parameters\":{\"sessions\":[{\"resumed\":true}]}}", 0,
    "  Resumed         yes; the key did not sign again\n", NULL },
  { "disconnect", "disconnect s1", "Disconnect", "{\"parameters\":{}}", 0, NULL, NULL },
  { "disconnect-unknown", "disconnect s1", "Disconnect",
    "{\"error\":\"org.cardea.agent.NotFound\",\"parameters\":{\"what\":\"s1\"}}", 1, NULL,
    "does not know s1" },
  { "decisions", "decisions", "ListDecisions", DECISIONS, 0,
    "bank.example port 443\n  Program         mail\n  Known as        exe:/usr/bin/mail\n"
    "  Certificate     aabbcc\n  Vouched for by  the system's authorities\n  Until           you forget it\n",
    NULL },
  { "decisions-none", "decisions", "ListDecisions", "{\"parameters\":{\"decisions\":[]}}", 0, "No decisions.",
    NULL },
  { "decisions-for", "decisions --for SHOP.example", "ListDecisions", DECISIONS, 0,
    "  Certificate     none: go on without one\n  Vouched for by  the program only (authorities it brought "
    "along)\n  Until           the token is removed or the agent ends\n",
    NULL },
  { "decisions-for-port", "decisions --for shop.example:443", "ListDecisions", DECISIONS, 0, "No decisions.",
    NULL },
  { "decisions-json", "decisions --json --for bank.example:443", "ListDecisions", DECISIONS, 0,
    "\"server_name\": \"bank.example\"", NULL },
  { "decisions-wrong-types", "decisions", "ListDecisions",
    "{\"parameters\":{\"decisions\":[{\"server_name\":7,\"trust\":{},\"used\":\"x\",\"certificate\":[]},null]"
    "}}",
    0, "? port 0\n", NULL },
  { "forget", "forget d1", "Forget", "{\"parameters\":{\"forgotten\":1,\"problems\":[]}}", 0, NULL, NULL },
  { "forget-unknown", "forget d1", "Forget",
    "{\"error\":\"org.cardea.agent.NotFound\",\"parameters\":{\"what\":\"d1\"}}", 1, NULL,
    "does not know d1" },
  { "forget-all", "forget --all", "Forget", "{\"parameters\":{\"forgotten\":3,\"problems\":[]}}", 0,
    "Decisions forgotten: 3\n", NULL },
  { "forget-not-saved", "forget d1", "Forget",
    "{\"parameters\":{\"forgotten\":1,\"problems\":[{\"code\":\"decisions_not_saved\",\"message\":\"The disk "
    "is "
    "full\",\"remedy\":\"Make room\"}]}}",
    1, NULL, "! The disk is full\n  Make room\n" },
  { "reload", "reload", "Reload", "{\"parameters\":{\"problems\":[]}}", 0, NULL, NULL },
  { "reload-problem", "reload", "Reload",
    "{\"parameters\":{\"problems\":[{\"code\":\"c\",\"message\":\"Line 3: no such key\",\"remedy\":null}]}}",
    1, NULL, "! Line 3: no such key\n" },
  { "explain", "explain bank.example", "Explain", EXPLAINED (EXPLAINED_SERVER, "use"), 0,
    "A certificate would be used, and nobody asked which.\n"
    "  Because         The decision d1 is followed.\n"
    "  Server          bank.example port 443\n"
    "  Vouched for by  the system's authorities\n"
    "  Revocation      not revoked\n"
    "  TLS             TLS 1.3, S\n"
    "  Asks for        a certificate\n"
    "  Of authorities  CN=One\n"
    "                  CN=\\u{1b}[2J\n"
    "  Certificate     CN=Client\n"
    "  Rules           bank (/etc/cardea/rules.d/bank.conf:3): narrow, tls12\n"
    "  Decision        d1\n"
    "  Unusable tokens Old card: ready; PIN locked\n"
    "Certificates that fit, each with the option that chooses it:\n",
    NULL },
  { "explain-ask", "explain bank.example:443", "Explain", EXPLAINED (EXPLAINED_SERVER, "ask"), 0,
    "The person would be asked.\n", NULL },
  { "explain-none", "explain bank.example 443", "Explain", EXPLAINED (EXPLAINED_SERVER, "none"), 1,
    "a connection without a certificate.\n", NULL },
  { "explain-deny", "explain bank.example", "Explain", EXPLAINED ("null", "deny"), 1,
    "There would be no connection.\n  Because         The decision d1 is followed.\n  Certificate ", NULL },
  { "explain-new", "explain bank.example", "Explain", EXPLAINED ("null", "perhaps"), 1, "not known here",
    NULL },
  { "explain-json", "explain --json bank.example", "Explain", EXPLAINED (EXPLAINED_SERVER, "ask"), 0,
    "\"outcome\": \"ask\"", NULL },
  { "explain-wrong-types", "explain bank.example", "Explain",
    "{\"parameters\":{\"server\":{\"port\":{},\"authorities\":[7,{}]},\"problems\":7,\"offers\":[null],"
    "\"tokens\":"
    "[1],\"rules\":[{\"effects\":[null]}],\"decision\":{},\"certificate\":{},\"outcome\":[],\"because\":0}}",
    1, "not known here", NULL },
  { "explain-denied", "explain bank.example", "Explain",
    "{\"error\":\"org.varlink.service.PermissionDenied\"}", 1, NULL, "outside of it" },
  { "unknown-error", "tokens", "ListTokens", "{\"error\":\"org.cardea.agent.New\",\"parameters\":{}}", 1,
    NULL, "org.cardea.agent.New" },
  { "garbage", "tokens", "ListTokens", "HTTP/1.1 400 Bad Request", 1, NULL, "another version" },
};

static void
play_listing (int fd, gpointer data)
{
  const Listing *listing = data;
  g_autofree char *method = g_strconcat ("org.cardea.agent.", listing->method, NULL);

  fake_agent_expect_call (fd, method);
  fake_agent_reply (fd, listing->reply);
  fake_agent_expect_end (fd);
}

static void
test_listing (gconstpointer data)
{
  const Listing *listing = data;
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_listing, (gpointer)listing);
  g_auto (Run) result = run (fake_agent_get_path (agent), listing->arguments, NULL);

  g_assert_cmpint (result.exit_code, ==, listing->exit_code);
  assert_has (result.out, listing->out);
  assert_has (result.err, listing->err);
}

static void
play_status (int fd, gpointer data)
{
  fake_agent_expect_call (fd, "org.varlink.service.GetInfo");
  fake_agent_reply (fd, "{\"parameters\":{\"version\":\"0.9\"}}");
  fake_agent_expect_call (fd, "org.cardea.agent.ListTokens");
  fake_agent_reply (
      fd, "{\"parameters\":{\"tokens\":[{\"state\":\"ready\"},{\"state\":\"absent\"}],\"problems\":[]}}");
  fake_agent_expect_call (fd, "org.cardea.agent.ListSessions");
  fake_agent_reply (fd, "{\"parameters\":{\"sessions\":[]}}");
  fake_agent_expect_end (fd);
}

static void
test_status (void)
{
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_status, NULL);
  g_auto (Run) result = run (fake_agent_get_path (agent), "status", NULL);

  g_assert_cmpint (result.exit_code, ==, 0);
  assert_has (result.out, "The agent runs.\n  Version         0.9\n");
  assert_has (result.out, "2, 1 of them ready\n");
}

static void
expect_forget (int fd, json_t *decision)
{
  json_t *call = fake_agent_read_call (fd);
  json_t *expected = json_pack ("{s:o}", "decision", decision);

  g_assert_cmpstr (json_string_value (json_object_get (call, "method")), ==, "org.cardea.agent.Forget");
  g_assert_true (json_equal (json_object_get (call, "parameters"), expected));
  json_decref (expected);
  json_decref (call);
}

/* One that is not there keeps none of the others. */
static void
play_forget_several (int fd, gpointer data)
{
  expect_forget (fd, json_string ("d1"));
  fake_agent_reply (fd, "{\"parameters\":{\"forgotten\":1,\"problems\":[]}}");
  expect_forget (fd, json_string (""));
  fake_agent_reply (fd, "{\"error\":\"org.cardea.agent.NotFound\",\"parameters\":{\"what\":\"\"}}");
  expect_forget (fd, json_string ("d3"));
  fake_agent_reply (fd, "{\"parameters\":{\"forgotten\":1,\"problems\":[]}}");
  fake_agent_expect_end (fd);
}

static void
test_forget_several (void)
{
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_forget_several, NULL);
  g_auto (Run) result = run (fake_agent_get_path (agent), "forget d1 '' d3", NULL);

  g_assert_cmpint (result.exit_code, ==, 1);
  assert_has (result.out, NULL);
  assert_has (result.err, "does not know");
}

static void
play_forget_everything (int fd, gpointer data)
{
  expect_forget (fd, json_null ());
  fake_agent_reply (fd, "{\"error\":\"org.varlink.service.PermissionDenied\"}");
  fake_agent_expect_end (fd);
}

static void
test_forget_denied (void)
{
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_forget_everything, NULL);
  g_auto (Run) result = run (fake_agent_get_path (agent), "forget --all", NULL);

  g_assert_cmpint (result.exit_code, ==, 1);
  assert_has (result.out, NULL);
  assert_has (result.err, "outside of it");
}

static void
test_output_full (void)
{
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_listing, (gpointer)&LISTINGS[0]);
  g_autofree char *line = g_strdup_printf ("exec %s --socket %s tokens >/dev/full",
                                           g_getenv ("CARDEA_COMMAND"), fake_agent_get_path (agent));
  g_autoptr (GSubprocess) process = NULL;

  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL, "/bin/sh", "-c", line, NULL);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  g_assert_cmpint (exit_code_of (process), ==, 1);
}

/* --- without an agent --- */

typedef struct
{
  const char *name;
  const char *arguments;
  int exit_code;
  const char *out;
  const char *err;
} Alone;

static const Alone ALONE[] = {
  { "help", "--help", 0, "Commands:\n  tokens", NULL },
  { "version", "--version", 0, "cardea 0.", NULL },
  { "help-tokens", "tokens --help", 0, "--json", NULL },
  { "help-certificates", "certificates --help", 0, "--json", NULL },
  { "help-connect", "connect --help", 0, "--require-certificate", NULL },
  { "help-explain", "explain --help", 0, "HOST[:PORT]", NULL },
  { "explain-port-0", "explain localhost:0", 2, NULL, "port" },
  { "explain-contradiction", "explain --no-certificate --require-certificate localhost", 2, NULL, "exclude" },
  { "explain-no-terminal", "explain --terminal localhost", 2, NULL, "terminal" },
  { "help-status", "status -h", 0, "--json", NULL },
  { "help-sessions", "sessions --help", 0, "--json", NULL },
  { "help-disconnect", "disconnect --help", 0, "SESSION", NULL },
  { "help-decisions", "decisions --help", 0, "--for", NULL },
  { "help-forget", "forget --help", 0, "--all", NULL },
  { "help-reload", "reload --help", 0, "--json", NULL },
  { "no-command", "", 2, NULL, "A command is missing" },
  { "unknown-command", "frobnicate", 2, NULL, "frobnicate" },
  { "unknown-option", "tokens --frobnicate", 2, NULL, "--frobnicate" },
  { "argument-too-many", "tokens x", 2, NULL, "too many" },
  { "no-session", "disconnect", 2, NULL, "missing" },
  { "no-decision", "forget", 2, NULL, "--all" },
  { "decision-and-all", "forget --all d1", 2, NULL, "exclude" },
  { "decision-no-text", "forget d1 '\377'", 2, NULL, "UTF-8" },
  { "decisions-for-nothing", "decisions --for ''", 2, NULL, "no server" },
  { "decisions-for-two-ways", "decisions --for ::1", 2, NULL, "two ways" },
  { "no-host", "connect", 2, NULL, "missing" },
  { "port-0", "connect h 0", 2, NULL, "no port" },
  { "port-65536", "connect h:65536", 2, NULL, "no port" },
  { "contradiction", "connect --no-certificate --require-certificate h 1", 2, NULL, "exclude" },
  { "no-timeout", "connect --timeout 0 h 1", 2, NULL, "at least 1" },
  { "large-timeout", "connect --timeout 2147484 h 1", 2, NULL, "--timeout" },
  { "negative-timeout", "connect --timeout -1 h 1", 2, NULL, "--timeout" },
  { "ca-missing", "connect --ca /nonexistent/ca.pem h 1", 1, NULL, "/nonexistent/ca.pem cannot be read" },
  { "ca-empty", "connect --ca /dev/null h 1", 1, NULL, "no certificate" },
  { "not-running", "tokens", 1, NULL, "systemctl --user start cardea-agent.socket" },
  { "connect-not-running", "connect h 1", 1, NULL, "systemctl --user start cardea-agent.socket" },
  { "socket-before", "--socket /nonexistent/here tokens", 1, NULL, "/nonexistent/here" },
  { "socket-after", "tokens --socket /nonexistent/here", 1, NULL, "/nonexistent/here" },
};

static void
test_alone (gconstpointer data)
{
  const Alone *c = data;
  g_auto (Run) result = run ("/nonexistent/agent", c->arguments, NULL);

  g_assert_cmpint (result.exit_code, ==, c->exit_code);
  assert_has (result.out, c->out);
  assert_has (result.err, c->err);
}

/* --- connect --- */

#define STEP(name) "{\"parameters\":{\"step\":\"" name "\"},\"continues\":true}"
#define READY "{\"parameters\":{\"step\":\"ready\",\"session\":" SESSION "},\"continues\":true}"
#define ENDED(how, message)                                                                                  \
  "{\"parameters\":{\"step\":\"ended\",\"end\":{\"how\":\"" how "\",\"alert\":null,\"message\":\"" message   \
  "\",\"bytes_in\":0,\"bytes_out\":0}}}"

typedef struct
{
  const char *name;
  const char *arguments;
  const char *says;    /* on the stream, before it reads */
  const char *refusal; /* instead of a stream */
  const char *end;     /* last reply; NULL: the agent goes away */
  int exit_code;
  const char *err; /* NULL: nothing */
} Scene;

static const Scene SCENES[] = {
  { "connect-clean", "connect h 1", "hello", NULL, ENDED ("clean", ""), 0, NULL },
  { "connect-verbose", "connect -v h:1", "hello", NULL, ENDED ("clean", ""), 0, "the system's authorities" },
  { "connect-truncated", "connect h 1", "hel", NULL, ENDED ("truncated", "no close_notify"), 1, "truncated" },
  { "connect-reset", "connect h 1", "hel", NULL, ENDED ("reset", "peer"), 1, "was reset: peer" },
  { "connect-rejected", "connect h 1", "", NULL, ENDED ("rejected", "unknown CA"), 1,
    "rejected the certificate" },
  { "connect-protocol-error", "connect h 1", "", NULL, ENDED ("protocol_error", "bad"), 1,
    "protocol error: bad" },
  { "connect-token-removed", "connect h 1", "", NULL, ENDED ("token_removed", ""), 1, "token was removed" },
  { "connect-new-end", "connect h 1", "", NULL, ENDED ("sunk", "deep"), 1, "not known here: deep" },
  { "connect-agent-gone", "connect h 1", "hello", NULL, NULL, 1, "How the connection ended is not known" },
  { "connect-untrusted", "connect h 1", NULL,
    "{\"error\":\"org.cardea.agent.ServerNotTrusted\",\"parameters\":{\"reason\":\"unknown_issuer\","
    "\"message\":\"Nobody vouches for it\",\"peer_chain\":[]}}",
    NULL, 1, "Nobody vouches for it.\nNothing was sent to the server." },
  { "connect-choice", "connect h 1", NULL,
    "{\"error\":\"org.cardea.agent.InteractionRequired\",\"parameters\":{\"question\":\"certificate\","
    "\"offers\":"
    "[{\"certificate\":" CERTIFICATE ",\"reasons\":[]}]}}",
    NULL, 1, "    --certificate aabbcc\n" },
  { "connect-no-certificate", "connect h 1", NULL,
    "{\"error\":\"org.cardea.agent.NoCertificate\",\"parameters\":{\"offers\":[{\"certificate\":" CERTIFICATE
    ",\"reasons\":[{\"code\":\"expired\",\"message\":\"It expired\",\"remedy\":\"Renew it\"}]}]}}",
    NULL, 1, "  CN=Client\n    It expired.\n    Renew it.\n" },
  { "connect-pin-locked", "connect h 1", NULL,
    "{\"error\":\"org.cardea.agent.PinRefused\",\"parameters\":{\"token\":\"T\",\"pin\":\"locked\"}}", NULL,
    1, "PUK" },
  { "connect-no-descriptor", "connect h 1", NULL, READY, NULL, 1, "did not come along" },
  { "connect-early-end", "connect h 1", NULL, "{\"parameters\":{\"step\":\"connecting\"}}", NULL, 1,
    "before the connection was ready" },
};

/* Hands out one end of a new stream with "ready"; returns the other. */
static int
hand_out_stream (int fd)
{
  int stream[2];

  fake_agent_expect_call (fd, "org.cardea.agent.Open");
  fake_agent_reply (fd, STEP ("connecting"));
  fake_agent_reply (fd, STEP ("signing"));
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream));
  fake_agent_reply_with_fds (fd, READY, &stream[1], 1);
  return stream[0];
}

static void
play_scene (int fd, gpointer data)
{
  const Scene *scene = data;
  int stream;

  if (scene->refusal != NULL) {
    fake_agent_expect_call (fd, "org.cardea.agent.Open");
    fake_agent_reply (fd, scene->refusal);
    fake_agent_expect_end (fd);
    return;
  }
  stream = hand_out_stream (fd);
  fake_agent_send (stream, scene->says, strlen (scene->says));
  g_assert_no_errno (shutdown (stream, SHUT_WR));
  fake_agent_expect_end (stream);
  close (stream);
  if (scene->end != NULL) {
    fake_agent_reply (fd, scene->end);
    fake_agent_expect_end (fd);
  }
}

static void
test_scene (gconstpointer data)
{
  const Scene *scene = data;
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_scene, (gpointer)scene);
  g_auto (Run) result = run (fake_agent_get_path (agent), scene->arguments, "");

  g_assert_cmpint (result.exit_code, ==, scene->exit_code);
  g_assert_cmpstr (result.out, ==, scene->says != NULL ? scene->says : "");
  assert_has (result.err, scene->err);
}

/* The server ends while nobody ends the input: the command ends. */
static void
test_input_open (void)
{
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_scene, (gpointer)&SCENES[0]);
  g_autoptr (GSubprocess) process = start (fake_agent_get_path (agent), "connect h 1",
                                           G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE);

  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  g_assert_cmpint (exit_code_of (process), ==, 0);
}

/* Answers only when the question has ended. */
static void
play_half_close (int fd, gpointer data)
{
  int stream = hand_out_stream (fd);
  char bytes[9] = { 0 };

  g_assert_cmpint (TEMP_FAILURE_RETRY (recv (stream, bytes, 8, MSG_WAITALL)), ==, 8);
  g_assert_cmpstr (bytes, ==, "question");
  g_assert_cmpint (TEMP_FAILURE_RETRY (recv (stream, bytes, 1, 0)), ==, 0);
  fake_agent_send (stream, "answer", 6);
  close (stream);
  fake_agent_reply (fd, ENDED ("clean", ""));
  fake_agent_expect_end (fd);
}

static void
test_half_close (void)
{
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_half_close, NULL);
  g_auto (Run) result = run (fake_agent_get_path (agent), "connect -N h 1", "question");

  g_assert_cmpint (result.exit_code, ==, 0);
  g_assert_cmpstr (result.out, ==, "answer");
}

/* Steps are shown once they last; that the command waits for them is seen by its standard error. */
static void
play_slow_pin (int fd, gpointer data)
{
  fake_agent_expect_call (fd, "org.cardea.agent.Open");
  fake_agent_reply (fd, STEP ("choosing"));
  fake_agent_reply (fd, STEP ("pin"));
  fake_agent_expect_end (fd);
}

static void
test_slow_pin (void)
{
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_slow_pin, NULL);
  g_autoptr (GSubprocess) process = start (fake_agent_get_path (agent), "connect -v h 1",
                                           G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  char text[64] = { 0 };

  g_assert_cmpint (
      g_input_stream_read (g_subprocess_get_stderr_pipe (process), text, sizeof text - 1, NULL, NULL), >, 0);
  g_assert_cmpstr (text, ==, "Waiting for the PIN...\n");
  g_subprocess_send_signal (process, SIGTERM);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
}

static void
play_options (int fd, gpointer data)
{
  json_t *call = fake_agent_read_call (fd);
  json_t *expected = json_loads (
      "{\"host\":\"h\",\"port\":1,\"options\":{\"server_name\":\"n\",\"alpn\":[\"h2\",\"http/1.1\"],"
      "\"authenticate\":\"required\",\"certificate\":\"aabb\",\"interaction\":\"never\",\"authorities\":["
      "\"MAMCAQE=\"],"
      "\"proxy\":\"direct\",\"tls12\":true,\"post_handshake\":true,\"timeout_ms\":7000}}",
      0, NULL);

  g_assert_true (json_is_true (json_object_get (call, "more")));
  g_assert_true (json_equal (json_object_get (call, "parameters"), expected));
  json_decref (expected);
  json_decref (call);
  fake_agent_reply (fd, "{\"error\":\"org.cardea.agent.Cancelled\"}");
  fake_agent_expect_end (fd);
}

static void
test_options (void)
{
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_options, NULL);
  g_autofree char *folder = g_dir_make_tmp ("cardea-XXXXXX", NULL);
  g_autofree char *ca = g_build_filename (folder, "ca.pem", NULL);
  g_autofree char *arguments =
      g_strdup_printf ("connect --server-name n --alpn h2 --alpn http/1.1 --require-certificate -c aabb "
                       "--no-interaction --ca %s --proxy direct --tls12 --timeout 7 --post-handshake h 1",
                       ca);
  const char *pem = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";

  g_assert_true (g_file_set_contents (ca, pem, -1, NULL));
  g_auto (Run) result = run (fake_agent_get_path (agent), arguments, "");

  g_assert_cmpint (result.exit_code, ==, 1);
  assert_has (result.err, "cancelled by the person");
  g_unlink (ca);
  g_rmdir (folder);
}

/* Talks until nobody listens. */
static void
play_chatter (int fd, gpointer data)
{
  int stream = hand_out_stream (fd);
  char bytes[4096] = { 0 };

  while (send (stream, bytes, sizeof bytes, MSG_NOSIGNAL) > 0)
    ;
  close (stream);
  fake_agent_expect_end (fd);
}

static void
test_output_closed (void)
{
  g_autoptr (FakeAgent) agent = fake_agent_new (1, play_chatter, NULL);
  g_autoptr (GSubprocess) process =
      start (fake_agent_get_path (agent), "connect h 1",
             G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  GInputStream *out = g_subprocess_get_stdout_pipe (process);
  char bytes[10];

  g_assert_cmpint (g_input_stream_read (out, bytes, sizeof bytes, NULL, NULL), >, 0);
  g_assert_true (g_input_stream_close (out, NULL, NULL));
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  g_assert_cmpint (exit_code_of (process), ==, 1);
  g_assert_cmpint (
      g_input_stream_read (g_subprocess_get_stderr_pipe (process), bytes, sizeof bytes, NULL, NULL), ==, 0);
}

/* Interrupted in the middle: the stream and the agent's socket end with it. */
static void
play_interrupted (int fd, gpointer data)
{
  int stream = hand_out_stream (fd);

  fake_agent_send (stream, "x", 1);
  fake_agent_expect_end (stream);
  fake_agent_expect_end (fd);
  close (stream);
}

static void
test_interrupted (void)
{
  FakeAgent *agent = fake_agent_new (1, play_interrupted, NULL);
  g_autoptr (GSubprocess) process = start (fake_agent_get_path (agent), "connect h 1",
                                           G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  char byte;

  g_assert_cmpint (g_input_stream_read (g_subprocess_get_stdout_pipe (process), &byte, 1, NULL, NULL), ==, 1);
  g_subprocess_send_signal (process, SIGINT);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  g_assert_cmpint (exit_code_of (process), ==, 130);
  fake_agent_free (agent);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (LISTINGS); i++) {
    g_autofree char *path = g_strdup_printf ("/cli/%s", LISTINGS[i].name);

    g_test_add_data_func (path, &LISTINGS[i], test_listing);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (ALONE); i++) {
    g_autofree char *path = g_strdup_printf ("/cli/%s", ALONE[i].name);

    g_test_add_data_func (path, &ALONE[i], test_alone);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (SCENES); i++) {
    g_autofree char *path = g_strdup_printf ("/cli/%s", SCENES[i].name);

    g_test_add_data_func (path, &SCENES[i], test_scene);
  }
  g_test_add_func ("/cli/status", test_status);
  g_test_add_func ("/cli/forget-several", test_forget_several);
  g_test_add_func ("/cli/forget-denied", test_forget_denied);
  g_test_add_func ("/cli/output-full", test_output_full);
  g_test_add_func ("/cli/connect-input-open", test_input_open);
  g_test_add_func ("/cli/connect-half-close", test_half_close);
  g_test_add_func ("/cli/connect-slow-pin", test_slow_pin);
  g_test_add_func ("/cli/connect-options", test_options);
  g_test_add_func ("/cli/connect-output-closed", test_output_closed);
  g_test_add_func ("/cli/connect-interrupted", test_interrupted);
  return g_test_run ();
}
