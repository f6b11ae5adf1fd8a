/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

#define CARDEA_KEY_FILE_GROUP (-1)

/* One "key=value" of a key file, or the beginning of a group, and where it stands. */
typedef struct
{
  int id; /* the form's, or CARDEA_KEY_FILE_GROUP */
  char *group;
  char *where; /* "FILE:LINE" */
  char *value; /* unescaped */
  char **list; /* the value cut at semicolons, for the keys that are lists; else NULL */
} CardeaKeyFileEntry;

/* Which groups and keys a file may have. A key's id is what its owner calls it by, 0 or more. */
typedef struct
{
  const char *groups;    /* a sentence that names the groups there are */
  const char *example;   /* "[agent]" */
  gboolean tells_groups; /* each group stands once, and its beginning is an entry too */
  gboolean (*knows_group) (const char *group);
  int (*find_key) (const char *group, const char *key); /* -1: there is none */
  char *(*list_keys) (const char *group);
  const char *(*get_key) (int id);
  gboolean (*is_list) (int id);
} CardeaKeyFileForm;

/* The text of a regular file, UTF-8 without NUL, of at most CARDEA_LIMIT_KEY_FILE_BYTES. @path is for
 * messages. Errors: CARDEA_ERROR_CONFIGURATION, with the file and, where there is one, the line. */
char *cardea_key_file_read_text (const char *path, int fd, GError **error);
/* The entries of a text in its order. Values are not looked at. Errors as above. */
GPtrArray *cardea_key_file_parse (const char *path, const char *text, const CardeaKeyFileForm *form,
                                  GError **error);
