/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/broker/request.h"
#include "agent/caller/caller.h"
#include "agent/pin/unlocker.h"

G_BEGIN_DECLS

/* A program wishes that the person gives a token a new PIN: which token that is, and where the person is
 * asked. */

/* @pattern: a PKCS#11 URI that means one token. Of @request what says where to ask counts. Its task, which is
 * taken, returns TRUE, or an error as of cardea_unlocker_set_pin_async(), and NOT_FOUND ("what"),
 * INVALID_PARAMETER ("parameter") where several tokens are meant. */
void cardea_new_pin_run (CardeaCatalogue *catalogue, CardeaUnlocker *unlocker, CardeaCaller *caller,
                         const char *pattern, CardeaPinAction action, const CardeaRequest *request,
                         GTask *task);

G_END_DECLS
