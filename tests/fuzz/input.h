/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a fuzzer is given, cut into parts. A part has two bytes of length before it, the higher one first; the
 * last may be shorter than it says, and after it all parts are empty. */
typedef struct
{
  const guint8 *data;
  gsize size;
} FuzzInput;

guint8 fuzz_take_byte (FuzzInput *self); /* 0 at the end */
GBytes *fuzz_take_part (FuzzInput *self);
/* A part, or all that is left, as text that ends at its first NUL. */
char *fuzz_take_text (FuzzInput *self);
char *fuzz_take_rest_text (FuzzInput *self);
GBytes *fuzz_take_rest (FuzzInput *self);

/* Once, first of all: a broken promise between our own functions (CRITICAL) is a finding; other messages are
 * not printed. */
void fuzz_begin (void);

/* A file in memory; @path (from g_malloc) leads to it as long as the descriptor is open. */
int fuzz_make_file (GBytes *bytes, char **path);

/* The DER of an ordinary client certificate. */
GBytes *fuzz_load_certificate (void);

/* A finding unless @text is whole UTF-8 and nothing in it steers a terminal or turns text around; line ends
 * are fine where @lines. */
void fuzz_check_text (const char *text, gboolean lines);

G_END_DECLS
