/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One child process: started with nothing it was not given, ended for certain.
 *
 * A pidfd tells when it ended and is what signals go to, so a pid that was used again can never be hit. A
 * process that cannot die at once (it waits for a device inside the kernel) is left to a source that reaps it
 * later, so that the loop waits for nobody. */

#include "agent/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "agent/base/source.h"

#define FIRST_GIVEN 3
#define DEATH_MS 200 /* for a killed process to be gone */

struct _CardeaProcess
{
  pid_t pid;
  int pidfd;
  GMainContext *context;
  GSource *source;
  int status;
  gboolean reaped;
  CardeaProcessEnded ended;
  gpointer data;
};

static gboolean
set_errno (GError **error, int code, const char *what)
{
  g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));
  return FALSE;
}

static gboolean
reap (CardeaProcess *self)
{
  pid_t pid;

  do
    pid = waitpid (self->pid, &self->status, WNOHANG);
  while (pid < 0 && errno == EINTR);
  self->reaped = pid != 0;
  return self->reaped;
}

/* Also what it started: that is in its session, whose number stays its own until it is reaped. */
static void
kill_children (CardeaProcess *self)
{
  kill (-self->pid, SIGKILL);
}

static gboolean
on_process_ended (int fd, GIOCondition condition, gpointer data)
{
  CardeaProcess *self = data;

  kill_children (self);
  if (!reap (self))
    return G_SOURCE_CONTINUE;
  self->ended (self->data); /* frees self */
  return G_SOURCE_REMOVE;
}

static void
process_free (CardeaProcess *self)
{
  cardea_source_clear (&self->source);
  if (self->pidfd >= 0)
    close (self->pidfd);
  g_main_context_unref (self->context);
  g_free (self);
}

static void
watch (CardeaProcess *self, GUnixFDSourceFunc function)
{
  cardea_source_clear (&self->source);
  self->source = g_unix_fd_source_new (self->pidfd, G_IO_IN);
  g_source_set_priority (self->source, G_PRIORITY_DEFAULT + 10); /* after the last words on the socket */
  g_source_set_callback (self->source, G_SOURCE_FUNC (function), self, NULL);
  g_source_attach (self->source, self->context);
}

static int
set_up_attributes (posix_spawnattr_t *attributes)
{
  sigset_t none, all;

  sigemptyset (&none);
  sigfillset (&all);
  posix_spawnattr_setsigmask (attributes, &none);
  posix_spawnattr_setsigdefault (attributes, &all);
  return posix_spawnattr_setflags (attributes,
                                   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
}

static int
set_up_descriptors (posix_spawn_file_actions_t *actions, const int *given, guint n_given)
{
  int code = posix_spawn_file_actions_addopen (actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

  if (code == 0)
    code = posix_spawn_file_actions_addopen (actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  for (guint i = 0; code == 0 && i < n_given; i++)
    code = posix_spawn_file_actions_adddup2 (actions, given[i], FIRST_GIVEN + (int)i);
  if (code == 0)
    code = posix_spawn_file_actions_addclosefrom_np (actions, FIRST_GIVEN + (int)n_given);
  return code;
}

static int
spawn (const char *const *arguments, const char *const *environment, const int *given, guint n_given,
       pid_t *pid)
{
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  int code;

  if ((code = posix_spawnattr_init (&attributes)) != 0)
    return code;
  if ((code = posix_spawn_file_actions_init (&actions)) != 0) {
    posix_spawnattr_destroy (&attributes);
    return code;
  }
  code = set_up_attributes (&attributes);
  if (code == 0)
    code = set_up_descriptors (&actions, given, n_given);
  if (code == 0)
    code = posix_spawn (pid, arguments[0], &actions, &attributes, (char *const *)arguments,
                        (char *const *)environment);
  posix_spawn_file_actions_destroy (&actions);
  posix_spawnattr_destroy (&attributes);
  return code;
}

/* The descriptors are first moved past the numbers they will have, lest one be overwritten before its turn.
 */
static int
spawn_with_moved (const char *const *arguments, const char *const *environment, const int *descriptors,
                  guint n_descriptors, pid_t *pid)
{
  int moved[CARDEA_PROCESS_DESCRIPTORS] = { -1, -1, -1, -1 };
  int code = 0;

  for (guint i = 0; code == 0 && i < n_descriptors; i++) {
    moved[i] = fcntl (descriptors[i], F_DUPFD_CLOEXEC, FIRST_GIVEN + CARDEA_PROCESS_DESCRIPTORS);
    code = moved[i] < 0 ? errno : 0;
  }
  if (code == 0)
    code = spawn (arguments, environment, moved, n_descriptors, pid);
  for (guint i = 0; i < n_descriptors; i++)
    if (moved[i] >= 0)
      close (moved[i]);
  return code;
}

CardeaProcess *
cardea_process_new (const char *const *arguments, const char *const *environment, const int *descriptors,
                    guint n_descriptors, GMainContext *context, CardeaProcessEnded ended, gpointer data,
                    GError **error)
{
  pid_t pid;
  int code;

  g_return_val_if_fail (n_descriptors <= CARDEA_PROCESS_DESCRIPTORS, NULL);

  code = spawn_with_moved (arguments, environment, descriptors, n_descriptors, &pid);
  if (code != 0) {
    set_errno (error, code, arguments[0]);
    return NULL;
  }

  CardeaProcess *self = g_new0 (CardeaProcess, 1);

  self->pid = pid;
  self->context = g_main_context_ref (context);
  self->ended = ended;
  self->data = data;
  self->pidfd = syscall (SYS_pidfd_open, pid, 0); /* CLOEXEC by itself */
  if (self->pidfd < 0) {
    set_errno (error, errno, arguments[0]);
    g_free (cardea_process_end (self));
    return NULL;
  }
  watch (self, on_process_ended);
  return self;
}

GPid
cardea_process_get_pid (const CardeaProcess *self)
{
  return self->pid;
}

static char *
describe (const CardeaProcess *self)
{
  if (self->reaped && WIFSIGNALED (self->status))
    return g_strdup_printf ("signal %d (%s)", WTERMSIG (self->status), g_strsignal (WTERMSIG (self->status)));
  if (self->reaped && WIFEXITED (self->status))
    return g_strdup_printf ("exit code %d", WEXITSTATUS (self->status));
  return g_strdup ("it was killed");
}

static gboolean
on_late_end (int fd, GIOCondition condition, gpointer data)
{
  CardeaProcess *self = data;

  if (!reap (self))
    return G_SOURCE_CONTINUE;
  process_free (self);
  return G_SOURCE_REMOVE;
}

/* The pid is still ours: nobody else waits for it, so it cannot be another's until reap(). */
static void
kill_and_wait (CardeaProcess *self)
{
  struct pollfd item = { self->pidfd, POLLIN, 0 };
  gint64 until = g_get_monotonic_time () + DEATH_MS * 1000;
  int left = DEATH_MS;

  kill (self->pid, SIGKILL);
  kill_children (self);
  while (left > 0 && poll (&item, 1, left) < 0 && errno == EINTR)
    left = (until - g_get_monotonic_time ()) / 1000;
  reap (self);
}

char *
cardea_process_end (CardeaProcess *self)
{
  g_autofree char *description = NULL;

  if (!self->reaped)
    kill_and_wait (self);
  description = describe (self);
  if (self->reaped || self->pidfd < 0)
    process_free (self);
  else
    watch (self, on_late_end);
  return g_steal_pointer (&description);
}
