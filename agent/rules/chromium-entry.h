/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <jansson.h>

#include "agent/rules/server-pattern.h"

G_BEGIN_DECLS

/* The attributes of names that Chromium's filters know. */
typedef enum
{
  CARDEA_CHROMIUM_CN,
  CARDEA_CHROMIUM_L,
  CARDEA_CHROMIUM_O,
  CARDEA_CHROMIUM_OU,

  CARDEA_CHROMIUM_N_ATTRIBUTES
} CardeaChromiumAttribute;

/* A certificate that may be chosen, as a filter sees it: the values of each attribute, NULL for none. */
typedef struct
{
  char **issuer[CARDEA_CHROMIUM_N_ATTRIBUTES];
  char **subject[CARDEA_CHROMIUM_N_ATTRIBUTES];
} CardeaChromiumCandidate;

/* From names as CardeaCertificate gives them. One that cannot be taken apart has no attributes. */
CardeaChromiumCandidate *cardea_chromium_candidate_new (const char *issuer, const char *subject);
void cardea_chromium_candidate_free (CardeaChromiumCandidate *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaChromiumCandidate, cardea_chromium_candidate_free)

/* One entry of AutoSelectCertificateForUrls: on these servers, a certificate with these attributes. */
typedef struct
{
  CardeaServerPattern *server;
  char *issuer[CARDEA_CHROMIUM_N_ATTRIBUTES]; /* NULL: any */
  char *subject[CARDEA_CHROMIUM_N_ATTRIBUTES];
} CardeaChromiumEntry;

/* An entry as it stands in the list: an object, or a string that holds one. NULL with @problem set (a
 * sentence part) for anything that is not wholly understood. */
CardeaChromiumEntry *cardea_chromium_entry_parse (json_t *value, char **problem);
void cardea_chromium_entry_free (CardeaChromiumEntry *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaChromiumEntry, cardea_chromium_entry_free)

/* Whether the filter lets the certificate through. */
gboolean cardea_chromium_entry_accepts (const CardeaChromiumEntry *self,
                                        const CardeaChromiumCandidate *candidate);

G_END_DECLS
