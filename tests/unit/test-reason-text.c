/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why a certificate does not fit, in words: each reason of the agent's has its own. */

#include "agent/base/reason.h"
#include "ui/reason-text.h"

#include <string.h>

static char *
text_of (const char *code, const char *message)
{
  CardeaPromptOffer offer = { .not_before = 1809302400,
                              .not_after = 1777766400 }; /* 3 May 2027, 3 May 2026 */
  CardeaPromptReason reason = { .code = (char *)code, .message = (char *)message };

  return cardea_reason_text (&reason, &offer);
}

static void
test_dates (void)
{
  g_autofree char *expired = text_of ("expired", "in the agent's words");
  g_autofree char *early = text_of ("not_yet_valid", "in the agent's words");

  g_assert_cmpstr (expired, ==, "Expired on 3 May 2026");
  g_assert_cmpstr (early, ==, "Not valid before 3 May 2027");
}

static void
test_known (void)
{
  g_autofree char *issuer = text_of ("issuer_not_accepted", "in the agent's words");
  g_autofree char *token = text_of ("token_cannot_sign", "in the agent's words");

  g_assert_cmpstr (issuer, ==, "This server does not accept its issuer");
  g_assert_cmpstr (token, ==, "This token cannot produce the signature TLS 1.3 needs");
}

static void
assert_known (CardeaReasonCode code)
{
  g_autofree char *text = text_of (cardea_reason_code_to_string (code), "in the agent's words");

  g_assert_null (strstr (text, "in the agent's words"));
}

/* Every reason against a certificate that the agent has is known here: none is told in English only. */
static void
test_complete (void)
{
  for (int code = CARDEA_REASON_EXPIRED; code <= CARDEA_REASON_CERTIFICATE_MALFORMED; code++)
    assert_known ((CardeaReasonCode)code);
  assert_known (CARDEA_REASON_NO_PIN);
}

static void
test_unknown (void)
{
  g_autofree char *text = text_of ("of_a_newer_agent", "<b>New</b>\nreason\xe2\x80\xae");

  g_assert_cmpstr (text, ==, "\342\201\250<b>New</b>\\u{a}reason\\u{202e}\342\201\251");
}

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "UTC", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reason-text/dates", test_dates);
  g_test_add_func ("/reason-text/known", test_known);
  g_test_add_func ("/reason-text/complete", test_complete);
  g_test_add_func ("/reason-text/unknown", test_unknown);
  return g_test_run ();
}
