/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "agent/broker/readiness.h"

#include "agent/broker/choice.h"

/* A URI may name more than what is there so far. */
gboolean
cardea_readiness_is_given (CardeaCatalogue *catalogue, const char *wanted)
{
  g_autoptr (GPtrArray) certificates = NULL;
  gboolean malformed;

  if (wanted == NULL || !cardea_choice_is_sha256 (wanted) ||
      cardea_catalogue_is_reading_authorities (catalogue))
    return FALSE;
  certificates = cardea_catalogue_get_certificates (catalogue);
  for (guint i = 0; i < certificates->len; i++) {
    const CardeaTokenCertificate *certificate = certificates->pdata[i];

    if (cardea_choice_is_wanted (wanted, certificate, &malformed) &&
        cardea_host_runs (certificate->token->host, certificate->token->generation))
      return TRUE;
  }
  return FALSE;
}
