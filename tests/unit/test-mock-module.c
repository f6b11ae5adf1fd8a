/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The mock module, driven as a host drives a vendor's: loaded, listed, logged in, made to sign and to
 * misbehave. */

#include <dlfcn.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <p11-kit/pkcs11.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fixtures/credentials/credentials.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY_CTX, EVP_PKEY_CTX_free)

typedef struct
{
  char *folder;
  char *control;
  CK_FUNCTION_LIST_PTR p11;
} Fixture;

static void
set_control (Fixture *self, const char *behaviour, const char *token)
{
  g_autofree char *text = g_strdup_printf (
      "[module]\nlog=%s/log\nstate=%s\n"
      "[behaviour]\n%s\n"
      "[token one]\nlabel=First\n%s\n"
      "[object rsa]\ntoken=one\nid=0a\ncertificate=%s/rsa.pem\nkey=%s/rsa.key\n"
      "[object ec]\ntoken=one\nid=0b\ncertificate=%s/ec.pem\nkey=%s/ec.key\n",
      self->folder, self->folder, behaviour, token, self->folder, self->folder, self->folder, self->folder);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (self->control, text, -1, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  const TestCredential rsa = { .name = "rsa", .key = TEST_KEY_RSA_2048 };
  const TestCredential ec = { .name = "ec", .key = TEST_KEY_P256 };
  g_autofree char *path =
      g_test_build_filename (G_TEST_BUILT, "..", "fixtures", "mock-module", "cardea-mock-module.so", NULL);
  void *module = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  CK_C_GetFunctionList get_list;

  g_assert_nonnull (module);
  get_list = (CK_C_GetFunctionList)dlsym (module, "C_GetFunctionList");
  g_assert_nonnull (get_list);
  g_assert_cmpuint (get_list (&self->p11), ==, CKR_OK);
  self->folder = g_dir_make_tmp ("cardea-mock-XXXXXX", NULL);
  self->control = g_build_filename (self->folder, "control", NULL);
  test_credentials_make (self->folder, &rsa);
  test_credentials_make (self->folder, &ec);
  set_control (self, "", "");
  g_setenv ("CARDEA_MOCK_CONTROL", self->control, TRUE);
  g_assert_cmpuint (self->p11->C_Initialize (NULL), ==, CKR_OK);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  set_control (self, "", "");
  g_assert_cmpuint (self->p11->C_Finalize (NULL), ==, CKR_OK);
  test_remove_folder (self->folder);
  g_free (self->folder);
  g_free (self->control);
}

static CK_SESSION_HANDLE
open_session (Fixture *self)
{
  CK_SESSION_HANDLE session = 0;

  g_assert_cmpuint (self->p11->C_OpenSession (1, CKF_SERIAL_SESSION, NULL, NULL, &session), ==, CKR_OK);
  return session;
}

static CK_RV
log_in (Fixture *self, CK_SESSION_HANDLE session, const char *pin)
{
  return self->p11->C_Login (session, CKU_USER, (CK_UTF8CHAR_PTR)pin, strlen (pin));
}

static CK_ULONG
find (Fixture *self, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, guint8 id, CK_OBJECT_HANDLE *object)
{
  CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof class }, { CKA_ID, &id, 1 } };
  CK_OBJECT_HANDLE found[8];
  CK_ULONG n = 0;

  g_assert_cmpuint (self->p11->C_FindObjectsInit (session, wanted, id == 0 ? 1 : 2), ==, CKR_OK);
  g_assert_cmpuint (self->p11->C_FindObjects (session, found, G_N_ELEMENTS (found), &n), ==, CKR_OK);
  g_assert_cmpuint (self->p11->C_FindObjectsFinal (session), ==, CKR_OK);
  if (object != NULL && n > 0)
    *object = found[0];
  return n;
}

static CK_FLAGS
get_flags (Fixture *self)
{
  CK_TOKEN_INFO info;

  g_assert_cmpuint (self->p11->C_GetTokenInfo (1, &info), ==, CKR_OK);
  return info.flags;
}

static guint
count_log (Fixture *self, const char *line)
{
  g_autofree char *path = g_build_filename (self->folder, "log", NULL);
  g_autofree char *wanted = g_strdup_printf ("%s ", line);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    n += g_str_has_prefix (lines[i], wanted);
  return n;
}

static void
test_listing (Fixture *self, gconstpointer data)
{
  CK_SESSION_HANDLE session = open_session (self);
  CK_SLOT_ID slots[4];
  CK_ULONG n = G_N_ELEMENTS (slots);
  CK_TOKEN_INFO info;

  g_assert_cmpuint (self->p11->C_GetSlotList (CK_TRUE, slots, &n), ==, CKR_OK);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (slots[0], ==, 1);
  g_assert_cmpuint (self->p11->C_GetTokenInfo (1, &info), ==, CKR_OK);
  g_assert_cmpmem (info.label, 8, "First   ", 8);
  g_assert_cmpuint (info.flags & (CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED), ==,
                    CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED);
  g_assert_cmpuint (find (self, session, CKO_CERTIFICATE, 0, NULL), ==, 2);
  g_assert_cmpuint (find (self, session, CKO_PRIVATE_KEY, 0, NULL), ==, 0);
  g_assert_cmpuint (log_in (self, session, "1234"), ==, CKR_OK);
  g_assert_cmpuint (find (self, session, CKO_PRIVATE_KEY, 0, NULL), ==, 2);
  g_assert_cmpuint (count_log (self, "C_Login CKR_OK"), ==, 1);
  g_assert_cmpuint (self->p11->C_Login (session, CKU_USER, NULL, 0), ==, CKR_USER_ALREADY_LOGGED_IN);
}

static void
test_certificate (Fixture *self, gconstpointer data)
{
  CK_SESSION_HANDLE session = open_session (self);
  g_autoptr (GBytes) der = test_credentials_get_der (self->folder, "ec");
  guint8 value[4096];
  CK_ATTRIBUTE attribute = { CKA_VALUE, value, sizeof value };
  CK_OBJECT_HANDLE object = 0;

  g_assert_cmpuint (find (self, session, CKO_CERTIFICATE, 0x0b, &object), ==, 1);
  g_assert_cmpuint (self->p11->C_GetAttributeValue (session, object, &attribute, 1), ==, CKR_OK);
  g_assert_cmpmem (value, attribute.ulValueLen, g_bytes_get_data (der, NULL), g_bytes_get_size (der));
  set_control (self, "C_GetAttributeValue=lying-length", "");
  attribute.ulValueLen = sizeof value;
  g_assert_cmpuint (self->p11->C_GetAttributeValue (session, object, &attribute, 1), ==, CKR_OK);
  g_assert_cmpuint (attribute.ulValueLen, >, sizeof value);
}

static CK_RV
sign (Fixture *self, CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, guint8 id, guint8 *signature,
      CK_ULONG *length)
{
  CK_OBJECT_HANDLE key = 0;
  guint8 digest[32] = { 1, 2, 3 };
  CK_RV rv;

  g_assert_cmpuint (find (self, session, CKO_PRIVATE_KEY, id, &key), ==, 1);
  rv = self->p11->C_SignInit (session, mechanism, key);
  return rv != CKR_OK ? rv : self->p11->C_Sign (session, digest, sizeof digest, signature, length);
}

static gboolean
verify_pss (Fixture *self, const guint8 *signature, gsize length)
{
  g_autofree char *path = g_build_filename (self->folder, "rsa.key", NULL);
  FILE *file = g_fopen (path, "r");
  g_autoptr (EVP_PKEY) key = PEM_read_PrivateKey (file, NULL, NULL, NULL);
  g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new (key, NULL);
  guint8 digest[32] = { 1, 2, 3 };

  fclose (file);
  g_assert_cmpint (EVP_PKEY_verify_init (context), ==, 1);
  g_assert_cmpint (EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_PSS_PADDING), ==, 1);
  g_assert_cmpint (EVP_PKEY_CTX_set_signature_md (context, EVP_sha256 ()), ==, 1);
  g_assert_cmpint (EVP_PKEY_CTX_set_rsa_pss_saltlen (context, 32), ==, 1);
  return EVP_PKEY_verify (context, signature, length, digest, sizeof digest) == 1;
}

static void
test_signatures (Fixture *self, gconstpointer data)
{
  CK_RSA_PKCS_PSS_PARAMS parameters = { CKM_SHA256, CKG_MGF1_SHA256, 32 };
  CK_MECHANISM pss = { CKM_RSA_PKCS_PSS, &parameters, sizeof parameters };
  CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
  CK_SESSION_HANDLE session = open_session (self);
  guint8 signature[512];
  CK_ULONG length = sizeof signature;

  g_assert_cmpuint (log_in (self, session, "1234"), ==, CKR_OK);
  g_assert_cmpuint (sign (self, session, &pss, 0x0a, signature, &length), ==, CKR_OK);
  g_assert_true (verify_pss (self, signature, length));
  length = sizeof signature;
  g_assert_cmpuint (sign (self, session, &ecdsa, 0x0b, signature, &length), ==, CKR_OK);
  g_assert_cmpuint (length, ==, 64);
  g_assert_cmpuint (sign (self, session, &ecdsa, 0x0a, signature, &length), ==, CKR_KEY_TYPE_INCONSISTENT);
  set_control (self, "C_Sign=garbage", "");
  length = sizeof signature;
  g_assert_cmpuint (sign (self, session, &pss, 0x0a, signature, &length), ==, CKR_OK);
  g_assert_false (verify_pss (self, signature, length));
  set_control (self, "C_Sign=lying-length", "");
  length = sizeof signature;
  g_assert_cmpuint (sign (self, session, &pss, 0x0a, signature, &length), ==, CKR_OK);
  g_assert_cmpuint (length, >, sizeof signature);
  set_control (self, "", "mechanisms=CKM_RSA_PKCS");
  g_assert_cmpuint (sign (self, session, &pss, 0x0a, signature, &length), ==, CKR_MECHANISM_INVALID);
}

static void
test_lockout (Fixture *self, gconstpointer data)
{
  const CK_FLAGS mask = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;
  CK_SESSION_HANDLE session = open_session (self);

  g_assert_cmpuint (get_flags (self) & mask, ==, 0);
  g_assert_cmpuint (log_in (self, session, "wrong"), ==, CKR_PIN_INCORRECT);
  g_assert_cmpuint (get_flags (self) & mask, ==, CKF_USER_PIN_COUNT_LOW);
  g_assert_cmpuint (log_in (self, session, ""), ==, CKR_PIN_INCORRECT);
  g_assert_cmpuint (get_flags (self) & mask, ==, CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
  g_assert_cmpuint (log_in (self, session, "12345"), ==, CKR_PIN_INCORRECT);
  g_assert_cmpuint (get_flags (self) & mask, ==, CKF_USER_PIN_LOCKED);
  g_assert_cmpuint (log_in (self, session, "1234"), ==, CKR_PIN_LOCKED);
  g_assert_cmpuint (count_log (self, "C_Login CKR_PIN_INCORRECT"), ==, 3);
  set_control (self, "", "pin-state=not-initialised");
  g_assert_cmpuint (log_in (self, session, "1234"), ==, CKR_USER_PIN_NOT_INITIALIZED);
}

static void
test_pinpad (Fixture *self, gconstpointer data)
{
  CK_SESSION_HANDLE session = open_session (self);

  g_assert_cmpuint (self->p11->C_Login (session, CKU_USER, NULL, 0), ==, CKR_ARGUMENTS_BAD);
  set_control (self, "", "pinpad=true");
  g_assert_cmpuint (get_flags (self) & CKF_PROTECTED_AUTHENTICATION_PATH, !=, 0);
  g_assert_cmpuint (self->p11->C_Login (session, CKU_USER, NULL, 0), ==, CKR_OK);
}

/* A key that wants the PIN for each signature: the login of the user is not enough, and that for one
 * signature not for the next. */
static void
test_context (Fixture *self, gconstpointer data)
{
  CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
  CK_SESSION_HANDLE session = open_session (self);
  guint8 signature[64], digest[32] = { 0 };
  CK_ULONG length = sizeof signature;
  CK_OBJECT_HANDLE key = 0;
  CK_UTF8CHAR right[] = "1234", wrong[] = "4321";
  g_autofree char *own = g_strdup_printf (
      "[object own]\ntoken=one\nid=0c\nkey=%s/ec.key\nalways-authenticate=true", self->folder);

  set_control (self, "", own);
  g_assert_cmpuint (log_in (self, session, "1234"), ==, CKR_OK);
  g_assert_cmpuint (self->p11->C_Login (session, CKU_CONTEXT_SPECIFIC, right, 4), ==,
                    CKR_OPERATION_NOT_INITIALIZED);
  g_assert_cmpuint (sign (self, session, &ecdsa, 0x0c, signature, &length), ==, CKR_USER_NOT_LOGGED_IN);
  g_assert_cmpuint (find (self, session, CKO_PRIVATE_KEY, 0x0c, &key), ==, 1);
  g_assert_cmpuint (self->p11->C_SignInit (session, &ecdsa, key), ==, CKR_OK);
  g_assert_cmpuint (self->p11->C_Login (session, CKU_CONTEXT_SPECIFIC, wrong, 4), ==, CKR_PIN_INCORRECT);
  g_assert_cmpuint (get_flags (self) & CKF_USER_PIN_COUNT_LOW, !=, 0);
  g_assert_cmpuint (self->p11->C_Login (session, CKU_CONTEXT_SPECIFIC, right, 4), ==, CKR_OK);
  g_assert_cmpuint (self->p11->C_Sign (session, digest, sizeof digest, signature, &length), ==, CKR_OK);
  g_assert_cmpuint (sign (self, session, &ecdsa, 0x0c, signature, &length), ==, CKR_USER_NOT_LOGGED_IN);
}

static void
test_expired (Fixture *self, gconstpointer data)
{
  CK_SESSION_HANDLE session = open_session (self);

  set_control (self, "", "pin-state=expired");
  g_assert_cmpuint (get_flags (self) & CKF_USER_PIN_TO_BE_CHANGED, !=, 0);
  g_assert_cmpuint (log_in (self, session, "4321"), ==, CKR_PIN_INCORRECT);
  g_assert_cmpuint (log_in (self, session, "1234"), ==, CKR_PIN_EXPIRED);
  g_assert_cmpuint (find (self, session, CKO_PRIVATE_KEY, 0, NULL), ==, 0);
}

/* The right PIN is known by its hash, and each attempt is counted without a word of what was tried. */
static void
test_attempts (Fixture *self, gconstpointer data)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "87654321", -1);
  g_autofree char *line = g_strconcat ("pin-sha256=", hash, NULL);
  g_autofree char *path = g_build_filename (self->folder, "one.attempts", NULL);
  g_autofree char *text = NULL;
  CK_SESSION_HANDLE session = open_session (self);

  set_control (self, "", line);
  g_assert_cmpuint (log_in (self, session, "1234"), ==, CKR_PIN_INCORRECT);
  g_assert_cmpuint (log_in (self, session, "87654321"), ==, CKR_OK);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "2\n");
}

static void
test_logout (Fixture *self, gconstpointer data)
{
  CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
  CK_SESSION_HANDLE session = open_session (self);
  guint8 signature[64];
  CK_ULONG length = sizeof signature;

  g_assert_cmpuint (log_in (self, session, "1234"), ==, CKR_OK);
  set_control (self, "C_SignInit=logout", "");
  g_assert_cmpuint (sign (self, session, &ecdsa, 0x0b, signature, &length), ==, CKR_USER_NOT_LOGGED_IN);
}

/* A length that fits, but is not true. */
static void
test_overstated (Fixture *self, gconstpointer data)
{
  CK_SESSION_HANDLE session = open_session (self);
  guint8 label[100] = { 0 };
  CK_ATTRIBUTE attribute = { CKA_LABEL, label, sizeof label };
  CK_OBJECT_HANDLE object = 0;

  g_assert_cmpuint (find (self, session, CKO_CERTIFICATE, 0x0b, &object), ==, 1);
  set_control (self, "C_GetAttributeValue=overstated", "");
  g_assert_cmpuint (self->p11->C_GetAttributeValue (session, object, &attribute, 1), ==, CKR_OK);
  g_assert_cmpuint (attribute.ulValueLen, ==, sizeof label);
  g_assert_cmpstr ((char *)label, ==, "ec");
}

static void
test_removal (Fixture *self, gconstpointer data)
{
  CK_SESSION_HANDLE session = open_session (self);
  CK_SLOT_ID slot = 0;
  CK_ULONG n = 0;

  g_assert_cmpuint (log_in (self, session, "1234"), ==, CKR_OK);
  g_assert_cmpuint (self->p11->C_WaitForSlotEvent (CKF_DONT_BLOCK, &slot, NULL), ==, CKR_NO_EVENT);
  set_control (self, "", "present=false");
  g_assert_cmpuint (log_in (self, session, "1234"), ==, CKR_DEVICE_REMOVED);
  g_assert_cmpuint (self->p11->C_GetSlotList (CK_TRUE, NULL, &n), ==, CKR_OK);
  g_assert_cmpuint (n, ==, 0);
  g_assert_cmpuint (self->p11->C_WaitForSlotEvent (0, &slot, NULL), ==, CKR_OK);
  g_assert_cmpuint (slot, ==, 1);
  set_control (self, "", "");
  g_assert_cmpuint (log_in (self, session, "1234"), ==, CKR_DEVICE_REMOVED);
  session = open_session (self);
  g_assert_cmpuint (find (self, session, CKO_PRIVATE_KEY, 0, NULL), ==, 0);
}

static void
test_forced (Fixture *self, gconstpointer data)
{
  gint64 begin;
  CK_INFO info;

  set_control (self, "any=CKR_DEVICE_ERROR\nC_GetInfo=delay:50;CKR_DEVICE_MEMORY;only:2", "");
  g_assert_cmpuint (self->p11->C_GetInfo (&info), ==, CKR_OK);
  begin = g_get_monotonic_time ();
  g_assert_cmpuint (self->p11->C_GetInfo (&info), ==, CKR_DEVICE_MEMORY);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 50000);
  g_assert_cmpuint (self->p11->C_GetInfo (&info), ==, CKR_OK);
  g_assert_cmpuint (self->p11->C_GetSlotInfo (1, NULL), ==, CKR_DEVICE_ERROR);
  set_control (self, "C_GetInfo=no-such-word", "");
  g_assert_cmpuint (self->p11->C_GetInfo (&info), ==, CKR_GENERAL_ERROR);
}

/* The child ends by the signal alone; a call that came back would end it with 0. */
static void
test_crash (Fixture *self, gconstpointer data)
{
  int status = 0;
  pid_t pid;

  set_control (self, "C_GetSlotList=crash", "");
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0) {
    CK_ULONG n;

    self->p11->C_GetSlotList (CK_TRUE, NULL, &n);
    _exit (0);
  }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGSEGV);
  g_assert_cmpuint (count_log (self, "C_GetSlotList crash"), ==, 1);
}

static void
test_endless (Fixture *self, gconstpointer data)
{
  CK_SESSION_HANDLE session = open_session (self);
  CK_OBJECT_HANDLE found[64];
  CK_ULONG n = 0;

  set_control (self, "C_FindObjects=endless", "");
  g_assert_cmpuint (self->p11->C_FindObjectsInit (session, NULL, 0), ==, CKR_OK);
  for (guint i = 0; i < 10; i++) {
    g_assert_cmpuint (self->p11->C_FindObjects (session, found, G_N_ELEMENTS (found), &n), ==, CKR_OK);
    g_assert_cmpuint (n, ==, G_N_ELEMENTS (found));
  }
}

static gpointer
call_in_thread (gpointer data)
{
  Fixture *self = data;
  CK_INFO info;

  return GSIZE_TO_POINTER (self->p11->C_GetInfo (&info));
}

/* None of three goes on before the last has come, and the next three meet again. */
static void
test_gather (Fixture *self, gconstpointer data)
{
  GThread *threads[6];

  set_control (self, "C_GetInfo=gather:3", "");
  for (guint i = 0; i < 5; i++)
    threads[i] = g_thread_new ("caller", call_in_thread, self);
  g_assert_cmpuint (count_log (self, "C_GetInfo"), <=, 3);
  threads[5] = g_thread_new ("caller", call_in_thread, self);
  for (guint i = 0; i < 6; i++)
    g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (threads[i])), ==, CKR_OK);
  g_assert_cmpuint (count_log (self, "C_GetInfo"), ==, 6);
}

#define ADD(name) g_test_add ("/mock-module/" #name, Fixture, NULL, set_up, test_##name, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD (listing);
  ADD (certificate);
  ADD (signatures);
  ADD (lockout);
  ADD (pinpad);
  ADD (context);
  ADD (expired);
  ADD (attempts);
  ADD (logout);
  ADD (overstated);
  ADD (removal);
  ADD (forced);
  ADD (crash);
  ADD (endless);
  ADD (gather);
  return g_test_run ();
}
