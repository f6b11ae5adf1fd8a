/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads one configuration file: a key file with the groups and keys of config-keys. */

#include "agent/base/config-file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "socket-api/wire/error.h"

static const char *
get_key (int id)
{
  return cardea_config_keys[id].key;
}

static gboolean
is_list (int id)
{
  switch (cardea_config_keys[id].type) {
  case CARDEA_CONFIG_PATHS:
  case CARDEA_CONFIG_SERVERS:
  case CARDEA_CONFIG_MODULES:
  case CARDEA_CONFIG_VARIABLES:
    return TRUE;
  default:
    return FALSE;
  }
}

static const CardeaKeyFileForm form = {
  .groups = "The groups are [agent], [allow], [authorities], [modules], [nss], [pin NAME] and [remember "
            "NAME], where NAME is made of letters, digits, \".\", \"_\" and \"-\".",
  .example = "[agent]",
  .knows_group = cardea_config_knows_group,
  .find_key = cardea_config_find_key,
  .list_keys = cardea_config_list_keys,
  .get_key = get_key,
  .is_list = is_list,
};

GPtrArray *
cardea_config_file_read (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  /* Without O_NONBLOCK a FIFO of that name would hold the agent up. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (fd < 0 && errno == ENOENT)
    return cardea_key_file_parse (path, "", &form, error);
  if (fd < 0) {
    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION, "%s: it cannot be opened: %s.", path,
                      g_strerror (errno));
    return NULL;
  }
  text = cardea_key_file_read_text (path, fd, error);
  close (fd);
  return text != NULL ? cardea_key_file_parse (path, text, &form, error) : NULL;
}
