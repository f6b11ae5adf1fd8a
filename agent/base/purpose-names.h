/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/certificate.h"

G_BEGIN_DECLS

/* As the interface and the prompt name them: "client_auth", "signature"...; those of @purposes. */
char **cardea_purposes_dup_names (CardeaPurposes purposes);

G_END_DECLS
