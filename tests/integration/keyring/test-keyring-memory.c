/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a PIN is in memory on its way into the secret service and out of it: in locked pages only, and then
 * nowhere.
 *
 * The test looks at its own memory, so it must not hold the PIN either: it knows it under a mask, and what it
 * reads lands in a window that is not looked at. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/keyring/keyring.h"
#include "agent/keyring/locked-memory.h"
#include "tests/fixtures/session-bus.h"

#define URI "pkcs11:model=X;manufacturer=M;serial=1;token=T"
#define PIN_BYTES 24
#define MASK 0xa5
#define WINDOW (1024 * 1024)
#define NOBODY 65534

typedef struct
{
  SessionBus *bus;
  CardeaPinStore *store;
  guint8 masked[PIN_BYTES];
  guint8 *window;
} Fixture;

typedef struct
{
  guint locked, open;
} Found;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->bus = session_bus_new ();
  session_bus_start_keyring (f->bus);
  f->store = cardea_keyring_new ();
  for (guint i = 0; i < PIN_BYTES; i++)
    f->masked[i] = (guint8)g_random_int_range ('!', '~') ^ MASK;
  f->window = mmap (NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (f->window != MAP_FAILED);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  munmap (f->window, WINDOW);
  g_assert_finalize_object (f->store);
  session_bus_free (f->bus);
}

static CardeaSecret *
make_pin (Fixture *f)
{
  guint8 bytes[PIN_BYTES];
  CardeaSecret *pin;

  for (guint i = 0; i < PIN_BYTES; i++)
    bytes[i] = f->masked[i] ^ MASK;
  pin = cardea_secret_new (bytes, PIN_BYTES, NULL);
  explicit_bzero (bytes, sizeof bytes);
  g_assert_nonnull (pin);
  return pin;
}

static gboolean
is_pin (Fixture *f, const guint8 *bytes)
{
  for (guint i = 0; i < PIN_BYTES; i++)
    if ((bytes[i] ^ MASK) != f->masked[i])
      return FALSE;
  return TRUE;
}

static guint
search_range (Fixture *f, int memory, guint64 begin, guint64 end)
{
  guint64 window = (guint64)(gsize)f->window;
  guint count = 0;

  while (begin + PIN_BYTES <= end) {
    gssize got = pread (memory, f->window, MIN (WINDOW, end - begin), (off_t)begin);

    if (got < PIN_BYTES)
      break;
    for (gssize i = 0; i + PIN_BYTES <= got; i++)
      count +=
          is_pin (f, f->window + i) && (begin + (guint64)i < window || begin + (guint64)i >= window + WINDOW);
    begin += (guint64)got - (PIN_BYTES - 1);
  }
  return count;
}

static Found
search (Fixture *f)
{
  g_autofree char *maps = NULL;
  g_auto (GStrv) lines = NULL;
  int memory = open ("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  guint64 begin = 0, end = 0;
  Found found = { 0 };

  g_assert_cmpint (memory, >=, 0);
  g_assert_true (g_file_get_contents ("/proc/self/smaps", &maps, NULL, NULL));
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    guint64 from, to;

    if (sscanf (lines[i], "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x ", &from, &to) == 2) {
      begin = from;
      end = to;
    } else if (g_str_has_prefix (lines[i], "VmFlags:")) {
      *(strstr (lines[i], " lo") != NULL ? &found.locked : &found.open) +=
          search_range (f, memory, begin, end);
    }
  }
  close (memory);
  return found;
}

static void
assert_found (Fixture *f, guint locked)
{
  Found found = search (f);

  g_assert_cmpuint (found.open, ==, 0);
  g_assert_cmpuint (found.locked, ==, locked);
}

/* The search finds what it is for. */
static void
assert_copy_is_found (Fixture *f, CardeaSecret *pin)
{
  g_autofree guint8 *copy = g_memdup2 (cardea_secret_peek (pin, NULL), PIN_BYTES);

  g_assert_cmpuint (search (f).open, ==, 1);
  explicit_bzero (copy, PIN_BYTES);
}

typedef struct
{
  gboolean answered;
  CardeaSecret *pin;
} Answer;

static void
on_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  cardea_pin_store_store_finish (CARDEA_PIN_STORE (source), result, &error);
  g_assert_no_error (error);
  ((Answer *)data)->answered = TRUE;
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  ((Answer *)data)->pin = cardea_pin_store_lookup_finish (CARDEA_PIN_STORE (source), result, &error);
  g_assert_no_error (error);
  ((Answer *)data)->answered = TRUE;
}

static void
wait_for (Answer *answer)
{
  while (!answer->answered)
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_pin (Fixture *f, gconstpointer data)
{
  CardeaSecret *pin = make_pin (f);
  Answer stored = { 0 }, found = { 0 };

  assert_found (f, 1);
  assert_copy_is_found (f, pin);
  cardea_pin_store_store_async (f->store, URI, "T", pin, NULL, on_stored, &stored);
  wait_for (&stored);
  assert_found (f, 1);
  cardea_secret_unref (pin);
  assert_found (f, 0);
  cardea_pin_store_lookup_async (f->store, URI, NULL, on_looked_up, &found);
  wait_for (&found);
  assert_found (f, 1);
  g_assert_true (is_pin (f, cardea_secret_peek (found.pin, NULL)));
  cardea_secret_unref (found.pin);
  assert_found (f, 0);
}

/* The heap is not, a locked page is, and half of it does not do. */
static void
test_locked (void)
{
  gsize page = (gsize)sysconf (_SC_PAGESIZE);
  guint8 *pages = mmap (NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_autofree guint8 *heap = g_malloc0 (64);

  g_assert_true (pages != MAP_FAILED);
  g_assert_false (cardea_memory_is_locked (heap, 64));
  g_assert_false (cardea_memory_is_locked (pages, 1));
  g_assert_cmpint (mlock (pages + page, 2 * page), ==, 0);
  g_assert_true (cardea_memory_is_locked (pages + page, 1));
  g_assert_true (cardea_memory_is_locked (pages + page, 2 * page));
  g_assert_true (cardea_memory_is_locked (pages + 3 * page - 1, 1));
  g_assert_false (cardea_memory_is_locked (pages + page - 1, 2));
  g_assert_false (cardea_memory_is_locked (pages + 3 * page - 1, 2));
  /* Two mappings, both locked, side by side. */
  g_assert_cmpint (mprotect (pages + page, page, PROT_READ), ==, 0);
  g_assert_true (cardea_memory_is_locked (pages + page, 2 * page));
  g_assert_cmpint (munlock (pages + page, page), ==, 0);
  g_assert_false (cardea_memory_is_locked (pages + page, 2 * page));
  munmap (pages, 4 * page);
  g_assert_false (cardea_memory_is_locked (pages + 2 * page, 1));
}

static void
on_refused (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (cardea_pin_store_lookup_finish (CARDEA_PIN_STORE (source), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  ((Answer *)data)->answered = TRUE;
}

/* libsecret would go on with the heap. */
static void
test_refused (void)
{
  if (g_test_subprocess ()) {
    const struct rlimit none = { 0, 0 };
    g_autoptr (CardeaPinStore) store = cardea_keyring_new ();
    Answer answer = { 0 };

    g_assert_cmpint (setrlimit (RLIMIT_MEMLOCK, &none), ==, 0);
    g_assert_true (geteuid () != 0 || setresuid (NOBODY, NOBODY, NOBODY) == 0);
    cardea_pin_store_lookup_async (store, URI, NULL, on_refused, &answer);
    wait_for (&answer);
    return;
  }
  g_test_trap_subprocess (NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/keyring-memory/pin", Fixture, NULL, set_up, test_pin, tear_down);
  g_test_add_func ("/keyring-memory/locked", test_locked);
  g_test_add_func ("/keyring-memory/refused", test_refused);
  return g_test_run ();
}
