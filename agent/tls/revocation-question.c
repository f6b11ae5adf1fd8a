/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A question about revocation, as it goes from the verification to whoever asks it. */

#include "agent/tls/revocation-question.h"

#include "agent/tls/revocation-place.h"

CardeaRevocationQuestion *
cardea_revocation_question_new (CardeaX509 *certificate, CardeaX509 *issuer, gboolean hard)
{
  g_autoptr (GPtrArray) responders = cardea_revocation_place_get_responders (certificate);
  g_autoptr (GPtrArray) lists = cardea_revocation_place_get_lists (certificate);
  CardeaRevocationQuestion *self;

  if (responders->len == 0 && lists->len == 0)
    return NULL;
  self = g_atomic_rc_box_new0 (CardeaRevocationQuestion);
  self->certificate = cardea_x509_ref (certificate);
  self->issuer = cardea_x509_ref (issuer);
  self->responders = g_steal_pointer (&responders);
  self->lists = g_steal_pointer (&lists);
  self->hard = hard;
  return self;
}

CardeaRevocationQuestion *
cardea_revocation_question_ref (CardeaRevocationQuestion *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  CardeaRevocationQuestion *self = data;

  cardea_x509_unref (self->certificate);
  cardea_x509_unref (self->issuer);
  g_ptr_array_unref (self->responders);
  g_ptr_array_unref (self->lists);
}

void
cardea_revocation_question_unref (CardeaRevocationQuestion *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

/* The key's length goes first: no two pairs have the same bytes. */
char *
cardea_revocation_question_make_key (const CardeaRevocationQuestion *self)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint64 key_length = self->issuer->key_info.length;

  g_checksum_update (sum, (const guint8 *)&key_length, sizeof key_length);
  g_checksum_update (sum, self->issuer->key_info.data, (gssize)self->issuer->key_info.length);
  g_checksum_update (sum, g_bytes_get_data (self->certificate->bytes, NULL),
                     (gssize)g_bytes_get_size (self->certificate->bytes));
  return g_strdup (g_checksum_get_string (sum));
}
