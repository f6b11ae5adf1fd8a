/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Resumption: the second connection costs no signature.
 *
 * Which session is offered is chosen before the server said anything, so nobody can be asked whether it may
 * be. It is offered only where nobody would be: the consent stands for exactly this certificate, its token is
 * in the same insertion, and the login that it was used under goes on. What a person consents to for once is
 * therefore never kept, nor what a PIN was typed for alone. That is looked at when a session is kept, and all
 * of it again when it is to be offered; what else is dropped meanwhile is dropped for the sake of memory.
 *
 * A key that wants its PIN for each signature promises its owner to be asked each time: it is not resumed. */

#include "agent/broker/resuming.h"

#include "agent/broker/resumptions.h"

#define EXPIRY_SECONDS 60 /* between two looks for what is too old; it is not given out before either */

struct _CardeaResuming
{
  CardeaCatalogue *catalogue;
  CardeaUnlocker *unlocker;
  CardeaDecisions *decisions; /* or NULL */
  gulong changed_id, locked_id, decided_id;
  gboolean on;
  CardeaResumptions *table;
  guint timer; /* source; 0: the table is empty */
};

/* The entry keeps the host alive, so that its address means no other. */
static char *
name_insertion (const CardeaToken *token)
{
  return g_strdup_printf ("%p %" G_GUINT64_FORMAT " %lu %s", (gpointer)token->host, token->generation,
                          token->info->slot, token->uri);
}

/* As it was when the session was made: not read anew since, and logged in where it wants that. Another
 * listing by the same process, as after a login, changes nothing. */
static gboolean
token_stands (const CardeaResuming *self, CardeaToken *token)
{
  return cardea_host_runs (token->host, token->generation) &&
         cardea_catalogue_get_presence (self->catalogue, token) != CARDEA_PRESENCE_GONE &&
         cardea_unlocker_is_unlocked (self->unlocker, token);
}

/* Where nothing has to be typed for a signature. */
static gboolean
is_silent (const CardeaResuming *self, const CardeaTokenCertificate *certificate)
{
  return !certificate->always_authenticate && token_stands (self, certificate->token);
}

/* Programs that cannot be told apart have nothing in common. */
static gboolean
is_known (const CardeaCaller *caller)
{
  return !g_str_has_prefix (cardea_caller_get_key (caller), "unknown:");
}

static CardeaResumptionKey
make_key (const CardeaSelectionCase *about)
{
  return (CardeaResumptionKey){
    .program = cardea_caller_get_key (about->caller),
    .server_name = cardea_request_get_server_name (about->request),
    .port = about->request->port,
    .trust = about->terms->trust_source,
  };
}

/* The certificate that this connection would use with nothing asked, and typed, of anybody. */
static CardeaTokenCertificate *
foresee (const CardeaResuming *self, const CardeaSelectionCase *about, const CardeaResumption *resumption)
{
  CardeaSelectionCase again = *about;
  g_autoptr (CardeaTokenCertificate) foreseen = NULL;

  again.authorities = resumption->authorities;
  foreseen = cardea_selection_foresee (&again, FALSE);
  return foreseen != NULL && is_silent (self, foreseen) ? g_steal_pointer (&foreseen) : NULL;
}

static void
log_dropped (guint n, const char *why)
{
  if (n > 0)
    g_info ("%u sessions are not resumed any more: %s", n, why);
}

static gboolean
on_expiry_due (gpointer data)
{
  CardeaResuming *self = data;

  if (cardea_resumptions_expire (self->table, cardea_resumption_get_time ()))
    return G_SOURCE_CONTINUE;
  self->timer = 0;
  return G_SOURCE_REMOVE;
}

static void
set_timer (CardeaResuming *self)
{
  if (self->timer == 0)
    self->timer = g_timeout_add_seconds (EXPIRY_SECONDS, on_expiry_due, self);
}

gboolean
cardea_resuming_is_on (const CardeaResuming *self)
{
  return self->on;
}

CardeaResumption *
cardea_resuming_take (CardeaResuming *self, const CardeaSelectionCase *about,
                      CardeaTokenCertificate **certificate)
{
  gint64 now = cardea_resumption_get_time ();
  CardeaResumptionKey key = make_key (about);
  const CardeaResumption *newest = self->on ? cardea_resumptions_look (self->table, &key, now) : NULL;
  g_autoptr (CardeaTokenCertificate) foreseen = newest != NULL ? foresee (self, about, newest) : NULL;
  g_autofree char *insertion = NULL;
  CardeaResumption *taken;

  if (foreseen == NULL)
    return NULL;
  insertion = name_insertion (foreseen->token);
  key.certificate = cardea_certificate_get_sha256 (foreseen->certificate);
  key.insertion = insertion;
  taken = cardea_resumptions_take (self->table, &key, now);
  if (taken != NULL)
    *certificate = g_steal_pointer (&foreseen);
  return taken;
}

void
cardea_resuming_note_used (const CardeaSelectionCase *about, const CardeaResumption *resumption)
{
  CardeaSelectionCase again = *about;
  g_autoptr (CardeaTokenCertificate) used = NULL;

  again.authorities = resumption->authorities;
  used = cardea_selection_foresee (&again, TRUE);
}

/* The id of what is remembered for this, or NULL. */
static const char *
find_decision (const CardeaResuming *self, const CardeaResumptionKey *key)
{
  const CardeaRememberedKey remembered_key = { key->program, key->server_name, key->port, key->trust };
  const CardeaRemembered *remembered =
      self->decisions != NULL ? cardea_decisions_find (self->decisions, &remembered_key) : NULL;

  return remembered != NULL ? remembered->id : NULL;
}

static gboolean
is_same (const CardeaTokenCertificate *a, const CardeaTokenCertificate *b)
{
  return a->token->host == b->token->host && a->token->generation == b->token->generation &&
         g_str_equal (a->uri, b->uri) &&
         g_str_equal (cardea_certificate_get_sha256 (a->certificate),
                      cardea_certificate_get_sha256 (b->certificate));
}

void
cardea_resuming_keep (CardeaResuming *self, const CardeaSelectionCase *about,
                      CardeaTokenCertificate *certificate, CardeaResumption *resumption)
{
  g_autoptr (CardeaTokenCertificate) foreseen =
      self->on && is_known (about->caller) ? foresee (self, about, resumption) : NULL;
  g_autofree char *insertion = NULL;
  CardeaResumptionEntry entry = { .key = make_key (about) };

  if (foreseen == NULL || !is_same (foreseen, certificate)) {
    cardea_resumption_drop (resumption);
    return;
  }
  insertion = name_insertion (foreseen->token);
  entry.key.certificate = cardea_certificate_get_sha256 (certificate->certificate);
  entry.key.insertion = insertion;
  entry.decision = (char *)find_decision (self, &entry.key);
  entry.certificate = foreseen;
  entry.resumption = resumption;
  if (cardea_resumptions_add (self->table, &entry, cardea_resumption_get_time ()))
    set_timer (self);
}

static gboolean
matches_resumption (const CardeaResumptionEntry *entry, gconstpointer resumption)
{
  return entry->resumption == resumption;
}

void
cardea_resuming_forget (CardeaResuming *self, CardeaResumption *resumption)
{
  cardea_resumptions_drop (self->table, matches_resumption, resumption);
  cardea_resumption_drop (resumption);
}

void
cardea_resuming_spoil (CardeaResuming *self, CardeaCaller *caller, const char *server_name, guint16 port)
{
  const CardeaResumptionKey key = { cardea_caller_get_key (caller), server_name, port };

  cardea_resumptions_spoil (self->table, &key, cardea_resumption_get_time ());
  set_timer (self);
}

void
cardea_resuming_drop_all (CardeaResuming *self)
{
  log_dropped (cardea_resumptions_drop (self->table, NULL, NULL), "the configuration or the rules were read");
}

static gboolean
matches_fallen (const CardeaResumptionEntry *entry, gconstpointer self)
{
  return !token_stands (self, entry->certificate->token);
}

static void
on_tokens_changed (CardeaCatalogue *catalogue, gpointer data)
{
  CardeaResuming *self = data;

  log_dropped (cardea_resumptions_drop (self->table, matches_fallen, self),
               "their token was taken away, read anew, or is not logged in any more");
}

static gboolean
matches_token (const CardeaResumptionEntry *entry, gconstpointer token)
{
  return entry->certificate->token->host == ((const CardeaToken *)token)->host &&
         g_str_equal (entry->certificate->token->uri, ((const CardeaToken *)token)->uri);
}

static void
on_locked (CardeaUnlocker *unlocker, CardeaToken *token, gpointer data)
{
  CardeaResuming *self = data;

  log_dropped (cardea_resumptions_drop (self->table, matches_token, token),
               "the login to their token is over");
}

static gboolean
matches_decided (const CardeaResumptionEntry *entry, gconstpointer self)
{
  return g_strcmp0 (entry->decision, find_decision (self, &entry->key)) != 0;
}

static void
on_decisions_changed (CardeaDecisions *decisions, gpointer data)
{
  CardeaResuming *self = data;

  log_dropped (cardea_resumptions_drop (self->table, matches_decided, self),
               "what was decided for them was forgotten or is another decision now");
}

void
cardea_resuming_set_config (CardeaResuming *self, CardeaConfig *config)
{
  self->on = cardea_config_get_resumption (config);
  cardea_resuming_drop_all (self);
}

void
cardea_resuming_set_decisions (CardeaResuming *self, CardeaDecisions *decisions)
{
  cardea_resuming_drop_all (self);
  if (self->decisions != NULL)
    g_clear_signal_handler (&self->decided_id, self->decisions);
  g_set_object (&self->decisions, decisions);
  if (decisions != NULL)
    self->decided_id = g_signal_connect (decisions, "changed", G_CALLBACK (on_decisions_changed), self);
}

CardeaResuming *
cardea_resuming_new (CardeaCatalogue *catalogue, CardeaUnlocker *unlocker)
{
  CardeaResuming *self = g_new0 (CardeaResuming, 1);

  self->catalogue = g_object_ref (catalogue);
  self->unlocker = g_object_ref (unlocker);
  self->table = cardea_resumptions_new ();
  self->changed_id = g_signal_connect (catalogue, "changed", G_CALLBACK (on_tokens_changed), self);
  self->locked_id = g_signal_connect (unlocker, "locked", G_CALLBACK (on_locked), self);
  return self;
}

void
cardea_resuming_free (CardeaResuming *self)
{
  cardea_resuming_set_decisions (self, NULL);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_signal_handler_disconnect (self->unlocker, self->locked_id);
  g_signal_handler_disconnect (self->catalogue, self->changed_id);
  cardea_resumptions_free (self->table);
  g_object_unref (self->unlocker);
  g_object_unref (self->catalogue);
  g_free (self);
}
