/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The agent's command line and what its token hosts get to see of its environment. */
#include "agent/options.h"

#include "agent/environment.h"

static CardeaOptions *
parse (const char *line, GError **error)
{
  g_auto (GStrv) arguments = g_strsplit (line, " ", -1);

  return cardea_options_parse (arguments, error);
}

static void
test_all (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaOptions) options = parse ("cardea-agent --headless --config a.conf -c b.conf --module "
                                             "/m/one.so --module /m/two.so --socket /run/x "
                                             "--state-directory /state --host-program /bin/host",
                                             &error);
  g_auto (GStrv) files = NULL;
  g_autofree char *path = NULL;
  g_autofree char *host = NULL;
  g_autofree char *state = NULL;

  g_assert_no_error (error);
  g_assert_true (options->headless);
  files = cardea_options_get_config_files (options);
  g_assert_cmpstr (files[0], ==, "a.conf");
  g_assert_cmpstr (files[1], ==, "b.conf");
  g_assert_null (files[2]);
  g_assert_cmpstr (options->modules[1], ==, "/m/two.so");
  path = cardea_options_get_socket (options);
  g_assert_cmpstr (path, ==, "/run/x");
  host = cardea_options_get_host_program (options);
  g_assert_cmpstr (host, ==, "/bin/host");
  state = cardea_options_get_state_directory (options);
  g_assert_cmpstr (state, ==, "/state");
}

static void
test_defaults (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaOptions) options = parse ("cardea-agent", &error);
  g_auto (GStrv) files = NULL;
  g_autofree char *path = NULL;
  g_autofree char *nowhere = NULL;

  g_assert_no_error (error);
  g_assert_false (options->headless);
  files = cardea_options_get_config_files (options);
  g_assert_true (g_str_has_suffix (files[0], "/cardea/agent.conf"));
  g_assert_true (g_str_has_suffix (files[1], "/cardea/agent.conf"));
  g_assert_cmpstr (files[0], !=, files[1]);
  g_assert_null (files[2]);

  g_setenv ("XDG_RUNTIME_DIR", "/run/user/7", TRUE);
  path = cardea_options_get_socket (options);
  g_assert_cmpstr (path, ==, "/run/user/7/cardea/agent");
  g_unsetenv ("XDG_RUNTIME_DIR");
  nowhere = cardea_options_get_socket (options);
  g_assert_null (nowhere);
}

static void
test_refused (gconstpointer line)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (parse (line, &error));
  g_assert_true (error != NULL && error->domain == G_OPTION_ERROR);
}

static gboolean
has (char **environment, const char *entry)
{
  return g_strv_contains ((const char *const *)environment, entry);
}

static void
test_environment (void)
{
  static const char *const more[] = { "CARDEA_TEST_PASSED", "PATH", "CARDEA_TEST_ABSENT", NULL };
  g_auto (GStrv) environment = NULL;
  g_autofree char *path = g_strconcat ("PATH=", g_getenv ("PATH"), NULL);
  guint n_paths = 0;

  g_setenv ("CARDEA_TEST_PASSED", "yes", TRUE);
  g_setenv ("CARDEA_TEST_SECRET", "no", TRUE);
  g_unsetenv ("CARDEA_TEST_ABSENT");
  environment = cardea_environment_for_hosts (more);
  g_assert_true (has (environment, "CARDEA_TEST_PASSED=yes"));
  g_assert_true (has (environment, path));
  for (guint i = 0; environment[i]; i++) {
    g_assert_false (g_str_has_prefix (environment[i], "CARDEA_TEST_SECRET"));
    g_assert_false (g_str_has_prefix (environment[i], "CARDEA_TEST_ABSENT"));
    n_paths += g_str_has_prefix (environment[i], "PATH=");
  }
  g_assert_cmpuint (n_paths, ==, 1);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/options/all", test_all);
  g_test_add_func ("/options/defaults", test_defaults);
  g_test_add_data_func ("/options/refused/stray", "cardea-agent start", test_refused);
  g_test_add_data_func ("/options/refused/unknown", "cardea-agent --no-such-option", test_refused);
  g_test_add_data_func ("/options/refused/relative-module", "cardea-agent --module m.so", test_refused);
  g_test_add_data_func ("/options/refused/relative-socket", "cardea-agent --socket run/agent", test_refused);
  g_test_add_data_func ("/options/refused/no-value", "cardea-agent --socket", test_refused);
  g_test_add_func ("/environment/for-hosts", test_environment);
  return g_test_run ();
}
