/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* What a person should know of a question that was withdrawn, in their language, and its title; NULL where
 * they know. */
const char *cardea_notice_text (CardeaPromptWithdrawn why, const char **title);

G_END_DECLS
