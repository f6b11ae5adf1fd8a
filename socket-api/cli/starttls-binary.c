/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* STARTTLS in protocols that are no text: PostgreSQL (Frontend/Backend Protocol, SSLRequest) and LDAP (RFC
 * 4511, 4.14). Both are asked at once and answer once. */

#include "socket-api/cli/starttls-private.h"

/* LDAPMessage 1 with an ExtendedRequest whose requestName is 1.3.6.1.4.1.1466.20037. */
static const char ldap_request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
                                   "1.3.6.1.4.1.1466.20037";
/* Length 8, then the code that stands where others have the protocol's version. */
static const char postgres_request[] = { 0, 0, 0, 8, 0x04, (char)0xd2, 0x16, 0x2f };

static void
begin_postgres (CardeaStarttls *self)
{
  g_string_append_len (self->output, postgres_request, sizeof postgres_request);
}

/* An error message of before TLS is anybody's, and not shown. */
static gboolean
take_postgres (CardeaStarttls *self, guint8 byte, GError **error)
{
  switch (byte) {
  case 'S':
    self->done = TRUE;
    return TRUE;
  case 'N':
    return cardea_starttls_not_offered (self, error);
  case 'E':
    return cardea_starttls_refuse (self, "The server refuses to begin TLS", NULL, error);
  default:
    return cardea_starttls_refuse (self, "The server does not speak this protocol", NULL, error);
  }
}

static void
begin_ldap (CardeaStarttls *self)
{
  g_string_append_len (self->output, ldap_request, sizeof ldap_request - 1);
}

/* What is left of a BER encoding (X.690). */
typedef struct
{
  const guint8 *bytes;
  gsize length;
} Ber;

typedef enum
{
  BER_WHOLE,
  BER_PARTIAL,
  BER_WRONG,
} BerState;

/* An element with a tag of one byte and a definite length of at most two more. @content is set, and @self
 * goes on behind it, where it is whole. */
static BerState
take_element (Ber *self, guint8 tag, Ber *content)
{
  gsize head = 2, length;

  if (self->length > 0 && self->bytes[0] != tag)
    return BER_WRONG;
  if (self->length < 2)
    return BER_PARTIAL;
  length = self->bytes[1];
  if (length >= 0x80) {
    gsize n = length & 0x7f;

    if (n == 0 || n > 2)
      return BER_WRONG;
    if (self->length < 2 + n)
      return BER_PARTIAL;
    length = 0;
    for (gsize i = 0; i < n; i++)
      length = length << 8 | self->bytes[2 + i];
    head += n;
  }
  if (self->length - head < length)
    return BER_PARTIAL;
  *content = (Ber){ self->bytes + head, length };
  self->bytes += head + length;
  self->length -= head + length;
  return BER_WHOLE;
}

/* A whole message: our number, and success. */
static gboolean
take_ldap_message (CardeaStarttls *self, Ber *message, GError **error)
{
  Ber number, response, result;
  g_autofree char *said = NULL;

  if (take_element (message, 0x02, &number) != BER_WHOLE || number.length != 1 ||
      take_element (message, 0x78, &response) != BER_WHOLE ||
      take_element (&response, 0x0a, &result) != BER_WHOLE || result.length != 1)
    return cardea_starttls_refuse (self, "The server does not speak this protocol", NULL, error);
  if (number.bytes[0] != 1)
    return cardea_starttls_refuse (self, "The server ends the connection", NULL, error);
  said = g_strdup_printf ("result %u", result.bytes[0]);
  if (result.bytes[0] != 0)
    return cardea_starttls_refuse (self, "The server refuses to begin TLS", said, error);
  self->done = TRUE;
  return TRUE;
}

static gboolean
take_ldap (CardeaStarttls *self, guint8 byte, GError **error)
{
  Ber all, message;

  if (!cardea_starttls_keep (self, byte, error))
    return FALSE;
  all = (Ber){ (const guint8 *)self->line->str, self->line->len };
  switch (take_element (&all, 0x30, &message)) {
  case BER_WHOLE:
    return take_ldap_message (self, &message, error);
  case BER_PARTIAL:
    return TRUE;
  case BER_WRONG:
  default:
    return cardea_starttls_refuse (self, "The server does not speak this protocol", NULL, error);
  }
}

const CardeaStarttlsProtocol cardea_starttls_postgres = {
  .name = "postgres", .title = "PostgreSQL", .begin = begin_postgres, .take = take_postgres
};
const CardeaStarttlsProtocol cardea_starttls_ldap = {
  .name = "ldap", .title = "LDAP", .begin = begin_ldap, .take = take_ldap
};
