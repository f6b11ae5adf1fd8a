/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* STARTTLS, whatever the protocol: its bounds, its turns, and its end.
 *
 * Whoever is between client and server can say anything here, and be believed in one thing only: that the
 * server begins TLS now, which then fails if it is not so. What matters is that nothing that was said in the
 * clear is taken for something said under TLS, so the end is exact to the byte. */

#include "socket-api/cli/starttls-private.h"

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

#define SAID_BYTES 200 /* of the server's words in an error */

static const CardeaStarttlsProtocol *const protocols[] = {
  &cardea_starttls_smtp,     &cardea_starttls_imap, &cardea_starttls_pop3,
  &cardea_starttls_postgres, &cardea_starttls_ldap, &cardea_starttls_xmpp,
};

char *
cardea_starttls_list_protocols (void)
{
  GString *text = g_string_new (protocols[0]->name);

  for (gsize i = 1; i < G_N_ELEMENTS (protocols); i++)
    g_string_append_printf (text, ", %s", protocols[i]->name);
  return g_string_free (text, FALSE);
}

CardeaStarttls *
cardea_starttls_new (const char *protocol, const char *host)
{
  g_return_val_if_fail (protocol != NULL && host != NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (protocols); i++)
    if (g_str_equal (protocols[i]->name, protocol)) {
      CardeaStarttls *self = g_new0 (CardeaStarttls, 1);

      self->protocol = protocols[i];
      self->host = g_strdup (host);
      self->output = g_string_new (NULL);
      self->line = g_string_new (NULL);
      if (self->protocol->begin != NULL)
        self->protocol->begin (self);
      return self;
    }
  return NULL;
}

void
cardea_starttls_free (CardeaStarttls *self)
{
  if (self == NULL)
    return;
  if (self->protocol->end != NULL)
    self->protocol->end (self);
  g_string_free (self->output, TRUE);
  g_string_free (self->line, TRUE);
  g_free (self->host);
  g_free (self);
}

GBytes *
cardea_starttls_take_output (CardeaStarttls *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  GBytes *output = self->output->len > 0 ? g_bytes_new (self->output->str, self->output->len) : NULL;

  g_string_truncate (self->output, 0);
  return output;
}

gboolean
cardea_starttls_is_done (const CardeaStarttls *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->done;
}

gboolean
cardea_starttls_refuse (CardeaStarttls *self, const char *what, const char *said, GError **error)
{
  g_autofree char *words = said != NULL ? g_utf8_make_valid (said, MIN (strlen (said), SAID_BYTES)) : NULL;
  gboolean has_words = words != NULL && *words != '\0';
  g_autofree char *message = g_strdup_printf ("%s (%s)%s%s", what, self->protocol->title,
                                              has_words ? ": " : "", has_words ? words : "");

  self->failed = TRUE;
  cardea_set_error (error, CARDEA_ERROR_CONNECT_FAILED, "%s", message);
  if (error != NULL) {
    cardea_error_take_parameter (*error, "step", json_string ("starttls"));
    cardea_error_take_parameter (*error, "message", json_string (message));
  }
  return FALSE;
}

gboolean
cardea_starttls_not_offered (CardeaStarttls *self, GError **error)
{
  return cardea_starttls_refuse (self, "The server does not offer to begin TLS", NULL, error);
}

gboolean
cardea_starttls_keep (CardeaStarttls *self, guint8 byte, GError **error)
{
  if (self->line->len >= CARDEA_LIMIT_STARTTLS_LINE)
    return cardea_starttls_refuse (self, "The server's answer is too long", NULL, error);
  g_string_append_c (self->line, (char)byte);
  return TRUE;
}

static gboolean
take (CardeaStarttls *self, guint8 byte, GError **error)
{
  if (self->done)
    return cardea_starttls_refuse (
        self, "The server spoke on in the clear where TLS begins; somebody may have put that there", NULL,
        error);
  if (self->output->len > 0 && !self->protocol->untagged)
    return cardea_starttls_refuse (self, "The server answered what it was not asked yet", NULL, error);
  if (++self->received > CARDEA_LIMIT_STARTTLS_BYTES)
    return cardea_starttls_refuse (self, "The server says too much before TLS begins", NULL, error);
  return self->protocol->take (self, byte, error);
}

gboolean
cardea_starttls_feed (CardeaStarttls *self, const guint8 *bytes, gsize length, GError **error)
{
  g_return_val_if_fail (self != NULL && !self->failed, FALSE);

  for (gsize i = 0; i < length; i++)
    if (!take (self, bytes[i], error)) {
      self->failed = TRUE;
      self->done = FALSE;
      return FALSE;
    }
  return TRUE;
}
