/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of a question on a terminal.
 *
 * The same as the dialogs', where those have them. A foreign text stands at the end of its line, or has one
 * to itself: should the terminal turn letters of another direction around, they take no words of ours along.
 * No line is wider than the terminal, which would break it where it likes. */

#include "ui/tty-text.h"

#include <glib/gi18n.h>

#include "ui/certificate-text.h"
#include "ui/pin-text.h"
#include "ui/plain-text.h"
#include "ui/reason-text.h"

#define INDENT 4
#define MAX_PARENTS 4
#define MAX_MISFITS 16 /* told with their reasons */

static guint
width_of (gunichar c)
{
  return g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
}

/* Where the line that begins at @text ends: at a space, or in a word that fills it alone. */
static const char *
find_break (const char *text, guint columns)
{
  const char *space = NULL, *at = text;
  guint used = 0;

  for (; *at != '\0'; at = g_utf8_next_char (at)) {
    used += width_of (g_utf8_get_char (at));
    if (*at == ' ')
      space = at;
    if (used > columns)
      return space != NULL && space > text ? space : at > text ? at : g_utf8_next_char (at);
  }
  return at;
}

static void
append_lines (GString *lines, guint indent, const char *text, guint width)
{
  guint columns = width > indent + 8 ? width - 1 - indent : 8;

  do {
    const char *end = find_break (text, columns);

    g_string_append_printf (lines, "%*s%.*s\n", (int)indent, "", (int)(end - text), text);
    text = end;
    while (*text == ' ')
      text++;
  } while (*text != '\0');
}

G_GNUC_PRINTF (4, 5)
static void
append_format (GString *lines, guint indent, guint width, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  append_lines (lines, indent, text, width);
}

static void
append_program (GString *lines, const CardeaPromptProgram *program, guint width)
{
  g_autofree char *label = cardea_plain_text_bare (program->label, CARDEA_PLAIN_TEXT_PARAGRAPH);

  append_format (lines, 0, width, _ ("Program: %s"), label);
  if (program->confinement == NULL)
    append_lines (lines, INDENT, _ ("Not confined: another program of yours could pose as it"), width);
  for (guint i = 0; program->parents[i] != NULL && i < MAX_PARENTS; i++) {
    g_autofree char *parent = cardea_plain_text_bare (program->parents[i], CARDEA_PLAIN_TEXT_LINE);

    append_format (lines, INDENT, width, _ ("Started by %s"), parent);
  }
}

/* The server's name is never shortened (ui/request-card.c says why). */
static void
append_server (GString *lines, const CardeaPromptProgram *program, const CardeaPromptServer *server,
               guint width)
{
  g_autofree char *place = g_strdup_printf ("%s:%u", server->name, server->port);
  g_autofree char *shown = cardea_plain_text_bare (place, 0);
  g_autofree char *authority = cardea_plain_text_bare (server->vouched_by, CARDEA_PLAIN_TEXT_LINE);
  g_autofree char *label = cardea_plain_text_bare (program->label, CARDEA_PLAIN_TEXT_LINE);

  append_format (lines, 0, width, _ ("Server: %s"), shown);
  if (server->by_program_only)
    append_format (lines, INDENT, width,
                   _ ("Its identity is vouched for by %1$s only, with an authority of its own: %2$s"), label,
                   authority);
  else
    append_format (lines, INDENT, width, _ ("Its identity is vouched for by %s"), authority);
}

/* The holder, behind @mark; what tells certificates of one holder apart, below. */
static void
append_offer (GString *lines, const char *mark, const CardeaPromptOffer *offer, guint width)
{
  g_autofree char *holder = cardea_plain_text_bare (offer->holder, CARDEA_PLAIN_TEXT_LINE);
  g_autofree char *issuer = cardea_plain_text_bare (offer->issuer, CARDEA_PLAIN_TEXT_LINE);

  append_format (lines, 0, width, "%s %s", mark, holder);
  append_format (lines, INDENT, width, _ ("Issued by %s"), issuer);
}

static void
append_place (GString *lines, const CardeaPromptOffer *offer, guint width)
{
  g_autofree char *token = cardea_certificate_text_token (offer->token_label, offer->reader);

  append_lines (lines, INDENT, token, width);
}

static void
append_fitting (GString *lines, guint n, const CardeaPromptOffer *offer, guint width, gint64 now)
{
  g_autofree char *mark = g_strdup_printf ("%2u.", n);
  g_autofree char *validity = cardea_certificate_text_validity (offer, now);
  g_autofree char *key = cardea_certificate_text_key (offer->key);
  g_autofree char *purposes = cardea_certificate_text_purposes ((const char *const *)offer->purposes);

  append_offer (lines, mark, offer, width);
  append_format (lines, INDENT, width, "%s%s", cardea_certificate_text_is_warning (offer, now) ? "! " : "",
                 validity);
  append_place (lines, offer, width);
  if (*purposes != '\0')
    append_format (lines, INDENT, width, _ ("%s, for %s"), key, purposes);
  else
    append_lines (lines, INDENT, key, width);
  if (offer->renewed)
    append_lines (lines, INDENT, _ ("Renewed"), width);
}

static void
append_misfit (GString *lines, const CardeaPromptOffer *offer, guint width)
{
  append_offer (lines, " -", offer, width);
  append_place (lines, offer, width);
  for (guint i = 0; i < offer->reasons->len; i++) {
    g_autofree char *reason = cardea_reason_text (g_ptr_array_index (offer->reasons, i), offer);

    append_format (lines, INDENT, width, "* %s", reason);
  }
}

static gboolean
fits (const CardeaPromptOffer *offer)
{
  return offer->reasons->len == 0;
}

const CardeaPromptOffer *
cardea_tty_text_find_offer (GPtrArray *offers, guint n)
{
  for (guint i = 0; n > 0 && i < offers->len; i++) {
    const CardeaPromptOffer *offer = g_ptr_array_index (offers, i);

    if (fits (offer) && --n == 0)
      return offer;
  }
  return NULL;
}

static void
append_offers (GString *lines, GPtrArray *offers, guint width, gint64 now)
{
  guint n_fitting = 0, n_misfits = 0;

  for (guint i = 0; i < offers->len; i++) {
    const CardeaPromptOffer *offer = g_ptr_array_index (offers, i);

    if (!fits (offer))
      continue;
    if (n_fitting++ == 0)
      append_format (lines, 0, width, "%s:", _ ("Certificates that fit"));
    append_fitting (lines, n_fitting, offer, width, now);
  }
  if (n_fitting == 0)
    append_lines (lines, 0, offers->len > 0 ? _ ("No Certificate Fits") : _ ("Insert Your Token"), width);
  for (guint i = 0; i < offers->len && n_misfits < MAX_MISFITS; i++) {
    const CardeaPromptOffer *offer = g_ptr_array_index (offers, i);

    if (fits (offer))
      continue;
    if (n_misfits++ == 0)
      append_format (lines, 0, width, "%s:", _ ("Certificates that do not fit"));
    append_misfit (lines, offer, width);
  }
}

static void
append_title (GString *lines, const char *title, guint width)
{
  g_string_append_c (lines, '\n');
  append_format (lines, 0, width, "-- %s", title);
}

char *
cardea_tty_text_certificate (const CardeaPromptQuestion *question, GPtrArray *offers, guint width, gint64 now)
{
  GString *lines = g_string_new (NULL);

  append_title (lines, _ ("Choose a Certificate"), width);
  append_lines (lines, 0, _ ("A program asks to identify you to a server with a certificate."), width);
  append_program (lines, &question->program, width);
  append_server (lines, &question->program, &question->server, width);
  append_offers (lines, offers, width, now);
  if (question->may_continue)
    append_lines (lines, 0, _ ("n: continue without a certificate"), width);
  append_lines (lines, 0, _ ("c, Enter alone or Escape: cancel; the program is not connected"), width);
  return g_string_free (lines, FALSE);
}

char *
cardea_tty_text_pin (const CardeaPromptQuestion *question, guint width)
{
  g_autoptr (CardeaPinText) text = cardea_pin_text_new (question);
  g_autofree char *label = cardea_plain_text_bare (question->token_label, CARDEA_PLAIN_TEXT_LINE);
  g_autofree char *reader = cardea_plain_text_bare (question->reader, CARDEA_PLAIN_TEXT_LINE);
  GString *lines = g_string_new (NULL);

  append_title (lines, text->title, width);
  if (text->warning != NULL)
    append_format (lines, 0, width, "! %s", text->warning);
  if (text->why != NULL)
    append_lines (lines, 0, text->why, width);
  if (text->lead != NULL && text->entry)
    append_lines (lines, 0, text->lead, width);
  append_format (lines, 0, width, _ ("Token: %s"), label);
  if (*reader != '\0')
    append_lines (lines, INDENT, reader, width);
  append_program (lines, &question->program, width);
  if (question->kind != CARDEA_PROMPT_NEW_PIN)
    append_server (lines, &question->program, &question->server, width);
  if (text->rule != NULL)
    append_lines (lines, 0, text->rule, width);
  if (text->entry)
    append_lines (lines, 0, _ ("What you type is not shown. Enter alone or Escape: cancel"), width);
  else if (text->accept == NULL)
    append_lines (lines, 0, text->lead, width);
  return g_string_free (lines, FALSE);
}

char *
cardea_tty_text_sentence (const char *sentence, guint width)
{
  GString *lines = g_string_new (NULL);

  append_lines (lines, 0, sentence, width);
  return g_string_free (lines, FALSE);
}
