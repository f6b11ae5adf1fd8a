/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The settings of OpenSC's that the agent cannot leave to others.
 *
 * By default OpenSC keeps a PIN and sends it again by itself whenever the card has forgotten that it was
 * verified: after a reset by another program, or for another card in the same reader. When a login ends is
 * the agent's to say. And by default it has no way to set a PIN by the PUK; of those it can be told, the one
 * that is told here serves cards whose PUK is nothing else, PIV among them (token-host/set-pin.c knows it).
 *
 * OpenSC reads one file, has no way to include another, and takes the first block of a name that it finds,
 * first in the block "app" of its own name and then in "app default"; so a setting goes to the head of each
 * such block, where the first value counts, and "app default" gets a block when it has none. All else stays
 * as the administrator wrote it: drivers, readers, ATRs.
 *
 * The grammar is that of OpenSC's scconf, in which a word ends at a blank, a comma or a semicolon and at
 * nothing else. */

#include "agent/hosts/opensc-conf.h"

#include <string.h>

#define MOST_DEPTH 16

typedef struct
{
  const char *key, *name; /* of the block; NULL: it has none, or any */
  const char *head;       /* of a new one */
  const char *text;
} Setting;

static const Setting settings[] = {
  { "framework", "pkcs15", " framework pkcs15 {", " use_pin_caching = false;" },
  { "pkcs11", NULL, " pkcs11 {", " user_pin_unblock_style = set_pin_in_unlogged_session;" },
};

typedef enum
{
  TOKEN_END,
  TOKEN_WORD, /* or a string in quotes */
  TOKEN_PUNCTUATION,
  TOKEN_BAD,
} TokenKind;

typedef struct
{
  TokenKind kind;
  const char *begin; /* of a string in quotes, without them */
  gsize length;
} Token;

typedef struct
{
  const Setting *setting;
  const char *begin, *at, *end;
  GArray *heads;       /* of gssize: after the brace of each block that gets the setting, ascending */
  gssize default_head; /* after the brace of the first "app default"; -1: there is none */
  gboolean default_has_block;
} Text;

static void
skip_blanks (Text *text)
{
  while (text->at < text->end && strchr (" \t\r\n#", *text->at) != NULL) {
    if (*text->at == '#')
      while (text->at < text->end && *text->at != '\n' && *text->at != '\r')
        text->at++;
    else
      text->at++;
  }
}

static Token
take_quoted (Text *text)
{
  Token token = { TOKEN_WORD, ++text->at, 0 };

  while (text->at < text->end && strchr ("\"\r\n", *text->at) == NULL)
    text->at++;
  token.length = (gsize)(text->at - token.begin);
  if (text->at == text->end || *text->at != '"')
    token.kind = TOKEN_BAD;
  else
    text->at++;
  return token;
}

static Token
take (Text *text)
{
  Token token = { TOKEN_END, NULL, 0 };

  skip_blanks (text);
  if (text->at == text->end)
    return token;
  if (*text->at == '"')
    return take_quoted (text);
  token.begin = text->at++;
  token.kind = TOKEN_PUNCTUATION;
  if (strchr (",{}=;", *token.begin) == NULL) {
    token.kind = TOKEN_WORD;
    while (text->at < text->end && strchr (";, \t\r\n", *text->at) == NULL)
      text->at++;
  }
  token.length = (gsize)(text->at - token.begin);
  return token;
}

static gboolean
is_punctuation (const Token *token, char wanted)
{
  return token->kind == TOKEN_PUNCTUATION && *token->begin == wanted;
}

static gboolean
is_word (const Token *token, const char *word)
{
  return token->kind == TOKEN_WORD && token->length == strlen (word) &&
         g_ascii_strncasecmp (token->begin, word, token->length) == 0;
}

/* After the equals sign: words with commas between them, and a semicolon. */
static gboolean
read_values (Text *text)
{
  Token token;

  do {
    token = take (text);
    if (token.kind != TOKEN_WORD)
      return FALSE;
    token = take (text);
  } while (is_punctuation (&token, ','));
  return is_punctuation (&token, ';');
}

/* Where in the tree a block stands. */
typedef enum
{
  PLACE_TOP,
  PLACE_APP,
  PLACE_DEFAULT, /* the first "app default" */
  PLACE_ELSEWHERE,
} Place;

static Place
enter (Text *text, Place outer, const Token *key, const Token *name)
{
  gssize here = text->at - text->begin;

  if (outer == PLACE_TOP && is_word (key, "app")) {
    if (!is_word (name, "default") || text->default_head >= 0)
      return PLACE_APP;
    text->default_head = here;
    return PLACE_DEFAULT;
  }
  if ((outer == PLACE_APP || outer == PLACE_DEFAULT) && is_word (key, text->setting->key) &&
      (text->setting->name == NULL || is_word (name, text->setting->name))) {
    g_array_append_val (text->heads, here);
    text->default_has_block |= outer == PLACE_DEFAULT;
  }
  return PLACE_ELSEWHERE;
}

static gboolean read_items (Text *text, Place place, guint depth);

/* A key, and then values or a block, which may have a name. */
static gboolean
read_item (Text *text, const Token *key, Place place, guint depth)
{
  Token name = take (text);
  Token brace = name;

  if (is_punctuation (&name, '='))
    return read_values (text);
  if (name.kind == TOKEN_WORD)
    brace = take (text);
  if (!is_punctuation (&brace, '{') || depth == MOST_DEPTH)
    return FALSE;
  return read_items (text, enter (text, place, key, &name), depth + 1);
}

static gboolean
read_items (Text *text, Place place, guint depth)
{
  Token token = take (text);

  for (; token.kind == TOKEN_WORD; token = take (text))
    if (!read_item (text, &token, place, depth))
      return FALSE;
  return depth > 0 ? is_punctuation (&token, '}') : token.kind == TOKEN_END;
}

/* From the end on, so that places before stay where they are. */
static char *
insert_setting (const Text *text)
{
  g_autofree char *new_block = g_strconcat (text->setting->head, text->setting->text, " }", NULL);
  GString *out = g_string_new_len (text->begin, text->end - text->begin);
  gssize block = text->default_has_block ? -1 : text->default_head;

  for (guint i = text->heads->len; i-- > 0;) {
    gssize head = g_array_index (text->heads, gssize, i);

    if (block > head) {
      g_string_insert (out, block, new_block);
      block = -1;
    }
    g_string_insert (out, head, text->setting->text);
  }
  if (block >= 0)
    g_string_insert (out, block, new_block);
  if (text->default_head < 0)
    g_string_append_printf (out, "\napp default {%s }\n", new_block);
  return g_string_free (out, FALSE);
}

static char *
add_setting (const Setting *setting, const char *text, gsize length)
{
  g_autoptr (GArray) heads = g_array_new (FALSE, FALSE, sizeof (gssize));
  Text state = { setting, text, text, text + length, heads, -1, FALSE };

  return read_items (&state, PLACE_TOP, 0) ? insert_setting (&state) : NULL;
}

char *
cardea_opensc_conf_make (const char *text, gsize length)
{
  g_autofree char *made = NULL;

  if (length > CARDEA_OPENSC_CONF_MOST || (length > 0 && memchr (text, '\0', length) != NULL))
    return NULL;
  made = length > 0 ? g_strndup (text, length) : g_strdup ("");
  for (gsize i = 0; i < G_N_ELEMENTS (settings) && made != NULL; i++) {
    g_autofree char *before = g_steal_pointer (&made);

    made = add_setting (&settings[i], before, strlen (before));
  }
  return g_steal_pointer (&made);
}
