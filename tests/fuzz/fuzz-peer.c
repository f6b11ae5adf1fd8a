/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes a whole connection of a program: bytes into the socket, through framing, rights and all methods, to
 * a broker of the test's; and what comes back must be answers of the protocol. The first byte says what sort
 * of program it is and how the broker takes it, the second how many bytes come at a time. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/api/methods.h"
#include "agent/api/peer.h"
#include "agent/api/resource.h"
#include "agent/tls/nss.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/frame.h"
#include "tests/fixtures/contract.h"
#include "tests/fixtures/fake-broker.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

enum
{
  MANNER_CONFINED = 1 << 0,
  MANNER_FAIL = 1 << 1,
  MANNER_HOLD = 1 << 2,
  MANNER_HALF_CLOSE = 1 << 3,
};

#define NEVER_MS (10 * 60 * 1000)

typedef struct
{
  CardeaMethodContext context;
  CardeaBroker *broker;
  CardeaQuota *quota;
  CardeaPeer *peer;
  CardeaFrame *answers;
  gboolean is_stream; /* what comes now is no answer */
  int fd;             /* the program's end, or -1 */
} World;

static GBytes *certificate_der;
static Contract *contract;

static void
on_reload (gpointer user_data)
{
}

static GPtrArray *
on_problems (gpointer user_data)
{
  return cardea_reasons_new ();
}

static void
on_call (CardeaPeer *peer, CardeaCall *call, gpointer user_data)
{
  guint n_methods;
  const CardeaMethod *methods = cardea_methods_get (&n_methods);

  cardea_dispatch (methods, n_methods, call, &((World *)user_data)->context);
}

static gboolean
on_find_lease (CardeaToken *token, CardeaLease *lease, gpointer user_data)
{
  return FALSE;
}

static gboolean
on_is_single_use (CardeaToken *token, gpointer user_data)
{
  return FALSE;
}

static void
on_end_leases (const char *pattern, CardeaLeasesEnded ended, gpointer data, gpointer user_data)
{
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();

  ended (0, problems, data);
}

static void
on_closed (CardeaPeer *peer, gpointer user_data)
{
  g_clear_pointer (&((World *)user_data)->peer, cardea_peer_free);
}

static const CardeaPeerOwner peer_owner = {
  .call = on_call,
  .closed = on_closed,
  .first_request_ms = NEVER_MS,
  .reply_ms = NEVER_MS,
};

static void
make_peer (World *world, guint8 manner)
{
  g_autoptr (CardeaCaller) caller = NULL;
  int ends[2];

  caller = manner & MANNER_CONFINED ? cardea_caller_new (CARDEA_CALLER_CONFINED, CARDEA_CONFINEMENT_FLATPAK,
                                                         "org.example.App", "flatpak:org.example.App", 1)
                                    : cardea_caller_new (CARDEA_CALLER_HOST, CARDEA_CONFINEMENT_NONE,
                                                         "/usr/bin/test", "exe:/usr/bin/test", 1);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), ==, 0);
  world->quota = cardea_quota_new (2, 2);
  g_assert_true (cardea_quota_take (world->quota, cardea_caller_get_key (caller), NULL));
  world->peer = cardea_peer_new (ends[0], caller, world->quota, &peer_owner, world);
  world->fd = ends[1];
}

static void
make_world (World *world, guint8 manner)
{
  world->broker = fake_broker_new (certificate_der);
  world->context.broker = world->broker;
  world->context.catalogue = fake_broker_get_catalogue (world->broker);
  world->context.reload = on_reload;
  world->context.get_problems = on_problems;
  world->context.find_lease = on_find_lease;
  world->context.is_single_use = on_is_single_use;
  world->context.end_leases = on_end_leases;
  world->answers = cardea_frame_new (CARDEA_LIMIT_REPLY_BYTES);
  if (manner & MANNER_FAIL)
    fake_broker_fail_next (world->broker, cardea_error_new (CARDEA_ERROR_DENIED, "No."));
  if (manner & MANNER_HOLD)
    fake_broker_hold (world->broker);
  make_peer (world, manner);
}

/* An error of ours has the parameters that its name promises. */
static void
check_error (const CardeaWireReply *reply)
{
  g_autofree char *fault = NULL;

  if (!reply->error || !g_str_has_prefix (reply->error, "org.cardea.agent."))
    return;
  fault = contract_check_error (contract, strrchr (reply->error, '.') + 1, reply->parameters);
  g_assert_cmpstr (fault, ==, NULL);
}

/* Each message is an answer; after that of Connect there are none. */
static void
check_answers (World *world)
{
  GBytes *message;

  while (!world->is_stream && (message = cardea_frame_pop (world->answers))) {
    g_autoptr (GError) error = NULL;
    g_autoptr (CardeaWireReply) reply = cardea_wire_reply_parse (message, &error);

    g_assert_no_error (error);
    check_error (reply);
    world->is_stream =
        json_object_get (reply->parameters, "session") && !json_object_get (reply->parameters, "step");
    g_bytes_unref (message);
  }
}

/* Lets everything happen that can without waiting; reads what came back. */
static void
turn (World *world)
{
  char buffer[4096];
  gssize n;

  while (g_main_context_iteration (NULL, FALSE))
    ;
  while (world->fd >= 0 && (n = read (world->fd, buffer, sizeof buffer)) > 0) {
    if (world->is_stream)
      continue;
    g_assert_true (cardea_frame_push (world->answers, buffer, (gsize)n, NULL));
    check_answers (world);
  }
}

static void
say (World *world, const guint8 *bytes, gsize length)
{
  while (length > 0) {
    gssize n = send (world->fd, bytes, length, MSG_NOSIGNAL);

    if (n <= 0) {
      turn (world);
      return; /* a call is under way that will not end, or nobody listens any more */
    }
    bytes += n;
    length -= (gsize)n;
  }
  turn (world);
}

static void
stop_sessions (World *world)
{
  g_autoptr (GPtrArray) sessions = cardea_broker_get_sessions (world->broker);

  for (guint i = 0; i < sessions->len; i++)
    cardea_session_stop (sessions->pdata[i], CARDEA_END_DISCONNECTED);
}

static gboolean
has_sessions (World *world)
{
  g_autoptr (GPtrArray) sessions = cardea_broker_get_sessions (world->broker);

  return sessions->len > 0;
}

/* Whatever was said: everything ends, and nothing is left. */
static void
end_world (World *world, guint8 manner)
{
  if (manner & MANNER_HALF_CLOSE) {
    shutdown (world->fd, SHUT_WR);
    turn (world);
  }
  close (world->fd);
  world->fd = -1;
  while (world->peer)
    g_main_context_iteration (NULL, TRUE);
  fake_broker_let_go (world->broker);
  turn (world);
  stop_sessions (world);
  while (has_sessions (world))
    g_main_context_iteration (NULL, TRUE);
  turn (world);
  g_assert_cmpuint (cardea_quota_count (world->quota, NULL), ==, 0);
  cardea_quota_free (world->quota);
  cardea_frame_free (world->answers);
  g_assert_finalize_object (world->broker);
}

static void
load_contract (void)
{
  g_autoptr (GBytes) text =
      g_resource_lookup_data (cardea_api_get_resource (), "/org/cardea/agent/org.cardea.agent.varlink",
                              G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_autofree char *copy = g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text));

  contract = contract_new (copy);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;

  fuzz_begin ();
  cardea_nss_start (&error);
  g_assert_no_error (error);
  certificate_der = fuzz_load_certificate ();
  load_contract ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  guint8 manner = fuzz_take_byte (&input);
  gsize step = 1 + fuzz_take_byte (&input) * 16u;
  World world = { 0 };

  make_world (&world, manner);
  for (gsize begin = 0; begin < input.size; begin += step)
    say (&world, input.data + begin, MIN (step, input.size - begin));
  end_world (&world, manner);
  return 0;
}
