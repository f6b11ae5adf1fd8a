/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What changed, told as the difference of two looks.
 *
 * Nothing is queued for a subscriber: however slowly it reads, there is one look that it was told of, and the
 * next reply is what changed since. What came and went between the two is not told. */
#include "agent/api/watch.h"

#include "agent/broker/json.h"

typedef struct
{
  const char *name;       /* of the event's member, and what it says of itself */
  const char *members[3]; /* what tells one from another */
  gboolean counts;        /* it has counters, whose change is no event */
} Kind;

static const Kind kinds[] = {
  { "token", { "module", "reader", "uri" }, FALSE },
  { "certificate", { "token", "uri", "sha256" }, FALSE },
  { "session", { "id" }, TRUE },
};

static char *
make_key (const Kind *kind, json_t *value)
{
  GString *key = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (kind->members) && kind->members[i] != NULL; i++) {
    const char *part = json_string_value (json_object_get (value, kind->members[i]));

    g_string_append_printf (key, "%s\n", part != NULL ? part : "");
  }
  return g_string_free (key, FALSE);
}

/* Takes @value. Tokens that nothing tells apart are told apart by their order. */
static void
add (json_t *index, const Kind *kind, json_t *value)
{
  g_autofree char *key = make_key (kind, value);
  g_autofree char *name = g_strdup (key);

  for (guint n = 2; json_object_get (index, name) != NULL; n++) {
    g_free (name);
    name = g_strdup_printf ("%s%u", key, n);
  }
  json_object_set_new (index, name, value);
}

json_t *
cardea_watch_look (const CardeaMethodContext *context)
{
  g_autoptr (GPtrArray) tokens = cardea_catalogue_get_tokens (context->catalogue);
  g_autoptr (GPtrArray) reading = cardea_catalogue_get_reading (context->catalogue);
  g_autoptr (GPtrArray) certificates = cardea_catalogue_get_certificates (context->catalogue);
  g_autoptr (GPtrArray) sessions = cardea_broker_get_sessions (context->broker);
  json_t *look = json_object ();
  json_t *indexes[G_N_ELEMENTS (kinds)];

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    indexes[i] = json_object ();
    json_object_set_new (look, kinds[i].name, indexes[i]);
  }
  for (guint i = 0; i < tokens->len; i++)
    add (indexes[0], &kinds[0], cardea_methods_describe_token (context, tokens->pdata[i]));
  for (guint i = 0; i < reading->len; i++)
    add (indexes[0], &kinds[0], cardea_methods_describe_token (context, reading->pdata[i]));
  for (guint i = 0; i < certificates->len; i++)
    add (indexes[1], &kinds[1], cardea_json_from_certificate (certificates->pdata[i]));
  for (guint i = 0; i < sessions->len; i++)
    add (indexes[2], &kinds[2], cardea_json_from_session (sessions->pdata[i]));
  json_object_set_new (look, "problems", cardea_methods_list_problems (context));
  return look;
}

/* A copy without what only counts. */
static json_t *
leave_counters_out (json_t *value)
{
  json_t *copy = json_copy (value);

  json_object_del (copy, "bytes_in");
  json_object_del (copy, "bytes_out");
  return copy;
}

static gboolean
is_same (const Kind *kind, json_t *old, json_t *value)
{
  g_autoptr (json_t) before = kind->counts ? leave_counters_out (old) : json_incref (old);
  g_autoptr (json_t) now = kind->counts ? leave_counters_out (value) : json_incref (value);

  return json_equal (before, now);
}

static void
add_event (json_t *events, const Kind *kind, const char *how, json_t *value)
{
  json_array_append_new (events,
                         json_pack ("{s:s, s:s, s:O}", "what", kind->name, "how", how, kind->name, value));
}

static void
add_left (json_t *events, const Kind *kind, json_t *before, json_t *now)
{
  const char *key;
  json_t *value;

  json_object_foreach (before, key, value)
    if (json_object_get (now, key) == NULL)
      add_event (events, kind, "left", value);
}

/* @before NULL: everything is there from the start. */
static void
add_others (json_t *events, const Kind *kind, json_t *before, json_t *now)
{
  const char *key;
  json_t *value;

  json_object_foreach (now, key, value) {
    json_t *old = json_object_get (before, key);

    if (before == NULL)
      add_event (events, kind, "present", value);
    else if (old == NULL)
      add_event (events, kind, "arrived", value);
    else if (!is_same (kind, old, value))
      add_event (events, kind, "changed", value);
  }
}

json_t *
cardea_watch_compare (json_t *before, json_t *now)
{
  g_autoptr (json_t) events = json_array ();
  json_t *problems = json_object_get (now, "problems");
  gboolean same_problems = json_equal (json_object_get (before, "problems"), problems);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    add_left (events, &kinds[i], json_object_get (before, kinds[i].name),
              json_object_get (now, kinds[i].name));
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    add_others (events, &kinds[i], json_object_get (before, kinds[i].name),
                json_object_get (now, kinds[i].name));
  if (before != NULL && same_problems && json_array_size (events) == 0)
    return NULL;
  return json_pack ("{s:O, s:O*}", "events", events, "problems", same_problems ? NULL : problems);
}
