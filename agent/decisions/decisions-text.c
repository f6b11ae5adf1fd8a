/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The text of the file of decisions.
 *
 *     {"format": "cardea-decisions", "version": 1, "checksum": SHA-256 in hex, "decisions": [{...}, ...]}
 *
 * A flipped bit may turn one port or one certificate into another and leave good JSON, so each value is part
 * of the checksum. It is taken over the values, with their lengths, rather than over the bytes: a library
 * that one day writes a string differently must not make the file a damaged one. It protects from accidents;
 * whoever can write the file can make a checksum, and is the user.
 *
 * A file is taken whole or not at all. Half of somebody's decisions, with those missing that said "without a
 * certificate", would be another policy than theirs. */

#include "agent/decisions/decisions-text.h"

#include <gio/gio.h>
#include <string.h>

#include "socket-api/limits.h"
#include "socket-api/wire/message.h"

#define FORMAT "cardea-decisions"
#define VERSION 1
#define WITHOUT "none"

static void
add_text (GChecksum *sum, const char *text)
{
  g_autofree char *length = g_strdup_printf ("%" G_GSIZE_FORMAT ":", strlen (text));

  g_checksum_update (sum, (const guchar *)length, -1);
  g_checksum_update (sum, (const guchar *)text, -1);
}

static void
add_number (GChecksum *sum, gint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, number);

  add_text (sum, text);
}

static void
add_remembered (GChecksum *sum, const CardeaRemembered *each)
{
  add_text (sum, each->id);
  add_text (sum, each->program);
  add_text (sum, each->label);
  add_text (sum, each->server);
  add_number (sum, each->port);
  add_text (sum, each->trust);
  add_text (sum, each->without ? WITHOUT : each->certificate.sha256);
  add_text (sum, each->certificate.issuer);
  add_text (sum, each->certificate.subject);
  add_number (sum, each->certificate.purposes);
  add_number (sum, each->certificate.not_after);
  add_number (sum, each->made);
  add_number (sum, each->used);
  add_number (sum, each->last_used);
}

static char *
make_checksum (GPtrArray *list)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  add_text (sum, FORMAT);
  add_number (sum, VERSION);
  add_number (sum, list->len);
  for (guint i = 0; i < list->len; i++)
    add_remembered (sum, g_ptr_array_index (list, i));
  return g_strdup (g_checksum_get_string (sum));
}

/* The values were checked: what is no UTF-8 cannot come here. */
static json_t *
pack (const CardeaRemembered *each)
{
  json_t *object = json_pack (
      "{s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "id", each->id, "program",
      each->program, "label", each->label, "server", each->server, "port", (int)each->port, "trust",
      each->trust, "certificate", each->without ? WITHOUT : each->certificate.sha256, "issuer",
      each->certificate.issuer, "subject", each->certificate.subject, "purposes",
      (json_int_t)each->certificate.purposes, "not_after", (json_int_t)each->certificate.not_after, "made",
      (json_int_t)each->made, "used", (json_int_t)each->used, "last_used", (json_int_t)each->last_used);

  g_assert (object != NULL);
  return object;
}

GBytes *
cardea_decisions_text_make (GPtrArray *list)
{
  g_autofree char *checksum = make_checksum (list);
  g_autoptr (json_t) root = NULL;
  json_t *decisions = json_array ();
  gsize length;
  char *text;

  for (guint i = 0; i < list->len; i++)
    json_array_append_new (decisions, pack (g_ptr_array_index (list, i)));
  root = json_pack ("{s:s, s:i, s:s, s:o}", "format", FORMAT, "version", VERSION, "checksum", checksum,
                    "decisions", decisions);
  g_assert (root != NULL);
  length = json_dumpb (root, NULL, 0, JSON_COMPACT);
  text = g_malloc (length + 1);
  json_dumpb (root, text, length, JSON_COMPACT);
  text[length] = '\n';
  return g_bytes_new_take (text, length + 1);
}

gsize
cardea_decisions_text_measure (const CardeaRemembered *remembered)
{
  g_autoptr (json_t) object = pack (remembered);

  return json_dumpb (object, NULL, 0, JSON_COMPACT) + strlen (",");
}

static gpointer
fail_damaged (GError **error, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "The file is damaged: %s.", what);
  return NULL;
}

static gboolean
copy_hash (char *hash, const char *text)
{
  return g_strlcpy (hash, text, 65) < 65;
}

/* NULL for whatever this program would not have written. */
static CardeaRemembered *
unpack (json_t *object)
{
  g_autoptr (CardeaRemembered) self = cardea_remembered_new_empty ();
  const char *id, *program, *label, *server, *trust, *certificate, *issuer, *subject;
  json_int_t port, purposes, not_after, made, used, last_used;

  if (json_unpack_ex (
          object, NULL, JSON_STRICT, "{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}",
          "id", &id, "program", &program, "label", &label, "server", &server, "port", &port, "trust", &trust,
          "certificate", &certificate, "issuer", &issuer, "subject", &subject, "purposes", &purposes,
          "not_after", &not_after, "made", &made, "used", &used, "last_used", &last_used) != 0 ||
      port < 1 || port > G_MAXUINT16 || purposes < 0 || purposes > G_MAXUINT)
    return NULL;
  self->without = strcmp (certificate, WITHOUT) == 0;
  if (!copy_hash (self->certificate.sha256, self->without ? "" : certificate) ||
      !copy_hash (self->certificate.issuer, issuer) || !copy_hash (self->certificate.subject, subject))
    return NULL;
  self->id = g_strdup (id);
  self->program = g_strdup (program);
  self->label = g_strdup (label);
  self->server = g_strdup (server);
  self->trust = g_strdup (trust);
  self->port = (guint16)port;
  self->certificate.purposes = (guint)purposes;
  self->certificate.not_after = not_after;
  self->made = made;
  self->used = used;
  self->last_used = last_used;
  return cardea_remembered_check (self, NULL) ? g_steal_pointer (&self) : NULL;
}

/* One id, one key: neither may stand there twice. */
static gboolean
is_new (GHashTable *seen, const CardeaRemembered *each)
{
  return g_hash_table_add (seen, g_strdup (each->id)) &&
         g_hash_table_add (
             seen, g_strdup_printf ("%s\n%s\n%u\n%s", each->program, each->server, each->port, each->trust));
}

static GPtrArray *
unpack_list (json_t *array, GError **error)
{
  g_autoptr (GPtrArray) list = cardea_remembered_list_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  if (json_array_size (array) > CARDEA_LIMIT_DECISIONS)
    return fail_damaged (error, "there are too many decisions in it");
  for (size_t i = 0; i < json_array_size (array); i++) {
    CardeaRemembered *each = unpack (json_array_get (array, i));

    if (each == NULL)
      return fail_damaged (error, "one of its decisions is none");
    g_ptr_array_add (list, each);
    if (!is_new (seen, each))
      return fail_damaged (error, "a decision stands in it twice");
  }
  return g_steal_pointer (&list);
}

static gboolean
is_newer (json_t *root)
{
  const char *format = json_string_value (json_object_get (root, "format"));

  return g_strcmp0 (format, FORMAT) == 0 && json_integer_value (json_object_get (root, "version")) > VERSION;
}

static GPtrArray *
unpack_root (json_t *root, GError **error)
{
  g_autoptr (GPtrArray) list = NULL;
  g_autofree char *expected = NULL;
  const char *format, *checksum;
  json_t *decisions;
  json_int_t version;

  if (json_unpack_ex (root, NULL, JSON_STRICT, "{s:s, s:I, s:s, s:o}", "format", &format, "version", &version,
                      "checksum", &checksum, "decisions", &decisions) != 0 ||
      strcmp (format, FORMAT) != 0 || version != VERSION || !json_is_array (decisions))
    return fail_damaged (error, "it holds no decisions");
  list = unpack_list (decisions, error);
  if (list == NULL)
    return NULL;
  expected = make_checksum (list);
  if (strcmp (checksum, expected) != 0)
    return fail_damaged (error, "its checksum is wrong");
  return g_steal_pointer (&list);
}

GPtrArray *
cardea_decisions_text_parse (GBytes *text, GError **error)
{
  gsize length;
  const char *data = g_bytes_get_data (text, &length);
  g_autoptr (json_t) root = NULL;

  if (length == 0)
    return fail_damaged (error, "it is empty");
  if (length > CARDEA_LIMIT_DECISIONS_BYTES)
    return fail_damaged (error, "it is too long");
  root = json_loadb (data, length, JSON_REJECT_DUPLICATES, NULL);
  if (root == NULL)
    return fail_damaged (error, "it is not valid JSON");
  if (is_newer (root)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "The file is of a newer version of Cardea.");
    return NULL;
  }
  return unpack_root (root, error);
}
