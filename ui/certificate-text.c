/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a certificate says, in words. */

#include "ui/certificate-text.h"

#include <glib/gi18n.h>

#include "ui/plain-text.h"

#define DAY (24 * 60 * 60)

/* Some issuers give certificates no end (RFC 5280, 4.1.2.5: 99991231235959Z). */
#define NO_END G_GINT64_CONSTANT (253402300799)

typedef struct
{
  const char *name;
  const char *text;
} Word;

static const Word purpose_words[] = {
  { "client_auth", N_ ("signing in") },
  { "signature", N_ ("digital signatures") },
  { "non_repudiation", N_ ("binding signatures") },
  { "email", N_ ("e-mail") },
  { "server_auth", N_ ("servers") },
  { "authority", N_ ("issuing certificates") },
};

static const Word key_words[] = {
  { "p256", "P-256" },
  { "p384", "P-384" },
  { "p521", "P-521" },
  { "ed25519", "Ed25519" },
};

char *
cardea_certificate_text_day (gint64 time)
{
  g_autoptr (GDateTime) local = g_date_time_new_from_unix_local (time);
  /* Translators: a day, as strftime() writes it: "3 May 2027" */
  /* xgettext:no-c-format */
  char *day = local != NULL ? g_date_time_format (local, _ ("%-e %B %Y")) : NULL;

  /* Translators: stands in for a date that lies beyond the calendar */
  return day != NULL ? day : g_strdup (_ ("an impossible date"));
}

static char *
expiring (gint64 left, const char *day)
{
  gulong days = (gulong)(left / DAY);

  if (days == 0)
    /* Translators: %s is a date */
    return g_strdup_printf (_ ("Expires within a day, on %s"), day);
  /* Translators: %lu is a number of days, %s a date */
  return g_strdup_printf (ngettext ("Expires in %lu day, on %s", "Expires in %lu days, on %s", days), days,
                          day);
}

char *
cardea_certificate_text_validity (const CardeaPromptOffer *offer, gint64 now)
{
  g_autofree char *from = cardea_certificate_text_day (offer->not_before);
  g_autofree char *to = cardea_certificate_text_day (offer->not_after);

  if (now > offer->not_after)
    return g_strdup_printf (_ ("Expired on %s"), to);
  if (now < offer->not_before)
    return g_strdup_printf (_ ("Not valid before %s"), from);
  if (offer->not_after >= NO_END)
    return g_strdup (_ ("Valid without an end"));
  if (cardea_certificate_text_is_warning (offer, now))
    return expiring (offer->not_after - now, to);
  return g_strdup_printf (_ ("Valid until %s"), to);
}

gboolean
cardea_certificate_text_is_warning (const CardeaPromptOffer *offer, gint64 now)
{
  return now < offer->not_before || now > offer->not_after ||
         offer->not_after - now < CARDEA_CERTIFICATE_TEXT_WARNING_DAYS * DAY;
}

static const char *
look_up (const Word *words, gsize n, const char *name)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (words[i].name, name))
      return words[i].text;
  return NULL;
}

char *
cardea_certificate_text_key (const char *key)
{
  const char *known = look_up (key_words, G_N_ELEMENTS (key_words), key);
  guint64 bits;

  if (known != NULL)
    return g_strdup (known);
  if (g_str_has_prefix (key, "rsa") && g_ascii_string_to_unsigned (key + 3, 10, 1, 65536, &bits, NULL))
    /* Translators: a kind of key and its length */
    return g_strdup_printf (_ ("RSA, %u bits"), (guint)bits);
  return cardea_plain_text (key, CARDEA_PLAIN_TEXT_LINE);
}

char *
cardea_certificate_text_purposes (const char *const *purposes)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; purposes != NULL && purposes[i] != NULL; i++) {
    const char *known = look_up (purpose_words, G_N_ELEMENTS (purpose_words), purposes[i]);
    g_autofree char *other = known == NULL ? cardea_plain_text (purposes[i], CARDEA_PLAIN_TEXT_LINE) : NULL;

    if (text->len > 0)
      /* Translators: stands between the purposes of a certificate: "signing in, e-mail" */
      g_string_append (text, _ (", "));
    g_string_append (text, known != NULL ? _ (known) : other);
  }
  return g_string_free (text, FALSE);
}

char *
cardea_certificate_text_token (const char *label, const char *reader)
{
  g_autofree char *token = cardea_plain_text (label, CARDEA_PLAIN_TEXT_LINE);
  g_autofree char *place = cardea_plain_text (reader, CARDEA_PLAIN_TEXT_LINE);

  if (*place == '\0')
    return g_steal_pointer (&token);
  /* Translators: where a certificate is: the token, then the reader it is in */
  return g_strdup_printf (_ ("%s in %s"), token, place);
}

char *
cardea_certificate_text_groups (const char *hex)
{
  g_autofree char *bare = cardea_plain_text_bare (hex, CARDEA_PLAIN_TEXT_PARAGRAPH);
  GString *groups = g_string_new (NULL);
  gsize n = 0;

  for (const char *at = bare; *at != '\0'; at = g_utf8_next_char (at), n++) {
    if (n > 0 && n % 4 == 0)
      g_string_append_c (groups, ' ');
    g_string_append_unichar (groups, g_utf8_get_char (at));
  }
  return g_string_free (groups, FALSE);
}
