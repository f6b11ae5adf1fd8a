/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The virtual card as OpenSC sees it: what it is measured by. */

#include "tests/fixtures/card-maker/card-maker.h"
#include "tests/fixtures/pcsc-rig/pcsc-rig.h"

#include <gio/gio.h>
#include <string.h>

#include "tests/fixtures/credentials/credentials.h"

typedef struct
{
  char *folder;
  PcscRig *rig;
  VirtualCard *card;
} World;

static void
world_set_up (World *world, gconstpointer slots)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *conf = NULL;

  world->folder = g_dir_make_tmp ("pcsc-opensc-XXXXXX", &error);
  g_assert_no_error (error);
  conf = g_build_filename (world->folder, "opensc.conf", NULL);
  g_assert_true (g_file_set_contents (
      conf, "app default { framework pkcs15 { use_pin_caching = false; use_file_caching = no; } }\n", -1,
      NULL));
  g_setenv ("OPENSC_CONF", conf, TRUE);
  test_card_make (world->folder, "card", NULL, slots);
  world->card = test_card_new (world->folder, "card");
  world->rig = pcsc_rig_new (2);
  pcsc_rig_insert (world->rig, 0, world->card);
}

static void
world_tear_down (World *world, gconstpointer slots)
{
  pcsc_rig_free (world->rig);
  virtual_card_unref (world->card);
  test_remove_folder (world->folder);
  g_free (world->folder);
}

/* A command that may use $D, the folder, and $T, pkcs11-tool with the module. */
static int
run (World *world, const char *script, char **out)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autoptr (GSubprocess) shell = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *tool = g_strdup_printf ("timeout 30 pkcs11-tool --module %s", g_getenv ("CARDEA_OPENSC"));

  g_subprocess_launcher_setenv (launcher, "D", world->folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "T", tool, TRUE);
  shell = g_subprocess_launcher_spawn (launcher, &error, "sh", "-c", script, NULL);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (shell, NULL, NULL, &text, NULL, &error));
  g_test_message ("%s", text);
  if (out != NULL)
    *out = g_steal_pointer (&text);
  return g_subprocess_get_if_exited (shell) ? g_subprocess_get_exit_status (shell) : -1;
}

static void
test_lists (World *world, gconstpointer slots)
{
  g_autofree char *out = NULL;
  g_autofree char *guid = g_compute_checksum_for_string (G_CHECKSUM_MD5, "card", -1);

  g_assert_cmpint (run (world, "$T --list-slots --list-objects", &out), ==, 0);
  g_assert_nonnull (strstr (out, "Certificate for PIV Authentication"));
  g_assert_nonnull (strstr (out, "Certificate for Digital Signature"));
  g_assert_nonnull (strstr (out, "Certificate for Key Management"));
  g_assert_nonnull (strstr (out, "Certificate for Card Authentication"));
  g_assert_nonnull (strstr (out, guid + 16)); /* PKCS#11 has room for half of it */
  g_assert_cmpuint (virtual_card_get_counts (world->card).verifications, ==, 0);
}

/* The certificate that OpenSC reads is the one that lies in the folder. */
static void
test_certificate (World *world, gconstpointer slots)
{
  g_assert_cmpint (run (world,
                        "cd $D && $T --read-object --type cert --id 01 --output-file read.der && "
                        "openssl x509 -in card-9A.pem -outform DER | cmp - read.der",
                        NULL),
                   ==, 0);
}

static void
sign (World *world, const char *key_id, const char *credential, const char *options, const char *verify)
{
  g_autofree char *script = g_strdup_printf (
      "cd $D && head -c 32 /dev/urandom > data && "
      "$T --login --pin " TEST_CARD_PIN " --sign --id %s %s --input-file data --output-file signature && "
      "openssl x509 -in card-%s.pem -noout -pubkey > key.pub && "
      "openssl pkeyutl -verify -pubin -inkey key.pub -in data -sigfile signature %s",
      key_id, options, credential, verify);

  g_assert_cmpint (run (world, script, NULL), ==, 0);
}

#define RSA_PKCS "--mechanism RSA-PKCS"
#define ECDSA "--mechanism ECDSA --signature-format openssl"

static void
test_sign_rsa (World *world, gconstpointer slots)
{
  sign (world, "01", "9A", RSA_PKCS, "-pkeyopt rsa_padding_mode:pkcs1");
  g_assert_cmpuint (virtual_card_get_counts (world->card).signatures, ==, 1);
  g_assert_cmpuint (virtual_card_get_counts (world->card).verifications, ==, 1);
}

static void
test_sign_p256 (World *world, gconstpointer slots)
{
  sign (world, "01", "9A", ECDSA, "");
  g_assert_cmpuint (virtual_card_get_counts (world->card).signatures, ==, 1);
}

/* 9C: the PIN once for the login, and again for the signature. */
static void
test_sign_always (World *world, gconstpointer slots)
{
  sign (world, "02", "9C", ECDSA, "");
  g_assert_cmpuint (virtual_card_get_counts (world->card).signatures, ==, 1);
  g_assert_cmpuint (virtual_card_get_counts (world->card).verifications, ==, 2);
}

static void
test_wrong_pin (World *world, gconstpointer slots)
{
  g_autofree char *out = NULL;

  g_assert_cmpint (run (world, "$T --login --pin 999999 --list-objects", &out), !=, 0);
  g_assert_nonnull (strstr (out, "CKR_PIN_INCORRECT"));
  g_assert_cmpuint (virtual_card_get_counts (world->card).verifications, ==, 1);
  g_assert_cmpuint (virtual_card_get_pin_tries (world->card), ==, 2);
}

static void
test_blocked (World *world, gconstpointer slots)
{
  g_autofree char *out = NULL;

  test_card_behave (world->folder, "card", "tries-left=0", NULL);
  g_assert_cmpint (run (world, "$T --login --pin " TEST_CARD_PIN " --list-objects", &out), !=, 0);
  g_assert_nonnull (strstr (out, "CKR_PIN_LOCKED"));
}

/* The PUK gives a new PIN. */
static void
test_unblocked (World *world, gconstpointer slots)
{
  test_card_behave (world->folder, "card", "tries-left=0", NULL);
  g_assert_cmpint (run (world,
                        "timeout 30 pkcs15-tool --unblock-pin --auth-id 01 --puk " TEST_CARD_PUK
                        " --new-pin 654321",
                        NULL),
                   ==, 0);
  g_assert_cmpuint (virtual_card_get_pin_tries (world->card), ==, 3);
  g_assert_cmpint (run (world, "$T --login --pin 654321 --list-objects", NULL), ==, 0);
}

static void
test_garbage (World *world, gconstpointer slots)
{
  test_card_behave (world->folder, "card", NULL, "87=garbage");
  g_assert_cmpint (run (world,
                        "cd $D && head -c 32 /dev/urandom > data && $T --login --pin " TEST_CARD_PIN
                        " --sign --id 01 --mechanism RSA-PKCS --input-file data --output-file signature && "
                        "openssl x509 -in card-9A.pem -noout -pubkey > key.pub && "
                        "openssl pkeyutl -verify -pubin -inkey key.pub -in data -sigfile signature",
                        NULL),
                   !=, 0);
  g_assert_cmpuint (virtual_card_get_counts (world->card).signatures, ==, 1);
}

/* Wherever it is in a listing, OpenSC ends, and the next time all is well. */
static void
test_pulled (World *world, gconstpointer slots)
{
  static const guint numbers[] = { 1, 2, 3, 5, 8, 13, 21 };
  static const char *const ways[] = { "pull", "pull-after", "pull-midway" };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++) {
    g_autofree char *behaviour = g_strdup_printf ("any=%s;only:%u", ways[i % 3], numbers[i]);

    test_card_behave (world->folder, "card", NULL, behaviour);
    g_assert_cmpint (run (world, "timeout 20 $T --list-objects", NULL), !=, 124);
    pcsc_rig_wait_until_gone (world->rig, 0);
    pcsc_rig_swap (world->rig, 0, world->card);
  }
  test_card_behave (world->folder, "card", NULL, NULL);
  g_assert_cmpint (run (world, "$T --list-objects", NULL), ==, 0);
}

/* A silent card stops its own reader, and pulling it ends that. */
static void
test_silent (World *world, gconstpointer slots)
{
  test_card_behave (world->folder, "card", NULL, "any=silent;from:3");
  g_assert_cmpint (run (world, "timeout 2 $T --list-objects", NULL), ==, 124);
  test_card_behave (world->folder, "card", NULL, NULL);
  pcsc_rig_swap (world->rig, 0, world->card);
  g_assert_cmpint (run (world, "$T --list-objects", NULL), ==, 0);
}

#define ADD(name, slots, test)                                                                               \
  g_test_add ("/pcsc-opensc/" name, World, slots, world_set_up, test, world_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("lists", "9A:rsa 9C:p256 9D:rsa 9E:p256", test_lists);
  ADD ("certificate", "9A:rsa", test_certificate);
  ADD ("sign-rsa", "9A:rsa", test_sign_rsa);
  ADD ("sign-p256", "9A:p256", test_sign_p256);
  ADD ("sign-always", "9A:rsa 9C:p256", test_sign_always);
  ADD ("wrong-pin", "9A:rsa", test_wrong_pin);
  ADD ("blocked", "9A:rsa", test_blocked);
  ADD ("unblocked", "9A:rsa", test_unblocked);
  ADD ("garbage", "9A:rsa", test_garbage);
  ADD ("pulled", "9A:rsa", test_pulled);
  ADD ("silent", "9A:p256", test_silent);
  return g_test_run ();
}
