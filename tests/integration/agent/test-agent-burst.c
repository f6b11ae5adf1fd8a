/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* As many connections at once as one program may have, each with a signature that takes its time. That all
 * signatures run together is shown by the module: it lets none of them finish before the last has begun. */

#include "socket-api/limits.h"
#include "tests/fixtures/seam.h"

#include <unistd.h>

#define ALL CARDEA_LIMIT_PENDING_PER_CALLER

typedef struct
{
  CardeaSeam *seam;
  int fd;
  GError *error;
} Connecting;

static gpointer
connect_in_thread (gpointer data)
{
  Connecting *self = data;

  self->fd = cardea_seam_connect (self->seam, CARDEA_SEAM_MOCK, &self->error);
  return NULL;
}

static void
connect_all (CardeaSeam *seam)
{
  GThread *threads[ALL];
  Connecting all[ALL];
  gint64 begin = g_get_monotonic_time ();

  for (guint i = 0; i < ALL; i++) {
    all[i] = (Connecting){ seam, -1, NULL };
    threads[i] = g_thread_new ("connect", connect_in_thread, &all[i]);
  }
  for (guint i = 0; i < ALL; i++)
    g_thread_join (threads[i]);
  g_test_message ("%d connections in %.2f s", ALL, (g_get_monotonic_time () - begin) / 1e6);
  for (guint i = 0; i < ALL; i++) {
    g_assert_no_error (all[i].error);
    cardea_seam_echo (all[i].fd);
    close (all[i].fd);
  }
}

static void
test_all_sign_at_once (void)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  g_autofree char *behaviour = g_strdup_printf ("C_Sign=delay:300;gather:%d", ALL);
  guint before;

  cardea_seam_assert_mock_works (seam);
  cardea_seam_behave (seam, behaviour);
  before = cardea_seam_count_calls (seam, "C_Sign ");
  connect_all (seam);
  /* Exactly one signature each. */
  g_assert_cmpuint (cardea_seam_count_calls (seam, "C_Sign ") - before, ==, ALL);
  g_assert_cmpuint (cardea_seam_count_calls (seam, "C_Sign CKR_OK"), ==, ALL + before);
  cardea_seam_behave (seam, "");
  cardea_seam_assert_mock_works (seam);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-burst/all-sign-at-once", test_all_sign_at_once);
  return g_test_run ();
}
