/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes the file of decisions. As bytes of the file: what is read of them is written and read again as the
 * same. As what programs and servers are called (a flip: where, and which bit; then program, label, server,
 * trust): whatever may be remembered comes back as it was, and of a file with one bit flipped nothing comes
 * that was not there. */
#include <gio/gio.h>
#include <string.h>

#include "agent/decisions/decisions-text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

static void
check_equal (GPtrArray *list, GPtrArray *again)
{
  g_assert_cmpuint (list->len, ==, again->len);
  for (guint i = 0; i < list->len; i++)
    g_assert_true (cardea_remembered_equal (list->pdata[i], again->pdata[i]));
}

static void
check_file (GBytes *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = cardea_decisions_text_parse (text, &error);
  g_autoptr (GPtrArray) again = NULL;
  g_autoptr (GBytes) written = NULL;

  if (!list) {
    g_assert_true (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA) ||
                   g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED));
    fuzz_check_text (error->message, FALSE);
    return;
  }
  for (guint i = 0; i < list->len; i++) {
    g_assert_true (cardea_remembered_check (list->pdata[i], NULL));
    fuzz_check_text (((CardeaRemembered *)list->pdata[i])->label, FALSE);
  }
  written = cardea_decisions_text_make (list);
  again = cardea_decisions_text_parse (written, NULL);
  g_assert_nonnull (again);
  check_equal (list, again);
}

static CardeaRemembered *
make_remembered (FuzzInput *input)
{
  g_autofree char *program = fuzz_take_text (input);
  g_autofree char *label = fuzz_take_text (input);
  g_autofree char *server = fuzz_take_text (input);
  g_autofree char *trust = fuzz_take_text (input);
  CardeaRememberedKey key = { program, server, 443, trust };
  CardeaCertificateId id = { .purposes = fuzz_take_byte (input), .not_after = 2000000000 };
  gboolean without = fuzz_take_byte (input) % 2 == 0;
  g_autoptr (GError) error = NULL;
  CardeaRemembered *remembered;

  memset (id.sha256, 'a', 64);
  memset (id.issuer, 'b', 64);
  memset (id.subject, 'c', 64);
  remembered = cardea_remembered_new (&key, label, without ? NULL : &id, 1000, &error);
  if (!remembered)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  return remembered;
}

static void
check_flip (GPtrArray *list, GBytes *text, guint where, guint bit)
{
  gsize length;
  const char *data = g_bytes_get_data (text, &length);
  g_autofree char *copy = g_memdup2 (data, length);
  g_autoptr (GBytes) damaged = NULL;
  g_autoptr (GPtrArray) got = NULL;

  copy[where % length] ^= (char)(1 << bit % 8);
  damaged = g_bytes_new (copy, length);
  got = cardea_decisions_text_parse (damaged, NULL);
  if (got)
    check_equal (list, got);
}

static void
check_texts (FuzzInput input)
{
  guint high = fuzz_take_byte (&input);
  guint where = high << 8 | fuzz_take_byte (&input);
  guint bit = fuzz_take_byte (&input);
  g_autoptr (GPtrArray) list = cardea_remembered_list_new ();
  CardeaRemembered *remembered = make_remembered (&input);
  g_autoptr (GPtrArray) again = NULL;
  g_autoptr (GBytes) text = NULL;

  if (!remembered)
    return;
  g_ptr_array_add (list, remembered);
  text = cardea_decisions_text_make (list);
  again = cardea_decisions_text_parse (text, NULL);
  g_assert_nonnull (again);
  check_equal (list, again);
  check_flip (list, text, where, bit);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_begin ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) text = g_bytes_new (data, size);

  check_file (text);
  check_texts ((FuzzInput){ data, size });
  return 0;
}
