/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reasons: each "no" the agent gives has a stable name for programs and a sentence for people.
 *
 * The names are a contract (org.cardea.agent, Problem.code), so they stand in one table whose length the
 * compiler checks against the codes: a code without a name cannot be built. */

#include "agent/base/reason.h"

static const char *const names[] = {
  [CARDEA_REASON_EXPIRED] = "expired",
  [CARDEA_REASON_NOT_YET_VALID] = "not_yet_valid",
  [CARDEA_REASON_NOT_FOR_CLIENT_AUTH] = "not_for_client_auth",
  [CARDEA_REASON_NOT_FOR_SIGNING] = "not_for_signing",
  [CARDEA_REASON_ISSUER_NOT_ACCEPTED] = "issuer_not_accepted",
  [CARDEA_REASON_SCHEME_NOT_ACCEPTED] = "scheme_not_accepted",
  [CARDEA_REASON_TOKEN_CANNOT_SIGN] = "token_cannot_sign",
  [CARDEA_REASON_KEY_MISSING] = "key_missing",
  [CARDEA_REASON_KEY_ALWAYS_AUTHENTICATE] = "key_always_authenticate",
  [CARDEA_REASON_PIN_SINGLE_USE] = "pin_single_use",
  [CARDEA_REASON_KEY_TOO_WEAK] = "key_too_weak",
  [CARDEA_REASON_KEY_NOT_SUPPORTED] = "key_not_supported",
  [CARDEA_REASON_NOT_CHOSEN] = "not_chosen",
  [CARDEA_REASON_TOKEN_LOCKED] = "token_locked",
  [CARDEA_REASON_CERTIFICATE_MALFORMED] = "certificate_malformed",
  [CARDEA_REASON_MODULE_MISSING] = "module_missing",
  [CARDEA_REASON_MODULE_REFUSED] = "module_refused",
  [CARDEA_REASON_MODULE_FAILED] = "module_failed",
  [CARDEA_REASON_MODULE_CRASHED] = "module_crashed",
  [CARDEA_REASON_MODULE_HUNG] = "module_hung",
  [CARDEA_REASON_MODULE_CONFIGURATION] = "module_configuration",
  [CARDEA_REASON_DATABASE_UNREADABLE] = "database_unreadable",
  [CARDEA_REASON_AUTHORITIES_UNREADABLE] = "authorities_unreadable",
  [CARDEA_REASON_TOKEN_NOT_INITIALISED] = "token_not_initialised",
  [CARDEA_REASON_TOO_MANY_CERTIFICATES] = "too_many_certificates",
  [CARDEA_REASON_CONFIGURATION_INVALID] = "configuration_invalid",
  [CARDEA_REASON_PIN_SOURCE_UNUSABLE] = "pin_source_unusable",
  [CARDEA_REASON_RULE_INVALID] = "rule_invalid",
  [CARDEA_REASON_DECISIONS_UNREADABLE] = "decisions_unreadable",
  [CARDEA_REASON_DECISIONS_NOT_SAVED] = "decisions_not_saved",
  [CARDEA_REASON_READER_SERVICE_DOWN] = "reader_service_down",
  [CARDEA_REASON_READER_SERVICE_REFUSED] = "reader_service_refused",
  [CARDEA_REASON_READER_SERVICE_SILENT] = "reader_service_silent",
  [CARDEA_REASON_READER_WITHOUT_DRIVER] = "reader_without_driver",
  [CARDEA_REASON_READER_FAILING] = "reader_failing",
  [CARDEA_REASON_READER_IN_USE] = "reader_in_use",
  [CARDEA_REASON_READERS_SHARED] = "readers_shared",
  [CARDEA_REASON_CARD_MUTE] = "card_mute",
  [CARDEA_REASON_CARD_UNKNOWN] = "card_unknown",
  [CARDEA_REASON_LOGIN_NOT_ENDED] = "login_not_ended",
  [CARDEA_REASON_NO_PIN] = "no_pin",
  [CARDEA_REASON_PIN_MUST_CHANGE] = "pin_must_change",
  [CARDEA_REASON_REVOCATION_LISTS_UNREADABLE] = "revocation_lists_unreadable",
};

G_STATIC_ASSERT (G_N_ELEMENTS (names) == CARDEA_N_REASONS);

const char *
cardea_reason_code_to_string (CardeaReasonCode code)
{
  g_return_val_if_fail ((guint)code < CARDEA_N_REASONS, "unknown");

  return names[code];
}

gboolean
cardea_reason_code_from_string (const char *name, CardeaReasonCode *code)
{
  g_return_val_if_fail (name != NULL, FALSE);

  for (guint i = 0; i < CARDEA_N_REASONS; i++)
    if (g_str_equal (names[i], name)) {
      *code = (CardeaReasonCode)i;
      return TRUE;
    }
  return FALSE;
}

CardeaReason *
cardea_reason_new (CardeaReasonCode code, const char *remedy, const char *format, ...)
{
  CardeaReason *self = g_new0 (CardeaReason, 1);
  va_list arguments;

  self->code = code;
  self->remedy = g_strdup (remedy);
  va_start (arguments, format);
  self->message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return self;
}

CardeaReason *
cardea_reason_copy (const CardeaReason *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return cardea_reason_new (self->code, self->remedy, "%s", self->message);
}

void
cardea_reason_free (CardeaReason *self)
{
  if (self == NULL)
    return;
  g_free (self->message);
  g_free (self->remedy);
  g_free (self);
}

static void
free_element (gpointer reason)
{
  cardea_reason_free (reason);
}

GPtrArray *
cardea_reasons_new (void)
{
  return g_ptr_array_new_with_free_func (free_element);
}

GPtrArray *
cardea_reasons_copy (GPtrArray *reasons)
{
  GPtrArray *copy = cardea_reasons_new ();

  for (guint i = 0; reasons != NULL && i < reasons->len; i++)
    g_ptr_array_add (copy, cardea_reason_copy (g_ptr_array_index (reasons, i)));
  return copy;
}
