/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One remembered choice, and what may be in it.
 *
 * Its texts come from programs and servers. Those that say whom it is for are compared later on, so they are
 * taken unchanged or refused: "unknown:" stands for every program that cannot be seen into, and U+FFFD for
 * whatever byte was not printable, so that a key with either could belong to two programs, of which one would
 * use what was allowed to the other. The same check is done on what is read from the file. */

#include "agent/decisions/remembered.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/random.h>

#include "agent/base/printable.h"
#include "socket-api/limits.h"

#define ID_BYTES 16
#define HASH_DIGITS 64
#define HEX "0123456789abcdef"
#define REPLACEMENT "\357\277\275" /* U+FFFD */
#define BY_PROGRAM "program:"
#define BY_RULE "rule:"

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "A decision cannot be remembered: %s.", what);
  return FALSE;
}

static gboolean
is_hex (const char *text, gsize length)
{
  return strlen (text) == length && strspn (text, HEX) == length;
}

/* Some other text than this program's printable form of it is another program's key. */
static gboolean
is_printable (const char *text)
{
  g_autofree char *printable = cardea_printable (text, -1);

  return strcmp (text, printable) == 0;
}

static gboolean
is_program (const char *key)
{
  return key[0] != '\0' && strlen (key) <= CARDEA_LIMIT_PROGRAM_KEY_BYTES && is_printable (key) &&
         strstr (key, REPLACEMENT) == NULL && !g_str_has_prefix (key, "unknown:");
}

static gboolean
is_server (const char *name)
{
  gsize length = strlen (name);

  return length > 0 && length <= CARDEA_LIMIT_HOST_NAME &&
         strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-_.:") == length;
}

static gboolean
is_trust (const char *trust)
{
  return strcmp (trust, "system") == 0 ||
         (g_str_has_prefix (trust, BY_PROGRAM) && is_hex (trust + strlen (BY_PROGRAM), HASH_DIGITS)) ||
         (g_str_has_prefix (trust, BY_RULE) && is_hex (trust + strlen (BY_RULE), HASH_DIGITS));
}

static gboolean
is_certificate (const CardeaRemembered *self)
{
  static const CardeaCertificateId none;

  if (!self->without)
    return cardea_certificate_id_is_valid (&self->certificate);
  return self->certificate.sha256[0] == '\0' && self->certificate.issuer[0] == '\0' &&
         self->certificate.subject[0] == '\0' && self->certificate.purposes == none.purposes &&
         self->certificate.not_after == none.not_after;
}

gboolean
cardea_remembered_check (const CardeaRemembered *self, GError **error)
{
  if (!is_hex (self->id, (gsize)2 * ID_BYTES))
    return refuse (error, "its id is none");
  if (!is_program (self->program))
    return refuse (error, "the program cannot be told from others for certain");
  if (!is_server (self->server) || self->port == 0)
    return refuse (error, "the server's name or port is none");
  if (!is_trust (self->trust))
    return refuse (error, "who vouched for the server is not known");
  if (strlen (self->label) > CARDEA_LIMIT_LABEL_BYTES || !is_printable (self->label))
    return refuse (error, "the program's name is too long or cannot be shown");
  if (!is_certificate (self))
    return refuse (error, "its certificate is not one");
  if (self->made < 0 || self->last_used < 0 || self->used < 0)
    return refuse (error, "its times cannot be");
  return TRUE;
}

static char *
make_id (void)
{
  guint8 bytes[ID_BYTES];
  GString *text = g_string_sized_new (sizeof bytes * 2);

  /* At most 256 bytes come whole, and the pool was filled before any session began (random(7)). */
  g_assert_cmpint (TEMP_FAILURE_RETRY (getrandom (bytes, sizeof bytes, 0)), ==, sizeof bytes);
  for (gsize i = 0; i < sizeof bytes; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  return g_string_free (text, FALSE);
}

/* Printable, and no longer than the limit, at the end of a character. */
static char *
mend_label (const char *label)
{
  g_autofree char *text = cardea_printable (label, -1);
  const char *end = text + strlen (text);

  while ((gsize)(end - text) > CARDEA_LIMIT_LABEL_BYTES)
    end = g_utf8_find_prev_char (text, end);
  return g_strndup (text, (gsize)(end - text));
}

CardeaRemembered *
cardea_remembered_new_empty (void)
{
  CardeaRemembered *self = g_new0 (CardeaRemembered, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->until = CARDEA_UNTIL_ALWAYS;
  return self;
}

CardeaRemembered *
cardea_remembered_new (const CardeaRememberedKey *key, const char *label,
                       const CardeaCertificateId *certificate, gint64 now, GError **error)
{
  g_autoptr (CardeaRemembered) self = cardea_remembered_new_empty ();

  self->id = make_id ();
  self->program = g_strdup (key->program);
  self->server = g_strdup (key->server);
  self->port = key->port;
  self->trust = g_strdup (key->trust);
  self->label = mend_label (label);
  self->without = certificate == NULL;
  if (certificate != NULL)
    self->certificate = *certificate;
  self->made = now;
  self->last_used = now;
  return cardea_remembered_check (self, error) ? g_steal_pointer (&self) : NULL;
}

CardeaRemembered *
cardea_remembered_new_until_removal (const CardeaRememberedKey *key, const char *label,
                                     const CardeaCertificateId *certificate, const char *token_uri,
                                     gint64 now, GError **error)
{
  g_autoptr (CardeaRemembered) self = cardea_remembered_new (key, label, certificate, now, error);

  if (self == NULL)
    return NULL;
  self->until = CARDEA_UNTIL_REMOVAL;
  self->token_uri = g_strdup (token_uri);
  return g_steal_pointer (&self);
}

CardeaRemembered *
cardea_remembered_ref (CardeaRemembered *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
cardea_remembered_unref (CardeaRemembered *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->id);
  g_free (self->program);
  g_free (self->server);
  g_free (self->trust);
  g_free (self->label);
  g_free (self->token_uri);
  g_free (self);
}

CardeaRememberedKey
cardea_remembered_get_key (const CardeaRemembered *self)
{
  return (CardeaRememberedKey){ self->program, self->server, self->port, self->trust };
}

gboolean
cardea_remembered_is_for (const CardeaRemembered *self, const CardeaRememberedKey *key)
{
  return self->port == key->port && strcmp (self->server, key->server) == 0 &&
         strcmp (self->program, key->program) == 0 && strcmp (self->trust, key->trust) == 0;
}

gboolean
cardea_remembered_is_renewed_by (const CardeaRemembered *self, const CardeaCertificateId *other)
{
  return !self->without && cardea_certificate_id_is_renewed_by (&self->certificate, other);
}

static gboolean
certificates_equal (const CardeaCertificateId *a, const CardeaCertificateId *b)
{
  return strcmp (a->sha256, b->sha256) == 0 && strcmp (a->issuer, b->issuer) == 0 &&
         strcmp (a->subject, b->subject) == 0 && a->purposes == b->purposes && a->not_after == b->not_after;
}

gboolean
cardea_remembered_equal (const CardeaRemembered *a, const CardeaRemembered *b)
{
  CardeaRememberedKey key = cardea_remembered_get_key (b);

  return cardea_remembered_is_for (a, &key) && strcmp (a->id, b->id) == 0 &&
         strcmp (a->label, b->label) == 0 && a->until == b->until &&
         g_strcmp0 (a->token_uri, b->token_uri) == 0 && a->without == b->without &&
         certificates_equal (&a->certificate, &b->certificate) && a->made == b->made &&
         a->last_used == b->last_used && a->used == b->used;
}

static void
unref_element (gpointer remembered)
{
  cardea_remembered_unref (remembered);
}

GPtrArray *
cardea_remembered_list_new (void)
{
  return g_ptr_array_new_with_free_func (unref_element);
}
