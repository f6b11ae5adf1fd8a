/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#include "socket-api/limits.h"

G_BEGIN_DECLS

/* What cardea-agent and cardea-prompt say to each other: JSON objects that end with NUL
 * (socket-api/wire/frame.h) over a stream socket pair, descriptor 3 of the prompt. The agent says one
 * question, then any number of updates of it; the prompt says that it is shown, then one answer, and ends. An
 * end without an answer is "cancelled". A PIN is never among it: it goes as raw bytes through a pipe of its
 * own, descriptor 4 of the prompt, which ends with it.
 *
 * Every text of a question comes from certificates, programs or servers: the prompt shows it as plain text,
 * isolated from the rest of the line. */

typedef enum
{
  CARDEA_PROMPT_CERTIFICATE, /* which certificate, if any, this program may use with this server */
  CARDEA_PROMPT_PIN,
  CARDEA_PROMPT_NEW_PIN, /* the old PIN, or the PUK, and a new PIN; for no server */
} CardeaPromptKind;

typedef enum
{
  CARDEA_PROMPT_REMEMBER_NOT,
  CARDEA_PROMPT_REMEMBER_REMOVAL, /* until the token is removed */
  CARDEA_PROMPT_REMEMBER_ALWAYS,  /* for this program on this server */
} CardeaPromptRemember;

typedef enum
{
  CARDEA_PROMPT_PIN_FINE, /* or unknown */
  CARDEA_PROMPT_PIN_LOW,
  CARDEA_PROMPT_PIN_FINAL_TRY,
  CARDEA_PROMPT_PIN_LOCKED,
  CARDEA_PROMPT_PIN_MUST_CHANGE,
} CardeaPromptPinState;

typedef struct
{
  char *code; /* of org.cardea.agent's Problem */
  char *message;
  char *remedy; /* or NULL */
} CardeaPromptReason;

/* Who asks. */
typedef struct
{
  char *label;       /* technical: the executable's path or the application's id; always shown */
  char *confinement; /* "flatpak", "snap", or NULL: a program of the user's, whose label is no proof */
  char **parents; /* executables, nearest first; empty unless the program runs for others (a shell, cardea) */
} CardeaPromptProgram;

/* Who is connected to. The server was verified before anybody is asked. */
typedef struct
{
  char *name; /* verified; lower-case A-labels */
  guint16 port;
  char *vouched_by;         /* the authority's name */
  gboolean by_program_only; /* the authority was brought by the program */
} CardeaPromptServer;

/* One certificate, and why it is not offered. */
typedef struct
{
  char *id;     /* the agent's, opaque: what an answer names it by */
  char *holder; /* the name a person knows: of the subject's common name, else the whole subject */
  char *issuer; /* likewise */
  char *subject_name, *issuer_name; /* RFC 4514 */
  char *serial, *sha256;            /* lower-case hex */
  char *key;                        /* "rsa2048", "p256"... */
  char **purposes;                  /* as in org.cardea.agent's Certificate */
  gint64 not_before, not_after;     /* Unix seconds */
  char *token_label;
  char *reader;       /* or NULL */
  gboolean renewed;   /* takes the place of one that was remembered */
  GPtrArray *reasons; /* of CardeaPromptReason; empty: it fits */
} CardeaPromptOffer;

typedef struct
{
  CardeaPromptKind kind;
  CardeaPromptProgram program;
  CardeaPromptServer server;
  char *colour_scheme; /* "light", "dark", or NULL: the default */
  char *window;        /* the caller's: "wayland:HANDLE", "x11:XID", or NULL */

  /* CARDEA_PROMPT_CERTIFICATE */
  GPtrArray *offers;                 /* of CardeaPromptOffer, those that fit first; may be empty */
  char *preselected;                 /* an offer's id, or NULL: the first that fits */
  gboolean may_continue;             /* without a certificate */
  CardeaPromptRemember may_remember; /* the most that may be chosen */

  /* CARDEA_PROMPT_PIN, CARDEA_PROMPT_NEW_PIN */
  char *token_label;
  char *reader; /* or NULL */
  CardeaPromptPinState pin_state;
  int pin_tries;     /* left, or -1 where the token does not tell */
  gboolean rejected; /* the PIN typed last was refused */
  gboolean pinpad;   /* typed on the reader: nothing to enter here */
  gboolean
      for_signature; /* the key wants it for each: it serves once, whether the token is unlocked or not */
  gboolean for_connection; /* the token's lease wants it for each, likewise */

  /* CARDEA_PROMPT_NEW_PIN */
  gboolean unblock; /* the PUK is asked for, not the old PIN: state, tries and rejected are the PUK's */
  gboolean new_pin_rejected; /* the new PIN typed last was no PIN for the token */
  guint pin_min, pin_max;    /* bytes */
} CardeaPromptQuestion;

/* What changed while the question was open. */
typedef enum
{
  CARDEA_PROMPT_UPDATE_OFFERS,   /* a token came or went */
  CARDEA_PROMPT_UPDATE_WITHDRAW, /* the question is over: the prompt says why, if a person should know, and
                                    ends */
} CardeaPromptUpdateKind;

/* Why a question is over. */
typedef enum
{
  CARDEA_PROMPT_WITHDRAWN_TOKEN_REMOVED,
  CARDEA_PROMPT_WITHDRAWN_CALLER_GONE,
  CARDEA_PROMPT_WITHDRAWN_TIMED_OUT, /* nobody answered in time */
  CARDEA_PROMPT_WITHDRAWN_ANSWERED,  /* by the answer to another question */
  CARDEA_PROMPT_WITHDRAWN_SERVER_CLOSED,
  CARDEA_PROMPT_WITHDRAWN_CALL_TIMED_OUT, /* the program allowed no more time */
  CARDEA_PROMPT_WITHDRAWN_AGENT_STOPPING,
} CardeaPromptWithdrawn;

/* As a message says it: "token_removed", ... */
const char *cardea_prompt_withdrawn_to_string (CardeaPromptWithdrawn self);

typedef struct
{
  CardeaPromptUpdateKind kind;
  GPtrArray *offers;         /* CARDEA_PROMPT_UPDATE_OFFERS: all of them, as in the question */
  CardeaPromptWithdrawn why; /* CARDEA_PROMPT_UPDATE_WITHDRAW */
} CardeaPromptUpdate;

typedef enum
{
  CARDEA_PROMPT_SHOWN,     /* the first frame is on the display */
  CARDEA_PROMPT_USE,       /* the certificate with this id */
  CARDEA_PROMPT_CONTINUE,  /* without a certificate */
  CARDEA_PROMPT_PIN_TYPED, /* it is in the pipe; for a new PIN both are (socket-api/secret/pair.h) */
  CARDEA_PROMPT_PINPAD,    /* go on with the reader's own entry */
  CARDEA_PROMPT_CANCEL,
} CardeaPromptAnswerKind;

typedef struct
{
  CardeaPromptAnswerKind kind;
  char *id;                      /* CARDEA_PROMPT_USE */
  CardeaPromptRemember remember; /* CARDEA_PROMPT_USE, CARDEA_PROMPT_CONTINUE */
} CardeaPromptAnswer;

CardeaPromptQuestion *cardea_prompt_question_new (CardeaPromptKind kind);
/* Shares the offers. */
CardeaPromptQuestion *cardea_prompt_question_copy (const CardeaPromptQuestion *self);
void cardea_prompt_question_free (CardeaPromptQuestion *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaPromptQuestion, cardea_prompt_question_free)

CardeaPromptOffer *cardea_prompt_offer_new (void); /* with empty purposes and reasons */
void cardea_prompt_offer_free (CardeaPromptOffer *self);
/* A new GPtrArray that owns CardeaPromptOffer elements. */
GPtrArray *cardea_prompt_offers_new (void);
/* NULL in @remedy is allowed. */
CardeaPromptReason *cardea_prompt_reason_new (const char *code, const char *message, const char *remedy);

CardeaPromptUpdate *cardea_prompt_update_new (CardeaPromptUpdateKind kind);
void cardea_prompt_update_free (CardeaPromptUpdate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaPromptUpdate, cardea_prompt_update_free)

CardeaPromptAnswer *cardea_prompt_answer_new (CardeaPromptAnswerKind kind);
void cardea_prompt_answer_free (CardeaPromptAnswer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaPromptAnswer, cardea_prompt_answer_free)

/* One message with its NUL. Texts that are no UTF-8 are made valid and cut at CARDEA_LIMIT_PROMPT_TEXT_BYTES;
 * a question with more offers than CARDEA_LIMIT_PROMPT_OFFERS tells the first of them. */
GBytes *cardea_prompt_question_encode (const CardeaPromptQuestion *self);
GBytes *cardea_prompt_update_encode (const CardeaPromptUpdate *self);
GBytes *cardea_prompt_answer_encode (const CardeaPromptAnswer *self);

/* Strictly: UTF-8, one object, no duplicate and no unknown key, exact types, ids that are offered and
 * different, numbers in range. @message without its NUL. Errors: CARDEA_ERROR_PROTOCOL. */
CardeaPromptQuestion *cardea_prompt_question_decode (GBytes *message, GError **error);
CardeaPromptUpdate *cardea_prompt_update_decode (GBytes *message, GError **error);
CardeaPromptAnswer *cardea_prompt_answer_decode (GBytes *message, GError **error);

G_END_DECLS
