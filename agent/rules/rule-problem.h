/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Adds a CardeaReason of the code rule_invalid. Its message is one printable line of at most
 * CARDEA_LIMIT_LABEL_BYTES, whatever a file held. After CARDEA_LIMIT_RULE_PROBLEMS of them the last says that
 * there are more. @problems may be NULL. */
void cardea_rule_problem_add (GPtrArray *problems, const char *format, ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
