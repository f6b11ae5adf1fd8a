/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What was decided, and is remembered.
 *
 * Whatever is wrong with the file, the answer is "nothing is remembered": a person is asked again, which
 * costs a click; a decision nobody made would cost a signature. A file that cannot be used is kept aside, one
 * of a newer version stays where it is, and neither is ever written over. */

#include "agent/decisions/decisions.h"

#include <string.h>

#include "agent/base/printable.h"
#include "agent/base/reason.h"
#include "agent/decisions/decisions-file.h"
#include "agent/decisions/decisions-saver.h"
#include "agent/decisions/decisions-text.h"
#include "socket-api/limits.h"

struct _CardeaDecisions
{
  GObject parent_instance;
  char *folder;
  GPtrArray *permanent;      /* of CardeaRemembered, as in the file */
  GPtrArray *session;        /* likewise; never in the file */
  CardeaDecisionsFile *file; /* the saver's */
  CardeaDecisionsSaver *saver;
  CardeaReason *problem; /* of the file that was there at the start, or NULL */
};

G_DEFINE_FINAL_TYPE (CardeaDecisions, cardea_decisions, G_TYPE_OBJECT)

static guint signal_changed;

static void
emit_changed (CardeaDecisions *self)
{
  g_signal_emit (self, signal_changed, 0);
}

/* The last in the list is the newest, and not looked at: with a clock that went back it would be the first to
 * go. */
static guint
find_least_used (GPtrArray *list)
{
  guint least = 0;

  for (guint i = 1; i + 1 < list->len; i++) {
    const CardeaRemembered *each = g_ptr_array_index (list, i);

    if (each->last_used < ((const CardeaRemembered *)g_ptr_array_index (list, least))->last_used)
      least = i;
  }
  return least;
}

static void
drop_bytes (GPtrArray *list, gsize bytes)
{
  gsize dropped = 0;

  while (dropped < bytes) {
    guint index = find_least_used (list);

    dropped += cardea_decisions_text_measure (g_ptr_array_index (list, index));
    g_ptr_array_remove_index (list, index);
  }
}

/* Long keys may make the file too long before there are too many. One by itself never does. */
static GBytes *
make_text (gpointer owner)
{
  CardeaDecisions *self = owner;
  GBytes *text = cardea_decisions_text_make (self->permanent);
  gsize size = g_bytes_get_size (text);

  if (size <= CARDEA_LIMIT_DECISIONS_BYTES)
    return text;
  g_bytes_unref (text);
  drop_bytes (self->permanent, size - CARDEA_LIMIT_DECISIONS_BYTES);
  return cardea_decisions_text_make (self->permanent);
}

static void
on_saver_settled (gpointer owner)
{
  emit_changed (owner);
}

static const CardeaDecisionsSaverOwner saver_functions = { make_text, on_saver_settled };

CardeaDecisions *
cardea_decisions_new (const char *folder)
{
  CardeaDecisions *self = g_object_new (CARDEA_TYPE_DECISIONS, NULL);

  self->folder = g_strdup (folder);
  self->file = cardea_decisions_file_new (folder);
  self->saver =
      cardea_decisions_saver_new (self->file, &saver_functions, self, CARDEA_LIMIT_DECISIONS_DELAY_MS);
  return self;
}

static void
set_problem (CardeaDecisions *self, const char *message, const GError *error, const char *remedy)
{
  g_autofree char *what = cardea_printable (error->message, -1);
  g_autofree char *safe_remedy = cardea_printable (remedy, -1);

  cardea_reason_free (self->problem);
  self->problem = cardea_reason_new (CARDEA_REASON_DECISIONS_UNREADABLE, safe_remedy, "%s %s", message, what);
}

/* The file stays as it is, and nothing is written. */
static void
keep_in_memory (CardeaDecisions *self, const GError *error)
{
  g_autofree char *remedy =
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED)
          ? g_strdup_printf ("Update Cardea, or move decisions.json out of %s and start the agent again.",
                             self->folder)
          : g_strdup_printf ("Look at %s and the files of decisions in it, mend or remove what is wrong, and "
                             "start the agent again.",
                             self->folder);

  set_problem (self, "No decision of earlier is used, and new ones are kept in memory only.", error, remedy);
  cardea_decisions_saver_block (
      self->saver,
      g_error_new (error->domain, error->code,
                   "What was decided is kept in memory only, until the agent ends. %s", error->message));
}

static void
set_aside (CardeaDecisions *self, const GError *error)
{
  g_autoptr (GError) problem = NULL;
  g_autofree char *name = cardea_decisions_file_set_aside (self->file, &problem);
  g_autofree char *remedy = NULL;

  if (name == NULL) {
    keep_in_memory (self, problem);
    return;
  }
  remedy =
      g_strdup_printf ("Decide again when you are asked. The file is kept as %s/%s; remove it when it is "
                       "of no use.",
                       self->folder, name);
  set_problem (self, "No decision of earlier is used.", error, remedy);
}

void
cardea_decisions_load (CardeaDecisions *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = cardea_decisions_file_read (self->file, &error);
  GPtrArray *list = text != NULL ? cardea_decisions_text_parse (text, &error) : NULL;

  if (list != NULL) {
    g_ptr_array_unref (self->permanent);
    self->permanent = list;
  } else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA)) {
    set_aside (self, error);
  } else if (error != NULL) {
    keep_in_memory (self, error);
  }
}

GPtrArray *
cardea_decisions_get_problems (CardeaDecisions *self)
{
  GPtrArray *problems = cardea_reasons_new ();
  const GError *error = cardea_decisions_saver_get_error (self->saver);
  g_autofree char *what = error != NULL ? cardea_printable (error->message, -1) : NULL;

  if (self->problem != NULL)
    g_ptr_array_add (problems, cardea_reason_copy (self->problem));
  if (what != NULL)
    g_ptr_array_add (problems,
                     cardea_reason_new (CARDEA_REASON_DECISIONS_NOT_SAVED,
                                        "Make room on the disk, or mend the folder; it is tried again each "
                                        "minute. To read a file that was changed, start the agent again.",
                                        "What was decided or forgotten is not saved, and known only until "
                                        "the agent ends. %s",
                                        what));
  return problems;
}

static CardeaRemembered *
find_key (GPtrArray *list, const CardeaRememberedKey *key)
{
  for (guint i = 0; i < list->len; i++)
    if (cardea_remembered_is_for (g_ptr_array_index (list, i), key))
      return g_ptr_array_index (list, i);
  return NULL;
}

const CardeaRemembered *
cardea_decisions_find (CardeaDecisions *self, const CardeaRememberedKey *key)
{
  const CardeaRemembered *found = find_key (self->session, key);

  return found != NULL ? found : find_key (self->permanent, key);
}

static void
replace (GPtrArray *list, CardeaRemembered *remembered)
{
  CardeaRememberedKey key = cardea_remembered_get_key (remembered);
  CardeaRemembered *old = find_key (list, &key);

  if (old != NULL)
    g_ptr_array_remove (list, old);
  g_ptr_array_add (list, remembered);
  if (list->len > CARDEA_LIMIT_DECISIONS)
    g_ptr_array_remove_index (list, find_least_used (list));
}

void
cardea_decisions_add (CardeaDecisions *self, CardeaRemembered *remembered)
{
  CardeaRememberedKey key = cardea_remembered_get_key (remembered);
  CardeaRemembered *of_session = find_key (self->session, &key);

  if (of_session != NULL)
    g_ptr_array_remove (self->session, of_session);
  if (remembered->until == CARDEA_UNTIL_REMOVAL) {
    replace (self->session, remembered);
  } else {
    replace (self->permanent, remembered);
    cardea_decisions_saver_change (self->saver);
  }
  emit_changed (self);
}

static gboolean
has_id (gconstpointer remembered, gconstpointer id)
{
  return strcmp (((const CardeaRemembered *)remembered)->id, id) == 0;
}

void
cardea_decisions_note_used (CardeaDecisions *self, const char *id, gint64 now)
{
  gboolean of_session;
  CardeaRemembered *used;
  guint index;

  of_session = g_ptr_array_find_with_equal_func (self->session, id, has_id, &index);
  if (!of_session && !g_ptr_array_find_with_equal_func (self->permanent, id, has_id, &index))
    return;
  used = g_ptr_array_index (of_session ? self->session : self->permanent, index);
  used->last_used = MAX (now, 0);
  if (used->used < G_MAXINT64)
    used->used++;
  if (!of_session)
    cardea_decisions_saver_change_later (self->saver);
  emit_changed (self);
}

static void
add_all (GPtrArray *to, GPtrArray *from)
{
  for (guint i = 0; i < from->len; i++)
    g_ptr_array_add (to, cardea_remembered_ref (g_ptr_array_index (from, i)));
}

GPtrArray *
cardea_decisions_list (CardeaDecisions *self)
{
  GPtrArray *list = cardea_remembered_list_new ();

  add_all (list, self->session);
  add_all (list, self->permanent);
  return list;
}

/* Removes what @matches says, and returns how many. */
static guint
remove_from (GPtrArray *list, gboolean (*matches) (gconstpointer remembered, gconstpointer data),
             gconstpointer data)
{
  guint before = list->len;

  for (guint i = list->len; i > 0; i--)
    if (matches (g_ptr_array_index (list, i - 1), data))
      g_ptr_array_remove_index (list, i - 1);
  return before - list->len;
}

static gboolean
is_any (gconstpointer remembered, gconstpointer data)
{
  return TRUE;
}

static gboolean
ends_with_token (gconstpointer remembered, gconstpointer token_uri)
{
  const CardeaRemembered *self = remembered;

  return self->token_uri == NULL || strcmp (self->token_uri, token_uri) == 0;
}

static guint
forget (CardeaDecisions *self, gboolean (*matches) (gconstpointer remembered, gconstpointer data),
        gconstpointer data)
{
  guint n = remove_from (self->session, matches, data);
  guint n_permanent = remove_from (self->permanent, matches, data);

  if (n_permanent > 0)
    cardea_decisions_saver_change (self->saver);
  if (n + n_permanent > 0)
    emit_changed (self);
  return n + n_permanent;
}

guint
cardea_decisions_forget (CardeaDecisions *self, const char *id)
{
  g_autofree char *copy = g_strdup (id); /* it may be of the one that goes */

  return forget (self, has_id, copy);
}

guint
cardea_decisions_forget_all (CardeaDecisions *self)
{
  return forget (self, is_any, NULL);
}

guint
cardea_decisions_forget_token (CardeaDecisions *self, const char *token_uri)
{
  g_autofree char *copy = g_strdup (token_uri); /* it may be of one that goes */
  guint n = remove_from (self->session, ends_with_token, copy);

  if (n > 0)
    emit_changed (self);
  return n;
}

void
cardea_decisions_flush_async (CardeaDecisions *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, cardea_decisions_flush_async);
  cardea_decisions_saver_flush_async (self->saver, task);
}

gboolean
cardea_decisions_flush_finish (CardeaDecisions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
cardea_decisions_flush (CardeaDecisions *self, GError **error)
{
  return cardea_decisions_saver_flush (self->saver, error);
}

static void
cardea_decisions_finalize (GObject *object)
{
  CardeaDecisions *self = CARDEA_DECISIONS (object);

  cardea_decisions_saver_close (self->saver);
  g_object_unref (self->saver);
  g_ptr_array_unref (self->permanent);
  g_ptr_array_unref (self->session);
  cardea_reason_free (self->problem);
  g_free (self->folder);
  G_OBJECT_CLASS (cardea_decisions_parent_class)->finalize (object);
}

static void
cardea_decisions_class_init (CardeaDecisionsClass *class)
{
  G_OBJECT_CLASS (class)->finalize = cardea_decisions_finalize;
  signal_changed = g_signal_new ("changed", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
}

static void
cardea_decisions_init (CardeaDecisions *self)
{
  self->permanent = cardea_remembered_list_new ();
  self->session = cardea_remembered_list_new ();
}
