/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The agent's configuration as an immutable, reference-counted value: cardea-agent.conf(5) is its
 * description. */
typedef struct _CardeaConfig CardeaConfig;

/* Where a token's PIN comes from on a machine without a person: one of file, credential, descriptor. */
typedef struct
{
  char *name;       /* from the group's name, [pin NAME] */
  char *token;      /* PKCS#11 URI (RFC 7512) that must match exactly one token */
  char *file;       /* absolute path, or NULL */
  char *credential; /* name of a systemd credential, or NULL */
  int descriptor;   /* inherited, or -1 */
} CardeaPinSourceConfig;

/* A token whose PIN may be kept in the secret service, since somebody asked for that. */
typedef struct
{
  char *name;  /* from the group's name, [remember NAME] */
  char *token; /* PKCS#11 URI (RFC 7512) that must match exactly one token */
} CardeaRememberConfig;

/* How long the login to a token lasts, unless the token is removed first. */
typedef struct
{
  char *name;           /* from the group's name, [lease NAME] */
  char *token;          /* PKCS#11 URI (RFC 7512) of the tokens it is for */
  gboolean screen_lock; /* it ends when the screen is locked or the machine suspended */
  guint idle_seconds;   /* and so long after its last use; 0: no limit */
  guint seconds;        /* and so long after the login; 0: no limit */
  gboolean single_use;  /* there is none: a PIN serves one authentication */
} CardeaLeaseConfig;

/* Reads the files in order, a later one overriding key by key; a file that does not exist is skipped.
 * Errors: CARDEA_ERROR_CONFIGURATION with a message "FILE:LINE: what is wrong and what is allowed"; an
 * unknown group or key is an error. Never half applied. */
CardeaConfig *cardea_config_load (const char *const *paths, GError **error);
CardeaConfig *cardea_config_ref (CardeaConfig *self);
void cardea_config_unref (CardeaConfig *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaConfig, cardea_config_unref)

/* [agent] */
gboolean cardea_config_get_headless (const CardeaConfig *self); /* headless=false */
/* --headless of the command line; only by who loaded it, before anybody else has it. */
void cardea_config_set_headless (CardeaConfig *self);
guint cardea_config_get_drain_seconds (const CardeaConfig *self); /* drain-seconds=10, 0 to 300 */
guint cardea_config_get_io_threads (const CardeaConfig *self); /* io-threads=0: one a processor, at most 4 */
/* token-notifications=true: the desktop tells of tokens that come and go */
gboolean cardea_config_get_token_notifications (const CardeaConfig *self);

/* [streams] keep-after-removal=false: what was authenticated by a token goes on without it;
 * removal-grace-seconds=0: else it ends that long after the token was taken away, unless it is back */
gboolean cardea_config_get_keep_after_removal (const CardeaConfig *self);
guint cardea_config_get_removal_grace_seconds (const CardeaConfig *self);
/* resumption=true: a connection may go on with the session of an earlier one */
gboolean cardea_config_get_resumption (const CardeaConfig *self);

/* [allow] servers=host:port;[::1]:port... Host names in ASCII, lower case; no wildcards. */
gboolean cardea_config_allows (const CardeaConfig *self, const char *host, guint16 port);
/* caller-authorities=false: whether a program may bring its own authorities for an allowed server */
gboolean cardea_config_get_allow_caller_authorities (const CardeaConfig *self);

/* [authorities] system=true, nss-database=true, files=... (absolute paths of PEM files) */
gboolean cardea_config_get_system_authorities (const CardeaConfig *self);
gboolean cardea_config_get_database_authorities (const CardeaConfig *self);
const char *const *cardea_config_get_authority_files (const CardeaConfig *self);

/* [revocation] lists=... (absolute paths of files and folders), fetch=true: the network may be asked */
const char *const *cardea_config_get_revocation_lists (const CardeaConfig *self);
gboolean cardea_config_get_revocation_fetch (const CardeaConfig *self);

/* [modules] p11-kit=true, nss-database=true, load=absolute paths, disable=names or paths */
gboolean cardea_config_get_p11_kit_modules (const CardeaConfig *self);
gboolean cardea_config_get_database_modules (const CardeaConfig *self);
const char *const *cardea_config_get_modules (const CardeaConfig *self);
const char *const *cardea_config_get_disabled_modules (const CardeaConfig *self);
/* pass-environment=NAME;NAME: variables of the agent handed on to token hosts besides the built-in list */
const char *const *cardea_config_get_pass_environment (const CardeaConfig *self);

/* [nss] database=absolute path; default ~/.pki/nssdb */
const char *cardea_config_get_nss_database (const CardeaConfig *self);

/* [pin NAME] groups, of CardeaPinSourceConfig */
GPtrArray *cardea_config_get_pin_sources (const CardeaConfig *self);

/* [lease NAME] groups, of CardeaLeaseConfig; the first whose token matches counts */
GPtrArray *cardea_config_get_leases (const CardeaConfig *self);

/* [remember NAME] groups, of CardeaRememberConfig; none by default */
GPtrArray *cardea_config_get_remembered (const CardeaConfig *self);

G_END_DECLS
