/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The token host with modules that crash, hang, lie or lose their token: what the agent's side promises of
 * it.
 */

#include <signal.h>
#include <string.h>

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "tests/integration/hosts/host-rig.h"

static const CardeaHostDeadlines soon = { .start = 4000, .call = 2500, .list = 8000, .sign = 2500 };

static CardeaReasonCode
problem_of (HostRig *rig)
{
  g_assert_nonnull (cardea_host_get_problem (rig->host));
  return cardea_host_get_problem (rig->host)->code;
}

static void
sign_well (HostRig *rig, CardeaHostListing *listing)
{
  g_autoptr (HostSigning) signing =
      host_signing_start (rig, listing, 0x0a, CARDEA_SIGN_RSA_PSS, 256, 10000, NULL);

  host_signing_wait (signing);
  host_signing_verify (signing, "rsa");
}

/* The module is mended: the next run of the process works. */
static void
check_works_again (HostRig *rig)
{
  guint64 old = 1;

  host_rig_set_mock (rig, "", "");
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");

  g_assert_cmpuint (listing->generation, >, old);
  g_assert_null (cardea_host_get_problem (rig->host));
  sign_well (rig, listing);
}

static void
check_fails_in_sign (const char *behaviour, CardeaErrorCode code, CardeaReasonCode reason)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, behaviour, "", &soon);

  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
  g_autoptr (HostSigning) signing =
      host_signing_start (rig, listing, 0x0a, CARDEA_SIGN_RSA_PSS, 256, 20000, NULL);
  guint changed;

  HOST_RIG_WAIT (host_rig_count_log (rig, "C_Sign ") > 0);
  changed = rig->changed;
  host_signing_wait (signing);
  g_assert_error (signing->error, CARDEA_ERROR, (gint)code);
  HOST_RIG_WAIT (rig->changed > changed);
  g_assert_cmpint (problem_of (rig), ==, reason);
  g_assert_cmpint (cardea_host_get_pid (rig->host), ==, 0);
  check_works_again (rig);
}

static void
test_crash (void)
{
  check_fails_in_sign ("C_Sign=crash", CARDEA_ERROR_TOKEN_UNAVAILABLE, CARDEA_REASON_MODULE_CRASHED);
}

static void
test_hang (void)
{
  check_fails_in_sign ("C_Sign=hang", CARDEA_ERROR_TIMED_OUT, CARDEA_REASON_MODULE_HUNG);
}

static void
test_spin (void)
{
  check_fails_in_sign ("C_Sign=spin", CARDEA_ERROR_TIMED_OUT, CARDEA_REASON_MODULE_HUNG);
}

static void
check_fails_in_list (const char *behaviour, CardeaErrorCode code, CardeaReasonCode reason)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  host_rig_open_mock (rig, behaviour, "", &soon);
  g_assert_null (host_rig_list (rig, &error));
  g_assert_error (error, CARDEA_ERROR, (gint)code);
  g_assert_cmpint (problem_of (rig), ==, reason);
  check_works_again (rig);
}

static void
test_hang_at_start (void)
{
  check_fails_in_list ("C_Initialize=hang", CARDEA_ERROR_TOKEN_UNAVAILABLE, CARDEA_REASON_MODULE_HUNG);
}

static void
test_error_at_start (void)
{
  check_fails_in_list ("C_Initialize=CKR_DEVICE_ERROR", CARDEA_ERROR_TOKEN_UNAVAILABLE,
                       CARDEA_REASON_MODULE_FAILED);
}

static void
test_hang_in_list (void)
{
  check_fails_in_list ("C_GetAttributeValue=hang;only:3", CARDEA_ERROR_TIMED_OUT, CARDEA_REASON_MODULE_HUNG);
}

static void
test_crash_in_list (void)
{
  check_fails_in_list ("C_FindObjects=crash", CARDEA_ERROR_TOKEN_UNAVAILABLE, CARDEA_REASON_MODULE_CRASHED);
}

/* Many short waits in one listing are no hang, though together they are longer than one call may take. */
static void
test_slow_list (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  gint64 begun = g_get_monotonic_time ();
  const CardeaHostDeadlines deadlines = { .start = 5000, .call = 2000, .list = 20000, .sign = 1000 };

  host_rig_open_mock (rig, "C_GetAttributeValue=delay:300", "login-required=false", &deadlines);

  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  g_assert_cmpint (g_get_monotonic_time () - begun, >, 2500 * 1000);
  g_assert_cmpuint (listing->certificates->len, ==, 2);
}

/* One lock around the module: the last of ten signatures waits longer than one may take, and no login is
 * lost. */
static void
test_one_lock (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  const CardeaHostDeadlines deadlines = { .start = 5000, .call = 5000, .list = 15000, .sign = 2000 };
  HostSigning *signings[6];

  host_rig_open_mock (rig, "C_CreateObject=CKR_OK", "", &deadlines);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
  g_autofree char *text = NULL;
  g_autofree char *locked = NULL;

  g_assert_true (g_file_get_contents (rig->control, &text, NULL, NULL));
  locked = g_strdup_printf ("%s[module]\nlock=true\n[behaviour]\nC_Sign=delay:500\n", text);
  g_assert_true (g_file_set_contents (rig->control, locked, -1, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (signings); i++)
    signings[i] = host_signing_start (rig, listing, 0x0b, CARDEA_SIGN_ECDSA, 256, 15000, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (signings); i++) {
    host_signing_wait (signings[i]);
    host_signing_verify (signings[i], "ec");
    host_signing_free (signings[i]);
  }
  g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);
  g_assert_cmpuint (after->generation, ==, 1);
}

/* A module may say anything about sizes and numbers: nothing crashes, nothing is endless. */
static void
test_lying_lengths (void)
{
  static const char *const functions[] = { "C_GetAttributeValue", "C_FindObjects", "C_GetSlotList",
                                           "C_GetMechanismList" };

  for (gsize i = 0; i < G_N_ELEMENTS (functions); i++) {
    g_autoptr (HostRig) rig = host_rig_new ();
    g_autofree char *behaviour = g_strconcat (functions[i], "=lying-length", NULL);
    g_autoptr (GError) error = NULL;
    g_autoptr (CardeaHostListing) listing = NULL;
    pid_t pid;

    host_rig_open_mock (rig, behaviour, "", NULL);
    listing = host_rig_list (rig, &error);
    pid = cardea_host_get_pid (rig->host);
    g_assert_cmpint (pid > 0, ==, listing != NULL); /* it lives, unless it was found out and ended */
    if (listing != NULL)
      g_assert_cmpuint (listing->certificates->len, <=, 2);
    else
      g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
    if (listing == NULL)
      g_assert_cmpint (problem_of (rig), ==, CARDEA_REASON_MODULE_FAILED); /* it did not crash */
    g_assert_true (cardea_host_get_problem (rig->host) == NULL ||
                   problem_of (rig) != CARDEA_REASON_TOO_MANY_CERTIFICATES); /* the lie was not believed */
    host_rig_set_mock (rig, "", "");
    g_autoptr (CardeaHostListing) after = host_rig_must_list (rig);
    g_assert_cmpuint (after->certificates->len, ==, 2);
    if (pid > 0)
      g_assert_cmpint (cardea_host_get_pid (rig->host), ==, pid);
  }
}

static void
test_endless_search (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "C_FindObjects=endless", "", NULL);

  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);

  g_assert_cmpuint (listing->certificates->len, <=, CARDEA_LIMIT_CERTIFICATES_PER_TOKEN);
  g_assert_cmpint (problem_of (rig), ==, CARDEA_REASON_TOO_MANY_CERTIFICATES);
}

static void
test_lying_signature (void)
{
  static const char *const ways[] = { "C_Sign=lying-length", "C_Sign=empty" };

  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++) {
    g_autoptr (HostRig) rig = host_rig_new ();

    host_rig_open_mock (rig, ways[i], "", NULL);
    g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
    g_autoptr (HostSigning) signing =
        host_signing_start (rig, listing, 0x0a, CARDEA_SIGN_RSA_PSS, 256, 10000, NULL);

    host_signing_wait (signing);
    g_assert_error (signing->error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
    check_works_again (rig);
  }
}

static void
test_stopped (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "", &soon);

  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");

  g_assert_no_errno (kill (cardea_host_get_pid (rig->host), SIGSTOP));
  g_autoptr (HostSigning) signing =
      host_signing_start (rig, listing, 0x0a, CARDEA_SIGN_RSA_PSS, 256, 20000, NULL);
  host_signing_wait (signing);
  g_assert_error (signing->error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  g_assert_cmpint (problem_of (rig), ==, CARDEA_REASON_MODULE_HUNG);
  check_works_again (rig);
}

static void
test_killed (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "", NULL);

  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
  guint changed = rig->changed;

  g_assert_no_errno (kill (cardea_host_get_pid (rig->host), SIGKILL));
  HOST_RIG_WAIT (cardea_host_get_pid (rig->host) == 0 && rig->changed > changed);
  g_assert_cmpint (problem_of (rig), ==, CARDEA_REASON_MODULE_CRASHED);
  g_assert_nonnull (strstr (cardea_host_get_problem (rig->host)->message, "signal 9"));
  g_autoptr (HostSigning) stale =
      host_signing_start (rig, listing, 0x0a, CARDEA_SIGN_RSA_PSS, 256, 9000, NULL);
  host_signing_wait (stale);
  g_assert_error (stale->error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  check_works_again (rig);
}

/* Whatever was asked of the older run is refused, the newer one is not touched. */
static void
test_stale_generation (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  host_rig_open_mock (rig, "", "", NULL);

  g_autoptr (CardeaHostListing) old = host_rig_must_list (rig);

  cardea_host_kill (rig->host);
  g_assert_cmpint (cardea_host_get_pid (rig->host), ==, 0);
  g_autoptr (CardeaHostListing) new = host_rig_must_list (rig);
  g_assert_cmpuint (new->generation, !=, old->generation);
  g_assert_false (host_rig_log_in (rig, old, "1234", &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpuint (host_rig_count_log (rig, "C_Login"), ==, 0);
  g_assert_null (cardea_host_get_problem (rig->host));
}

static void
test_many_slow (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  HostSigning *signings[CARDEA_LIMIT_HOST_SIGNERS];
  gint64 begun;

  host_rig_open_mock (rig, "C_Sign=delay:300", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
  begun = g_get_monotonic_time ();
  for (guint i = 0; i < G_N_ELEMENTS (signings); i++)
    signings[i] = host_signing_start (rig, listing, 0x0b, CARDEA_SIGN_ECDSA, 256, 20000, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (signings); i++) {
    host_signing_wait (signings[i]);
    host_signing_verify (signings[i], "ec");
    host_signing_free (signings[i]);
  }
  /* One after another they would take 19 s. */
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 9 * G_USEC_PER_SEC);
}

static void
test_cancelled (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gint64 begun;

  host_rig_open_mock (rig, "C_Sign=delay:4000;only:1", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
  pid_t pid = cardea_host_get_pid (rig->host);
  g_autoptr (HostSigning) signing =
      host_signing_start (rig, listing, 0x0a, CARDEA_SIGN_RSA_PSS, 256, 20000, cancellable);

  HOST_RIG_WAIT (host_rig_count_log (rig, "C_SignInit CKR_OK") > 0);
  begun = g_get_monotonic_time ();
  g_cancellable_cancel (cancellable);
  host_signing_wait (signing);
  g_assert_error (signing->error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 3 * G_USEC_PER_SEC);
  /* The late signature is dropped, and the same process signs the next. */
  HOST_RIG_WAIT (host_rig_count_log (rig, "C_Sign CKR_OK") > 0);
  sign_well (rig, listing);
  g_assert_cmpint (cardea_host_get_pid (rig->host), ==, pid);
}

static void
test_impatient (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "C_Sign=delay:4000;only:1", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
  pid_t pid = cardea_host_get_pid (rig->host);
  g_autoptr (HostSigning) signing =
      host_signing_start (rig, listing, 0x0a, CARDEA_SIGN_RSA_PSS, 256, 100, NULL);

  host_signing_wait (signing);
  g_assert_error (signing->error, CARDEA_ERROR, CARDEA_ERROR_TIMED_OUT);
  HOST_RIG_WAIT (host_rig_count_log (rig, "C_Sign CKR_OK") > 0);
  sign_well (rig, listing);
  g_assert_cmpint (cardea_host_get_pid (rig->host), ==, pid);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **)data = g_object_ref (result);
}

static void
test_cancelled_list (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) cancelled = NULL;
  g_autoptr (GError) error = NULL;

  host_rig_open_mock (rig, "C_GetSlotList=delay:500", "", NULL);
  cardea_host_list_async (rig->host, cancellable, on_listed, &cancelled);
  g_cancellable_cancel (cancellable);
  HOST_RIG_WAIT (cancelled != NULL);
  g_assert_null (cardea_host_list_finish (rig->host, cancelled, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CANCELLED);
  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);
  g_assert_cmpuint (listing->certificates->len, ==, 2);
}

/* The third death within a minute: not at once again, but when somebody asks a second later. */
static void
test_back_off (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) busy = NULL;
  guint changed;

  host_rig_open_mock (rig, "C_GetSlotList=crash", "", NULL);
  for (guint i = 0; i < CARDEA_LIMIT_HOST_DEATHS; i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (host_rig_list (rig, &error));
    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  }
  changed = rig->changed;
  g_assert_null (host_rig_list (rig, &busy));
  g_assert_error (busy, CARDEA_ERROR, CARDEA_ERROR_BUSY);
  json_int_t retry = json_integer_value (json_object_get (cardea_error_get_parameters (busy), "retry_ms"));
  g_assert_cmpint (retry, >, 0);
  g_assert_cmpint (retry, <=, 1000);
  g_assert_cmpuint (host_rig_count_log (rig, "C_Initialize"), ==, CARDEA_LIMIT_HOST_DEATHS);
  HOST_RIG_WAIT (rig->changed > changed + 1); /* of the death, and when the wait is over */
  check_works_again (rig);
}

/* One try for each request, and the token's own words about what is left. */
static void
test_login_refused (void)
{
  static const char *const states[] = { "low", "final_try", "locked", "locked" };
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "", NULL);

  g_autoptr (CardeaHostListing) listing = host_rig_must_list (rig);
  pid_t pid = cardea_host_get_pid (rig->host);

  for (guint i = 0; i < G_N_ELEMENTS (states); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (host_rig_log_in (rig, listing, "4321", &error));
    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_PIN_REFUSED);
    g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "pin")), ==,
                     states[i]);
    g_assert_null (strstr (error->message, "4321"));
    g_assert_cmpuint (host_rig_count_log (rig, "C_Login"), ==, i + 1);
  }
  g_assert_cmpint (cardea_host_get_pid (rig->host), ==, pid);
}

static void
test_login_pinpad (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "pinpad=true", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, NULL);
  g_assert_true (((CardeaHostToken *)listing->tokens->pdata[0])->pinpad);
  g_assert_cmpuint (listing->keys->len, ==, 2);
  sign_well (rig, listing);
}

static void
test_login_twice (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
  g_assert_true (host_rig_log_in (rig, listing, "1234", &error));
  g_assert_no_error (error);
  sign_well (rig, listing);
}

/* After the token was pulled nothing the library says is believed: the process is started afresh. */
static void
test_removed (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();

  host_rig_open_mock (rig, "", "", NULL);
  g_autoptr (CardeaHostListing) listing = host_rig_unlock (rig, "1234");
  sign_well (rig, listing);
  host_rig_set_mock (rig, "", "present=false");

  g_autoptr (HostSigning) signing =
      host_signing_start (rig, listing, 0x0a, CARDEA_SIGN_RSA_PSS, 256, 10000, NULL);

  host_signing_wait (signing);
  g_assert_error (signing->error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_nonnull (strstr (signing->error->message, "CKR_DEVICE_REMOVED"));
  g_assert_cmpint (cardea_host_get_pid (rig->host), ==, 0);
  g_autoptr (CardeaHostListing) empty = host_rig_must_list (rig);
  g_assert_cmpuint (empty->tokens->len, ==, 0);
  check_works_again (rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/crash", test_crash);
  g_test_add_func ("/host/hang", test_hang);
  g_test_add_func ("/host/spin", test_spin);
  g_test_add_func ("/host/hang-at-start", test_hang_at_start);
  g_test_add_func ("/host/error-at-start", test_error_at_start);
  g_test_add_func ("/host/hang-in-list", test_hang_in_list);
  g_test_add_func ("/host/crash-in-list", test_crash_in_list);
  g_test_add_func ("/host/slow-list", test_slow_list);
  g_test_add_func ("/host/one-lock", test_one_lock);
  g_test_add_func ("/host/lying-lengths", test_lying_lengths);
  g_test_add_func ("/host/endless-search", test_endless_search);
  g_test_add_func ("/host/lying-signature", test_lying_signature);
  g_test_add_func ("/host/stopped", test_stopped);
  g_test_add_func ("/host/killed", test_killed);
  g_test_add_func ("/host/stale-generation", test_stale_generation);
  g_test_add_func ("/host/many-slow", test_many_slow);
  g_test_add_func ("/host/cancelled", test_cancelled);
  g_test_add_func ("/host/impatient", test_impatient);
  g_test_add_func ("/host/cancelled-list", test_cancelled_list);
  g_test_add_func ("/host/back-off", test_back_off);
  g_test_add_func ("/host/login-refused", test_login_refused);
  g_test_add_func ("/host/login-pinpad", test_login_pinpad);
  g_test_add_func ("/host/login-twice", test_login_twice);
  g_test_add_func ("/host/removed", test_removed);
  return g_test_run ();
}
