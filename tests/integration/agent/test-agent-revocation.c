/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Revocation under the whole agent: OpenSSL's responder and lists, and whoever answers in their place. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "tests/fixtures/asks.h"
#include "tests/fixtures/http-server.h"

#define GOOD "not revoked"
#define UNKNOWN "not known"
#define NOT_CHECKED "not checked"
#define HARD "revocation=hard"
#define MANY 64

typedef struct
{
  CardeaAsks *asks;
  CardeaHttpServer *http;
  const char *signer; /* of OpenSSL's answers: NAME.pem, NAME.key; atomic, as is */
  const char *status; /* what they say: V, R, or U */
} World;

static void run (World *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
run (World *self, const char *format, ...)
{
  va_list arguments;
  g_autofree char *script = NULL;
  g_autofree char *whole = NULL;
  g_autofree char *err = NULL;

  va_start (arguments, format);
  script = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  whole = g_strdup_printf ("cd %s && set -e && %s", cardea_lab_get_folder (self->asks->lab), script);
  if (cardea_lab_run (self->asks->lab, (const char *[]){ "sh", "-c", whole, NULL }, NULL, NULL, &err) != 0)
    g_error ("%s\n%s", whole, err);
}

/* NAME.pem below an authority of the lab; @extensions: lines of openssl.cnf. */
static void
make_certificate (World *self, const char *name, const char *issuer, const char *extensions)
{
  g_autofree char *file = g_strconcat (name, ".ext", NULL);

  cardea_lab_write (self->asks->lab, file, extensions);
  run (self,
       "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s.key -subj "
       "/CN=localhost "
       "-out %s.csr && "
       "openssl x509 -req -in %s.csr -CA %s.pem -CAkey %s.key -days 2 -set_serial 0x$(openssl rand -hex 8) "
       "-extfile %s.ext -out %s.pem",
       name, name, name, issuer, issuer, name, name);
}

/* A server's certificate; @place: where its revocation is told of, %s its URL. */
static void
make_server (World *self, const char *name, const char *issuer, const char *more)
{
  g_autofree char *extensions =
      g_strconcat ("subjectAltName=DNS:localhost\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n",
                   more, "\n", NULL);

  make_certificate (self, name, issuer, extensions);
  run (self, "cat %s.pem >> %s.pem", issuer, name);
}

/* Serves NAME.pem from now on, with these further arguments (or NULL), and asks nobody for a certificate. */
static void
serve (World *self, const char *name, const char *option, const char *value)
{
  g_autofree char *certificate = g_strconcat (name, ".pem", NULL);
  g_autofree char *key = g_strconcat (name, ".key", NULL);
  const char *arguments[] = { "-cert",       certificate, "-key", key,   "-cert_chain",
                              "issuing.pem", "-www",      option, value, NULL };

  self->asks->port = cardea_lab_openssl (self->asks->lab, arguments);
}

static void
set_answer (World *self, const char *head, const char *body)
{
  g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));

  cardea_http_server_set_handler (self->http, NULL, NULL);
  cardea_http_server_set_answer (self->http, head, bytes);
}

/* What OpenSSL's command takes for an authority's memory: one certificate. */
static void
write_index (World *self, const char *certificate, const char *status, const char *index)
{
  run (self,
       "serial=$(openssl x509 -in %s.pem -noout -serial | cut -d= -f2) && "
       "printf '%s\\t491231235959Z\\t%s\\t%%s\\tunknown\\t/CN=localhost\\n' $serial > %s",
       certificate, status, *status == 'R' ? "260101000000Z,keyCompromise" : "", index);
}

#define SIGN "openssl ocsp -index index -CA issuing.pem -ndays 1 -rsigner %s.pem -rkey %s.key "

/* A good answer about a certificate, in NAME.der. */
static void
make_response (World *self, const char *certificate)
{
  write_index (self, certificate, "V", "index");
  run (self, SIGN "-issuer issuing.pem -cert %s.pem -no_nonce -respout %s.der", "issuing", "issuing",
       certificate, certificate);
}

static GBytes *
read_file (World *self, const char *name)
{
  g_autofree char *path = cardea_lab_path (self->asks->lab, name);
  char *bytes;
  gsize length;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  return g_bytes_new_take (bytes, length);
}

/* OpenSSL's responder, on the request that the agent sent. */
static GBytes *
respond (GBytes *request, gpointer data)
{
  World *self = data;
  const char *status = g_atomic_pointer_get (&self->status);
  const char *signer = g_atomic_pointer_get (&self->signer);
  g_autofree char *in = cardea_lab_path (self->asks->lab, "request.der");

  g_assert_true (
      g_file_set_contents (in, g_bytes_get_data (request, NULL), (gssize)g_bytes_get_size (request), NULL));
  if (*status == 'U')
    cardea_lab_write (self->asks->lab, "index", "");
  else
    write_index (self, "server-ocsp", status, "index");
  run (self, SIGN "-reqin request.der -respout response.der", signer, signer);
  return read_file (self, "response.der");
}

/* A rule about the server that is served; NULL: an empty one. Read at once; so is all that was answered
 * forgotten. */
static void
set_rule (World *self, const char *settings)
{
  g_autofree char *text =
      settings != NULL
          ? g_strdup_printf ("[rule bank]\nprogram=*\nservers=localhost:%u\naction=settings\n%s\n",
                             self->asks->port, settings)
          : g_strdup ("");

  cardea_asks_add_rules (self->asks, "bank.conf", text);
  cardea_lab_cardea (self->asks->lab, (const char *[]){ "reload", NULL }, NULL, NULL, NULL);
}

static World *
world_new (void)
{
  World *self = g_new0 (World, 1);
  g_autofree char *aia = NULL;

  self->asks = cardea_asks_new ("cancel");
  self->http = cardea_http_server_new ();
  self->signer = "issuing";
  self->status = "V";
  cardea_http_server_set_handler (self->http, respond, self);
  aia = g_strdup_printf ("authorityInfoAccess=OCSP;URI:http://127.0.0.1:%u/ocsp",
                         cardea_http_server_get_port (self->http));
  make_server (self, "server-ocsp", "issuing", aia);
  serve (self, "server-ocsp", NULL, NULL);
  return self;
}

static void
world_free (World *self)
{
  cardea_asks_free (self->asks);
  cardea_http_server_free (self->http);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)

/* Connects; what the agent says of revocation, or of why there is no connection, contains @text. Milliseconds
 * that it took. */
static gint64
assert_connect (World *self, gboolean connects, const char *text)
{
  g_autofree char *port = g_strdup_printf ("%u", self->asks->port);
  g_autofree char *err = NULL;
  gint64 began = g_get_monotonic_time ();
  int status =
      cardea_lab_cardea (self->asks->lab, (const char *[]){ "connect", "-v", "localhost", port, NULL },
                         "GET / HTTP/1.0\r\n\r\n", NULL, &err);

  g_test_message ("%s", err);
  if (connects)
    g_assert_cmpint (status, ==, 0);
  else
    g_assert_cmpint (status, !=, 0);
  if (strstr (err, text) == NULL)
    g_error ("not \"%s\": %s", text, err);
  return (g_get_monotonic_time () - began) / 1000;
}

static void
assert_good (World *self)
{
  assert_connect (self, TRUE, GOOD);
}

/* Refused by the reason, which the call has and the command's words do not. */
static void
assert_refused_with (World *self, const char *options, const char *reason)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_asks_fetch (self->asks, options, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVER_NOT_TRUSTED);
  g_test_message ("%s", error->message);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "reason")), ==,
                   reason);
}

static void
assert_refused (World *self, const char *reason)
{
  assert_refused_with (self, NULL, reason);
}

/* No information: who wishes for it connects, who insists on it does not. */
static void
assert_no_information (World *self)
{
  set_rule (self, NULL);
  assert_connect (self, TRUE, UNKNOWN);
  set_rule (self, HARD);
  assert_refused (self, "revocation_unknown");
}

static void
test_responder (void)
{
  g_autoptr (World) world = world_new ();

  assert_good (world);
  set_rule (world, HARD);
  assert_good (world);
  g_atomic_pointer_set (&world->status, "R");
  set_rule (world, HARD);
  assert_refused (world, "revoked");
  set_rule (world, NULL);
  assert_refused (world, "revoked");
  assert_connect (world, FALSE, "was revoked by its authority");
  g_atomic_pointer_set (&world->status, "U");
  assert_no_information (world);
}

/* Who may answer for an authority: one that it certified for that, and nobody else. */
static void
test_signers (void)
{
  g_autoptr (World) world = world_new ();

  make_certificate (world, "delegate", "issuing",
                    "extendedKeyUsage=OCSPSigning\nkeyUsage=digitalSignature\n");
  make_certificate (world, "server2", "issuing", "extendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n");
  make_certificate (world, "others", "ca", "extendedKeyUsage=OCSPSigning\nkeyUsage=digitalSignature\n");
  g_atomic_pointer_set (&world->signer, "delegate");
  set_rule (world, HARD);
  assert_good (world);
  g_atomic_pointer_set (&world->status, "R");
  set_rule (world, NULL);
  assert_refused (world, "revoked");
  g_atomic_pointer_set (&world->status, "V");
  g_atomic_pointer_set (&world->signer, "server2");
  assert_no_information (world);
  g_atomic_pointer_set (&world->signer, "others");
  assert_no_information (world);
  g_atomic_pointer_set (&world->signer, "ca");
  assert_no_information (world);
}

static void
test_hostile_answers (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *huge = g_strnfill (CARDEA_LIMIT_REVOCATION_ANSWER_BYTES + 1, 'x');
  g_autofree char *there = cardea_http_server_make_url (world->http, "there");
  g_autofree char *redirect = g_strdup_printf ("HTTP/1.0 302 Found\r\nLocation: %s\r\n\r\n", there);
  g_autoptr (GBytes) of_other = NULL;
  const struct
  {
    const char *head, *body;
  } answers[] = {
    { NULL, huge },
    { "HTTP/1.0 200 OK\r\n\r\n", huge },
    { "HTTP/1.0 301 Moved\r\nLocation: https://127.0.0.1/\r\n\r\n", "" },
    { "HTTP/1.0 302 Moved\r\nLocation: file:///etc/passwd\r\n\r\n", "" },
    { redirect, "" },
    { "HTTP/1.0 500 No\r\n\r\n", "" },
    { NULL, "<html>Please log in to this network</html>" },
    { "\x15\x03\x01", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    guint before = cardea_http_server_count (world->http);

    set_answer (world, answers[i].head, answers[i].body);
    assert_no_information (world);
    g_assert_cmpuint (cardea_http_server_count (world->http), ==, before + 2);
  }
  /* A right answer, about another certificate of the same authority. */
  make_server (world, "other", "issuing", "");
  make_response (world, "other");
  of_other = read_file (world, "other.der");
  cardea_http_server_set_answer (world->http, NULL, of_other);
  assert_no_information (world);
}

/* A responder that says nothing costs a connection some seconds, and the next one none. */
static void
check_slow (World *world, CardeaHttpServerManner manner)
{
  gint64 first, second;

  cardea_http_server_set_manner (world->http, manner);
  first = assert_connect (world, TRUE, UNKNOWN);
  second = assert_connect (world, TRUE, UNKNOWN);
  g_test_message ("%" G_GINT64_FORMAT " ms, then %" G_GINT64_FORMAT " ms", first, second);
  g_assert_cmpint (first, <, 3 * CARDEA_LIMIT_REVOCATION_SOFT_MS);
  g_assert_cmpint (second, <, CARDEA_LIMIT_REVOCATION_SOFT_MS / 2);
  g_assert_cmpuint (cardea_http_server_count (world->http), ==, 1);
  set_rule (world, HARD);
  assert_refused (world, "revocation_unknown");
}

static void
test_silent (void)
{
  g_autoptr (World) world = world_new ();

  check_slow (world, CARDEA_HTTP_SERVER_SILENT);
}

static void
test_drip (void)
{
  g_autoptr (World) world = world_new ();

  check_slow (world, CARDEA_HTTP_SERVER_DRIPS);
}

static void
test_dead (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *aia = g_strdup_printf ("authorityInfoAccess=OCSP;URI:http://127.0.0.1:%u/",
                                          cardea_lab_free_port (world->asks->lab));

  make_server (world, "server-dead", "issuing", aia);
  serve (world, "server-dead", NULL, NULL);
  assert_no_information (world);
}

/* A list here, as OpenSSL's command makes it. @revoked: a certificate's name, or NULL. */
static void
make_list (World *self, const char *issuer, const char *revoked, const char *out)
{
  cardea_lab_write (self->asks->lab, "ca.cnf",
                    "[ca]\ndefault_ca=d\n[d]\ndatabase=list.index\ndefault_md=sha256\ndefault_crl_days=1\n"
                    "crlnumber=list.number\n");
  run (self, ": > list.index && echo 01 > list.number");
  if (revoked != NULL)
    write_index (self, revoked, "R", "list.index");
  run (self, "openssl ca -config ca.cnf -gencrl -cert %s.pem -keyfile %s.key -out list.tmp && %s", issuer,
       issuer, out);
}

/* PEM in a folder, the agent told of it once: what changes there counts without a word. */
static void
test_lists (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *folder = cardea_lab_path (world->asks->lab, "lists");
  g_autofree char *config = g_strdup_printf ("[revocation]\nlists=%s\nfetch=false\n", folder);

  run (world, "mkdir lists");
  world->asks->config = config;
  cardea_asks_restart (world->asks);
  assert_connect (world, TRUE, NOT_CHECKED);
  make_list (world, "issuing", NULL, "mv list.tmp lists/issuing.pem");
  assert_good (world);
  set_rule (world, HARD);
  assert_good (world);
  make_list (world, "issuing", "server-ocsp", "openssl crl -in list.tmp -outform DER -out lists/issuing.pem");
  assert_refused (world, "revoked");
  run (world, "rm lists/issuing.pem");
  assert_refused (world, "revocation_unknown");
  set_rule (world, NULL);
  make_list (world, "ca", "issuing", "mv list.tmp lists/root.pem");
  assert_refused (world, "revoked");
  g_assert_cmpuint (cardea_http_server_count (world->http), ==, 0);
}

static gboolean
has_problem (gpointer data)
{
  World *self = data;
  g_autofree char *out = NULL;

  cardea_lab_cardea (self->asks->lab, (const char *[]){ "status", NULL }, NULL, &out, NULL);
  return strstr (out, "list.crl") != NULL && strstr (out, "[revocation] lists=") != NULL;
}

/* What was damaged still says what it said, and the person is told. */
static void
test_damaged_lists (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *list = cardea_lab_path (world->asks->lab, "list.crl");
  g_autofree char *config = g_strdup_printf ("[revocation]\nlists=%s\nfetch=false\n", list);

  world->asks->config = config;
  cardea_asks_restart (world->asks);
  g_assert_true (cardea_lab_wait_until (has_problem, world));
  make_list (world, "issuing", "server-ocsp", "mv list.tmp list.crl");
  assert_refused (world, "revoked");
  g_assert_false (has_problem (world));
  run (world, "head -c 200 list.crl > list.tmp && mv list.tmp list.crl");
  assert_refused (world, "revoked");
  g_assert_true (has_problem (world));
  set_rule (world, NULL);
  assert_refused (world, "revoked");
  g_assert_true (has_problem (world));
}

/* From the certificate's distribution point, when its responder knows nothing. */
static void
test_fetched_list (void)
{
  g_autoptr (World) world = world_new ();
  guint port = cardea_http_server_get_port (world->http);
  g_autofree char *both = g_strdup_printf ("authorityInfoAccess=OCSP;URI:http://127.0.0.1:%u/ocsp\n"
                                           "crlDistributionPoints=URI:http://127.0.0.1:%u/list",
                                           port, port);
  const char *const revoked[] = { NULL, "server-both" };

  make_server (world, "server-both", "issuing", both);
  serve (world, "server-both", NULL, NULL);
  g_atomic_pointer_set (&world->status, "U");
  for (guint i = 0; i < G_N_ELEMENTS (revoked); i++) {
    g_autoptr (GBytes) list = NULL;

    make_list (world, "issuing", revoked[i], "openssl crl -in list.tmp -outform DER -out list.der");
    list = read_file (world, "list.der");
    cardea_http_server_set_file (world->http, "/list", list);
    set_rule (world, HARD);
    if (revoked[i] == NULL)
      assert_good (world);
    else
      assert_refused (world, "revoked");
    g_assert_cmpuint (cardea_http_server_count (world->http), ==, 2 * (i + 1));
  }
}

static void
test_must_staple (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *more = g_strdup_printf ("tlsfeature=status_request\n"
                                           "authorityInfoAccess=OCSP;URI:http://127.0.0.1:%u/ocsp",
                                           cardea_http_server_get_port (world->http));

  make_server (world, "server-must", "issuing", more);
  serve (world, "server-must", NULL, NULL);
  assert_refused (world, "not_stapled");
  assert_connect (world, FALSE, "must-staple");
  make_response (world, "server-must");
  serve (world, "server-must", "-status_file", "server-must.der");
  assert_good (world);
  /* The network was not asked: it could not have helped. */
  g_assert_cmpuint (cardea_http_server_count (world->http), ==, 0);
}

/* Many connections at once, one question. */
static void
test_at_once (void)
{
  g_autoptr (World) world = world_new ();
  CardeaLab *lab = world->asks->lab;
  guint16 port = cardea_lab_free_port (lab);
  g_autofree char *cardea = g_build_filename (g_getenv ("CARDEA_TEST_BUILD"), "socket-api/cli/cardea", NULL);
  g_autofree char *conf = g_strdup_printf (
      "daemon off;\nmaster_process off;\npid many.pid;\nerror_log stderr warn;\n"
      "events { worker_connections 256; }\nhttp {\n access_log off;\n client_body_temp_path many1;\n"
      " proxy_temp_path many2;\n fastcgi_temp_path many3;\n uwsgi_temp_path many4;\n scgi_temp_path many5;\n"
      " server {\n  listen 127.0.0.1:%u ssl;\n  ssl_protocols TLSv1.3;\n"
      "  ssl_certificate server-ocsp.pem;\n  ssl_certificate_key server-ocsp.key;\n"
      "  location / { return 200 \"page\\n\"; }\n }\n}\n",
      port);

  cardea_lab_write (lab, "many.conf", conf);
  cardea_lab_spawn (lab, "many",
                    (const char *[]){ "nginx", "-p", cardea_lab_get_folder (lab), "-c", "many.conf", NULL });
  cardea_lab_wait_for_port (lab, port);
  run (world,
       "for i in $(seq %d); do printf 'GET / HTTP/1.0\\r\\n\\r\\n' | "
       "%s --socket %s connect localhost %u > out.$i 2>&1 & done; wait; test $(grep -l page out.* | wc -l) = "
       "%d",
       MANY, cardea, cardea_lab_get_socket (lab), port, MANY);
  g_assert_cmpuint (cardea_http_server_count (world->http), ==, 1);
}

static void
test_switched_off (void)
{
  g_autoptr (World) world = world_new ();

  world->asks->config = "[revocation]\nfetch=false\n";
  cardea_asks_restart (world->asks);
  assert_connect (world, TRUE, NOT_CHECKED);
  set_rule (world, HARD);
  assert_refused (world, "revocation_unknown");
  g_assert_cmpuint (cardea_http_server_count (world->http), ==, 0);
}

/* Nobody can have the agent fetch something who is not vouched for, nor a program that vouches itself. */
static void
test_untrusted (void)
{
  g_autoptr (World) world = world_new ();
  g_autofree char *aia = g_strdup_printf ("authorityInfoAccess=OCSP;URI:http://127.0.0.1:%u/",
                                          cardea_http_server_get_port (world->http));
  g_autofree char *brought = NULL;
  g_autofree char *page = NULL;
  g_autoptr (GError) error = NULL;

  run (world,
       "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3 -keyout strange.key "
       "-out strange.pem -subj '/CN=Strange Root' -addext basicConstraints=critical,CA:TRUE "
       "-addext keyUsage=critical,keyCertSign,cRLSign");
  make_server (world, "stranger", "strange", aia);
  serve (world, "stranger", NULL, NULL);
  assert_refused (world, "unknown_authority");
  brought = cardea_asks_options_with_authority (world->asks, "strange.pem");
  page = cardea_asks_fetch (world->asks, brought, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (cardea_http_server_count (world->http), ==, 0);
}

/* There NSS waits for a certificate as well, and the answer about the server comes first. */
static void
test_tls12 (void)
{
  g_autoptr (World) world = world_new ();
  static const char *const server[] = { "-cert",       "server-ocsp.pem", "-key",   "server-ocsp.key",
                                        "-cert_chain", "issuing.pem",     "-www",   "-Verify",
                                        "2",           "-CAfile",         "ca.pem", NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *page = NULL;

  world->asks->port = cardea_lab_openssl_tls12 (world->asks->lab, server);
  cardea_lab_write (world->asks->lab, "script", "shown;pick 0 not");
  set_rule (world, HARD "\ntls12=true");
  page = cardea_asks_fetch (world->asks, "{\"tls12\": true}", &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (page, "TLSv1.2"));
  g_assert_cmpuint (cardea_asks_count (world->asks), ==, 1);
  g_assert_cmpuint (cardea_http_server_count (world->http), ==, 1);
  g_atomic_pointer_set (&world->status, "R");
  set_rule (world, HARD "\ntls12=true");
  assert_refused_with (world, "{\"tls12\": true}", "revoked");
  /* Nobody was asked before. */
  g_assert_cmpuint (cardea_asks_count (world->asks), ==, 1);
}

/* The server goes away while its responder is waited for: that is told at once. */
static void
test_server_leaves (void)
{
  g_autoptr (World) world = world_new ();
  guint16 port = cardea_lab_free_port (world->asks->lab);
  g_autofree char *accept = g_strdup_printf ("127.0.0.1:%u", port);
  const char *const argv[] = {
    "openssl", "s_server",        "-accept",     accept,        "-tls1_3", "-cert", "server-ocsp.pem",
    "-key",    "server-ocsp.key", "-cert_chain", "issuing.pem", "-www",    NULL
  };
  GSubprocess *server = cardea_lab_spawn (world->asks->lab, "leaving", argv);
  CardeaClient *client;
  g_autoptr (GError) error = NULL;
  gint64 began;

  cardea_lab_wait_for_log (world->asks->lab, "leaving", "ACCEPT");
  world->asks->port = port;
  cardea_http_server_set_manner (world->http, CARDEA_HTTP_SERVER_SILENT);
  set_rule (world, HARD);
  began = g_get_monotonic_time ();
  client = cardea_asks_begin (world->asks, port, NULL);
  cardea_http_server_wait (world->http, 1);
  g_subprocess_force_exit (server);
  g_assert_null (cardea_asks_finish (client, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_HANDSHAKE_FAILED);
  g_assert_nonnull (strstr (error->message, "closed the connection while its own certificate"));
  g_assert_cmpint ((g_get_monotonic_time () - began) / 1000, <, CARDEA_LIMIT_REVOCATION_HARD_MS / 2);
}

/* What was answered is kept, and forgotten with a reload; who waits meanwhile goes on. */
static void
test_reload (void)
{
  g_autoptr (World) world = world_new ();
  CardeaClient *client;
  g_autofree char *page = NULL;
  g_autoptr (GError) error = NULL;

  assert_good (world);
  g_atomic_pointer_set (&world->status, "R");
  assert_good (world);
  g_assert_cmpuint (cardea_http_server_count (world->http), ==, 1);
  set_rule (world, NULL);
  assert_refused (world, "revoked");
  g_assert_cmpuint (cardea_http_server_count (world->http), ==, 2);
  set_rule (world, NULL);
  cardea_http_server_set_manner (world->http, CARDEA_HTTP_SERVER_SILENT);
  client = cardea_asks_begin (world->asks, world->asks->port, NULL);
  cardea_http_server_wait (world->http, 3);
  set_rule (world, NULL);
  page = cardea_asks_finish (client, &error);
  g_assert_no_error (error);
  g_assert_nonnull (page);
}

/* The server asks for no certificate, so nothing would come of one: the command's status says that. */
static void
assert_explained (World *self, const char *text)
{
  g_autofree char *port = g_strdup_printf ("%u", self->asks->port);
  g_autofree char *out = NULL;

  g_assert_cmpint (cardea_lab_cardea (self->asks->lab, (const char *[]){ "explain", "localhost", port, NULL },
                                      NULL, &out, NULL),
                   ==, 1);
  if (strstr (out, text) == NULL)
    g_error ("not \"%s\": %s", text, out);
}

/* To explain is to find out the same way, also what takes a question to the network. */
static void
test_explained (void)
{
  g_autoptr (World) world = world_new ();

  assert_explained (world, GOOD);
  g_assert_cmpuint (cardea_http_server_count (world->http), ==, 1);
  g_atomic_pointer_set (&world->status, "R");
  set_rule (world, NULL);
  assert_explained (world, "was revoked by its authority");
  cardea_http_server_set_manner (world->http, CARDEA_HTTP_SERVER_SILENT);
  set_rule (world, NULL);
  assert_explained (world, UNKNOWN);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-revocation/responder", test_responder);
  g_test_add_func ("/agent-revocation/signers", test_signers);
  g_test_add_func ("/agent-revocation/hostile-answers", test_hostile_answers);
  g_test_add_func ("/agent-revocation/silent", test_silent);
  g_test_add_func ("/agent-revocation/drip", test_drip);
  g_test_add_func ("/agent-revocation/dead", test_dead);
  g_test_add_func ("/agent-revocation/lists", test_lists);
  g_test_add_func ("/agent-revocation/damaged-lists", test_damaged_lists);
  g_test_add_func ("/agent-revocation/fetched-list", test_fetched_list);
  g_test_add_func ("/agent-revocation/must-staple", test_must_staple);
  g_test_add_func ("/agent-revocation/at-once", test_at_once);
  g_test_add_func ("/agent-revocation/switched-off", test_switched_off);
  g_test_add_func ("/agent-revocation/untrusted", test_untrusted);
  g_test_add_func ("/agent-revocation/tls12", test_tls12);
  g_test_add_func ("/agent-revocation/server-leaves", test_server_leaves);
  g_test_add_func ("/agent-revocation/reload", test_reload);
  g_test_add_func ("/agent-revocation/explained", test_explained);
  return g_test_run ();
}
