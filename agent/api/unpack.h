/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* Parameters of a call, taken apart strictly: each field is of its exact type, each required one is there,
 * and none is there that the method does not know, lest a newer caller's restriction be dropped in silence.
 */
typedef enum
{
  CARDEA_FIELD_STRING,  /* const char * */
  CARDEA_FIELD_INTEGER, /* json_int_t; min and max hold */
  CARDEA_FIELD_BOOLEAN, /* gboolean */
  CARDEA_FIELD_OBJECT,  /* json_t * */
  CARDEA_FIELD_STRINGS, /* json_t *: an array of nothing but strings, at most max of them */
} CardeaFieldType;

typedef struct
{
  const char *name;
  CardeaFieldType type;
  gboolean required; /* otherwise absent and null leave the target as it is */
  json_int_t min;
  json_int_t max;
  gpointer target; /* where the value goes, borrowed from the object */
} CardeaField;

/* @prefix: stands before the names in errors ("options."), or "".
 * Errors: CARDEA_ERROR_INVALID_PARAMETER ("parameter"). */
gboolean cardea_unpack (json_t *object, const char *prefix, const CardeaField *fields, guint n_fields,
                        GError **error);

/* The error every check of a parameter ends in. Returns FALSE. */
gboolean cardea_unpack_refuse (const char *prefix, const char *name, const char *why, GError **error);

G_END_DECLS
