/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The token host's side of an agent that says what no agent says: the process ends by itself, and no PIN that
 * is none ever reaches the module. */

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/hosts/host-process.h"
#include "socket-api/private/host-packet.h"
#include "socket-api/private/host-protocol.h"
#include "tests/integration/hosts/host-rig.h"

typedef struct
{
  HostRig *rig;
  CardeaProcess *process;
  int socket;
  guint8 buffer[CARDEA_LIMIT_HOST_MESSAGE_BYTES];
} Fixture;

static void
on_ended (gpointer data)
{
  g_assert_not_reached (); /* the loop is never turned while it could run */
}

/* FALSE at the end of the host. */
static gboolean
receive (Fixture *self, CardeaHostMessage *message)
{
  struct pollfd item = { self->socket, POLLIN, 0 };
  g_autoptr (GError) error = NULL;
  gsize length = 0;

  g_assert_cmpint (poll (&item, 1, 20000), ==, 1);
  if (!cardea_host_packet_receive (self->socket, self->buffer, sizeof (self->buffer), &length, NULL,
                                   &error)) {
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED); /* it left something unread */
    return FALSE;
  }
  if (length == 0)
    return FALSE;
  g_assert_true (cardea_host_message_decode (self->buffer, length, CARDEA_HOST_REPLIES, message, &error));
  return TRUE;
}

static void
set_up (Fixture *self, gconstpointer data)
{
  const char *arguments[] = { g_getenv ("CARDEA_TOKEN_HOST"), "--module", g_getenv ("CARDEA_MOCK_MODULE"),
                              NULL };
  CardeaHostMessage ready;
  g_autoptr (GError) error = NULL;

  self->rig = host_rig_new ();
  g_autofree char *text = g_strdup_printf ("[module]\nlog=%s/log\n[token one]\n", self->rig->folder);
  g_assert_true (g_file_set_contents (self->rig->control, text, -1, NULL));
  g_autofree char *mock = g_strconcat ("CARDEA_MOCK_CONTROL=", self->rig->control, NULL);
  const char *environment[] = { mock, NULL };

  self->process = cardea_host_process_new (arguments, environment, g_main_context_default (), on_ended, NULL,
                                           &self->socket, &error);
  g_assert_no_error (error);
  g_assert_true (receive (self, &ready));
  g_assert_cmpint (ready.type, ==, CARDEA_HOST_MESSAGE_READY);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  close (self->socket);
  if (self->process != NULL)
    g_free (cardea_process_end (self->process));
  g_assert_cmpuint (host_rig_count_log (self->rig, "C_Login"), ==, 0);
  host_rig_free (self->rig);
}

static void
send_bytes (Fixture *self, const void *bytes, gsize length, int fd)
{
  g_autoptr (GBytes) packet = g_bytes_new (bytes, length);

  g_assert_true (cardea_host_packet_send (self->socket, packet, fd, NULL));
}

static void
send_message (Fixture *self, const CardeaHostMessage *message, int fd)
{
  g_autoptr (GBytes) packet = cardea_host_message_encode (message, NULL);

  g_assert_true (cardea_host_packet_send (self->socket, packet, fd, NULL));
}

static void
check_ended (Fixture *self, const char *how)
{
  CardeaHostMessage message;

  g_assert_false (receive (self, &message));

  g_autofree char *description = cardea_process_end (g_steal_pointer (&self->process));

  g_assert_cmpstr (description, ==, how);
}

static void
test_end (Fixture *self, gconstpointer data)
{
  g_assert_no_errno (shutdown (self->socket, SHUT_WR));
  check_ended (self, "exit code 0");
}

static void
test_garbage (Fixture *self, gconstpointer data)
{
  send_bytes (self, "\xff\xff\xff\xffgarbage", 11, -1);
  check_ended (self, "exit code 1");
}

static void
test_truncated (Fixture *self, gconstpointer data)
{
  send_bytes (self, "\1\0\0\0\1\0\0\0\0\0\0\0\3", 13, -1);
  check_ended (self, "exit code 1");
}

static void
test_oversized (Fixture *self, gconstpointer data)
{
  g_autofree guint8 *bytes = g_malloc0 (CARDEA_LIMIT_HOST_MESSAGE_BYTES + 1);

  send_bytes (self, bytes, CARDEA_LIMIT_HOST_MESSAGE_BYTES + 1, -1);
  check_ended (self, "exit code 1");
}

static void
test_reply (Fixture *self, gconstpointer data)
{
  send_message (self, &(CardeaHostMessage){ CARDEA_HOST_MESSAGE_LISTED, 1 }, -1);
  check_ended (self, "exit code 1");
}

static void
test_descriptor_not_wanted (Fixture *self, gconstpointer data)
{
  send_message (self, &(CardeaHostMessage){ CARDEA_HOST_MESSAGE_LIST, 1, .list = { 1 } }, STDERR_FILENO);
  check_ended (self, "exit code 1");
}

/* The contract has one descriptor at most, so this packet is made by hand. */
static void
test_two_descriptors (Fixture *self, gconstpointer data)
{
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_LOGIN, 1, .login = { 1, 0 } };
  g_autoptr (GBytes) packet = cardea_host_message_encode (&message, NULL);
  const int fds[2] = { STDIN_FILENO, STDERR_FILENO };
  gsize length;
  gpointer bytes = (gpointer)g_bytes_get_data (packet, &length);
  struct iovec vector = { bytes, length };
  union
  {
    struct cmsghdr align;
    char bytes[CMSG_SPACE (sizeof (fds))];
  } control = { { CMSG_LEN (sizeof (fds)), SOL_SOCKET, SCM_RIGHTS } };
  struct msghdr header = {
    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof (control)
  };

  memcpy (CMSG_DATA (&control.align), fds, sizeof (fds));
  g_assert_cmpint (sendmsg (self->socket, &header, 0), ==, (int)length);
  check_ended (self, "exit code 1");
}

/* The login is refused before the module hears of it, and the host goes on. */
static void
check_pin_refused (Fixture *self, int pin)
{
  CardeaHostMessage reply;

  send_message (self, &(CardeaHostMessage){ CARDEA_HOST_MESSAGE_LOGIN, 5, .login = { 1, 0 } }, pin);
  g_assert_true (receive (self, &reply));
  g_assert_cmpint (reply.type, ==, CARDEA_HOST_MESSAGE_FAILED);
  g_assert_cmpuint (reply.id, ==, 5);
  g_assert_cmpuint (reply.failed.failure, ==, CARDEA_HOST_FAILURE_REQUEST);
  send_message (self, &(CardeaHostMessage){ CARDEA_HOST_MESSAGE_LIST, 6, .list = { 1 } }, -1);
  do
    g_assert_true (receive (self, &reply));
  while (reply.type != CARDEA_HOST_MESSAGE_LISTED);
}

static void
check_pin_bytes_refused (Fixture *self, const void *bytes, gsize length)
{
  int ends[2];

  g_assert_no_errno (pipe2 (ends, O_CLOEXEC));
  g_assert_cmpint (write (ends[1], bytes, length), ==, (int)length);
  close (ends[1]);
  check_pin_refused (self, ends[0]);
  close (ends[0]);
}

static void
test_pin_missing (Fixture *self, gconstpointer data)
{
  check_pin_refused (self, -1);
}

static void
test_pin_empty (Fixture *self, gconstpointer data)
{
  check_pin_bytes_refused (self, "", 0);
}

static void
test_pin_nul (Fixture *self, gconstpointer data)
{
  check_pin_bytes_refused (self, "12\00034", 5);
}

static void
test_pin_too_long (Fixture *self, gconstpointer data)
{
  char bytes[CARDEA_LIMIT_PIN_BYTES + 1];

  memset (bytes, '1', sizeof (bytes));
  check_pin_bytes_refused (self, bytes, sizeof (bytes));
}

/* A pipe that never ends. */
static void
test_pin_endless (Fixture *self, gconstpointer data)
{
  int ends[2];

  g_assert_no_errno (pipe2 (ends, O_CLOEXEC));
  g_assert_cmpint (write (ends[1], "1234", 4), ==, 4);
  check_pin_refused (self, ends[0]);
  close (ends[0]);
  close (ends[1]);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*function) (Fixture *self, gconstpointer data);
  } cases[] = {
    { "/host/request-end", test_end },
    { "/host/request-garbage", test_garbage },
    { "/host/request-truncated", test_truncated },
    { "/host/request-oversized", test_oversized },
    { "/host/request-reply", test_reply },
    { "/host/request-descriptor-not-wanted", test_descriptor_not_wanted },
    { "/host/request-two-descriptors", test_two_descriptors },
    { "/host/request-pin-missing", test_pin_missing },
    { "/host/request-pin-empty", test_pin_empty },
    { "/host/request-pin-nul", test_pin_nul },
    { "/host/request-pin-too-long", test_pin_too_long },
    { "/host/request-pin-endless", test_pin_endless },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add (cases[i].path, Fixture, NULL, set_up, cases[i].function, tear_down);
  return g_test_run ();
}
