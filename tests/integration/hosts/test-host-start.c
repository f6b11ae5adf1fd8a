/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a token host starts and ends: what is no module, what a module may do, and an agent that dies. */

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "socket-api/wire/error.h"
#include "tests/fixtures/credentials/credentials.h"
#include "tests/integration/hosts/host-rig.h"

static void
check_no_module (const char *path, CardeaReasonCode reason, const char *words)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  host_rig_open (rig, path, NULL, CARDEA_HOST_TOKENS, NULL);
  g_assert_null (host_rig_list (rig, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpint (cardea_host_get_problem (rig->host)->code, ==, reason);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_module_missing (void)
{
  check_no_module ("/nonexistent/module.so", CARDEA_REASON_MODULE_MISSING, "no such file");
}

static void
test_module_text (void)
{
  check_no_module ("/etc/passwd", CARDEA_REASON_MODULE_FAILED, "cannot be loaded");
}

static void
test_module_library (void)
{
  check_no_module (g_getenv ("CARDEA_PLAIN_LIBRARY"), CARDEA_REASON_MODULE_FAILED, "C_GetFunctionList");
}

/* The probe says CKR_GENERAL_ERROR when it can do what no module should; it has no other function either. */
static void
test_confined (void)
{
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  host_rig_open (rig, g_getenv ("CARDEA_HOST_PROBE"), NULL, CARDEA_HOST_TOKENS, NULL);
  g_assert_null (host_rig_list (rig, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_nonnull (strstr (error->message, "C_GetSlotList: CKR_FUNCTION_NOT_SUPPORTED"));
}

static void
test_no_program (void)
{
  g_autoptr (CardeaHostSpec) spec = cardea_host_spec_new ("tested", "/m.so", NULL, CARDEA_HOST_TOKENS);
  const char *const environment[] = { NULL };
  g_autoptr (HostRig) rig = host_rig_new ();
  g_autoptr (GError) error = NULL;

  rig->host = cardea_host_new (spec, "/nonexistent/cardea-token-host", environment);
  g_assert_null (host_rig_list (rig, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_TOKEN_UNAVAILABLE);
  g_assert_cmpint (cardea_host_get_problem (rig->host)->code, ==, CARDEA_REASON_MODULE_FAILED);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_assert_not_reached ();
}

/* The host's process, seen from a child that plays the agent and then dies without a word. The host is inside
 * the module with the thread that reads its socket, so it cannot see that by itself. */
static void
die_as_agent (int out)
{
  HostRig *rig = host_rig_new ();
  GPid pid;

  host_rig_open_mock (rig, "C_Initialize=hang", "", NULL);
  cardea_host_list_async (rig->host, NULL, on_listed, NULL);
  pid = cardea_host_get_pid (rig->host);
  g_assert_cmpint (pid, >, 0);
  HOST_RIG_WAIT (host_rig_count_log (rig, "C_Initialize hang") > 0);
  g_assert_cmpint (write (out, &pid, sizeof (pid)), ==, sizeof (pid));
  g_assert_cmpint (write (out, rig->folder, strlen (rig->folder)), >, 0);
  raise (SIGKILL);
}

static void
test_agent_dies (void)
{
  int ends[2];
  pid_t agent;
  GPid host = 0;
  char folder[256] = { 0 };

  g_assert_no_errno (pipe (ends));
  agent = fork ();
  g_assert_cmpint (agent, >=, 0);
  if (agent == 0)
    die_as_agent (ends[1]);
  close (ends[1]);
  g_assert_cmpint (read (ends[0], &host, sizeof (host)), ==, sizeof (host));

  struct pollfd gone = { (int)syscall (SYS_pidfd_open, host, 0), POLLIN, 0 };

  g_assert_cmpint (read (ends[0], folder, sizeof (folder) - 1), >, 0);
  g_assert_cmpint (waitpid (agent, NULL, 0), ==, agent);
  if (gone.fd >= 0) { /* else it is gone already */
    g_assert_cmpint (poll (&gone, 1, 20000), ==, 1);
    close (gone.fd);
  }
  close (ends[0]);
  test_remove_folder (folder);
}

static gboolean
is_over (const char *pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/stat", pid);
  g_autofree char *text = NULL;

  return !g_file_get_contents (path, &text, NULL, NULL) || strstr (text, ") Z ") != NULL;
}

/* What the module started ends with the host, whether that is killed or dies by itself. */
static void
test_children (void)
{
  static const char *const behaviours[] = {
    "C_OpenSession=fork;only:1", "C_OpenSession=fork;only:1\nC_CloseSession=crash\nC_FindObjectsInit=crash"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (behaviours); i++) {
    g_autoptr (HostRig) rig = host_rig_new ();
    g_autofree char *path = host_rig_path (rig, "log");
    g_autofree char *text = NULL;
    g_autofree char *pid = NULL;
    const char *line;

    host_rig_open_mock (rig, behaviours[i], "", NULL);
    g_autoptr (CardeaHostListing) listing = host_rig_list (rig, NULL);

    g_assert_true ((listing != NULL) == (i == 0));
    HOST_RIG_WAIT (host_rig_count_log (rig, "C_OpenSession child") == 1);
    g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
    line = strstr (text, "C_OpenSession child ") + strlen ("C_OpenSession child ");
    pid = g_strndup (line, strcspn (line, "\n"));
    g_assert_true (i == 1 || !is_over (pid));
    cardea_host_kill (rig->host);
    HOST_RIG_WAIT (is_over (pid));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/module-missing", test_module_missing);
  g_test_add_func ("/host/module-text", test_module_text);
  g_test_add_func ("/host/module-library", test_module_library);
  g_test_add_func ("/host/confined", test_confined);
  g_test_add_func ("/host/no-program", test_no_program);
  g_test_add_func ("/host/agent-dies", test_agent_dies);
  g_test_add_func ("/host/children", test_children);
  return g_test_run ();
}
