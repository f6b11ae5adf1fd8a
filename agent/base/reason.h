/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Why a certificate is not offered, or what is wrong with a token, a module or the configuration.
 * Each code has one stable wire name (lower_case, see cardea_reason_code_to_string()); codes are appended,
 * never renumbered. `Problem` of org.cardea.agent is this value. */
typedef enum
{
  /* Certificates: each exclusion from an offer is one of these. */
  CARDEA_REASON_EXPIRED,
  CARDEA_REASON_NOT_YET_VALID,
  CARDEA_REASON_NOT_FOR_CLIENT_AUTH,     /* extended key usage without clientAuth (RFC 5280, 4.2.1.12) */
  CARDEA_REASON_NOT_FOR_SIGNING,         /* key usage without digitalSignature (RFC 5280, 4.2.1.3) */
  CARDEA_REASON_ISSUER_NOT_ACCEPTED,     /* not under a CA that the server named */
  CARDEA_REASON_SCHEME_NOT_ACCEPTED,     /* the server accepts no signature scheme of this key */
  CARDEA_REASON_TOKEN_CANNOT_SIGN,       /* the token lacks the mechanism TLS 1.3 needs */
  CARDEA_REASON_KEY_MISSING,             /* no private key belongs to this certificate */
  CARDEA_REASON_KEY_ALWAYS_AUTHENTICATE, /* the key wants a person to give the PIN for each signature */
  CARDEA_REASON_PIN_SINGLE_USE,          /* the token's lease wants a person to give it for each connection */
  CARDEA_REASON_KEY_TOO_WEAK,
  CARDEA_REASON_KEY_NOT_SUPPORTED,
  CARDEA_REASON_NOT_CHOSEN, /* the caller named another certificate */
  CARDEA_REASON_TOKEN_LOCKED,
  CARDEA_REASON_CERTIFICATE_MALFORMED,

  /* Modules, tokens, configuration. */
  CARDEA_REASON_MODULE_MISSING,
  CARDEA_REASON_MODULE_REFUSED, /* by the rule on who may write the file and its folders */
  CARDEA_REASON_MODULE_FAILED,  /* it loaded, then answered with an error */
  CARDEA_REASON_MODULE_CRASHED,
  CARDEA_REASON_MODULE_HUNG,
  CARDEA_REASON_MODULE_CONFIGURATION, /* a configuration file of a module that cannot be read or used */
  CARDEA_REASON_DATABASE_UNREADABLE,
  CARDEA_REASON_AUTHORITIES_UNREADABLE,
  CARDEA_REASON_TOKEN_NOT_INITIALISED,
  CARDEA_REASON_TOO_MANY_CERTIFICATES,
  CARDEA_REASON_CONFIGURATION_INVALID,
  CARDEA_REASON_PIN_SOURCE_UNUSABLE,
  CARDEA_REASON_RULE_INVALID,         /* a file of rules or policies, or a part of it, that is not used */
  CARDEA_REASON_DECISIONS_UNREADABLE, /* none of those in the file is used */
  CARDEA_REASON_DECISIONS_NOT_SAVED,  /* they are known until the agent ends */
  CARDEA_REASON_PIN_MUST_CHANGE,      /* the token does nothing before */
  CARDEA_REASON_NO_PIN,               /* of a certificate's token: nobody can consent on a terminal then */

  /* Readers and cards. */
  CARDEA_REASON_READER_SERVICE_DOWN, /* pcscd: not installed, not running, or ending by itself */
  CARDEA_REASON_READER_SERVICE_REFUSED,
  CARDEA_REASON_READER_SERVICE_SILENT,
  CARDEA_REASON_READER_WITHOUT_DRIVER, /* at a USB port, and not known to the service */
  CARDEA_REASON_READER_FAILING,
  CARDEA_REASON_READER_IN_USE,  /* another program keeps the card for itself */
  CARDEA_REASON_READERS_SHARED, /* one process for all readers: a card can stop the others */
  CARDEA_REASON_CARD_MUTE,
  CARDEA_REASON_CARD_UNKNOWN,    /* no module knows what to do with it */
  CARDEA_REASON_LOGIN_NOT_ENDED, /* the card could not be reset, so that any program can have it sign */

  CARDEA_REASON_REVOCATION_LISTS_UNREADABLE, /* some of those that the configuration names */

  CARDEA_N_REASONS
} CardeaReasonCode;

typedef struct
{
  CardeaReasonCode code;
  char *message; /* one sentence for a person, plain text */
  char *remedy;  /* what to do next, or NULL */
} CardeaReason;

/* Returns the stable wire name; never NULL for a code below CARDEA_N_REASONS. */
const char *cardea_reason_code_to_string (CardeaReasonCode code);
gboolean cardea_reason_code_from_string (const char *name, CardeaReasonCode *code);

/* remedy may be NULL; the message is formatted. */
CardeaReason *cardea_reason_new (CardeaReasonCode code, const char *remedy, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
CardeaReason *cardea_reason_copy (const CardeaReason *self);
void cardea_reason_free (CardeaReason *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaReason, cardea_reason_free)

/* A new GPtrArray that owns CardeaReason elements. */
GPtrArray *cardea_reasons_new (void);
GPtrArray *cardea_reasons_copy (GPtrArray *reasons);

G_END_DECLS
