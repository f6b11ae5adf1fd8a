/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <jansson.h>

#include "agent/broker/request.h"

G_BEGIN_DECLS

/* The parameters of Connect and Open as a request: form checked, names normalised, nothing decided.
 * Errors: CARDEA_ERROR_INVALID_PARAMETER ("parameter": "host", "options.alpn" and so on). */
CardeaRequest *cardea_connect_request_from_json (json_t *parameters, GError **error);
/* Those of Wrap and OpenWrap, without the socket; the server's name is the host of the request. */
CardeaRequest *cardea_connect_request_for_wrap (json_t *parameters, GError **error);

/* Those of ChangePin and UnblockPin: @token, a PKCS#11 URI that names a token, and of a request where to ask.
 */
CardeaRequest *cardea_connect_request_for_pin (json_t *parameters, char **token, GError **error);

/* Takes @fd, the descriptor that came with the call, or -1. Errors: as above. */
gboolean cardea_connect_request_take_terminal (CardeaRequest *request, int fd, GError **error);
/* The same for Wrap. Errors: CARDEA_ERROR_INVALID_PARAMETER ("parameter": "descriptor"),
 * CARDEA_ERROR_CONNECT_FAILED. */
gboolean cardea_connect_request_take_socket (CardeaRequest *request, int fd, GError **error);

G_END_DECLS
