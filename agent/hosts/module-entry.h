/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One module as a configuration file names it, before anybody looked at the file itself. */
typedef struct
{
  char *name;           /* for people */
  char *path;           /* absolute */
  char *init_arguments; /* or NULL */
  char *origin;         /* the file that names it, for messages */
  gboolean is_trust;    /* a source of authorities, no tokens */
} CardeaModuleEntry;

CardeaModuleEntry *cardea_module_entry_new (const char *name, const char *path, const char *init_arguments,
                                            const char *origin);
void cardea_module_entry_free (CardeaModuleEntry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaModuleEntry, cardea_module_entry_free)

/* A new GPtrArray that owns CardeaModuleEntry elements. */
GPtrArray *cardea_module_entries_new (void);

/* Modules that only lead back to other modules, or hold no tokens: p11-kit's proxy and client, NSS's own. */
gboolean cardea_module_entry_is_skipped (const CardeaModuleEntry *self);
/* p11-kit-trust.so */
gboolean cardea_module_entry_is_p11_kit_trust (const CardeaModuleEntry *self);

G_END_DECLS
