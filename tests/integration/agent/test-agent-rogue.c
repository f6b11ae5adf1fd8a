/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Servers that misbehave in the handshake: they stop after each of its messages, send it byte by byte, or
 * make it as large and as dear as they can. Each is a named error within the time that was given, and beside
 * each another program's stream goes on, in an agent that has not grown. */

#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"
#include "tests/fixtures/asks.h"
#include "tests/fixtures/bystander.h"
#include "tests/fixtures/lab-server.h"

#include <openssl/pem.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIME_US_MAX (10 * G_USEC_PER_SEC)

/* A lab with one such server. */
typedef struct
{
  CardeaLab *lab;
  CardeaTestServer *server; /* or NULL: another program */
  Bystander *bystander;
  guint16 port;
} World;

static void
world_clear (World *self)
{
  bystander_free (self->bystander);
  if (self->server != NULL)
    cardea_test_server_free (self->server);
  cardea_lab_free (self->lab);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (World, world_clear)

static World
world_new (CardeaTestServe serve)
{
  World self = { .lab = cardea_lab_new () };

  self.server = lab_server_new (self.lab, serve);
  self.port = (guint16)cardea_test_server_get_port (self.server);
  return self;
}

static void
start_agent (World *self, const char *const *arguments)
{
  self->bystander = bystander_new (self->lab, self->port, arguments);
}

static const char *
parameter_of (const GError *error, const char *name)
{
  return json_string_value (json_object_get (cardea_error_get_parameters (error), name));
}

/* The error that Connect fails with, in time. */
static GError *
connect_in_vain (World *self, json_t *options)
{
  gint64 begin = g_get_monotonic_time ();
  GError *error = NULL;

  g_assert_cmpint (bystander_connect (self->bystander, self->port, options, &error), ==, -1);
  g_test_message ("%s", error->message);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, TIME_US_MAX);
  return error;
}

/* How many records go out before silence, and whether half of the next one does; what follows is one server
 * at a time, whose thread reads it. */
static gint kept_records;
static gint keeps_half;

static gsize
keep_some (guint8 *bytes, gsize length)
{
  gint left = g_atomic_int_get (&kept_records);
  gsize at = 0;

  while (at < length && left-- > 0)
    at += 5 + (gsize)(bytes[at + 3] << 8) + bytes[at + 4];
  if (g_atomic_int_get (&keeps_half) && at < length)
    at += (5 + (gsize)(bytes[at + 3] << 8) + bytes[at + 4]) / 2;
  return MIN (at, length);
}

static void
serve_some (CardeaTestServer *server, int fd)
{
  cardea_test_server_send_flight (server, fd, NULL, keep_some);
  cardea_test_server_wait_for_close (fd);
}

/* After @n records and in the middle of the next, for each that is not the last whole one. */
static void
check_stalls (World *self, gint n, const char *options)
{
  for (gint i = 0; i < 2 * n; i++) {
    g_autoptr (GError) error = NULL;

    g_atomic_int_set (&kept_records, i / 2);
    g_atomic_int_set (&keeps_half, i % 2);
    error = connect_in_vain (self, json_loads (options, 0, NULL));
    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
    g_assert_cmpstr (parameter_of (error, "what"), ==, "verifying");
  }
  bystander_check (self->bystander);
}

/* ServerHello, ChangeCipherSpec, then encrypted: EncryptedExtensions, CertificateRequest, Certificate,
 * CertificateVerify, Finished. */
static void
test_stalls (void)
{
  g_auto (World) world = world_new (serve_some);

  SSL_CTX_set_verify (cardea_test_server_get_context (world.server), SSL_VERIFY_PEER, NULL);
  start_agent (&world, NULL);
  check_stalls (&world, 7, "{\"timeout_ms\": 400}");
}

/* ServerHello, Certificate, ServerKeyExchange, CertificateRequest, ServerHelloDone. */
static void
test_stalls_tls12 (void)
{
  g_auto (World) world = world_new (serve_some);
  SSL_CTX *context = cardea_test_server_get_context (world.server);
  g_autofree char *rules = cardea_lab_path (world.lab, "rules");

  SSL_CTX_set_verify (context, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_max_proto_version (context, TLS1_2_VERSION);
  SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION);
  g_assert_cmpint (g_mkdir_with_parents (rules, 0700), ==, 0);
  cardea_lab_write (world.lab, "rules/old.conf",
                    "[rule old]\nprogram=*\nservers=localhost\naction=settings\ntls12=true\n");
  start_agent (&world, (const char *[]){ "--rules-directory", rules, NULL });
  check_stalls (&world, 5, "{\"timeout_ms\": 400, \"tls12\": true}");
}

static gint drips; /* bytes that went out; atomic */

static gsize
drip (guint8 *bytes, gsize length)
{
  return 0;
}

/* A byte at a time for as long as somebody listens. */
static void
serve_drip (CardeaTestServer *server, int fd)
{
  static const guint8 record[] = { 22, 3, 3, 0x40, 0 };

  cardea_test_server_send_flight (server, fd, NULL, drip);
  for (guint i = 0; send (fd, i < sizeof record ? &record[i] : record, 1, MSG_NOSIGNAL) == 1; i++) {
    g_atomic_int_inc (&drips);
    g_usleep (20 * 1000);
  }
}

/* That bytes come gives a server no time. */
static void
test_drip (void)
{
  g_auto (World) world = world_new (serve_drip);
  g_autoptr (GError) error = NULL;

  start_agent (&world, NULL);
  error = connect_in_vain (&world, json_pack ("{s:i}", "timeout_ms", 1000));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  g_assert_cmpstr (parameter_of (error, "what"), ==, "verifying");
  g_assert_cmpint (g_atomic_int_get (&drips), >, 10);
}

/* A list of as many authorities as a message has room for, 64 KiB, of which one is ours or none. */
static void
check_many_authorities (gboolean ours)
{
  g_auto (World) world = world_new (cardea_test_serve_echo);
  SSL_CTX *context = cardea_test_server_get_context (world.server);
  STACK_OF (X509_NAME) *names = sk_X509_NAME_new_null ();
  g_autofree char *fingerprint = cardea_lab_fingerprint (world.lab, "ec.pem");
  g_autofree char *authority = cardea_lab_path (world.lab, "ca.pem");
  g_autoptr (GError) error = NULL;
  gsize total = 0;

  SSL_CTX_set_verify (context, SSL_VERIFY_PEER, NULL);
  if (ours)
    SSL_add_file_cert_subjects_to_stack (names, authority);
  while (total < 65000) {
    X509_NAME *name = X509_NAME_new ();
    g_autofree char *text = g_strdup_printf ("Authority %d", sk_X509_NAME_num (names));

    X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC, (const guint8 *)text, -1, -1, 0);
    total += 2 + (gsize)i2d_X509_NAME (name, NULL);
    sk_X509_NAME_push (names, name);
  }
  SSL_CTX_set_client_CA_list (context, names);
  start_agent (&world, NULL);
  if (ours) {
    int fd = bystander_connect (world.bystander, world.port, json_pack ("{s:s}", "certificate", fingerprint),
                                &error);

    g_assert_no_error (error);
    close (fd);
  } else {
    error = connect_in_vain (&world, json_pack ("{s:s}", "certificate", fingerprint));
    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_NO_CERTIFICATE);
  }
}

static void
test_authorities (void)
{
  check_many_authorities (TRUE);
}

static void
test_other_authorities (void)
{
  check_many_authorities (FALSE);
}

static X509 *
load_certificate (CardeaLab *lab, const char *name)
{
  g_autofree char *path = cardea_lab_path (lab, name);
  BIO *file = BIO_new_file (path, "r");
  X509 *certificate;

  g_assert_nonnull (file);
  certificate = PEM_read_bio_X509 (file, NULL, NULL, NULL);
  BIO_free (file);
  g_assert_nonnull (certificate);
  return certificate;
}

/* A handshake that fails is what is expected. */
static void
serve_in_vain (CardeaTestServer *server, int fd)
{
  SSL *ssl = SSL_new (cardea_test_server_get_context (server));

  SSL_set_fd (ssl, fd);
  SSL_accept (ssl);
  SSL_free (ssl);
}

/* As long as a Certificate message can be: 16 MiB (RFC 8446, 4). */
static void
test_large_message (void)
{
  g_auto (World) world = world_new (serve_in_vain);
  SSL_CTX *context = cardea_test_server_get_context (world.server);
  g_autoptr (GError) error = NULL;
  X509 *padding = load_certificate (world.lab, "ca.pem");
  gsize each = 5 + (gsize)i2d_X509 (padding, NULL);

  for (gsize total = 0; total < 16 * 1024 * 1024 - 64 * 1024; total += each)
    g_assert_cmpint (SSL_CTX_add1_chain_cert (context, padding), ==, 1);
  X509_free (padding);
  start_agent (&world, NULL);
  error = connect_in_vain (&world, NULL);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
}

/* bomb.pem and its chain in bomb-chain.pem: @names in the leaf, @subtrees in the authority above it, and
 * between them @more of the same, under the lab's root or under one that nobody knows. */
static void
make_bomb (CardeaLab *lab, guint names, guint subtrees, gboolean known)
{
  g_autofree char *script = g_strdup_printf (
      "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout lone.key "
      "-subj /CN=Nobody -days 2 -out lone.pem 2>/dev/null && "
      "key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes' && "
      "openssl req -new $key -keyout bound.key -subj /CN=Bound -out bound.csr 2>/dev/null && "
      "openssl req -new $key -keyout bomb.key -subj /CN=Bomb -out bomb.csr 2>/dev/null && "
      "{ printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign\\n"
      "nameConstraints=critical,excluded;DNS:x.example'; "
      "seq -f ',excluded;DNS:x%%g.example' %u | tr -d '\\n'; echo; } > bound.ext && "
      "{ printf 'keyUsage=digitalSignature\\nextendedKeyUsage=serverAuth\\nsubjectAltName=DNS:localhost'; "
      "seq -f ',DNS:n%%g.bank.example' %u | tr -d '\\n'; echo; } > bomb.ext && "
      "openssl x509 -req -in bound.csr -CA %s.pem -CAkey %s.key -days 2 -extfile bound.ext -out bound.pem "
      "2>/dev/null && "
      "openssl x509 -req -in bomb.csr -CA bound.pem -CAkey bound.key -days 2 -extfile bomb.ext -out bomb.pem "
      "2>/dev/null && cat bomb.pem bound.pem > bomb-chain.pem",
      cardea_lab_get_folder (lab), subtrees, names, known ? "ca" : "lone", known ? "ca" : "lone");

  g_assert_cmpint (cardea_lab_run (lab, (const char *[]){ "sh", "-c", script, NULL }, NULL, NULL, NULL), ==,
                   0);
}

static gsize
count_bytes (CardeaLab *lab)
{
  X509 *leaf = load_certificate (lab, "bomb.pem");
  X509 *bound = load_certificate (lab, "bound.pem");
  gsize total = (gsize)i2d_X509 (leaf, NULL) + (gsize)i2d_X509 (bound, NULL);

  X509_free (leaf);
  X509_free (bound);
  return total;
}

/* Names times constraints that take gigabytes where they are multiplied out. */
static void
check_bomb (guint names, guint subtrees, gsize bytes, gboolean known, CardeaErrorCode code,
            const char *reason)
{
  g_auto (World) world = world_new (serve_in_vain);
  g_autoptr (GError) error = NULL;

  make_bomb (world.lab, names, subtrees, known);
  g_test_message ("%" G_GSIZE_FORMAT " bytes", count_bytes (world.lab));
  g_assert_cmpuint (count_bytes (world.lab), >, bytes);
  lab_server_use (world.server, world.lab, "bomb-chain.pem", "bomb.key");
  start_agent (&world, NULL);
  error = connect_in_vain (&world, NULL);
  g_assert_error (error, CARDEA_ERROR, (int)code);
  if (reason != NULL)
    g_assert_cmpstr (parameter_of (error, "reason"), ==, reason);
}

static void
test_bomb_known (void)
{
  check_bomb (1600, 1500, 50000, TRUE, CARDEA_ERROR_SERVER_NOT_TRUSTED, "too_large");
}

static void
test_bomb_unknown (void)
{
  check_bomb (1600, 1500, 50000, FALSE, CARDEA_ERROR_SERVER_NOT_TRUSTED, "too_large");
}

/* Larger than NSS takes in. */
static void
test_large_bomb_known (void)
{
  check_bomb (3800, 3400, 129000, TRUE, CARDEA_ERROR_HANDSHAKE_FAILED, NULL);
}

static void
test_large_bomb_unknown (void)
{
  check_bomb (3800, 3400, 129000, FALSE, CARDEA_ERROR_HANDSHAKE_FAILED, NULL);
}

/* From the next connection on it shows another certificate for its name, under the lab's root or its own. */
static void
change_certificate (CardeaTestServer *server, CardeaLab *lab, gboolean known)
{
  g_autofree char *script = g_strdup_printf (
      "cd %s && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout next.key "
      "-subj /CN=Next -out next.csr && "
      "printf 'subjectAltName=DNS:localhost\\nkeyUsage=digitalSignature\\nextendedKeyUsage=serverAuth\\n' "
      "> next.ext && openssl x509 -req -in next.csr %s -days 2 -extfile next.ext -out next.pem",
      cardea_lab_get_folder (lab), known ? "-CA ca.pem -CAkey ca.key" : "-signkey next.key");

  g_assert_cmpint (cardea_lab_run (lab, (const char *[]){ "sh", "-c", script, NULL }, NULL, NULL, NULL), ==,
                   0);
  lab_server_use (server, lab, "next.pem", "next.key");
}

static int
reconnect (CardeaAsks *asks, CardeaTestServer *server, GError **error)
{
  g_autoptr (CardeaClient) client =
      cardea_asks_begin (asks, (guint16)cardea_test_server_get_port (server), NULL);

  return cardea_asks_get_stream (client, error);
}

/* What was decided for a server is for whoever proves to be it: another certificate for its name is verified
 * like the first. */
static void
test_other_certificate (void)
{
  g_autoptr (CardeaAsks) asks = cardea_asks_new ("shown;cancel");
  g_autoptr (CardeaTestServer) server = lab_server_new (asks->lab, cardea_test_serve_echo);
  g_autoptr (GError) error = NULL;
  int fd;

  SSL_CTX_set_verify (cardea_test_server_get_context (server), SSL_VERIFY_PEER, NULL);
  cardea_asks_set_mock (asks, CARDEA_ASKS_MOCK_OPEN);
  cardea_asks_wait_for_mock (asks, TRUE);
  cardea_asks_script_pick (asks, "mock.pem", "removal");
  fd = reconnect (asks, server, &error);
  g_assert_no_error (error);
  close (fd);
  cardea_lab_write (asks->lab, "script", "shown;cancel");

  change_certificate (server, asks->lab, FALSE);
  g_assert_cmpint (reconnect (asks, server, &error), ==, -1);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVER_NOT_TRUSTED);
  g_assert_cmpstr (parameter_of (error, "reason"), ==, "self_signed");
  g_clear_error (&error);

  change_certificate (server, asks->lab, TRUE);
  fd = reconnect (asks, server, &error);
  g_assert_no_error (error);
  close (fd);
  g_assert_cmpuint (cardea_asks_count (asks), ==, 1);
}

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-rogue/stalls", test_stalls);
  g_test_add_func ("/agent-rogue/stalls-tls12", test_stalls_tls12);
  g_test_add_func ("/agent-rogue/drip", test_drip);
  g_test_add_func ("/agent-rogue/authorities", test_authorities);
  g_test_add_func ("/agent-rogue/other-authorities", test_other_authorities);
  g_test_add_func ("/agent-rogue/large-message", test_large_message);
  g_test_add_func ("/agent-rogue/other-certificate", test_other_certificate);
  g_test_add_func ("/agent-rogue/bomb-known", test_bomb_known);
  g_test_add_func ("/agent-rogue/bomb-unknown", test_bomb_unknown);
  g_test_add_func ("/agent-rogue/large-bomb-known", test_large_bomb_known);
  g_test_add_func ("/agent-rogue/large-bomb-unknown", test_large_bomb_unknown);
  return g_test_run ();
}
