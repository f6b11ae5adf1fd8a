/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A proxy resolver with one answer, whatever it is asked: GSocketClient would ask the user's settings for
 * "none://HOST", to which settings that name a proxy for https only answer "direct". */
#define CARDEA_TYPE_PROXY_ANSWER (cardea_proxy_answer_get_type ())
G_DECLARE_FINAL_TYPE (CardeaProxyAnswer, cardea_proxy_answer, CARDEA, PROXY_ANSWER, GObject)

/* @proxies: URIs as GProxyResolver gives them. Those of kinds whose connections are not plain sockets are
 * left out; the answer may then be empty. */
CardeaProxyAnswer *cardea_proxy_answer_new (const char *const *proxies);
gboolean cardea_proxy_answer_is_empty (CardeaProxyAnswer *self);
/* Whether one of the ways goes straight to the server. */
gboolean cardea_proxy_answer_has_direct (CardeaProxyAnswer *self);

/* A proxy as a caller names it: "direct", or a URI with a host. Errors: CARDEA_ERROR_INVALID_PARAMETER. */
CardeaProxyAnswer *cardea_proxy_answer_new_from_choice (const char *choice, GError **error);

G_END_DECLS
