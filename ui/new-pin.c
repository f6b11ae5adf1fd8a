/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two entries for a new PIN. Nobody sees what they type, so they type it twice. */

#include "ui/new-pin.h"

#include <glib/gi18n.h>

#include "ui/new-pin-rule.h"
#include "ui/plain-label.h"
#include "ui/secret-entry.h"

struct _CardeaNewPin
{
  GtkBox parent_instance;

  GtkWidget *first; /* these are owned by the template */
  GtkWidget *second;
  GtkLabel *rule;

  CardeaPromptQuestion *limits;
  CardeaSecretBuffer *typed, *repeated; /* NULL before it was set up */
};

G_DEFINE_FINAL_TYPE (CardeaNewPin, cardea_new_pin, GTK_TYPE_BOX)

enum
{
  CHANGED,
  REFUSED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
on_changed (CardeaNewPin *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
on_refused (CardeaNewPin *self)
{
  g_signal_emit (self, signals[REFUSED], 0);
}

static void
give_buffer (CardeaNewPin *self, GtkWidget *entry, CardeaSecretBuffer *buffer)
{
  cardea_secret_entry_set_buffer (entry, buffer);
  g_signal_connect_object (buffer, "refused", G_CALLBACK (on_refused), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (buffer, "notify::length", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
}

static void
describe (GtkWidget *entry, const char *description)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description,
                                  -1);
}

gboolean
cardea_new_pin_set_up (CardeaNewPin *self, const CardeaPromptQuestion *question, const char *rule,
                       GError **error)
{
  self->typed = cardea_secret_buffer_new (error);
  self->repeated = self->typed != NULL ? cardea_secret_buffer_new (error) : NULL;
  if (self->repeated == NULL)
    return FALSE;
  self->limits = cardea_prompt_question_new (CARDEA_PROMPT_NEW_PIN);
  self->limits->pin_min = question->pin_min;
  self->limits->pin_max = question->pin_max;
  self->limits->unblock = question->unblock;
  give_buffer (self, self->first, self->typed);
  give_buffer (self, self->second, self->repeated);
  cardea_plain_label_set_sentence (self->rule, rule);
  describe (self->first, rule != NULL ? rule : _ ("The PIN that the token is to have"));
  describe (self->second, _ ("The new PIN once more"));
  return TRUE;
}

void
cardea_new_pin_set_editable (CardeaNewPin *self, gboolean sensitive, gboolean editable)
{
  gtk_widget_set_sensitive (self->first, sensitive);
  gtk_widget_set_sensitive (self->second, sensitive);
  gtk_editable_set_editable (GTK_EDITABLE (self->first), editable);
  gtk_editable_set_editable (GTK_EDITABLE (self->second), editable);
}

/* What is not finished is not wrong yet. */
gboolean
cardea_new_pin_is_good (CardeaNewPin *self, CardeaSecretBuffer *old, const char **fault)
{
  gsize typed = cardea_secret_buffer_get_n_bytes (self->typed);
  gsize repeated = cardea_secret_buffer_get_n_bytes (self->repeated);
  gboolean is_old = !self->limits->unblock && cardea_secret_buffer_equal (self->typed, old);
  CardeaNewPinFault found = cardea_new_pin_rule_check (self->limits, typed, is_old);
  gboolean begun = repeated > 0 || found == CARDEA_NEW_PIN_TOO_LONG;

  if (found == CARDEA_NEW_PIN_GOOD && !cardea_secret_buffer_equal (self->typed, self->repeated)) {
    found = CARDEA_NEW_PIN_DIFFERENT;
    begun = repeated >= typed;
  }
  *fault = begun ? cardea_new_pin_fault_text (found) : NULL;
  return found == CARDEA_NEW_PIN_GOOD;
}

CardeaSecret *
cardea_new_pin_steal (CardeaNewPin *self, GError **error)
{
  cardea_secret_buffer_clear (self->repeated);
  return cardea_secret_buffer_steal (self->typed, error);
}

void
cardea_new_pin_clear (CardeaNewPin *self)
{
  if (self->repeated == NULL)
    return;
  cardea_secret_buffer_clear (self->typed);
  cardea_secret_buffer_clear (self->repeated);
}

static void
dispose (GObject *object)
{
  CardeaNewPin *self = CARDEA_NEW_PIN (object);

  cardea_new_pin_clear (self);
  gtk_widget_dispose_template (GTK_WIDGET (self), CARDEA_TYPE_NEW_PIN);
  G_OBJECT_CLASS (cardea_new_pin_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  CardeaNewPin *self = CARDEA_NEW_PIN (object);

  g_clear_object (&self->typed);
  g_clear_object (&self->repeated);
  g_clear_pointer (&self->limits, cardea_prompt_question_free);
  G_OBJECT_CLASS (cardea_new_pin_parent_class)->finalize (object);
}

static guint
make_signal (const char *name)
{
  return g_signal_new (name, CARDEA_TYPE_NEW_PIN, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
cardea_new_pin_class_init (CardeaNewPinClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  G_OBJECT_CLASS (klass)->finalize = finalize;
  gtk_widget_class_set_template_from_resource (widget_class, "/org/cardea/prompt/new-pin.ui");
  gtk_widget_class_bind_template_child (widget_class, CardeaNewPin, first);
  gtk_widget_class_bind_template_child (widget_class, CardeaNewPin, second);
  gtk_widget_class_bind_template_child (widget_class, CardeaNewPin, rule);
  signals[CHANGED] = make_signal ("changed");
  signals[REFUSED] = make_signal ("refused");
}

static void
cardea_new_pin_init (CardeaNewPin *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
