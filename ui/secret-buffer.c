/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The text of an entry for a PIN.
 *
 * GTK's own entries for passwords draw bullets, but their buffer gives the clear text to whoever asks, and
 * GTK asks for everybody on the accessibility bus: GetText has the whole PIN, and TextChanged each digit as
 * it is typed. So the bullets are the text here. What they stand for is known to two functions, steal and
 * clear.
 *
 * The text is the only thing about a character that is hidden: how many there are is told. */

#include "ui/secret-buffer.h"

#include <string.h>

#include "socket-api/limits.h"
#include "socket-api/secret/pages.h"

#define BULLET CARDEA_SECRET_BULLET
#define BULLET_BYTES 3
#define MAX_BYTES CARDEA_LIMIT_PIN_BYTES
#define MAX_CHARACTER_BYTES 6

struct _CardeaSecretBuffer
{
  GtkEntryBuffer parent_instance;

  char *bytes;   /* on locked pages: UTF-8, without an end */
  gsize size;    /* of the pages */
  gsize used;    /* in bytes */
  gsize held;    /* length of the character that waits behind MAX_BYTES */
  guint n_chars; /* in `bytes` */
  /* What everybody sees. */
  char bullets[MAX_BYTES * BULLET_BYTES + 1];
};

G_DEFINE_FINAL_TYPE (CardeaSecretBuffer, cardea_secret_buffer, GTK_TYPE_ENTRY_BUFFER)

enum
{
  REFUSED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static gsize
offset_of (CardeaSecretBuffer *self, guint position)
{
  return (gsize)(g_utf8_offset_to_pointer (self->bytes, position) - self->bytes);
}

static void
set_n_chars (CardeaSecretBuffer *self, guint n_chars)
{
  self->n_chars = n_chars;
  for (guint i = 0; i < n_chars; i++)
    memcpy (self->bullets + (gsize)i * BULLET_BYTES, BULLET, BULLET_BYTES);
  self->bullets[(gsize)n_chars * BULLET_BYTES] = '\0';
}

static const char *
get_text (GtkEntryBuffer *buffer, gsize *n_bytes)
{
  CardeaSecretBuffer *self = CARDEA_SECRET_BUFFER (buffer);

  if (n_bytes != NULL)
    *n_bytes = (gsize)self->n_chars * BULLET_BYTES;
  return self->bullets;
}

static guint
get_length (GtkEntryBuffer *buffer)
{
  return CARDEA_SECRET_BUFFER (buffer)->n_chars;
}

static gboolean
is_acceptable (CardeaSecretBuffer *self, const char *text, guint n_chars)
{
  if (self->bytes == NULL || n_chars != 1)
    return FALSE;
  gsize length = (gsize)(g_utf8_next_char (text) - text);
  return self->used + length <= MAX_BYTES && !g_unichar_iscntrl (g_utf8_get_char (text));
}

static guint
refuse (CardeaSecretBuffer *self)
{
  g_signal_emit (self, signals[REFUSED], 0);
  return 0;
}

static void
insert_character (CardeaSecretBuffer *self, guint position, const char *character, gsize length)
{
  gsize start = offset_of (self, position);

  memmove (self->bytes + start + length, self->bytes + start, self->used - start);
  memcpy (self->bytes + start, character, length);
  self->used += length;
  set_n_chars (self, self->n_chars + 1);
}

static void
forget_held (CardeaSecretBuffer *self)
{
  explicit_bzero (self->bytes + MAX_BYTES, MAX_CHARACTER_BYTES);
  self->held = 0;
}

static guint
insert_text (GtkEntryBuffer *buffer, guint position, const char *text, guint n_chars)
{
  CardeaSecretBuffer *self = CARDEA_SECRET_BUFFER (buffer);
  gboolean holds = self->held > 0 && n_chars == 1 && g_str_has_prefix (text, BULLET);

  if (n_chars == 0)
    return 0;
  if (!holds && !is_acceptable (self, text, n_chars))
    return refuse (self);
  position = MIN (position, self->n_chars);
  if (holds)
    insert_character (self, position, self->bytes + MAX_BYTES, self->held);
  else
    insert_character (self, position, text, (gsize)(g_utf8_next_char (text) - text));
  forget_held (self);
  gtk_entry_buffer_emit_inserted_text (buffer, position, BULLET, 1);
  return 1;
}

/* The text goes after everybody was told that it will: GTK looks at it once more. */
static void
deleted_text (GtkEntryBuffer *buffer, guint position, guint n_chars)
{
  CardeaSecretBuffer *self = CARDEA_SECRET_BUFFER (buffer);
  gsize start = offset_of (self, position), end = offset_of (self, position + n_chars);

  memmove (self->bytes + start, self->bytes + end, self->used - end);
  explicit_bzero (self->bytes + self->used - (end - start), end - start);
  self->used -= end - start;
  set_n_chars (self, self->n_chars - n_chars);
  g_object_notify (G_OBJECT (self), "text");
  g_object_notify (G_OBJECT (self), "length");
}

static guint
delete_text (GtkEntryBuffer *buffer, guint position, guint n_chars)
{
  CardeaSecretBuffer *self = CARDEA_SECRET_BUFFER (buffer);

  position = MIN (position, self->n_chars);
  n_chars = MIN (n_chars, self->n_chars - position);
  if (n_chars > 0)
    gtk_entry_buffer_emit_deleted_text (buffer, position, n_chars);
  return n_chars;
}

static void
finalize (GObject *object)
{
  CardeaSecretBuffer *self = CARDEA_SECRET_BUFFER (object);

  cardea_pages_free ((guint8 *)self->bytes, self->size);
  G_OBJECT_CLASS (cardea_secret_buffer_parent_class)->finalize (object);
}

static void
cardea_secret_buffer_class_init (CardeaSecretBufferClass *klass)
{
  GtkEntryBufferClass *buffer_class = GTK_ENTRY_BUFFER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  buffer_class->get_text = get_text;
  buffer_class->get_length = get_length;
  buffer_class->insert_text = insert_text;
  buffer_class->delete_text = delete_text;
  buffer_class->deleted_text = deleted_text;
  signals[REFUSED] = g_signal_new ("refused", CARDEA_TYPE_SECRET_BUFFER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
}

static void
cardea_secret_buffer_init (CardeaSecretBuffer *self)
{
}

CardeaSecretBuffer *
cardea_secret_buffer_new (GError **error)
{
  gsize size = MAX_BYTES + MAX_CHARACTER_BYTES;
  guint8 *pages = cardea_pages_new (&size, error);

  if (pages == NULL)
    return NULL;
  CardeaSecretBuffer *self = g_object_new (CARDEA_TYPE_SECRET_BUFFER, NULL);
  self->bytes = (char *)pages;
  self->size = size;
  return self;
}

gboolean
cardea_secret_buffer_hold (CardeaSecretBuffer *self, const char *text, gsize length)
{
  glong n_chars = g_utf8_strlen (text, (gssize)length);

  forget_held (self);
  if (n_chars == 0)
    return FALSE;
  if (length > MAX_CHARACTER_BYTES || !is_acceptable (self, text, (guint)n_chars)) {
    refuse (self);
    return FALSE;
  }
  memcpy (self->bytes + MAX_BYTES, text, length);
  self->held = length;
  return TRUE;
}

CardeaSecret *
cardea_secret_buffer_steal (CardeaSecretBuffer *self, GError **error)
{
  CardeaSecret *secret = cardea_secret_new (self->bytes, self->used, error);

  cardea_secret_buffer_clear (self);
  return secret;
}

void
cardea_secret_buffer_clear (CardeaSecretBuffer *self)
{
  forget_held (self);
  gtk_entry_buffer_delete_text (GTK_ENTRY_BUFFER (self), 0, -1);
}

gsize
cardea_secret_buffer_get_n_bytes (CardeaSecretBuffer *self)
{
  return self->used;
}

gboolean
cardea_secret_buffer_equal (CardeaSecretBuffer *a, CardeaSecretBuffer *b)
{
  volatile guint8 difference = 0;

  if (a->used != b->used)
    return FALSE;
  for (gsize i = 0; i < a->used; i++)
    difference |= (guint8)(a->bytes[i] ^ b->bytes[i]);
  return difference == 0;
}
