/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* The agent's reply to Explain as text for people; anything may be missing in it. */
char *cardea_forecast_text (json_t *reply);

/* Whether a certificate would be used, or asked for. */
gboolean cardea_forecast_authenticates (json_t *reply);

G_END_DECLS
