/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One attribute of a distinguished name that was written as text. */
typedef struct
{
  char *type;  /* upper case: "CN", "OU", "1.2.840.113549.1.9.1" */
  char *value; /* unescaped; upper-case hex of the DER where @encoded */
  gboolean encoded;
  gboolean joined; /* in one relative name with the attribute before it */
} CardeaNameAttribute;

/* The attributes of a name as RFC 4514 writes it, and CardeaCertificate with it, in the order of the text;
 * spaces around separators are no part of it. NULL for what is no such name, has a NUL or invalid UTF-8 in
 * it, is empty, or is so long that it may have been cut. */
GPtrArray *cardea_name_attributes_parse (const char *text);
/* A string that is the same for two names if their attributes are; never for people. NULL as above. */
char *cardea_name_attributes_fold (const char *text);

G_END_DECLS
