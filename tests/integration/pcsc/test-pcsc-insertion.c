/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Cards that are inserted, pulled and swapped, from the reader to the catalogue: a real card service, the
 * real watch, OpenSC in real token hosts. */

#include <nss.h>
#include <signal.h>

#include "agent/tokens/card-resets.h"
#include "agent/tokens/catalogue.h"
#include "agent/tokens/event.h"
#include "agent/tokens/pcsc-watch.h"
#include "tests/fixtures/card-maker/card-maker.h"
#include "tests/fixtures/credentials/credentials.h"
#include "tests/fixtures/host-environment.h"
#include "tests/fixtures/pcsc-rig/pcsc-rig.h"
#include "tests/fixtures/loop.h"

#define PATIENCE_S 60

typedef struct
{
  char *folder;
  PcscRig *rig;
  VirtualCard *a, *b;
  CardeaCatalogue *catalogue;
  CardeaPcscWatch *watch;
  GString *events;
  guint watchdog;
} World;

static void
on_readers_changed (gpointer data)
{
  World *world = data;

  cardea_catalogue_set_readers (world->catalogue, cardea_pcsc_watch_get_readers (world->watch));
}

static void
on_look (CardeaCatalogue *catalogue, gpointer data)
{
  World *world = data;

  if (world->watch != NULL)
    cardea_pcsc_watch_look (world->watch);
}

static void
on_token_event (CardeaCatalogue *catalogue, const CardeaTokenEvent *event, gpointer data)
{
  World *world = data;

  g_string_append_printf (world->events, "%s %s;", cardea_token_event_kind_to_string (event->kind),
                          event->token->info->serial);
}

static void
start (World *world)
{
  g_autofree char *socket = g_strconcat ("PCSCLITE_CSOCK_NAME=", pcsc_rig_get_socket (world->rig), NULL);
  g_auto (GStrv) environment = test_host_environment (
      (const char *const[]){ socket, "PATH=/usr/bin:/bin", "HOME=/nonexistent", NULL });
  g_autoptr (GPtrArray) hosts = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (CardeaHostSpec) spec =
      cardea_host_spec_new ("opensc-pkcs11", g_getenv ("CARDEA_OPENSC"), NULL, CARDEA_HOST_TOKENS);

  g_ptr_array_add (hosts,
                   cardea_host_new (spec, g_getenv ("CARDEA_TOKEN_HOST"), (const char *const *)environment));
  world->catalogue = cardea_catalogue_new (hosts);
  g_signal_connect (world->catalogue, "token-event", G_CALLBACK (on_token_event), world);
  g_signal_connect (world->catalogue, "look", G_CALLBACK (on_look), world);
  world->watch = cardea_pcsc_watch_new (on_readers_changed, world);
}

static void
world_set_up (World *world, gconstpointer data)
{
  g_assert_cmpint (NSS_NoDB_Init (NULL), ==, SECSuccess);
  world->watchdog = test_loop_guard (PATIENCE_S);
  world->folder = g_dir_make_tmp ("cardea-insertion-XXXXXX", NULL);
  world->events = g_string_new (NULL);
  test_card_make (world->folder, "a", NULL, "9A:rsa");
  test_card_make (world->folder, "b", NULL, "9A:p256");
  world->a = test_card_new (world->folder, "a");
  world->b = test_card_new (world->folder, "b");
  world->rig = pcsc_rig_new (2);
  start (world);
}

static void
world_tear_down (World *world, gconstpointer data)
{
  g_autoptr (GPtrArray) none = g_ptr_array_new ();

  g_clear_pointer (&world->watch, cardea_pcsc_watch_free);
  cardea_catalogue_set_hosts (world->catalogue, none);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_finalize_object (world->catalogue);
  pcsc_rig_free (world->rig);
  virtual_card_unref (world->a);
  virtual_card_unref (world->b);
  g_string_free (world->events, TRUE);
  g_source_remove (world->watchdog);
  test_remove_folder (world->folder);
  g_free (world->folder);
  g_assert_cmpint (NSS_Shutdown (), ==, SECSuccess);
}

/* A certificate of the card with that name. */
static CardeaTokenCertificate *
find (World *world, const char *name)
{
  g_autoptr (GPtrArray) certificates = cardea_catalogue_get_certificates (world->catalogue);

  for (guint i = 0; i < certificates->len; i++) {
    CardeaTokenCertificate *certificate = certificates->pdata[i];

    if (strstr (cardea_certificate_get_subject (certificate->certificate), name) != NULL)
      return cardea_token_certificate_ref (certificate);
  }
  return NULL;
}

static CardeaTokenCertificate *
await (World *world, const char *name)
{
  CardeaTokenCertificate *found;

  while ((found = find (world, name)) == NULL)
    g_main_context_iteration (NULL, TRUE);
  return found;
}

static void
await_none (World *world)
{
  g_autoptr (GPtrArray) tokens = NULL;

  do {
    g_clear_pointer (&tokens, g_ptr_array_unref);
    g_main_context_iteration (NULL, TRUE);
    tokens = cardea_catalogue_get_tokens (world->catalogue);
  } while (tokens->len > 0);
}

static void
await_reader (World *world, guint reader, CardeaReaderState state)
{
  const char *name = pcsc_rig_get_reader (world->rig, reader);
  const CardeaReader *seen;

  do
    g_main_context_iteration (NULL, TRUE);
  while ((seen = cardea_readers_find (cardea_pcsc_watch_get_readers (world->watch), name)) == NULL ||
         seen->state != state);
}

static void
report (const char *what, gint64 begin)
{
  g_test_message ("%s: %.1f ms", what, (double)(g_get_monotonic_time () - begin) / 1000);
}

static void
test_inserted (World *world, gconstpointer data)
{
  g_autoptr (CardeaTokenCertificate) found = NULL;
  g_autoptr (GPtrArray) problems = NULL;
  gint64 begin;

  await_reader (world, 0, CARDEA_READER_EMPTY);
  pcsc_rig_insert (world->rig, 0, world->a);
  begin = g_get_monotonic_time (); /* the service has it now */
  await_reader (world, 0, CARDEA_READER_CARD);
  report ("from the service to the event", begin);
  found = await (world, "a-9A");
  report ("from the service to the list", begin);
  g_test_message ("%u APDUs", virtual_card_get_counts (world->a).apdus);
  g_assert_cmpstr (found->token->module, ==, "opensc-pkcs11");
  g_assert_cmpstr (found->token->insertion->reader, ==, pcsc_rig_get_reader (world->rig, 0));
  problems = cardea_catalogue_get_problems (world->catalogue);
  g_assert_cmpuint (problems->len, ==, 0);

  begin = g_get_monotonic_time ();
  pcsc_rig_pull (world->rig, 0);
  await_none (world);
  report ("from the pull to the event", begin);
  g_assert_cmpint (cardea_host_get_pid (found->token->host), ==, 0);
  g_assert_true (g_str_has_prefix (world->events->str, "arrived "));
  g_assert_nonnull (strstr (world->events->str, ";left "));
}

/* Whatever was known of the first is gone before the second is read. */
static void
test_swapped (World *world, gconstpointer data)
{
  pcsc_rig_insert (world->rig, 0, world->a);
  for (guint i = 0; i < 6; i++) {
    g_autoptr (CardeaTokenCertificate) before = await (world, i % 2 == 0 ? "a-9A" : "b-9A");
    g_autoptr (CardeaTokenCertificate) after = NULL;
    g_autoptr (CardeaTokenCertificate) left = NULL;

    pcsc_rig_swap (world->rig, 0, i % 2 == 0 ? world->b : world->a);
    after = await (world, i % 2 == 0 ? "b-9A" : "a-9A");
    left = find (world, i % 2 == 0 ? "a-9A" : "b-9A");
    g_assert_null (left);
    g_assert_false (cardea_insertion_equal (before->token->insertion, after->token->insertion));
    g_assert_cmpint (before->token->generation, !=, after->token->generation);
  }
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer data)
{
  cardea_card_resets_settle_finish (CARDEA_CARD_RESETS (source), result);
  *(gboolean *)data = TRUE;
}

static void
reset (World *world, CardeaInsertion *insertion)
{
  g_autoptr (CardeaCardResets) resets = cardea_card_resets_new ();
  gint64 begin = g_get_monotonic_time ();
  gboolean settled = FALSE;

  cardea_card_resets_begin (resets, insertion);
  cardea_card_resets_settle_async (resets, NULL, on_settled, &settled);
  while (!settled)
    g_main_context_iteration (NULL, TRUE);
  report ("a reset", begin);
}

/* A card that is reset is the same insertion: what was listed stays, and the process that did goes on. A card
 * that came instead is not reset. */
static void
test_reset (World *world, gconstpointer data)
{
  g_autoptr (CardeaTokenCertificate) found = NULL;
  g_autoptr (CardeaTokenCertificate) other = NULL;
  g_autofree char *events = NULL;
  GPid pid;
  guint n_resets;

  pcsc_rig_insert (world->rig, 0, world->a);
  found = await (world, "a-9A");
  pid = cardea_host_get_pid (found->token->host);
  events = g_strdup (world->events->str);
  n_resets = virtual_card_get_counts (world->a).resets;
  reset (world, found->token->insertion);
  g_assert_cmpuint (virtual_card_get_counts (world->a).resets, ==, n_resets + 1);
  test_loop_pass (1000); /* longer than it takes to notice a pull */
  g_assert_cmpint (cardea_host_get_pid (found->token->host), ==, pid);
  g_assert_cmpstr (world->events->str, ==, events);
  g_assert_cmpint (cardea_catalogue_get_presence (world->catalogue, found->token), ==, CARDEA_PRESENCE_HERE);

  pcsc_rig_swap (world->rig, 0, world->b);
  other = await (world, "b-9A");
  n_resets = virtual_card_get_counts (world->b).resets;
  reset (world, found->token->insertion);
  g_assert_cmpuint (virtual_card_get_counts (world->b).resets, ==, n_resets);
}

/* One that hangs is being read; the other is not kept waiting. */
static void
test_silent (World *world, gconstpointer data)
{
  g_autoptr (CardeaTokenCertificate) found = NULL;
  g_autoptr (GPtrArray) reading = NULL;

  test_card_behave (world->folder, "a", NULL, "any=silent");
  pcsc_rig_insert (world->rig, 0, world->a);
  await_reader (world, 0, CARDEA_READER_CARD);
  pcsc_rig_insert (world->rig, 1, world->b);
  found = await (world, "b-9A");
  g_assert_cmpstr (found->token->insertion->reader, ==, pcsc_rig_get_reader (world->rig, 1));
  reading = cardea_catalogue_get_reading (world->catalogue);
  g_assert_cmpuint (reading->len, ==, 1);
  g_assert_cmpstr (((CardeaToken *)reading->pdata[0])->info->reader, ==, pcsc_rig_get_reader (world->rig, 0));
}

static void
await_service (World *world, CardeaReaderService service)
{
  while (cardea_pcsc_watch_get_readers (world->watch)->service != service)
    g_main_context_iteration (NULL, TRUE);
}

/* The card stays where it is, and its count begins anew: it is another insertion. */
static void
test_restarted (World *world, gconstpointer data)
{
  g_autoptr (CardeaTokenCertificate) before = NULL, after = NULL;
  gint64 begin;

  pcsc_rig_insert (world->rig, 0, world->a);
  before = await (world, "a-9A");
  pcsc_rig_kill_daemon (world->rig);
  await_none (world);
  await_service (world, CARDEA_READER_SERVICE_ABSENT);
  g_assert_cmpint (cardea_host_get_pid (before->token->host), ==, 0);
  pcsc_rig_start_daemon (world->rig);
  begin = g_get_monotonic_time ();
  await_service (world, CARDEA_READER_SERVICE_READY);
  report ("from the service's start to the readers", begin);
  after = await (world, "a-9A");
  report ("from the service's start to the list", begin);
  g_assert_false (cardea_insertion_equal (before->token->insertion, after->token->insertion));
}

/* The service is stopped in the middle of everything: who waits for it does, and the loop goes on. */
static void
test_stopped (World *world, gconstpointer data)
{
  g_autoptr (CardeaTokenCertificate) found = NULL;
  gint64 begin;

  pcsc_rig_insert (world->rig, 0, world->a);
  found = await (world, "a-9A");
  pcsc_rig_signal_daemon (world->rig, SIGSTOP);
  begin = g_get_monotonic_time ();
  cardea_pcsc_watch_look (world->watch);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC / 10);
  g_clear_pointer (&world->watch, cardea_pcsc_watch_free);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 4 * G_USEC_PER_SEC);
  pcsc_rig_signal_daemon (world->rig, SIGCONT);
}

#define ADD(name, test) g_test_add ("/pcsc-insertion/" name, World, NULL, world_set_up, test, world_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("inserted", test_inserted);
  ADD ("swapped", test_swapped);
  ADD ("reset", test_reset);
  ADD ("silent", test_silent);
  ADD ("restarted", test_restarted);
  ADD ("stopped", test_stopped);
  return g_test_run ();
}
