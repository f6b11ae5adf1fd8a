/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The error domain: the table of wire names both ways, and parameters that travel with copies. */

#include "socket-api/wire/error.h"

static gboolean
crosses_the_wire (CardeaErrorCode code)
{
  return code < CARDEA_ERROR_PROTOCOL;
}

static void
test_names_both_ways (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < CARDEA_N_ERRORS; i++) {
    const char *name = cardea_error_code_to_name ((CardeaErrorCode)i);
    if (!crosses_the_wire ((CardeaErrorCode)i)) {
      g_assert_null (name);
      continue;
    }
    g_assert_nonnull (name);
    g_assert_true (g_hash_table_add (seen, (gpointer)name));
    CardeaErrorCode code = CARDEA_N_ERRORS;
    g_assert_true (cardea_error_code_from_name (name, &code));
    g_assert_cmpuint (code, ==, i);
  }
}

/* Renumbering a code breaks whoever stored it; these three are pinned. */
static void
test_names_pinned (void)
{
  g_assert_cmpstr (cardea_error_code_to_name (0), ==, "org.cardea.agent.Cancelled");
  g_assert_cmpstr (cardea_error_code_to_name (12), ==, "org.cardea.agent.NotFound");
  g_assert_cmpstr (cardea_error_code_to_name (18), ==, "org.varlink.service.ExpectedMore");
}

static void
test_names_unknown (void)
{
  const char *const names[] = { "",
                                "Busy",
                                "org.cardea.agent.",
                                "org.cardea.agent.busy",
                                "org.cardea.agent2.Busy",
                                "org.cardea.agent.Busy ",
                                NULL };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    CardeaErrorCode code = CARDEA_ERROR_BUSY;
    g_assert_false (cardea_error_code_from_name (names[i], &code));
    g_assert_cmpuint (code, ==, CARDEA_ERROR_BUSY);
  }
  g_assert_null (cardea_error_code_to_name (CARDEA_N_ERRORS));
  g_assert_null (cardea_error_code_to_name ((CardeaErrorCode)-1));
}

static void
test_set (void)
{
  cardea_set_error (NULL, CARDEA_ERROR_BUSY, "nobody %s", "listens");
  g_autoptr (GError) error = NULL;
  cardea_set_error (&error, CARDEA_ERROR_BUSY, "%d calls", 64);
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_BUSY);
  g_assert_cmpstr (error->message, ==, "64 calls");
  g_assert_null (cardea_error_get_parameters (error));
}

static void
test_parameters (void)
{
  g_autoptr (GError) error = cardea_error_new (CARDEA_ERROR_BUSY, "busy");
  cardea_error_take_parameter (error, "what", json_string ("calls"));
  cardea_error_take_parameter (error, "retry_ms", json_integer (1));
  cardea_error_take_parameter (error, "retry_ms", json_integer (2));
  json_t *parameters = cardea_error_get_parameters (error);
  g_assert_cmpuint (json_object_size (parameters), ==, 2);
  g_assert_cmpint (json_integer_value (json_object_get (parameters, "retry_ms")), ==, 2);
}

/* The value is taken even where there is nothing to put it on. */
static void
test_parameters_released (void)
{
  json_t *value = json_string ("kept by the test");
  g_autoptr (GError) foreign = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_NOENT, "foreign");
  cardea_error_take_parameter (NULL, "what", json_incref (value));
  cardea_error_take_parameter (foreign, "what", json_incref (value));
  g_assert_cmpuint (value->refcount, ==, 1);
  g_assert_null (cardea_error_get_parameters (foreign));
  g_assert_null (cardea_error_get_parameters (NULL));
  json_decref (value);

  g_autoptr (GError) error = cardea_error_new (CARDEA_ERROR_BUSY, "busy");
  cardea_error_take_parameter (error, "what", NULL);
  g_assert_null (cardea_error_get_parameters (error));
}

static void
test_copy (void)
{
  g_autoptr (GError) error = cardea_error_new (CARDEA_ERROR_TIMED_OUT, "late");
  cardea_error_take_parameter (error, "what", json_string ("handshake"));
  g_autoptr (GError) copy = g_error_copy (error);
  g_assert_true (cardea_error_get_parameters (copy) == cardea_error_get_parameters (error));

  cardea_error_take_parameter (copy, "what", json_string ("question"));
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "what")), ==,
                   "handshake");
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (copy), "what")), ==,
                   "question");
}

static void
test_copy_outlives (void)
{
  GError *error = cardea_error_new (CARDEA_ERROR_NOT_FOUND, "gone");
  cardea_error_take_parameter (error, "what", json_string ("session"));
  g_autoptr (GError) copy = g_error_copy (error);
  g_error_free (error);
  g_assert_error (copy, CARDEA_ERROR, CARDEA_ERROR_NOT_FOUND);
  json_t *parameters = cardea_error_get_parameters (copy);
  g_assert_cmpuint (parameters->refcount, ==, 1);
  g_assert_cmpstr (json_string_value (json_object_get (parameters, "what")), ==, "session");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/error/names-unknown", test_names_unknown);
  g_test_add_func ("/error/names-both-ways", test_names_both_ways);
  g_test_add_func ("/error/names-pinned", test_names_pinned);
  g_test_add_func ("/error/set", test_set);
  g_test_add_func ("/error/parameters", test_parameters);
  g_test_add_func ("/error/parameters-released", test_parameters_released);
  g_test_add_func ("/error/copy", test_copy);
  g_test_add_func ("/error/copy-outlives", test_copy_outlives);
  return g_test_run ();
}
