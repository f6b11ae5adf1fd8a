/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Chromium's policies for client certificates.
 *
 * Administrators have them already, and expect a certificate to be chosen outside the browser as inside it.
 * Of the browser's rules the two that decide are kept: the last file wins a policy as a whole, and the most
 * precise pattern wins a server. Its leniency is not: it takes comments and stray commas in these files,
 * where two readers may see different things. */

#include "agent/rules/chromium-policy.h"

#include <string.h>

#include "agent/base/config-server.h"
#include "agent/rules/rule-problem.h"
#include "agent/rules/trusted-file.h"
#include "socket-api/limits.h"
#include "socket-api/wire/message.h"

#define SELECT "AutoSelectCertificateForUrls"
#define PROMPT "PromptOnMultipleMatchingCertificates"

struct _CardeaChromiumPolicy
{
  gint ref_count;
  gboolean prompt;
  GPtrArray *entries; /* of CardeaChromiumEntry */
};

/* What the files of one folder say so far. */
typedef struct
{
  json_t *list; /* SELECT's value, or NULL */
  char *path;   /* of the file that set it */
  gboolean prompt;
} Folder;

const char *const *
cardea_chromium_policy_get_default_folders (void)
{
  static const char *const folders[] = { "/etc/chromium/policies/managed", "/etc/opt/chrome/policies/managed",
                                         NULL };

  return folders;
}

static json_t *
parse_file (const CardeaTrustedFile *file, GPtrArray *problems)
{
  gsize length = strlen (file->text);
  g_autoptr (json_t) root = NULL;
  json_error_t problem;

  if (cardea_wire_json_is_deeper (file->text, length, CARDEA_LIMIT_POLICY_JSON_DEPTH)) {
    cardea_rule_problem_add (problems, "%s: it is nested deeper than %d levels; it is not used.", file->path,
                             CARDEA_LIMIT_POLICY_JSON_DEPTH);
    return NULL;
  }
  root = json_loadb (file->text, length, JSON_REJECT_DUPLICATES, &problem);
  if (root == NULL) {
    cardea_rule_problem_add (problems, "%s:%d: this is not strict JSON; the file is not used.", file->path,
                             problem.line);
    return NULL;
  }
  if (json_is_object (root))
    return g_steal_pointer (&root);
  cardea_rule_problem_add (problems, "%s: it holds no JSON object; it is not used.", file->path);
  return NULL;
}

static void
read_file (Folder *folder, const CardeaTrustedFile *file, GPtrArray *problems)
{
  g_autoptr (json_t) root = parse_file (file, problems);
  json_t *list = root != NULL ? json_object_get (root, SELECT) : NULL;
  json_t *prompt = root != NULL ? json_object_get (root, PROMPT) : NULL;

  if (list != NULL) {
    g_clear_pointer (&folder->list, json_decref);
    folder->list = json_incref (list);
    g_free (folder->path);
    folder->path = g_strdup (file->path);
  }
  if (prompt == NULL)
    return;
  /* Of what cannot be read the careful half is taken. */
  folder->prompt = !json_is_false (prompt);
  if (!json_is_boolean (prompt))
    cardea_rule_problem_add (problems, "%s: \"%s\" is not a boolean; it is taken for true.", file->path,
                             PROMPT);
}

static void
add_entry (CardeaChromiumPolicy *self, const char *path, gsize i, json_t *value, GPtrArray *problems)
{
  g_autofree char *problem = NULL;
  CardeaChromiumEntry *entry = cardea_chromium_entry_parse (value, &problem);

  if (entry != NULL)
    g_ptr_array_add (self->entries, entry);
  else
    cardea_rule_problem_add (problems, "%s: entry %" G_GSIZE_FORMAT " of \"%s\" is not used: %s.", path,
                             i + 1, SELECT, problem);
}

static void
add_list (CardeaChromiumPolicy *self, const char *path, json_t *list, GPtrArray *problems)
{
  json_t *value;
  gsize i;

  if (!json_is_array (list)) {
    cardea_rule_problem_add (problems, "%s: \"%s\" is no list; it is not used.", path, SELECT);
    return;
  }
  json_array_foreach (list, i, value) {
    if (self->entries->len == CARDEA_LIMIT_POLICY_ENTRIES) {
      cardea_rule_problem_add (
          problems, "%s: from entry %" G_GSIZE_FORMAT " on \"%s\" is not used: there are more than %d.", path,
          i + 1, SELECT, CARDEA_LIMIT_POLICY_ENTRIES);
      return;
    }
    add_entry (self, path, i, value, problems);
  }
}

static void
end_folder (CardeaChromiumPolicy *self, Folder *folder, GPtrArray *problems)
{
  if (folder->list != NULL)
    add_list (self, folder->path, folder->list, problems);
  self->prompt |= folder->prompt;
  g_clear_pointer (&folder->list, json_decref);
  g_clear_pointer (&folder->path, g_free);
  folder->prompt = FALSE;
}

CardeaChromiumPolicy *
cardea_chromium_policy_new (GPtrArray *files, GPtrArray *problems)
{
  CardeaChromiumPolicy *self = g_new0 (CardeaChromiumPolicy, 1);
  Folder folder = { NULL };

  self->ref_count = 1;
  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_chromium_entry_free);
  for (guint i = 0; i < files->len; i++) {
    const CardeaTrustedFile *file = files->pdata[i];

    if (i > 0 && !g_str_equal (file->folder, ((const CardeaTrustedFile *)files->pdata[i - 1])->folder))
      end_folder (self, &folder, problems);
    read_file (&folder, file, problems);
  }
  end_folder (self, &folder, problems);
  return self;
}

CardeaChromiumPolicy *
cardea_chromium_policy_load (const char *const *folders, uid_t owner, GPtrArray *problems)
{
  g_autoptr (GPtrArray) files = cardea_trusted_files_new ();

  for (guint i = 0; folders[i] != NULL; i++)
    cardea_trusted_files_read (folders[i], ".json", owner, files, problems);
  return cardea_chromium_policy_new (files, problems);
}

CardeaChromiumPolicy *
cardea_chromium_policy_ref (CardeaChromiumPolicy *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
cardea_chromium_policy_unref (CardeaChromiumPolicy *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_ptr_array_unref (self->entries);
  g_free (self);
}

guint
cardea_chromium_policy_get_length (const CardeaChromiumPolicy *self)
{
  return self->entries->len;
}

/* The entries about the server whose pattern is the most precise. */
static GPtrArray *
find_entries (const CardeaChromiumPolicy *self, const char *host, guint16 port)
{
  GPtrArray *found = g_ptr_array_new ();

  for (guint i = 0; i < self->entries->len; i++) {
    CardeaChromiumEntry *entry = self->entries->pdata[i];
    int order = 0;

    if (!cardea_server_pattern_matches (entry->server, host, port))
      continue;
    if (found->len > 0)
      order = cardea_server_pattern_compare (entry->server,
                                             ((const CardeaChromiumEntry *)found->pdata[0])->server);
    if (order < 0)
      g_ptr_array_set_size (found, 0);
    if (order <= 0)
      g_ptr_array_add (found, entry);
  }
  return found;
}

static gboolean
is_selected (GPtrArray *entries, const CardeaChromiumCandidate *candidate)
{
  for (guint i = 0; i < entries->len; i++)
    if (cardea_chromium_entry_accepts (entries->pdata[i], candidate))
      return TRUE;
  return FALSE;
}

GArray *
cardea_chromium_policy_select (const CardeaChromiumPolicy *self, const char *server_name, guint16 port,
                               GPtrArray *candidates, gboolean *ask)
{
  g_autofree char *host = cardea_config_normalise_host (server_name);
  g_autoptr (GPtrArray) entries = find_entries (self, host, port);
  GArray *selected = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < candidates->len; i++)
    if (is_selected (entries, candidates->pdata[i]))
      g_array_append_val (selected, i);
  *ask = selected->len > 1 && self->prompt;
  return selected;
}
