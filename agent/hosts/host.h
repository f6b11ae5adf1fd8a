/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "agent/base/reason.h"
#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* One token host: the child process in which one PKCS#11 module runs, supervised. It is started on demand,
 * killed when a call passes its deadline, started again with back-off when it dies. All state is the main
 * loop's; only cardea_host_sign() is for other threads. */
#define CARDEA_TYPE_HOST (cardea_host_get_type ())
G_DECLARE_FINAL_TYPE (CardeaHost, cardea_host, CARDEA, HOST, GObject)

typedef enum
{
  CARDEA_HOST_TOKENS = 1 << 0,      /* its tokens and client certificates are listed */
  CARDEA_HOST_AUTHORITIES = 1 << 1, /* its trusted and distrusted CAs are read */
} CardeaHostRoles;

typedef struct
{
  char *name;   /* for people and messages: "opensc", "softhsm2", "nss-database" */
  char *module; /* absolute path */
  char *
      init_arguments; /* what C_Initialize gets as its reserved string (softoken, x-init-reserved), or NULL */
  CardeaHostRoles roles;
  char *reader; /* the one that it sees, as PC/SC names it; NULL: all */
} CardeaHostSpec;

CardeaHostSpec *cardea_host_spec_new (const char *name, const char *module, const char *init_arguments,
                                      CardeaHostRoles roles);
CardeaHostSpec *cardea_host_spec_copy (const CardeaHostSpec *self);
/* Whether a process of it can be kept to one reader: OpenSC can. */
gboolean cardea_host_spec_can_confine (const CardeaHostSpec *self);
void cardea_host_spec_free (CardeaHostSpec *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaHostSpec, cardea_host_spec_free)

/* What a token can sign with, as its mechanism list says (CKF_SIGN only). */
typedef enum
{
  CARDEA_MECHANISM_RSA_PKCS = 1 << 0,
  CARDEA_MECHANISM_RSA_X_509 = 1 << 1,
  CARDEA_MECHANISM_RSA_PSS = 1 << 2, /* CKM_RSA_PKCS_PSS over a digest */
  CARDEA_MECHANISM_ECDSA = 1 << 3,
  CARDEA_MECHANISM_EDDSA = 1 << 4,
} CardeaMechanisms;

typedef enum
{
  CARDEA_PIN_UNKNOWN,
  CARDEA_PIN_FINE,
  CARDEA_PIN_LOW,
  CARDEA_PIN_FINAL_TRY,
  CARDEA_PIN_LOCKED,
  CARDEA_PIN_NOT_SET,
  CARDEA_PIN_MUST_CHANGE,
  CARDEA_PIN_NOT_NEEDED,
} CardeaPinState;

typedef struct
{
  gulong slot;
  char *label, *manufacturer, *model, *serial; /* UTF-8, blanks trimmed; whatever a card says, made valid */
  char *reader;                                /* the slot's description */
  gboolean initialised;
  gboolean pinpad; /* CKF_PROTECTED_AUTHENTICATION_PATH */
  gboolean login_required;
  gboolean logged_in;
  CardeaPinState pin;
  CardeaPinState officer_pin; /* of the security officer's; fine where nothing is told */
  guint pin_min, pin_max;     /* bytes of a PIN */
  guint told_tries;           /* of the PIN, left, plus one; 0: not told */
  CardeaMechanisms mechanisms;
} CardeaHostToken;

typedef struct
{
  gulong slot;
  GBytes *der;
  GBytes *id; /* CKA_ID, may be empty */
  char *label;
} CardeaHostCertificate;

/* Keys of a token that wants a login are seen only after it. */
typedef struct
{
  gulong slot;
  GBytes *id;
  GBytes *modulus; /* RSA, without leading zeros; NULL where the module does not say */
  gboolean always_authenticate;
} CardeaHostKey;

typedef enum
{
  CARDEA_TRUST_NEUTRAL, /* known, vouches for nothing by itself (an intermediate) */
  CARDEA_TRUST_ANCHOR,  /* trusted to vouch for servers (CKT_NSS_TRUSTED_DELEGATOR for server authentication)
                         */
  CARDEA_TRUST_DISTRUSTED, /* never to be trusted, whoever signed it */
} CardeaTrustLevel;

typedef struct
{
  GBytes *der;
  CardeaTrustLevel level;
} CardeaHostAuthority;

/* One listing, immutable. generation identifies the run of the process it came from: a slot or key of an
 * older generation is refused. */
typedef struct
{
  gint ref_count;
  guint64 generation;
  gboolean pcsc;           /* the module has the library of the card service, so its tokens may be cards */
  GPtrArray *tokens;       /* of CardeaHostToken */
  GPtrArray *certificates; /* of CardeaHostCertificate */
  GPtrArray *keys;         /* of CardeaHostKey */
  GPtrArray *authorities;  /* of CardeaHostAuthority; empty without that role */
} CardeaHostListing;

CardeaHostListing *cardea_host_listing_ref (CardeaHostListing *self);
void cardea_host_listing_unref (CardeaHostListing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaHostListing, cardea_host_listing_unref)

/* @environment: the child's whole environment, "NAME=value". @program: path of cardea-token-host.
 * Signal "changed" (): the process died, was started again or has something new to list; read get_problem()
 * and call list again. */
CardeaHost *cardea_host_new (const CardeaHostSpec *spec, const char *program, const char *const *environment);
const CardeaHostSpec *cardea_host_get_spec (CardeaHost *self);
const char *const *cardea_host_get_environment (CardeaHost *self);
/* Why the host cannot serve just now, or NULL. Borrowed until the next "changed". */
const CardeaReason *cardea_host_get_problem (CardeaHost *self);

/* Starts the process if need be, and reads everything. Errors: CARDEA_ERROR_TOKEN_UNAVAILABLE, TIMED_OUT,
 * BUSY (it backs off; "retry_ms"). */
void cardea_host_list_async (CardeaHost *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer data);
CardeaHostListing *cardea_host_list_finish (CardeaHost *self, GAsyncResult *result, GError **error);

typedef enum
{
  CARDEA_LOGIN_PLAIN,
  CARDEA_LOGIN_CAREFUL, /* not where the token, asked once more, says of its PIN anything but that it is fine
                         */
  CARDEA_LOGIN_FRESH, /* who was logged in is not any more, whatever comes of it: the token checks this PIN */
} CardeaLoginManner;

/* One C_Login as the user, exactly once. @pin NULL means the token's own pinpad. The error is
 * CARDEA_ERROR_PIN_REFUSED when the token refused it ("pin": a CardeaPinState as string), TOKEN_UNAVAILABLE
 * otherwise; that has "pin" only where nothing was sent for it. A login lasts as long as the generation, or
 * until it is taken back. */
void cardea_host_login_async (CardeaHost *self, guint64 generation, gulong slot, CardeaSecret *pin,
                              CardeaLoginManner manner, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
gboolean cardea_host_login_finish (CardeaHost *self, GAsyncResult *result, GError **error);
/* Takes a login back. Errors: as of a login; nobody knows then whether it lasts. */
void cardea_host_logout_async (CardeaHost *self, guint64 generation, gulong slot,
                               GAsyncReadyCallback callback, gpointer data);
gboolean cardea_host_logout_finish (CardeaHost *self, GAsyncResult *result, GError **error);

typedef enum
{
  CARDEA_PIN_CHANGE,  /* by who knows the old PIN */
  CARDEA_PIN_UNBLOCK, /* by who knows the PUK, or the security officer's PIN where the token has none */
} CardeaPinAction;

/* Gives the token a new PIN; what the person proves that he may with is tried exactly once. @pins: that and
 * the new PIN (socket-api/secret/pair.h); NULL: the token's own pinpad. Nobody is logged in to the token any
 * more, whatever comes of it. Errors: as of a login; CARDEA_ERROR_PIN_REFUSED with "secret": "new_pin" where
 * the token does not take the new one. */
void cardea_host_set_pin_async (CardeaHost *self, guint64 generation, gulong slot, CardeaPinAction action,
                                CardeaSecret *pins, GAsyncReadyCallback callback, gpointer data);
gboolean cardea_host_set_pin_finish (CardeaHost *self, GAsyncResult *result, GError **error);

typedef enum
{
  CARDEA_SIGN_RSA_PSS,   /* over a digest; the salt is as long as the digest (RFC 8446, 4.2.3) */
  CARDEA_SIGN_RSA_PKCS1, /* over a DigestInfo */
  CARDEA_SIGN_ECDSA, /* over a digest; r and s at the curve's length, concatenated (PKCS#11 2.40, 2.3.1) */
  CARDEA_SIGN_RSA_PSS_RAW, /* as RSA_PSS, by a token that has only CKM_RSA_X_509; wants the modulus */
} CardeaSignMechanism;

typedef struct
{
  guint64 generation;
  gulong slot;
  GBytes *id;      /* CKA_ID of the key */
  GBytes *modulus; /* to tell keys of one id apart; or NULL */
  CardeaSignMechanism mechanism;
  guint hash_bits; /* RSA_PSS, RSA_PSS_RAW: 256, 384 or 512 */
  const guint8 *data;
  gsize length;
} CardeaSignRequest;

/* Blocks until the token signed, @deadline (monotonic microseconds) passed or @cancellable fired; from any
 * thread but the main loop's, as many at once as callers like. The signature is what the module said, at most
 * @max_signature bytes, not verified. Errors: TOKEN_UNAVAILABLE, TIMED_OUT, CANCELLED. */
gboolean cardea_host_sign (CardeaHost *self, const CardeaSignRequest *request, gint64 deadline,
                           GCancellable *cancellable, GBytes **signature, GError **error);

/* Whether it was not signed because the key wants the PIN for each signature; nothing was sent to the token
 * then. */
gboolean cardea_host_wants_pin (const GError *error);
/* One signature on its way to the loop; see sign-call.h. */
typedef struct _CardeaSignCall CardeaSignCall;
/* @call with the PIN that its key wants for each signature; @pin NULL: on the token's own pad. A login that
 * the token wants besides is made with the same PIN and lasts until cardea_host_logout_async(); where the PIN
 * was refused nobody is logged in. It is not taken back once it was sent. Errors: of a login and of a
 * signature. */
void cardea_host_sign_with_pin_async (CardeaHost *self, CardeaSignCall *call, CardeaSecret *pin,
                                      GAsyncReadyCallback callback, gpointer data);
GBytes *cardea_host_sign_with_pin_finish (CardeaHost *self, GAsyncResult *result, GError **error);

/* A host of the same module for one reader only, with a process of its own. */
CardeaHost *cardea_host_new_for_reader (CardeaHost *self, const char *reader);

/* Ends the process now (SIGKILL, reaped): every login of it is over. It is started again on demand. */
void cardea_host_kill (CardeaHost *self);
/* The same, unless another run of the process than @generation goes on. */
void cardea_host_end (CardeaHost *self, guint64 generation);
/* Whether that run of the process goes on. */
gboolean cardea_host_runs (CardeaHost *self, guint64 generation);
/* The child's pid, or 0. For tests and for `cardea status`. */
GPid cardea_host_get_pid (CardeaHost *self);

const char *cardea_pin_state_to_string (CardeaPinState state);
gboolean cardea_pin_state_from_string (const char *name, CardeaPinState *state);

G_END_DECLS
