/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* The keys that cardea-agent.conf knows. The manual page is compared with this table by a test. */
typedef enum
{
  CARDEA_CONFIG_BOOLEAN,
  CARDEA_CONFIG_NUMBER,
  CARDEA_CONFIG_PATH,
  CARDEA_CONFIG_PATHS,
  CARDEA_CONFIG_SERVERS,
  CARDEA_CONFIG_MODULES,
  CARDEA_CONFIG_VARIABLES,
  CARDEA_CONFIG_TOKEN,
  CARDEA_CONFIG_CREDENTIAL,
} CardeaConfigType;

typedef enum
{
  CARDEA_CONFIG_HEADLESS,
  CARDEA_CONFIG_DRAIN_SECONDS,
  CARDEA_CONFIG_IO_THREADS,
  CARDEA_CONFIG_TOKEN_NOTIFICATIONS,
  CARDEA_CONFIG_KEEP_AFTER_REMOVAL,
  CARDEA_CONFIG_REMOVAL_GRACE_SECONDS,
  CARDEA_CONFIG_RESUMPTION,
  CARDEA_CONFIG_ALLOW_SERVERS,
  CARDEA_CONFIG_ALLOW_CALLER_AUTHORITIES,
  CARDEA_CONFIG_AUTHORITIES_SYSTEM,
  CARDEA_CONFIG_AUTHORITIES_DATABASE,
  CARDEA_CONFIG_AUTHORITIES_FILES,
  CARDEA_CONFIG_REVOCATION_LISTS,
  CARDEA_CONFIG_REVOCATION_FETCH,
  CARDEA_CONFIG_MODULES_P11_KIT,
  CARDEA_CONFIG_MODULES_DATABASE,
  CARDEA_CONFIG_MODULES_LOAD,
  CARDEA_CONFIG_MODULES_DISABLE,
  CARDEA_CONFIG_MODULES_PASS_ENVIRONMENT,
  CARDEA_CONFIG_NSS_DATABASE,
  CARDEA_CONFIG_PIN_TOKEN,
  CARDEA_CONFIG_PIN_FILE,
  CARDEA_CONFIG_PIN_CREDENTIAL,
  CARDEA_CONFIG_PIN_DESCRIPTOR,
  CARDEA_CONFIG_REMEMBER_TOKEN,
  CARDEA_CONFIG_LEASE_TOKEN,
  CARDEA_CONFIG_LEASE_SCREEN_LOCK,
  CARDEA_CONFIG_LEASE_IDLE_SECONDS,
  CARDEA_CONFIG_LEASE_SECONDS,
  CARDEA_CONFIG_LEASE_SINGLE_USE,

  CARDEA_N_CONFIG_KEYS
} CardeaConfigKeyId;

typedef struct
{
  const char *group; /* "pin" stands for each group [pin NAME], "remember" likewise */
  const char *key;
  CardeaConfigType type;
  const char *initial;    /* the default as it would be written; NULL where there is none */
  guint minimum, maximum; /* of a number */
} CardeaConfigKey;

extern const CardeaConfigKey cardea_config_keys[CARDEA_N_CONFIG_KEYS];

/* Whether it belongs to groups that have a name. */
gboolean cardea_config_is_named (const CardeaConfigKey *key);
/* @group as in the file, "pin NAME" included. FALSE: no such group. */
gboolean cardea_config_knows_group (const char *group);
/* The key's place in the table, or -1. */
int cardea_config_find_key (const char *group, const char *key);
/* "headless, drain-seconds, io-threads": for messages. */
char *cardea_config_list_keys (const char *group);
/* The NAME of a group [KIND NAME], or NULL for any other group and for a name that is not allowed. */
const char *cardea_config_get_name (const char *group, const char *kind);
