/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/api/service.h"
#include "tests/fixtures/api-client.h"
#include "tests/fixtures/contract.h"
#include "tests/fixtures/fake-broker.h"

/* The whole service but for its broker; each answer is held against the contract. */
typedef struct
{
  CardeaBroker *broker;
  CardeaMethodContext context;
  CardeaService *service;
  Contract *contract; /* org.cardea.agent */
  Contract *varlink;  /* org.varlink.service */
  guint n_reloads;
  guint n_ended; /* calls that ended leases; before the first the token has one */
  char *ended;   /* what the last was for, or NULL */
} ServiceFixture;

/* g_test_init() and g_test_run(), with a certificate in between. */
void service_begin (int *argc, char ***argv);
int service_run (void);

void service_set_up (ServiceFixture *fixture, gconstpointer data);
void service_tear_down (ServiceFixture *fixture, gconstpointer data);
ApiClient *service_connect (ServiceFixture *fixture);
/* Whether all programs are gone; for api_wait(). */
gboolean service_is_deserted (gpointer data);

/* @method may be without our interface; @parameters: JSON, or NULL; @flags: ",\"more\":true", or NULL. */
void service_send_call (ApiClient *client, const char *method, const char *parameters, const char *flags);
/* The reply is no error. */
CardeaWireReply *service_expect_reply (ServiceFixture *fixture, ApiClient *client, const char *method);
/* Any error, as one of the two interfaces promises it. @parameter: of InvalidParameter, or NULL. */
void service_expect_error (ServiceFixture *fixture, ApiClient *client, const char *name,
                           const char *parameter);
