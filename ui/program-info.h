/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "socket-api/private/prompt-protocol.h"

G_BEGIN_DECLS

/* What a person knows the asking program by. */
typedef struct
{
  char *name;    /* of its desktop file, as foreign as any other text; NULL without one */
  GIcon *icon;   /* likewise */
  char *kind;    /* "Flatpak application": what the label is worth, in the person's language */
  char *parents; /* "Started by ..."; NULL without parents */
} CardeaProgramInfo;

/* Reads desktop files. */
CardeaProgramInfo *cardea_program_info_new (const CardeaPromptProgram *program);
void cardea_program_info_free (CardeaProgramInfo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaProgramInfo, cardea_program_info_free)

G_END_DECLS
