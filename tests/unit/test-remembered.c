/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One remembered choice: exactly for whom it is, what may not be remembered at all, and names that are foul.
 */

#include "agent/decisions/remembered.h"

#include <gio/gio.h>

#include "socket-api/limits.h"
#include "tests/unit/decisions-maker.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const CardeaRememberedKey ordinary = { "exe:/usr/bin/mail", "bank.example", 443, "system" };

static void
test_new (void)
{
  CardeaCertificateId id = make_certificate_id ('a');
  g_autoptr (CardeaRemembered) first = cardea_remembered_new (&ordinary, "Mail", &id, 1000, NULL);
  g_autoptr (CardeaRemembered) second = cardea_remembered_new (&ordinary, "Mail", &id, 1000, NULL);

  g_assert_true (cardea_remembered_check (first, NULL));
  g_assert_cmpuint (strlen (first->id), ==, 32);
  g_assert_cmpstr (first->id, !=, second->id);
  g_assert_cmpint (first->until, ==, CARDEA_UNTIL_ALWAYS);
  g_assert_null (first->token_uri);
  g_assert_false (first->without);
  g_assert_cmpstr (first->certificate.sha256, ==, id.sha256);
  g_assert_cmpint (first->made, ==, 1000);
  g_assert_cmpint (first->last_used, ==, 1000);
  g_assert_cmpint (first->used, ==, 0);
  g_assert_false (cardea_remembered_equal (first, second));
  g_assert_true (cardea_remembered_equal (first, first));
}

static void
test_without (void)
{
  CardeaCertificateId later = make_certificate_id ('a');
  g_autoptr (CardeaRemembered) none =
      cardea_remembered_new_until_removal (&ordinary, "Mail", NULL, "pkcs11:token=T", 1000, NULL);

  later.not_after = G_MAXINT64;
  g_assert_true (none->without);
  g_assert_cmpint (none->until, ==, CARDEA_UNTIL_REMOVAL);
  g_assert_cmpstr (none->token_uri, ==, "pkcs11:token=T");
  g_assert_false (cardea_remembered_is_renewed_by (none, &later));
}

static void
test_is_for (void)
{
  static const CardeaRememberedKey others[] = {
    { "exe:/usr/bin/mail2", "bank.example", 443, "system" },
    { "flatpak:/usr/bin/mail", "bank.example", 443, "system" },
    { "exe:/usr/bin/mail", "www.bank.example", 443, "system" },
    { "exe:/usr/bin/mail", "bank.example", 8443, "system" },
    { "exe:/usr/bin/mail", "bank.example", 443, "program:" HASH },
    { "exe:/usr/bin/mail", "bank.example", 443, "rule:" HASH },
  };
  CardeaCertificateId id = make_certificate_id ('a');
  g_autoptr (CardeaRemembered) self = cardea_remembered_new (&ordinary, "Mail", &id, 1000, NULL);

  g_assert_true (cardea_remembered_is_for (self, &ordinary));
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (cardea_remembered_is_for (self, &others[i]));
}

static void
test_renewed (void)
{
  CardeaCertificateId id = make_certificate_id ('a'), other = make_certificate_id ('b');
  g_autoptr (CardeaRemembered) self = cardea_remembered_new (&ordinary, "Mail", &id, 1000, NULL);

  g_assert_false (cardea_remembered_is_renewed_by (self, &other)); /* ends with it */
  other.not_after++;
  g_assert_true (cardea_remembered_is_renewed_by (self, &other));
  other.issuer[63] = '3';
  g_assert_false (cardea_remembered_is_renewed_by (self, &other));
}

/* For each of these somebody is asked each time. */
static void
test_refused (void)
{
  static const CardeaRememberedKey refused[] = {
    { "", "bank.example", 443, "system" },
    { "unknown:", "bank.example", 443, "system" },              /* stands for many */
    { "exe:/tmp/\357\277\275", "bank.example", 443, "system" }, /* so does a byte that is not shown */
    { "exe:/tmp/\377", "bank.example", 443, "system" },
    { "exe:/tmp/a\nb", "bank.example", 443, "system" },
    { "exe:/tmp/\342\200\256gpj", "bank.example", 443, "system" }, /* right to left */
    { "exe:/a", "", 443, "system" },
    { "exe:/a", "Bank.example", 443, "system" },
    { "exe:/a", "b\303\244nk.example", 443, "system" },
    { "exe:/a", "bank example", 443, "system" },
    { "exe:/a", "bank.example\n", 443, "system" },
    { "exe:/a", "bank.example", 0, "system" },
    { "exe:/a", "bank.example", 443, "" },
    { "exe:/a", "bank.example", 443, "System" },
    { "exe:/a", "bank.example", 443, "program:" },
    { "exe:/a", "bank.example", 443, "program:" HASH "0" },
    { "exe:/a", "bank.example", 443, "program:G" },
    { "exe:/a", "bank.example", 443, "rule:" HASH "0" },
    { "exe:/a", "bank.example", 443, "rule:" },
  };
  CardeaCertificateId id = make_certificate_id ('a');

  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autoptr (GError) error = NULL;

    g_test_message ("case %" G_GSIZE_FORMAT, i);
    g_assert_null (cardea_remembered_new (&refused[i], "Mail", &id, 1000, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    g_assert_true (g_str_has_suffix (error->message, "."));
  }
}

static void
test_bad_certificate (void)
{
  CardeaCertificateId id = make_certificate_id ('a');

  id.sha256[10] = 'A';
  g_assert_null (cardea_remembered_new (&ordinary, "Mail", &id, 1000, NULL));
  id = make_certificate_id ('a');
  id.issuer[0] = '\0';
  g_assert_null (cardea_remembered_new (&ordinary, "Mail", &id, 1000, NULL));
  id = make_certificate_id ('a');
  g_assert_null (cardea_remembered_new (&ordinary, "Mail", &id, -1, NULL));
}

static char *
make_program (gsize length)
{
  char *key = g_strnfill (length, 'a');

  memcpy (key, "exe:/", 5);
  return key;
}

static void
test_limits (void)
{
  CardeaCertificateId id = make_certificate_id ('a');
  g_autofree char *longest = make_program (CARDEA_LIMIT_PROGRAM_KEY_BYTES);
  g_autofree char *longer = make_program (CARDEA_LIMIT_PROGRAM_KEY_BYTES + 1);
  g_autofree char *name = g_strnfill (CARDEA_LIMIT_HOST_NAME, 'a');
  g_autofree char *longer_name = g_strnfill (CARDEA_LIMIT_HOST_NAME + 1, 'a');
  CardeaRememberedKey key = { longest, name, G_MAXUINT16, "program:" HASH };
  g_autoptr (CardeaRemembered) self = cardea_remembered_new (&key, "Mail", &id, 1000, NULL);

  g_assert_nonnull (self);
  key.program = longer;
  g_assert_null (cardea_remembered_new (&key, "Mail", &id, 1000, NULL));
  key.program = longest;
  key.server = longer_name;
  g_assert_null (cardea_remembered_new (&key, "Mail", &id, 1000, NULL));
}

/* A label is only shown: it is mended, cut at the end of a character, and stops nothing. */
static void
test_labels (void)
{
  CardeaCertificateId id = make_certificate_id ('a');
  g_autofree char *ones = g_strnfill (CARDEA_LIMIT_LABEL_BYTES, 'a');
  g_autofree char *one_more = g_strconcat (ones, "b", NULL);
  g_autofree char *split = g_strconcat (ones + 1, "\303\244", NULL);
  g_autofree char *huge = g_strnfill (10 * 1024, '\n');
  const char *const labels[][2] = {
    { "", "" },
    { "a\nb\033[1m", "a\357\277\275b\357\277\275[1m" },
    { "\377", "\357\277\275" },
    { ones, ones },
    { one_more, ones },
    { split, ones + 1 },
    { huge, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (labels); i++) {
    g_autoptr (CardeaRemembered) self = cardea_remembered_new (&ordinary, labels[i][0], &id, 1000, NULL);

    g_assert_nonnull (self);
    g_assert_cmpuint (strlen (self->label), <=, CARDEA_LIMIT_LABEL_BYTES);
    if (labels[i][1] != NULL)
      g_assert_cmpstr (self->label, ==, labels[i][1]);
    g_assert_true (g_utf8_validate (self->label, -1, NULL));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/remembered/new", test_new);
  g_test_add_func ("/remembered/without", test_without);
  g_test_add_func ("/remembered/is-for", test_is_for);
  g_test_add_func ("/remembered/renewed", test_renewed);
  g_test_add_func ("/remembered/refused", test_refused);
  g_test_add_func ("/remembered/bad-certificate", test_bad_certificate);
  g_test_add_func ("/remembered/limits", test_limits);
  g_test_add_func ("/remembered/labels", test_labels);
  return g_test_run ();
}
