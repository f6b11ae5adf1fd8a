/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes what agent and token host say to each other. The first byte is the direction: requests as the host
 * reads them, or answers that travel through a socket into a listing and on to what a person sees and
 * programs name. Each part is one packet. */
#include <sys/socket.h>
#include <unistd.h>

#include "agent/hosts/host-channel.h"
#include "agent/hosts/host-collector.h"
#include "agent/hosts/host-report.h"
#include "agent/tls/nss.h"
#include "agent/tokens/snapshot.h"
#include "socket-api/private/host-packet.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

typedef struct
{
  CardeaHostCollector *collector;
  gboolean is_over; /* the host is not believed any more */
} Listing;

static CardeaHost *host;

/* A packet that is understood is the only one that says so. */
static void
check_packet (GBytes *packet, CardeaHostDirection direction)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (packet, &length);
  g_autoptr (GBytes) again = NULL;
  CardeaHostMessage message;

  if (!cardea_host_message_decode (bytes, length, direction, &message, NULL))
    return;
  g_assert_nonnull (cardea_host_message_type_to_string (message.type));
  again = cardea_host_message_encode (&message, NULL);
  g_assert_nonnull (again);
  g_assert_true (g_bytes_equal (again, packet));
}

static void
check_token (const CardeaToken *token)
{
  fuzz_check_text (token->info->label, FALSE);
  fuzz_check_text (token->info->reader, FALSE);
  fuzz_check_text (token->uri, FALSE);
  g_assert_nonnull (cardea_pin_state_to_string (token->info->pin));
}

static void
check_listing (Listing *listing)
{
  g_autoptr (CardeaHostListing) collected = cardea_host_collector_finish (listing->collector);
  g_autoptr (CardeaSnapshot) snapshot = cardea_snapshot_new (host, collected);

  for (guint i = 0; i < snapshot->tokens->len; i++)
    check_token (snapshot->tokens->pdata[i]);
  for (guint i = 0; i < snapshot->certificates->len; i++) {
    const CardeaTokenCertificate *certificate = snapshot->certificates->pdata[i];

    fuzz_check_text (certificate->label, FALSE);
    fuzz_check_text (certificate->uri, FALSE);
  }
}

static void
check_failure (const CardeaHostMessage *message)
{
  g_autoptr (CardeaReason) reason = cardea_host_report_failure (cardea_host_get_spec (host), message);
  g_autoptr (GError) error = cardea_host_report_refusal (message);

  fuzz_check_text (reason->message, FALSE);
  fuzz_check_text (error->message, FALSE);
}

static void
on_received (const CardeaHostMessage *message, const GError *error, gpointer data)
{
  Listing *listing = data;

  if (!message || message->type == CARDEA_HOST_MESSAGE_LISTED) {
    listing->is_over = TRUE;
    if (message)
      check_listing (listing);
  } else if (message->type == CARDEA_HOST_MESSAGE_FAILED) {
    check_failure (message);
  } else if (!listing->is_over) {
    listing->is_over = !cardea_host_collector_add (listing->collector, message);
  }
}

static void
read_replies (FuzzInput *input)
{
  Listing listing = { cardea_host_collector_new (1, CARDEA_HOST_TOKENS | CARDEA_HOST_AUTHORITIES), FALSE };
  CardeaHostChannel *channel;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), ==, 0);
  channel = cardea_host_channel_new (ends[0], g_main_context_default (), on_received, &listing);
  while (input->size > 0 && !listing.is_over) {
    g_autoptr (GBytes) packet = fuzz_take_part (input);

    check_packet (packet, CARDEA_HOST_REPLIES);
    cardea_host_packet_send (ends[1], packet, -1, NULL);
    while (g_main_context_iteration (NULL, FALSE))
      ;
  }
  cardea_host_channel_free (channel);
  cardea_host_collector_free (listing.collector);
  close (ends[1]);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  static const char *const environment[] = { NULL };
  g_autoptr (CardeaHostSpec) spec =
      cardea_host_spec_new ("test", "/nonexistent/module.so", NULL, CARDEA_HOST_TOKENS);
  g_autoptr (GError) error = NULL;

  fuzz_begin ();
  cardea_nss_start (&error);
  g_assert_no_error (error);
  host = cardea_host_new (spec, "/nonexistent/host", environment);
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };

  if (fuzz_take_byte (&input) % 2 == 1) {
    read_replies (&input);
    return 0;
  }
  while (input.size > 0) {
    g_autoptr (GBytes) packet = fuzz_take_part (&input);

    check_packet (packet, CARDEA_HOST_REQUESTS);
  }
  return 0;
}
