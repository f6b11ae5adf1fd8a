/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thousands of connections through one agent, each a whole handshake with a signature of the token, leave
 * nothing behind: no descriptor, process or thread, and no memory that grows with their number.
 *
 * What does grow is the memory of how sessions ended, which is kept for a minute: some 4 KiB each. So the
 * bound of the agent's growth is that of the connections of the last minute, which depends on the machine,
 * and a slack for an allocator that had not met its worst moment when the first figure was taken. Half a
 * kilobyte lost by each of ten thousand connections is more than that. Measured: 17 MiB of growth after ten
 * thousand connections in 160 s, all of it sessions of the last minute; none in the host. */

#include "tests/fixtures/seam.h"

#include "socket-api/limits.h"

#include <string.h>
#include <unistd.h>

#define WORKERS 8
#define STEP 200 /* connections between two looks at the clock */
#define MINUTE ((gint64)CARDEA_LIMIT_END_KNOWN_MS * 1000)
#define SESSION_KIB 6
#define AGENT_SLACK_KIB 4096
#define HOST_SLACK_KIB 1024
#define DESCRIPTOR_SLACK 4 /* NSS and GLib open a few when they first need them */
#define THREAD_SLACK 16    /* pools that grow with how many happen to run at once, up to a limit */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_IS_TELLING                                                                                    \
  FALSE /* freed memory is held back on purpose; the sanitizer looks for leaks itself */
#else
#define MEMORY_IS_TELLING TRUE
#endif

typedef struct
{
  guint remembered; /* sessions that ended within the last minute, at most */
  guint fds, children, threads;
  guint agent_kib, host_kib; /* resident */
} Use;

typedef struct
{
  CardeaSeam *seam;
  gint left; /* atomic */
} Work;

static guint
read_status (const char *pid, const char *field)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/status", pid);
  g_autofree char *text = NULL;
  const char *at;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  at = strstr (text, field);
  g_assert_nonnull (at);
  return (guint)g_ascii_strtoull (at + strlen (field), NULL, 10);
}

static Use
measure (CardeaSeam *seam)
{
  GSubprocess *agent = cardea_seam_get_agent (seam);
  const char *pid = g_subprocess_get_identifier (agent);
  g_autofree char *host = g_strdup_printf ("%d", cardea_seam_wait_for_host (seam, CARDEA_SEAM_SOFTHSM));

  return (Use){ 0,
                cardea_lab_count_fds (agent),
                cardea_lab_count_children (agent),
                read_status (pid, "\nThreads:"),
                read_status (pid, "\nVmRSS:"),
                read_status (host, "\nVmRSS:") };
}

static gpointer
work_in_thread (gpointer data)
{
  Work *work = data;

  while (g_atomic_int_add (&work->left, -1) > 0) {
    int fd = cardea_seam_open (work->seam, CARDEA_SEAM_SOFTHSM);

    cardea_seam_echo (fd);
    close (fd);
  }
  return NULL;
}

static gboolean
has_no_sessions (gpointer data)
{
  g_autofree char *out = NULL;

  cardea_lab_cardea (cardea_seam_get_lab (data), (const char *[]){ "sessions", "--json", NULL }, NULL, &out,
                     NULL);
  return strstr (out, "\"id\"") == NULL;
}

static void
make_connections (CardeaSeam *seam, guint count)
{
  GThread *threads[WORKERS];
  Work work = { seam, (gint)count };
  guint before = cardea_echo_server_count_served (cardea_seam_get_server (seam));

  for (guint i = 0; i < WORKERS; i++)
    threads[i] = g_thread_new ("work", work_in_thread, &work);
  for (guint i = 0; i < WORKERS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (cardea_echo_server_count_served (cardea_seam_get_server (seam)) - before, ==, count);
  g_assert_true (cardea_lab_wait_until (has_no_sessions, seam));
}

/* Of @ends (gint64): when each step was over. */
static guint
count_remembered (GArray *ends)
{
  gint64 now = g_get_monotonic_time ();
  guint n = 0;

  for (guint i = 0; i < ends->len; i++)
    if (now - g_array_index (ends, gint64, i) < MINUTE)
      n += STEP;
  return n;
}

static Use
connect_and_measure (CardeaSeam *seam, guint count, GArray *ends)
{
  gint64 begin = g_get_monotonic_time ();
  Use use;

  for (guint done = 0; done < count; done += STEP) {
    gint64 end;

    make_connections (seam, STEP);
    end = g_get_monotonic_time ();
    g_array_append_val (ends, end);
  }
  use = measure (seam);
  use.remembered = count_remembered (ends);
  g_test_message ("%u connections in %.1f s, then %u descriptors, %u children, %u threads, agent %u KiB, "
                  "host %u KiB; %u sessions remembered",
                  count, (g_get_monotonic_time () - begin) / 1e6, use.fds, use.children, use.threads,
                  use.agent_kib, use.host_kib, use.remembered);
  return use;
}

static void
assert_no_leaks (guint warm_up, guint count)
{
  g_autoptr (CardeaSeam) seam = cardea_seam_new ();
  g_autoptr (GArray) ends = g_array_new (FALSE, FALSE, sizeof (gint64));
  Use before = connect_and_measure (seam, warm_up, ends);
  Use after = connect_and_measure (seam, count, ends);
  guint more = after.remembered > before.remembered ? after.remembered - before.remembered : 0;

  g_assert_cmpuint (after.fds, <=, before.fds + DESCRIPTOR_SLACK);
  g_assert_cmpuint (after.children, ==, before.children);
  g_assert_cmpuint (after.threads, <=, before.threads + THREAD_SLACK);
  if (!MEMORY_IS_TELLING)
    return;
  g_assert_cmpuint (after.agent_kib, <=, before.agent_kib + more * SESSION_KIB + AGENT_SLACK_KIB);
  g_assert_cmpuint (after.host_kib, <=, before.host_kib + HOST_SLACK_KIB);
}

static void
test_ten_thousand (void)
{
  assert_no_leaks (1000, 10000);
}

static void
test_thousand (void)
{
  assert_no_leaks (STEP, 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-leaks/thousand", test_thousand);
  g_test_add_func ("/agent-leaks/ten-thousand", test_ten_thousand);
  return g_test_run ();
}
