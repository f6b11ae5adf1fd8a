/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* STARTTLS in XMPP (RFC 6120, 5): a stream's head each way, the server's features, and its consent. GLib's
 * parser takes the bytes one by one, so that the end is exact; what XMPP forbids in XML (RFC 6120, 11.1) is
 * refused besides. */

#include "socket-api/cli/starttls-private.h"

#include <string.h>

#define TLS_NAMESPACE "urn:ietf:params:xml:ns:xmpp-tls"

/* Depth of elements: the stream is 1, what it carries 2, the features 3. */
typedef struct
{
  GMarkupParseContext *parser;
  guint depth;
  gboolean in_features;
  gboolean asked;
} Talk;

static gboolean
is_of_tls (const char **names, const char **values)
{
  for (guint i = 0; names[i] != NULL; i++)
    if (g_str_equal (names[i], "xmlns"))
      return g_str_equal (values[i], TLS_NAMESPACE);
  return FALSE;
}

static void
on_carried (CardeaStarttls *self, const char *name, gboolean of_tls, GError **error)
{
  Talk *talk = self->data;

  if (g_str_equal (name, "stream:features") && !talk->asked)
    talk->in_features = TRUE;
  else if (g_str_equal (name, "proceed") && of_tls && talk->asked)
    ;
  else if (g_str_equal (name, "failure") && of_tls)
    cardea_starttls_refuse (self, "The server refuses to begin TLS", NULL, error);
  else
    cardea_starttls_refuse (self, "The server says something else than was asked", name, error);
}

static void
on_element (GMarkupParseContext *parser, const char *name, const char **names, const char **values,
            gpointer user_data, GError **error)
{
  CardeaStarttls *self = user_data;
  Talk *talk = self->data;

  talk->depth++;
  if (talk->depth == 1 && !g_str_equal (name, "stream:stream"))
    cardea_starttls_refuse (self, "The server does not speak this protocol", name, error);
  else if (talk->depth == 2)
    on_carried (self, name, is_of_tls (names, values), error);
  else if (talk->depth == 3 && talk->in_features && g_str_equal (name, "starttls") &&
           is_of_tls (names, values))
    self->offered = TRUE;
}

static void
on_element_end (GMarkupParseContext *parser, const char *name, gpointer user_data, GError **error)
{
  CardeaStarttls *self = user_data;
  Talk *talk = self->data;

  talk->depth--;
  if (talk->depth == 0)
    cardea_starttls_refuse (self, "The server ends the connection", NULL, error);
  if (talk->depth != 1)
    return;
  if (talk->asked)
    self->done = TRUE;
  else if (self->offered) {
    talk->asked = TRUE;
    talk->in_features = FALSE;
    g_string_append (self->output, "<starttls xmlns='" TLS_NAMESPACE "'/>");
  } else
    cardea_starttls_not_offered (self, error);
}

/* Comments, processing instructions, document types; all but the declaration. */
static void
on_other (GMarkupParseContext *parser, const char *text, gsize length, gpointer user_data, GError **error)
{
  CardeaStarttls *self = user_data;
  const Talk *talk = self->data;

  if (talk->depth > 0 || !g_str_has_prefix (text, "<?xml "))
    cardea_starttls_refuse (self, "The server sent XML that XMPP forbids", NULL, error);
}

static const GMarkupParser parser_functions = {
  .start_element = on_element,
  .end_element = on_element_end,
  .passthrough = on_other,
};

static void
begin_xmpp (CardeaStarttls *self)
{
  Talk *talk = g_new0 (Talk, 1);
  g_autofree char *head =
      g_markup_printf_escaped ("<?xml version='1.0'?><stream:stream to='%s' xmlns='jabber:client' "
                               "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
                               self->host);

  talk->parser = g_markup_parse_context_new (&parser_functions, 0, self, NULL);
  self->data = talk;
  g_string_append (self->output, head);
}

static void
end_xmpp (CardeaStarttls *self)
{
  Talk *talk = self->data;

  g_markup_parse_context_free (talk->parser);
  g_free (talk);
}

static gboolean
take_xmpp (CardeaStarttls *self, guint8 byte, GError **error)
{
  Talk *talk = self->data;
  g_autoptr (GError) fault = NULL;
  const char text = (char)byte;

  if (g_markup_parse_context_parse (talk->parser, &text, 1, &fault))
    return TRUE;
  if (fault->domain != G_MARKUP_ERROR) {
    g_propagate_error (error, g_steal_pointer (&fault));
    return FALSE;
  }
  return cardea_starttls_refuse (self, "The server does not speak this protocol", NULL, error);
}

const CardeaStarttlsProtocol cardea_starttls_xmpp = {
  .name = "xmpp", .title = "XMPP", .begin = begin_xmpp, .take = take_xmpp, .end = end_xmpp
};
