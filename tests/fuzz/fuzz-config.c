/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes the configuration: a file as administrators write it, and one that comes after it. */
#include <unistd.h>

#include "agent/base/config.h"
#include "socket-api/wire/error.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

static void
check_list (const char *const *list)
{
  for (guint i = 0; list && list[i]; i++)
    g_assert_cmpuint (strlen (list[i]), >, 0);
}

/* What a configuration that was taken promises. */
static void
check_config (const CardeaConfig *config)
{
  GPtrArray *sources = cardea_config_get_pin_sources (config);
  GPtrArray *remembered = cardea_config_get_remembered (config);

  g_assert_cmpuint (cardea_config_get_drain_seconds (config), <=, 300);
  cardea_config_allows (config, "www.bank.example", 443);
  check_list (cardea_config_get_authority_files (config));
  check_list (cardea_config_get_revocation_lists (config));
  check_list (cardea_config_get_modules (config));
  check_list (cardea_config_get_disabled_modules (config));
  check_list (cardea_config_get_pass_environment (config));
  g_assert_cmpint (cardea_config_get_nss_database (config)[0], ==, '/');
  for (guint i = 0; i < sources->len; i++) {
    const CardeaPinSourceConfig *source = sources->pdata[i];

    g_assert_nonnull (source->name);
    g_assert_nonnull (source->token);
    g_assert_cmpint ((source->file != NULL) + (source->credential != NULL) + (source->descriptor >= 0), ==,
                     1);
  }
  for (guint i = 0; i < remembered->len; i++) {
    g_assert_nonnull (((CardeaRememberConfig *)remembered->pdata[i])->name);
    g_assert_nonnull (((CardeaRememberConfig *)remembered->pdata[i])->token);
  }
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_begin ();
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  g_autoptr (GBytes) first = fuzz_take_part (&input);
  g_autoptr (GBytes) second = fuzz_take_rest (&input);
  g_autofree char *first_path = NULL;
  g_autofree char *second_path = NULL;
  int first_fd = fuzz_make_file (first, &first_path);
  int second_fd = fuzz_make_file (second, &second_path);
  const char *const paths[] = { first_path, second_path, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaConfig) config = cardea_config_load (paths, &error);

  if (config)
    check_config (config);
  else
    g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CONFIGURATION);
  close (first_fd);
  close (second_fd);
  return 0;
}
