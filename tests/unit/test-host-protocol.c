/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Packets between the agent and a token host, the hostile ones first: each side must survive the other. */

#include <string.h>
#include <sys/socket.h>
#include <fcntl.h>
#include <unistd.h>

#include "socket-api/private/host-packet.h"
#include "socket-api/private/host-protocol.h"

#define TEXT(string)                                                                                         \
  {                                                                                                          \
    (const guint8 *)(string), sizeof (string) - 1                                                            \
  }

static const CardeaHostMessage samples[] = {
  { CARDEA_HOST_MESSAGE_LIST, 1, .list = { 3 } },
  { CARDEA_HOST_MESSAGE_LOGIN, 2, .login = { G_MAXUINT64, 1, CARDEA_HOST_WIRE_LOGIN_FRESH } },
  { CARDEA_HOST_MESSAGE_SIGN, 3,
    .sign = { 7, CARDEA_HOST_WIRE_SIGN_ECDSA, 256, CARDEA_HOST_WIRE_SIGN_PINPAD, TEXT ("id"), TEXT (""),
              TEXT ("digest") } },
  { CARDEA_HOST_MESSAGE_READY, 0 },
  { CARDEA_HOST_MESSAGE_PROGRESS, 4 },
  { CARDEA_HOST_MESSAGE_TOKEN, 5,
    .token = { 1, 1, 0, 1, 0, CARDEA_HOST_WIRE_PIN_LOW, 31, CARDEA_HOST_WIRE_PIN_FINE, 4, 8, 3,
               TEXT ("label"), TEXT ("maker"), TEXT ("model"), TEXT ("01"), TEXT ("reader") } },
  { CARDEA_HOST_MESSAGE_CERTIFICATE, 6,
    .certificate = { 1, TEXT ("0\202der"), TEXT ("\0id"), TEXT ("name") } },
  { CARDEA_HOST_MESSAGE_KEY, 7, .key = { 1, 1, TEXT ("id"), TEXT ("modulus") } },
  { CARDEA_HOST_MESSAGE_AUTHORITY, 8, .authority = { CARDEA_HOST_WIRE_TRUST_DISTRUSTED, TEXT ("der") } },
  { CARDEA_HOST_MESSAGE_LISTED, 9, .listed = { 1, 1 } },
  { CARDEA_HOST_MESSAGE_LOGGED_IN, 10 },
  { CARDEA_HOST_MESSAGE_SIGNATURE, 11, .signature = { TEXT ("signature") } },
  { CARDEA_HOST_MESSAGE_LOGOUT, 12, .logout = { 1 } },
  { CARDEA_HOST_MESSAGE_LOGGED_OUT, 13 },
  { CARDEA_HOST_MESSAGE_SET_PIN, 14, .set_pin = { 1, 0, CARDEA_HOST_WIRE_SET_PIN_UNBLOCK_BY_PUK } },
  { CARDEA_HOST_MESSAGE_PIN_SET, 15 },
  { CARDEA_HOST_MESSAGE_LOGIN_ENDED, 16, .login_ended = { 1 } },
  { CARDEA_HOST_MESSAGE_FAILED, G_MAXUINT64,
    .failed = { CARDEA_HOST_FAILURE_PIN, 0xa0, CARDEA_HOST_WIRE_PIN_LOCKED, TEXT ("why"),
                CARDEA_HOST_TRIES_MOST + 1 } },
};

static CardeaHostDirection
direction_of (const CardeaHostMessage *message)
{
  return message->type < CARDEA_HOST_MESSAGE_READY ? CARDEA_HOST_REQUESTS : CARDEA_HOST_REPLIES;
}

static GBytes *
encode (const CardeaHostMessage *message)
{
  g_autoptr (GError) error = NULL;
  GBytes *packet = cardea_host_message_encode (message, &error);

  g_assert_no_error (error);
  return packet;
}

static gboolean
decodes (const guint8 *packet, gsize length, CardeaHostDirection direction)
{
  /* A block of just that size, so that a sanitizer sees a read past the end. */
  g_autofree guint8 *copy = g_memdup2 (packet, length);
  CardeaHostMessage message, untouched;
  g_autoptr (GError) error = NULL;

  memset (&message, 0x5a, sizeof (message));
  untouched = message;
  if (cardea_host_message_decode (copy, length, direction, &message, &error))
    return TRUE;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpmem (&message, sizeof (message), &untouched, sizeof (untouched));
  return FALSE;
}

static void
test_round_trip (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++) {
    g_autoptr (GBytes) packet = encode (&samples[i]);
    g_autoptr (GBytes) again = NULL;
    g_autoptr (GError) error = NULL;
    CardeaHostMessage message;
    gsize length;
    const guint8 *data = g_bytes_get_data (packet, &length);

    g_assert_true (cardea_host_message_decode (data, length, direction_of (&samples[i]), &message, &error));
    g_assert_no_error (error);
    g_assert_cmpint (message.type, ==, samples[i].type);
    g_assert_cmpuint (message.id, ==, samples[i].id);
    again = encode (&message);
    g_assert_true (g_bytes_equal (packet, again));
    g_assert_cmpstr (cardea_host_message_type_to_string (message.type), !=, "unknown");
  }
}

static void
test_fields (void)
{
  g_autoptr (GBytes) packet = encode (&samples[6]);
  CardeaHostMessage message;
  gsize length;
  const guint8 *data = g_bytes_get_data (packet, &length);

  g_assert_true (cardea_host_message_decode (data, length, CARDEA_HOST_REPLIES, &message, NULL));
  g_assert_cmpuint (message.certificate.slot, ==, 1);
  g_assert_cmpmem (message.certificate.der.data, message.certificate.der.length, "0\202der", 5);
  g_assert_cmpmem (message.certificate.key_id.data, message.certificate.key_id.length, "\0id", 3);
  g_assert_cmpmem (message.certificate.label.data, message.certificate.label.length, "name", 4);
}

static void
test_truncated (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++) {
    g_autoptr (GBytes) packet = encode (&samples[i]);
    gsize length;
    const guint8 *data = g_bytes_get_data (packet, &length);

    for (gsize cut = 0; cut < length; cut++)
      g_assert_false (decodes (data, cut, direction_of (&samples[i])));
    g_assert_true (decodes (data, length, direction_of (&samples[i])));
  }
}

static void
test_trailing (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++) {
    g_autoptr (GBytes) packet = encode (&samples[i]);
    g_autoptr (GByteArray) longer = g_byte_array_new ();

    g_byte_array_append (longer, g_bytes_get_data (packet, NULL), g_bytes_get_size (packet));
    g_byte_array_append (longer, (const guint8 *)"", 1);
    g_assert_false (decodes (longer->data, longer->len, direction_of (&samples[i])));
  }
}

/* A length that lies by one, by all there is, and by more than fits 32 bits with what is added. */
static void
test_lying_length (void)
{
  static const guint32 lies[] = { 8, 10, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff };
  g_autoptr (GBytes) packet = encode (&samples[11]);
  gsize length;
  const guint8 *data = g_bytes_get_data (packet, &length);

  for (gsize i = 0; i < G_N_ELEMENTS (lies); i++) {
    g_autofree guint8 *copy = g_memdup2 (data, length);
    guint32 lie = GUINT32_TO_LE (lies[i]);

    memcpy (copy + 12, &lie, sizeof (lie));
    g_assert_false (decodes (copy, length, CARDEA_HOST_REPLIES));
  }
}

static void
test_number_range (void)
{
  g_autoptr (GBytes) packet = encode (&samples[9]);
  g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (packet, NULL), g_bytes_get_size (packet));

  copy[12] = 2;
  g_assert_false (decodes (copy, g_bytes_get_size (packet), CARDEA_HOST_REPLIES));
  copy[12] = 0;
  copy[19] = 1;
  g_assert_false (decodes (copy, g_bytes_get_size (packet), CARDEA_HOST_REPLIES));
  copy[19] = 0;
  g_assert_true (decodes (copy, g_bytes_get_size (packet), CARDEA_HOST_REPLIES));
}

static void
test_unknown_type (void)
{
  static const guint32 types[] = { 0, 4, 63, 73, 255, 0x01000001, 0xffffffff };
  guint8 packet[12] = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++) {
    guint32 type = GUINT32_TO_LE (types[i]);

    memcpy (packet, &type, sizeof (type));
    g_assert_false (decodes (packet, sizeof (packet), CARDEA_HOST_REPLIES));
    g_assert_false (decodes (packet, sizeof (packet), CARDEA_HOST_REQUESTS));
  }
}

static void
test_wrong_direction (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++) {
    g_autoptr (GBytes) packet = encode (&samples[i]);
    gsize length;
    const guint8 *data = g_bytes_get_data (packet, &length);

    g_assert_false (decodes (data, length,
                             direction_of (&samples[i]) == CARDEA_HOST_REPLIES ? CARDEA_HOST_REQUESTS
                                                                               : CARDEA_HOST_REPLIES));
  }
}

static void
check_limit (CardeaHostMessage *message, CardeaHostBytes *field, gsize limit)
{
  g_autofree guint8 *bytes = g_malloc0 (limit + 1);
  g_autoptr (GBytes) packet = NULL;
  g_autoptr (GError) error = NULL;

  *field = (CardeaHostBytes){ bytes, limit };
  packet = encode (message);
  g_assert_true (
      decodes (g_bytes_get_data (packet, NULL), g_bytes_get_size (packet), direction_of (message)));
  field->length = limit + 1;
  g_assert_null (cardea_host_message_encode (message, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_limits (void)
{
  CardeaHostMessage certificate = { CARDEA_HOST_MESSAGE_CERTIFICATE, 1 };
  CardeaHostMessage label = { CARDEA_HOST_MESSAGE_CERTIFICATE, 1 };
  CardeaHostMessage signature = { CARDEA_HOST_MESSAGE_SIGNATURE, 1 };

  check_limit (&certificate, &certificate.certificate.der, CARDEA_LIMIT_CERTIFICATE_BYTES);
  check_limit (&label, &label.certificate.label, CARDEA_LIMIT_LABEL_BYTES);
  check_limit (&signature, &signature.signature.bytes, CARDEA_HOST_SIGNATURE_BYTES);
}

static void
check_inside (const CardeaHostBytes *bytes, const guint8 *packet, gsize length)
{
  g_assert_true (bytes->length == 0 ||
                 (bytes->data >= packet && bytes->data + bytes->length <= packet + length));
}

/* Bytes of good packets changed at random: whatever is taken points into the packet, and says the same when
 * it is sent again. */
static void
test_mutated (void)
{
  for (guint round = 0; round < 20000; round++) {
    const CardeaHostMessage *sample = &samples[g_test_rand_int_range (0, G_N_ELEMENTS (samples))];
    g_autoptr (GBytes) packet = encode (sample);
    gsize length = g_bytes_get_size (packet);
    g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (packet, NULL), length);
    CardeaHostMessage message;

    for (int i = g_test_rand_int_range (1, 4); i > 0; i--)
      copy[g_test_rand_int_range (0, length)] = g_test_rand_int_range (0, 256);
    if (!cardea_host_message_decode (copy, length, direction_of (sample), &message, NULL))
      continue;
    if (message.type == CARDEA_HOST_MESSAGE_CERTIFICATE) {
      check_inside (&message.certificate.der, copy, length);
      check_inside (&message.certificate.key_id, copy, length);
      check_inside (&message.certificate.label, copy, length);
    }
    g_autoptr (GBytes) again = encode (&message);
    g_assert_cmpmem (g_bytes_get_data (again, NULL), g_bytes_get_size (again), copy, length);
  }
}

static void
test_too_large (void)
{
  g_autofree guint8 *packet = g_malloc0 (CARDEA_LIMIT_HOST_MESSAGE_BYTES + 1);

  packet[0] = CARDEA_HOST_MESSAGE_SIGNATURE;
  g_assert_false (decodes (packet, CARDEA_LIMIT_HOST_MESSAGE_BYTES + 1, CARDEA_HOST_REPLIES));
}

typedef struct
{
  int ends[2];
  guint8 buffer[64];
} Pair;

static void
pair_open (Pair *pair, gconstpointer data)
{
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair->ends));
}

static void
pair_close (Pair *pair, gconstpointer data)
{
  for (int i = 0; i < 2; i++)
    if (pair->ends[i] >= 0)
      close (pair->ends[i]);
}

static void
test_packet_descriptor (Pair *pair, gconstpointer data)
{
  g_autoptr (GBytes) packet = g_bytes_new_static ("hello", 5);
  int fd = -1;
  gsize length = 0;

  g_assert_true (cardea_host_packet_send (pair->ends[0], packet, STDERR_FILENO, NULL));
  g_assert_true (
      cardea_host_packet_receive (pair->ends[1], pair->buffer, sizeof (pair->buffer), &length, &fd, NULL));
  g_assert_cmpmem (pair->buffer, length, "hello", 5);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  close (fd);

  g_assert_true (cardea_host_packet_send (pair->ends[0], packet, -1, NULL));
  g_assert_true (
      cardea_host_packet_receive (pair->ends[1], pair->buffer, sizeof (pair->buffer), &length, &fd, NULL));
  g_assert_cmpint (fd, ==, -1);
}

/* A pipe's read end sees the end only once every copy of the write end is closed: ours and the one that was
 * sent. */
static void
test_packet_unwanted_descriptor (Pair *pair, gconstpointer data)
{
  g_autoptr (GBytes) packet = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;
  int ends[2];
  gsize length;
  char byte;

  g_assert_no_errno (pipe2 (ends, O_CLOEXEC | O_NONBLOCK));
  g_assert_true (cardea_host_packet_send (pair->ends[0], packet, ends[1], NULL));
  close (ends[1]);
  g_assert_false (
      cardea_host_packet_receive (pair->ends[1], pair->buffer, sizeof (pair->buffer), &length, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpint (read (ends[0], &byte, 1), ==, 0);
  close (ends[0]);
}

static void
test_packet_too_long (Pair *pair, gconstpointer data)
{
  g_autofree guint8 *bytes = g_malloc0 (sizeof (pair->buffer) + 1);
  g_autoptr (GBytes) fits = g_bytes_new (bytes, sizeof (pair->buffer));
  g_autoptr (GBytes) over = g_bytes_new (bytes, sizeof (pair->buffer) + 1);
  g_autoptr (GError) error = NULL;
  gsize length = 0;

  g_assert_true (cardea_host_packet_send (pair->ends[0], fits, -1, NULL));
  g_assert_true (
      cardea_host_packet_receive (pair->ends[1], pair->buffer, sizeof (pair->buffer), &length, NULL, NULL));
  g_assert_cmpuint (length, ==, sizeof (pair->buffer));
  g_assert_true (cardea_host_packet_send (pair->ends[0], over, -1, NULL));
  g_assert_false (
      cardea_host_packet_receive (pair->ends[1], pair->buffer, sizeof (pair->buffer), &length, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

static void
test_packet_end (Pair *pair, gconstpointer data)
{
  g_autoptr (GBytes) packet = g_bytes_new_static ("x", 1);
  g_autoptr (GError) blocked = NULL;
  g_autoptr (GError) broken = NULL;
  gsize length = 1;

  g_assert_false (cardea_host_packet_receive (pair->ends[1], pair->buffer, sizeof (pair->buffer), &length,
                                              NULL, &blocked));
  g_assert_error (blocked, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  close (g_steal_fd (&pair->ends[0]));
  g_assert_true (
      cardea_host_packet_receive (pair->ends[1], pair->buffer, sizeof (pair->buffer), &length, NULL, NULL));
  g_assert_cmpuint (length, ==, 0);
  g_assert_false (cardea_host_packet_send (pair->ends[1], packet, -1, &broken));
  g_assert_error (broken, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-protocol/truncated", test_truncated);
  g_test_add_func ("/host-protocol/trailing", test_trailing);
  g_test_add_func ("/host-protocol/lying-length", test_lying_length);
  g_test_add_func ("/host-protocol/number-range", test_number_range);
  g_test_add_func ("/host-protocol/unknown-type", test_unknown_type);
  g_test_add_func ("/host-protocol/wrong-direction", test_wrong_direction);
  g_test_add_func ("/host-protocol/limits", test_limits);
  g_test_add_func ("/host-protocol/mutated", test_mutated);
  g_test_add_func ("/host-protocol/too-large", test_too_large);
  g_test_add_func ("/host-protocol/round-trip", test_round_trip);
  g_test_add_func ("/host-protocol/fields", test_fields);
#define PACKET(path, function) g_test_add (path, Pair, NULL, pair_open, function, pair_close)
  PACKET ("/host-packet/descriptor", test_packet_descriptor);
  PACKET ("/host-packet/unwanted-descriptor", test_packet_unwanted_descriptor);
  PACKET ("/host-packet/too-long", test_packet_too_long);
  PACKET ("/host-packet/end", test_packet_end);
  return g_test_run ();
}
