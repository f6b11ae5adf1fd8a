/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "agent/base/config-keys.h"
#include "agent/base/key-file.h"

/* Its id is a CardeaConfigKeyId. */
typedef CardeaKeyFileEntry CardeaConfigEntry;

/* The entries of a file in its order; none when it does not exist. Errors: CARDEA_ERROR_CONFIGURATION, with
 * FILE:LINE. Values are not looked at. */
GPtrArray *cardea_config_file_read (const char *path, GError **error);
