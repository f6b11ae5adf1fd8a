/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/record.h"
#include "agent/pin/unlock-world.h"
#include "agent/pin/unlocker.h"

/* What the two halves of the unlocker share: logins for everybody, and what serves one. */

struct _CardeaUnlocker
{
  GObject parent;
  CardeaUnlockWorld world;
  GDestroyNotify destroy; /* of world.login_data */
  GPtrArray *leases;      /* of CardeaLeaseConfig */
  GHashTable *records;    /* key of a token -> CardeaPinRecord */
  GHashTable *grants;     /* set of CardeaGrant that are not held yet, borrowed */
  GHashTable *changes;    /* set of CardeaPinChange, borrowed likewise */
  GHashTable *jobs;       /* CardeaPinRecord -> CardeaUnlockJob, borrowed: a job is there until it is done */
};

CardeaPinRecord *cardea_unlocker_obtain_record (CardeaUnlocker *self, CardeaToken *token);
/* Whether a PIN of it does anything. */
gboolean cardea_unlocker_has_login (CardeaToken *token);
/* What no PIN can help, whoever is asked; or NULL. */
GError *cardea_unlocker_find_obstacle (CardeaToken *token, CardeaPinState state);
/* Why a person need not be asked for the PIN; or NULL. */
GError *cardea_unlocker_find_obstacle_to_pin (CardeaPinRecord *record, CardeaToken *token);
/* The token was read anew in the meantime. */
GError *cardea_unlocker_error_outdated (CardeaToken *token);
