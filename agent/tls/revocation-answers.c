/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Memory of answers from the network.
 *
 * A host that does not answer is remembered as such, for all certificates: it would otherwise cost each
 * connection the whole time that is allowed. Nothing is written to disk; whoever wants to know anew reloads
 * the agent. */

#include "agent/tls/revocation-answers.h"

#include <gio/gio.h>

#include "socket-api/limits.h"

typedef struct
{
  CardeaRevocationStatus status;
  gint64 from, until;
} Answer;

/* By text, with the order they came in. */
typedef struct
{
  GHashTable *by_key; /* -> Answer */
  GQueue order;       /* the keys, borrowed, the oldest first */
} Memory;

struct _CardeaRevocationAnswers
{
  Memory answers;
  Memory failures; /* by "host:port" */
};

static void
init (Memory *memory)
{
  memory->by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_queue_init (&memory->order);
}

static void
forget (Memory *memory)
{
  g_queue_clear (&memory->order);
  g_hash_table_remove_all (memory->by_key);
}

static void
drop (Memory *memory, const char *key)
{
  gpointer known;

  if (!g_hash_table_lookup_extended (memory->by_key, key, &known, NULL))
    return;
  g_queue_remove (&memory->order, known);
  g_hash_table_remove (memory->by_key, key);
}

static void
add (Memory *memory, const char *key, const Answer *answer)
{
  char *copy = g_strdup (key);

  drop (memory, key);
  if (memory->order.length >= CARDEA_LIMIT_REVOCATION_ANSWERS)
    drop (memory, g_queue_peek_head (&memory->order));
  g_hash_table_insert (memory->by_key, copy, g_memdup2 (answer, sizeof *answer));
  g_queue_push_tail (&memory->order, copy);
}

static const Answer *
find (Memory *memory, const char *key, gint64 now)
{
  const Answer *answer = g_hash_table_lookup (memory->by_key, key);

  return answer != NULL && now >= answer->from && now <= answer->until ? answer : NULL;
}

CardeaRevocationAnswers *
cardea_revocation_answers_new (void)
{
  CardeaRevocationAnswers *self = g_new0 (CardeaRevocationAnswers, 1);

  init (&self->answers);
  init (&self->failures);
  return self;
}

void
cardea_revocation_answers_free (CardeaRevocationAnswers *self)
{
  cardea_revocation_answers_forget (self);
  g_hash_table_unref (self->answers.by_key);
  g_hash_table_unref (self->failures.by_key);
  g_free (self);
}

void
cardea_revocation_answers_add (CardeaRevocationAnswers *self, const char *key, CardeaRevocationStatus status,
                               gint64 until, gint64 now)
{
  gint64 longest = now + CARDEA_LIMIT_REVOCATION_ANSWER_S;
  Answer answer = { status, now, MIN (until, longest) };

  /* One that is out of date already is a revocation, or nothing. */
  if (status == CARDEA_REVOCATION_UNKNOWN || until < now)
    answer.until = now + CARDEA_LIMIT_REVOCATION_FAILURE_S;
  add (&self->answers, key, &answer);
}

gboolean
cardea_revocation_answers_find (CardeaRevocationAnswers *self, const char *key, gint64 now,
                                CardeaRevocationStatus *status)
{
  const Answer *answer = find (&self->answers, key, now);

  if (answer != NULL)
    *status = answer->status;
  return answer != NULL;
}

/* NULL for what is no URL. */
static char *
get_host (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL);

  return uri != NULL ? g_strdup_printf ("%s:%d", g_uri_get_host (uri), g_uri_get_port (uri)) : NULL;
}

void
cardea_revocation_answers_add_failure (CardeaRevocationAnswers *self, const char *url, gint64 now)
{
  g_autofree char *host = get_host (url);
  Answer answer = { CARDEA_REVOCATION_UNKNOWN, now, now + CARDEA_LIMIT_REVOCATION_FAILURE_S };

  if (host != NULL)
    add (&self->failures, host, &answer);
}

gboolean
cardea_revocation_answers_has_failed (CardeaRevocationAnswers *self, const char *url, gint64 now)
{
  g_autofree char *host = get_host (url);

  return host == NULL || find (&self->failures, host, now) != NULL;
}

void
cardea_revocation_answers_forget (CardeaRevocationAnswers *self)
{
  forget (&self->answers);
  forget (&self->failures);
}
