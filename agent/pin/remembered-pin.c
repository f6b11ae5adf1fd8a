/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rules of remembered PINs.
 *
 * Whatever keeps a PIN for the agent tells it to every program of the user's, so none is kept unless the
 * configuration asks for it, token by token. And a PIN that nobody typed is one that may be wrong by now: it
 * is tried only where a wrong one does no harm, once, and whatever goes wrong leads to the person, who is
 * there anyway. */

#include "agent/pin/remembered-pin.h"

#include "agent/base/token-uri.h"
#include "agent/pin/marks.h"
#include "agent/pin/person.h"
#include "agent/pin/recall.h"
#include "agent/pin/source-choice.h"

typedef struct
{
  char *name, *pattern;
} Chosen;

struct _CardeaRememberedPin
{
  char *folder;
  CardeaPinStore *store; /* or NULL */
  GPtrArray *chosen;     /* of Chosen */
  CardeaPersonGate *gate;
};

static void
free_chosen (gpointer data)
{
  Chosen *chosen = data;

  g_free (chosen->name);
  g_free (chosen->pattern);
  g_free (chosen);
}

CardeaRememberedPin *
cardea_remembered_pin_new (const char *folder)
{
  CardeaRememberedPin *self = g_new0 (CardeaRememberedPin, 1);

  self->folder = g_strdup (folder);
  self->chosen = g_ptr_array_new_with_free_func (free_chosen);
  self->gate = cardea_person_gate_new ();
  return self;
}

void
cardea_remembered_pin_free (CardeaRememberedPin *self)
{
  g_clear_object (&self->store);
  g_ptr_array_unref (self->chosen);
  cardea_person_gate_free (self->gate);
  g_free (self->folder);
  g_free (self);
}

void
cardea_remembered_pin_set_store (CardeaRememberedPin *self, CardeaPinStore *store)
{
  g_set_object (&self->store, store);
}

void
cardea_remembered_pin_set_tokens (CardeaRememberedPin *self, GPtrArray *tokens)
{
  g_ptr_array_set_size (self->chosen, 0);
  for (guint i = 0; tokens != NULL && i < tokens->len; i++) {
    const CardeaRememberConfig *config = g_ptr_array_index (tokens, i);
    Chosen *chosen = g_new0 (Chosen, 1);

    chosen->name = g_strdup (config->name);
    chosen->pattern = g_strdup (config->token);
    g_ptr_array_add (self->chosen, chosen);
  }
}

void
cardea_remembered_pin_require_person (CardeaRememberedPin *self, const char *token_uri)
{
  cardea_person_gate_close (self->gate, token_uri);
}

/* Without a serial number two tokens of one make and label are one to us, and one's PIN would be a lost try
 * on the other. */
static gboolean
has_serial (CardeaToken *token)
{
  return token->info->serial != NULL && token->info->serial[0] != '\0';
}

static gboolean
is_chosen (CardeaRememberedPin *self, GPtrArray *present, CardeaToken *token)
{
  for (guint i = 0; i < self->chosen->len; i++) {
    const Chosen *chosen = g_ptr_array_index (self->chosen, i);

    if (!cardea_token_uri_matches (chosen->pattern, token->uri))
      continue;
    if (cardea_pin_count_matches (present, chosen->pattern) == 1 && has_serial (token))
      return cardea_pin_is_present (present, token);
    g_message ("[remember %s] is not used: its token %s", chosen->name,
               has_serial (token) ? "is one of several that its URI matches" : "has no serial number");
  }
  return FALSE;
}

gboolean
cardea_remembered_pin_may_serve (CardeaRememberedPin *self, GPtrArray *present, CardeaToken *token,
                                 CardeaPinState state)
{
  return self->store != NULL && state == CARDEA_PIN_FINE && !token->info->pinpad &&
         cardea_person_gate_is_open (self->gate, token->uri) && is_chosen (self, present, token);
}

void
cardea_remembered_pin_recall_async (CardeaRememberedPin *self, CardeaToken *token,
                                    GAsyncReadyCallback callback, gpointer data)
{
  cardea_pin_recall_async (self->store, self->folder, token->uri, callback, data);
}

CardeaPinAttempt *
cardea_remembered_pin_recall_finish (GAsyncResult *result, GError **error)
{
  return cardea_pin_recall_finish (result, error);
}

static void
log_forgotten (CardeaPinStore *store, GAsyncResult *result, const char *token_uri)
{
  g_autoptr (GError) error = NULL;

  if (cardea_pin_store_forget_finish (store, result, &error))
    g_message ("The remembered PIN of %s is good no more and was deleted", token_uri);
  else
    g_message ("The remembered PIN of %s is good no more, is not used again, and could not be deleted: %s",
               token_uri, error->message);
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;

  log_forgotten (CARDEA_PIN_STORE (source), result, g_task_get_task_data (task));
  g_task_return_boolean (task, TRUE);
}

void
cardea_remembered_pin_forget_async (CardeaRememberedPin *self, CardeaToken *token,
                                    GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);

  g_task_set_source_tag (task, cardea_remembered_pin_forget_async);
  g_task_set_task_data (task, g_strdup (token->uri), g_free);
  if (self->store != NULL) {
    cardea_pin_store_forget_async (self->store, token->uri, NULL, on_forgotten, task);
    return;
  }
  g_task_return_boolean (task, TRUE); /* it is as good as gone: the mark stays */
  g_object_unref (task);
}

/* An old PIN on its way out of the store. */
typedef struct
{
  CardeaPinStore *store;
  char *folder, *token_uri;
} Outdating;

static void
free_outdating (gpointer data)
{
  Outdating *self = data;

  g_object_unref (self->store);
  g_free (self->folder);
  g_free (self->token_uri);
  g_free (self);
}

static void
on_outdated (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Outdating *self = g_task_get_task_data (task);

  log_forgotten (CARDEA_PIN_STORE (source), result, self->token_uri);
  g_task_return_boolean (task, TRUE);
}

static void
mark_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Outdating *self = data;
  GError *error = NULL;

  if (cardea_mark_set (self->folder, self->token_uri, &cardea_pin_remembered, "of the secret service",
                       &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Where there was a mark already it says the same. */
static void
on_marked (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Outdating *self = g_task_get_task_data (task);

  (void)g_task_propagate_boolean (G_TASK (result), NULL);
  cardea_pin_store_forget_async (self->store, self->token_uri, NULL, on_outdated, task);
}

static gboolean
is_pattern_of (CardeaRememberedPin *self, CardeaToken *token)
{
  for (guint i = 0; i < self->chosen->len; i++)
    if (cardea_token_uri_matches (((const Chosen *)self->chosen->pdata[i])->pattern, token->uri))
      return TRUE;
  return FALSE;
}

/* The mark comes first: the store may be locked, or hang. */
void
cardea_remembered_pin_outdate_async (CardeaRememberedPin *self, CardeaToken *token,
                                     GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  g_autoptr (GTask) marking = NULL;
  Outdating *outdating;

  g_task_set_source_tag (task, cardea_remembered_pin_outdate_async);
  if (self->store == NULL || !is_pattern_of (self, token)) {
    g_task_return_boolean (task, TRUE);
    g_object_unref (task);
    return;
  }
  outdating = g_new0 (Outdating, 1);
  outdating->store = g_object_ref (self->store);
  outdating->folder = g_strdup (self->folder);
  outdating->token_uri = g_strdup (token->uri);
  g_task_set_task_data (task, outdating, free_outdating);
  marking = g_task_new (NULL, NULL, on_marked, task);
  g_task_set_source_tag (marking, on_marked);
  g_task_set_task_data (marking, outdating, NULL);
  g_task_run_in_thread (marking, mark_in_thread);
}

/* One PIN on its way into the store. */
typedef struct
{
  GObject *owner;
  char *folder, *token_uri;
} Keeping;

static void
free_keeping (Keeping *keeping)
{
  g_clear_object (&keeping->owner);
  g_free (keeping->folder);
  g_free (keeping->token_uri);
  g_free (keeping);
}

static void
lift_marks_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Keeping *keeping = data;
  GError *error = NULL;

  /* Where there never was a mark there is no folder either. */
  if (!g_file_test (keeping->folder, G_FILE_TEST_EXISTS) ||
      cardea_mark_accept (keeping->folder, keeping->token_uri, &cardea_pin_remembered, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_marks_lifted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  free_keeping (data);
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_warning ("%s The remembered PIN will not be used, but deleted.", error->message);
}

/* The token takes this PIN, so what was refused before it counts no more. Only now: until the new PIN is in
 * the store the old one is. */
static void
on_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  Keeping *keeping = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GTask) task = NULL;

  if (!cardea_pin_store_store_finish (CARDEA_PIN_STORE (source), result, &error)) {
    g_message ("The PIN of %s is not remembered: %s", keeping->token_uri, error->message);
    free_keeping (keeping);
    return;
  }
  g_message ("The PIN of %s is remembered from now on", keeping->token_uri);
  /* A task may end in its worker, and the owner must not: the callback frees it. */
  task = g_task_new (NULL, NULL, on_marks_lifted, keeping);
  g_task_set_source_tag (task, on_stored);
  g_task_set_task_data (task, keeping, NULL);
  g_task_run_in_thread (task, lift_marks_in_thread);
}

void
cardea_remembered_pin_accept (CardeaRememberedPin *self, GObject *owner, GPtrArray *present,
                              CardeaToken *token, CardeaSecret *pin, gboolean keep)
{
  Keeping *keeping;

  cardea_person_gate_open (self->gate, token->uri);
  if (pin == NULL || !keep || self->store == NULL || token->info->pinpad || !is_chosen (self, present, token))
    return;
  keeping = g_new0 (Keeping, 1);
  keeping->owner = g_object_ref (owner);
  keeping->folder = g_strdup (self->folder);
  keeping->token_uri = g_strdup (token->uri);
  cardea_pin_store_store_async (self->store, token->uri, token->info->label, pin, NULL, on_stored, keeping);
}
