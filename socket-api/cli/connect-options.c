/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The options of `cardea connect`, and of `cardea explain`, which takes those that matter before there is a
 * stream, turned into the agent's `Options`.
 *
 * Values are passed on as they are: what is a good name or URI the agent knows, and two opinions would differ
 * one day. Checked here is what cannot be said in JSON, what contradicts itself, and what the file of
 * authorities holds. */

#include "socket-api/cli/connect-options.h"

#include <gio/gio.h>

#include "socket-api/client/pem.h"
#include "socket-api/cli/server-filter.h"
#include "socket-api/cli/starttls.h"
#include "socket-api/cli/target.h"
#include "socket-api/limits.h"

#define SUMMARY                                                                                              \
  "Connects to a TLS server by way of the agent, which verifies the server and answers\n"                    \
  "its request for a certificate. Standard input and output become the stream. The exit\n"                   \
  "code is 0 only if the server ended the stream properly."

#define SUMMARY_TO_EXPLAIN                                                                                   \
  "Tells what connecting to a TLS server would come to: which certificates fit and why\n"                    \
  "others do not, and which rule or decision applies. The server is verified, and not\n"                     \
  "answered; nobody is asked, and nothing is signed. The exit code is 0 only if a certificate\n"             \
  "would be used or asked for."

#define DEFAULT_PORT 443 /* of HTTPS */
#define NOT_GIVEN G_MININT

/* As read; owned. */
typedef struct
{
  char *server_name;
  char *certificate;
  char **alpn;
  char *ca;
  char *proxy;
  char *starttls;
  gboolean no_certificate;
  gboolean require_certificate;
  gboolean tls12;
  gboolean no_interaction;
  gboolean terminal;
  gboolean shut_down;
  gboolean post_handshake;
  int timeout;
  gboolean verbose;
  gboolean explains; /* it is `cardea explain` */
  gboolean json;
} Raw;

static void
raw_clear (Raw *self)
{
  g_free (self->server_name);
  g_free (self->certificate);
  g_strfreev (self->alpn);
  g_free (self->ca);
  g_free (self->proxy);
  g_free (self->starttls);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Raw, raw_clear)

static gboolean
parse (CardeaCli *cli, Raw *raw, int *argc, char ***argv, int *exit_code)
{
  const GOptionEntry shared[] = {
    { "certificate", 'c', 0, G_OPTION_ARG_STRING, &raw->certificate, "Use this one: its URI or SHA-256",
      "NAME" },
    { "no-certificate", 0, 0, G_OPTION_ARG_NONE, &raw->no_certificate, "Stay anonymous even if asked", NULL },
    { "require-certificate", 0, 0, G_OPTION_ARG_NONE, &raw->require_certificate,
      "Fail if the server does not ask for one", NULL },
    { "server-name", 0, 0, G_OPTION_ARG_STRING, &raw->server_name, "Verify this name; default: HOST",
      "NAME" },
    { "ca", 0, 0, G_OPTION_ARG_FILENAME, &raw->ca, "Trust these authorities (PEM or DER), and no others",
      "FILE" },
    { "alpn", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->alpn, "Offer this protocol; may be repeated",
      "PROTOCOL" },
    { "proxy", 0, 0, G_OPTION_ARG_STRING, &raw->proxy, "Go by this proxy; \"direct\": by none", "URI" },
    { "tls12", 0, 0, G_OPTION_ARG_NONE, &raw->tls12, "Allow TLS 1.2 where an administrator's rule does",
      NULL },
    { "no-interaction", 0, 0, G_OPTION_ARG_NONE, &raw->no_interaction, "Fail rather than ask anybody", NULL },
    { "post-handshake", 0, 0, G_OPTION_ARG_NONE, &raw->post_handshake,
      "Let the server ask for a certificate later, too", NULL },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &raw->timeout, "Time until connected, questions included",
      "SECONDS" },
  };
  const GOptionEntry to_connect[] = {
    { "starttls", 0, 0, G_OPTION_ARG_STRING, &raw->starttls,
      "Begin in the clear: smtp, imap, pop3, postgres, ldap, xmpp", "PROTOCOL" },
    { "terminal", 't', 0, G_OPTION_ARG_NONE, &raw->terminal,
      "Ask on this terminal even if there is a display", NULL },
    { "shutdown", 'N', 0, G_OPTION_ARG_NONE, &raw->shut_down, "End our side when standard input ends", NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &raw->verbose, "Tell on standard error what was agreed on",
      NULL },
  };
  const GOptionEntry to_explain[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &raw->json, "Print the agent's reply as JSON", NULL },
  };
  g_autoptr (GArray) entries = g_array_new (TRUE, FALSE, sizeof (GOptionEntry));

  g_array_append_vals (entries, shared, G_N_ELEMENTS (shared));
  if (raw->explains)
    g_array_append_vals (entries, to_explain, G_N_ELEMENTS (to_explain));
  else
    g_array_append_vals (entries, to_connect, G_N_ELEMENTS (to_connect));
  return cardea_cli_parse (cli, (const GOptionEntry *)entries->data,
                           raw->explains ? "HOST PORT | HOST[:PORT]" : "HOST PORT | HOST:PORT",
                           raw->explains ? SUMMARY_TO_EXPLAIN : SUMMARY, 1, 2, argc, argv, exit_code);
}

static const char *
find_contradiction (const Raw *raw)
{
  if (raw->no_certificate && raw->require_certificate)
    return "--no-certificate and --require-certificate exclude each other";
  if (raw->no_certificate && raw->certificate != NULL)
    return "--no-certificate and --certificate exclude each other";
  if (raw->terminal && raw->no_interaction)
    return "--terminal and --no-interaction exclude each other";
  if (raw->terminal && raw->starttls != NULL)
    return "--terminal and --starttls exclude each other";
  if (raw->timeout != NOT_GIVEN && (raw->timeout < 1 || raw->timeout > G_MAXINT / 1000))
    return "--timeout takes a number of seconds, at least 1";
  return NULL;
}

static json_t *
pack_strings (char **strings)
{
  json_t *array = json_array ();

  for (guint i = 0; strings[i] != NULL; i++)
    json_array_append_new (array, json_string (strings[i]));
  return array;
}

static json_t *
load_authorities (const char *path, GError **error)
{
  g_autoptr (GPtrArray) certificates = cardea_pem_load_certificates (path, error);
  g_autoptr (json_t) array = NULL;

  if (certificates == NULL)
    return NULL;
  if (certificates->len > CARDEA_LIMIT_CALLER_AUTHORITIES) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s holds %u certificates; at most %d authorities can be passed", path, certificates->len,
                 CARDEA_LIMIT_CALLER_AUTHORITIES);
    return NULL;
  }
  array = json_array ();
  for (guint i = 0; i < certificates->len; i++) {
    gsize length;
    const guint8 *der = g_bytes_get_data (g_ptr_array_index (certificates, i), &length);
    g_autofree char *text = g_base64_encode (der, length);

    json_array_append_new (array, json_string (text));
  }
  return g_steal_pointer (&array);
}

/* With a connection of its own the command reaches the server itself, by the name that is its to choose. */
static json_t *
pack_options (const Raw *raw, GError **error)
{
  g_autoptr (json_t) options = json_object ();
  json_t *authorities;

  if (raw->ca != NULL) {
    authorities = load_authorities (raw->ca, error);
    if (authorities == NULL)
      return NULL;
    json_object_set_new (options, "authorities", authorities);
  }
  if (raw->server_name != NULL && raw->starttls == NULL)
    json_object_set_new (options, "server_name", json_string (raw->server_name));
  if (raw->certificate != NULL)
    json_object_set_new (options, "certificate", json_string (raw->certificate));
  if (raw->alpn != NULL)
    json_object_set_new (options, "alpn", pack_strings (raw->alpn));
  if (raw->proxy != NULL && raw->starttls == NULL)
    json_object_set_new (options, "proxy", json_string (raw->proxy));
  if (raw->no_certificate || raw->require_certificate)
    json_object_set_new (options, "authenticate", json_string (raw->no_certificate ? "never" : "required"));
  if (raw->tls12)
    json_object_set_new (options, "tls12", json_true ());
  if (raw->no_interaction)
    json_object_set_new (options, "interaction", json_string ("never"));
  if (raw->post_handshake)
    json_object_set_new (options, "post_handshake", json_true ());
  if (raw->timeout != NOT_GIVEN)
    json_object_set_new (options, "timeout_ms", json_integer ((json_int_t)raw->timeout * 1000));
  return g_steal_pointer (&options);
}

/* To explain, a port is not needed. */
static gboolean
parse_target (const Raw *raw, char **arguments, int n, char **host, guint16 *port, GError **error)
{
  if (!raw->explains || n == 2)
    return cardea_target_parse (arguments, n, host, port, error);
  if (!cardea_server_filter_parse (arguments[0], host, port, error))
    return FALSE;
  if (*port == 0)
    *port = DEFAULT_PORT;
  return TRUE;
}

static gboolean
is_protocol (const char *name)
{
  g_autoptr (CardeaStarttls) talk = cardea_starttls_new (name, "");

  return talk != NULL;
}

/* NULL, or what is wrong with the words. */
static char *
find_fault (const Raw *raw, const char *host)
{
  g_autofree char *protocols = NULL;

  if (!g_utf8_validate (host, -1, NULL) ||
      (raw->server_name != NULL && !g_utf8_validate (raw->server_name, -1, NULL)))
    return g_strdup ("The host's name is not UTF-8 text");
  if (raw->starttls == NULL || is_protocol (raw->starttls))
    return NULL;
  protocols = cardea_starttls_list_protocols ();
  return g_strconcat ("--starttls takes one of ", protocols, NULL);
}

static void
take_target (CardeaConnectOptions *self, Raw *raw, const char *host, guint16 port, json_t *options)
{
  const char *name = raw->starttls != NULL && raw->server_name != NULL ? raw->server_name : host;

  self->parameters = json_pack ("{s:s, s:i, s:o}", raw->starttls != NULL ? "server_name" : "host", name,
                                "port", (int)port, "options", options);
  self->starttls = g_steal_pointer (&raw->starttls);
  self->host = g_strdup (host);
  self->port = port;
  self->proxy = g_steal_pointer (&raw->proxy);
}

static CardeaConnectOptions *
make (Raw *raw, const char *command, int argc, char **argv, int *exit_code)
{
  g_autoptr (CardeaConnectOptions) self = g_new0 (CardeaConnectOptions, 1);
  g_autoptr (GError) error = NULL;
  g_autofree char *host = NULL;
  g_autofree char *fault = NULL;
  const char *contradiction = find_contradiction (raw);
  json_t *options;
  guint16 port;

  *exit_code = CARDEA_EXIT_USAGE;
  if (contradiction != NULL) {
    cardea_cli_usage_error (command, contradiction);
    return NULL;
  }
  if (!parse_target (raw, argv + 1, argc - 1, &host, &port, &error)) {
    cardea_cli_usage_error (command, error->message);
    return NULL;
  }
  fault = find_fault (raw, host);
  if (fault != NULL) {
    cardea_cli_usage_error (command, fault);
    return NULL;
  }
  options = pack_options (raw, &error);
  if (options == NULL) {
    *exit_code = cardea_cli_fail (error);
    return NULL;
  }
  take_target (self, raw, host, port, options);
  self->timeout_ms = raw->timeout != NOT_GIVEN ? raw->timeout * 1000 : -1;
  self->may_ask = !raw->no_interaction && self->starttls == NULL;
  self->needs_terminal = raw->terminal;
  self->verbose = raw->verbose;
  self->shut_down = raw->shut_down;
  return g_steal_pointer (&self);
}

CardeaConnectOptions *
cardea_connect_options_parse (CardeaCli *cli, int argc, char **argv, int *exit_code)
{
  g_auto (Raw) raw = { .timeout = NOT_GIVEN };

  if (!parse (cli, &raw, &argc, &argv, exit_code))
    return NULL;
  return make (&raw, "connect", argc, argv, exit_code);
}

CardeaConnectOptions *
cardea_connect_options_parse_to_explain (CardeaCli *cli, int argc, char **argv, gboolean *json,
                                         int *exit_code)
{
  g_auto (Raw) raw = { .timeout = NOT_GIVEN, .explains = TRUE };

  if (!parse (cli, &raw, &argc, &argv, exit_code))
    return NULL;
  *json = raw.json;
  return make (&raw, "explain", argc, argv, exit_code);
}

void
cardea_connect_options_free (CardeaConnectOptions *self)
{
  if (self == NULL)
    return;
  json_decref (self->parameters);
  g_free (self->starttls);
  g_free (self->host);
  g_free (self->proxy);
  g_free (self);
}
