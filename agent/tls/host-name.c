/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One spelling for each host.
 *
 * The name that is connected to, the name that is verified and the name a decision is kept under must be the
 * same, and callers write hosts in many ways. Whatever two parts of a system could read differently is
 * refused instead of guessed: numbers that old resolver functions take for addresses ("127.1", "0x7f.1",
 * "1.2.3.4.5"), since no top-level domain is a number; zone ids ("fe80::1%eth0"), which mean something on one
 * machine only and which no certificate can name; brackets, which belong to URIs. Underscores are in use
 * within host names and allowed. */

#include <gio/gio.h>
#include <string.h>

#include "agent/tls/dial.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

/* Of the name as written, in whatever script: an A-label is longer than four bytes for each of its letters
 * only when the limit of the result refuses it anyway. */
#define MAX_WRITTEN_BYTES (4 * CARDEA_LIMIT_HOST_NAME)
#define MAX_LABEL_BYTES 63 /* RFC 1035, 2.3.4 */

static char *
refuse (GError **error, const char *why)
{
  GError *refusal = cardea_error_new (CARDEA_ERROR_INVALID_PARAMETER, "The host name %s", why);
  cardea_error_take_parameter (refusal, "parameter", json_string ("host"));
  g_propagate_error (error, refusal);
  return NULL;
}

static gboolean
has_space_or_control (const char *host)
{
  for (const char *p = host; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (g_unichar_isspace (c) || g_unichar_iscntrl (c) || g_unichar_type (c) == G_UNICODE_FORMAT)
      return TRUE;
  }
  return FALSE;
}

static char *
normalise_address (const char *host, GError **error)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);
  if (!address)
    return refuse (error, "has a colon and is no IPv6 address; give the port separately");
  return g_inet_address_to_string (address);
}

static const char *
find_label_problem (const char *label)
{
  gsize length = strlen (label);
  if (length == 0)
    return "has an empty label: two dots in a row, or one at its beginning";
  if (length > MAX_LABEL_BYTES)
    return "has a label of more than 63 bytes";
  if (label[0] == '-' || label[length - 1] == '-')
    return "has a label that begins or ends with a hyphen";
  for (const char *p = label; *p; p++)
    if (!g_ascii_isalnum (*p) && *p != '-' && *p != '_')
      return "has a character that host names cannot have";
  return NULL;
}

/* What inet_aton(3) and its kind would take for a number. */
static gboolean
is_number (const char *label)
{
  if (label[0] == '0' && label[1] == 'x')
    return label[2 + strspn (label + 2, "0123456789abcdef")] == '\0';
  return label[strspn (label, "0123456789")] == '\0';
}

static gboolean
check_labels (const char *name, GError **error)
{
  g_auto (GStrv) labels = g_strsplit (name, ".", -1);
  const char *problem = strlen (name) > CARDEA_LIMIT_HOST_NAME ? "has more than 253 bytes" : NULL;
  for (char **label = labels; *label && !problem; label++)
    problem = find_label_problem (*label);
  const char *dot = strrchr (name, '.');
  if (!problem && is_number (dot ? dot + 1 : name) && !g_hostname_is_ip_address (name))
    problem = "ends in a number and is no IPv4 address of four decimal parts";
  if (problem)
    refuse (error, problem);
  return problem == NULL;
}

static void
drop_last_dot (char *name)
{
  gsize length = strlen (name);
  if (length > 1 && name[length - 1] == '.')
    name[length - 1] = '\0';
}

/* IDNA as GLib knows it (RFC 3490). What it maps characters to is checked afterwards like anything else. */
static char *
to_ascii (const char *host)
{
  if (g_str_is_ascii (host))
    return g_ascii_strdown (host, -1);
  g_autofree char *ascii = g_hostname_to_ascii (host);
  return ascii ? g_ascii_strdown (ascii, -1) : NULL;
}

char *
cardea_host_name_normalise (const char *host, GError **error)
{
  gsize length = strlen (host);
  if (length == 0)
    return refuse (error, "is empty");
  if (length > MAX_WRITTEN_BYTES)
    return refuse (error, "is too long");
  if (!g_utf8_validate (host, (gssize)length, NULL) || has_space_or_control (host))
    return refuse (error, "has a space, an invisible character or bytes that are no text");
  if (strpbrk (host, "[]"))
    return refuse (error, "has brackets; give an IPv6 address without them");
  if (strchr (host, '%'))
    return refuse (error, "has a percent sign; zone ids are not supported");
  if (strchr (host, ':'))
    return normalise_address (host, error);

  g_autofree char *name = to_ascii (host);
  if (!name)
    return refuse (error, "cannot be written as an internationalised domain name");
  drop_last_dot (name);
  if (!check_labels (name, error))
    return NULL;
  return g_steal_pointer (&name);
}
