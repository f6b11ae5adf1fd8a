/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The catalogue over real token hosts: the mock module for what tokens do to it, SoftHSM, softoken and
 * p11-kit's trust module for what they really list. Each case runs in a process of its own. */

#include "agent/tokens/catalogue.h"

#include <glib/gstdio.h>
#include <nss.h>
#include <unistd.h>

#include "agent/hosts/host-deadlines.h"
#include "agent/hosts/nss-database.h"
#include "socket-api/limits.h"
#include "tests/fixtures/credentials/credentials.h"
#include "tests/fixtures/host-environment.h"
#include "tests/fixtures/loop.h"
#include "tests/fixtures/log-lines.h"

#define PATIENCE_S 30

typedef struct
{
  char *folder;
  char *control;
  CardeaHost *host; /* the mock's */
  GPtrArray *hosts;
  CardeaCatalogue *catalogue;
  guint watchdog;
} Fixture;

static void
on_settled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (cardea_catalogue_settle_finish (CARDEA_CATALOGUE (source), result, &error));
  g_assert_no_error (error);
  *(gboolean *)data = TRUE;
}

static void
settle (Fixture *self)
{
  gboolean done = FALSE;

  cardea_catalogue_settle_async (self->catalogue, NULL, on_settled, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

static void
set_control (Fixture *self, const char *text)
{
  g_autofree char *whole =
      g_strdup_printf ("[module]\nlog=%s/log\nstate=%s\n%s", self->folder, self->folder, text);
  g_autoptr (GString) expanded = g_string_new (whole);
  g_autoptr (GError) error = NULL;

  g_string_replace (expanded, "@", self->folder, 0);
  g_file_set_contents (self->control, expanded->str, -1, &error);
  g_assert_no_error (error);
}

static CardeaHost *
make_host (Fixture *self, const CardeaHostSpec *spec)
{
  g_autofree char *control = g_strconcat ("CARDEA_MOCK_CONTROL=", self->control, NULL);
  g_autofree char *softhsm = g_strdup_printf ("SOFTHSM2_CONF=%s/softhsm2.conf", self->folder);
  g_auto (GStrv) environment = test_host_environment (
      (const char *const[]){ control, softhsm, "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL });

  return cardea_host_new (spec, g_getenv ("CARDEA_TOKEN_HOST"), (const char *const *)environment);
}

static void
add_host (Fixture *self, const CardeaHostSpec *spec)
{
  g_ptr_array_add (self->hosts, make_host (self, spec));
}

static CardeaHostSpec *
make_mock_spec (void)
{
  return cardea_host_spec_new ("mock", g_getenv ("CARDEA_MOCK_MODULE"), NULL, CARDEA_HOST_TOKENS);
}

static void
make_credentials (Fixture *self)
{
  const TestCredential credentials[] = {
    { .name = "root", .key = TEST_KEY_P256, .authority = TRUE },
    { .name = "issuing", .issuer = "root", .key = TEST_KEY_P256, .authority = TRUE },
    { .name = "rsa", .issuer = "issuing", .key = TEST_KEY_RSA_2048 },
    { .name = "ec", .issuer = "issuing", .key = TEST_KEY_P256 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (credentials); i++)
    test_credentials_make (self->folder, &credentials[i]);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaHostSpec) spec = make_mock_spec ();
  const CardeaHostDeadlines quick = { CARDEA_LIMIT_HOST_START_MS, 2000, 4000, CARDEA_LIMIT_SIGN_MS };

  g_assert_cmpint (NSS_NoDB_Init (NULL), ==, SECSuccess);
  self->watchdog = test_loop_guard (PATIENCE_S);
  self->folder = g_dir_make_tmp ("cardea-catalogue-XXXXXX", NULL);
  self->control = g_build_filename (self->folder, "control", NULL);
  self->hosts = g_ptr_array_new_with_free_func (g_object_unref);
  make_credentials (self);
  set_control (self, "");
  add_host (self, spec);
  self->host = self->hosts->pdata[0];
  cardea_host_set_deadlines (self->host, &quick);
}

/* After set_up() and what a case changed. */
static void
start (Fixture *self)
{
  self->catalogue = cardea_catalogue_new (self->hosts);
  settle (self);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) none = g_ptr_array_new ();

  cardea_catalogue_set_hosts (self->catalogue, none);
  settle (self);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_finalize_object (self->catalogue);
  for (guint i = 0; i < self->hosts->len; i++)
    g_assert_cmpint (cardea_host_get_pid (self->hosts->pdata[i]), ==, 0);
  g_ptr_array_unref (self->hosts);
  g_source_remove (self->watchdog);
  test_remove_folder (self->folder);
  g_free (self->folder);
  g_free (self->control);
  g_assert_cmpint (NSS_Shutdown (), ==, SECSuccess);
}

static CardeaToken *
get_token (Fixture *self, const char *label)
{
  g_autoptr (GPtrArray) tokens = cardea_catalogue_get_tokens (self->catalogue);

  for (guint i = 0; i < tokens->len; i++) {
    CardeaToken *token = tokens->pdata[i];

    if (g_str_equal (token->info->label, label))
      return cardea_token_ref (token);
  }
  return NULL;
}

static CardeaTokenCertificate *
get_certificate (Fixture *self, const char *label)
{
  g_autoptr (GPtrArray) certificates = cardea_catalogue_get_certificates (self->catalogue);

  for (guint i = 0; i < certificates->len; i++) {
    CardeaTokenCertificate *certificate = certificates->pdata[i];

    if (g_str_equal (certificate->label, label))
      return cardea_token_certificate_ref (certificate);
  }
  return NULL;
}

static void
assert_problem (GPtrArray *problems, CardeaReasonCode code)
{
  const CardeaReason *reason;

  g_assert_cmpuint (problems->len, ==, 1);
  reason = problems->pdata[0];
  g_assert_cmpstr (cardea_reason_code_to_string (reason->code), ==, cardea_reason_code_to_string (code));
  g_assert_nonnull (reason->remedy);
}

static void
assert_host_problem (Fixture *self, CardeaReasonCode code)
{
  g_autoptr (GPtrArray) problems = cardea_catalogue_get_problems (self->catalogue);

  assert_problem (problems, code);
}

#define CARD                                                                                                 \
  "[token card]\nlabel=My card\nserial=0042\n"                                                               \
  "[object rsa]\ntoken=card\nid=0a\ncertificate=@/rsa.pem\nkey=@/rsa.key\n"                                  \
  "[object issuing]\ntoken=card\nid=0c\ncertificate=@/issuing.pem\n"                                         \
  "[object root]\ntoken=card\nid=0d\ncertificate=@/root.pem\n"

static void
test_listing (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaToken) token = NULL;
  g_autoptr (CardeaTokenCertificate) rsa = NULL;
  g_autoptr (GPtrArray) certificates = NULL;

  set_control (self, CARD);
  start (self);
  token = get_token (self, "My card");
  g_assert_cmpstr (token->uri, ==, "pkcs11:model=Mock;manufacturer=Cardea;serial=0042;token=My%20card");
  g_assert_cmpstr (token->module, ==, "mock");
  g_assert_cmpint (token->state, ==, CARDEA_TOKEN_READY);
  g_assert_true (token->host == self->host);
  certificates = cardea_catalogue_get_certificates (self->catalogue);
  g_assert_cmpuint (certificates->len, ==, 1); /* the chain's are nobody's to offer */
  rsa = get_certificate (self, "rsa");
  g_assert_cmpstr (
      rsa->uri, ==,
      "pkcs11:model=Mock;manufacturer=Cardea;serial=0042;token=My%20card;id=%0A;object=rsa;type=cert");
  g_assert_false (rsa->key_seen);
  g_assert_false (rsa->key_missing);
  g_assert_cmpuint (rsa->problems->len, ==, 0);
}

static void
on_logged_in (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (cardea_host_login_finish (CARDEA_HOST (source), result, &error));
  g_assert_no_error (error);
  *(gboolean *)data = TRUE;
}

static void
test_login (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaSecret) pin = cardea_secret_new ("1234", 4, NULL);
  g_autoptr (CardeaToken) token = NULL;
  g_autoptr (CardeaTokenCertificate) rsa = NULL, keyless = NULL;
  gboolean done = FALSE;

  set_control (self, CARD "[object ec]\ntoken=card\nid=0b\ncertificate=@/ec.pem\n");
  start (self);
  token = get_token (self, "My card");
  cardea_host_login_async (self->host, token->generation, token->info->slot, pin, FALSE, NULL, on_logged_in,
                           &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  cardea_catalogue_refresh_host (self->catalogue, self->host);
  settle (self);
  rsa = get_certificate (self, "rsa");
  g_assert_true (rsa->key_seen);
  g_assert_true (rsa->token->info->logged_in);
  keyless = get_certificate (self, "ec");
  g_assert_true (keyless->key_missing);
  assert_problem (keyless->problems, CARDEA_REASON_KEY_MISSING);
  g_assert_cmpuint (test_log_count (self->folder, "C_Login"), ==, 1);
}

static void
test_issuers (Fixture *self, gconstpointer data)
{
  g_autoptr (GBytes) issuing = test_credentials_get_der (self->folder, "issuing");
  g_autoptr (GPtrArray) issuers = NULL;
  g_autoptr (CardeaTokenCertificate) rsa = NULL;

  set_control (self, CARD);
  start (self);
  rsa = get_certificate (self, "rsa");
  issuers = cardea_catalogue_get_issuers (self->catalogue, rsa->certificate);
  g_assert_cmpuint (issuers->len, ==, 1);
  g_assert_true (g_bytes_equal (issuers->pdata[0], issuing));
}

static void
test_malformed (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaToken) token = NULL;
  g_autoptr (GPtrArray) certificates = NULL;

  set_control (self,
               CARD "[object cut]\ntoken=card\nid=0e\nmalformed=true\ncopies=20\ncertificate=@/ec.pem\n");
  start (self);
  token = get_token (self, "My card");
  assert_problem (token->problems, CARDEA_REASON_CERTIFICATE_MALFORMED);
  g_assert_cmpint (token->state, ==, CARDEA_TOKEN_READY);
  certificates = cardea_catalogue_get_certificates (self->catalogue);
  g_assert_cmpuint (certificates->len, ==, 1);
}

static void
test_many (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) certificates = NULL;

  set_control (self, "[token card]\n[object many]\ntoken=card\ncopies=200\ncertificate=@/rsa.pem\n");
  start (self);
  certificates = cardea_catalogue_get_certificates (self->catalogue);
  g_assert_cmpuint (certificates->len, ==, 200);
}

static void
test_not_initialised (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) tokens = NULL;
  CardeaToken *token;

  set_control (self, "[token blank]\nlabel=\ninitialised=false\n[token new]\nlabel=New\ninitialised=false\n");
  start (self);
  tokens = cardea_catalogue_get_tokens (self->catalogue);
  g_assert_cmpuint (tokens->len, ==, 1);
  token = tokens->pdata[0];
  g_assert_cmpint (token->state, ==, CARDEA_TOKEN_UNUSABLE);
  assert_problem (token->problems, CARDEA_REASON_TOKEN_NOT_INITIALISED);
}

static void
test_locked (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaToken) token = NULL;

  set_control (self, "[token card]\nlabel=Locked\npin-state=locked\n");
  start (self);
  token = get_token (self, "Locked");
  g_assert_cmpint (token->state, ==, CARDEA_TOKEN_UNUSABLE);
  assert_problem (token->problems, CARDEA_REASON_TOKEN_LOCKED);
}

/* A second host that works is none the worse for the first, which is tried again by itself after its
 * back-off. */
static void
test_crash (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaHostSpec) spec =
      cardea_host_spec_new ("system", g_getenv ("CARDEA_TRUST_MODULE"), NULL, CARDEA_HOST_AUTHORITIES);
  g_autoptr (GPtrArray) authorities = NULL;
  g_autoptr (CardeaToken) token = NULL;

  set_control (self, "[behaviour]\nC_GetTokenInfo=crash\n" CARD);
  add_host (self, spec);
  start (self);
  assert_host_problem (self, CARDEA_REASON_MODULE_CRASHED);
  authorities = cardea_catalogue_get_authorities (self->catalogue);
  g_assert_cmpuint (authorities->len, ==, 1);
  while (test_log_count (self->folder, "C_GetTokenInfo crash") < CARDEA_LIMIT_HOST_DEATHS)
    g_main_context_iteration (NULL, TRUE);
  set_control (self, CARD);
  while ((token = get_token (self, "My card")) == NULL)
    g_main_context_iteration (NULL, TRUE);
  settle (self);
  g_ptr_array_unref (g_steal_pointer (&authorities));
  authorities = cardea_catalogue_get_problems (self->catalogue);
  g_assert_cmpuint (authorities->len, ==, 0);
}

/* Who asks is served within a second or so, although the host would wait for longer and longer. */
static void
test_asked (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaToken) token = NULL;

  set_control (self, "[behaviour]\nC_GetTokenInfo=crash\n" CARD);
  start (self);
  while (test_log_count (self->folder, "C_GetTokenInfo crash") < CARDEA_LIMIT_HOST_DEATHS + 1)
    g_main_context_iteration (NULL, TRUE);
  set_control (self, CARD);
  cardea_catalogue_renew (self->catalogue);
  settle (self);
  token = get_token (self, "My card");
  g_assert_nonnull (token);
}

/* It is waited for once, not again by everybody who comes while it is tried anew. */
static void
test_hang (Fixture *self, gconstpointer data)
{
  gint64 begin;

  set_control (self, "[behaviour]\nC_FindObjectsInit=hang\n" CARD);
  start (self);
  assert_host_problem (self, CARDEA_REASON_MODULE_HUNG);
  while (test_log_count (self->folder, "C_FindObjectsInit hang") < 2)
    g_main_context_iteration (NULL, TRUE);
  begin = g_get_monotonic_time ();
  settle (self);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC);
}

static void
test_removal (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaToken) token = NULL;

  set_control (self, CARD);
  start (self);
  token = get_token (self, "My card");
  set_control (self, "[token card]\nlabel=My card\npresent=false\n");
  cardea_catalogue_refresh_host (self->catalogue, self->host);
  settle (self);
  g_assert_null (get_token (self, "My card"));
  g_assert_cmpstr (token->info->serial, ==, "0042"); /* a snapshot stays what it was */
}

static void
test_renew (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaToken) token = NULL;
  GPid pid;

  start (self);
  pid = cardea_host_get_pid (self->host);
  g_assert_cmpint (pid, !=, 0);
  set_control (self, CARD);
  cardea_catalogue_renew (self->catalogue);
  settle (self);
  token = get_token (self, "My card");
  g_assert_nonnull (token);
  g_assert_cmpint (cardea_host_get_pid (self->host), !=, pid);
  g_assert_cmpuint (test_log_count (self->folder, "C_Initialize CKR_OK"), ==,
                    2); /* one process more, not two */
}

static void
test_set_hosts (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaHostSpec) spec = make_mock_spec ();
  g_autoptr (CardeaHostSpec) other = cardea_host_spec_new ("other", spec->module, NULL, CARDEA_HOST_TOKENS);
  g_autoptr (GPtrArray) same = g_ptr_array_new_with_free_func (g_object_unref);
  CardeaHost *gone;
  GPid pid;

  set_control (self, CARD);
  add_host (self, other);
  gone = self->hosts->pdata[1];
  start (self);
  g_assert_cmpint (cardea_host_get_pid (gone), !=, 0);
  pid = cardea_host_get_pid (self->host);
  g_ptr_array_add (same, make_host (self, spec));
  cardea_catalogue_set_hosts (self->catalogue, same);
  g_assert_cmpint (cardea_host_get_pid (gone), ==, 0);
  settle (self);
  g_assert_cmpuint (cardea_catalogue_get_hosts (self->catalogue)->len, ==, 1);
  g_assert_true (cardea_catalogue_get_hosts (self->catalogue)->pdata[0] == self->host);
  g_assert_cmpint (cardea_host_get_pid (same->pdata[0]), ==, 0); /* never started */
  g_assert_cmpint (cardea_host_get_pid (self->host), !=, pid);   /* listed afresh */
  g_assert_cmpint (cardea_host_get_pid (self->host), !=, 0);
}

/* However often it is asked for, a listing is followed by one more and not by ten. */
static void
test_coalesced (Fixture *self, gconstpointer data)
{
  guint one;

  set_control (self, "[behaviour]\nC_GetTokenInfo=delay:100\n" CARD);
  start (self);
  one = test_log_count (self->folder, "C_FindObjectsInit");
  g_assert_cmpuint (one, >, 0);
  for (guint i = 0; i < 10; i++) {
    cardea_catalogue_refresh_host (self->catalogue, self->host);
    g_main_context_iteration (NULL, FALSE);
  }
  settle (self);
  g_assert_cmpuint (test_log_count (self->folder, "C_FindObjectsInit"), <=, 3 * one);
}

static void
on_cancelled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (cardea_catalogue_settle_finish (CARDEA_CATALOGUE (source), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  *(gboolean *)data = TRUE;
}

static void
test_cancelled (Fixture *self, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gint64 begin = g_get_monotonic_time ();
  gboolean done = FALSE;

  set_control (self, "[behaviour]\nC_GetTokenInfo=delay:1500\n" CARD);
  self->catalogue = cardea_catalogue_new (self->hosts);
  cardea_catalogue_settle_async (self->catalogue, cancellable, on_cancelled, &done);
  g_main_context_iteration (NULL, FALSE);
  g_cancellable_cancel (cancellable);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC);
}

/* One slot that waits to become a token is no token. */
static void
test_softhsm (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaHostSpec) spec =
      cardea_host_spec_new ("softhsm2", "/usr/lib/softhsm/libsofthsm2.so", NULL, CARDEA_HOST_TOKENS);
  g_autofree char *tokens = g_build_filename (self->folder, "tokens", NULL);
  g_autofree char *path = g_build_filename (self->folder, "softhsm2.conf", NULL);
  g_autofree char *text = g_strdup_printf ("directories.tokendir = %s\n", tokens);
  g_autoptr (GPtrArray) found = NULL, problems = NULL;

  g_assert_cmpint (g_mkdir (tokens, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  add_host (self, spec);
  start (self);
  problems = cardea_catalogue_get_problems (self->catalogue);
  g_assert_cmpuint (problems->len, ==, 0);
  g_assert_cmpint (cardea_host_get_pid (self->hosts->pdata[1]), !=, 0);
  found = cardea_catalogue_get_tokens (self->catalogue);
  g_assert_cmpuint (found->len, ==, 0);
}

static void
run (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_newv (arguments, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error);

  g_assert_no_error (error);
  g_assert_true (g_subprocess_wait_check (process, NULL, &error));
  g_assert_no_error (error);
}

/* A folder whose name must be quoted, an authority that is trusted, and one that only completes chains. */
static void
test_database (Fixture *self, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (self->folder, "it's a \\ database", NULL);
  g_autofree char *name = g_strconcat ("sql:", folder, NULL);
  g_autofree char *root = g_build_filename (self->folder, "root.pem", NULL);
  g_autofree char *issuing = g_build_filename (self->folder, "issuing.pem", NULL);
  const char *const make[] = { "certutil", "-N", "-d", name, "--empty-password", NULL };
  const char *const trust[] = { "certutil", "-A", "-d", name, "-n", "root", "-t", "C,,", "-i", root, NULL };
  const char *const know[] = {
    "certutil", "-A", "-d", name, "-n", "issuing", "-t", ",,", "-i", issuing, NULL
  };
  g_autoptr (GBytes) rsa = test_credentials_get_der (self->folder, "rsa");
  g_autoptr (CardeaCertificate) leaf = cardea_certificate_new (rsa, NULL);
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autoptr (GPtrArray) authorities = NULL, issuers = NULL;
  g_autoptr (CardeaHostSpec) spec = NULL;
  guint anchors = 0;

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  run (make);
  run (trust);
  run (know);
  spec = cardea_nss_database_get_spec (folder, CARDEA_HOST_TOKENS | CARDEA_HOST_AUTHORITIES, problems);
  add_host (self, spec);
  start (self);
  authorities = cardea_catalogue_get_authorities (self->catalogue);
  g_assert_cmpuint (authorities->len, ==, 1);
  for (guint i = 0; i < ((CardeaAuthorities *)authorities->pdata[0])->authorities->len; i++) {
    const CardeaHostAuthority *authority =
        ((CardeaAuthorities *)authorities->pdata[0])->authorities->pdata[i];

    anchors += authority->level == CARDEA_TRUST_ANCHOR;
  }
  g_assert_cmpuint (anchors, ==, 1);
  issuers = cardea_catalogue_get_issuers (self->catalogue, leaf);
  g_assert_cmpuint (issuers->len, ==, 1);
}

static void
await_certificate (Fixture *self, const char *label)
{
  g_autoptr (CardeaTokenCertificate) found = NULL;

  while ((found = get_certificate (self, label)) == NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* Nobody says so: the files do. */
static void
test_softhsm_noticed (Fixture *self, gconstpointer data)
{
  static const char module[] = "/usr/lib/softhsm/libsofthsm2.so";
  g_autoptr (CardeaHostSpec) spec = cardea_host_spec_new ("softhsm2", module, NULL, CARDEA_HOST_TOKENS);
  g_autofree char *tokens = g_build_filename (self->folder, "tokens", NULL);
  g_autofree char *path = g_build_filename (self->folder, "softhsm2.conf", NULL);
  g_autofree char *text = g_strdup_printf ("directories.tokendir = %s\n", tokens);
  g_autofree char *certificate = g_build_filename (self->folder, "rsa.pem", NULL);
  g_autofree char *der = g_build_filename (self->folder, "rsa.der", NULL);
  const char *const init[] = { "softhsm2-util", "--init-token", "--free",   "--label", "New",
                               "--pin",         "1234",         "--so-pin", "1234",    NULL };
  const char *const convert[] = {
    "openssl", "x509", "-in", certificate, "-outform", "DER", "-out", der, NULL
  };
  const char *const write[] = {
    "pkcs11-tool", "--module", module, "--token-label", "New", "--login", "--pin",   "1234", "--write-object",
    der,           "--type",   "cert", "--id",          "01",  "--label", "written", NULL
  };
  g_autoptr (CardeaToken) token = NULL;
  GPid pid;

  g_assert_cmpint (g_mkdir (tokens, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_setenv ("SOFTHSM2_CONF", path, TRUE);
  add_host (self, spec);
  start (self);
  run (init);
  while ((token = get_token (self, "New")) == NULL)
    g_main_context_iteration (NULL, TRUE);
  pid = cardea_host_get_pid (self->hosts->pdata[1]);
  run (convert);
  run (write);
  await_certificate (self, "written");
  g_assert_cmpint (cardea_host_get_pid (self->hosts->pdata[1]), ==, pid); /* a login would have lasted */
}

static void
test_database_noticed (Fixture *self, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (self->folder, "database", NULL);
  g_autofree char *name = g_strconcat ("sql:", folder, NULL);
  g_autofree char *rsa = g_build_filename (self->folder, "rsa.pem", NULL);
  const char *const make[] = { "certutil", "-N", "-d", name, "--empty-password", NULL };
  const char *const add[] = { "certutil", "-A", "-d", name, "-n", "added", "-t", ",,", "-i", rsa, NULL };
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autoptr (CardeaHostSpec) spec = NULL;

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  run (make);
  spec = cardea_nss_database_get_spec (folder, CARDEA_HOST_TOKENS | CARDEA_HOST_AUTHORITIES, problems);
  add_host (self, spec);
  start (self);
  run (add);
  await_certificate (self, "added");
}

static void
test_trust (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaHostSpec) spec =
      cardea_host_spec_new ("system", g_getenv ("CARDEA_TRUST_MODULE"), NULL, CARDEA_HOST_AUTHORITIES);
  g_autoptr (GPtrArray) authorities = NULL, tokens = NULL;
  CardeaAuthorities *system;

  add_host (self, spec);
  start (self);
  authorities = cardea_catalogue_get_authorities (self->catalogue);
  g_assert_cmpuint (authorities->len, ==, 1);
  system = authorities->pdata[0];
  g_assert_cmpstr (system->source, ==, "system");
  g_assert_cmpuint (system->authorities->len, >, 50);
  tokens = cardea_catalogue_get_tokens (self->catalogue);
  g_assert_cmpuint (tokens->len, ==, 0);
}

/* Whom to distrust is not forgotten because a process died. */
static void
test_trust_kept (Fixture *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->folder, "broken.so", NULL);
  g_autoptr (CardeaHostSpec) spec = NULL;
  g_autoptr (GPtrArray) before = NULL, after = NULL, problems = NULL;

  g_assert_cmpint (symlink (g_getenv ("CARDEA_TRUST_MODULE"), path), ==, 0);
  spec = cardea_host_spec_new ("system", path, NULL, CARDEA_HOST_AUTHORITIES);
  add_host (self, spec);
  start (self);
  before = cardea_catalogue_get_authorities (self->catalogue);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_true (g_file_set_contents (path, "no module", -1, NULL));
  cardea_catalogue_renew (self->catalogue);
  settle (self);
  problems = cardea_catalogue_get_problems (self->catalogue);
  g_assert_cmpuint (problems->len, ==, 1);
  after = cardea_catalogue_get_authorities (self->catalogue);
  g_assert_cmpuint (before->len, ==, 1);
  g_assert_cmpuint (after->len, ==, 1);
  g_assert_true (((CardeaAuthorities *)before->pdata[0])->listing ==
                 ((CardeaAuthorities *)after->pdata[0])->listing);
}

#define ADD(path, function) g_test_add ("/catalogue/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("listing", test_listing);
  ADD ("login", test_login);
  ADD ("issuers", test_issuers);
  ADD ("malformed", test_malformed);
  ADD ("many", test_many);
  ADD ("not-initialised", test_not_initialised);
  ADD ("locked", test_locked);
  ADD ("crash", test_crash);
  ADD ("asked", test_asked);
  ADD ("hang", test_hang);
  ADD ("removal", test_removal);
  ADD ("renew", test_renew);
  ADD ("set-hosts", test_set_hosts);
  ADD ("coalesced", test_coalesced);
  ADD ("cancelled", test_cancelled);
  ADD ("softhsm", test_softhsm);
  ADD ("database", test_database);
  ADD ("softhsm-noticed", test_softhsm_noticed);
  ADD ("database-noticed", test_database_noticed);
  ADD ("trust", test_trust);
  ADD ("trust-kept", test_trust_kept);
  return g_test_run ();
}
