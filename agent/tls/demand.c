/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Demands of rules, as the verification of a server takes them. */

#include "agent/tls/demand.h"

CardeaDemand *
cardea_demand_new (const char *rule, const char *where)
{
  CardeaDemand *self = g_new0 (CardeaDemand, 1);

  self->rule = g_strdup (rule);
  self->where = g_strdup (where);
  return self;
}

void
cardea_demand_free (CardeaDemand *self)
{
  g_clear_pointer (&self->trust, cardea_trust_unref);
  g_clear_pointer (&self->pins, g_ptr_array_unref);
  g_free (self->rule);
  g_free (self->where);
  g_free (self);
}

GPtrArray *
cardea_demands_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_demand_free);
}
