/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Modules as configuration files name them, and which of those are none of ours. */

#include "agent/hosts/module-entry.h"

#include <stdlib.h>

/* Under which names they are known; a version may follow. */
static const char *const skipped[] = {
  "p11-kit-proxy.so", "p11-kit-client.so", "libp11-kit.so",     "libnssckbi.so",
  "libsoftokn3.so",   "libnsssysinit.so",  "libfreeblpriv3.so", "libnssckbi-testlib.so",
};

CardeaModuleEntry *
cardea_module_entry_new (const char *name, const char *path, const char *init_arguments, const char *origin)
{
  CardeaModuleEntry *self = g_new0 (CardeaModuleEntry, 1);

  self->name = g_strdup (name);
  self->path = g_strdup (path);
  self->init_arguments = init_arguments != NULL && *init_arguments != '\0' ? g_strdup (init_arguments) : NULL;
  self->origin = g_strdup (origin);
  return self;
}

void
cardea_module_entry_free (CardeaModuleEntry *self)
{
  g_free (self->name);
  g_free (self->path);
  g_free (self->init_arguments);
  g_free (self->origin);
  g_free (self);
}

static void
free_element (gpointer entry)
{
  cardea_module_entry_free (entry);
}

GPtrArray *
cardea_module_entries_new (void)
{
  return g_ptr_array_new_with_free_func (free_element);
}

/* "libnssckbi.so" or "libnssckbi.so.1", not "libnssckbi.so-of-mine". */
static gboolean
is_called (const char *path, const char *name)
{
  g_autofree char *base = g_path_get_basename (path);
  gsize length = strlen (name);

  return g_str_has_prefix (base, name) && (base[length] == '\0' || base[length] == '.');
}

static gboolean
is_skipped_name (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (skipped); i++)
    if (is_called (path, skipped[i]))
      return TRUE;
  return FALSE;
}

gboolean
cardea_module_entry_is_skipped (const CardeaModuleEntry *self)
{
  g_autofree char *real = realpath (self->path, NULL);

  return is_skipped_name (self->path) || (real != NULL && is_skipped_name (real));
}

gboolean
cardea_module_entry_is_p11_kit_trust (const CardeaModuleEntry *self)
{
  return is_called (self->path, "p11-kit-trust.so");
}
