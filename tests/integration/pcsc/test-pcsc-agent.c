/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* From the card to the server: pcscd, OpenSC in its token host, the agent, TLS with a client certificate. The
 * card counts what really reached it. */

#include "tests/fixtures/card-maker/card-maker.h"
#include "tests/fixtures/lab.h"
#include "tests/fixtures/pcsc-rig/pcsc-rig.h"

#include <glib/gstdio.h>
#include <string.h>
#include <winscard.h>

#define GET "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

typedef struct
{
  CardeaLab *lab;
  PcscRig *rig;
  VirtualCard *card;
  GSubprocess *agent;
  guint16 port;
  gboolean resumes; /* else each connection is one for the card */
} World;

static void
start_agent (World *world, const char *pin)
{
  g_autofree char *more =
      g_strdup_printf ("[streams]\nresumption=%s\n[pin card]\ntoken=pkcs11:token=card-9A\nfile=%s/card-pin\n",
                       world->resumes ? "true" : "false", cardea_lab_get_folder (world->lab));

  cardea_lab_write (world->lab, "card-pin", pin);
  world->agent = cardea_lab_agent (world->lab, (guint16[]){ world->port, 0 }, more,
                                   (const char *[]){ "--module", g_getenv ("CARDEA_OPENSC"), NULL });
}

static void
world_set_up (World *world, gconstpointer slots)
{
  world->lab = cardea_lab_new ();
  world->port = cardea_lab_nginx (world->lab);
  test_card_make (cardea_lab_get_folder (world->lab), "card", "ca", slots);
  world->card = test_card_new (cardea_lab_get_folder (world->lab), "card");
  world->rig = pcsc_rig_new (2);
  pcsc_rig_insert (world->rig, 0, world->card);
}

static void
world_tear_down (World *world, gconstpointer slots)
{
  cardea_lab_free (world->lab);
  pcsc_rig_free (world->rig);
  virtual_card_unref (world->card);
}

/* Fetches a page with the key of a certificate in the lab. Returns the exit status. */
static int
fetch_with (World *world, const char *certificate, char **out, char **err)
{
  g_autofree char *fingerprint = cardea_lab_fingerprint (world->lab, certificate);
  g_autofree char *number = g_strdup_printf ("%u", world->port);

  return cardea_lab_cardea (
      world->lab, (const char *[]){ "connect", "localhost", number, "--certificate", fingerprint, NULL }, GET,
      out, err);
}

static int
fetch (World *world, char **out, char **err)
{
  return fetch_with (world, "card-9A.pem", out, err);
}

static void
fetch_well (World *world)
{
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  int status = fetch (world, &out, &err);

  if (status != 0 || strstr (out, "saw CN=card-9A,O=Cardea") == NULL)
    g_error ("exit %d\n%s\n%s", status, out, err);
}

static void
test_connects (World *world, gconstpointer slots)
{
  VirtualCardCounts counts;

  start_agent (world, TEST_CARD_PIN);
  fetch_well (world);
  counts = virtual_card_get_counts (world->card);
  g_assert_cmpuint (counts.signatures, ==, 1);
  g_assert_cmpuint (counts.verifications, ==, 1);
  g_assert_cmpuint (counts.refusals, ==, 0);

  /* The login lasts: another signature, no other PIN. */
  fetch_well (world);
  counts = virtual_card_get_counts (world->card);
  g_assert_cmpuint (counts.signatures, ==, 2);
  g_assert_cmpuint (counts.verifications, ==, 1);
}

/* The card is asked once, as long as it stays where it is. */
static void
test_resumed (World *world, gconstpointer slots)
{
  VirtualCardCounts counts;

  world->resumes = TRUE;
  start_agent (world, TEST_CARD_PIN);
  for (guint i = 0; i < 3; i++)
    fetch_well (world);
  counts = virtual_card_get_counts (world->card);
  g_assert_cmpuint (counts.signatures, ==, 1);
  g_assert_cmpuint (counts.verifications, ==, 1);

  pcsc_rig_pull (world->rig, 0);
  cardea_lab_wait_for_log (world->lab, "agent", "Token left: ");
  pcsc_rig_insert (world->rig, 0, world->card);
  fetch_well (world);
  counts = virtual_card_get_counts (world->card);
  g_assert_cmpuint (counts.signatures, ==, 2);
  g_assert_cmpuint (counts.verifications, ==, 2);
}

/* Sent once, whoever asks however often; the card has as many tries left as it says. */
static void
test_wrong_pin (World *world, gconstpointer slots)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  VirtualCardCounts counts;

  start_agent (world, "999999");
  g_assert_cmpint (fetch (world, NULL, &first), ==, 1);
  g_assert_nonnull (strstr (first, "PIN"));
  g_assert_cmpint (fetch (world, NULL, &second), ==, 1);
  counts = virtual_card_get_counts (world->card);
  g_assert_cmpuint (counts.verifications, ==, 1);
  g_assert_cmpuint (counts.signatures, ==, 0);
  g_assert_cmpuint (virtual_card_get_pin_tries (world->card), ==, 2);
}

/* Until the agent answers with what is on the card. Returns the APDUs that took. */
static guint
list (World *world)
{
  guint before = virtual_card_get_counts (world->card).apdus;
  g_autofree char *out = NULL;

  g_assert_cmpint (cardea_lab_cardea (world->lab, (const char *[]){ "certificates", NULL }, NULL, &out, NULL),
                   ==, 0);
  g_assert_nonnull (strstr (out, "card-9A"));
  return virtual_card_get_counts (world->card).apdus - before;
}

/* Cards are slow: what the agent asks of one to know it is no more than OpenSC's own tool does, and is not
 * asked twice. */
static void
test_lists (World *world, gconstpointer slots)
{
  guint before = virtual_card_get_counts (world->card).apdus;
  gint64 begin = g_get_monotonic_time ();
  guint tool, agent, again;

  g_assert_cmpint (cardea_lab_run (world->lab,
                                   (const char *[]){ "pkcs11-tool", "--module", g_getenv ("CARDEA_OPENSC"),
                                                     "--list-slots", "--list-objects", NULL },
                                   NULL, NULL, NULL),
                   ==, 0);
  tool = virtual_card_get_counts (world->card).apdus - before;
  g_test_message ("pkcs11-tool: %u APDUs, %u ms", tool, (guint)((g_get_monotonic_time () - begin) / 1000));
  before += tool;
  begin = g_get_monotonic_time ();
  start_agent (world, TEST_CARD_PIN);
  list (world);
  agent = virtual_card_get_counts (world->card).apdus - before;
  g_test_message ("agent: %u APDUs, %u ms", agent, (guint)((g_get_monotonic_time () - begin) / 1000));
  begin = g_get_monotonic_time ();
  again = list (world);
  g_test_message ("again: %u APDUs, %u ms", again, (guint)((g_get_monotonic_time () - begin) / 1000));
  g_assert_cmpuint (agent, <=, tool + 2); /* a reset in between costs some */
  g_assert_cmpuint (again, ==, 0);
  g_assert_cmpuint (virtual_card_get_counts (world->card).verifications, ==, 0);
}

/* As any program of the user's may. */
static void
reset_card (World *world)
{
  SCARDCONTEXT context;
  SCARDHANDLE handle;
  DWORD protocol;

  g_assert_cmpint (SCardEstablishContext (SCARD_SCOPE_SYSTEM, NULL, NULL, &context), ==, SCARD_S_SUCCESS);
  g_assert_cmpint (SCardConnect (context, pcsc_rig_get_reader (world->rig, 0), SCARD_SHARE_SHARED,
                                 SCARD_PROTOCOL_ANY, &handle, &protocol),
                   ==, SCARD_S_SUCCESS);
  g_assert_cmpint (SCardDisconnect (handle, SCARD_RESET_CARD), ==, SCARD_S_SUCCESS);
  SCardReleaseContext (context);
}

/* A login that somebody else ended is over: OpenSC keeps no PIN to send it again by itself, and there is none
 * to be had elsewhere. */
static void
test_reset (World *world, gconstpointer slots)
{
  g_autofree char *pin = cardea_lab_path (world->lab, "card-pin");
  g_autofree char *err = NULL;

  start_agent (world, TEST_CARD_PIN);
  fetch_well (world);
  g_assert_true (virtual_card_is_verified (world->card));
  g_assert_cmpint (g_unlink (pin), ==, 0);
  reset_card (world);
  g_assert_false (virtual_card_is_verified (world->card));
  g_assert_cmpint (fetch (world, NULL, &err), ==, 1);
  g_test_message ("%s", err);
  g_assert_cmpuint (virtual_card_get_counts (world->card).verifications, ==, 1);
  g_assert_false (virtual_card_is_verified (world->card));
}

static void
behave (World *world, const char *behaviour)
{
  test_card_behave (cardea_lab_get_folder (world->lab), "card", NULL, behaviour);
}

static void
test_slow (World *world, gconstpointer slots)
{
  gint64 begin = g_get_monotonic_time ();

  behave (world, "87=delay:1500");
  start_agent (world, TEST_CARD_PIN);
  fetch_well (world);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 1500 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (virtual_card_get_counts (world->card).signatures, ==, 1);
}

/* What the card says is no signature until it was verified: the server never sees it. */
static void
test_garbage (World *world, gconstpointer slots)
{
  g_autofree char *err = NULL;

  behave (world, "87=garbage");
  start_agent (world, TEST_CARD_PIN);
  g_assert_cmpint (fetch (world, NULL, &err), ==, 1);
  g_assert_nonnull (strstr (err, "signature"));
  behave (world, NULL);
  fetch_well (world);
}

/* In the middle of its signature, in each way there is; the card comes back, and so does the token. */
static void
test_pulled (World *world, gconstpointer slots)
{
  static const char *const ways[] = { "87=pull", "87=pull-after", "87=pull-midway" };

  start_agent (world, TEST_CARD_PIN);
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++) {
    g_autofree char *err = NULL;

    behave (world, ways[i]);
    g_assert_cmpint (fetch (world, NULL, &err), ==, 1);
    g_test_message ("%s: %s", ways[i], err);
    behave (world, NULL);
    pcsc_rig_swap (world->rig, 0, world->card);
    cardea_lab_cardea (world->lab, (const char *[]){ "reload", NULL }, NULL, NULL, NULL);
    fetch_well (world);
  }
  g_assert_cmpuint (virtual_card_get_counts (world->card).refusals, ==, 0);
}

/* Another card where the first one was: it gets no PIN that is not its own, and signs nothing. Back again,
 * the first one does. */
static void
test_swapped (World *world, gconstpointer slots)
{
  const char *folder = cardea_lab_get_folder (world->lab);
  g_autoptr (VirtualCard) other = NULL;
  VirtualCardCounts counts;

  test_card_make (folder, "other", "ca", slots);
  other = test_card_new (folder, "other");
  start_agent (world, TEST_CARD_PIN);
  fetch_well (world);
  pcsc_rig_swap (world->rig, 0, other);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (fetch (world, NULL, NULL), ==, 1);
  counts = virtual_card_get_counts (other);
  g_assert_cmpuint (counts.verifications, ==, 0);
  g_assert_cmpuint (counts.signatures, ==, 0);
  pcsc_rig_swap (world->rig, 0, world->card);
  cardea_lab_cardea (world->lab, (const char *[]){ "reload", NULL }, NULL, NULL, NULL);
  fetch_well (world);
}

/* A daemon that is killed and started again, as an upgrade does it. */
static void
test_daemon_killed (World *world, gconstpointer slots)
{
  start_agent (world, TEST_CARD_PIN);
  fetch_well (world);
  pcsc_rig_kill_daemon (world->rig);
  g_assert_cmpint (fetch (world, NULL, NULL), ==, 1);
  pcsc_rig_start_daemon (world->rig);
  cardea_lab_cardea (world->lab, (const char *[]){ "reload", NULL }, NULL, NULL, NULL);
  fetch_well (world);
}

/* What a person answers to one question after the other; "9A" and "9C" choose that certificate. */
static void
write_script (World *world, const char *const *steps)
{
  g_autoptr (GString) script = g_string_new (NULL);

  for (gsize i = 0; steps[i] != NULL; i++) {
    g_autofree char *file = g_strdup_printf ("card-%s.pem", steps[i]);
    g_autofree char *fingerprint = NULL;

    if (steps[i][0] != '9') {
      g_string_append_printf (script, "%s\n", steps[i]);
      continue;
    }
    fingerprint = cardea_lab_fingerprint (world->lab, file);
    g_string_append_printf (script, "shown;pick %s not\n", fingerprint);
  }
  cardea_lab_write (world->lab, "script", script->str);
  cardea_lab_write (world->lab, "right", TEST_CARD_PIN);
  cardea_lab_write (world->lab, "wrong", "999999");
}

/* With a person instead of a source. */
static void
start_asking_agent (World *world, const char *const *steps)
{
  g_setenv ("HOME", cardea_lab_get_folder (world->lab), TRUE);
  write_script (world, steps);
  cardea_lab_set_asks (world->lab, TRUE);
  world->agent = cardea_lab_agent (
      world->lab, (guint16[]){ world->port, 0 }, NULL,
      (const char *[]){ "--module", g_getenv ("CARDEA_OPENSC"), "--prompt-program", FAKE_PROMPT, NULL });
}

static void
fetch_saw (World *world, const char *text)
{
  g_autofree char *number = g_strdup_printf ("%u", world->port);
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  int status = cardea_lab_cardea (world->lab, (const char *[]){ "connect", "localhost", number, NULL }, GET,
                                  &out, &err);

  if (status != 0 || strstr (out, text) == NULL)
    g_error ("exit %d\n%s\n%s", status, out, err);
}

static gboolean
was_asked_for_signature (World *world, guint question)
{
  g_autofree char *name = g_strdup_printf ("question-%u", question);
  g_autofree char *path = cardea_lab_path (world->lab, name);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "\"kind\":\"pin\""));
  return strstr (text, "\"for_signature\":true") != NULL;
}

static void
assert_counts (World *world, guint signatures, guint verifications, guint refusals)
{
  VirtualCardCounts counts = virtual_card_get_counts (world->card);

  g_assert_cmpuint (counts.signatures, ==, signatures);
  g_assert_cmpuint (counts.verifications, ==, verifications);
  g_assert_cmpuint (counts.refusals, ==, refusals);
}

static gboolean
is_locked_again (gpointer world)
{
  return !virtual_card_is_verified (((World *)world)->card);
}

#define RIGHT "shown;type right;typed"

/* The key in 9C wants the PIN for each signature: it is typed once for each connection, whether the card is
 * unlocked or not, and what it unlocks is for nobody else. The key in 9A is as ever. */
static void
test_always (World *world, gconstpointer slots)
{
  static const char *const steps[] = { "9C", RIGHT, "9C", RIGHT, "9A", RIGHT, "9A", "9C", RIGHT, "9A", NULL };

  start_asking_agent (world, steps);
  fetch_saw (world, "saw CN=card-9C");
  g_assert_true (was_asked_for_signature (world, 2));
  assert_counts (world, 1, 2, 0); /* the card's login, and the signature's */
  g_assert_true (cardea_lab_wait_until (is_locked_again, world));
  fetch_saw (world, "saw CN=card-9C");
  g_assert_true (was_asked_for_signature (world, 4));
  assert_counts (world, 2, 4, 0);
  fetch_saw (world, "saw CN=card-9A");
  g_assert_false (was_asked_for_signature (world, 6));
  assert_counts (world, 3, 5, 0);
  fetch_saw (world, "saw CN=card-9A");
  assert_counts (world, 4, 5, 0);
  fetch_saw (world, "saw CN=card-9C"); /* the lease is no help */
  g_assert_true (was_asked_for_signature (world, 9));
  assert_counts (world, 5, 6, 0);
  fetch_saw (world, "saw CN=card-9A"); /* and goes on */
  assert_counts (world, 6, 6, 0);
}

/* One wrong PIN is one try, with and without a login of the card before; cancelling is none. */
static void
test_always_wrong (World *world, gconstpointer slots)
{
  static const char *const steps[] = {
    "9C", "shown;type wrong;typed", RIGHT, "9A",  RIGHT, "9C", "shown;type wrong;typed", RIGHT,
    "9C", "shown;cancel",           "9A",  RIGHT, NULL
  };
  g_autofree char *number = g_strdup_printf ("%u", world->port);

  start_asking_agent (world, steps);
  fetch_saw (world, "saw CN=card-9C");
  assert_counts (world, 1, 3, 1);
  g_assert_cmpuint (virtual_card_get_pin_tries (world->card), ==, 3);
  fetch_saw (world, "saw CN=card-9A");
  assert_counts (world, 2, 4, 1);
  fetch_saw (world, "saw CN=card-9C");
  assert_counts (world, 3, 7, 2);
  g_assert_cmpint (cardea_lab_cardea (world->lab, (const char *[]){ "connect", "localhost", number, NULL },
                                      GET, NULL, NULL),
                   ==, 1);
  assert_counts (world, 3, 7, 2);
  /* The wrong PIN ended the login of the card. */
  fetch_saw (world, "saw CN=card-9A");
  assert_counts (world, 4, 8, 2);
}

/* Nobody is there to type it, and a source does not stand in. */
static void
test_always_headless (World *world, gconstpointer slots)
{
  g_autofree char *err = NULL;

  start_agent (world, TEST_CARD_PIN);
  g_assert_cmpint (fetch_with (world, "card-9C.pem", NULL, &err), ==, 1);
  g_assert_nonnull (strstr (err, "for each signature"));
  g_assert_cmpuint (virtual_card_get_counts (world->card).verifications, ==, 0);
  fetch_well (world);
}

#define ADD(name, slots, test)                                                                               \
  g_test_add ("/pcsc-agent/" name, World, slots, world_set_up, test, world_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("rsa", "9A:rsa", test_connects);
  ADD ("p256", "9A:p256", test_connects);
  ADD ("resumed", "9A:p256", test_resumed);
  ADD ("slow", "9A:rsa", test_slow);
  ADD ("garbage", "9A:rsa", test_garbage);
  ADD ("pulled", "9A:rsa", test_pulled);
  ADD ("swapped", "9A:rsa", test_swapped);
  ADD ("daemon-killed", "9A:p256", test_daemon_killed);
  ADD ("always", "9A:rsa 9C:p256", test_always);
  ADD ("always-wrong", "9A:rsa 9C:p256", test_always_wrong);
  ADD ("always-headless", "9A:rsa 9C:p256", test_always_headless);
  ADD ("lists", "9A:rsa 9C:p256 9D:rsa 9E:p256", test_lists);
  ADD ("reset", "9A:rsa", test_reset);
  ADD ("wrong-pin", "9A:rsa", test_wrong_pin);
  return g_test_run ();
}
