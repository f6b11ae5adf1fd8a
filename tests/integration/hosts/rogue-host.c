/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A token host that a card has taken over: it says what no honest one says, as CARDEA_ROGUE in its
 * environment tells. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "socket-api/private/host-packet.h"
#include "socket-api/private/host-protocol.h"

#define SOCKET 3

typedef struct
{
  const char *name;
  void (*act) (guint64 listing); /* the id of a LIST request, after READY; or 0 at the start */
  gboolean at_start;
} Way;

static void
send_message (const CardeaHostMessage *message)
{
  g_autoptr (GBytes) packet = cardea_host_message_encode (message, NULL);

  if (!cardea_host_packet_send (SOCKET, packet, -1, NULL))
    _exit (0); /* the agent had enough */
}

static void
send_raw (const void *bytes, gsize length, int fd)
{
  g_autoptr (GBytes) packet = g_bytes_new (bytes, length);

  if (!cardea_host_packet_send (SOCKET, packet, fd, NULL))
    _exit (0);
}

static void
send_end (guint64 id)
{
  send_message (&(CardeaHostMessage){ CARDEA_HOST_MESSAGE_LISTED, id });
}

static void
send_token (guint64 id, guint64 slot)
{
  send_message (&(CardeaHostMessage){ CARDEA_HOST_MESSAGE_TOKEN, id, .token = { .slot = slot } });
}

static void
garbage (guint64 id)
{
  send_raw ("\xff\xff\xff\xffgarbage", 11, -1);
}

static void
truncated (guint64 id)
{
  send_raw ("\x40\0\0\0\0\0\0", 7, -1);
}

static void
trailing (guint64 id)
{
  send_raw ("\x40\0\0\0\0\0\0\0\0\0\0\0x", 13, -1);
}

static void
oversized (guint64 id)
{
  g_autofree guint8 *bytes = g_malloc0 (CARDEA_LIMIT_HOST_MESSAGE_BYTES + 1);

  send_raw (bytes, CARDEA_LIMIT_HOST_MESSAGE_BYTES + 1, -1);
}

static void
descriptor (guint64 id)
{
  send_raw ("\x40\0\0\0\0\0\0\0\0\0\0\0", 12, STDERR_FILENO);
}

static void
silent (guint64 id)
{
  pause ();
}

static void
leaves (guint64 id)
{
  _exit (0);
}

static void
hangs_up (guint64 id)
{
  close (SOCKET);
  pause ();
}

static void
list_first (guint64 id)
{
  send_end (1);
}

/* Text as bad as it gets: not UTF-8, an escape sequence, a direction override, a line of its own. */
static void
bad_words (guint64 id)
{
  static const char text[] = "bad \xff\xfe \x1b[2Jwords \xe2\x80\xae reversed\nnext";
  CardeaHostMessage message = { CARDEA_HOST_MESSAGE_FAILED, 0 };

  message.failed.failure = CARDEA_HOST_FAILURE_MODULE;
  message.failed.message = (CardeaHostBytes){ (const guint8 *)text, sizeof (text) - 1 };
  send_message (&message);
  _exit (1);
}

static void
unknown_id (guint64 id)
{
  send_end (id + 1);
}

static void
twice (guint64 id)
{
  send_end (id);
  send_end (id);
}

static void
wrong_answer (guint64 id)
{
  send_message (&(CardeaHostMessage){ CARDEA_HOST_MESSAGE_LOGGED_IN, id });
}

static void
foreign_slot (guint64 id)
{
  send_token (id, 1);
  send_message (&(CardeaHostMessage){ CARDEA_HOST_MESSAGE_CERTIFICATE, id,
                                      .certificate = { 2, { (const guint8 *)"der", 3 } } });
}

static void
token_twice (guint64 id)
{
  send_token (id, 1);
  send_token (id, 1);
}

static void
many_tokens (guint64 id)
{
  for (guint64 i = 0; i <= CARDEA_LIMIT_TOKENS_PER_HOST; i++)
    send_token (id, i);
}

static void
many_keys (guint64 id)
{
  send_token (id, 1);
  for (guint64 i = 0; i <= CARDEA_LIMIT_CERTIFICATES_PER_TOKEN; i++)
    send_message (&(CardeaHostMessage){ CARDEA_HOST_MESSAGE_KEY, id, .key = { .slot = 1 } });
}

static void
many_bytes (guint64 id)
{
  g_autofree guint8 *bytes = g_malloc0 (CARDEA_LIMIT_CERTIFICATE_BYTES);

  send_token (id, 1);
  for (guint64 i = 0; i * CARDEA_LIMIT_CERTIFICATE_BYTES <= CARDEA_LIMIT_HOST_LISTING_BYTES; i++)
    send_message (&(CardeaHostMessage){ CARDEA_HOST_MESSAGE_CERTIFICATE, id,
                                        .certificate = { 1, { bytes, CARDEA_LIMIT_CERTIFICATE_BYTES } } });
}

static void
unasked_authority (guint64 id)
{
  send_message (
      &(CardeaHostMessage){ CARDEA_HOST_MESSAGE_AUTHORITY, id,
                            .authority = { CARDEA_HOST_WIRE_TRUST_ANCHOR, { (const guint8 *)"x", 1 } } });
}

static void
progress_flood (guint64 id)
{
  while (TRUE)
    send_message (&(CardeaHostMessage){ CARDEA_HOST_MESSAGE_PROGRESS, id });
}

/* Never silent and never done. */
static void
always_busy (guint64 id)
{
  while (TRUE) {
    send_message (&(CardeaHostMessage){ CARDEA_HOST_MESSAGE_PROGRESS, id });
    g_usleep (50 * 1000);
  }
}

static const Way ways[] = {
  { "garbage", garbage, TRUE },
  { "truncated", truncated, TRUE },
  { "trailing", trailing, TRUE },
  { "oversized", oversized, TRUE },
  { "descriptor", descriptor, TRUE },
  { "silent", silent, TRUE },
  { "leaves", leaves, TRUE },
  { "hangs-up", hangs_up, TRUE },
  { "list-first", list_first, TRUE },
  { "bad-words", bad_words, TRUE },
  { "unknown-id", unknown_id },
  { "twice", twice },
  { "wrong-answer", wrong_answer },
  { "foreign-slot", foreign_slot },
  { "token-twice", token_twice },
  { "many-tokens", many_tokens },
  { "many-keys", many_keys },
  { "many-bytes", many_bytes },
  { "unasked-authority", unasked_authority },
  { "progress-flood", progress_flood },
  { "always-busy", always_busy },
};

static const Way *
find_way (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    if (g_strcmp0 (ways[i].name, name) == 0)
      return &ways[i];
  g_error ("no such way to misbehave: %s", name);
}

static guint64
receive_list (void)
{
  g_autofree guint8 *buffer = g_malloc (CARDEA_LIMIT_HOST_MESSAGE_BYTES);
  CardeaHostMessage message;
  gsize length;

  if (!cardea_host_packet_receive (SOCKET, buffer, CARDEA_LIMIT_HOST_MESSAGE_BYTES, &length, NULL, NULL) ||
      !cardea_host_message_decode (buffer, length, CARDEA_HOST_REQUESTS, &message, NULL))
    _exit (0);
  return message.id;
}

int
main (void)
{
  const Way *way = find_way (g_getenv ("CARDEA_ROGUE"));

  if (way->at_start) {
    way->act (0);
    pause (); /* what comes next is the agent's */
  }
  send_message (&(CardeaHostMessage){ CARDEA_HOST_MESSAGE_READY, 0 });
  way->act (receive_list ());
  pause ();
  return 0;
}
