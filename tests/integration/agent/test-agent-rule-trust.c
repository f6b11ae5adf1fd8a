/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What rules ask of servers and permit them, under the whole agent: their authorities alone vouch, their pins
 * are met, and a decision of one trust is none of another's. */

#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"

#include <string.h>
#include <unistd.h>

static const char *const reload[] = { "reload", NULL };

static void
run (CardeaAsks *asks, const char *script)
{
  g_autofree char *whole = g_strdup_printf ("cd %s && %s", cardea_lab_get_folder (asks->lab), script);

  g_assert_cmpint (cardea_lab_run (asks->lab, (const char *[]){ "sh", "-c", whole, NULL }, NULL, NULL, NULL),
                   ==, 0);
}

/* A file of one rule about every program and this server, read at once; @settings NULL: an empty one. */
static void
set_rule (CardeaAsks *asks, const char *name, const char *settings)
{
  g_autofree char *text =
      settings != NULL ? g_strdup_printf ("[rule %s]\nprogram=*\nservers=localhost:%u\naction=settings\n%s\n",
                                          name, asks->port, settings)
                       : g_strdup ("");
  g_autofree char *file = g_strconcat (name, ".conf", NULL);

  cardea_asks_add_rules (asks, file, text);
  cardea_lab_cardea (asks->lab, reload, NULL, NULL, NULL);
}

static void
set_authorities (CardeaAsks *asks, const char *name, const char *file)
{
  g_autofree char *path = cardea_lab_path (asks->lab, file);
  g_autofree char *line = g_strconcat ("authorities=", path, NULL);

  set_rule (asks, name, line);
}

/* The key of a certificate file of the lab, by OpenSSL's command. */
static void
set_pin (CardeaAsks *asks, const char *file)
{
  g_autofree char *line = NULL;
  g_autofree char *pin = NULL;
  g_autofree char *script =
      g_strdup_printf ("cd %s && openssl x509 -in %s -noout -pubkey | openssl pkey -pubin -outform DER | "
                       "openssl dgst -sha256 -binary | openssl base64 -A",
                       cardea_lab_get_folder (asks->lab), file);

  g_assert_cmpint (cardea_lab_run (asks->lab, (const char *[]){ "sh", "-c", script, NULL }, NULL, &pin, NULL),
                   ==, 0);
  line = g_strconcat ("spki-pin=sha256/", pin, NULL);
  set_rule (asks, "pins", line);
}

/* Refused for that reason, with nobody asked. */
static void
assert_refused (CardeaAsks *asks, const char *options, const char *reason, const char *rule)
{
  guint before = cardea_asks_count (asks);
  g_autoptr (GError) error = NULL;
  json_t *parameters;

  g_assert_null (cardea_asks_fetch (asks, options, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVER_NOT_TRUSTED);
  parameters = cardea_error_get_parameters (error);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "reason")), ==, reason);
  g_test_message ("%s", error->message);
  if (rule != NULL)
    g_assert_nonnull (strstr (error->message, rule));
  g_assert_cmpuint (cardea_asks_count (asks), ==, before);
}

/* A root and a server under it that the agent does not know. */
static void
make_foreign (CardeaAsks *asks)
{
  run (asks,
       "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3 -keyout foreign.key "
       "-out foreign.pem -subj '/CN=Foreign Root' -addext basicConstraints=critical,CA:TRUE "
       "-addext keyUsage=critical,keyCertSign && "
       "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key "
       "-subj /CN=localhost -out other.csr && "
       "printf 'subjectAltName=DNS:localhost\\nkeyUsage=digitalSignature\\n' > other.ext && "
       "openssl x509 -req -in other.csr -CA foreign.pem -CAkey foreign.key -days 2 -extfile other.ext "
       "-out other.pem");
}

/* The system's authorities do not count where a rule names others, nor do the caller's. */
static void
test_authorities (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  g_autofree char *brought = NULL;

  make_foreign (asks);
  brought = cardea_asks_options_with_authority (asks, "ca.pem");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client");
  set_authorities (asks, "bank", "foreign.pem");
  assert_refused (asks, NULL, "authority_not_allowed", "“bank”");
  assert_refused (asks, brought, "authority_not_allowed", "bank.conf:1");
  set_authorities (asks, "bank", "issuing.pem");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client");
  set_authorities (asks, "more", "foreign.pem");
  assert_refused (asks, NULL, "authority_not_allowed", "“more”");
}

/* An authority that only a rule knows, and only for its server. */
static void
test_foreign (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  g_autoptr (CardeaPromptQuestion) question = NULL;
  g_autofree char *foreign = NULL;
  g_autofree char *known = NULL;
  g_autofree char *sessions = NULL;
  g_autoptr (GError) error = NULL;
  guint16 nginx = asks->port;
  const char *const server[] = { "-cert", "other.pem", "-key",   "other.key", "-Verify",
                                 "2",     "-CAfile",   "ca.pem", "-rev",      NULL };
  CardeaClient *client;
  int stream;

  make_foreign (asks);
  foreign = cardea_asks_options_with_authority (asks, "foreign.pem");
  known = cardea_asks_options_with_authority (asks, "ca.pem");
  asks->port = cardea_lab_openssl (asks->lab, server);
  assert_refused (asks, NULL, "unknown_authority", NULL);
  set_authorities (asks, "foreign", "foreign.pem");
  client = cardea_asks_begin (asks, asks->port, foreign);
  stream = cardea_asks_get_stream (client, &error);
  g_assert_no_error (error);
  g_assert_cmpint (cardea_lab_cardea (asks->lab, (const char *[]){ "sessions", NULL }, NULL, &sessions, NULL),
                   ==, 0);
  g_assert_nonnull (strstr (sessions, "an authority named in the configuration"));
  close (stream);
  cardea_client_free (client);
  question = cardea_asks_get_question (asks, 1);
  g_assert_cmpstr (question->server.vouched_by, ==, "Foreign Root");
  g_assert_false (question->server.by_program_only);
  /* What the program brings is asked besides. */
  assert_refused (asks, known, "unknown_authority", NULL);
  asks->port = nginx;
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client");
}

static void
test_pins (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  static const char *const path[] = { "server.pem", "issuing.pem", "ca.pem" };

  for (guint i = 0; i < G_N_ELEMENTS (path); i++) {
    set_pin (asks, path[i]);
    cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client");
  }
  set_pin (asks, "rsa.pem");
  assert_refused (asks, NULL, "not_pinned", "“pins”");
}

/* Nothing is sent, and status says which file. */
static void
assert_unreadable (CardeaAsks *asks, const char *file, const char *why)
{
  g_autofree char *out = NULL;

  set_authorities (asks, "bank", file);
  assert_refused (asks, NULL, "authorities_unreadable", "“bank”");
  cardea_lab_cardea (asks->lab, (const char *[]){ "status", NULL }, NULL, &out, NULL);
  g_test_message ("%s", out);
  g_assert_nonnull (strstr (out, file));
  g_assert_nonnull (strstr (out, why));
  g_assert_nonnull (strstr (out, "[rule bank]"));
}

static void
test_unreadable (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  g_autofree char *out = NULL;
  guint16 nginx = asks->port;

  run (asks, "cp ca.pem loose.pem && chmod 666 loose.pem && : > empty.pem && head -c 300 ca.pem > cut.pem && "
             "printf -- '-----BEGIN CERTIFICATE-----\\nMAA=\\n-----END CERTIFICATE-----\\n' > strange.pem && "
             "ln -s ca.pem link.pem");
  asks->port = cardea_lab_free_port (asks->lab);
  assert_unreadable (asks, "absent.pem", "No such file");
  assert_unreadable (asks, "loose.pem", "written by others");
  assert_unreadable (asks, "link.pem", "is a link");
  assert_unreadable (asks, "empty.pem", "no certificate");
  assert_unreadable (asks, "cut.pem", "damaged");
  assert_unreadable (asks, "strange.pem", "certificate 1");
  /* Elsewhere the rule means nothing, and it holds anew once its file is mended. */
  asks->port = nginx;
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client");
  set_authorities (asks, "bank", "ca.pem");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client");
  cardea_lab_cardea (asks->lab, (const char *[]){ "status", NULL }, NULL, &out, NULL);
  g_assert_null (strstr (out, "[rule bank]"));
}

/* What OpenSSL's command answers about the server's certificate as its authority knows it: valid or revoked.
 */
static void
make_staple (CardeaAsks *asks, const char *name, const char *state)
{
  g_autofree char *script =
      g_strdup_printf ("serial=$(openssl x509 -in server.pem -noout -serial | cut -d= -f2) && "
                       "printf '%s\t491231235959Z\t%s\t%%s\tunknown\t/CN=localhost\n' $serial > %s.index && "
                       "openssl ocsp -index %s.index -CA issuing.pem -rsigner issuing.pem -rkey issuing.key "
                       "-issuer issuing.pem "
                       "-cert server.pem -ndays 1 -no_nonce -respout %s.der",
                       state, g_str_equal (state, "R") ? "260101000000Z" : "", name, name, name);

  run (asks, script);
}

/* OpenSSL staples what a file has, nginx nothing. */
static void
test_hard_revocation (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  const char *server[] = { "-status_file", NULL, "-Verify", "2", "-CAfile", "ca.pem", "-www", NULL };
  g_autofree char *page = NULL;
  g_autoptr (GError) error = NULL;

  set_rule (asks, "bank", "revocation=hard");
  assert_refused (asks, NULL, "revocation_unknown", "“bank”");
  make_staple (asks, "good", "V");
  make_staple (asks, "revoked", "R");
  server[1] = "good.der";
  asks->port = cardea_lab_openssl (asks->lab, server);
  set_rule (asks, "bank", "revocation=hard");
  page = cardea_asks_fetch (asks, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (page, "TLSv1.3"));
  server[1] = "revoked.der";
  asks->port = cardea_lab_openssl (asks->lab, server);
  assert_refused (asks, NULL, "revoked", NULL);
  set_rule (asks, "bank", "revocation=hard");
  assert_refused (asks, NULL, "revoked", NULL);
}

static void
assert_too_old (CardeaAsks *asks, const char *options, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_asks_fetch (asks, options, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
}

/* TLS 1.2 takes the program and a rule, and no rule against it. */
static void
test_tls12 (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");
  static const char allowed[] = "{\"tls12\": true}";
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autofree char *port = NULL;

  asks->port = cardea_lab_openssl_tls12 (asks->lab, NULL);
  port = g_strdup_printf ("%u", asks->port);
  assert_too_old (asks, NULL, "the oldest version accepted here");
  assert_too_old (asks, allowed, "rule with \"tls12=true\"");
  set_rule (asks, "old", "tls12=true");
  assert_too_old (asks, NULL, "--tls12");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 0);
  cardea_asks_fetch_as (asks, allowed, "TLSv1.2");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 1);
  cardea_lab_cardea (asks->lab, (const char *[]){ "connect", "-v", "--tls12", "localhost", port, NULL },
                     "GET / HTTP/1.0\r\n\r\n", &out, &err);
  g_assert_nonnull (strstr (err, "TLS 1.2"));
  g_assert_nonnull (strstr (out, "TLSv1.2"));
  set_rule (asks, "new", "tls12=false");
  assert_too_old (asks, allowed, "rule with \"tls12=true\"");
}

/* A server of before RSA-PSS, and a key on a token. */
static void
test_tls12_pkcs1 (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  const char *const server[] = { "-client_sigalgs", "RSA+SHA256", "-Verify", "2",
                                 "-CAfile",         "ca.pem",     "-www",    NULL };

  cardea_asks_script_pick (asks, "rsa.pem", "not");
  asks->port = cardea_lab_openssl_tls12 (asks->lab, server);
  set_rule (asks, "old", "tls12=true");
  cardea_asks_fetch_as (asks, "{\"tls12\": true}", "TLSv1.2");
}

/* A token that knows RSA-PSS no more than the server does: of no use with TLS 1.3, and of use here. */
static void
test_tls12_old_token (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autofree char *mock = NULL;
  g_autofree char *options = NULL;
  g_autoptr (CardeaPromptQuestion) question = NULL;
  g_autoptr (GError) error = NULL;
  guint16 nginx = asks->port;

  run (asks,
       "openssl req -new -newkey rsa:2048 -nodes -keyout mock.key -subj '/CN=Old' -out mock.csr && "
       "openssl x509 -req -in mock.csr -CA ca.pem -CAkey ca.key -days 2 -extfile mock.ext -out mock.pem");
  cardea_asks_set_mock (asks, "login-required=false\nmechanisms=CKM_RSA_PKCS");
  cardea_asks_wait_for_mock (asks, TRUE);
  cardea_asks_script_pick (asks, "mock.pem", "not");
  mock = cardea_lab_fingerprint (asks->lab, "mock.pem");
  options = g_strdup_printf ("{\"tls12\": true, \"certificate\": \"%s\"}", mock);
  asks->port = cardea_lab_openssl_tls12 (asks->lab, NULL);
  set_rule (asks, "old", "tls12=true");
  cardea_asks_wait_for_mock (asks, TRUE);
  cardea_asks_fetch_as (asks, options, "TLSv1.2");
  asks->port = nginx;
  set_rule (asks, "nginx", "tls12=true");
  cardea_asks_wait_for_mock (asks, TRUE);
  cardea_lab_write (asks->lab, "script", "shown;cancel");
  g_assert_null (cardea_asks_fetch (asks, options, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  question = cardea_asks_get_question (asks, 2);
  g_assert_cmpuint (question->offers->len, ==, 3);
  for (guint i = 0; i < question->offers->len; i++)
    g_assert_cmpuint (((const CardeaPromptOffer *)question->offers->pdata[i])->reasons->len, >, 0);
}

/* A file that changes counts when the rules are read again, and not before. */
static void
test_file_changes (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;pick 0 not");

  make_foreign (asks);
  run (asks, "cp ca.pem named.pem");
  set_authorities (asks, "bank", "named.pem");
  run (asks, "cp foreign.pem named.pem");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client");
  cardea_lab_cardea (asks->lab, reload, NULL, NULL, NULL);
  assert_refused (asks, NULL, "authority_not_allowed", "“bank”");
}

/* What was decided under one trust is asked anew under the other, both ways. */
static void
test_decisions (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("cancel");
  g_autofree char *decisions = NULL;

  cardea_asks_script_pick (asks, "ec.pem", "removal");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  set_authorities (asks, "bank", "ca.pem");
  cardea_asks_script_pick (asks, "rsa.pem", "removal");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (RSA-2048)");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 2);
  cardea_lab_write (asks->lab, "script", "shown;cancel");
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (RSA-2048)");
  set_rule (asks, "bank", NULL);
  cardea_asks_fetch_as (asks, NULL, "saw CN=Demo client (P-256)");
  g_assert_cmpuint (cardea_asks_count (asks), ==, 2);
  cardea_lab_cardea (asks->lab, (const char *[]){ "decisions", NULL }, NULL, &decisions, NULL);
  g_assert_nonnull (strstr (decisions, "authorities that administrators' rules name"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-rule-trust/authorities", test_authorities);
  g_test_add_func ("/agent-rule-trust/foreign", test_foreign);
  g_test_add_func ("/agent-rule-trust/pins", test_pins);
  g_test_add_func ("/agent-rule-trust/unreadable", test_unreadable);
  g_test_add_func ("/agent-rule-trust/hard-revocation", test_hard_revocation);
  g_test_add_func ("/agent-rule-trust/tls12", test_tls12);
  g_test_add_func ("/agent-rule-trust/tls12-pkcs1", test_tls12_pkcs1);
  g_test_add_func ("/agent-rule-trust/tls12-old-token", test_tls12_old_token);
  g_test_add_func ("/agent-rule-trust/file-changes", test_file_changes);
  g_test_add_func ("/agent-rule-trust/decisions", test_decisions);
  return g_test_run ();
}
