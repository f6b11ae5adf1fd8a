/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a question can be asked: whether there is a display.
 *
 * What a dialog would be told is what counts: a prompt without either variable ends at once. A display that
 * is named but gone is not found out here; the question is then cancelled, as without a terminal. */

#include "agent/prompt/place.h"

#include "agent/prompt/display.h"

static void
on_display_known (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (CardeaDisplay) display = cardea_display_look_up_finish (result);
  g_auto (GStrv) own = g_get_environ ();
  g_auto (GStrv) environment = cardea_display_make_environment (
      (const char *const *)own, (const char *const *)display->environment, NULL);

  g_task_return_boolean (task, g_environ_getenv (environment, "DISPLAY") != NULL ||
                                   g_environ_getenv (environment, "WAYLAND_DISPLAY") != NULL);
}

void
cardea_place_has_display_async (GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);

  g_task_set_source_tag (task, cardea_place_has_display_async);
  cardea_display_look_up_async (on_display_known, task);
}

gboolean
cardea_place_has_display_finish (GAsyncResult *result)
{
  return g_task_propagate_boolean (G_TASK (result), NULL);
}
