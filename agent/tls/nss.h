/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* NSS as the agent uses it: no database, the front module as only other slot, algorithm policy and limits
 * set. Once a process. Errors: CARDEA_ERROR_CONFIGURATION. */
gboolean cardea_nss_start (GError **error);
/* FALSE when certificates or slots are still referenced: a leak. */
gboolean cardea_nss_stop (void);

/* "SSL_ERROR_BAD_CERT_DOMAIN: ..." for PR_GetError() values, never NULL; caller frees. */
char *cardea_nss_describe (int code);

G_END_DECLS
