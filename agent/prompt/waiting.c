/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting for a person, in turns.
 *
 * Any program may ask as often as it likes, and only one question is shown at a time. In the order in which
 * they came a single program would fill the queue, and keep every other one from the person for as long as it
 * wanted. So the turns are the programs', one question each, and within one program in the order they came; a
 * program that was just served is not served again while another one waits, however quickly it asks anew.
 *
 * Where all places are taken, the program that holds most gives one up to a newcomer that holds at least two
 * fewer: its youngest, which would have waited longest. Anything less would only pass the place to and fro.
 * So the places come to be shared as equally as the programs want them, and at most as many programs as there
 * are places wait.
 *
 * Few wait: everything here is searched from one end to the other. */

#include "agent/prompt/waiting.h"

struct _CardeaWaiting
{
  guint limit, limit_per_caller;
  guint length;
  GQueue callers; /* of Caller, the next one first; none without a question */
  char *served;   /* the key of the one whose turn was last, or NULL */
};

typedef struct
{
  char *key;
  GQueue questions; /* the oldest first */
} Caller;

CardeaWaiting *
cardea_waiting_new (guint limit, guint limit_per_caller)
{
  CardeaWaiting *self = g_new0 (CardeaWaiting, 1);

  self->limit = limit;
  self->limit_per_caller = limit_per_caller;
  g_queue_init (&self->callers);
  return self;
}

static void
caller_free (gpointer data)
{
  Caller *caller = data;

  g_queue_clear (&caller->questions);
  g_free (caller->key);
  g_free (caller);
}

void
cardea_waiting_free (CardeaWaiting *self)
{
  g_queue_clear_full (&self->callers, caller_free);
  g_free (self->served);
  g_free (self);
}

guint
cardea_waiting_get_length (const CardeaWaiting *self)
{
  return self->length;
}

static guint
count (const Caller *caller)
{
  return caller != NULL ? caller->questions.length : 0;
}

static Caller *
find (CardeaWaiting *self, const char *key)
{
  for (GList *link = self->callers.head; link != NULL; link = link->next)
    if (g_str_equal (((const Caller *)link->data)->key, key))
      return link->data;
  return NULL;
}

/* Of those that hold the same, the one whose turn comes last. */
static Caller *
find_largest (CardeaWaiting *self)
{
  Caller *largest = NULL;

  for (GList *link = self->callers.tail; link != NULL; link = link->prev)
    if (count (link->data) > count (largest))
      largest = link->data;
  return largest;
}

static Caller *
obtain (CardeaWaiting *self, const char *key)
{
  Caller *caller = find (self, key);

  if (caller != NULL)
    return caller;
  caller = g_new0 (Caller, 1);
  caller->key = g_strdup (key);
  g_queue_init (&caller->questions);
  g_queue_push_tail (&self->callers, caller);
  return caller;
}

gboolean
cardea_waiting_add (CardeaWaiting *self, const char *caller_key, gpointer question, gpointer *displaced)
{
  guint held = count (find (self, caller_key));

  *displaced = NULL;
  if (held >= self->limit_per_caller)
    return FALSE;
  if (self->length >= self->limit) {
    Caller *largest = find_largest (self);

    if (held + 1 >= count (largest))
      return FALSE;
    *displaced = g_queue_pop_tail (&largest->questions);
    self->length--;
  }
  g_queue_push_tail (&obtain (self, caller_key)->questions, question);
  self->length++;
  return TRUE;
}

/* The one whose turn it is; NULL: nobody waits. */
static Caller *
take_caller (CardeaWaiting *self)
{
  Caller *caller = g_queue_pop_head (&self->callers);

  if (caller == NULL || self->callers.length == 0 || g_strcmp0 (caller->key, self->served) != 0)
    return caller;
  g_queue_push_tail (&self->callers, caller);
  return g_queue_pop_head (&self->callers);
}

gpointer
cardea_waiting_take (CardeaWaiting *self)
{
  Caller *caller = take_caller (self);
  gpointer question;

  if (caller == NULL)
    return NULL;
  question = g_queue_pop_head (&caller->questions);
  self->length--;
  g_free (self->served);
  self->served = g_strdup (caller->key);
  if (count (caller) > 0)
    g_queue_push_tail (&self->callers, caller);
  else
    caller_free (caller);
  return question;
}

void
cardea_waiting_remove (CardeaWaiting *self, gpointer question)
{
  for (GList *link = self->callers.head; link != NULL; link = link->next) {
    Caller *caller = link->data;

    if (!g_queue_remove (&caller->questions, question))
      continue;
    self->length--;
    if (count (caller) == 0) {
      g_queue_delete_link (&self->callers, link);
      caller_free (caller);
    }
    return;
  }
}
