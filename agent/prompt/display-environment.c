/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The environment of a prompt.
 *
 * A toolkit obeys dozens of variables, some of which load code; none comes along that is not named here. The
 * display is taken from one place as a whole: half of a session that ended is no session. */

#include <string.h>

#include "agent/prompt/display.h"
#include "socket-api/limits.h"

static const char *const KEPT[] = {
  "LANG",
  "LANGUAGE",
  "XDG_DATA_DIRS",
  "HOME",
  "PATH",
  "XDG_CURRENT_DESKTOP",
  "TZ",
  "XDG_SESSION_TYPE",
  "XDG_RUNTIME_DIR",
  "GTK_A11Y",
  "GDK_BACKEND",
  "DBUS_SESSION_BUS_ADDRESS",
  "AT_SPI_BUS_ADDRESS",
  NULL,
};

static const char *const DISPLAYS[] = { "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", NULL };

/* The portal can freeze libadwaita for 25 s; software GL takes a second longer to the first frame. */
static const char *const FIXED[] = { "ADW_DISABLE_PORTAL=1", "GSK_RENDERER=cairo", NULL };

static gboolean
is_plain (const char *value)
{
  if (value[0] == '\0' || strlen (value) > CARDEA_LIMIT_PROMPT_TEXT_BYTES ||
      !g_utf8_validate (value, -1, NULL))
    return FALSE;
  for (const char *at = value; *at != '\0'; at = g_utf8_next_char (at))
    if (!g_unichar_isprint (g_utf8_get_char (at)))
      return FALSE;
  return TRUE;
}

static const char *
get_plain (const char *const *environment, const char *name)
{
  const char *value = environment != NULL ? g_environ_getenv ((char **)environment, name) : NULL;

  return value != NULL && is_plain (value) ? value : NULL;
}

static void
add (GPtrArray *to, const char *name, const char *value)
{
  if (value != NULL)
    g_ptr_array_add (to, g_strconcat (name, "=", value, NULL));
}

static void
add_locale (GPtrArray *to, const char *const *own)
{
  for (guint i = 0; own[i] != NULL; i++)
    if (g_str_has_prefix (own[i], "LC_") && strchr (own[i], '=') != NULL && is_plain (own[i]))
      g_ptr_array_add (to, g_strdup (own[i]));
}

char **
cardea_display_make_environment (const char *const *own, const char *const *manager,
                                 const char *activation_token)
{
  GPtrArray *made = g_ptr_array_new ();
  gboolean managed = get_plain (manager, "DISPLAY") != NULL || get_plain (manager, "WAYLAND_DISPLAY") != NULL;

  for (guint i = 0; KEPT[i] != NULL; i++)
    add (made, KEPT[i], get_plain (own, KEPT[i]));
  add_locale (made, own);
  for (guint i = 0; DISPLAYS[i] != NULL; i++)
    add (made, DISPLAYS[i], get_plain (managed ? manager : own, DISPLAYS[i]));
  for (guint i = 0; FIXED[i] != NULL; i++)
    g_ptr_array_add (made, g_strdup (FIXED[i]));
  if (activation_token != NULL && is_plain (activation_token)) {
    add (made, "DESKTOP_STARTUP_ID", activation_token);
    add (made, "XDG_ACTIVATION_TOKEN", activation_token);
  }
  g_ptr_array_add (made, NULL);
  return (char **)g_ptr_array_free (made, FALSE);
}
