/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is told about tokens between two listings: each change once, and nothing when there is none. */

#include "agent/tokens/event.h"
#include "agent/tokens/token.h"

static CardeaHost *
make_host (void)
{
  g_autoptr (CardeaHostSpec) spec = cardea_host_spec_new ("mock", "/nowhere.so", NULL, CARDEA_HOST_TOKENS);

  return cardea_host_new (spec, "/nowhere", (const char *const[]){ NULL });
}

static void
add (GPtrArray *tokens, CardeaHost *host, guint64 generation, const char *label, gboolean logged_in)
{
  CardeaHostToken info = { .label = (char *)label,
                           .manufacturer = (char *)"",
                           .model = (char *)"",
                           .serial = (char *)"",
                           .reader = (char *)"",
                           .initialised = TRUE,
                           .logged_in = logged_in };

  g_ptr_array_add (tokens, cardea_token_new (host, generation, &info));
}

static GPtrArray *
list (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_unref);
}

static void
assert_event (GPtrArray *events, guint i, CardeaTokenEventKind kind, const char *label)
{
  g_assert_cmpuint (i, <, events->len);
  g_assert_cmpint (((CardeaTokenEvent *)events->pdata[i])->kind, ==, kind);
  g_assert_cmpstr (((CardeaTokenEvent *)events->pdata[i])->token->info->label, ==, label);
}

static void
test_names (void)
{
  g_assert_cmpstr (cardea_token_event_kind_to_string (CARDEA_TOKEN_EVENT_ARRIVED), ==, "arrived");
  g_assert_cmpstr (cardea_token_event_kind_to_string (CARDEA_TOKEN_EVENT_LEFT), ==, "left");
  g_assert_cmpstr (cardea_token_event_kind_to_string (CARDEA_TOKEN_EVENT_CHANGED), ==, "changed");
}

/* Listed once more, by another process and in another order: nothing happened. */
static void
test_nothing (void)
{
  g_autoptr (CardeaHost) host = make_host ();
  g_autoptr (GPtrArray) before = list ();
  g_autoptr (GPtrArray) after = list ();
  g_autoptr (GPtrArray) events = NULL;

  add (before, host, 1, "a", FALSE);
  add (before, host, 1, "b", FALSE);
  add (after, host, 2, "b", FALSE);
  add (after, host, 2, "a", FALSE);
  events = cardea_token_events_between (before, after);
  g_assert_cmpuint (events->len, ==, 0);
}

static void
test_all_kinds (void)
{
  g_autoptr (CardeaHost) host = make_host ();
  g_autoptr (GPtrArray) before = list ();
  g_autoptr (GPtrArray) after = list ();
  g_autoptr (GPtrArray) events = NULL;

  add (before, host, 1, "stays", FALSE);
  add (before, host, 1, "goes", FALSE);
  add (before, host, 1, "logs in", FALSE);
  add (after, host, 1, "comes", FALSE);
  add (after, host, 1, "logs in", TRUE);
  add (after, host, 1, "stays", FALSE);
  events = cardea_token_events_between (before, after);
  g_assert_cmpuint (events->len, ==, 3);
  assert_event (events, 0, CARDEA_TOKEN_EVENT_LEFT, "goes");
  assert_event (events, 1, CARDEA_TOKEN_EVENT_ARRIVED, "comes");
  assert_event (events, 2, CARDEA_TOKEN_EVENT_CHANGED, "logs in");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/token-event/names", test_names);
  g_test_add_func ("/token-event/nothing", test_nothing);
  g_test_add_func ("/token-event/all-kinds", test_all_kinds);
  return g_test_run ();
}
