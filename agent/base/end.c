/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The end of a stream as a value: how, which alert, how much. The names are a contract (org.cardea.agent,
 * End.how). */

#include "agent/base/end.h"

static const char *const names[] = {
  [CARDEA_END_CLEAN] = "clean",
  [CARDEA_END_TRUNCATED] = "truncated",
  [CARDEA_END_RESET] = "reset",
  [CARDEA_END_REJECTED] = "rejected",
  [CARDEA_END_TOKEN_REMOVED] = "token_removed",
  [CARDEA_END_FORGOTTEN] = "forgotten",
  [CARDEA_END_DISCONNECTED] = "disconnected",
  [CARDEA_END_AGENT_STOPPED] = "agent_stopped",
  [CARDEA_END_PROTOCOL_ERROR] = "protocol_error",
  [CARDEA_END_NOT_AUTHENTICATED] = "not_authenticated",
};

G_STATIC_ASSERT (G_N_ELEMENTS (names) == CARDEA_N_ENDS);

const char *
cardea_end_how_to_string (CardeaEndHow how)
{
  g_return_val_if_fail ((guint)how < CARDEA_N_ENDS, "unknown");

  return names[how];
}

CardeaEnd *
cardea_end_new (CardeaEndHow how, const char *alert, const char *format, ...)
{
  CardeaEnd *self = g_new0 (CardeaEnd, 1);
  va_list arguments;

  self->how = how;
  self->alert = g_strdup (alert);
  va_start (arguments, format);
  self->message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return self;
}

CardeaEnd *
cardea_end_copy (const CardeaEnd *self)
{
  CardeaEnd *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = cardea_end_new (self->how, self->alert, "%s", self->message);
  copy->bytes_in = self->bytes_in;
  copy->bytes_out = self->bytes_out;
  return copy;
}

void
cardea_end_free (CardeaEnd *self)
{
  if (self == NULL)
    return;
  g_free (self->alert);
  g_free (self->message);
  g_free (self);
}
