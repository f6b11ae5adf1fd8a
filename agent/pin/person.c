/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who locks his screen or ends his leases wants his tokens closed. A remembered PIN would open them again at
 * the next request, with nobody there; so it rests until somebody has shown that he is. */

#include "agent/pin/person.h"

struct _CardeaPersonGate
{
  gboolean all;           /* closed for every token but those that are open */
  GHashTable *exceptions; /* set of URIs: open ones if all are closed, else closed ones */
};

CardeaPersonGate *
cardea_person_gate_new (void)
{
  CardeaPersonGate *self = g_new0 (CardeaPersonGate, 1);

  self->exceptions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
cardea_person_gate_free (CardeaPersonGate *self)
{
  g_hash_table_unref (self->exceptions);
  g_free (self);
}

static void
set_open (CardeaPersonGate *self, const char *token_uri, gboolean open)
{
  if (open == self->all)
    g_hash_table_add (self->exceptions, g_strdup (token_uri));
  else
    g_hash_table_remove (self->exceptions, token_uri);
}

void
cardea_person_gate_close (CardeaPersonGate *self, const char *token_uri)
{
  if (token_uri != NULL) {
    set_open (self, token_uri, FALSE);
    return;
  }
  self->all = TRUE;
  g_hash_table_remove_all (self->exceptions);
}

void
cardea_person_gate_open (CardeaPersonGate *self, const char *token_uri)
{
  set_open (self, token_uri, TRUE);
}

gboolean
cardea_person_gate_is_open (CardeaPersonGate *self, const char *token_uri)
{
  return g_hash_table_contains (self->exceptions, token_uri) == self->all;
}
