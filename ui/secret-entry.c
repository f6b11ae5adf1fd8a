/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* An entry that tells nobody what is typed into it.
 *
 * Before a character reaches the buffer, GTK shows it to whoever connected to the entry's "insert-text", and
 * one of those tells the accessibility bus. So that signal ends here, before others get it: the character
 * goes to the buffer, and the signal begins again with a bullet. */

#include "ui/secret-entry.h"

#include <string.h>

static void
on_insert_text (GtkEditable *text, const char *inserted, int length, int *position,
                CardeaSecretBuffer *buffer)
{
  gsize n_bytes = length < 0 ? strlen (inserted) : (gsize)length;

  g_signal_stop_emission_by_name (text, "insert-text");
  if (!cardea_secret_buffer_hold (buffer, inserted, n_bytes))
    return;
  g_signal_handlers_block_by_func (text, on_insert_text, buffer);
  gtk_editable_insert_text (text, CARDEA_SECRET_BULLET, -1, position);
  g_signal_handlers_unblock_by_func (text, on_insert_text, buffer);
}

void
cardea_secret_entry_set_buffer (GtkWidget *entry, CardeaSecretBuffer *buffer)
{
  GtkEditable *text = gtk_editable_get_delegate (GTK_EDITABLE (entry));

  gtk_text_set_buffer (GTK_TEXT (text), GTK_ENTRY_BUFFER (buffer));
  /* Undoing would bring bullets back, and nothing behind them. */
  gtk_editable_set_enable_undo (GTK_EDITABLE (entry), FALSE);
  g_signal_connect_object (text, "insert-text", G_CALLBACK (on_insert_text), buffer, 0);
}
