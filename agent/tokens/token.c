/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Snapshots are values: made once from a listing, never changed after they were given out, alive as long as
 * somebody holds them, whatever became of the token. */

#include "agent/tokens/token.h"

#include "agent/tokens/uri.h"

static CardeaHostToken *
copy_info (const CardeaHostToken *info)
{
  CardeaHostToken *copy = g_memdup2 (info, sizeof *info);

  copy->label = g_strdup (info->label);
  copy->manufacturer = g_strdup (info->manufacturer);
  copy->model = g_strdup (info->model);
  copy->serial = g_strdup (info->serial);
  copy->reader = g_strdup (info->reader);
  return copy;
}

static void
free_info (CardeaHostToken *info)
{
  g_free (info->label);
  g_free (info->manufacturer);
  g_free (info->model);
  g_free (info->serial);
  g_free (info->reader);
  g_free (info);
}

CardeaToken *
cardea_token_new (CardeaHost *host, guint64 generation, const CardeaHostToken *info)
{
  CardeaToken *self = g_new0 (CardeaToken, 1);

  self->ref_count = 1;
  self->uri = cardea_uri_for_token (info);
  self->module = g_strdup (cardea_host_get_spec (host)->name);
  self->state = CARDEA_TOKEN_READY;
  self->host = g_object_ref (host);
  self->generation = generation;
  self->info = copy_info (info);
  self->problems = cardea_reasons_new ();
  return self;
}

CardeaToken *
cardea_token_new_reading (CardeaHost *host, CardeaInsertion *insertion)
{
  g_autofree char *reader = cardea_reader_get_display_name (insertion->reader);
  char *const none = (char *)"";
  CardeaHostToken info = {
    .label = none, .manufacturer = none, .model = none, .serial = none, .reader = reader
  };
  CardeaToken *self = cardea_token_new (host, 0, &info);

  g_free (self->uri);
  self->uri = cardea_uri_for_reader (reader);
  self->state = CARDEA_TOKEN_READING;
  self->insertion = cardea_insertion_ref (insertion);
  return self;
}

CardeaToken *
cardea_token_ref (CardeaToken *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
cardea_token_unref (CardeaToken *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_free (self->uri);
  g_free (self->module);
  g_object_unref (self->host);
  g_clear_pointer (&self->insertion, cardea_insertion_unref);
  free_info (self->info);
  g_ptr_array_unref (self->problems);
  g_free (self);
}

const char *
cardea_token_state_to_string (CardeaTokenState state)
{
  static const char *const names[] = {
    [CARDEA_TOKEN_READING] = "reading",
    [CARDEA_TOKEN_READY] = "ready",
    [CARDEA_TOKEN_ABSENT] = "absent",
    [CARDEA_TOKEN_UNUSABLE] = "unusable",
  };

  g_return_val_if_fail ((gsize)state < G_N_ELEMENTS (names), "unusable");
  return names[state];
}

CardeaTokenCertificate *
cardea_token_certificate_new (CardeaToken *token, CardeaCertificate *certificate,
                              const CardeaHostCertificate *listed)
{
  CardeaTokenCertificate *self = g_new0 (CardeaTokenCertificate, 1);

  self->ref_count = 1;
  self->uri = cardea_uri_for_certificate (token->info, listed->id, listed->label);
  self->certificate = cardea_certificate_ref (certificate);
  self->token = cardea_token_ref (token);
  self->id = g_bytes_ref (listed->id);
  self->label = g_strdup (listed->label);
  self->problems = cardea_reasons_new ();
  return self;
}

CardeaTokenCertificate *
cardea_token_certificate_ref (CardeaTokenCertificate *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
cardea_token_certificate_unref (CardeaTokenCertificate *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_free (self->uri);
  cardea_certificate_unref (self->certificate);
  cardea_token_unref (self->token);
  g_bytes_unref (self->id);
  g_free (self->label);
  g_ptr_array_unref (self->problems);
  g_free (self);
}
