/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The argument of `cardea decisions --for`, as a table, and what it lets through. */

#include "socket-api/cli/server-filter.h"

#include <gio/gio.h>

typedef struct
{
  const char *text;
  const char *host; /* or NULL: refused */
  guint16 port;
} Case;

static const Case CASES[] = {
  { "bank.example", "bank.example", 0 },
  { "bank.example:443", "bank.example", 443 },
  { "BANK.Example.:443", "bank.example", 443 },
  { "Bank.Example.", "bank.example", 0 },
  { "b\303\274cher.example:443", "xn--bcher-kva.example", 443 },
  { "B\303\234CHER.example", "xn--bcher-kva.example", 0 },
  { "127.0.0.1:99", "127.0.0.1", 99 },
  { "[::1]", "::1", 0 },
  { "[0:0::1]:8443", "::1", 8443 },
  { "", NULL, 0 },
  { ".", NULL, 0 },
  { ":443", NULL, 0 },
  { "h:", NULL, 0 },
  { "h:0", NULL, 0 },
  { "h:65536", NULL, 0 },
  { "h:https", NULL, 0 },
  { "::1", NULL, 0 },
  { "::1:443", NULL, 0 },
  { "[]", NULL, 0 },
  { "[", NULL, 0 },
  { "[::1", NULL, 0 },
  { "[bank:443]", NULL, 0 },
  { "https://bank.example", NULL, 0 },
};

static void
test_parse (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *host = NULL;
  guint16 port = 7;
  gboolean ok = cardea_server_filter_parse (c->text, &host, &port, &error);

  if (c->host == NULL) {
    g_assert_false (ok);
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    g_assert_null (host);
    g_assert_cmpuint (port, ==, 7);
    return;
  }
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_cmpstr (host, ==, c->host);
  g_assert_cmpuint (port, ==, c->port);
}

static void
assert_kept (json_t *list, const char *host, guint16 port, gsize n)
{
  json_t *kept = cardea_server_filter_apply (list, host, port);

  g_assert_true (json_is_array (kept));
  g_assert_cmpuint (json_array_size (kept), ==, n);
  json_decref (kept);
}

static void
test_apply (void)
{
  json_t *list =
      json_loads ("[{\"server_name\":\"a.example\",\"port\":1},{\"server_name\":\"a.example\","
                  "\"port\":2},{\"server_name\":\"b.a.example\",\"port\":1},{\"server_name\":7,"
                  "\"port\":1},{\"server_name\":\"a.example\",\"port\":\"1\"},{\"port\":1},null,[]]",
                  0, NULL);

  g_assert_nonnull (list);
  assert_kept (list, "a.example", 0, 3);
  assert_kept (list, "a.example", 1, 1);
  assert_kept (list, "a.example", 3, 0);
  assert_kept (list, "b.a.example", 1, 1);
  assert_kept (list, "example", 0, 0);
  assert_kept (NULL, "a.example", 0, 0);
  json_decref (list);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autofree char *path = g_strdup_printf ("/server-filter/parse/%02zu", i);

    g_test_add_data_func (path, &CASES[i], test_parse);
  }
  g_test_add_func ("/server-filter/apply", test_apply);
  return g_test_run ();
}
