/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The packets between the agent and a token host.
 *
 * Each type is a row of a table: its fields in order, each a number with its largest value or a string of
 * bytes with its largest length. One loop writes them and one reads them, so no type can forget a check, and
 * nothing nests. On the wire a packet is a 32-bit type, a 64-bit id and the fields (a number: 64 bits; bytes:
 * a 32-bit length and the bytes), little-endian without padding. */

#include "socket-api/private/host-protocol.h"

#include <string.h>

typedef enum
{
  FIELD_END,
  FIELD_NUMBER,
  FIELD_BYTES,
} FieldKind;

typedef struct
{
  FieldKind kind;
  gsize offset;    /* in CardeaHostMessage */
  guint64 maximum; /* of the number, or of the length */
} Field;

typedef struct
{
  CardeaHostMessageType type;
  CardeaHostDirection direction;
  const char *name;
  Field fields[17];
} Shape;

#define NUMBER(member, maximum)                                                                              \
  {                                                                                                          \
    FIELD_NUMBER, G_STRUCT_OFFSET (CardeaHostMessage, member), maximum                                       \
  }
#define BYTES(member, maximum)                                                                               \
  {                                                                                                          \
    FIELD_BYTES, G_STRUCT_OFFSET (CardeaHostMessage, member), maximum                                        \
  }
#define LABEL(member) BYTES (member, CARDEA_LIMIT_LABEL_BYTES)

#define SIGN_DATA_BYTES 2048

static const Shape shapes[] = {
  { CARDEA_HOST_MESSAGE_LIST,
    CARDEA_HOST_REQUESTS,
    "list",
    { NUMBER (list.roles, CARDEA_HOST_WIRE_ROLE_TOKENS | CARDEA_HOST_WIRE_ROLE_AUTHORITIES) } },
  { CARDEA_HOST_MESSAGE_LOGIN,
    CARDEA_HOST_REQUESTS,
    "login",
    { NUMBER (login.slot, G_MAXUINT64), NUMBER (login.pinpad, 1),
      NUMBER (login.manner, CARDEA_HOST_WIRE_LOGIN_FRESH) } },
  { CARDEA_HOST_MESSAGE_SIGN,
    CARDEA_HOST_REQUESTS,
    "sign",
    { NUMBER (sign.slot, G_MAXUINT64), NUMBER (sign.mechanism, CARDEA_HOST_WIRE_SIGN_RSA_PSS_RAW),
      NUMBER (sign.hash_bits, 512), NUMBER (sign.pin, CARDEA_HOST_WIRE_SIGN_PINPAD), LABEL (sign.key_id),
      BYTES (sign.modulus, CARDEA_HOST_MODULUS_BYTES), BYTES (sign.data, SIGN_DATA_BYTES) } },
  { CARDEA_HOST_MESSAGE_LOGOUT, CARDEA_HOST_REQUESTS, "logout", { NUMBER (logout.slot, G_MAXUINT64) } },
  { CARDEA_HOST_MESSAGE_SET_PIN,
    CARDEA_HOST_REQUESTS,
    "set-pin",
    { NUMBER (set_pin.slot, G_MAXUINT64), NUMBER (set_pin.pinpad, 1),
      NUMBER (set_pin.action, CARDEA_HOST_WIRE_SET_PIN_UNBLOCK_BY_PUK) } },
  { CARDEA_HOST_MESSAGE_READY, CARDEA_HOST_REPLIES, "ready", { { FIELD_END } } },
  { CARDEA_HOST_MESSAGE_PROGRESS, CARDEA_HOST_REPLIES, "progress", { { FIELD_END } } },
  { CARDEA_HOST_MESSAGE_TOKEN,
    CARDEA_HOST_REPLIES,
    "token",
    { NUMBER (token.slot, G_MAXUINT64), NUMBER (token.initialised, 1), NUMBER (token.pinpad, 1),
      NUMBER (token.login_required, 1), NUMBER (token.logged_in, 1),
      NUMBER (token.pin, CARDEA_HOST_WIRE_PIN_NOT_NEEDED),
      NUMBER (token.mechanisms, (CARDEA_HOST_WIRE_CAN_EDDSA << 1) - 1), LABEL (token.label),
      NUMBER (token.officer_pin, CARDEA_HOST_WIRE_PIN_NOT_NEEDED),
      NUMBER (token.pin_min, CARDEA_LIMIT_PIN_BYTES), NUMBER (token.pin_max, CARDEA_LIMIT_PIN_BYTES),
      NUMBER (token.told_tries, CARDEA_HOST_TRIES_MOST + 1), LABEL (token.manufacturer), LABEL (token.model),
      LABEL (token.serial), LABEL (token.reader) } },
  { CARDEA_HOST_MESSAGE_CERTIFICATE,
    CARDEA_HOST_REPLIES,
    "certificate",
    { NUMBER (certificate.slot, G_MAXUINT64), BYTES (certificate.der, CARDEA_LIMIT_CERTIFICATE_BYTES),
      LABEL (certificate.key_id), LABEL (certificate.label) } },
  { CARDEA_HOST_MESSAGE_KEY,
    CARDEA_HOST_REPLIES,
    "key",
    { NUMBER (key.slot, G_MAXUINT64), NUMBER (key.always_authenticate, 1), LABEL (key.key_id),
      BYTES (key.modulus, CARDEA_HOST_MODULUS_BYTES) } },
  { CARDEA_HOST_MESSAGE_AUTHORITY,
    CARDEA_HOST_REPLIES,
    "authority",
    { NUMBER (authority.level, CARDEA_HOST_WIRE_TRUST_DISTRUSTED),
      BYTES (authority.der, CARDEA_LIMIT_CERTIFICATE_BYTES) } },
  { CARDEA_HOST_MESSAGE_LISTED,
    CARDEA_HOST_REPLIES,
    "listed",
    { NUMBER (listed.incomplete, 1), NUMBER (listed.pcsc, 1) } },
  { CARDEA_HOST_MESSAGE_LOGGED_IN, CARDEA_HOST_REPLIES, "logged-in", { { FIELD_END } } },
  { CARDEA_HOST_MESSAGE_SIGNATURE,
    CARDEA_HOST_REPLIES,
    "signature",
    { BYTES (signature.bytes, CARDEA_HOST_SIGNATURE_BYTES) } },
  { CARDEA_HOST_MESSAGE_FAILED,
    CARDEA_HOST_REPLIES,
    "failed",
    { NUMBER (failed.failure, CARDEA_HOST_FAILURE_NEW_PIN), NUMBER (failed.rv, G_MAXUINT64),
      NUMBER (failed.pin, CARDEA_HOST_WIRE_PIN_NOT_NEEDED),
      NUMBER (failed.told_tries, CARDEA_HOST_TRIES_MOST + 1),
      BYTES (failed.message, CARDEA_HOST_TEXT_BYTES) } },
  { CARDEA_HOST_MESSAGE_LOGGED_OUT, CARDEA_HOST_REPLIES, "logged-out", { { FIELD_END } } },
  { CARDEA_HOST_MESSAGE_PIN_SET, CARDEA_HOST_REPLIES, "pin-set", { { FIELD_END } } },
  { CARDEA_HOST_MESSAGE_LOGIN_ENDED,
    CARDEA_HOST_REPLIES,
    "login-ended",
    { NUMBER (login_ended.slot, G_MAXUINT64) } },
};

static const Shape *
find_shape (guint32 type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    if ((guint32)shapes[i].type == type)
      return &shapes[i];
  return NULL;
}

const char *
cardea_host_message_type_to_string (CardeaHostMessageType type)
{
  const Shape *shape = find_shape (type);

  return shape != NULL ? shape->name : "unknown";
}

static void
put_number (GByteArray *packet, guint64 value, gsize size)
{
  guint64 wire = GUINT64_TO_LE (value);

  g_byte_array_append (packet, (const guint8 *)&wire, size);
}

static gboolean
put_field (GByteArray *packet, const Field *field, const CardeaHostMessage *self)
{
  if (field->kind == FIELD_NUMBER) {
    guint64 value = *(const guint64 *)G_STRUCT_MEMBER_P (self, field->offset);

    put_number (packet, value, sizeof (guint64));
    return value <= field->maximum;
  }
  const CardeaHostBytes *bytes = G_STRUCT_MEMBER_P (self, field->offset);

  if (bytes->length > field->maximum)
    return FALSE;
  put_number (packet, bytes->length, sizeof (guint32));
  if (bytes->length > 0)
    g_byte_array_append (packet, bytes->data, bytes->length);
  return TRUE;
}

GBytes *
cardea_host_message_encode (const CardeaHostMessage *self, GError **error)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  const Shape *shape = find_shape (self->type);

  g_return_val_if_fail (shape != NULL, NULL);
  put_number (packet, self->type, sizeof (guint32));
  put_number (packet, self->id, sizeof (guint64));
  for (const Field *field = shape->fields; field->kind != FIELD_END; field++)
    if (!put_field (packet, field, self)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "field %d of a %s message is past its limit", (int)(field - shape->fields), shape->name);
      return NULL;
    }
  g_assert (packet->len <= CARDEA_LIMIT_HOST_MESSAGE_BYTES);
  return g_byte_array_free_to_bytes (g_steal_pointer (&packet));
}

typedef struct
{
  const guint8 *next;
  gsize left;
} Reader;

static gboolean
take_number (Reader *reader, gsize size, guint64 *value)
{
  guint64 wire = 0;

  if (reader->left < size)
    return FALSE;
  memcpy (&wire, reader->next, size);
  reader->next += size;
  reader->left -= size;
  *value = GUINT64_FROM_LE (wire);
  return TRUE;
}

static gboolean
take_field (Reader *reader, const Field *field, CardeaHostMessage *self)
{
  guint64 value;

  if (!take_number (reader, field->kind == FIELD_NUMBER ? sizeof (guint64) : sizeof (guint32), &value) ||
      value > field->maximum)
    return FALSE;
  if (field->kind == FIELD_NUMBER) {
    *(guint64 *)G_STRUCT_MEMBER_P (self, field->offset) = value;
    return TRUE;
  }
  if (value > reader->left)
    return FALSE;
  *(CardeaHostBytes *)G_STRUCT_MEMBER_P (self, field->offset) = (CardeaHostBytes){ reader->next, value };
  reader->next += value;
  reader->left -= value;
  return TRUE;
}

gboolean
cardea_host_message_decode (const guint8 *packet, gsize length, CardeaHostDirection direction,
                            CardeaHostMessage *self, GError **error)
{
  Reader reader = { packet, length };
  CardeaHostMessage message = { 0 };
  guint64 type;

  if (length > CARDEA_LIMIT_HOST_MESSAGE_BYTES || !take_number (&reader, sizeof (guint32), &type) ||
      !take_number (&reader, sizeof (guint64), &message.id)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "a packet of %" G_GSIZE_FORMAT " bytes", length);
    return FALSE;
  }
  const Shape *shape = find_shape (type);

  if (shape == NULL || shape->direction != direction) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "a packet of type %" G_GUINT64_FORMAT, type);
    return FALSE;
  }
  message.type = type;
  for (const Field *field = shape->fields; field->kind != FIELD_END; field++)
    if (!take_field (&reader, field, &message)) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "field %d of a %s packet",
                   (int)(field - shape->fields), shape->name);
      return FALSE;
    }
  if (reader.left > 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%" G_GSIZE_FORMAT " bytes after a %s packet",
                 reader.left, shape->name);
    return FALSE;
  }
  *self = message;
  return TRUE;
}
