/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The buffer of the PIN entry: what others see of it, and what it keeps. */

#include "ui/secret-buffer.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "socket-api/limits.h"

#define NOBODY 65534

/* All that was ever told to somebody else. */
static GString *overheard;

static void
on_inserted (GtkEntryBuffer *buffer, guint position, const char *text, guint n_chars, gpointer data)
{
  g_assert_cmpuint (g_utf8_strlen (text, -1), ==, n_chars);
  g_string_append (overheard, text);
}

static void
on_notify (GObject *object, GParamSpec *pspec, gpointer data)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, pspec->value_type);
  g_object_get_property (object, pspec->name, &value);
  if (G_VALUE_HOLDS_STRING (&value))
    g_string_append (overheard, g_value_get_string (&value));
}

static void
on_refused (CardeaSecretBuffer *self, guint *count)
{
  *count += 1;
}

static CardeaSecretBuffer *
make_buffer (guint *refused)
{
  g_autoptr (GError) error = NULL;
  CardeaSecretBuffer *self = cardea_secret_buffer_new (&error);

  g_assert_no_error (error);
  g_string_truncate (overheard, 0);
  g_signal_connect (self, "inserted-text", G_CALLBACK (on_inserted), NULL);
  g_signal_connect (self, "notify", G_CALLBACK (on_notify), NULL);
  g_signal_connect (self, "refused", G_CALLBACK (on_refused), refused);
  return self;
}

static void
type (CardeaSecretBuffer *self, const char *text)
{
  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
    gtk_entry_buffer_insert_text (GTK_ENTRY_BUFFER (self),
                                  gtk_entry_buffer_get_length (GTK_ENTRY_BUFFER (self)), c, 1);
}

static void
assert_stolen (CardeaSecretBuffer *self, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaSecret) secret = cardea_secret_buffer_steal (self, &error);
  gsize length = 0;

  g_assert_no_error (error);
  const guint8 *bytes = cardea_secret_peek (secret, &length);
  g_assert_cmpmem (bytes, length, expected, strlen (expected));
}

static void
test_bullets_only (void)
{
  guint refused = 0;
  g_autoptr (CardeaSecretBuffer) self = make_buffer (&refused);
  GtkEntryBuffer *buffer = GTK_ENTRY_BUFFER (self);

  type (self, "1234");
  g_assert_cmpstr (gtk_entry_buffer_get_text (buffer), ==, "••••");
  g_assert_cmpuint (gtk_entry_buffer_get_length (buffer), ==, 4);
  g_assert_cmpuint (gtk_entry_buffer_get_bytes (buffer), ==, strlen ("••••"));
  gtk_entry_buffer_delete_text (buffer, 1, 1);
  g_assert_cmpstr (gtk_entry_buffer_get_text (buffer), ==, "•••");
  g_assert_null (strpbrk (overheard->str, "0123456789"));
  g_assert_nonnull (strstr (overheard->str, "•"));
  g_assert_cmpuint (refused, ==, 0);
  assert_stolen (self, "134");
}

static void
test_edited (void)
{
  guint refused = 0;
  g_autoptr (CardeaSecretBuffer) self = make_buffer (&refused);
  GtkEntryBuffer *buffer = GTK_ENTRY_BUFFER (self);

  type (self, "aé€😀z");
  gtk_entry_buffer_insert_text (buffer, 2, "ß", 1);
  gtk_entry_buffer_delete_text (buffer, 3, 1);
  gtk_entry_buffer_insert_text (buffer, 0, "0", 1);
  g_assert_cmpstr (gtk_entry_buffer_get_text (buffer), ==, "••••••");
  gtk_entry_buffer_delete_text (buffer, 4, 100);
  gtk_entry_buffer_insert_text (buffer, 100, "9", 1);
  assert_stolen (self, "0aéß9");
  g_assert_cmpuint (refused, ==, 0);
}

static void
test_stolen_once (void)
{
  guint refused = 0;
  g_autoptr (CardeaSecretBuffer) self = make_buffer (&refused);
  g_autoptr (GError) error = NULL;

  type (self, "1234");
  assert_stolen (self, "1234");
  g_assert_cmpstr (gtk_entry_buffer_get_text (GTK_ENTRY_BUFFER (self)), ==, "");
  g_assert_null (cardea_secret_buffer_steal (self, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  type (self, "99");
  cardea_secret_buffer_clear (self);
  type (self, "5");
  assert_stolen (self, "5");
}

static void
test_refused (void)
{
  guint refused = 0;
  g_autoptr (CardeaSecretBuffer) self = make_buffer (&refused);
  GtkEntryBuffer *buffer = GTK_ENTRY_BUFFER (self);

  g_assert_cmpuint (gtk_entry_buffer_insert_text (buffer, 0, "12", 2), ==, 0);
  g_assert_cmpuint (gtk_entry_buffer_insert_text (buffer, 0, "1234567", -1), ==, 0);
  g_assert_cmpuint (gtk_entry_buffer_insert_text (buffer, 0, "\n", 1), ==, 0);
  g_assert_cmpuint (gtk_entry_buffer_insert_text (buffer, 0, "\t", 1), ==, 0);
  g_assert_cmpuint (gtk_entry_buffer_insert_text (buffer, 0, "\177", 1), ==, 0);
  g_assert_cmpuint (gtk_entry_buffer_insert_text (buffer, 0, "", 0), ==, 0);
  g_assert_cmpuint (refused, ==, 5);
  gtk_entry_buffer_set_text (buffer, "1234", -1);
  g_assert_cmpuint (refused, ==, 6);
  g_assert_cmpuint (gtk_entry_buffer_get_length (buffer), ==, 0);
}

/* The bullet that is inserted next stands for what was held, once. */
static void
test_held (void)
{
  guint refused = 0;
  g_autoptr (CardeaSecretBuffer) self = make_buffer (&refused);
  GtkEntryBuffer *buffer = GTK_ENTRY_BUFFER (self);

  g_assert_true (cardea_secret_buffer_hold (self, "7", 1));
  g_assert_cmpuint (gtk_entry_buffer_get_length (buffer), ==, 0);
  gtk_entry_buffer_insert_text (buffer, 0, CARDEA_SECRET_BULLET, 1);
  gtk_entry_buffer_insert_text (buffer, 1, CARDEA_SECRET_BULLET, 1);
  assert_stolen (self, "7" CARDEA_SECRET_BULLET);
  g_assert_true (cardea_secret_buffer_hold (self, "8", 1));
  cardea_secret_buffer_clear (self);
  gtk_entry_buffer_insert_text (buffer, 0, CARDEA_SECRET_BULLET, 1);
  assert_stolen (self, CARDEA_SECRET_BULLET);
  g_assert_false (cardea_secret_buffer_hold (self, "12", 2));
  g_assert_false (cardea_secret_buffer_hold (self, "\n", 1));
  g_assert_cmpuint (refused, ==, 2);
}

static void
fill (CardeaSecretBuffer *self, gsize n_bytes)
{
  for (gsize i = 0; i < n_bytes; i++)
    type (self, "7");
}

static void
test_length (void)
{
  guint refused = 0;
  g_autoptr (CardeaSecretBuffer) self = make_buffer (&refused);
  g_autofree char *longest = g_strnfill (CARDEA_LIMIT_PIN_BYTES, '7');

  fill (self, CARDEA_LIMIT_PIN_BYTES);
  g_assert_cmpuint (refused, ==, 0);
  type (self, "8");
  g_assert_cmpuint (refused, ==, 1);
  assert_stolen (self, longest);
  /* In bytes, not in characters. */
  fill (self, CARDEA_LIMIT_PIN_BYTES - 1);
  type (self, "é");
  g_assert_cmpuint (refused, ==, 2);
  type (self, "7");
  assert_stolen (self, longest);
}

static void
assert_zeros (guint64 from, guint64 to)
{
  for (const guint8 *byte = GSIZE_TO_POINTER (from); byte < (const guint8 *)GSIZE_TO_POINTER (to); byte++)
    g_assert_cmpuint (*byte, ==, 0);
}

/* What was deleted is not in memory any more: the only locked pages there are hold nothing. */
static void
test_erased (void)
{
  guint refused = 0;
  g_autoptr (CardeaSecretBuffer) self = make_buffer (&refused);
  g_autofree char *maps = NULL;
  guint64 from = 0, to = 0, first, second;
  guint locked = 0;

  type (self, "86428642");
  cardea_secret_buffer_clear (self);
  g_assert_true (g_file_get_contents ("/proc/self/smaps", &maps, NULL, NULL));
  g_auto (GStrv) lines = g_strsplit (maps, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    if (sscanf (*line, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x ", &first, &second) == 2) {
      from = first;
      to = second;
    } else if (g_str_has_prefix (*line, "VmFlags:") && strstr (*line, " lo") != NULL) {
      locked++;
      assert_zeros (from, to);
    }
  }
  g_assert_cmpuint (locked, ==, 1);
}

/* Without memory to lock there is no entry; root's capability would hide it, so root gives it up. */
static void
test_locking_fails (void)
{
  pid_t child = fork ();
  int status = 0;

  if (child == 0) {
    const struct rlimit none = { 0, 0 };
    g_autoptr (GError) error = NULL;

    if (setrlimit (RLIMIT_MEMLOCK, &none) != 0 ||
        (geteuid () == 0 && setresuid (NOBODY, NOBODY, NOBODY) != 0))
      _exit (2);
    CardeaSecretBuffer *self = cardea_secret_buffer_new (&error);
    _exit (self == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE) ? 0 : 1);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  overheard = g_string_new (NULL);
  g_test_add_func ("/secret-buffer/bullets-only", test_bullets_only);
  g_test_add_func ("/secret-buffer/edited", test_edited);
  g_test_add_func ("/secret-buffer/stolen-once", test_stolen_once);
  g_test_add_func ("/secret-buffer/refused", test_refused);
  g_test_add_func ("/secret-buffer/held", test_held);
  g_test_add_func ("/secret-buffer/length", test_length);
  g_test_add_func ("/secret-buffer/erased", test_erased);
  g_test_add_func ("/secret-buffer/locking-fails", test_locking_fails);
  int status = g_test_run ();
  g_string_free (overheard, TRUE);
  return status;
}
