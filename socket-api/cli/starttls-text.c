/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* STARTTLS in the protocols of mail, which speak in lines: SMTP (RFC 3207), IMAP (RFC 3501, 6.2.1), POP3
 * (RFC 2595, 4). */

#include "socket-api/cli/starttls-private.h"

#include <string.h>

enum
{
  STEP_GREETING,
  STEP_FEATURES, /* what the server can do was asked for */
  STEP_STARTTLS,
};

typedef gboolean (*TakeLine) (CardeaStarttls *self, const char *line, GError **error);

static void
ask (CardeaStarttls *self, const char *command, guint step)
{
  g_string_append (self->output, command);
  self->step = step;
}

static gboolean
fail_unknown (CardeaStarttls *self, const char *line, GError **error)
{
  return cardea_starttls_refuse (self, "The server does not speak this protocol", line, error);
}

/* Lines end with LF, before which a CR does not matter. */
static gboolean
take_byte (CardeaStarttls *self, guint8 byte, TakeLine take_line, GError **error)
{
  g_autofree char *line = NULL;

  if (byte == '\0')
    return cardea_starttls_refuse (self, "The server sent a NUL byte", NULL, error);
  if (byte != '\n')
    return cardea_starttls_keep (self, byte, error);
  line = g_strndup (self->line->str, self->line->len);
  g_string_truncate (self->line, 0);
  if (g_str_has_suffix (line, "\r"))
    line[strlen (line) - 1] = '\0';
  return take_line (self, line, error);
}

/* Whether one of the words is this one. */
static gboolean
has_word (const char *line, const char *word)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    if (g_ascii_strcasecmp (words[i], word) == 0)
      return TRUE;
  return FALSE;
}

/* A reply is lines "250-TEXT" up to one of "250 TEXT" (RFC 5321, 4.2). */
static gboolean
take_smtp_line (CardeaStarttls *self, const char *line, GError **error)
{
  gboolean is_last = strlen (line) < 4 || line[3] == ' ';

  if (strspn (line, "0123456789") != 3 || (!is_last && line[3] != '-'))
    return fail_unknown (self, line, error);
  if (self->step == STEP_FEATURES && strlen (line) > 4 && g_ascii_strcasecmp (line + 4, "STARTTLS") == 0)
    self->offered = TRUE;
  if (!is_last)
    return TRUE;
  if (line[0] != '2')
    return cardea_starttls_refuse (self,
                                   self->step == STEP_GREETING ? "The server takes no connections"
                                                               : "The server refuses to begin TLS",
                                   line, error);
  if (self->step == STEP_GREETING)
    ask (self, "EHLO localhost\r\n", STEP_FEATURES);
  else if (self->step == STEP_STARTTLS)
    self->done = TRUE;
  else if (self->offered)
    ask (self, "STARTTLS\r\n", STEP_STARTTLS);
  else
    return cardea_starttls_not_offered (self, error);
  return TRUE;
}

static gboolean
take_imap_greeting (CardeaStarttls *self, const char *line, GError **error)
{
  if (g_ascii_strncasecmp (line, "* PREAUTH", 9) == 0)
    return cardea_starttls_refuse (self, "The server knows somebody already, where TLS cannot begin any more",
                                   line, error);
  if (g_ascii_strncasecmp (line, "* BYE", 5) == 0)
    return cardea_starttls_refuse (self, "The server takes no connections", line, error);
  if (g_ascii_strncasecmp (line, "* OK", 4) != 0)
    return fail_unknown (self, line, error);
  ask (self, "c CAPABILITY\r\n", STEP_FEATURES);
  return TRUE;
}

/* The answer to our command, which has its tag. */
static gboolean
take_imap_tagged (CardeaStarttls *self, const char *line, GError **error)
{
  gboolean about_features = self->step == STEP_FEATURES;

  if (line[0] != (about_features ? 'c' : 's') || line[1] != ' ')
    return fail_unknown (self, line, error);
  if (g_ascii_strncasecmp (line + 2, "OK", 2) != 0 || (line[4] != ' ' && line[4] != '\0'))
    return cardea_starttls_refuse (self, "The server refuses to begin TLS", line, error);
  if (!about_features)
    self->done = TRUE;
  else if (self->offered)
    ask (self, "s STARTTLS\r\n", STEP_STARTTLS);
  else
    return cardea_starttls_not_offered (self, error);
  return TRUE;
}

static gboolean
take_imap_line (CardeaStarttls *self, const char *line, GError **error)
{
  if (self->step == STEP_GREETING)
    return take_imap_greeting (self, line, error);
  if (g_ascii_strncasecmp (line, "* BYE", 5) == 0)
    return cardea_starttls_refuse (self, "The server ends the connection", line, error);
  if (g_ascii_strncasecmp (line, "* CAPABILITY ", 13) == 0)
    self->offered = self->offered || has_word (line, "STARTTLS");
  if (line[0] == '*')
    return TRUE;
  return take_imap_tagged (self, line, error);
}

/* Asking for STLS tells whether it is there, with servers that know no list as well. */
static gboolean
take_pop3_line (CardeaStarttls *self, const char *line, GError **error)
{
  gboolean is_ok = g_ascii_strncasecmp (line, "+OK", 3) == 0;

  if (!is_ok && g_ascii_strncasecmp (line, "-ERR", 4) != 0)
    return fail_unknown (self, line, error);
  if (!is_ok)
    return cardea_starttls_refuse (self,
                                   self->step == STEP_GREETING ? "The server takes no connections"
                                                               : "The server does not begin TLS",
                                   line, error);
  if (self->step == STEP_GREETING)
    ask (self, "STLS\r\n", STEP_STARTTLS);
  else
    self->done = TRUE;
  return TRUE;
}

static gboolean
take_smtp (CardeaStarttls *self, guint8 byte, GError **error)
{
  return take_byte (self, byte, take_smtp_line, error);
}

static gboolean
take_imap (CardeaStarttls *self, guint8 byte, GError **error)
{
  return take_byte (self, byte, take_imap_line, error);
}

static gboolean
take_pop3 (CardeaStarttls *self, guint8 byte, GError **error)
{
  return take_byte (self, byte, take_pop3_line, error);
}

const CardeaStarttlsProtocol cardea_starttls_smtp = { .name = "smtp", .title = "SMTP", .take = take_smtp };
const CardeaStarttlsProtocol cardea_starttls_imap = {
  .name = "imap", .title = "IMAP", .untagged = TRUE, .take = take_imap
};
const CardeaStarttlsProtocol cardea_starttls_pop3 = { .name = "pop3", .title = "POP3", .take = take_pop3 };
