/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who is calling.
 *
 * The peer's number is not enough: a process may connect, hand its socket on and end, and its number come
 * back for another. So everything hangs on two descriptors that the kernel ties to one process, not to a
 * number: a pidfd, which tells that it still runs, and its folder of /proc, whose files fail once it is gone.
 * After each look the process must still be there; whoever is gone is refused, never guessed. Where the
 * kernel cannot give the pidfd of the peer (before 6.5) it is opened by number, and a process that started
 * after the connection was accepted is refused as well.
 *
 * A program whose executable cannot be read (it made itself undumpable, or its file is unreadable) might sit
 * in a sandbox we cannot see. It gets the rights of a sandboxed one, shares one key with all its like, and is
 * never remembered.
 *
 * A host program's path is only a label. It is the key "exe:PATH" when that path, as we see it, is the very
 * file that runs; in another mount namespace, or replaced since, it is "elsewhere:PATH", so that a
 * container's /usr/bin/firefox does not meet the decisions of the real one.
 *
 * Not defended against, because it cannot be: a program of the user that becomes or steers another, and one
 * that hangs us in a file system of its own making. It could as well end us. */
#include "agent/caller/caller.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/printable.h"
#include "agent/caller/proc-text.h"
#include "agent/caller/program.h"
#include "socket-api/wire/error.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5; Debian 12's headers are older */
#endif

#define MAX_PROC_BYTES (64 * 1024)
#define MAX_PATH_BYTES 4096
#define MAX_PARENTS 8

struct _CardeaCaller
{
  gint ref_count;
  CardeaCallerStrength strength;
  CardeaConfinement confinement;
  char *label;
  char *key;
  pid_t pid;
  gboolean may_be_remembered;
  char **parents;
};

/* A process that is being looked at. Both descriptors are owned; -1 when empty. */
typedef struct
{
  pid_t pid;
  pid_t parent;
  int pidfd;
  int folder; /* /proc/PID */
  gint64 accepted_at;
} Look;

static void
look_clear (Look *look)
{
  if (look->pidfd >= 0)
    close (look->pidfd);
  if (look->folder >= 0)
    close (look->folder);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Look, look_clear)

static gboolean
fail_gone (GError **error)
{
  cardea_set_error (error, CARDEA_ERROR_PERMISSION_DENIED,
                    "The program that connected is gone, so nobody can tell who it was; connect again from a "
                    "program that stays");
  return FALSE;
}

static gboolean
is_alive (const Look *look)
{
  struct pollfd waiting = { .fd = look->pidfd, .events = POLLIN };

  /* A pidfd becomes readable when its process ends. */
  return poll (&waiting, 1, 0) == 0;
}

/* Reads a whole file below @folder, NUL-terminated, or nothing: NULL with errno set. */
static char *
read_file (int folder, const char *name, gsize *length)
{
  int fd = openat (folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
  g_autofree char *buffer = NULL;
  struct stat info;
  gsize done = 0;
  gssize n;

  if (fd < 0)
    return NULL;

  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode)) {
    close (fd);
    errno = EINVAL;
    return NULL;
  }

  buffer = g_malloc (MAX_PROC_BYTES + 1);
  do {
    n = read (fd, buffer + done, MAX_PROC_BYTES + 1 - done);
    if (n > 0)
      done += (gsize)n;
  } while ((n > 0 && done <= MAX_PROC_BYTES) || (n < 0 && errno == EINTR));
  close (fd);

  if (n < 0)
    return NULL;
  if (done > MAX_PROC_BYTES) {
    errno = EFBIG;
    return NULL;
  }

  buffer[done] = '\0';
  *length = done;
  return g_steal_pointer (&buffer);
}

static char *
read_link (int folder, const char *name)
{
  char target[MAX_PATH_BYTES];
  gssize length = readlinkat (folder, name, target, sizeof target);

  if (length <= 0 || length == (gssize)sizeof target)
    return NULL;

  return g_strndup (target, (gsize)length);
}

static gboolean
open_pidfd (int fd, Look *look, GError **error)
{
  socklen_t size = sizeof look->pidfd;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERPIDFD, &look->pidfd, &size) == 0)
    return TRUE;
  look->pidfd = -1;

  if (errno != ENOPROTOOPT)
    return fail_gone (error);

  look->pidfd = pidfd_open (look->pid, 0);
  return look->pidfd >= 0 || fail_gone (error);
}

static gboolean
open_look (int fd, Look *look, GError **error)
{
  g_autofree char *path = NULL;
  struct ucred peer = { 0 };
  socklen_t size = sizeof peer;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || size != sizeof peer || peer.pid <= 0) {
    cardea_set_error (error, CARDEA_ERROR_PERMISSION_DENIED,
                      "The kernel does not show which program is calling");
    return FALSE;
  }
  if (peer.uid != geteuid ()) {
    cardea_set_error (error, CARDEA_ERROR_PERMISSION_DENIED,
                      "This agent serves user %u, not user %u; use the agent of your own session", geteuid (),
                      peer.uid);
    return FALSE;
  }

  look->pid = peer.pid;
  if (!open_pidfd (fd, look, error))
    return FALSE;

  path = g_strdup_printf ("/proc/%d", (int)peer.pid);
  look->folder = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return (look->folder >= 0 && is_alive (look)) || fail_gone (error);
}

/* When the process started, as monotonic microseconds; a tick too early rather than too late. */
static gint64
start_to_monotonic (guint64 ticks)
{
  struct timespec boot, monotonic;
  gint64 suspended;

  clock_gettime (CLOCK_BOOTTIME, &boot);
  clock_gettime (CLOCK_MONOTONIC, &monotonic);
  suspended =
      ((gint64)boot.tv_sec - monotonic.tv_sec) * G_USEC_PER_SEC + (boot.tv_nsec - monotonic.tv_nsec) / 1000;

  return (gint64)((gdouble)ticks * G_USEC_PER_SEC / (gdouble)sysconf (_SC_CLK_TCK)) - suspended;
}

static gboolean
look_at_start (Look *look, CardeaCaller *caller, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  guint64 ticks;

  text = read_file (look->folder, "stat", &length);
  if (!text || !cardea_proc_parse_stat (text, length, &look->parent, &ticks))
    return fail_gone (error);

  return start_to_monotonic (ticks) <= look->accepted_at || fail_gone (error);
}

static void
set_identity (CardeaCaller *caller, CardeaConfinement confinement, const char *kind, const char *name)
{
  caller->strength = CARDEA_CALLER_CONFINED;
  caller->confinement = confinement;
  caller->label = g_strdup (name);
  caller->key = g_strdup_printf ("%s:%s", kind, name);
  caller->may_be_remembered = TRUE;
}

/* What we cannot see into is taken for a sandbox of unknown make. */
static void
set_unknown (CardeaCaller *caller)
{
  caller->strength = CARDEA_CALLER_CONFINED;
  caller->confinement = CARDEA_CONFINEMENT_NONE;
  caller->label = g_strdup_printf ("a program that hides what it is (process %d)", (int)caller->pid);
  caller->key = g_strdup ("unknown:");
}

static gboolean
look_for_flatpak (Look *look, CardeaCaller *caller, GError **error)
{
  g_autofree char *text = NULL;
  g_autofree char *name = NULL;
  gsize length;

  text = read_file (look->folder, "root/.flatpak-info", &length);
  if (!text && (errno == ENOENT || errno == ENOTDIR))
    return TRUE;

  name = text ? cardea_proc_parse_flatpak_info (text, length) : NULL;
  if (name)
    set_identity (caller, CARDEA_CONFINEMENT_FLATPAK, "flatpak", name);
  else
    set_unknown (caller);

  return TRUE;
}

static gboolean
look_for_snap (Look *look, CardeaCaller *caller, GError **error)
{
  static const char *const labels[] = { "attr/apparmor/current", "attr/current" };
  g_autofree char *name = NULL;
  g_autofree char *cgroup = NULL;
  gsize length;

  if (caller->key)
    return TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (labels) && !name; i++) {
    g_autofree char *text = read_file (look->folder, labels[i], &length);

    name = text ? cardea_proc_parse_security_label (text, length) : NULL;
  }

  if (!name) {
    cgroup = read_file (look->folder, "cgroup", &length);
    name = cgroup ? cardea_proc_parse_cgroup (cgroup, length) : NULL;
  }

  if (name)
    set_identity (caller, CARDEA_CONFINEMENT_SNAP, "snap", name);
  return TRUE;
}

static gboolean
look_at_executable (Look *look, CardeaCaller *caller, GError **error)
{
  g_autofree char *path = NULL;
  struct stat runs, here;
  gboolean in_place;

  if (caller->key)
    return TRUE;

  path = read_link (look->folder, "exe");
  if (!path || fstatat (look->folder, "exe", &runs, 0) != 0) {
    set_unknown (caller);
    return TRUE;
  }

  in_place =
      path[0] == '/' && stat (path, &here) == 0 && here.st_dev == runs.st_dev && here.st_ino == runs.st_ino;
  caller->strength = CARDEA_CALLER_HOST;
  caller->confinement = CARDEA_CONFINEMENT_NONE;
  caller->label = cardea_printable (path, -1);
  caller->key = g_strdup_printf ("%s:%s", in_place ? "exe" : "elsewhere", caller->label);
  caller->may_be_remembered = in_place && runs.st_uid == 0 && !(runs.st_mode & (S_IWGRP | S_IWOTH)) &&
                              !cardea_program_is_general_purpose (path);
  return TRUE;
}

/* For display only, so a parent that ends meanwhile ends the list and nothing else. */
static gboolean
look_at_parents (Look *look, CardeaCaller *caller, GError **error)
{
  g_autoptr (GPtrArray) parents = g_ptr_array_new_with_free_func (g_free);
  pid_t pid = look->parent;

  while (pid > 1 && parents->len < MAX_PARENTS) {
    g_autofree char *path = g_strdup_printf ("/proc/%d", (int)pid);
    g_autofree char *executable = NULL;
    g_autofree char *text = NULL;
    gsize length;
    guint64 ticks;
    int folder = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
      break;
    executable = read_link (folder, "exe");
    text = read_file (folder, "stat", &length);
    close (folder);

    if (!executable || !text || !cardea_proc_parse_stat (text, length, &pid, &ticks))
      break;
    g_ptr_array_add (parents, cardea_printable (executable, -1));
  }

  g_ptr_array_add (parents, NULL);
  caller->parents = (char **)g_ptr_array_steal (parents, NULL);
  return TRUE;
}

CardeaCaller *
cardea_caller_new_for_socket (int fd, gint64 accepted_at, GError **error)
{
  static gboolean (*const looks[]) (Look * look, CardeaCaller * caller, GError * *error) = {
    look_at_start, look_for_flatpak, look_for_snap, look_at_executable, look_at_parents,
  };
  g_auto (Look) look = { .pidfd = -1, .folder = -1, .accepted_at = accepted_at };
  g_autoptr (CardeaCaller) self = g_new0 (CardeaCaller, 1);

  self->ref_count = 1;
  if (!open_look (fd, &look, error))
    return NULL;
  self->pid = look.pid;

  for (guint i = 0; i < G_N_ELEMENTS (looks); i++) {
    if (!looks[i](&look, self, error))
      return NULL;
    if (!is_alive (&look)) {
      fail_gone (error);
      return NULL;
    }
  }

  return g_steal_pointer (&self);
}

CardeaCaller *
cardea_caller_new (CardeaCallerStrength strength, CardeaConfinement confinement, const char *label,
                   const char *key, pid_t pid)
{
  CardeaCaller *self = g_new0 (CardeaCaller, 1);

  self->ref_count = 1;
  self->strength = strength;
  self->confinement = confinement;
  self->label = g_strdup (label);
  self->key = g_strdup (key);
  self->pid = pid;
  self->may_be_remembered = confinement != CARDEA_CONFINEMENT_NONE;
  self->parents = g_new0 (char *, 1);
  return self;
}

CardeaCaller *
cardea_caller_ref (CardeaCaller *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
cardea_caller_unref (CardeaCaller *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  g_free (self->label);
  g_free (self->key);
  g_strfreev (self->parents);
  g_free (self);
}

CardeaCallerStrength
cardea_caller_get_strength (const CardeaCaller *self)
{
  return self->strength;
}

CardeaConfinement
cardea_caller_get_confinement (const CardeaCaller *self)
{
  return self->confinement;
}

const char *
cardea_caller_get_label (const CardeaCaller *self)
{
  return self->label;
}

const char *
cardea_caller_get_key (const CardeaCaller *self)
{
  return self->key;
}

pid_t
cardea_caller_get_pid (const CardeaCaller *self)
{
  return self->pid;
}

gboolean
cardea_caller_may_be_remembered (const CardeaCaller *self)
{
  return self->may_be_remembered;
}

const char *const *
cardea_caller_get_parents (const CardeaCaller *self)
{
  return (const char *const *)self->parents;
}
