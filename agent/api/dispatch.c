/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dispatch: who may call what, and how. Parameters are each method's own. */
#include "agent/api/dispatch.h"

#include <string.h>

#include "socket-api/wire/error.h"

/* The part before the last dot. A call's name has at least one: it was parsed. */
static gsize
interface_length (const char *name)
{
  return (gsize)(strrchr (name, '.') - name);
}

static const CardeaMethod *
find (const CardeaMethod *methods, guint n_methods, const char *name, gboolean *interface_known)
{
  gsize length = interface_length (name);

  *interface_known = FALSE;
  for (guint i = 0; i < n_methods; i++) {
    if (g_str_equal (methods[i].name, name))
      return &methods[i];
    if (interface_length (methods[i].name) == length && strncmp (methods[i].name, name, length) == 0)
      *interface_known = TRUE;
  }

  return NULL;
}

static GError *
make_unknown (const char *name, gboolean interface_known)
{
  g_autofree char *interface = g_strndup (name, interface_length (name));
  GError *error;

  if (interface_known) {
    error = cardea_error_new (CARDEA_ERROR_METHOD_NOT_FOUND, "There is no method %s", name);
    cardea_error_take_parameter (error, "method", json_string (name));
  } else {
    error = cardea_error_new (CARDEA_ERROR_INTERFACE_NOT_FOUND, "There is no interface %s", interface);
    cardea_error_take_parameter (error, "interface", json_string (interface));
  }

  return error;
}

/* An error, or NULL when the method may be called like this. */
static GError *
check (const CardeaMethod *method, CardeaCall *call)
{
  const CardeaWireCall *wire = cardea_call_get_wire (call);
  GError *error = NULL;

  if (!method->sandboxed &&
      cardea_caller_get_strength (cardea_call_get_caller (call)) == CARDEA_CALLER_CONFINED)
    return cardea_error_new (CARDEA_ERROR_PERMISSION_DENIED, "Sandboxed programs may not call %s",
                             method->name);

  /* Nobody would see the answer, which is all these methods are for. */
  if (wire->oneway && (wire->upgrade || wire->more || method->upgrade || method->more)) {
    error = cardea_error_new (CARDEA_ERROR_INVALID_PARAMETER, "%s cannot be called oneway", method->name);
    cardea_error_take_parameter (error, "parameter", json_string ("oneway"));
    return error;
  }

  if (cardea_call_has_descriptor (call) && !method->descriptor) {
    error = cardea_error_new (CARDEA_ERROR_INVALID_PARAMETER, "%s takes no descriptor", method->name);
    cardea_error_take_parameter (error, "parameter", json_string ("descriptor"));
    return error;
  }

  if (wire->upgrade != method->upgrade) {
    error = cardea_error_new (CARDEA_ERROR_INVALID_PARAMETER,
                              method->upgrade ? "%s must be called as an upgrade"
                                              : "%s cannot be called as an upgrade",
                              method->name);
    cardea_error_take_parameter (error, "parameter", json_string ("upgrade"));
    return error;
  }

  if (method->more && !wire->more)
    return cardea_error_new (CARDEA_ERROR_EXPECTED_MORE, "%s must be called with more", method->name);

  return NULL;
}

void
cardea_dispatch (const CardeaMethod *methods, guint n_methods, CardeaCall *call, gpointer context)
{
  const CardeaWireCall *wire = cardea_call_get_wire (call);
  gboolean interface_known;
  const CardeaMethod *method = find (methods, n_methods, wire->method, &interface_known);
  g_autoptr (GError) error = method ? check (method, call) : make_unknown (wire->method, interface_known);

  if (error)
    cardea_call_reply_error (call, error);
  else
    method->handle (call, context);
}
