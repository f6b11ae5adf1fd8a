/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a connection costs in files: none is opened to verify the server, to choose or to sign, however many
 * authorities the system has. strace(1) tells of all the agent's threads. */

#include <string.h>
#include <unistd.h>

#include "tests/fixtures/lab.h"

#define N_CONNECTIONS 10

/* An agent that is traced from its start refuses to be; only root can look at one that runs. */
static gboolean
trace (CardeaLab *lab, GSubprocess *agent)
{
  g_autofree char *path = cardea_lab_path (lab, "trace");

  cardea_lab_spawn (lab, "strace",
                    (const char *const[]){ "strace", "-f", "-y", "-e",
                                           "trace=open,openat,openat2,clone,clone3", "-e", "signal=none",
                                           "-o", path, "-p", g_subprocess_get_identifier (agent), NULL });
  cardea_lab_wait_for_log (lab, "strace", geteuid () == 0 ? " attached" : "Operation not permitted");
  return geteuid () == 0;
}

/* Ids of the agent's threads: those there were, and whatever one of them started as a thread. */
typedef struct
{
  GHashTable *threads;
  GHashTable *beginning; /* those that are in the middle of starting one, by a line that was interrupted */
  GPtrArray *opened;     /* lines, of those threads */
} Trace;

static void
note_clone (Trace *self, gpointer tid, const char *call)
{
  const char *result = strrchr (call, '=');
  gboolean thread = strstr (call, "CLONE_THREAD") != NULL || g_hash_table_remove (self->beginning, tid);

  if (thread && strstr (call, "<unfinished") != NULL)
    g_hash_table_add (self->beginning, tid);
  else if (thread && result != NULL)
    g_hash_table_add (self->threads, GINT_TO_POINTER (atoi (result + 1)));
}

/* "1234 openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3", and the two halves of one that was interrupted. */
static void
read_line (Trace *self, const char *line)
{
  gpointer tid = GINT_TO_POINTER (atoi (line));
  const char *call = strchr (line, ' ');

  if (call == NULL)
    return;
  call += strspn (call, " ");
  if (!g_hash_table_contains (self->threads, tid))
    return;
  if (g_str_has_prefix (call, "clone") || g_str_has_prefix (call, "<... clone"))
    note_clone (self, tid, call);
  else if (g_str_has_prefix (call, "open"))
    g_ptr_array_add (self->opened, g_strdup (call));
}

static void
add_threads (GHashTable *threads, GSubprocess *agent)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/task", g_subprocess_get_identifier (agent));
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (folder)) != NULL)
    g_hash_table_add (threads, GINT_TO_POINTER (atoi (name)));
}

/* All that was opened so far by @threads and those they started; the caller unrefs. */
static GPtrArray *
read_trace (CardeaLab *lab, GHashTable *threads)
{
  g_autofree char *path = cardea_lab_path (lab, "trace");
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  Trace self = { threads, g_hash_table_new (NULL, NULL), g_ptr_array_new_with_free_func (g_free) };

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    read_line (&self, lines[i]);
  g_hash_table_unref (self.beginning);
  return self.opened;
}

/* Who calls, by the kernel; where the server is, by libc; libproxy knows ports by their names; and what the
 * first login wrote into SoftHSM's folder is looked at when it has been quiet for a moment. */
static gboolean
is_expected (const char *call)
{
  static const char *const names[] = { "\"/proc/", "</proc/", "\"/etc/hosts\"", "\"/etc/services\"",
                                       "/tokens" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strstr (call, names[i]) != NULL)
      return TRUE;
  return FALSE;
}

static void
connect_once (CardeaLab *lab, const char *port)
{
  g_autofree char *fingerprint = cardea_lab_fingerprint (lab, "ec.pem");

  g_assert_cmpint (
      cardea_lab_cardea (lab, (const char *[]){ "connect", "-c", fingerprint, "localhost", port, NULL },
                         "GET / HTTP/1.0\r\n\r\n", NULL, NULL),
      ==, 0);
}

static void
test_no_file (void)
{
  g_autoptr (CardeaLab) lab = cardea_lab_new ();
  g_autoptr (GHashTable) threads = g_hash_table_new (NULL, NULL);
  guint16 number = cardea_lab_nginx (lab);
  g_autofree char *port = g_strdup_printf ("%u", number);
  g_autoptr (GPtrArray) opened = NULL;
  GSubprocess *agent;

  agent = cardea_lab_agent (lab, (guint16[]){ number, 0 }, "[authorities]\nsystem=true\n", NULL);
  connect_once (lab, port); /* what is loaded once: libraries, resolver, proxies */
  add_threads (threads, agent);
  if (!trace (lab, agent))
    return;
  for (guint i = 0; i < N_CONNECTIONS; i++)
    connect_once (lab, port);
  opened = read_trace (lab, threads);
  g_assert_cmpuint (opened->len, >=, N_CONNECTIONS);
  for (guint i = 0; i < opened->len; i++)
    if (!is_expected (opened->pdata[i]))
      g_error ("a connection opens a file: %s", (char *)opened->pdata[i]);
  g_test_message (
      "%d connections opened %u files, all of them of the kernel, the resolver, the proxies or the watch",
      N_CONNECTIONS, opened->len);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-hot-path/no-file", test_no_file);
  return g_test_run ();
}
