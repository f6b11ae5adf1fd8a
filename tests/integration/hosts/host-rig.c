/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A token host under test. */

#include "tests/integration/hosts/host-rig.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "socket-api/secret/pair.h"
#include "tests/fixtures/credentials/credentials.h"
#include "tests/fixtures/host-environment.h"
#include "tests/fixtures/log-lines.h"

static guint
count_fds (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint count = 0;

  while (g_dir_read_name (folder) != NULL)
    count++;
  return count;
}

static gboolean
on_turn_over (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
host_rig_turn (void)
{
  guint source = g_timeout_add (20, on_turn_over, NULL);

  g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
}

HostRig *
host_rig_new (void)
{
  HostRig *self = g_new0 (HostRig, 1);
  g_autoptr (GError) error = NULL;

  g_type_class_unref (
      g_type_class_ref (G_TYPE_TASK)); /* GLib's own descriptors are made with the first of these */
  host_rig_turn ();
  self->folder = g_dir_make_tmp ("cardea-host-XXXXXX", &error);
  g_assert_no_error (error);
  self->control = host_rig_path (self, "control");
  self->fds = count_fds ();
  return self;
}

void
host_rig_free (HostRig *self)
{
  if (self->host != NULL) {
    cardea_host_kill (self->host);
    HOST_RIG_WAIT (!g_main_context_pending (NULL));
    g_assert_finalize_object (self->host);
  }
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
  g_assert_cmpint (errno, ==, ECHILD);
  g_assert_cmpuint (count_fds (), ==, self->fds);
  test_remove_folder (self->folder);
  g_free (self->folder);
  g_free (self->control);
  g_free (self);
}

char *
host_rig_path (HostRig *self, const char *name)
{
  return g_build_filename (self->folder, name, NULL);
}

static void
on_host_changed (CardeaHost *host, HostRig *self)
{
  self->changed++;
}

static void
open_program (HostRig *self, const char *program, const CardeaHostSpec *spec, const char *way,
              const CardeaHostDeadlines *deadlines)
{
  g_autofree char *mock = g_strconcat ("CARDEA_MOCK_CONTROL=", self->control, NULL);
  g_autofree char *softhsm = g_strconcat ("SOFTHSM2_CONF=", self->folder, "/softhsm2.conf", NULL);
  g_autofree char *rogue = g_strconcat ("CARDEA_ROGUE=", way, NULL);
  g_auto (GStrv) environment = test_host_environment (
      (const char *const[]){ "PATH=/usr/bin:/bin", "MALLOC_PERTURB_=165", mock, softhsm, rogue, NULL });

  self->host = cardea_host_new (spec, program, (const char *const *)environment);
  if (deadlines != NULL)
    cardea_host_set_deadlines (self->host, deadlines);
  g_signal_connect (self->host, "changed", G_CALLBACK (on_host_changed), self);
}

void
host_rig_open (HostRig *self, const char *module, const char *init_arguments, CardeaHostRoles roles,
               const CardeaHostDeadlines *deadlines)
{
  g_autoptr (CardeaHostSpec) spec = cardea_host_spec_new ("tested", module, init_arguments, roles);

  open_program (self, g_getenv ("CARDEA_TOKEN_HOST"), spec, "", deadlines);
}

void
host_rig_open_rogue (HostRig *self, const char *way, const CardeaHostDeadlines *deadlines)
{
  g_autoptr (CardeaHostSpec) spec = cardea_host_spec_new ("tested", "/none.so", NULL, CARDEA_HOST_TOKENS);

  open_program (self, g_getenv ("CARDEA_ROGUE_HOST"), spec, way, deadlines);
}

void
host_rig_set_mock (HostRig *self, const char *behaviour, const char *token)
{
  g_autofree char *text =
      g_strdup_printf ("[module]\nlog=%1$s/log\nstate=%1$s\n[behaviour]\n%2$s\n"
                       "[token one]\nlabel=First\n%3$s\n"
                       "[object rsa]\ntoken=one\nid=0a\ncertificate=%1$s/rsa.pem\nkey=%1$s/rsa.key\n"
                       "[object ec]\ntoken=one\nid=0b\ncertificate=%1$s/ec.pem\nkey=%1$s/ec.key\n",
                       self->folder, behaviour, token);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (self->control, text, -1, &error);
  g_assert_no_error (error);
}

void
host_rig_open_mock (HostRig *self, const char *behaviour, const char *token,
                    const CardeaHostDeadlines *deadlines)
{
  const TestCredential rsa = { .name = "rsa", .key = TEST_KEY_RSA_2048 };
  const TestCredential ec = { .name = "ec", .key = TEST_KEY_P256 };

  test_credentials_make (self->folder, &rsa);
  test_credentials_make (self->folder, &ec);
  host_rig_set_mock (self, behaviour, token);
  host_rig_open (self, g_getenv ("CARDEA_MOCK_MODULE"), NULL, CARDEA_HOST_TOKENS, deadlines);
}

void
host_rig_run (HostRig *self, const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  int status;

  g_spawn_sync (self->folder, (char **)arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &errors,
                &status, &error);
  g_assert_no_error (error);
  if (status != 0)
    g_error ("%s: %s%s", arguments[0], output, errors);
}

guint
host_rig_count_log (HostRig *self, const char *line)
{
  return test_log_count (self->folder, line);
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **)data = g_object_ref (result);
}

CardeaHostListing *
host_rig_list (HostRig *self, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  cardea_host_list_async (self->host, NULL, on_result, &result);
  HOST_RIG_WAIT (result != NULL);
  return cardea_host_list_finish (self->host, result, error);
}

CardeaHostListing *
host_rig_must_list (HostRig *self)
{
  g_autoptr (GError) error = NULL;
  CardeaHostListing *listing = host_rig_list (self, &error);

  g_assert_no_error (error);
  return listing;
}

gulong
host_rig_slot (const CardeaHostListing *listing)
{
  g_assert_cmpuint (listing->certificates->len, >, 0);
  return ((CardeaHostCertificate *)listing->certificates->pdata[0])->slot;
}

gboolean
host_rig_log_in (HostRig *self, const CardeaHostListing *listing, const char *pin, GError **error)
{
  g_autoptr (CardeaSecret) secret = pin != NULL ? cardea_secret_new (pin, strlen (pin), NULL) : NULL;
  g_autoptr (GAsyncResult) result = NULL;

  cardea_host_login_async (self->host, listing->generation, host_rig_slot (listing), secret, self->manner,
                           NULL, on_result, &result);
  HOST_RIG_WAIT (result != NULL);
  return cardea_host_login_finish (self->host, result, error);
}

gboolean
host_rig_set_pin (HostRig *self, const CardeaHostListing *listing, CardeaPinAction action, const char *known,
                  const char *fresh, GError **error)
{
  g_autoptr (CardeaSecret) first = known != NULL ? cardea_secret_new (known, strlen (known), NULL) : NULL;
  g_autoptr (CardeaSecret) second = fresh != NULL ? cardea_secret_new (fresh, strlen (fresh), NULL) : NULL;
  g_autoptr (CardeaSecret) pins = first != NULL ? cardea_secret_join (first, second, NULL) : NULL;
  g_autoptr (GAsyncResult) result = NULL;

  cardea_host_set_pin_async (self->host, listing->generation,
                             ((CardeaHostToken *)listing->tokens->pdata[0])->slot, action, pins, on_result,
                             &result);
  HOST_RIG_WAIT (result != NULL);
  return cardea_host_set_pin_finish (self->host, result, error);
}

CardeaHostListing *
host_rig_unlock (HostRig *self, const char *pin)
{
  g_autoptr (CardeaHostListing) before = host_rig_must_list (self);
  g_autoptr (GError) error = NULL;

  host_rig_log_in (self, before, pin, &error);
  g_assert_no_error (error);
  return host_rig_must_list (self);
}
