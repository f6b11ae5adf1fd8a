/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A key that wants the PIN for each signature: the token gets it between the beginning of that signature and
 * its end, once, and never one that it need not get. The module's log and the token's count of tries tell. */

#include <string.h>

#include "agent/hosts/sign-call.h"
#include "socket-api/wire/error.h"
#include "tests/integration/hosts/host-rig.h"

#define ALWAYS 0x0c

typedef struct
{
  HostSigning made; /* for its verification only */
  gboolean done;
} Signed;

static void
on_signed (GObject *source, GAsyncResult *result, gpointer data)
{
  Signed *self = data;

  self->made.signature = cardea_host_sign_with_pin_finish (CARDEA_HOST (source), result, &self->made.error);
  self->done = TRUE;
}

static void
signed_clear (Signed *self)
{
  g_clear_pointer (&self->made.signature, g_bytes_unref);
  g_clear_error (&self->made.error);
  g_clear_pointer (&self->made.request.id, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Signed, signed_clear)

/* @pin NULL: by pinpad. */
static void
sign_with_pin (HostRig *rig, const CardeaHostListing *listing, guint8 id, const char *pin, Signed *self)
{
  g_autoptr (CardeaSecret) secret = pin != NULL ? cardea_secret_new (pin, strlen (pin), NULL) : NULL;
  g_autoptr (CardeaSignCall) call = NULL;

  memset (self->made.digest, 0x42, sizeof self->made.digest);
  self->made.rig = rig;
  self->made.request = (CardeaSignRequest){ .generation = listing->generation,
                                            .slot = host_rig_slot (listing),
                                            .id = g_bytes_new (&id, 1),
                                            .mechanism = CARDEA_SIGN_ECDSA,
                                            .hash_bits = 256,
                                            .data = self->made.digest,
                                            .length = 32 };
  call = cardea_sign_call_new (rig->host, &self->made.request);
  cardea_host_sign_with_pin_async (rig->host, call, secret, on_signed, self);
  HOST_RIG_WAIT (self->done);
  cardea_sign_call_answer (call, NULL, self->made.error);
}

static void
set_mock (HostRig *rig, const char *behaviour, const char *token)
{
  g_autofree char *with_key =
      g_strdup_printf ("%s\n[object always]\ntoken=one\nid=0c\ncertificate=%s/ec.pem\nkey=%s/ec.key\n"
                       "always-authenticate=true",
                       token, rig->folder, rig->folder);

  host_rig_set_mock (rig, behaviour, with_key);
}

static void
open_mock (HostRig *rig, const char *behaviour, const char *token)
{
  host_rig_open_mock (rig, "", "", NULL);
  set_mock (rig, behaviour, token);
}

static guint
count_tries (HostRig *rig)
{
  g_autofree char *path = host_rig_path (rig, "one.attempts");
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? (guint)g_ascii_strtoull (text, NULL, 10) : 0;
}

static gboolean
is_logged_in (HostRig *rig)
{
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  return ((const CardeaHostToken *)listing->tokens->pdata[0])->logged_in;
}

/* The functions of the log, each with a blank behind it. */
static char *
read_calls (HostRig *rig)
{
  g_autofree char *path = host_rig_path (rig, "log");
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  GString *calls = g_string_new (NULL);

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_len (calls, lines[i], (gssize)strcspn (lines[i], " ") + (lines[i][0] != '\0'));
  return g_string_free (calls, FALSE);
}

/* One PIN serves for the token's own login, too, and the login of the signature is between its halves. */
static void
test_signs (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_auto (Signed) first = { 0 };
  g_auto (Signed) second = { 0 };
  g_autofree char *calls = NULL;

  open_mock (rig, "", "");
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  sign_with_pin (rig, listing, ALWAYS, "1234", &first);
  host_signing_verify (&first.made, "ec");
  calls = read_calls (rig);
  g_assert_nonnull (strstr (calls, "C_SignInit C_Login C_Sign "));
  g_assert_cmpuint (host_rig_count_log (rig, "C_Login CKR_OK"), ==, 2);
  sign_with_pin (rig, listing, ALWAYS, "1234", &second);
  host_signing_verify (&second.made, "ec");
  g_assert_cmpuint (host_rig_count_log (rig, "C_Login CKR_OK"), ==, 3); /* it was logged in */
  g_assert_cmpuint (count_tries (rig), ==, 3);
}

/* Without a PIN nothing is begun, and the other keys are as ever. */
static void
test_without (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  guint8 id = ALWAYS;

  open_mock (rig, "", "");
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
  g_autoptr (HostSigning) bare = host_signing_start (rig, listing, id, CARDEA_SIGN_ECDSA, 256, 10000, NULL);
  host_signing_wait (bare);
  g_assert_true (cardea_host_wants_pin (bare->error));
  g_assert_nonnull (strstr (bare->error->message, "for each signature"));
  g_assert_cmpuint (host_rig_count_log (rig, "C_SignInit"), ==, 0);
  g_assert_cmpuint (count_tries (rig), ==, 1);
  g_autoptr (HostSigning) other =
      host_signing_start (rig, listing, 0x0b, CARDEA_SIGN_ECDSA, 256, 10000, NULL);
  host_signing_wait (other);
  host_signing_verify (other, "ec");
  g_assert_false (cardea_host_wants_pin (NULL));
  g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);
  g_assert_cmpuint (after->generation, ==, listing->generation);
}

static void
assert_refused (const Signed *self)
{
  g_assert_error (self->made.error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
  g_assert_cmpstr (
      json_string_value (json_object_get (cardea_error_get_parameters (self->made.error), "pin")), ==, "low");
}

/* One try, and nobody is logged in after it, whoever was before: a card forgets its login then. */
static void
test_wrong (void)
{
  for (guint logged_in = 0; logged_in < 2; logged_in++) {
    g_autoptr (HostRig) rig = host_rig_new ();
    g_auto (Signed) wrong = { 0 };
    g_autoptr (CardeaHostListing) listing = NULL;
    guint before;

    open_mock (rig, "", "");
    listing = logged_in != 0 ? host_rig_unlock (rig, "1234") : host_rig_must_list (rig);
    before = count_tries (rig);
    sign_with_pin (rig, listing, ALWAYS, "9999", &wrong);
    assert_refused (&wrong);
    g_assert_cmpuint (count_tries (rig), ==, before + 1);
    g_assert_cmpuint (host_rig_count_log (rig, "C_Sign "), ==, 0);
    g_assert_false (is_logged_in (rig));
    g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);
    g_assert_cmpuint (after->generation, ==, listing->generation);
  }
}

/* A PIN that comes along is looked at, also where the key turns out to ask for none and somebody is logged
 * in. */
static void
test_not_asked_for (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_auto (Signed) wrong = { 0 };
  g_auto (Signed) right = { 0 };

  open_mock (rig, "", "");
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");

  sign_with_pin (rig, listing, 0x0b, "9999", &wrong);
  assert_refused (&wrong);
  g_assert_cmpuint (count_tries (rig), ==, 2);
  sign_with_pin (rig, listing, 0x0b, "1234", &right);
  host_signing_verify (&right.made, "ec");
  g_assert_cmpuint (count_tries (rig), ==, 3);
}

/* On the token's own pad, for the token and then for the signature. */
static void
test_pinpad (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_auto (Signed) made = { 0 };
  g_auto (Signed) gone = { 0 };

  open_mock (rig, "", "pinpad=true");
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  sign_with_pin (rig, listing, ALWAYS, NULL, &made);
  host_signing_verify (&made.made, "ec");
  g_assert_cmpuint (count_tries (rig), ==, 2);
  set_mock (rig, "", "");
  sign_with_pin (rig, listing, ALWAYS, NULL, &gone);
  g_assert_error (gone.made.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpuint (count_tries (rig), ==, 2);
}

/* A token that needs no login but for this. */
static void
test_open_token (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_auto (Signed) made = { 0 };

  open_mock (rig, "", "login-required=false");
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  sign_with_pin (rig, listing, ALWAYS, "1234", &made);
  host_signing_verify (&made.made, "ec");
  g_assert_cmpuint (host_rig_count_log (rig, "C_Login"), ==, 1);
}

/* It says that the key asks for nothing, and then asks: that is told, and tried once. */
static void
test_liar (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_auto (Signed) with = { 0 };

  open_mock (rig, "C_Sign=CKR_USER_NOT_LOGGED_IN", "");
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
  g_autoptr (HostSigning) bare = host_signing_start (rig, listing, 0x0b, CARDEA_SIGN_ECDSA, 256, 10000, NULL);

  host_signing_wait (bare);
  g_assert_error (bare->error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_false (cardea_host_wants_pin (bare->error));
  g_assert_nonnull (strstr (bare->error->message, "its key says that it asks for none"));
  g_assert_cmpuint (host_rig_count_log (rig, "C_Sign "), ==, 1);
  sign_with_pin (rig, listing, ALWAYS, "1234", &with);
  g_assert_error (with.made.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_nonnull (strstr (with.made.error->message, "it has just taken it"));
  g_assert_cmpuint (host_rig_count_log (rig, "C_Sign "), ==, 2);
  g_assert_cmpuint (count_tries (rig), ==, 2);
}

/* Another token in the slot meanwhile gets no PIN. */
static void
test_swapped (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_auto (Signed) made = { 0 };

  open_mock (rig, "", "");
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");

  set_mock (rig, "", "serial=2");
  sign_with_pin (rig, listing, ALWAYS, "1234", &made);
  g_assert_error (made.made.error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpuint (count_tries (rig), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/always-signs", test_signs);
  g_test_add_func ("/host/always-without", test_without);
  g_test_add_func ("/host/always-wrong", test_wrong);
  g_test_add_func ("/host/always-not-asked-for", test_not_asked_for);
  g_test_add_func ("/host/always-pinpad", test_pinpad);
  g_test_add_func ("/host/always-open-token", test_open_token);
  g_test_add_func ("/host/always-liar", test_liar);
  g_test_add_func ("/host/always-swapped", test_swapped);
  return g_test_run ();
}
