/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One rule: what it must say to be one, and what it is about. */

#include "agent/rules/rule.h"

#include "agent/rules/server-pattern.h"

static void
free_server (gpointer data)
{
  cardea_server_pattern_free (data);
}

CardeaRule *
cardea_rule_new (const char *name, const char *where)
{
  CardeaRule *self = g_new0 (CardeaRule, 1);

  self->name = g_strdup (name);
  self->where = g_strdup (where);
  self->servers = g_ptr_array_new_with_free_func (free_server);
  self->settings.spki_pins = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  return self;
}

void
cardea_rule_free (CardeaRule *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->where);
  g_strfreev (self->programs);
  g_ptr_array_unref (self->servers);
  g_free (self->message);
  cardea_rule_condition_free (self->condition);
  g_strfreev (self->settings.authorities);
  g_ptr_array_unref (self->settings.spki_pins);
  g_free (self);
}

static gboolean
is_for_every_program (const CardeaRule *self)
{
  return g_str_equal (self->programs[0], "*");
}

static gboolean
names_each_server (const CardeaRule *self)
{
  for (guint i = 0; i < self->servers->len; i++)
    if (((const CardeaServerPattern *)self->servers->pdata[i])->kind != CARDEA_SERVER_EXACT)
      return FALSE;
  return TRUE;
}

static gboolean
has_settings (const CardeaRule *self)
{
  const CardeaRuleSettings *settings = &self->settings;

  return settings->tls12 != CARDEA_RULE_UNSET || settings->hard_revocation != CARDEA_RULE_UNSET ||
         settings->post_handshake != CARDEA_RULE_UNSET || settings->authorities != NULL ||
         settings->spki_pins->len > 0;
}

static const char *
find_problem_of_action (const CardeaRule *self)
{
  gboolean narrows = self->condition != NULL;

  switch (self->action) {
  case CARDEA_RULE_DENY:
    return narrows ? "A rule that denies says nothing of certificates." : NULL;
  case CARDEA_RULE_CONSENT:
    return is_for_every_program (self) || !names_each_server (self)
               ? "A rule that consents names each program and each server, without wildcards."
               : NULL;
  case CARDEA_RULE_NARROW:
    return narrows ? NULL : "A rule that narrows needs \"certificate\" or \"issuer\".";
  case CARDEA_RULE_SETTINGS:
    if (narrows)
      return "\"certificate\" and \"issuer\" belong to a rule that narrows or consents.";
    return has_settings (self) ? NULL : "A rule of settings has none.";
  }
  return NULL;
}

gboolean
cardea_rule_check (const CardeaRule *self, const char **problem)
{
  const char *what;

  if (!self->has_action)
    what = "A rule needs \"action\".";
  else if (self->programs == NULL)
    what = "A rule needs \"program\".";
  else if (self->servers->len == 0)
    what = "A rule needs \"servers\".";
  else if (self->message != NULL && self->action != CARDEA_RULE_DENY)
    what = "\"message\" belongs to a rule that denies.";
  else
    what = find_problem_of_action (self);
  if (what != NULL)
    *problem = what;
  return what == NULL;
}

gboolean
cardea_rule_matches (const CardeaRule *self, const char *program_key, const char *host, guint16 port)
{
  if (!is_for_every_program (self) && !g_strv_contains ((const char *const *)self->programs, program_key))
    return FALSE;
  for (guint i = 0; i < self->servers->len; i++)
    if (cardea_server_pattern_matches (self->servers->pdata[i], host, port))
      return TRUE;
  return FALSE;
}
