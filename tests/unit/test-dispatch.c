/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who may call what, in which manner; no socket, no method. */
#include "agent/api/dispatch.h"

#include "agent/api/methods.h"

typedef struct
{
  CardeaWireReply *reply;
  gboolean finished;
} Sink;

static void
on_send (gpointer data, GBytes *message, int fd)
{
  Sink *sink = data;
  gsize length;
  const char *bytes = g_bytes_get_data (message, &length);
  g_autoptr (GBytes) without_nul = g_bytes_new (bytes, length - 1);

  g_assert_null (sink->reply);
  g_assert_cmpint (fd, ==, -1);
  sink->reply = cardea_wire_reply_parse (without_nul, NULL);
  g_assert_nonnull (sink->reply);
}

static void
on_finish (gpointer data)
{
  ((Sink *)data)->finished = TRUE;
}

static void
on_upgrade (gpointer data, CardeaUpgraded upgraded, gpointer user_data)
{
  g_assert_not_reached ();
}

static void
on_release (gpointer data)
{
}

static const CardeaCallSink call_sink = { on_send, on_finish, on_upgrade, on_release };

static void
handle (CardeaCall *call, gpointer context)
{
  (*(guint *)context)++;
  cardea_call_reply (call, NULL);
}

static const CardeaMethod methods[] = {
  { "t.a.Open", handle, .sandboxed = TRUE },
  { "t.a.Closed", handle },
  { "t.a.Up", handle, .upgrade = TRUE },
  { "t.a.More", handle, .more = TRUE },
};

/* Dispatches one call; returns the error's name, or NULL. Whether the method ran must fit. */
static char *
dispatch (const char *name, CardeaCallerStrength strength, gboolean oneway, gboolean more, gboolean upgrade)
{
  g_autoptr (CardeaCaller) caller =
      cardea_caller_new (strength, CARDEA_CONFINEMENT_NONE, "test", "exe:test", 1);
  CardeaWireCall *wire = g_new0 (CardeaWireCall, 1);
  g_autoptr (CardeaCall) call = NULL;
  Sink sink = { NULL, FALSE };
  guint n = 0;
  char *error;

  wire->method = g_strdup (name);
  wire->parameters = json_object ();
  wire->oneway = oneway;
  wire->more = more;
  wire->upgrade = upgrade;
  call = cardea_call_new (wire, caller, &call_sink, &sink);
  cardea_dispatch (methods, G_N_ELEMENTS (methods), call, &n);

  g_assert_true (sink.finished);
  g_assert_true (cardea_call_is_over (call));
  if (!sink.reply) {
    g_assert_true (oneway);
    return g_strdup (n == 1 ? NULL : "silence");
  }
  error = g_strdup (sink.reply->error);
  g_assert_cmpuint (n, ==, error ? 0 : 1);
  cardea_wire_reply_free (sink.reply);
  return error;
}

static void
assert_dispatch (const char *name, CardeaCallerStrength strength, const char *flags, const char *expected)
{
  g_autofree char *error = dispatch (name, strength, g_str_equal (flags, "oneway"),
                                     g_str_equal (flags, "more"), g_str_equal (flags, "upgrade"));

  g_assert_cmpstr (error, ==, expected);
}

#define HOST CARDEA_CALLER_HOST
#define CONFINED CARDEA_CALLER_CONFINED
#define SERVICE "org.varlink.service."

static void
test_rights (void)
{
  assert_dispatch ("t.a.Open", HOST, "", NULL);
  assert_dispatch ("t.a.Open", CONFINED, "", NULL);
  assert_dispatch ("t.a.Closed", HOST, "", NULL);
  assert_dispatch ("t.a.Closed", CONFINED, "", SERVICE "PermissionDenied");
}

static void
test_names (void)
{
  assert_dispatch ("t.a.None", HOST, "", SERVICE "MethodNotFound");
  assert_dispatch ("t.a.open", HOST, "", SERVICE "MethodNotFound");
  assert_dispatch ("t.b.Open", HOST, "", SERVICE "InterfaceNotFound");
  assert_dispatch ("t.Open", HOST, "", SERVICE "InterfaceNotFound");
  assert_dispatch ("t.a.b.Open", HOST, "", SERVICE "InterfaceNotFound");
}

static void
test_manner (void)
{
  assert_dispatch ("t.a.Up", HOST, "", SERVICE "InvalidParameter");
  assert_dispatch ("t.a.Up", HOST, "upgrade", NULL);
  assert_dispatch ("t.a.Open", HOST, "upgrade", SERVICE "InvalidParameter");
  assert_dispatch ("t.a.Open", HOST, "more", NULL);
  assert_dispatch ("t.a.More", HOST, "", SERVICE "ExpectedMore");
  assert_dispatch ("t.a.More", HOST, "more", NULL);
  assert_dispatch ("t.a.Open", HOST, "oneway", NULL);
  assert_dispatch ("t.a.Up", HOST, "oneway", "silence");
  assert_dispatch ("t.a.More", HOST, "oneway", "silence");
}

/* What the real table gives a sandboxed program: the contract's head says so. */
static void
test_sandboxed (void)
{
  static const char *const allowed[] = {
    SERVICE "GetInfo",           SERVICE "GetInterfaceDescription",
    "org.cardea.agent.Connect",  "org.cardea.agent.Open",
    "org.cardea.agent.Wrap",     "org.cardea.agent.OpenWrap",
    "org.cardea.agent.AwaitEnd", NULL,
  };
  guint n_methods, n_allowed = 0;
  const CardeaMethod *table = cardea_methods_get (&n_methods);

  for (guint i = 0; i < n_methods; i++) {
    g_assert_cmpint (table[i].sandboxed, ==, g_strv_contains (allowed, table[i].name));
    n_allowed += table[i].sandboxed;
  }
  g_assert_cmpuint (n_allowed, ==, G_N_ELEMENTS (allowed) - 1);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dispatch/rights", test_rights);
  g_test_add_func ("/dispatch/names", test_names);
  g_test_add_func ("/dispatch/manner", test_manner);
  g_test_add_func ("/dispatch/sandboxed", test_sandboxed);
  return g_test_run ();
}
