/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* Every limit of the project, in one place; each is tested at the limit and one past it.
 * Sizes are bytes, times are what the name says. */

/* API */
#define CARDEA_LIMIT_MESSAGE_BYTES (256 * 1024) /* one call, its NUL not counted */
/* One reply: 512 certificates with the reasons against each. It is as long as what there is to tell, which no
 * caller chooses. */
#define CARDEA_LIMIT_REPLY_BYTES (1024 * 1024)
#define CARDEA_LIMIT_JSON_DEPTH 16
#define CARDEA_LIMIT_PENDING_PER_CALLER                                                                      \
  64                             /* sockets without a stream yet, and calls under way, per program */
#define CARDEA_LIMIT_PENDING 512 /* the same, of all programs together */
#define CARDEA_LIMIT_STREAMS_PER_CALLER 4096
#define CARDEA_LIMIT_FIRST_REQUEST_MS 30000  /* from accept to a first whole message; later: for one begun */
#define CARDEA_LIMIT_REPLY_MS 30000          /* for the peer to take a reply */
#define CARDEA_LIMIT_END_KNOWN_MS 60000      /* how long AwaitEnd knows a session that ended */
#define CARDEA_LIMIT_WATCH_MS 10000          /* for a subscriber of Watch to take what it is told */
#define CARDEA_LIMIT_EARLY_BYTES (64 * 1024) /* bytes of the stream sent before the reply */

/* Names */
#define CARDEA_LIMIT_HOST_NAME 253 /* RFC 1035, 2.3.4, without the last dot */
#define CARDEA_LIMIT_ALPN_NAME 255 /* RFC 7301, 3.1 */
#define CARDEA_LIMIT_ALPN_NAMES 16

/* Files of the administrator and of the user */
#define CARDEA_LIMIT_KEY_FILE_BYTES (1024 * 1024)
#define CARDEA_LIMIT_RULE_FILES 256      /* of one folder; those after them are not read */
#define CARDEA_LIMIT_RULES 4096          /* of all files together */
#define CARDEA_LIMIT_RULE_ITEMS 256      /* in one list of a rule */
#define CARDEA_LIMIT_RULE_PROBLEMS 64    /* told of rules and policies together */
#define CARDEA_LIMIT_POLICY_ENTRIES 4096 /* of all files of Chromium's policies together */
#define CARDEA_LIMIT_POLICY_ENTRY_BYTES (16 * 1024)
#define CARDEA_LIMIT_POLICY_JSON_DEPTH 64 /* a file holds other policies too, which nest deeper than ours */

/* TLS */
#define CARDEA_LIMIT_HANDSHAKE_MS 30000
#define CARDEA_LIMIT_CONNECT_MS 30000
#define CARDEA_LIMIT_VERDICT_MIN_MS 200 /* the wait for the server's verdict: this or two round trips */
#define CARDEA_LIMIT_CHAIN_CERTIFICATES 48
#define CARDEA_LIMIT_CHAIN_BYTES (128 * 1024)
#define CARDEA_LIMIT_NAME_CONSTRAINT_PAIRS 65536
#define CARDEA_LIMIT_CHAIN_SIGNATURES 128   /* verified at most while a path is looked for */
#define CARDEA_LIMIT_PROVEN_SIGNATURES 1024 /* on certificates, remembered by a snapshot of trust */
#define CARDEA_LIMIT_CERTIFICATE_BYTES (64 * 1024)
#define CARDEA_LIMIT_AUTHORITY_NAMES_BYTES (64 * 1024) /* CA names in one CertificateRequest */
#define CARDEA_LIMIT_CALLER_AUTHORITIES 32
#define CARDEA_LIMIT_RESUMPTIONS 256     /* sessions that may be resumed, of all programs together, */
#define CARDEA_LIMIT_RESUMPTIONS_ALIKE 8 /* and that are alike to the last part of what they are kept by */
#define CARDEA_LIMIT_RESUMPTION_SECONDS 3600 /* from the full handshake on, however often it was resumed */
#define CARDEA_LIMIT_RESUMPTIONS_SPOILT                                                                      \
  64 /* servers that took a resumed session badly, known for that time */

/* Revocation */
#define CARDEA_LIMIT_REVOCATION_LIST_BYTES (10 * 1024 * 1024)  /* a file of lists, PEM or DER, */
#define CARDEA_LIMIT_REVOCATION_LISTS_BYTES (64 * 1024 * 1024) /* all of them together, */
#define CARDEA_LIMIT_REVOCATION_FILES 256                      /* and how many */
#define CARDEA_LIMIT_REVOCATION_URL_BYTES 1024
#define CARDEA_LIMIT_REVOCATION_PLACES 4 /* that one certificate names, of each kind: those are asked */
#define CARDEA_LIMIT_REVOCATION_ANSWER_BYTES (64 * 1024)         /* from an OCSP responder */
#define CARDEA_LIMIT_REVOCATION_FETCHED_LIST_BYTES (1024 * 1024) /* a list from the network */
#define CARDEA_LIMIT_REVOCATION_HEAD_BYTES (8 * 1024)            /* of an HTTP response */
#define CARDEA_LIMIT_REVOCATION_SOFT_MS 3000           /* a connection waits for an answer no longer, */
#define CARDEA_LIMIT_REVOCATION_HARD_MS 10000          /* or that long, where a rule needs it */
#define CARDEA_LIMIT_REVOCATION_FETCHES 32             /* certificates asked about at once */
#define CARDEA_LIMIT_REVOCATION_ANSWERS 1024           /* kept in memory, */
#define CARDEA_LIMIT_REVOCATION_ANSWER_S (4 * 60 * 60) /* at most that long; */
#define CARDEA_LIMIT_REVOCATION_FAILURE_S 60           /* that there was none, and which host gave none */

/* What a server may say in the clear before TLS begins, to the command line; and how long that may take */
#define CARDEA_LIMIT_STARTTLS_LINE 4096 /* one line of text, or one message */
#define CARDEA_LIMIT_STARTTLS_BYTES (64 * 1024)
#define CARDEA_LIMIT_STARTTLS_MS 30000

/* Streams */
#define CARDEA_LIMIT_STREAM_BUFFER (64 * 1024) /* bytes held back in each direction */
#define CARDEA_LIMIT_STREAM_DRAIN_MS 30000   /* for the server to end the stream of a program that is gone */
#define CARDEA_LIMIT_LATER_REQUESTS 8        /* for a certificate in one open stream, */
#define CARDEA_LIMIT_LATER_REQUESTS_MS 60000 /* within this time */

/* Token hosts */
#define CARDEA_LIMIT_HOST_START_MS 10000
#define CARDEA_LIMIT_HOST_CALL_MS 10000 /* one PKCS#11 call but a signature */
#define CARDEA_LIMIT_HOST_LIST_MS 30000 /* all calls of one listing */
#define CARDEA_LIMIT_SIGN_MS 60000      /* people touch keys slowly */
#define CARDEA_LIMIT_HOST_DEATHS 3      /* within a minute: back off */
#define CARDEA_LIMIT_HOST_BACKOFF_MAX_MS 300000
#define CARDEA_LIMIT_HOST_MESSAGE_BYTES (128 * 1024)
#define CARDEA_LIMIT_HOST_LISTING_BYTES (16 * 1024 * 1024) /* all objects of one listing */
#define CARDEA_LIMIT_HOST_PENDING 1024                     /* calls to one host under way */
#define CARDEA_LIMIT_AUTHORITIES_PER_HOST 4096
#define CARDEA_LIMIT_HOST_SIGNERS 64 /* signatures at once in one host */
#define CARDEA_LIMIT_TOKENS_PER_HOST 64
#define CARDEA_LIMIT_CERTIFICATES_PER_TOKEN 512
#define CARDEA_LIMIT_LABEL_BYTES 1024 /* a label, an id or another name from a token */

/* Readers */
#define CARDEA_LIMIT_READER_SERVICE_MS 5000 /* for the card service to answer for the first time */
#define CARDEA_LIMIT_RENEWAL_MS 500         /* between two starts of what serves one reader */
#define CARDEA_LIMIT_READING_MS 2000        /* a list of tokens tells after that which are still being read */
#define CARDEA_LIMIT_READER_RESTART_MS 3000 /* an empty reader of a service begun anew is believed then */
#define CARDEA_LIMIT_CARD_RESET_MS 3000     /* whoever waits for a card to be reset goes on after that */

#define CARDEA_LIMIT_STORE_SETTLE_MS                                                                         \
  2000 /* tokens that are files: who is told of a change may cause another */
#define CARDEA_LIMIT_STORE_PAUSE_MAX_MS 300000 /* until that is told of, at most */

/* Decisions that are remembered */
#define CARDEA_LIMIT_DECISIONS 1024 /* in the file; and as many that end with a token or the agent */
#define CARDEA_LIMIT_DECISIONS_BYTES (1024 * 1024)
#define CARDEA_LIMIT_DECISIONS_ASIDE 4        /* files that could not be used, kept beside the good one */
#define CARDEA_LIMIT_DECISIONS_DELAY_MS 60000 /* until uses are written, or what failed is tried again */
#define CARDEA_LIMIT_PROGRAM_KEY_BYTES 1024   /* a program with a longer key is asked about each time */

/* Secrets */
#define CARDEA_LIMIT_PIN_BYTES 255      /* what PKCS#11 modules take at most (SoftHSM: 255) */
#define CARDEA_LIMIT_PIN_PAIR_BYTES 511 /* two of them, and a length */
#define CARDEA_LIMIT_QUESTION_MS 120000

/* Notices */
#define CARDEA_LIMIT_NOTICE_MS 60000      /* the same one is not shown again before */
#define CARDEA_LIMIT_NOTICES 16           /* different ones in that time; readers whose tokens are told of */
#define CARDEA_LIMIT_TOKEN_NOTICE_MS 1000 /* between two about one reader */

/* Dialogs */
#define CARDEA_LIMIT_TYPING_FOCUS_MS 700   /* a dialog takes no key before it had the focus for so long, */
#define CARDEA_LIMIT_TYPING_QUIET_MS 600   /* and before no key was pressed for so long */
#define CARDEA_LIMIT_PROMPT_NOTICE_MS 6000 /* how long a dialog tells why it is over */

/* Questions to a person */
#define CARDEA_LIMIT_WINDOW_BYTES 256        /* the handle of a program's window; its activation token */
#define CARDEA_LIMIT_QUESTIONS_WAITING 32    /* behind the one that is shown, of all programs together, */
#define CARDEA_LIMIT_QUESTIONS_PER_CALLER 16 /* and of one */
#define CARDEA_LIMIT_TERMINAL_QUESTIONS 16   /* open or waiting on terminals, of all programs together */
#define CARDEA_LIMIT_DISPLAY_MS 500          /* for the session bus to tell which display there is */
#define CARDEA_LIMIT_PROMPT_END_MS 1000      /* for a prompt to end after its answer */
#define CARDEA_LIMIT_PROMPT_WITHDRAW_MS 8000 /* and after its question was withdrawn: a person reads why */
#define CARDEA_LIMIT_PROMPT_TEXT_BYTES 4096  /* one text of a question, as UTF-8 */
#define CARDEA_LIMIT_PROMPT_OFFERS 256
#define CARDEA_LIMIT_PROMPT_ITEMS 32 /* a certificate's purposes or reasons, a program's parents */
/* One question or update: 32 KiB for each certificate. What is past it is left out from the end; without
 * certificates but one it always fits, even if each byte of each text became an escape of six. */
#define CARDEA_LIMIT_PROMPT_MESSAGE_BYTES (CARDEA_LIMIT_PROMPT_OFFERS * 32 * 1024)
#define CARDEA_LIMIT_PROMPT_ANSWER_BYTES (6 * CARDEA_LIMIT_PROMPT_TEXT_BYTES + 128)

/* What keeps PINs: a login goes on without it after that */
#define CARDEA_LIMIT_STORE_LOOKUP_MS 3000
#define CARDEA_LIMIT_STORE_CHANGE_MS 3000
#define CARDEA_LIMIT_STORE_ITEMS 16 /* deleted at once, of one token */
