/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The proxies to go through, found out beforehand and handed to GSocketClient as if it had asked.
 *
 * Left out are "https" proxies: TLS by another library would lie between the socket and ours, and the
 * connection could not be handed over as a descriptor. */

#include "agent/tls/proxy-answer.h"

#include "agent/tls/dial.h"
#include "socket-api/wire/error.h"

#define DIRECT "direct://"

struct _CardeaProxyAnswer
{
  GObject parent;
  char **proxies;
};

static char **
copy_proxies (GProxyResolver *resolver)
{
  return g_strdupv (CARDEA_PROXY_ANSWER (resolver)->proxies);
}

static char **
lookup (GProxyResolver *resolver, const char *uri, GCancellable *cancellable, GError **error)
{
  return copy_proxies (resolver);
}

static void
lookup_async (GProxyResolver *resolver, const char *uri, GCancellable *cancellable,
              GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, data);
  g_task_set_source_tag (task, lookup_async);
  g_task_return_pointer (task, copy_proxies (resolver), (GDestroyNotify)g_strfreev);
}

static char **
lookup_finish (GProxyResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
is_supported (GProxyResolver *resolver)
{
  return TRUE;
}

static void
resolver_init (GProxyResolverInterface *interface)
{
  interface->is_supported = is_supported;
  interface->lookup = lookup;
  interface->lookup_async = lookup_async;
  interface->lookup_finish = lookup_finish;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (CardeaProxyAnswer, cardea_proxy_answer, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_PROXY_RESOLVER, resolver_init))

static void
finalize (GObject *object)
{
  g_strfreev (CARDEA_PROXY_ANSWER (object)->proxies);
  G_OBJECT_CLASS (cardea_proxy_answer_parent_class)->finalize (object);
}

static void
cardea_proxy_answer_class_init (CardeaProxyAnswerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
}

static void
cardea_proxy_answer_init (CardeaProxyAnswer *self)
{
}

static gboolean
is_usable (const char *proxy)
{
  static const char *const SCHEMES[] = { "direct", "http", "socks", "socks4", "socks4a", "socks5", NULL };
  g_autofree char *scheme = g_uri_parse_scheme (proxy);
  g_autofree char *lower = scheme ? g_ascii_strdown (scheme, -1) : NULL;
  return lower && g_strv_contains (SCHEMES, lower);
}

CardeaProxyAnswer *
cardea_proxy_answer_new (const char *const *proxies)
{
  CardeaProxyAnswer *self = g_object_new (CARDEA_TYPE_PROXY_ANSWER, NULL);
  g_autoptr (GStrvBuilder) usable = g_strv_builder_new ();
  for (; proxies && *proxies; proxies++)
    if (is_usable (*proxies))
      g_strv_builder_add (usable, *proxies);
  self->proxies = g_strv_builder_end (usable);
  return self;
}

gboolean
cardea_proxy_answer_is_empty (CardeaProxyAnswer *self)
{
  return self->proxies[0] == NULL;
}

gboolean
cardea_proxy_answer_has_direct (CardeaProxyAnswer *self)
{
  return g_strv_contains ((const char *const *)self->proxies, DIRECT);
}

CardeaProxyAnswer *
cardea_proxy_answer_new_from_choice (const char *choice, GError **error)
{
  const char *proxies[] = { g_str_equal (choice, "direct") ? DIRECT : choice, NULL };
  if (g_str_equal (proxies[0], DIRECT))
    return cardea_proxy_answer_new (proxies);
  g_autoptr (GUri) uri = g_uri_parse (choice, G_URI_FLAGS_HAS_PASSWORD, NULL);
  const char *host = uri ? g_uri_get_host (uri) : NULL;
  g_autofree char *name = host ? cardea_host_name_normalise (host, NULL) : NULL;
  if (name && is_usable (choice) && !g_str_equal (g_uri_get_scheme (uri), "direct"))
    return cardea_proxy_answer_new (proxies);
  GError *refusal = cardea_error_new (
      CARDEA_ERROR_INVALID_PARAMETER,
      "The proxy is neither “direct” nor a URI such as http://HOST:PORT or socks5://HOST:PORT");
  cardea_error_take_parameter (refusal, "parameter", json_string ("options.proxy"));
  g_propagate_error (error, refusal);
  return NULL;
}
