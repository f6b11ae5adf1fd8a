/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A token whose key a TPM wraps, by tpm2-pkcs11 on a TPM in software, which serves one program at a time: so
 * the token is made before the agent begins, elsewhere. */

#include <glib/gstdio.h>
#include <string.h>

#include "tests/fixtures/host-environment.h"
#include "tests/fixtures/lab.h"

#define FILE_NAME "tpm2_pkcs11.sqlite3"
#define PIN "314159"

static void run (CardeaLab *lab, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* In the lab's folder, with the module as $module. */
static void
run (CardeaLab *lab, const char *format, ...)
{
  g_autofree char *command = NULL;
  g_autofree char *script = NULL;
  g_autofree char *err = NULL;
  va_list arguments;

  va_start (arguments, format);
  command = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  script = g_strdup_printf ("cd %s && tool=\"pkcs11-tool --module %s\" && %s", cardea_lab_get_folder (lab),
                            g_getenv ("CARDEA_TPM_MODULE"), command);
  if (cardea_lab_run (lab, (const char *[]){ "sh", "-c", script, NULL }, NULL, NULL, &err) != 0)
    g_error ("%s: %s", command, err);
}

static gboolean
is_there (gpointer path)
{
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
start_tpm (CardeaLab *lab)
{
  g_autofree char *socket = cardea_lab_path (lab, "tpm");
  g_autofree char *control = g_strconcat (socket, ".ctrl", NULL); /* where the library looks for it */
  g_autofree char *state = g_strdup_printf ("dir=%s", cardea_lab_get_folder (lab));
  g_autofree char *server = g_strdup_printf ("type=unixio,path=%s", socket);
  g_autofree char *other = g_strdup_printf ("type=unixio,path=%s", control);
  g_autofree char *transport = g_strdup_printf ("swtpm:path=%s", socket);

  cardea_lab_spawn (lab, "swtpm",
                    (const char *const[]){ "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server",
                                           server, "--ctrl", other, "--flags", "not-need-init,startup-clear",
                                           NULL });
  g_assert_true (cardea_lab_wait_until (is_there, control));
  g_setenv ("TPM2_PKCS11_TCTI", transport, TRUE);
}

/* With a key made in the TPM and a certificate for it, in the folder "made". */
static void
make_token (CardeaLab *lab)
{
  g_autofree char *made = cardea_lab_path (lab, "made");

  g_assert_cmpint (g_mkdir (made, 0700), ==, 0);
  g_setenv ("TPM2_PKCS11_STORE", made, TRUE);
  run (lab, "$tool --init-token --slot-index 0 --label 'Test TPM' --so-pin 27182818");
  run (lab, "$tool --token-label 'Test TPM' --login --login-type so --so-pin 27182818 --init-pin --pin " PIN);
  run (lab, "$tool --token-label 'Test TPM' --login --pin " PIN
            " --keypairgen --key-type EC:prime256v1 --id 01 --label key");
  run (lab, "$tool --token-label 'Test TPM' --login --pin " PIN
            " --read-object --type pubkey --id 01 --output-file tpm.pub");
  run (lab, "printf 'keyUsage=digitalSignature\nextendedKeyUsage=clientAuth\n' > tpm.ext && "
            "openssl x509 -new -force_pubkey tpm.pub -subj '/CN=TPM client' -CA ca.pem -CAkey ca.key -days 2 "
            "-extfile tpm.ext -out tpm.pem && openssl x509 -in tpm.pem -outform DER -out tpm.der");
  run (lab, "$tool --token-label 'Test TPM' --login --pin " PIN
            " --write-object tpm.der --type cert --id 01 --label key");
}

static gboolean
is_listed (gpointer lab)
{
  g_autofree char *out = NULL;

  cardea_lab_cardea (lab, (const char *[]){ "certificates", NULL }, NULL, &out, NULL);
  return strstr (out, "CN=TPM client") != NULL;
}

/* Nothing tells that it came but the file, which is read by a new process only; then it signs in. */
static void
test_noticed (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autofree char *store = cardea_lab_path (lab, "store");
  g_autofree char *config = NULL;
  g_autofree char *port = NULL;
  g_autofree char *fingerprint = NULL;
  g_autofree char *out = NULL;
  guint16 number;

  start_tpm (lab);
  make_token (lab);
  number = cardea_lab_nginx (lab);
  port = g_strdup_printf ("%u", number);
  g_assert_cmpint (g_mkdir (store, 0700), ==, 0);
  g_setenv ("TPM2_PKCS11_STORE", store, TRUE);
  cardea_lab_write (lab, "tpm-pin", PIN);
  config =
      g_strdup_printf ("[modules]\nload=%s\n"
                       "pass-environment=TPM2_PKCS11_STORE;TPM2_PKCS11_TCTI;" TEST_SANITIZER_VARIABLES "\n"
                       "[pin tpm]\ntoken=pkcs11:token=Test%%20TPM\nfile=%s/tpm-pin\n",
                       g_getenv ("CARDEA_TPM_MODULE"), cardea_lab_get_folder (lab));
  cardea_lab_agent (lab, (guint16[]){ number, 0 }, config, NULL);
  g_assert_false (is_listed (lab));

  run (lab, "mv made/" FILE_NAME " store/");
  g_assert_true (cardea_lab_wait_until (is_listed, lab));
  fingerprint = cardea_lab_fingerprint (lab, "tpm.pem");
  g_assert_cmpint (
      cardea_lab_cardea (lab, (const char *[]){ "connect", "-c", fingerprint, "localhost", port, NULL },
                         "GET / HTTP/1.0\r\n\r\n", &out, NULL),
      ==, 0);
  g_assert_nonnull (strstr (out, "saw CN=TPM client"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-tpm/noticed", test_noticed);
  return g_test_run ();
}
