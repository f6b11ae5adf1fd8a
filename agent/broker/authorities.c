/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Authorities: whom the agent believes about servers, gathered from the hosts that read the system's and the
 * user's stores, and from files of the configuration. A connection keeps the snapshot it began with. What a
 * program brought, or a rule names, never joins it: that is a snapshot of its own. */

#include "agent/broker/authorities.h"

#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

struct _CardeaAuthorityStore
{
  CardeaCatalogue *catalogue;
  CardeaConfig *config; /* NULL until set */
  CardeaTrust *trust;   /* NULL: to be made */
  GPtrArray *listings;  /* of CardeaHostListing, those `trust` was made from */
};

CardeaAuthorityStore *
cardea_authority_store_new (CardeaCatalogue *catalogue)
{
  CardeaAuthorityStore *self = g_new0 (CardeaAuthorityStore, 1);

  self->catalogue = g_object_ref (catalogue);
  self->listings = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_host_listing_unref);
  return self;
}

void
cardea_authority_store_free (CardeaAuthorityStore *self)
{
  g_object_unref (self->catalogue);
  g_clear_pointer (&self->config, cardea_config_unref);
  g_clear_pointer (&self->trust, cardea_trust_unref);
  g_ptr_array_unref (self->listings);
  g_free (self);
}

static void
add_files (CardeaTrust *trust, CardeaConfig *config, GPtrArray *problems)
{
  const char *const *files = cardea_config_get_authority_files (config);

  for (guint i = 0; files != NULL && files[i] != NULL; i++) {
    g_autoptr (GError) error = NULL;

    if (!cardea_trust_add_file (trust, files[i], "config", &error) && problems != NULL)
      g_ptr_array_add (problems, cardea_reason_new (CARDEA_REASON_AUTHORITIES_UNREADABLE,
                                                    "Mend the file, or take it out of [authorities] files=.",
                                                    "The authorities in %s cannot be used: %s", files[i],
                                                    error->message));
  }
}

GPtrArray *
cardea_authority_store_set_config (CardeaAuthorityStore *self, CardeaConfig *config)
{
  GPtrArray *problems = cardea_reasons_new ();
  g_autoptr (CardeaTrust) trial = cardea_trust_new ();

  g_clear_pointer (&self->config, cardea_config_unref);
  self->config = cardea_config_ref (config);
  g_clear_pointer (&self->trust, cardea_trust_unref);
  add_files (trial, config, problems);
  return problems;
}

static gboolean
is_enabled (CardeaAuthorityStore *self, const char *source)
{
  if (g_str_equal (source, "system"))
    return cardea_config_get_system_authorities (self->config);
  return cardea_config_get_database_authorities (self->config);
}

static void
add_authorities (CardeaTrust *trust, const CardeaAuthorities *authorities)
{
  for (guint i = 0; i < authorities->authorities->len; i++) {
    const CardeaHostAuthority *authority = authorities->authorities->pdata[i];
    g_autoptr (GError) error = NULL;

    switch (authority->level) {
    case CARDEA_TRUST_ANCHOR:
      cardea_trust_add_anchor (trust, authority->der, authorities->source, &error);
      break;
    case CARDEA_TRUST_DISTRUSTED:
      cardea_trust_add_distrusted (trust, authority->der);
      break;
    case CARDEA_TRUST_NEUTRAL:
      cardea_trust_add_intermediate (trust, authority->der, &error);
      break;
    }
    if (error != NULL)
      g_info ("An authority of %s is left out: %s", authorities->source, error->message);
  }
}

/* Distrust counts even where the store's anchors are switched off: a switch must not make a refused
 * certificate good. */
static void
add_distrusted (CardeaTrust *trust, const CardeaAuthorities *authorities)
{
  for (guint i = 0; i < authorities->authorities->len; i++) {
    const CardeaHostAuthority *authority = authorities->authorities->pdata[i];

    if (authority->level == CARDEA_TRUST_DISTRUSTED)
      cardea_trust_add_distrusted (trust, authority->der);
  }
}

static gboolean
is_current (CardeaAuthorityStore *self, GPtrArray *authorities)
{
  if (self->trust == NULL || authorities->len != self->listings->len)
    return FALSE;
  for (guint i = 0; i < authorities->len; i++) {
    const CardeaAuthorities *each = authorities->pdata[i];

    if (each->listing != self->listings->pdata[i])
      return FALSE;
  }
  return TRUE;
}

static void
rebuild (CardeaAuthorityStore *self, GPtrArray *authorities)
{
  g_clear_pointer (&self->trust, cardea_trust_unref);
  g_ptr_array_set_size (self->listings, 0);
  self->trust = cardea_trust_new ();

  for (guint i = 0; i < authorities->len; i++) {
    CardeaAuthorities *each = authorities->pdata[i];

    if (is_enabled (self, each->source))
      add_authorities (self->trust, each);
    else
      add_distrusted (self->trust, each);
    g_ptr_array_add (self->listings, cardea_host_listing_ref (each->listing));
  }
  add_files (self->trust, self->config, NULL);
  g_debug ("Trust: %u authorities", cardea_trust_count_anchors (self->trust));
}

CardeaTrust *
cardea_authority_store_get_trust (CardeaAuthorityStore *self)
{
  g_autoptr (GPtrArray) authorities = cardea_catalogue_get_authorities (self->catalogue);

  if (!is_current (self, authorities))
    rebuild (self, authorities);
  return cardea_trust_ref (self->trust);
}

CardeaTrust *
cardea_authority_store_new_distrusting (CardeaAuthorityStore *self)
{
  CardeaTrust *trust = cardea_trust_new ();
  g_autoptr (GPtrArray) authorities = cardea_catalogue_get_authorities (self->catalogue);

  for (guint i = 0; i < authorities->len; i++)
    add_distrusted (trust, authorities->pdata[i]);
  return trust;
}

CardeaTrust *
cardea_authority_store_get_trust_of_program (CardeaAuthorityStore *self, GPtrArray *brought, GError **error)
{
  g_autoptr (CardeaTrust) trust = cardea_authority_store_new_distrusting (self);

  for (guint i = 0; i < brought->len; i++) {
    g_autoptr (GError) local = NULL;

    if (cardea_trust_add_anchor (trust, brought->pdata[i], "program", &local))
      continue;
    cardea_set_error (error, CARDEA_ERROR_INVALID_PARAMETER, "Authority %u is no certificate: %s", i + 1,
                      local->message);
    if (error != NULL)
      cardea_error_take_parameter (*error, "parameter", json_string ("options.authorities"));
    return NULL;
  }
  return g_steal_pointer (&trust);
}
