/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "socket-api/limits.h"

G_BEGIN_DECLS

/* What the agent and a token host say to each other over a SOCK_SEQPACKET pair: one message a packet, each of
 * a fixed shape. A host runs a vendor's code on what a card says, so the agent believes no packet; the host
 * believes none either. */

typedef enum
{
  /* Requests, agent to host. */
  CARDEA_HOST_MESSAGE_LIST = 1,
  CARDEA_HOST_MESSAGE_LOGIN, /* carries the read end of a pipe with the PIN, unless by pinpad */
  CARDEA_HOST_MESSAGE_SIGN,  /* likewise, where the key wants the PIN for each signature */
  CARDEA_HOST_MESSAGE_LOGOUT,
  CARDEA_HOST_MESSAGE_SET_PIN, /* carries a pipe with old and new one (secret/pair.h), unless by pinpad */

  /* Replies, host to agent. READY, or FAILED with id 0, is the first packet of a process. */
  CARDEA_HOST_MESSAGE_READY = 64,
  CARDEA_HOST_MESSAGE_PROGRESS, /* a listing's calls return, though there is nothing to show yet */
  CARDEA_HOST_MESSAGE_TOKEN,
  CARDEA_HOST_MESSAGE_CERTIFICATE,
  CARDEA_HOST_MESSAGE_KEY,
  CARDEA_HOST_MESSAGE_AUTHORITY,
  CARDEA_HOST_MESSAGE_LISTED,
  CARDEA_HOST_MESSAGE_LOGGED_IN,
  CARDEA_HOST_MESSAGE_SIGNATURE,
  CARDEA_HOST_MESSAGE_FAILED,
  CARDEA_HOST_MESSAGE_LOGGED_OUT,
  CARDEA_HOST_MESSAGE_PIN_SET,
  CARDEA_HOST_MESSAGE_LOGIN_ENDED, /* while that token was listed: keys that are hidden may be left out */
} CardeaHostMessageType;

/* The numbers of these are on the wire; agent/hosts/host.h has the same ones. */
typedef enum
{
  CARDEA_HOST_WIRE_ROLE_TOKENS = 1 << 0,
  CARDEA_HOST_WIRE_ROLE_AUTHORITIES = 1 << 1,
} CardeaHostWireRoles;

typedef enum
{
  CARDEA_HOST_WIRE_PIN_UNKNOWN,
  CARDEA_HOST_WIRE_PIN_FINE,
  CARDEA_HOST_WIRE_PIN_LOW,
  CARDEA_HOST_WIRE_PIN_FINAL_TRY,
  CARDEA_HOST_WIRE_PIN_LOCKED,
  CARDEA_HOST_WIRE_PIN_NOT_SET,
  CARDEA_HOST_WIRE_PIN_MUST_CHANGE,
  CARDEA_HOST_WIRE_PIN_NOT_NEEDED,
} CardeaHostWirePin;

typedef enum
{
  CARDEA_HOST_WIRE_CAN_RSA_PKCS = 1 << 0,
  CARDEA_HOST_WIRE_CAN_RSA_X_509 = 1 << 1,
  CARDEA_HOST_WIRE_CAN_RSA_PSS = 1 << 2,
  CARDEA_HOST_WIRE_CAN_ECDSA = 1 << 3,
  CARDEA_HOST_WIRE_CAN_EDDSA = 1 << 4,
} CardeaHostWireMechanisms;

typedef enum
{
  CARDEA_HOST_WIRE_SIGN_RSA_PSS,
  CARDEA_HOST_WIRE_SIGN_RSA_PKCS1,
  CARDEA_HOST_WIRE_SIGN_ECDSA,
  CARDEA_HOST_WIRE_SIGN_RSA_PSS_RAW, /* RSA-PSS by a token that knows bare RSA; wants the modulus */
} CardeaHostWireSign;

typedef enum
{
  CARDEA_HOST_WIRE_SIGN_NO_PIN,
  CARDEA_HOST_WIRE_SIGN_PIN, /* it is in the pipe */
  CARDEA_HOST_WIRE_SIGN_PINPAD,
} CardeaHostWireSignPin;

typedef enum
{
  CARDEA_HOST_WIRE_LOGIN_PLAIN,
  CARDEA_HOST_WIRE_LOGIN_CAREFUL, /* only where the token says that its PIN is fine */
  CARDEA_HOST_WIRE_LOGIN_FRESH,   /* after a logout, so that the token checks the PIN whatever was before */
} CardeaHostWireLogin;

typedef enum
{
  CARDEA_HOST_WIRE_SET_PIN_CHANGE,             /* by who knows the old one */
  CARDEA_HOST_WIRE_SET_PIN_UNBLOCK_BY_OFFICER, /* C_InitPIN, with the security officer's PIN */
  CARDEA_HOST_WIRE_SET_PIN_UNBLOCK_BY_PUK,     /* OpenSC's C_SetPIN by who is not logged in, with the PUK */
} CardeaHostWireSetPin;

typedef enum
{
  CARDEA_HOST_WIRE_TRUST_NEUTRAL,
  CARDEA_HOST_WIRE_TRUST_ANCHOR,
  CARDEA_HOST_WIRE_TRUST_DISTRUSTED,
} CardeaHostWireTrust;

typedef enum
{
  CARDEA_HOST_FAILURE_MISSING,   /* there is no such module file */
  CARDEA_HOST_FAILURE_MODULE,    /* it is no module, or answered with an error that is not about one token */
  CARDEA_HOST_FAILURE_TOKEN,     /* the token is gone, or does not answer as it should */
  CARDEA_HOST_FAILURE_PIN,       /* the token refused the PIN, or takes none */
  CARDEA_HOST_FAILURE_LOGIN,     /* the token wants a login first */
  CARDEA_HOST_FAILURE_KEY,       /* no such key, or it cannot do that */
  CARDEA_HOST_FAILURE_REQUEST,   /* the request makes no sense */
  CARDEA_HOST_FAILURE_WANTS_PIN, /* the key wants the PIN for this signature, and there was none with it */
  CARDEA_HOST_FAILURE_NEW_PIN,   /* the token does not take what was to be its new PIN */
} CardeaHostFailure;

/* Bytes inside the packet they were decoded from, or the sender's. */
typedef struct
{
  const guint8 *data;
  gsize length;
} CardeaHostBytes;

/* Booleans are 0 or 1. */
typedef struct
{
  CardeaHostMessageType type;
  guint64 id; /* of the request; each gets one last reply */
  union
  {
    struct
    {
      guint64 roles;
    } list;
    struct
    {
      guint64 slot, pinpad, manner; /* manner: a CardeaHostWireLogin */
    } login;
    struct
    {
      guint64 slot, mechanism, hash_bits, pin; /* pin: a CardeaHostWireSignPin */
      CardeaHostBytes key_id, modulus, data;
    } sign;
    struct
    {
      guint64 slot;
    } logout;
    struct
    {
      guint64 slot, pinpad, action; /* action: a CardeaHostWireSetPin */
    } set_pin;
    struct
    {
      guint64 slot, initialised, pinpad, login_required, logged_in, pin, mechanisms;
      guint64 officer_pin;      /* as pin, of the security officer's */
      guint64 pin_min, pin_max; /* bytes of a PIN */
      guint64 told_tries;       /* left, plus one; 0: not told */
      CardeaHostBytes label, manufacturer, model, serial, reader;
    } token;
    struct
    {
      guint64 slot;
      CardeaHostBytes der, key_id, label;
    } certificate;
    struct
    {
      guint64 slot, always_authenticate;
      CardeaHostBytes key_id, modulus;
    } key;
    struct
    {
      guint64 level;
      CardeaHostBytes der;
    } authority;
    struct
    {
      guint64 incomplete; /* there was more than the limits allow */
      guint64 pcsc;       /* the module has loaded the library of the card service */
    } listed;
    struct
    {
      guint64 slot;
    } login_ended;
    struct
    {
      CardeaHostBytes bytes;
    } signature;
    struct
    {
      /* pin: of what was refused, PIN or PUK. */
      guint64 failure, rv, pin; /* rv: what PKCS#11 said, 0 where it was not asked: no PIN was sent then */
      CardeaHostBytes message;  /* one sentence, meant as UTF-8 */
      guint64 told_tries;       /* of what was refused, as a token's */
    } failed;
  };
} CardeaHostMessage;

typedef enum
{
  CARDEA_HOST_REQUESTS,
  CARDEA_HOST_REPLIES,
} CardeaHostDirection;

#define CARDEA_HOST_SIGNATURE_BYTES 2048 /* RSA-16384 */
#define CARDEA_HOST_TEXT_BYTES 1024
#define CARDEA_HOST_TRIES_MOST 15                                   /* ISO/IEC 7816-4, 5.1.3: 63CX */
#define CARDEA_HOST_MODULUS_BYTES (CARDEA_HOST_SIGNATURE_BYTES + 1) /* some modules write it signed */

/* One packet of the message. Errors: G_IO_ERROR_INVALID_ARGUMENT when a field is past its limit. */
GBytes *cardea_host_message_encode (const CardeaHostMessage *self, GError **error);

/* Fills @self with bytes that point into @packet. Types of the other direction, numbers out of range, lengths
 * past the packet or their limit, and bytes left over are errors: G_IO_ERROR_INVALID_DATA; @self is written
 * on success only. */
gboolean cardea_host_message_decode (const guint8 *packet, gsize length, CardeaHostDirection direction,
                                     CardeaHostMessage *self, GError **error);

/* "sign", "listed"...; for messages about messages. */
const char *cardea_host_message_type_to_string (CardeaHostMessageType type);

G_END_DECLS
