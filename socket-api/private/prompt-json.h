/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* The fields of one JSON object between agent and prompt.
 *
 * Taking: each key is taken once. The first that is missing, of another type or out of range is kept as the
 * problem, and what is taken from then on is empty; cardea_prompt_fields_finish() tells of it, and of keys
 * that nobody took. */
typedef struct
{
  json_t *object; /* borrowed */
  gsize n_taken;
  const char *problem; /* the key, or NULL */
} CardeaPromptFields;

void cardea_prompt_fields_init (CardeaPromptFields *self, json_t *object);
/* FALSE and CARDEA_ERROR_PROTOCOL unless everything was as it should be. */
gboolean cardea_prompt_fields_finish (CardeaPromptFields *self, GError **error);
void cardea_prompt_fields_fail (CardeaPromptFields *self, const char *key);

char *cardea_prompt_take_text (CardeaPromptFields *self, const char *key); /* may be empty, never NULL */
char *cardea_prompt_take_name (CardeaPromptFields *self, const char *key); /* not empty; "" after a problem */
char *cardea_prompt_take_optional_text (CardeaPromptFields *self, const char *key);
gboolean cardea_prompt_take_flag (CardeaPromptFields *self, const char *key);
gint64 cardea_prompt_take_number (CardeaPromptFields *self, const char *key, gint64 min, gint64 max);
/* The index of the text in @names, which ends with NULL. */
int cardea_prompt_take_choice (CardeaPromptFields *self, const char *key, const char *const *names);
/* Borrowed; NULL after a problem. */
json_t *cardea_prompt_take_array (CardeaPromptFields *self, const char *key, gsize max);
json_t *cardea_prompt_take_object (CardeaPromptFields *self, const char *key);
/* At most CARDEA_LIMIT_PROMPT_ITEMS; never NULL. */
char **cardea_prompt_take_texts (CardeaPromptFields *self, const char *key);

/* Putting: valid UTF-8, cut at CARDEA_LIMIT_PROMPT_TEXT_BYTES; NULL is "". */
void cardea_prompt_put_text (json_t *object, const char *key, const char *text);
/* NULL puts nothing. */
void cardea_prompt_put_optional_text (json_t *object, const char *key, const char *text);
/* The first CARDEA_LIMIT_PROMPT_ITEMS of them; @texts may be NULL. */
void cardea_prompt_put_texts (json_t *object, const char *key, char *const *texts);
void cardea_prompt_put_flag (json_t *object, const char *key, gboolean flag);
void cardea_prompt_put_number (json_t *object, const char *key, gint64 number);
/* The message with its NUL. */
GBytes *cardea_prompt_dump (const json_t *object);

G_END_DECLS
