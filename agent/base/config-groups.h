/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/base/config-file.h"
#include "agent/base/config.h"

/* The groups that have a name, [KIND NAME], of which there may be several. */
typedef struct
{
  GPtrArray *pin_sources; /* of CardeaPinSourceConfig */
  GPtrArray *remembered;  /* of CardeaRememberConfig */
  GPtrArray *leases;      /* of CardeaLeaseConfig */
  GHashTable *places;     /* a value's address -> "FILE:LINE" of its last key */
} CardeaConfigGroups;

void cardea_config_groups_init (CardeaConfigGroups *self);
void cardea_config_groups_clear (CardeaConfigGroups *self);

/* One key of such a group, which is made with its first. */
gboolean cardea_config_groups_set (CardeaConfigGroups *self, const CardeaConfigEntry *entry, GError **error);
/* Whether each group has what it needs; after the last key. */
gboolean cardea_config_groups_check (CardeaConfigGroups *self, GError **error);
