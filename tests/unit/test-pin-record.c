/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is known of a token's PIN, over processes that end and cards that are pulled. */

#include "agent/pin/record.h"
#include "agent/tokens/token.h"

typedef struct
{
  CardeaHost *host;
  CardeaPinRecord *record;
  CardeaSecret *pin;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (CardeaHostSpec) spec = cardea_host_spec_new ("cards", "/no/module.so", NULL, CARDEA_HOST_TOKENS);

  self->host = cardea_host_new (spec, "/no/host", NULL);
  self->record = cardea_pin_record_new ();
  self->pin = cardea_secret_new ("1234", 4, NULL);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  cardea_pin_record_free (self->record);
  cardea_secret_unref (self->pin);
  g_assert_finalize_object (self->host);
}

/* @counter 0: a token in no reader. */
static gboolean
update (Fixture *self, guint64 generation, guint16 counter)
{
  CardeaHostToken info = { .label = (char *)"Card",
                           .manufacturer = (char *)"",
                           .model = (char *)"",
                           .serial = (char *)"",
                           .reader = (char *)"Reader",
                           .pin = CARDEA_PIN_FINE };
  g_autoptr (CardeaToken) token = cardea_token_new (self->host, generation, &info);

  if (counter > 0)
    token->insertion = cardea_insertion_new ("Reader", 1, counter, NULL, 0);
  return cardea_pin_record_update (self->record, token);
}

static void
test_same_card (Fixture *self, gconstpointer data)
{
  g_assert_true (update (self, 1, 1));
  cardea_pin_record_refuse (self->record, self->pin, CARDEA_PIN_LOW);
  cardea_pin_record_accept (self->record);
  cardea_pin_record_refuse (self->record, self->pin, CARDEA_PIN_LOW);
  g_assert_true (update (self, 2, 1));
  g_assert_false (self->record->logged_in);   /* that was the process's */
  g_assert_false (self->record->state_known); /* the new listing knows better */
  g_assert_true (cardea_pin_record_is_refused (self->record, self->pin));
  g_assert_false (update (self, 1, 1));
}

static void
test_other_card (Fixture *self, gconstpointer data)
{
  g_assert_true (update (self, 1, 1));
  cardea_pin_record_refuse (self->record, self->pin, CARDEA_PIN_LOW);
  g_assert_true (update (self, 2, 3));
  g_assert_false (cardea_pin_record_is_refused (self->record, self->pin));
}

/* Nothing says that it never left. */
static void
test_no_reader (Fixture *self, gconstpointer data)
{
  g_assert_true (update (self, 1, 0));
  cardea_pin_record_refuse (self->record, self->pin, CARDEA_PIN_LOW);
  g_assert_true (update (self, 1, 0));
  g_assert_true (cardea_pin_record_is_refused (self->record, self->pin));
  g_assert_true (update (self, 2, 0));
  g_assert_false (cardea_pin_record_is_refused (self->record, self->pin));
}

/* That a PIN must be changed is said of the right one; a PUK is no PIN; and a new PIN begins anew. */
static void
test_kinds (Fixture *self, gconstpointer data)
{
  g_assert_true (update (self, 1, 1));
  cardea_pin_record_refuse (self->record, self->pin, CARDEA_PIN_MUST_CHANGE);
  g_assert_false (cardea_pin_record_is_refused (self->record, self->pin));
  cardea_pin_record_refuse_puk (self->record, self->pin, CARDEA_PIN_UNKNOWN);
  g_assert_true (cardea_pin_record_is_puk_refused (self->record, self->pin));
  g_assert_false (cardea_pin_record_is_refused (self->record, self->pin));
  g_assert_cmpint (self->record->puk_state, ==, CARDEA_PIN_LOW);
  g_assert_cmpint (self->record->puk_tries, ==, -1);
  cardea_pin_record_refuse (self->record, self->pin, CARDEA_PIN_LOW);
  cardea_pin_record_renew (self->record);
  g_assert_false (cardea_pin_record_is_refused (self->record, self->pin));
  g_assert_false (cardea_pin_record_is_puk_refused (self->record, self->pin));
}

#define ADD(path, function) g_test_add ("/pin-record/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("same-card", test_same_card);
  ADD ("other-card", test_other_card);
  ADD ("no-reader", test_no_reader);
  ADD ("kinds", test_kinds);
  return g_test_run ();
}
