/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The values a host gives away: what it was asked to run, and what it found. */

#include "agent/hosts/host.h"

#include "agent/hosts/opensc-host.h"

CardeaHostSpec *
cardea_host_spec_new (const char *name, const char *module, const char *init_arguments, CardeaHostRoles roles)
{
  CardeaHostSpec *self = g_new0 (CardeaHostSpec, 1);

  self->name = g_strdup (name);
  self->module = g_strdup (module);
  self->init_arguments = g_strdup (init_arguments);
  self->roles = roles;
  return self;
}

CardeaHostSpec *
cardea_host_spec_copy (const CardeaHostSpec *self)
{
  CardeaHostSpec *copy = cardea_host_spec_new (self->name, self->module, self->init_arguments, self->roles);

  copy->reader = g_strdup (self->reader);
  return copy;
}

gboolean
cardea_host_spec_can_confine (const CardeaHostSpec *self)
{
  return cardea_opensc_is_module (self->module);
}

void
cardea_host_spec_free (CardeaHostSpec *self)
{
  g_free (self->name);
  g_free (self->module);
  g_free (self->init_arguments);
  g_free (self->reader);
  g_free (self);
}

CardeaHostListing *
cardea_host_listing_ref (CardeaHostListing *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
cardea_host_listing_unref (CardeaHostListing *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_ptr_array_unref (self->tokens);
  g_ptr_array_unref (self->certificates);
  g_ptr_array_unref (self->keys);
  g_ptr_array_unref (self->authorities);
  g_free (self);
}

static const char *const pin_states[] = {
  [CARDEA_PIN_UNKNOWN] = "unknown",
  [CARDEA_PIN_FINE] = "fine",
  [CARDEA_PIN_LOW] = "low",
  [CARDEA_PIN_FINAL_TRY] = "final_try",
  [CARDEA_PIN_LOCKED] = "locked",
  [CARDEA_PIN_NOT_SET] = "not_set",
  [CARDEA_PIN_MUST_CHANGE] = "must_change",
  [CARDEA_PIN_NOT_NEEDED] = "not_needed",
};

const char *
cardea_pin_state_to_string (CardeaPinState state)
{
  g_return_val_if_fail ((gsize)state < G_N_ELEMENTS (pin_states), "unknown");
  return pin_states[state];
}

gboolean
cardea_pin_state_from_string (const char *name, CardeaPinState *state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (pin_states); i++)
    if (g_strcmp0 (name, pin_states[i]) == 0) {
      *state = i;
      return TRUE;
    }
  return FALSE;
}
