/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which certificates fit: each reason by itself, what follows from what, and nothing where nothing is wrong.
 */

#include "agent/policy/fit.h"

#include <nss.h>
#include <string.h>

#include "tests/unit/load-certificate.h"

typedef struct
{
  const char *certificate; /* of the fixtures */
  gboolean wrong_scheme, cannot_sign, key_missing, token_locked;
  const char *authority; /* whose subject the server names; NULL: none */
  gboolean with_issuers;
  const char *reasons; /* names, separated by blanks */
} Case;

static const Case cases[] = {
  { "client-rsa", .reasons = "" },
  { "client-p256", .reasons = "" },
  { "client-p384", .reasons = "" },
  { "client-p521", .reasons = "" },
  { "client-k256", .reasons = "key_not_supported" },
  { "client-ed25519", .reasons = "key_not_supported" },
  { "client-ed25519", .wrong_scheme = TRUE, .cannot_sign = TRUE, .reasons = "key_not_supported" },
  { "weak", .reasons = "key_too_weak" },
  { "email", .reasons = "not_for_client_auth" },
  { "server", .reasons = "not_for_client_auth" },
  { "signer", .reasons = "not_for_signing" },
  { "sub", .reasons = "not_for_signing" },
  { "client-rsa", .wrong_scheme = TRUE, .reasons = "scheme_not_accepted" },
  { "client-rsa", .cannot_sign = TRUE, .reasons = "token_cannot_sign" },
  { "client-rsa", .wrong_scheme = TRUE, .cannot_sign = TRUE, .reasons = "token_cannot_sign" },
  { "client-rsa", .key_missing = TRUE, .reasons = "key_missing" },
  { "client-rsa", .key_missing = TRUE, .wrong_scheme = TRUE, .cannot_sign = TRUE, .reasons = "key_missing" },
  { "client-rsa", .token_locked = TRUE, .reasons = "token_locked" },
  { "client-rsa", .authority = "sub", .reasons = "" },
  { "client-rsa", .authority = "sub", .with_issuers = TRUE, .reasons = "" },
  { "client-rsa", .authority = "root", .reasons = "issuer_not_accepted" },
  { "client-rsa", .authority = "root", .with_issuers = TRUE, .reasons = "" },
  { "client-rsa", .authority = "server", .with_issuers = TRUE, .reasons = "issuer_not_accepted" },
  /* The certificate's own name is no authority's. */
  { "client-rsa", .authority = "client-rsa", .with_issuers = TRUE, .reasons = "issuer_not_accepted" },
  { "email", .authority = "server", .token_locked = TRUE,
    .reasons = "not_for_client_auth issuer_not_accepted token_locked" },
};

static gint64
in_the_middle (CardeaCertificate *certificate)
{
  gint64 from = cardea_certificate_get_not_before (certificate);

  return from + (cardea_certificate_get_not_after (certificate) - from) / 2;
}

static char *
join_reasons (GPtrArray *reasons)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < reasons->len; i++) {
    const CardeaReason *reason = g_ptr_array_index (reasons, i);

    /* Each is a whole sentence, and says what to do. */
    g_assert_true (g_str_has_suffix (reason->message, "."));
    g_assert_true (reason->remedy != NULL && g_str_has_suffix (reason->remedy, "."));
    g_string_append_printf (out, "%s%s", i > 0 ? " " : "", cardea_reason_code_to_string (reason->code));
  }
  return g_string_free (out, FALSE);
}

static void
free_certificate (gpointer data)
{
  cardea_certificate_unref (data);
}

static void
check_case (const Case *c)
{
  g_autoptr (CardeaCertificate) certificate = load_certificate (c->certificate);
  g_autoptr (CardeaCertificate) authority = c->authority != NULL ? load_certificate (c->authority) : NULL;
  g_autoptr (GPtrArray) issuers = g_ptr_array_new_with_free_func (free_certificate);
  g_autoptr (GPtrArray) authorities = g_ptr_array_new ();
  g_autoptr (GPtrArray) reasons = NULL;
  g_autofree char *names = NULL;
  CardeaFitRequest request = {
    .now = in_the_middle (certificate),
    .authorities = authorities,
    .scheme_accepted = !c->wrong_scheme,
  };
  CardeaFitCandidate candidate = {
    .certificate = certificate,
    .issuers = issuers,
    .can_sign = !c->cannot_sign,
    .key_missing = c->key_missing,
    .token_locked = c->token_locked,
  };

  if (c->with_issuers)
    g_ptr_array_add (issuers, load_certificate ("sub"));
  if (authority != NULL)
    g_ptr_array_add (authorities, cardea_certificate_get_subject_der (authority));
  reasons = cardea_policy_fit (&request, &candidate);
  names = join_reasons (reasons);
  g_assert_cmpstr (names, ==, c->reasons);
}

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("case %" G_GSIZE_FORMAT, i);
    check_case (&cases[i]);
  }
}

/* @offset: seconds from the first or the last valid second. */
static char *
fit_at (gboolean from_end, gint64 offset)
{
  g_autoptr (CardeaCertificate) certificate = load_certificate ("client-p256");
  CardeaFitRequest request = { .scheme_accepted = TRUE };
  CardeaFitCandidate candidate = { .certificate = certificate, .can_sign = TRUE };
  g_autoptr (GPtrArray) reasons = NULL;

  request.now = offset + (from_end ? cardea_certificate_get_not_after (certificate)
                                   : cardea_certificate_get_not_before (certificate));
  reasons = cardea_policy_fit (&request, &candidate);
  return join_reasons (reasons);
}

static void
test_validity (void)
{
  static const struct
  {
    gboolean from_end;
    gint64 offset;
    const char *expected;
  } times[] = {
    { FALSE, -1, "not_yet_valid" },
    { FALSE, 0, "" },
    { TRUE, 0, "" },
    { TRUE, 1, "expired" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++) {
    g_autofree char *names = fit_at (times[i].from_end, times[i].offset);

    g_assert_cmpstr (names, ==, times[i].expected);
  }
}

static void
test_expired_names_the_day (void)
{
  g_autoptr (CardeaCertificate) certificate = load_certificate ("client-p256");
  gint64 end = cardea_certificate_get_not_after (certificate);
  g_autoptr (GDateTime) day = g_date_time_new_from_unix_utc (end);
  g_autofree char *expected =
      g_strdup_printf ("The certificate expired on %d October %d.", g_date_time_get_day_of_month (day),
                       g_date_time_get_year (day));
  CardeaFitRequest request = { .now = G_MAXINT64, .scheme_accepted = TRUE };
  CardeaFitCandidate candidate = { .certificate = certificate, .can_sign = TRUE };
  g_autoptr (GPtrArray) reasons = cardea_policy_fit (&request, &candidate);
  const CardeaReason *reason = g_ptr_array_index (reasons, 0);

  g_assert_cmpint (g_date_time_get_month (day), ==, 10);
  g_assert_cmpstr (reason->message, ==, expected);
}

int
main (int argc, char **argv)
{
  int result;

  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (NSS_NoDB_Init (NULL), ==, SECSuccess);
  g_test_add_func ("/fit/cases", test_cases);
  g_test_add_func ("/fit/validity", test_validity);
  g_test_add_func ("/fit/expired-names-the-day", test_expired_names_the_day);
  result = g_test_run ();
  g_assert_cmpint (NSS_Shutdown (), ==, SECSuccess);
  return result;
}
