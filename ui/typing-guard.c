/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keeps keys that were meant for another window away from a dialog.
 *
 * The keys are taken at the window in the capture phase, before any widget sees them. The guard is armed by a
 * source of low priority: keys that waited while the process was busy, with its first frame for instance, are
 * then told to it first, and count as early as they were. */

#include "ui/typing-guard.h"

#include "ui/typing-quiet.h"

struct _CardeaTypingGuard
{
  GObject parent_instance;

  GtkWindow *window;        /* weak */
  GtkEventController *keys; /* owned by `window` */
  CardeaTypingQuiet quiet;
  guint timer;
};

G_DEFINE_FINAL_TYPE (CardeaTypingGuard, cardea_typing_guard, G_TYPE_OBJECT)

enum
{
  PROP_ARMED = 1,
  N_PROPS,
};

enum
{
  IGNORED,
  N_SIGNALS,
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

static void schedule (CardeaTypingGuard *self);

static gboolean
on_timer (gpointer data)
{
  CardeaTypingGuard *self = data;

  self->timer = 0;
  if (cardea_typing_quiet_arm (&self->quiet, g_get_monotonic_time ()))
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ARMED]);
  else
    schedule (self);
  return G_SOURCE_REMOVE;
}

static void
schedule (CardeaTypingGuard *self)
{
  gint64 wait = cardea_typing_quiet_wait (&self->quiet, g_get_monotonic_time ());

  if (wait < 0 || self->quiet.armed || self->timer != 0)
    return;
  self->timer =
      g_timeout_add_full (G_PRIORITY_DEFAULT_IDLE, (guint)((wait + 999) / 1000), on_timer, self, NULL);
}

static gboolean
on_key_pressed (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
                CardeaTypingGuard *self)
{
  if (key == GDK_KEY_Escape || cardea_typing_quiet_key (&self->quiet, g_get_monotonic_time ()))
    return GDK_EVENT_PROPAGATE;
  g_signal_emit (self, signals[IGNORED], 0);
  return GDK_EVENT_STOP;
}

static void
on_window_active (GtkWindow *window, GParamSpec *pspec, CardeaTypingGuard *self)
{
  gboolean was_armed = self->quiet.armed;

  if (gtk_window_is_active (window))
    cardea_typing_quiet_focus (&self->quiet, g_get_monotonic_time ());
  else
    cardea_typing_quiet_unfocus (&self->quiet);
  if (was_armed != self->quiet.armed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ARMED]);
  schedule (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_ARMED)
    g_value_set_boolean (value, cardea_typing_guard_is_armed (CARDEA_TYPING_GUARD (object)));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
dispose (GObject *object)
{
  CardeaTypingGuard *self = CARDEA_TYPING_GUARD (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->window != NULL)
    gtk_widget_remove_controller (GTK_WIDGET (self->window), self->keys);
  g_clear_weak_pointer (&self->window);
  G_OBJECT_CLASS (cardea_typing_guard_parent_class)->dispose (object);
}

static void
cardea_typing_guard_class_init (CardeaTypingGuardClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = get_property;
  object_class->dispose = dispose;
  props[PROP_ARMED] =
      g_param_spec_boolean ("armed", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[IGNORED] = g_signal_new ("ignored", CARDEA_TYPE_TYPING_GUARD, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
}

static void
cardea_typing_guard_init (CardeaTypingGuard *self)
{
}

CardeaTypingGuard *
cardea_typing_guard_new (GtkWindow *window)
{
  CardeaTypingGuard *self = g_object_new (CARDEA_TYPE_TYPING_GUARD, NULL);

  g_set_weak_pointer (&self->window, window);
  self->keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (self->keys, GTK_PHASE_CAPTURE);
  g_signal_connect_object (self->keys, "key-pressed", G_CALLBACK (on_key_pressed), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (window), self->keys);
  g_signal_connect_object (window, "notify::is-active", G_CALLBACK (on_window_active), self, 0);
  on_window_active (window, NULL, self);
  return self;
}

gboolean
cardea_typing_guard_is_armed (CardeaTypingGuard *self)
{
  return self->quiet.armed;
}
