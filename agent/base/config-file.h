/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "agent/base/config-keys.h"

/* One "key=value" of a configuration file, and where it stands. */
typedef struct
{
  CardeaConfigKeyId id;
  char *group;
  char *where; /* "FILE:LINE" */
  char *value; /* unescaped */
  char **list; /* the value cut at semicolons, for the types that are lists; else NULL */
} CardeaConfigEntry;

/* The entries of a file in its order; none when it does not exist. Errors: CARDEA_ERROR_CONFIGURATION, with
 * FILE:LINE. Values are not looked at. */
GPtrArray *cardea_config_file_read (const char *path, GError **error);
