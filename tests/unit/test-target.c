/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The arguments of `cardea connect`, as a table. */

#include "socket-api/cli/target.h"

#include <gio/gio.h>

typedef struct
{
  const char *first;
  const char *second; /* or NULL */
  const char *host;   /* or NULL: refused */
  guint16 port;
} Case;

static const Case CASES[] = {
  { "bank.example", "443", "bank.example", 443 },
  { "bank.example:443", NULL, "bank.example", 443 },
  { "h", "1", "h", 1 },
  { "h", "65535", "h", 65535 },
  { "[::1]:8443", NULL, "::1", 8443 },
  { "::1", "443", "::1", 443 },
  { "[::1]", "443", "::1", 443 },
  { "127.0.0.1:99", NULL, "127.0.0.1", 99 },
  { "b\303\274cher.example:443", NULL, "b\303\274cher.example", 443 },
  { "h", "0", NULL, 0 },
  { "h", "65536", NULL, 0 },
  { "h", "-1", NULL, 0 },
  { "h", "+1", NULL, 0 },
  { "h", " 1", NULL, 0 },
  { "h", "1 ", NULL, 0 },
  { "h", "0x50", NULL, 0 },
  { "h", "https", NULL, 0 },
  { "h", "", NULL, 0 },
  { "h", "99999999999999999999999", NULL, 0 },
  { "h", NULL, NULL, 0 },
  { "h:", NULL, NULL, 0 },
  { ":443", NULL, NULL, 0 },
  { "", "443", NULL, 0 },
  { "", NULL, NULL, 0 },
  { "::1:443", NULL, NULL, 0 },
  { "[::1]", NULL, NULL, 0 },
  { "[::1", NULL, NULL, 0 },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  char *arguments[] = { (char *)c->first, (char *)c->second };
  g_autoptr (GError) error = NULL;
  g_autofree char *host = NULL;
  guint16 port = 7;
  gboolean ok = cardea_target_parse (arguments, c->second != NULL ? 2 : 1, &host, &port, &error);

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autofree char *path = g_strdup_printf ("/target/%02zu", i);

    g_test_add_data_func (path, &CASES[i], test_case);
  }
  return g_test_run ();
}
