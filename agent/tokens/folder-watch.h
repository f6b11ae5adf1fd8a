/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Tells that something in a folder came, went or was written, or that the folder itself did, whether it is
 * there yet or not. Main loop only. */
typedef struct _CardeaFolderWatch CardeaFolderWatch;

/* @changed may be told of what is no change: it is for the caller to look. Folders in the folder are watched
 * as well with @depth 1, but nothing further down. NULL where the kernel gives no watch (its limit). */
CardeaFolderWatch *cardea_folder_watch_new (const char *folder, guint depth, GSourceOnceFunc changed,
                                            gpointer data);
void cardea_folder_watch_free (CardeaFolderWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaFolderWatch, cardea_folder_watch_free)

G_END_DECLS
