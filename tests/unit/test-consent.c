/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Consent: never for another certificate than the one that was chosen, and never because there is but one. */

#include "agent/policy/consent.h"

#include <nss.h>
#include <string.h>

#include "tests/unit/load-certificate.h"

/* A letter is a certificate; B to E are of A's issuer, subject and purposes unless they say otherwise. */
#define A "a"
#define LATER "b"        /* ends after A */
#define LATEST "c"       /* ends after B */
#define SAME_END "d"     /* ends with A */
#define EARLIER "e"      /* ends before A */
#define OTHER_ISSUER "f" /* otherwise as B, and so on */
#define OTHER_SUBJECT "g"
#define OTHER_PURPOSES "h"

typedef struct
{
  const char *memory;     /* NULL: nothing is remembered; "": to continue without; else a letter */
  const char *candidates; /* letters */
  CardeaRuleConsent rule;
  gboolean may_not_ask;
  CardeaConsent expected;
} Case;

#define GIVEN CARDEA_RULE_CONSENT_GIVEN
#define DENIED CARDEA_RULE_CONSENT_DENIED
#define USE(index)                                                                                           \
  {                                                                                                          \
    CARDEA_CONSENT_USE, index, FALSE                                                                         \
  }
#define CONTINUE                                                                                             \
  {                                                                                                          \
    CARDEA_CONSENT_CONTINUE, -1, FALSE                                                                       \
  }
#define DENY                                                                                                 \
  {                                                                                                          \
    CARDEA_CONSENT_DENY, -1, FALSE                                                                           \
  }
#define ASK                                                                                                  \
  {                                                                                                          \
    CARDEA_CONSENT_ASK, -1, FALSE                                                                            \
  }
#define ASK_RENEWED(index)                                                                                   \
  {                                                                                                          \
    CARDEA_CONSENT_ASK, index, TRUE                                                                          \
  }
#define REQUIRED                                                                                             \
  {                                                                                                          \
    CARDEA_CONSENT_INTERACTION_REQUIRED, -1, FALSE                                                           \
  }
#define REQUIRED_RENEWED(index)                                                                              \
  {                                                                                                          \
    CARDEA_CONSENT_INTERACTION_REQUIRED, index, TRUE                                                         \
  }

static const Case cases[] = {
  /* Nothing is remembered: one candidate or several, a person chooses. */
  { NULL, "", .expected = ASK },
  { NULL, A, .expected = ASK },
  { NULL, A LATER, .expected = ASK },
  { NULL, "", .may_not_ask = TRUE, .expected = REQUIRED },
  { NULL, A, .may_not_ask = TRUE, .expected = REQUIRED },
  /* A rule consents to the only one, and chooses among none. */
  { NULL, A, GIVEN, .expected = USE (0) },
  { NULL, A, GIVEN, TRUE, USE (0) },
  { NULL, "", GIVEN, .expected = ASK },
  { NULL, A LATER, GIVEN, .expected = ASK },
  { NULL, A LATER, GIVEN, TRUE, REQUIRED },
  { NULL, A A, GIVEN, .expected = ASK }, /* on two tokens */
  /* "Deny" comes first, whatever else there is. */
  { NULL, A, DENIED, .expected = DENY },
  { NULL, "", DENIED, TRUE, DENY },
  { A, A, DENIED, .expected = DENY },
  { "", A, DENIED, .expected = DENY },
  /* What is remembered and fits is used, wherever it stands, whether or not a person is there. */
  { A, A, .expected = USE (0) },
  { A, A, .may_not_ask = TRUE, .expected = USE (0) },
  { A, OTHER_SUBJECT A, .expected = USE (1) },
  { A, LATER LATEST A, .expected = USE (2) },
  { A, OTHER_SUBJECT A, GIVEN, .expected = USE (1) },
  { A, A A, .expected = USE (0) },
  /* What is remembered and missing is asked about; no other takes its place, with a rule's consent neither.
   */
  { A, "", .expected = ASK },
  { A, OTHER_SUBJECT, .expected = ASK },
  { A, OTHER_SUBJECT, .may_not_ask = TRUE, .expected = REQUIRED },
  { A, OTHER_SUBJECT, GIVEN, .expected = ASK },
  { A, OTHER_SUBJECT, GIVEN, TRUE, REQUIRED },
  /* Renewed: named, not used. */
  { A, LATER, .expected = ASK_RENEWED (0) },
  { A, LATER, GIVEN, .expected = ASK_RENEWED (0) },
  { A, LATER, .may_not_ask = TRUE, .expected = REQUIRED_RENEWED (0) },
  { A, OTHER_SUBJECT LATER, .expected = ASK_RENEWED (1) },
  { A, LATER LATEST, .expected = ASK_RENEWED (1) },
  { A, LATEST LATER, .expected = ASK_RENEWED (0) },
  { A, SAME_END, .expected = ASK },
  { A, EARLIER, .expected = ASK },
  { A, OTHER_ISSUER, .expected = ASK },
  { A, OTHER_PURPOSES, .expected = ASK },
  { LATER, A, .expected = ASK },
  /* "Without one" is an answer, too. */
  { "", A, .expected = CONTINUE },
  { "", "", .may_not_ask = TRUE, .expected = CONTINUE },
  { "", A, GIVEN, .expected = CONTINUE },
};

static CardeaCertificateId
make_id (char letter)
{
  CardeaCertificateId id = { .purposes = 5, .not_after = 1000 };

  memset (id.sha256, letter, 64);
  memset (id.issuer, letter == 'f' ? '1' : '2', 64);
  memset (id.subject, letter == 'g' ? '1' : '2', 64);
  if (letter == 'h')
    id.purposes = 1;
  if (letter == 'c')
    id.not_after = 3000;
  else if (letter == 'e')
    id.not_after = 999;
  else if (letter != 'a' && letter != 'd')
    id.not_after = 2000;
  return id;
}

static void
check_case (const Case *c)
{
  CardeaCertificateId candidates[4], remembered;
  CardeaConsentRequest request = {
    .is_remembered = c->memory != NULL,
    .candidates = candidates,
    .n_candidates = (guint)strlen (c->candidates),
    .rule = c->rule,
    .may_ask = !c->may_not_ask,
  };
  CardeaConsent consent;

  g_assert_cmpuint (request.n_candidates, <=, G_N_ELEMENTS (candidates));
  for (guint i = 0; i < request.n_candidates; i++)
    candidates[i] = make_id (c->candidates[i]);
  if (c->memory != NULL && c->memory[0] != '\0') {
    remembered = make_id (c->memory[0]);
    request.remembered = &remembered;
  }
  consent = cardea_policy_consent (&request);
  g_assert_cmpint (consent.answer, ==, c->expected.answer);
  g_assert_cmpint (consent.index, ==, c->expected.index);
  g_assert_cmpint (consent.renewed, ==, c->expected.renewed);
}

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("case %" G_GSIZE_FORMAT, i);
    check_case (&cases[i]);
  }
}

/* The value is of the certificate it is said to be of. */
static void
test_id_of_certificate (void)
{
  g_autoptr (CardeaCertificate) certificate = load_certificate ("client-p256");
  g_autoptr (CardeaCertificate) other = load_certificate ("client-rsa");
  CardeaCertificateId id = cardea_certificate_id_of (certificate);
  CardeaCertificateId other_id = cardea_certificate_id_of (other);
  g_autofree char *subject =
      g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, cardea_certificate_get_subject_der (certificate));
  g_autofree char *issuer =
      g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, cardea_certificate_get_issuer_der (certificate));

  g_assert_true (cardea_certificate_id_is_valid (&id));
  g_assert_cmpstr (id.sha256, ==, cardea_certificate_get_sha256 (certificate));
  g_assert_cmpstr (id.subject, ==, subject);
  g_assert_cmpstr (id.issuer, ==, issuer);
  g_assert_cmpuint (id.purposes, ==, cardea_certificate_get_purposes (certificate));
  g_assert_cmpint (id.not_after, ==, cardea_certificate_get_not_after (certificate));
  g_assert_false (cardea_certificate_id_equal (&id, &other_id));
  id.sha256[3] = 'A';
  g_assert_false (cardea_certificate_id_is_valid (&id));
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (NSS_NoDB_Init (NULL), ==, SECSuccess);
  g_test_add_func ("/consent/cases", test_cases);
  g_test_add_func ("/consent/id-of-certificate", test_id_of_certificate);
  result = g_test_run ();
  g_assert_cmpint (NSS_Shutdown (), ==, SECSuccess);
  return result;
}
