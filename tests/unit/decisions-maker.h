/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* Decisions as tests want them: different ones by number. */

#include <string.h>

#include "agent/decisions/remembered.h"

#define MAKER_TRUST "system"

static inline CardeaCertificateId
make_certificate_id (char digit)
{
  CardeaCertificateId id = { .purposes = 5, .not_after = 2000000000 };

  memset (id.sha256, digit, 64);
  memset (id.issuer, '1', 64);
  memset (id.subject, '2', 64);
  return id;
}

/* @server: borrowed, and room for the name. */
static inline CardeaRememberedKey
make_key (guint number, char server[32])
{
  g_snprintf (server, 32, "s%u.bank.example", number);
  return (CardeaRememberedKey){ "exe:/usr/bin/mail", server, 443, MAKER_TRUST };
}

static inline CardeaRemembered *
make_remembered (guint number, gint64 now)
{
  CardeaCertificateId id = make_certificate_id ('a');
  g_autoptr (GError) error = NULL;
  char server[32];
  CardeaRememberedKey key = make_key (number, server);
  CardeaRemembered *remembered = cardea_remembered_new (&key, "/usr/bin/mail", &id, now, &error);

  g_assert_no_error (error);
  return remembered;
}

static inline CardeaRemembered *
make_remembered_of_token (guint number, const char *token_uri)
{
  CardeaCertificateId id = make_certificate_id ('b');
  g_autoptr (GError) error = NULL;
  char server[32];
  CardeaRememberedKey key = make_key (number, server);
  CardeaRemembered *remembered =
      cardea_remembered_new_until_removal (&key, "/usr/bin/mail", &id, token_uri, 1000, &error);

  g_assert_no_error (error);
  return remembered;
}

static inline void
assert_lists_equal (GPtrArray *a, GPtrArray *b)
{
  g_assert_cmpuint (a->len, ==, b->len);
  for (guint i = 0; i < a->len; i++)
    g_assert_true (cardea_remembered_equal (g_ptr_array_index (a, i), g_ptr_array_index (b, i)));
}
