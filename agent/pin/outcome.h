/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/tokens/catalogue.h"

G_BEGIN_DECLS

/* The errors of unlocking, with their parameters as org.cardea.agent has them. */
GError *cardea_pin_error_refused (CardeaToken *token, CardeaPinState state);
/* The same of the PUK, and of a new PIN that the token does not take. */
GError *cardea_pin_error_puk_refused (CardeaToken *token, CardeaPinState state);
GError *cardea_pin_error_new_refused (CardeaToken *token);
/* What no PIN can help, whoever is asked. */
GError *cardea_pin_error_locked (CardeaToken *token);
GError *cardea_pin_error_not_set (CardeaToken *token);
GError *cardea_pin_error_expired (CardeaToken *token);
GError *cardea_pin_error_puk_locked (CardeaToken *token);
/* It went away before its PIN was sent. */
GError *cardea_pin_error_gone (CardeaToken *token);
GError *cardea_pin_error_interaction (CardeaToken *token);
GError *cardea_pin_error_unavailable (CardeaToken *token, CardeaReasonCode code, const char *remedy,
                                      const char *format, ...) G_GNUC_PRINTF (4, 5);
/* A source that cannot be used: @source_name of [pin NAME], or NULL where several are meant; @what is a
 * sentence. */
GError *cardea_pin_error_source (CardeaToken *token, const char *source_name, const char *what);

G_END_DECLS
