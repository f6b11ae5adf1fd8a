/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The agent, put together.
 *
 * The only place that knows which implementation stands behind each interface, and in which order they begin
 * and end: programs come in last and go out first, NSS is the first to start and the last to stop. */
#include "agent/agent.h"

#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "agent/api/listener.h"
#include "agent/api/service.h"
#include "agent/arrivals.h"
#include "agent/environment.h"
#include "agent/hosts/modules.h"
#include "agent/hosts/opensc-host.h"
#include "agent/keyring/keyring.h"
#include "agent/logins.h"
#include "agent/prompt/headless.h"
#include "agent/prompt/terminals.h"
#include "agent/tls/nss.h"
#include "agent/tokens/event.h"
#include "agent/tokens/pcsc-watch.h"
#include "socket-api/wire/error.h"

#define LAST_CALLS_MS 10000 /* for what was cancelled to come back before we end */

struct _CardeaAgent
{
  char **config_files;
  char **modules;
  char *host_program;
  char *state_directory;
  char *rules_folder;
  uid_t rules_owner;
  gboolean headless;
  gboolean has_nss;

  CardeaConfig *config;
  GPtrArray *config_problems; /* of CardeaReason: the last file that was wrong, or empty */
  GPtrArray *module_problems; /* of CardeaReason */
  GPtrArray *rule_problems;   /* of CardeaReason */
  CardeaCatalogue *catalogue;
  CardeaPrompter *prompter;
  CardeaPcscWatch *pcsc; /* NULL: no module works with card readers */
  CardeaCardResets *resets;
  CardeaUnlocker *unlocker;
  CardeaLogins *logins;
  CardeaArrivals *arrivals;
  CardeaDecisions *decisions;
  CardeaAssent *assent;
  CardeaRelayPool *relays;
  CardeaBroker *broker;
  CardeaMethodContext context;
  CardeaService *service;
  CardeaListener *listener;

  void (*stopped) (gpointer user_data); /* while stopping */
  gpointer stopped_data;
};

static CardeaConfig *
load_config (CardeaAgent *self, GError **error)
{
  CardeaConfig *config = cardea_config_load ((const char *const *)self->config_files, error);

  if (config && self->headless)
    cardea_config_set_headless (config);
  return config;
}

static void
log_problems (GPtrArray *problems)
{
  for (guint i = 0; i < problems->len; i++) {
    const CardeaReason *problem = problems->pdata[i];

    g_warning ("%s%s%s", problem->message, problem->remedy ? " " : "",
               problem->remedy ? problem->remedy : "");
  }
}

/* NULL: the module is left out. */
static CardeaHost *
make_host (CardeaAgent *self, const CardeaHostSpec *spec, GPtrArray *problems)
{
  g_auto (GStrv) environment =
      cardea_environment_for_hosts (cardea_config_get_pass_environment (self->config));

  if (cardea_opensc_is_module (spec->module))
    environment =
        cardea_opensc_take_environment (g_steal_pointer (&environment), self->state_directory, problems);
  return environment != NULL ? cardea_host_new (spec, self->host_program, (const char *const *)environment)
                             : NULL;
}

/* Of CardeaHost; what is wrong with the modules becomes ours. */
static GPtrArray *
make_hosts (CardeaAgent *self)
{
  const CardeaModuleSources sources = { .command_line = (const char *const *)self->modules };
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autoptr (GPtrArray) specs = cardea_modules_find (self->config, &sources, problems);
  GPtrArray *hosts = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < specs->len; i++) {
    CardeaHost *host = make_host (self, specs->pdata[i], problems);

    if (host != NULL)
      g_ptr_array_add (hosts, host);
  }

  log_problems (problems);
  g_clear_pointer (&self->module_problems, g_ptr_array_unref);
  self->module_problems = g_steal_pointer (&problems);
  return hosts;
}

static void
on_readers_changed (gpointer user_data)
{
  CardeaAgent *self = user_data;
  CardeaReaders *readers = cardea_pcsc_watch_get_readers (self->pcsc);

  cardea_catalogue_set_readers (self->catalogue, readers);
  if (self->resets != NULL)
    cardea_card_resets_set_readers (self->resets, readers);
}

/* The card service runs as long as somebody watches it, so nobody does without a reason. */
static void
watch_readers (CardeaAgent *self)
{
  if (self->pcsc == NULL && cardea_catalogue_wants_readers (self->catalogue))
    self->pcsc = cardea_pcsc_watch_new (on_readers_changed, self);
}

/* The administrator's word, read afresh. */
static void
load_rules (CardeaAgent *self)
{
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autoptr (CardeaRules) rules = cardea_rules_load (self->rules_folder, self->rules_owner, problems);
  g_autoptr (CardeaChromiumPolicy) chromium =
      cardea_chromium_policy_load (cardea_chromium_policy_get_default_folders (), 0, problems);

  cardea_assent_set_rules (self->assent, rules, chromium);
  cardea_broker_set_rules (self->broker, rules, self->rules_owner, problems);
  log_problems (problems);
  g_clear_pointer (&self->rule_problems, g_ptr_array_unref);
  self->rule_problems = g_steal_pointer (&problems);
}

static void
set_told (CardeaAgent *self, CardeaConfig *config)
{
  cardea_arrivals_set_told (self->arrivals, cardea_config_get_token_notifications (config) &&
                                                !cardea_config_get_headless (self->config));
}

static void
apply_config (CardeaAgent *self, CardeaConfig *config)
{
  g_autoptr (GPtrArray) hosts = NULL;

  if (cardea_config_get_headless (self->config) != cardea_config_get_headless (config))
    g_warning ("[agent] headless is another than at the start: PINs are asked for as before until the agent "
               "is started "
               "again.");
  cardea_config_unref (self->config);
  self->config = cardea_config_ref (config);
  hosts = make_hosts (self);
  cardea_unlocker_set_sources (self->unlocker, cardea_config_get_pin_sources (config));
  cardea_unlocker_set_remembered (self->unlocker, cardea_config_get_remembered (config));
  cardea_unlocker_set_leases (self->unlocker, cardea_config_get_leases (config));
  cardea_logins_set_rules (self->logins, cardea_config_get_leases (config));
  set_told (self, config);
  cardea_broker_set_config (self->broker, config);
  cardea_catalogue_set_hosts (self->catalogue, hosts);
  watch_readers (self);
}

void
cardea_agent_reload (CardeaAgent *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaConfig) config = load_config (self, &error);

  g_ptr_array_set_size (self->config_problems, 0);
  if (config) {
    apply_config (self, config);
    g_message ("Configuration read; tokens are read afresh");
  } else {
    g_warning ("%s The configuration stays as it was.", error->message);
    g_ptr_array_add (
        self->config_problems,
        cardea_reason_new (CARDEA_REASON_CONFIGURATION_INVALID,
                           "Correct the file and reload; until then the configuration stays as it was.", "%s",
                           error->message));
  }

  load_rules (self);
  cardea_catalogue_renew (self->catalogue);
}

static void
on_reload_called (gpointer user_data)
{
  cardea_agent_reload (user_data);
}

static GPtrArray *
on_problems_asked (gpointer user_data)
{
  CardeaAgent *self = user_data;
  GPtrArray *problems = cardea_reasons_copy (self->config_problems);

  for (guint i = 0; i < self->module_problems->len; i++)
    g_ptr_array_add (problems, cardea_reason_copy (self->module_problems->pdata[i]));
  for (guint i = 0; i < self->rule_problems->len; i++)
    g_ptr_array_add (problems, cardea_reason_copy (self->rule_problems->pdata[i]));
  g_ptr_array_extend_and_steal (problems, cardea_decisions_get_problems (self->decisions));
  cardea_card_resets_explain (self->resets, problems);
  return problems;
}

static gboolean
on_lease_asked (CardeaToken *token, CardeaLease *lease, gpointer user_data)
{
  return cardea_logins_find_lease (((CardeaAgent *)user_data)->logins, token, lease);
}

static gboolean
on_single_use_asked (CardeaToken *token, gpointer user_data)
{
  return cardea_unlocker_is_single_use (((CardeaAgent *)user_data)->unlocker, token);
}

static void
on_leases_to_end (const char *pattern, CardeaLeasesEnded ended, gpointer data, gpointer user_data)
{
  cardea_logins_end (((CardeaAgent *)user_data)->logins, pattern, ended, data);
}

static void
on_incoming (int fd, gpointer user_data)
{
  CardeaAgent *self = user_data;

  cardea_service_add (self->service, fd);
}

static gboolean
check_config_files (const CardeaOptions *options, GError **error)
{
  for (guint i = 0; options->config_files && options->config_files[i]; i++) {
    if (access (options->config_files[i], R_OK) != 0) {
      cardea_set_error (error, CARDEA_ERROR_CONFIGURATION,
                        "%s cannot be read; correct --config, or leave it out for the usual files",
                        options->config_files[i]);
      return FALSE;
    }
  }

  return TRUE;
}

/* By URI: a label is whatever somebody wrote on the token, line breaks included. */
static void
on_token_event (CardeaCatalogue *catalogue, const CardeaTokenEvent *event, gpointer user_data)
{
  CardeaAgent *self = user_data;

  if (event->kind == CARDEA_TOKEN_EVENT_LEFT)
    cardea_decisions_forget_token (self->decisions, event->token->uri);
  g_message ("Token %s: %s", cardea_token_event_kind_to_string (event->kind), event->token->uri);
}

static void
on_tokens_changed (CardeaCatalogue *catalogue, gpointer user_data)
{
  CardeaAgent *self = user_data;

  watch_readers (self);
  cardea_logins_look (self->logins);
}

static void
on_look (CardeaCatalogue *catalogue, gpointer user_data)
{
  CardeaAgent *self = user_data;

  if (self->pcsc != NULL)
    cardea_pcsc_watch_look (self->pcsc);
}

static void
build (CardeaAgent *self, const CardeaOptions *options)
{
  const char *state = self->state_directory;
  g_autoptr (GPtrArray) hosts = make_hosts (self);
  g_autofree char *prompt = cardea_options_get_prompt_program (options);
  g_autoptr (CardeaPrompter) dialogs = cardea_dialog_prompter_new (prompt);
  g_autoptr (CardeaPinStore) keyring = cardea_keyring_new ();

  self->prompter = cardea_config_get_headless (self->config) ? cardea_headless_prompter_new ()
                                                             : cardea_terminal_prompter_new (prompt, dialogs);
  self->decisions = cardea_decisions_new (state);
  cardea_decisions_load (self->decisions);
  self->assent = cardea_assent_new (self->prompter, self->decisions);
  self->catalogue = cardea_catalogue_new (hosts);
  g_signal_connect (self->catalogue, "token-event", G_CALLBACK (on_token_event), self);
  g_signal_connect (self->catalogue, "look", G_CALLBACK (on_look), self);
  watch_readers (self);
  self->resets = cardea_card_resets_new ();
  self->unlocker = cardea_unlocker_new (self->prompter, self->catalogue, self->resets, state);
  cardea_unlocker_set_sources (self->unlocker, cardea_config_get_pin_sources (self->config));
  cardea_unlocker_set_store (self->unlocker, keyring);
  cardea_unlocker_set_remembered (self->unlocker, cardea_config_get_remembered (self->config));
  self->logins = cardea_logins_new (self->catalogue, self->unlocker, self->resets);
  cardea_unlocker_set_leases (self->unlocker, cardea_config_get_leases (self->config));
  cardea_logins_set_rules (self->logins, cardea_config_get_leases (self->config));
  self->arrivals = cardea_arrivals_new (self->catalogue);
  set_told (self, self->config);
  g_signal_connect (self->catalogue, "changed", G_CALLBACK (on_tokens_changed), self);
  self->relays = cardea_relay_pool_new (cardea_config_get_io_threads (self->config));
  self->broker = cardea_broker_new (self->config, self->catalogue, self->unlocker, self->relays);
  cardea_broker_set_assent (self->broker, self->assent);
  load_rules (self);

  self->context.broker = self->broker;
  self->context.catalogue = self->catalogue;
  self->context.reload = on_reload_called;
  self->context.get_problems = on_problems_asked;
  self->context.find_lease = on_lease_asked;
  self->context.is_single_use = on_single_use_asked;
  self->context.end_leases = on_leases_to_end;
  self->context.user_data = self;
  self->service = cardea_service_new (&self->context);
}

static gboolean
start_listening (CardeaAgent *self, const CardeaOptions *options, GError **error)
{
  g_autofree char *path = cardea_options_get_socket (options);
  int passed = sd_listen_fds (1);

  if (passed > 1) {
    cardea_set_error (error, CARDEA_ERROR_CONFIGURATION,
                      "%d sockets were passed to the agent, and it serves one; correct the socket unit",
                      passed);
    return FALSE;
  }

  if (passed == 1) {
    self->listener = cardea_listener_new_for_fd (SD_LISTEN_FDS_START, on_incoming, self, error);
  } else if (path) {
    self->listener = cardea_listener_new (path, on_incoming, self, error);
  } else {
    cardea_set_error (
        error, CARDEA_ERROR_CONFIGURATION,
        "XDG_RUNTIME_DIR is not set, so there is no place for the socket; log in with a session, or name "
        "one with --socket");
  }

  if (self->listener == NULL)
    return FALSE;
  g_message ("Listening on %s", passed == 1 ? "the socket that was passed" : path);
  return TRUE;
}

CardeaAgent *
cardea_agent_new (const CardeaOptions *options, GError **error)
{
  g_autoptr (CardeaAgent) self = g_new0 (CardeaAgent, 1);

  self->config_files = cardea_options_get_config_files (options);
  self->modules = g_strdupv (options->modules);
  self->host_program = cardea_options_get_host_program (options);
  self->state_directory = cardea_options_get_state_directory (options);
  self->rules_folder =
      g_strdup (options->rules_directory ? options->rules_directory : cardea_rules_get_default_folder ());
  self->rules_owner = options->rules_directory ? getuid () : 0;
  self->headless = options->headless;
  self->config_problems = cardea_reasons_new ();

  if (!check_config_files (options, error))
    return NULL;
  self->config = load_config (self, error);
  if (!self->config)
    return NULL;

  self->has_nss = cardea_nss_start (error);
  if (!self->has_nss)
    return NULL;

  build (self, options);
  return start_listening (self, options, error) ? g_steal_pointer (&self) : NULL;
}

static void
on_drained (GObject *source, GAsyncResult *result, gpointer user_data)
{
  CardeaAgent *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!cardea_broker_drain_finish (CARDEA_BROKER (source), result, &error))
    g_warning ("%s", error->message);
  self->stopped (self->stopped_data);
}

void
cardea_agent_stop (CardeaAgent *self, void (*stopped) (gpointer user_data), gpointer user_data)
{
  if (self->stopped) {
    cardea_broker_hurry (self->broker);
    return;
  }

  g_message ("Stopping: open streams have %u s to end; the next signal stops at once",
             cardea_config_get_drain_seconds (self->config));
  self->stopped = stopped;
  self->stopped_data = user_data;
  g_clear_pointer (&self->listener, cardea_listener_free);
  cardea_broker_drain_async (self->broker, cardea_config_get_drain_seconds (self->config), on_drained, self);
}

static gboolean
on_last_calls_over (gpointer user_data)
{
  gboolean *over = user_data;

  *over = TRUE;
  return G_SOURCE_CONTINUE;
}

/* Calls that were cancelled still come back once more; they hold what they work on until then. */
static void
end_object (gpointer object)
{
  gpointer left = object;
  gboolean over = FALSE;
  guint timer;

  if (!object)
    return;

  g_object_add_weak_pointer (object, &left);
  g_object_unref (object);
  timer = g_timeout_add (LAST_CALLS_MS, on_last_calls_over, &over);
  while (left && !over)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timer);

  if (left) {
    g_warning ("Something is still under way after %d s; ending all the same", LAST_CALLS_MS / 1000);
    g_object_remove_weak_pointer (object, &left);
  }
}

/* What was decided for good is on the disk before the agent is gone. */
static void
end_decisions (CardeaAgent *self)
{
  g_autoptr (GError) error = NULL;

  if (self->decisions && !cardea_decisions_flush (self->decisions, &error))
    g_warning ("%s", error->message);
  end_object (g_steal_pointer (&self->decisions));
}

void
cardea_agent_free (CardeaAgent *self)
{
  g_clear_pointer (&self->listener, cardea_listener_free);
  g_clear_pointer (&self->service, cardea_service_free);
  end_object (g_steal_pointer (&self->broker));
  g_clear_pointer (&self->relays, cardea_relay_pool_free);
  /* While the rest ends tokens still come and go, and nobody is left to be told. */
  if (self->catalogue)
    g_signal_handlers_disconnect_by_data (self->catalogue, self);
  g_clear_pointer (&self->logins, cardea_logins_free);
  g_clear_pointer (&self->arrivals, cardea_arrivals_free);
  end_object (g_steal_pointer (&self->unlocker));
  end_object (g_steal_pointer (&self->resets));
  end_object (g_steal_pointer (&self->assent));
  end_decisions (self);
  g_clear_pointer (&self->pcsc, cardea_pcsc_watch_free);
  end_object (g_steal_pointer (&self->catalogue));
  /* A dialog says why it is over before it goes, and takes the keys of a PIN until then. */
  end_object (g_steal_pointer (&self->prompter));
  g_clear_pointer (&self->config, cardea_config_unref);
  g_clear_pointer (&self->config_problems, g_ptr_array_unref);
  g_clear_pointer (&self->module_problems, g_ptr_array_unref);
  g_clear_pointer (&self->rule_problems, g_ptr_array_unref);

  if (self->has_nss && !cardea_nss_stop ())
    g_warning ("NSS did not stop: certificates are still in use");

  g_strfreev (self->config_files);
  g_strfreev (self->modules);
  g_free (self->host_program);
  g_free (self->state_directory);
  g_free (self->rules_folder);
  g_free (self);
}
