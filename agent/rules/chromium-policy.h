/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <sys/types.h>

#include "agent/rules/chromium-entry.h"

G_BEGIN_DECLS

/* AutoSelectCertificateForUrls and PromptOnMultipleMatchingCertificates of Chromium's managed policies, as an
 * immutable, reference-counted value. It chooses among certificates, and never consents. */
typedef struct _CardeaChromiumPolicy CardeaChromiumPolicy;

/* Where Chromium and Chrome have them; NULL-terminated. */
const char *const *cardea_chromium_policy_get_default_folders (void);

/* Reads the files of each folder that end with ".json". Within a folder the last file that sets a policy sets
 * it, as for the browser; what the folders say adds up. Never fails as a whole: a file that is no strict JSON
 * is left out, an entry that is not wholly understood is void, and both are said in @problems (CardeaReason
 * elements; may be NULL).
 * @owner: 0, see cardea_trusted_files_read(). Blocks for the disk. */
CardeaChromiumPolicy *cardea_chromium_policy_load (const char *const *folders, uid_t owner,
                                                   GPtrArray *problems);
/* The same of files that were read already (CardeaTrustedFile elements), those of a folder one after the
 * other. */
CardeaChromiumPolicy *cardea_chromium_policy_new (GPtrArray *files, GPtrArray *problems);
CardeaChromiumPolicy *cardea_chromium_policy_ref (CardeaChromiumPolicy *self);
void cardea_chromium_policy_unref (CardeaChromiumPolicy *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaChromiumPolicy, cardea_chromium_policy_unref)

guint cardea_chromium_policy_get_length (const CardeaChromiumPolicy *self); /* entries that hold */

/* Which of @candidates (CardeaChromiumCandidate elements, those that fit the server) the policy selects:
 * their places as guint, in their order; none where the policy has nothing to say. Of the entries about the
 * server those with the most precise pattern count. The first selected is the choice; if @ask is set to TRUE,
 * which it is only when there are several, the person has to make it, and the first is preselected.
 * @server_name: the verified name or address. Pure. */
GArray *cardea_chromium_policy_select (const CardeaChromiumPolicy *self, const char *server_name,
                                       guint16 port, GPtrArray *candidates, gboolean *ask);

G_END_DECLS
