/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What administrators told the browser to choose, looked up for what fits here. */

#include "agent/broker/browsers-choice.h"

static void
free_candidate (gpointer candidate)
{
  cardea_chromium_candidate_free (candidate);
}

int
cardea_browsers_choice_find (CardeaChromiumPolicy *policy, const CardeaRequest *request,
                             const CardeaChoice *choice, gboolean *sure)
{
  g_autoptr (GPtrArray) candidates = g_ptr_array_new_with_free_func (free_candidate);
  g_autoptr (GArray) selected = NULL;
  gboolean ask = FALSE;

  *sure = FALSE;
  if (policy == NULL)
    return -1;
  for (guint i = 0; i < choice->n_fitting; i++) {
    const CardeaOffer *offer = choice->offers->pdata[i];

    g_ptr_array_add (candidates, cardea_chromium_candidate_new (
                                     cardea_certificate_get_issuer (offer->certificate->certificate),
                                     cardea_certificate_get_subject (offer->certificate->certificate)));
  }
  selected = cardea_chromium_policy_select (policy, cardea_request_get_server_name (request), request->port,
                                            candidates, &ask);
  *sure = !ask;
  return selected->len > 0 ? (int)g_array_index (selected, guint, 0) : -1;
}
