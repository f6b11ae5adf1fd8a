/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gtk/gtk.h>

#include "ui/secret-buffer.h"

G_BEGIN_DECLS

/* Makes @buffer what is typed into @entry, a GtkPasswordEntry. */
void cardea_secret_entry_set_buffer (GtkWidget *entry, CardeaSecretBuffer *buffer);

G_END_DECLS
