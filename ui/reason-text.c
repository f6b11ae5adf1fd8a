/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why a certificate does not fit, in the person's language.
 *
 * The agent says it in English, for logs and programs. Its code is what is translated here, with the dates of
 * the certificate; a code of a newer agent still reaches the person, in the agent's words. */

#include "ui/reason-text.h"

#include <glib/gi18n.h>

#include "ui/certificate-text.h"
#include "ui/plain-text.h"

typedef struct
{
  const char *code;
  const char *text;
} Sentence;

static const Sentence sentences[] = {
  { "not_for_client_auth", N_ ("It was not issued for signing in to servers") },
  { "not_for_signing", N_ ("Its key may not sign, which signing in takes") },
  { "issuer_not_accepted", N_ ("This server does not accept its issuer") },
  { "scheme_not_accepted", N_ ("This server accepts no signature of this kind of key") },
  { "token_cannot_sign", N_ ("This token cannot produce the signature TLS 1.3 needs") },
  { "key_missing", N_ ("The private key that belongs to it is not on the token") },
  { "key_always_authenticate",
    N_ ("Its key asks a person for the PIN for every signature, and nobody can be asked") },
  { "pin_single_use",
    N_ ("Its token asks a person for the PIN for every connection, and nobody can be asked") },
  { "key_too_weak", N_ ("Its key is too short to be safe") },
  { "key_not_supported", N_ ("Its kind of key is not supported") },
  { "not_chosen", N_ ("The program asked for another certificate") },
  { "token_locked", N_ ("The token is locked: a wrong PIN was entered too often") },
  { "no_pin", N_ ("Its token has no PIN, which an answer on a terminal takes") },
  { "certificate_malformed", N_ ("It is damaged and cannot be read") },
};

char *
cardea_reason_text (const CardeaPromptReason *reason, const CardeaPromptOffer *offer)
{
  g_autofree char *from = cardea_certificate_text_day (offer->not_before);
  g_autofree char *to = cardea_certificate_text_day (offer->not_after);

  if (g_str_equal (reason->code, "expired"))
    return g_strdup_printf (_ ("Expired on %s"), to);
  if (g_str_equal (reason->code, "not_yet_valid"))
    return g_strdup_printf (_ ("Not valid before %s"), from);
  for (gsize i = 0; i < G_N_ELEMENTS (sentences); i++)
    if (g_str_equal (sentences[i].code, reason->code))
      return g_strdup (_ (sentences[i].text));
  return cardea_plain_text (reason->message, CARDEA_PLAIN_TEXT_PARAGRAPH);
}
