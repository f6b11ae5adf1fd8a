/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* When a process that keeps dying may be started again.
 *
 * Up to two deaths a minute cost nothing. From the third on the wait doubles, from one second to five
 * minutes, but somebody who asks is served once a second: a person who just mended the module should not wait
 * five minutes. The second is counted from the last death, so that what is asked because of a death is not
 * such a case. */

#include "agent/hosts/host-backoff.h"

#include <string.h>

#include "socket-api/limits.h"

#define MINUTE (60 * G_USEC_PER_SEC)

G_STATIC_ASSERT (G_N_ELEMENTS (((CardeaHostBackoff *)0)->deaths) == CARDEA_LIMIT_HOST_DEATHS);

void
cardea_host_backoff_note_death (CardeaHostBackoff *self, gint64 now)
{
  gint64 last = self->deaths[CARDEA_LIMIT_HOST_DEATHS - 1];

  if (now - MAX (last, self->retry) >= MINUTE)
    self->exponent = 0; /* it worked in between */
  memmove (self->deaths, self->deaths + 1, sizeof (self->deaths) - sizeof (self->deaths[0]));
  self->deaths[CARDEA_LIMIT_HOST_DEATHS - 1] = now;
  if (self->exponent == 0 && (self->deaths[0] == 0 || now - self->deaths[0] >= MINUTE))
    return;

  guint64 wait =
      MIN (G_GUINT64_CONSTANT (1000) << MIN (self->exponent, 20), CARDEA_LIMIT_HOST_BACKOFF_MAX_MS);

  self->retry = now + wait * 1000;
  self->exponent++;
}

static guint64
until (gint64 time, gint64 now)
{
  return time > now ? (time - now + 999) / 1000 : 0;
}

guint64
cardea_host_backoff_wait_ms (const CardeaHostBackoff *self, gint64 now)
{
  return until (self->retry, now);
}

guint64
cardea_host_backoff_wait_asked_ms (const CardeaHostBackoff *self, gint64 now)
{
  gint64 last = self->deaths[CARDEA_LIMIT_HOST_DEATHS - 1];

  return MIN (until (self->retry, now), until (last + G_USEC_PER_SEC, now));
}
