/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One connection to the agent.
 *
 * The socket is non-blocking and each wait is a poll with a deadline, so that a stuck agent never hangs its
 * callers. What is held of a reply is bounded by the frame. Of an upgrade's reply not a byte beyond its NUL
 * may be taken from the socket, as that is the stream already, which others will read: such a reply is peeked
 * at first. Descriptors are kept apart from the replies: the kernel ties them to bytes, and one read may
 * return the end of one reply and all of the next. */

#include "socket-api/client/client.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "socket-api/client/remote-error.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/frame.h"

#define CONNECT_SECONDS 10
#define SEND_MS 10000
#define MAX_FDS 8 /* room to receive, so that they can be closed: one is too many but for Open */

struct _CardeaClient
{
  int fd;             /* the socket; -1 once dead or given away */
  int descriptor;     /* to go along with the next call, borrowed; or -1 */
  int passed_fd;      /* came along, not taken yet; or -1 */
  CardeaFrame *frame; /* what was read and not handed out */
  GBytes *next;       /* popped from it ahead of time; or NULL */
};

static void
close_fd (int *fd)
{
  int old = *fd;

  *fd = -1;
  if (old >= 0)
    close (old);
}

static void
set_unreachable (GError **error, const char *path, int code)
{
  if (code == ENOENT || code == ECONNREFUSED)
    cardea_set_error (
        error, CARDEA_ERROR_SERVICE,
        "The agent is not running: nothing listens on %s. Start it with \"systemctl --user start "
        "cardea-agent.socket\", or run cardea-agent.",
        path);
  else if (code == EAGAIN)
    cardea_set_error (error, CARDEA_ERROR_SERVICE,
                      "The agent does not answer on %s. Restart it with \"systemctl --user restart "
                      "cardea-agent.service\".",
                      path);
  else if (code == EACCES)
    cardea_set_error (
        error, CARDEA_ERROR_SERVICE,
        "The agent's socket %s may not be opened: it belongs to another user, or a folder above it does.",
        path);
  else
    cardea_set_error (error, CARDEA_ERROR_SERVICE, "The agent's socket %s cannot be opened: %s", path,
                      g_strerror (code));
}

static gboolean
check_peer (int fd, const char *path, GError **error)
{
  struct ucred peer = { 0 };
  socklen_t length = sizeof peer;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
    set_unreachable (error, path, errno);
    return FALSE;
  }
  if (peer.uid != geteuid ()) {
    cardea_set_error (
        error, CARDEA_ERROR_SERVICE,
        "What listens on %s runs as another user (%u): nothing was sent to it. Name your own agent's "
        "socket with --socket or CARDEA_SOCKET.",
        path, (guint)peer.uid);
    return FALSE;
  }
  return TRUE;
}

static gboolean
connect_socket (int fd, const char *path, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  struct timeval limit = { .tv_sec = CONNECT_SECONDS };

  if (g_strlcpy (address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
    set_unreachable (error, path, ENAMETOOLONG);
    return FALSE;
  }
  /* With a full backlog connect() waits, but no longer than a send may (unix(7), EAGAIN). */
  (void)setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (connect (fd, (struct sockaddr *)&address, sizeof address) != 0) {
    set_unreachable (error, path, errno);
    return FALSE;
  }
  return check_peer (fd, path, error);
}

CardeaClient *
cardea_client_new (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0) {
    set_unreachable (error, path, errno);
    return NULL;
  }
  if (!connect_socket (fd, path, error)) {
    close (fd);
    return NULL;
  }
  return cardea_client_new_for_fd (fd);
}

CardeaClient *
cardea_client_new_for_fd (int fd)
{
  g_return_val_if_fail (fd >= 0, NULL);

  CardeaClient *self = g_new0 (CardeaClient, 1);

  (void)g_unix_set_fd_nonblocking (fd, TRUE, NULL);
  self->fd = fd;
  self->descriptor = -1;
  self->passed_fd = -1;
  self->frame = cardea_frame_new (CARDEA_LIMIT_REPLY_BYTES);
  return self;
}

void
cardea_client_free (CardeaClient *self)
{
  if (self == NULL)
    return;
  close_fd (&self->fd);
  close_fd (&self->passed_fd);
  cardea_frame_free (self->frame);
  g_clear_pointer (&self->next, g_bytes_unref);
  g_free (self);
}

static gint64
deadline_after (int timeout_ms)
{
  return timeout_ms < 0 ? -1 : g_get_monotonic_time () + (gint64)timeout_ms * 1000;
}

static int
remaining_ms (gint64 deadline)
{
  if (deadline < 0)
    return -1;

  gint64 left = deadline - g_get_monotonic_time ();

  return left <= 0 ? 0 : (int)MIN ((left + 999) / 1000, G_MAXINT);
}

static void
set_gone (CardeaClient *self, GError **error)
{
  close_fd (&self->fd);
  cardea_set_error (error, CARDEA_ERROR_SERVICE,
                    "The agent closed the connection without an answer: it stopped, or refused this program. "
                    "\"journalctl --user -u cardea-agent\" may say why.");
}

static gboolean
wait_for (CardeaClient *self, short events, gint64 deadline, GError **error)
{
  struct pollfd entry = { .fd = self->fd, .events = events };
  int n;

  do
    n = poll (&entry, 1, remaining_ms (deadline));
  while (n < 0 && errno == EINTR);
  if (n > 0)
    return TRUE;
  close_fd (&self->fd);
  if (n == 0)
    cardea_set_error (error, CARDEA_ERROR_TIMED_OUT, "The agent did not answer in time");
  else
    cardea_set_error (error, CARDEA_ERROR_SERVICE, "Waiting for the agent failed: %s", g_strerror (errno));
  return FALSE;
}

static gboolean
check_alive (CardeaClient *self, GError **error)
{
  if (self->fd >= 0)
    return TRUE;
  cardea_set_error (error, CARDEA_ERROR_SERVICE, "The connection to the agent has ended already");
  return FALSE;
}

/* Like send(); the descriptor goes along with what is sent first. */
static gssize
send_some (CardeaClient *self, const guint8 *bytes, gsize length)
{
  union
  {
    char bytes[CMSG_SPACE (sizeof (int))];
    struct cmsghdr align;
  } control = { 0 };
  struct iovec part = { .iov_base = (void *)bytes, .iov_len = length };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
  gssize n;

  if (self->descriptor >= 0) {
    control.align.cmsg_level = SOL_SOCKET;
    control.align.cmsg_type = SCM_RIGHTS;
    control.align.cmsg_len = CMSG_LEN (sizeof self->descriptor);
    memcpy (CMSG_DATA (&control.align), &self->descriptor, sizeof self->descriptor);
    header.msg_control = control.bytes;
    header.msg_controllen = sizeof control.bytes;
  }
  n = sendmsg (self->fd, &header, MSG_NOSIGNAL);
  if (n > 0)
    self->descriptor = -1;
  return n;
}

static gboolean
send_call (CardeaClient *self, const CardeaWireCall *call, GError **error)
{
  if (!check_alive (self, error))
    return FALSE;

  g_autoptr (GBytes) message = cardea_wire_call_serialise (call, error);

  if (message == NULL)
    return FALSE;

  gint64 deadline = deadline_after (SEND_MS);
  gsize length;
  const guint8 *bytes = g_bytes_get_data (message, &length);

  for (gsize sent = 0; sent < length;) {
    gssize n = send_some (self, bytes + sent, length - sent);

    if (n >= 0)
      sent += (gsize)n;
    else if (errno == EAGAIN) {
      if (!wait_for (self, POLLOUT, deadline, error))
        return FALSE;
    } else if (errno == EPIPE) {
      /* An agent that turns us away says why before it hangs up: reading finds that, or the end. */
      return TRUE;
    } else if (errno != EINTR) {
      set_gone (self, error);
      return FALSE;
    }
  }
  return TRUE;
}

/* Keeps the one descriptor there may be and closes any other, whatever happens then. */
static gboolean
keep_descriptors (CardeaClient *self, struct msghdr *header)
{
  guint n_refused = (header->msg_flags & MSG_CTRUNC) != 0 ? 1 : 0;

  for (struct cmsghdr *item = CMSG_FIRSTHDR (header); item != NULL; item = CMSG_NXTHDR (header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS)
      continue;
    for (gsize i = 0; i < (item->cmsg_len - CMSG_LEN (0)) / sizeof (int); i++) {
      int fd;

      memcpy (&fd, CMSG_DATA (item) + i * sizeof (int), sizeof fd);
      if (self->passed_fd < 0)
        self->passed_fd = fd;
      else {
        close (fd);
        n_refused++;
      }
    }
  }
  return n_refused == 0;
}

static gssize
read_with_descriptors (CardeaClient *self, guint8 *buffer, gsize size)
{
  union
  {
    char bytes[CMSG_SPACE (MAX_FDS * sizeof (int))];
    struct cmsghdr align;
  } control;
  struct iovec part = { .iov_base = buffer, .iov_len = size };
  struct msghdr header = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  gssize n = recvmsg (self->fd, &header, MSG_CMSG_CLOEXEC);

  if (n >= 0 && !keep_descriptors (self, &header)) {
    errno = EPROTO;
    return -1;
  }
  return n;
}

/* Reads up to the first NUL and not a byte more. */
static gssize
read_to_nul (CardeaClient *self, guint8 *buffer, gsize size)
{
  gssize n = recv (self->fd, buffer, size, MSG_PEEK);
  const guint8 *nul = n > 0 ? memchr (buffer, '\0', (gsize)n) : NULL;

  if (nul != NULL)
    n = nul - buffer + 1;
  return n > 0 ? read_with_descriptors (self, buffer, (gsize)n) : n;
}

/* FALSE with an error once no more can come. TRUE: try to pop. */
static gboolean
fill (CardeaClient *self, gboolean stop_at_nul, gint64 deadline, GError **error)
{
  guint8 buffer[16384];
  gssize n = stop_at_nul ? read_to_nul (self, buffer, sizeof buffer)
                         : read_with_descriptors (self, buffer, sizeof buffer);

  if (n > 0) {
    if (cardea_frame_push (self->frame, buffer, (gsize)n, error))
      return TRUE;
    close_fd (&self->fd);
    return FALSE;
  }
  if (n < 0 && errno == EAGAIN)
    return wait_for (self, POLLIN, deadline, error);
  if (n < 0 && errno == EINTR)
    return TRUE;
  if (n < 0 && errno == EPROTO) {
    close_fd (&self->fd);
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "The agent passed descriptors that nobody asked for");
    return FALSE;
  }
  set_gone (self, error);
  return FALSE;
}

static json_t *
take_parameters (CardeaClient *self, GBytes *message, gboolean *continues, GError **error)
{
  g_autoptr (CardeaWireReply) reply = cardea_wire_reply_parse (message, error);

  if (reply == NULL) {
    close_fd (&self->fd);
    return NULL;
  }
  if (reply->error != NULL) {
    g_propagate_error (error, cardea_remote_error_new (reply->error, reply->parameters));
    return NULL;
  }
  *continues = reply->continues;
  return g_steal_pointer (&reply->parameters);
}

static GBytes *
pop (CardeaClient *self)
{
  return self->next != NULL ? g_steal_pointer (&self->next) : cardea_frame_pop (self->frame);
}

static json_t *
receive (CardeaClient *self, gboolean stop_at_nul, int timeout_ms, gboolean *continues, GError **error)
{
  gint64 deadline = deadline_after (timeout_ms);
  g_autoptr (GBytes) message = NULL;

  while ((message = pop (self)) == NULL)
    if (!check_alive (self, error) || !fill (self, stop_at_nul, deadline, error))
      return NULL;
  return take_parameters (self, message, continues, error);
}

/* The only reply of a call: one that promises more is none. */
static json_t *
receive_only (CardeaClient *self, gboolean stop_at_nul, int timeout_ms, GError **error)
{
  gboolean continues = FALSE;
  g_autoptr (json_t) parameters = receive (self, stop_at_nul, timeout_ms, &continues, error);

  if (parameters == NULL || !continues)
    return g_steal_pointer (&parameters);
  close_fd (&self->fd);
  cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "The agent promised more replies than were asked for");
  return NULL;
}

json_t *
cardea_client_call (CardeaClient *self, const char *method, json_t *parameters, int timeout_ms,
                    GError **error)
{
  g_return_val_if_fail (self != NULL && method != NULL, NULL);

  CardeaWireCall call = { .method = (char *)method, .parameters = parameters };

  if (!send_call (self, &call, error))
    return NULL;
  return receive_only (self, FALSE, timeout_ms, error);
}

gboolean
cardea_client_send_more (CardeaClient *self, const char *method, json_t *parameters, GError **error)
{
  g_return_val_if_fail (self != NULL && method != NULL, FALSE);

  CardeaWireCall call = { .method = (char *)method, .parameters = parameters, .more = TRUE };

  return send_call (self, &call, error);
}

json_t *
cardea_client_receive (CardeaClient *self, int timeout_ms, gboolean *continues, GError **error)
{
  g_return_val_if_fail (self != NULL && continues != NULL, NULL);

  return receive (self, FALSE, timeout_ms, continues, error);
}

gboolean
cardea_client_call_more (CardeaClient *self, const char *method, json_t *parameters, int timeout_ms,
                         CardeaClientReplyFunc func, gpointer user_data, GError **error)
{
  g_return_val_if_fail (self != NULL && method != NULL && func != NULL, FALSE);

  gint64 deadline = deadline_after (timeout_ms);
  gboolean continues = TRUE;

  if (!cardea_client_send_more (self, method, parameters, error))
    return FALSE;
  while (continues) {
    g_autoptr (json_t) reply = receive (self, FALSE, remaining_ms (deadline), &continues, error);

    if (reply == NULL)
      return FALSE;
    if (!func (reply, user_data)) {
      close_fd (&self->fd);
      return TRUE;
    }
  }
  return TRUE;
}

int
cardea_client_upgrade (CardeaClient *self, const char *method, json_t *parameters, int timeout_ms,
                       json_t **reply, GError **error)
{
  g_return_val_if_fail (self != NULL && method != NULL, -1);

  CardeaWireCall call = { .method = (char *)method, .parameters = parameters, .upgrade = TRUE };

  if (!send_call (self, &call, error))
    return -1;

  g_autoptr (json_t) answer = receive_only (self, TRUE, timeout_ms, error);

  if (answer == NULL) {
    close_fd (&self->fd);
    return -1;
  }
  if (reply != NULL)
    *reply = g_steal_pointer (&answer);
  return g_steal_fd (&self->fd);
}

int
cardea_client_wrap (CardeaClient *self, int socket, const char *server_name, guint16 port, json_t *options,
                    int timeout_ms, json_t **reply, GError **error)
{
  g_return_val_if_fail (self != NULL && socket >= 0 && server_name != NULL, -1);

  g_autoptr (json_t) parameters =
      json_pack ("{s:s, s:i, s:O*}", "server_name", server_name, "port", (int)port, "options", options);
  int stream = -1;

  if (parameters != NULL) {
    cardea_client_set_descriptor (self, socket);
    stream = cardea_client_upgrade (self, "org.cardea.agent.Wrap", parameters, timeout_ms, reply, error);
    cardea_client_set_descriptor (self, -1);
  } else
    cardea_set_error (error, CARDEA_ERROR_PROTOCOL, "The server's name is not UTF-8 text");
  close (socket);
  return stream;
}

gboolean
cardea_client_wait (CardeaClient *self, int timeout_ms)
{
  g_return_val_if_fail (self != NULL, FALSE);

  struct pollfd entry = { .fd = self->fd, .events = POLLIN };
  gint64 deadline = deadline_after (timeout_ms);
  int n;

  self->next = pop (self);
  if (self->next != NULL || self->fd < 0)
    return TRUE;
  do
    n = poll (&entry, 1, remaining_ms (deadline));
  while (n < 0 && errno == EINTR);
  return n != 0;
}

int
cardea_client_take_fd (CardeaClient *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return g_steal_fd (&self->passed_fd);
}

void
cardea_client_set_descriptor (CardeaClient *self, int fd)
{
  g_return_if_fail (self != NULL);

  self->descriptor = fd;
}

int
cardea_client_open_terminal (void)
{
  int fd = open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

  if (fd >= 0 && tcgetpgrp (fd) != getpgrp ()) {
    close (fd);
    fd = -1;
  }
  return fd;
}
