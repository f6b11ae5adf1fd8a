/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The text of the file: there and back, and nothing from one in which any value was changed. */

#include "agent/decisions/decisions-text.h"

#include <gio/gio.h>

#include "socket-api/limits.h"
#include "tests/unit/decisions-maker.h"

/* Three: with a certificate, without one, and one whose texts want escaping. */
static GPtrArray *
make_list (void)
{
  static const CardeaRememberedKey odd = { "flatpak:org.\"example\\ \303\244", "192.0.2.1", 1,
                                           "program:0123456789abcdef0123456789abcdef"
                                           "0123456789abcdef0123456789abcdef" };
  CardeaCertificateId id = make_certificate_id ('f');
  GPtrArray *list = cardea_remembered_list_new ();

  id.purposes = G_MAXUINT;
  id.not_after = -1;
  g_ptr_array_add (list, make_remembered (1, 1000));
  g_ptr_array_add (list, cardea_remembered_new (&odd, "\"</script>\\u0000", &id, G_MAXINT64, NULL));
  g_ptr_array_add (list, cardea_remembered_new (&odd, "", NULL, 0, NULL));
  ((CardeaRemembered *)g_ptr_array_index (list, 2))->port = 2;
  return list;
}

static GPtrArray *
parse (const char *text, gssize length, int expected)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, length < 0 ? strlen (text) : (gsize)length);
  g_autoptr (GError) error = NULL;
  GPtrArray *list = cardea_decisions_text_parse (bytes, &error);

  if (expected < 0) {
    g_assert_no_error (error);
    g_assert_nonnull (list);
  } else {
    g_assert_error (error, G_IO_ERROR, expected);
    g_assert_null (list);
    g_assert_true (g_str_has_suffix (error->message, "."));
  }
  return list;
}

static void
test_there_and_back (void)
{
  g_autoptr (GPtrArray) list = make_list ();
  g_autoptr (GBytes) text = cardea_decisions_text_make (list);
  g_autoptr (GPtrArray) again = cardea_decisions_text_parse (text, NULL);
  g_autoptr (GBytes) text_again = NULL;

  g_assert_nonnull (again);
  assert_lists_equal (list, again);
  text_again = cardea_decisions_text_make (again);
  g_assert_true (g_bytes_equal (text, text_again));
}

static void
test_nothing (void)
{
  g_autoptr (GPtrArray) none = cardea_remembered_list_new ();
  g_autoptr (GBytes) text = cardea_decisions_text_make (none);
  g_autoptr (GPtrArray) again = cardea_decisions_text_parse (text, NULL);

  g_assert_nonnull (again);
  g_assert_cmpuint (again->len, ==, 0);
}

/* What was published once must be read for ever: the text, and with it how the checksum is made. */
static void
test_published (void)
{
  static const char text[] =
      "{\"format\":\"cardea-decisions\",\"version\":1,\"checksum\":"
      "\"1cc30129b642f388a2e5c80489e1db6bf648967695c677c6cfb8360dabc675e5\",\"decisions\":["
      "{\"id\":\"00112233445566778899aabbccddeeff\",\"program\":\"exe:/usr/bin/mail\",\"label\":\"Mail\","
      "\"server\":\"bank.example\",\"port\":443,\"trust\":\"system\",\"certificate\":\"none\",\"issuer\":"
      "\"\","
      "\"subject\":\"\",\"purposes\":0,\"not_after\":0,\"made\":1700000000,\"used\":3,"
      "\"last_used\":1700000100}]}\n";
  g_autoptr (GPtrArray) list = parse (text, -1, -1);
  g_autoptr (GBytes) again = cardea_decisions_text_make (list);

  g_assert_cmpuint (list->len, ==, 1);
  g_assert_cmpmem (text, strlen (text), g_bytes_get_data (again, NULL), g_bytes_get_size (again));
}

/* Every bit, one by one: the flip is refused, or it changed nothing that is said. */
static void
test_bit_flips (void)
{
  g_autoptr (GPtrArray) list = make_list ();
  g_autoptr (GBytes) text = cardea_decisions_text_make (list);
  gsize length, n_read = 0;
  const char *data = g_bytes_get_data (text, &length);
  g_autofree char *copy = g_memdup2 (data, length);

  for (gsize bit = 0; bit < length * 8; bit++) {
    g_autoptr (GBytes) damaged = NULL;
    g_autoptr (GPtrArray) got = NULL;

    copy[bit / 8] ^= (char)(1 << bit % 8);
    damaged = g_bytes_new_static (copy, length);
    got = cardea_decisions_text_parse (damaged, NULL);
    copy[bit / 8] ^= (char)(1 << bit % 8);
    if (got == NULL)
      continue;
    assert_lists_equal (list, got);
    n_read++;
  }
  g_assert_cmpuint (n_read, <, 10); /* the blank at the end, in whatever form */
}

/* A write that was torn anywhere. */
static void
test_cut_short (void)
{
  g_autoptr (GPtrArray) list = make_list ();
  g_autoptr (GBytes) text = cardea_decisions_text_make (list);
  gsize length;
  const char *data = g_bytes_get_data (text, &length);
  g_autofree char *zeros = g_malloc0 (length);

  for (gsize cut = 0; cut + 1 < length; cut++) {
    g_assert_null (parse (data, (gssize)cut, G_IO_ERROR_INVALID_DATA));
    memcpy (zeros, data, cut);
    g_assert_null (parse (zeros, (gssize)length, G_IO_ERROR_INVALID_DATA));
  }
}

static char *
replace_once (const char *text, const char *from, const char *to)
{
  const char *at = strstr (text, from);

  g_assert_nonnull (at);
  return g_strdup_printf ("%.*s%s%s", (int)(at - text), text, to, at + strlen (from));
}

/* Each of these is JSON, and none of them is what this program writes. */
static void
test_changed (void)
{
  static const struct
  {
    const char *from, *to;
  } changes[] = {
    { "\"port\":443", "\"port\":\"443\"" },
    { "\"port\":443", "\"port\":443.0" },
    { "\"port\":443", "\"port\":444" },
    { "\"port\":443", "\"port\":0" },
    { "\"port\":443", "\"port\":65979" }, /* 443 of sixteen bits */
    { "\"port\":443", "\"port\":4294967739" },
    { "\"port\":443", "\"port\":null" },
    { "\"port\":443", "\"port\":443,\"port\":443" },
    { "\"port\":443", "\"port\":443,\"more\":1" },
    { "\"port\":443,", "" },
    { "\"purposes\":5", "\"purposes\":4294967301" },
    { "\"purposes\":5", "\"purposes\":-1" },
    { "\"used\":0", "\"used\":-1" },
    { "\"used\":0", "\"used\":99999999999999999999" },
    { "\"label\":\"", "\"label\":\"\\u0000" },
    { "\"label\":\"", "\"label\":\"\\n" },
    { "\"label\":\"", "\"label\":\"\\ud800" },
    { "\"label\":\"/usr/bin/mail\"", "\"label\":[]" },
    { "\"certificate\":\"a", "\"certificate\":\"A" },
    { "\"certificate\":\"a", "\"certificate\":\"aa" },
    { "\"version\":1", "\"version\":0" },
    { "\"version\":1", "\"version\":1.0" },
    { "\"version\":1", "\"version\":true" },
    { "\"version\":1", "\"version\":-4294967295" }, /* 1 of thirty-two bits */
    { "cardea-decisions", "cardea-decision" },
    { "\"decisions\":[", "\"decisions\":[null," },
    { "\"decisions\":[", "\"decisions\":[[]," },
    { "\"decisions\":[", "\"more\":1,\"decisions\":[" },
    { "\"decisions\":[", "\"decisions\":[],\"decisions\":[" },
  };
  g_autoptr (GPtrArray) list = make_list ();
  g_autoptr (GBytes) bytes = cardea_decisions_text_make (list);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autofree char *changed = replace_once (text, changes[i].from, changes[i].to);

    g_test_message ("%s", changes[i].to);
    g_assert_null (parse (changed, -1, G_IO_ERROR_INVALID_DATA));
  }
}

/* A good checksum is no excuse. */
static void
test_twice (void)
{
  g_autoptr (GPtrArray) same_key = cardea_remembered_list_new ();
  g_autoptr (GPtrArray) same_id = cardea_remembered_list_new ();
  g_autoptr (GBytes) text = NULL, other_text = NULL;
  CardeaRemembered *second;

  g_ptr_array_add (same_key, make_remembered (1, 1000));
  g_ptr_array_add (same_key, make_remembered (1, 1001));
  text = cardea_decisions_text_make (same_key);
  g_assert_null (cardea_decisions_text_parse (text, NULL));

  g_ptr_array_add (same_id, make_remembered (1, 1000));
  second = make_remembered (2, 1000);
  g_free (second->id);
  second->id = g_strdup (((CardeaRemembered *)g_ptr_array_index (same_id, 0))->id);
  g_ptr_array_add (same_id, second);
  other_text = cardea_decisions_text_make (same_id);
  g_assert_null (cardea_decisions_text_parse (other_text, NULL));
}

static void
test_no_decisions (void)
{
  static const char *const texts[] = {
    "",
    "\n",
    "null",
    "1",
    "[]",
    "{}",
    "\"cardea-decisions\"",
    "{\"format\":\"cardea-decisions\"}",
    "{]",
    "//",
    "{\"version\":2}",
  };
  g_autofree char *deep = g_strnfill (CARDEA_LIMIT_DECISIONS_BYTES, '[');

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_null (parse (texts[i], -1, G_IO_ERROR_INVALID_DATA));
  g_assert_null (parse (deep, -1, G_IO_ERROR_INVALID_DATA));
  g_assert_null (parse ("\0", 1, G_IO_ERROR_INVALID_DATA));
}

/* Known by its version alone: nothing else of it can be expected to be as it is here. */
static void
test_newer (void)
{
  g_assert_null (parse ("{\"format\":\"cardea-decisions\",\"version\":2}", -1, G_IO_ERROR_NOT_SUPPORTED));
  g_assert_null (
      parse ("{\"version\":99,\"rules\":{},\"format\":\"cardea-decisions\"}", -1, G_IO_ERROR_NOT_SUPPORTED));
}

static void
test_limits (void)
{
  g_autoptr (GPtrArray) list = cardea_remembered_list_new ();
  g_autoptr (GPtrArray) again = NULL;
  g_autoptr (GBytes) text = NULL, longer = NULL;
  g_autofree char *padded = g_strnfill (CARDEA_LIMIT_DECISIONS_BYTES + 1, ' ');

  for (guint i = 0; i < CARDEA_LIMIT_DECISIONS; i++)
    g_ptr_array_add (list, make_remembered (i, 1000));
  text = cardea_decisions_text_make (list);
  again = cardea_decisions_text_parse (text, NULL);
  g_assert_nonnull (again);
  assert_lists_equal (list, again);

  memcpy (padded, g_bytes_get_data (text, NULL), g_bytes_get_size (text));
  g_ptr_array_unref (parse (padded, CARDEA_LIMIT_DECISIONS_BYTES, -1));
  g_assert_null (parse (padded, CARDEA_LIMIT_DECISIONS_BYTES + 1, G_IO_ERROR_INVALID_DATA));

  g_ptr_array_add (list, make_remembered (CARDEA_LIMIT_DECISIONS, 1000));
  longer = cardea_decisions_text_make (list);
  g_assert_null (cardea_decisions_text_parse (longer, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/decisions-text/there-and-back", test_there_and_back);
  g_test_add_func ("/decisions-text/nothing", test_nothing);
  g_test_add_func ("/decisions-text/published", test_published);
  g_test_add_func ("/decisions-text/bit-flips", test_bit_flips);
  g_test_add_func ("/decisions-text/cut-short", test_cut_short);
  g_test_add_func ("/decisions-text/changed", test_changed);
  g_test_add_func ("/decisions-text/twice", test_twice);
  g_test_add_func ("/decisions-text/no-decisions", test_no_decisions);
  g_test_add_func ("/decisions-text/newer", test_newer);
  g_test_add_func ("/decisions-text/limits", test_limits);
  return g_test_run ();
}
