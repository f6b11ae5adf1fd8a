/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rig itself, as a client of PC/SC sees it. */

#include "tests/fixtures/pcsc-rig/pcsc-rig.h"

#include <gio/gio.h>
#include <signal.h>
#include <winscard.h>

#include "tests/fixtures/card-maker/card-maker.h"
#include "tests/fixtures/credentials/credentials.h"

static guint
get_count (guint32 state)
{
  return state >> 16;
}

static SCARDCONTEXT
establish (void)
{
  SCARDCONTEXT context;

  g_assert_cmpint (SCardEstablishContext (SCARD_SCOPE_SYSTEM, NULL, NULL, &context), ==, SCARD_S_SUCCESS);
  return context;
}

static void
test_inserted (void)
{
  g_autoptr (PcscRig) rig = pcsc_rig_new (2);
  g_autoptr (VirtualCard) card = virtual_card_new (NULL);
  guint32 before = pcsc_rig_wait_for_state (rig, 1, FALSE);

  g_assert_cmpstr (pcsc_rig_get_reader (rig, 1), ==, "Cardea test reader 0 00 01");
  pcsc_rig_insert (rig, 1, card);
  g_assert_cmpuint (get_count (pcsc_rig_wait_for_state (rig, 1, TRUE)), ==, get_count (before) + 1);
  g_assert_cmpuint (pcsc_rig_wait_for_state (rig, 0, FALSE) & SCARD_STATE_PRESENT, ==, 0);
}

static void
test_pulled (void)
{
  g_autoptr (PcscRig) rig = pcsc_rig_new (2);
  g_autoptr (VirtualCard) card = virtual_card_new (NULL);

  pcsc_rig_pull (rig, 0); /* where nothing is */
  for (guint i = 0; i < 3; i++) {
    pcsc_rig_insert (rig, 0, card);
    g_assert_cmpuint (get_count (pcsc_rig_wait_for_state (rig, 0, TRUE)), ==, 2 * i + 1);
    pcsc_rig_pull (rig, 0);
    g_assert_cmpuint (get_count (pcsc_rig_wait_for_state (rig, 0, FALSE)), ==, 2 * i + 2);
  }
}

/* Nobody who asks only now and then may miss that the card is another one. */
static void
test_swapped (void)
{
  g_autoptr (PcscRig) rig = pcsc_rig_new (2);
  g_autoptr (VirtualCard) one = virtual_card_new (NULL);
  g_autoptr (VirtualCard) other = virtual_card_new (NULL);

  pcsc_rig_insert (rig, 0, one);
  g_assert_cmpuint (get_count (pcsc_rig_wait_for_state (rig, 0, TRUE)), ==, 1);
  pcsc_rig_swap (rig, 0, other);
  g_assert_cmpuint (get_count (pcsc_rig_wait_for_state (rig, 0, TRUE)), ==, 3);
}

static void
test_answers (void)
{
  static const guint8 select[] = { 0x00, 0xa4, 0x04, 0x00, 0x02, 0x3f, 0x00 };
  g_autoptr (PcscRig) rig = pcsc_rig_new (2);
  g_autoptr (VirtualCard) card = virtual_card_new (NULL);
  g_autoptr (GBytes) atr = virtual_card_get_atr (card);
  SCARDCONTEXT context = establish ();
  SCARDHANDLE handle;
  DWORD protocol, answer_length = 0, atr_length = MAX_ATR_SIZE;
  guint8 answer[258], bytes[MAX_ATR_SIZE];

  pcsc_rig_insert (rig, 0, card);
  pcsc_rig_wait_for_state (rig, 0, TRUE);
  g_assert_cmpint (SCardConnect (context, pcsc_rig_get_reader (rig, 0), SCARD_SHARE_SHARED,
                                 SCARD_PROTOCOL_ANY, &handle, &protocol),
                   ==, SCARD_S_SUCCESS);
  g_assert_cmpuint (protocol, ==, SCARD_PROTOCOL_T1);
  g_assert_cmpint (SCardStatus (handle, NULL, NULL, NULL, NULL, bytes, &atr_length), ==, SCARD_S_SUCCESS);
  g_assert_cmpmem (bytes, atr_length, g_bytes_get_data (atr, NULL), g_bytes_get_size (atr));
  answer_length = sizeof answer;
  g_assert_cmpint (SCardTransmit (handle, SCARD_PCI_T1, select, sizeof select, NULL, answer, &answer_length),
                   ==, SCARD_S_SUCCESS);
  g_assert_cmpmem (answer, answer_length, "\x6d\x00", 2);
  pcsc_rig_pull (rig, 0);
  answer_length = sizeof answer;
  g_assert_cmpint (SCardTransmit (handle, SCARD_PCI_T1, select, sizeof select, NULL, answer, &answer_length),
                   !=, SCARD_S_SUCCESS);
  SCardReleaseContext (context);
}

static void
test_killed (void)
{
  g_autoptr (PcscRig) rig = pcsc_rig_new (2);
  SCARDCONTEXT context = establish ();
  DWORD length = 0;

  pcsc_rig_kill_daemon (rig);
  g_assert_cmpint (SCardListReaders (context, NULL, NULL, &length), !=, SCARD_S_SUCCESS);
  g_assert_cmpint (SCardEstablishContext (SCARD_SCOPE_SYSTEM, NULL, NULL, &context), ==, SCARD_E_NO_SERVICE);
  pcsc_rig_start_daemon (rig);
  pcsc_rig_wait_for_state (rig, 0, FALSE);
  pcsc_rig_kill_daemon (rig);
}

/* The count of events begins anew, with the card in the reader. */
static void
test_killed_with_card (void)
{
  g_autoptr (PcscRig) rig = pcsc_rig_new (2);
  g_autoptr (VirtualCard) card = virtual_card_new (NULL);

  pcsc_rig_insert (rig, 1, card);
  pcsc_rig_kill_daemon (rig);
  pcsc_rig_start_daemon (rig);
  g_assert_cmpuint (get_count (pcsc_rig_wait_for_state (rig, 1, TRUE)), ==, 1);
  pcsc_rig_pull (rig, 1);
  pcsc_rig_wait_for_state (rig, 1, FALSE);
}

static gpointer
continue_daemon (gpointer data)
{
  g_usleep (200 * G_TIME_SPAN_MILLISECOND);
  pcsc_rig_signal_daemon (data, SIGCONT);
  return NULL;
}

static void
test_stopped (void)
{
  g_autoptr (PcscRig) rig = pcsc_rig_new (2);
  gint64 begin = g_get_monotonic_time ();
  GThread *helper;
  SCARDCONTEXT context;

  pcsc_rig_signal_daemon (rig, SIGSTOP);
  helper = g_thread_new ("continue", continue_daemon, rig);
  context = establish ();
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 200 * G_TIME_SPAN_MILLISECOND);
  g_thread_join (helper);
  SCardReleaseContext (context);
}

static void
test_many (void)
{
  g_autoptr (PcscRig) rig = pcsc_rig_new (16);
  g_autoptr (VirtualCard) card = virtual_card_new (NULL);
  g_autoptr (VirtualCard) other = virtual_card_new (NULL);

  pcsc_rig_insert (rig, 15, card);
  pcsc_rig_insert (rig, 0, other);
  pcsc_rig_wait_for_state (rig, 15, TRUE);
  pcsc_rig_wait_for_state (rig, 0, TRUE);
  pcsc_rig_wait_for_state (rig, 14, FALSE);
}

/* Two in a row in one process, and no process or file of either left over. */
static void
test_alone (void)
{
  g_autofree char *first = NULL;

  for (guint i = 0; i < 2; i++) {
    g_autoptr (PcscRig) rig = pcsc_rig_new (2);

    if (first != NULL)
      g_assert_cmpstr (pcsc_rig_get_socket (rig), ==, first);
    else
      first = g_strdup (pcsc_rig_get_socket (rig));
    g_assert_true (g_file_test (first, G_FILE_TEST_EXISTS));
    g_assert_cmpstr (g_getenv ("PCSCLITE_CSOCK_NAME"), ==, first);
  }
  g_assert_false (g_file_test (first, G_FILE_TEST_EXISTS));
}

/* One APDU to the card in a reader; whether an answer came. A pull in the middle may look like a success
 * without a byte. */
static gboolean
exchange (PcscRig *rig, guint reader)
{
  static const guint8 select[] = { 0x00, 0xa4, 0x04, 0x00 };
  SCARDCONTEXT context = establish ();
  SCARDHANDLE handle;
  DWORD protocol, length = 258;
  guint8 answer[258];
  gboolean answered;

  answered =
      SCardConnect (context, pcsc_rig_get_reader (rig, reader), SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY,
                    &handle, &protocol) == SCARD_S_SUCCESS &&
      SCardTransmit (handle, SCARD_PCI_T1, select, sizeof select, NULL, answer, &length) == SCARD_S_SUCCESS &&
      length >= 2;
  SCardReleaseContext (context);
  return answered;
}

static gpointer
exchange_with_first (gpointer rig)
{
  return GINT_TO_POINTER (exchange (rig, 0));
}

/* A silent card keeps only who asks it waiting; pulling it ends that. */
static void
test_silent (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("pcsc-silent-XXXXXX", &error);
  g_autoptr (PcscRig) rig = pcsc_rig_new (4);
  g_autoptr (VirtualCard) silent = NULL;
  g_autoptr (VirtualCard) same_driver = virtual_card_new (NULL);
  g_autoptr (VirtualCard) other_driver = virtual_card_new (NULL);
  GThread *patient;

  test_card_make (folder, "silent", NULL, "9A:p256");
  test_card_behave (folder, "silent", NULL, "any=silent");
  silent = test_card_new (folder, "silent");
  pcsc_rig_insert (rig, 0, silent);
  pcsc_rig_insert (rig, 1, same_driver);
  pcsc_rig_insert (rig, 2, other_driver);
  patient = g_thread_new ("patient", exchange_with_first, rig);
  while (virtual_card_get_counts (silent).apdus == 0)
    g_usleep (1000);
  g_assert_true (exchange (rig, 1));
  g_assert_true (exchange (rig, 2));
  pcsc_rig_pull (rig, 0);
  g_assert_false (GPOINTER_TO_INT (g_thread_join (patient)));
  g_assert_cmpuint (virtual_card_get_counts (silent).apdus, ==, 1);
  test_remove_folder (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pcsc-rig/inserted", test_inserted);
  g_test_add_func ("/pcsc-rig/pulled", test_pulled);
  g_test_add_func ("/pcsc-rig/swapped", test_swapped);
  g_test_add_func ("/pcsc-rig/answers", test_answers);
  g_test_add_func ("/pcsc-rig/killed", test_killed);
  g_test_add_func ("/pcsc-rig/killed-with-card", test_killed_with_card);
  g_test_add_func ("/pcsc-rig/stopped", test_stopped);
  g_test_add_func ("/pcsc-rig/many", test_many);
  g_test_add_func ("/pcsc-rig/silent", test_silent);
  g_test_add_func ("/pcsc-rig/alone", test_alone);
  return g_test_run ();
}
