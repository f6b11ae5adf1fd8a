/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asks for a token's PIN.
 *
 * The PIN is in the entry's buffer (ui/secret-buffer.h) and in no other place: it is taken from there by
 * cardea_pin_dialog_steal_pin(), or erased with the buffer, however the dialog ends. Nothing can be typed or
 * accepted before the guard (ui/typing-guard.h) is armed, nor, when only one try is left, before the person
 * has said that it is to be used. */

#include "ui/pin-dialog.h"

#include <glib/gi18n.h>

#include "pin-resources.h"
#include "socket-api/secret/pair.h"
#include "ui/button-layout.h"
#include "ui/new-pin.h"
#include "ui/pin-text.h"
#include "ui/plain-label.h"
#include "ui/plain-text.h"
#include "ui/request-card.h"
#include "ui/secret-buffer.h"
#include "ui/secret-entry.h"
#include "ui/style.h"
#include "ui/typing-guard.h"

#define WIDTH 440
#define MAX_HEIGHT 760
#define FRAME 10 /* of a window where nothing draws shadows, both sides together */

struct _CardeaPinDialog
{
  AdwWindow parent_instance;

  GtkWidget *header;
  GtkWidget *clamp;
  GtkLabel *lead;
  GtkWidget *warning_box;
  GtkLabel *warning;
  GtkCheckButton *confirm;
  GtkLabel *confirmation;
  GtkWidget *entry_box;
  GtkLabel *entry_name;
  GtkWidget *entry;
  CardeaNewPin *new_pin;
  GtkLabel *hint;
  GtkWidget *token_card;
  GtkLabel *token;
  GtkLabel *reader;
  GtkLabel *purpose;
  CardeaRequestCard *request;
  GtkWidget *buttons;
  GtkButton *refuse;
  GtkButton *accept;

  CardeaTypingGuard *guard;
  CardeaSecretBuffer *buffer;
  GdkDevice *keyboard; /* or NULL */
  const char *notice;  /* about what was typed and not taken; or NULL */
  gboolean answered;
};

G_DEFINE_FINAL_TYPE (CardeaPinDialog, cardea_pin_dialog, ADW_TYPE_WINDOW)

enum
{
  ANSWERED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static gboolean
is_confirmed (CardeaPinDialog *self)
{
  return !gtk_widget_get_visible (GTK_WIDGET (self->confirm)) || gtk_check_button_get_active (self->confirm);
}

static gboolean
has_entry (CardeaPinDialog *self)
{
  return gtk_widget_get_visible (self->entry_box);
}

static gboolean
has_new_pin (CardeaPinDialog *self)
{
  return gtk_widget_get_visible (GTK_WIDGET (self->new_pin));
}

/* @fault: what is wrong with a new PIN, or NULL. */
static gboolean
is_typed (CardeaPinDialog *self, const char **fault)
{
  gboolean typed = !has_entry (self) || gtk_entry_buffer_get_length (GTK_ENTRY_BUFFER (self->buffer)) > 0;

  *fault = NULL;
  return (!has_new_pin (self) || cardea_new_pin_is_good (self->new_pin, self->buffer, fault)) && typed;
}

static gboolean
can_accept (CardeaPinDialog *self)
{
  const char *fault;

  return cardea_typing_guard_is_armed (self->guard) && is_confirmed (self) && is_typed (self, &fault);
}

static gboolean
is_caps_lock_on (CardeaPinDialog *self)
{
  return self->keyboard != NULL && gdk_device_get_caps_lock_state (self->keyboard);
}

static void
show_hint (CardeaPinDialog *self)
{
  const char *caps_lock = is_caps_lock_on (self) ? _ ("Caps Lock is on.") : NULL;
  const char *fault, *notice = self->notice;
  g_autofree char *both = NULL;

  (void)is_typed (self, &fault);
  if (notice == NULL)
    notice = fault;
  if (caps_lock != NULL && notice != NULL)
    both = g_strdup_printf ("%s %s", caps_lock, notice);
  const char *text = both != NULL ? both : caps_lock != NULL ? caps_lock : notice;
  gtk_label_set_text (self->hint, text != NULL ? text : "");
  /* Under an entry it keeps its line, so that nothing moves while somebody types. */
  gtk_widget_set_visible (GTK_WIDGET (self->hint), text != NULL || has_entry (self));
}

static void
on_state_changed (CardeaPinDialog *self)
{
  gboolean was_locked = !gtk_widget_get_sensitive (self->entry), confirmed = is_confirmed (self);

  gtk_widget_set_sensitive (self->entry, confirmed);
  gtk_editable_set_editable (GTK_EDITABLE (self->entry),
                             confirmed && cardea_typing_guard_is_armed (self->guard));
  cardea_new_pin_set_editable (self->new_pin, confirmed,
                               confirmed && cardea_typing_guard_is_armed (self->guard));
  gtk_widget_set_sensitive (GTK_WIDGET (self->accept), can_accept (self));
  if (was_locked && confirmed)
    gtk_widget_grab_focus (has_entry (self) ? self->entry : GTK_WIDGET (self->accept));
  show_hint (self);
}

/* Where nothing is typed, Enter goes on as soon as keys are taken. */
static void
on_armed_changed (CardeaPinDialog *self)
{
  on_state_changed (self);
  if (!has_entry (self) && can_accept (self) && gtk_widget_get_visible (GTK_WIDGET (self->accept)))
    gtk_widget_grab_focus (GTK_WIDGET (self->accept));
}

/* A box under the last try is not ticked by the Enter that ends every PIN. */
static gboolean
on_confirm_key (CardeaPinDialog *self, guint key)
{
  return key == GDK_KEY_Return || key == GDK_KEY_KP_Enter || key == GDK_KEY_ISO_Enter;
}

static void
on_key_ignored (CardeaPinDialog *self)
{
  self->notice = _ ("Keys pressed before this dialog was ready were ignored.");
  show_hint (self);
}

static void
on_text_refused (CardeaPinDialog *self)
{
  self->notice = _ ("A PIN has to be typed: it cannot be pasted, and has an end.");
  show_hint (self);
}

static void
on_text_inserted (CardeaPinDialog *self)
{
  self->notice = NULL;
  on_state_changed (self);
}

static void
on_new_pin_changed (CardeaPinDialog *self)
{
  self->notice = NULL;
  on_state_changed (self);
}

static void
answer (CardeaPinDialog *self, CardeaPromptAnswerKind kind)
{
  g_autoptr (CardeaPromptAnswer) answer = cardea_prompt_answer_new (kind);

  if (self->answered)
    return;
  self->answered = TRUE;
  g_signal_emit (self, signals[ANSWERED], 0, answer);
}

static void
on_accept_clicked (CardeaPinDialog *self)
{
  if (can_accept (self))
    answer (self, has_entry (self) ? CARDEA_PROMPT_PIN_TYPED : CARDEA_PROMPT_PINPAD);
}

static void
on_refuse_clicked (CardeaPinDialog *self)
{
  gtk_window_close (GTK_WINDOW (self));
}

static gboolean
close_request (GtkWindow *window)
{
  CardeaPinDialog *self = CARDEA_PIN_DIALOG (window);

  cardea_pin_dialog_erase (self);
  answer (self, CARDEA_PROMPT_CANCEL);
  return GDK_EVENT_STOP;
}

static void
set_button (GtkButton *button, const char *label, const char *description)
{
  gtk_widget_set_visible (GTK_WIDGET (button), label != NULL);
  if (label == NULL)
    return;
  gtk_button_set_label (button, label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description,
                                  -1);
}

static void
show_words (CardeaPinDialog *self, const CardeaPinText *text)
{
  g_autofree char *lead = cardea_pin_text_lead (text);

  gtk_window_set_title (GTK_WINDOW (self), text->title);
  cardea_plain_label_set_sentence (self->lead, lead);
  cardea_plain_label_set_sentence (self->warning, text->warning);
  gtk_widget_set_visible (self->warning_box, text->warning != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->confirm), text->confirm);
  gtk_label_set_text (self->confirmation, text->confirmation);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->confirm), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  text->confirmation, -1);
  gtk_widget_set_visible (self->entry_box, text->entry);
  gtk_label_set_text_with_mnemonic (self->entry_name, text->name);
  gtk_widget_set_visible (GTK_WIDGET (self->new_pin), text->new_entry);
  gtk_label_set_text (self->purpose, text->purpose);
  set_button (self->accept, text->accept, text->consequence);
  set_button (self->refuse, text->refuse, text->refusal);
  const char *description = text->warning != NULL ? text->warning : lead;
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->entry), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  description, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, text->title,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description, -1);
}

static void
show_token (CardeaPinDialog *self, const char *label, const char *reader)
{
  g_autofree char *shown_label = cardea_plain_text (label, CARDEA_PLAIN_TEXT_LINE);
  g_autofree char *shown_reader = cardea_plain_text (reader, CARDEA_PLAIN_TEXT_LINE);
  /* Translators: %s is the name of a token */
  g_autofree char *name = g_strdup_printf (_ ("Token: %s"), shown_label);

  cardea_plain_label_set (self->token, label, CARDEA_PLAIN_TEXT_LINE);
  cardea_plain_label_set (self->reader, reader, CARDEA_PLAIN_TEXT_LINE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->token_card), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, shown_reader, -1);
}

static void
choose_focus (CardeaPinDialog *self)
{
  GtkWidget *focus = GTK_WIDGET (self->refuse);

  if (gtk_widget_get_visible (GTK_WIDGET (self->confirm)))
    focus = GTK_WIDGET (self->confirm);
  else if (has_entry (self))
    focus = self->entry;
  gtk_window_set_focus (GTK_WINDOW (self), focus);
}

static int
natural_height (GtkWidget *widget)
{
  int height;

  gtk_widget_measure (widget, GTK_ORIENTATION_VERTICAL, WIDTH - FRAME, NULL, &height, NULL, NULL);
  return height;
}

/* A scrolled window asks for the height that its content has without a line broken. */
static void
fit_height (CardeaPinDialog *self)
{
  int height =
      natural_height (self->header) + natural_height (self->clamp) + natural_height (self->buttons) + FRAME;

  gtk_window_set_default_size (GTK_WINDOW (self), WIDTH, MIN (height, MAX_HEIGHT));
}

static void
watch_keyboard (CardeaPinDialog *self)
{
  GdkSeat *seat = gdk_display_get_default_seat (gtk_widget_get_display (GTK_WIDGET (self)));
  GdkDevice *keyboard = seat != NULL ? gdk_seat_get_keyboard (seat) : NULL;

  if (keyboard == NULL)
    return;
  self->keyboard = g_object_ref (keyboard);
  g_signal_connect_object (keyboard, "notify::caps-lock-state", G_CALLBACK (show_hint), self,
                           G_CONNECT_SWAPPED);
}

static void
set_up_entry (CardeaPinDialog *self)
{
  cardea_secret_entry_set_buffer (self->entry, self->buffer);
  g_signal_connect_object (self->buffer, "refused", G_CALLBACK (on_text_refused), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->buffer, "inserted-text", G_CALLBACK (on_text_inserted), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->buffer, "notify::length", G_CALLBACK (on_state_changed), self,
                           G_CONNECT_SWAPPED);
}

static void
dispose (GObject *object)
{
  CardeaPinDialog *self = CARDEA_PIN_DIALOG (object);

  if (self->buffer != NULL)
    cardea_pin_dialog_erase (self);
  g_clear_object (&self->guard);
  g_clear_object (&self->keyboard);
  gtk_widget_dispose_template (GTK_WIDGET (self), CARDEA_TYPE_PIN_DIALOG);
  G_OBJECT_CLASS (cardea_pin_dialog_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  g_clear_object (&CARDEA_PIN_DIALOG (object)->buffer);
  G_OBJECT_CLASS (cardea_pin_dialog_parent_class)->finalize (object);
}

static void
bind_children (GtkWidgetClass *klass)
{
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, header);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, clamp);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, lead);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, warning_box);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, warning);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, confirm);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, confirmation);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, entry_box);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, entry_name);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, new_pin);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, purpose);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, entry);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, hint);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, token_card);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, token);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, reader);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, request);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, buttons);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, refuse);
  gtk_widget_class_bind_template_child (klass, CardeaPinDialog, accept);
  gtk_widget_class_bind_template_callback (klass, on_state_changed);
  gtk_widget_class_bind_template_callback (klass, on_confirm_key);
  gtk_widget_class_bind_template_callback (klass, on_new_pin_changed);
  gtk_widget_class_bind_template_callback (klass, on_text_refused);
  gtk_widget_class_bind_template_callback (klass, on_accept_clicked);
  gtk_widget_class_bind_template_callback (klass, on_refuse_clicked);
}

static void
cardea_pin_dialog_class_init (CardeaPinDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  G_OBJECT_CLASS (klass)->finalize = finalize;
  GTK_WINDOW_CLASS (klass)->close_request = close_request;
  g_resources_register (cardea_pin_get_resource ());
  g_type_ensure (CARDEA_TYPE_NEW_PIN);
  g_type_ensure (CARDEA_TYPE_REQUEST_CARD);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/cardea/prompt/pin-dialog.ui");
  bind_children (widget_class);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  signals[ANSWERED] = g_signal_new ("answered", CARDEA_TYPE_PIN_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                    NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static void
cardea_pin_dialog_init (CardeaPinDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_layout_manager (self->buttons, cardea_button_layout_new ());
  self->guard = cardea_typing_guard_new (GTK_WINDOW (self));
  g_signal_connect_object (self->guard, "notify::armed", G_CALLBACK (on_armed_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->guard, "ignored", G_CALLBACK (on_key_ignored), self, G_CONNECT_SWAPPED);
  watch_keyboard (self);
}

GtkWidget *
cardea_pin_dialog_new (const CardeaPromptQuestion *question, GError **error)
{
  g_autoptr (CardeaSecretBuffer) buffer = cardea_secret_buffer_new (error);
  g_autoptr (CardeaPinText) text = cardea_pin_text_new (question);
  CardeaPinDialog *self;

  if (buffer == NULL)
    return NULL;
  cardea_style_load (gdk_display_get_default ());
  self = g_object_new (CARDEA_TYPE_PIN_DIALOG, NULL);
  self->buffer = g_steal_pointer (&buffer);
  set_up_entry (self);
  if (!cardea_new_pin_set_up (self->new_pin, question, text->rule, error)) {
    gtk_window_destroy (GTK_WINDOW (self));
    return NULL;
  }
  show_words (self, text);
  show_token (self, question->token_label, question->reader);
  cardea_request_card_show (self->request, &question->program,
                            question->kind == CARDEA_PROMPT_NEW_PIN ? NULL : &question->server);
  on_state_changed (self);
  choose_focus (self);
  fit_height (self);
  return GTK_WIDGET (self);
}

CardeaSecret *
cardea_pin_dialog_steal_pin (CardeaPinDialog *self, GError **error)
{
  g_autoptr (CardeaSecret) typed = cardea_secret_buffer_steal (self->buffer, error);
  g_autoptr (CardeaSecret) fresh = NULL;

  if (typed == NULL || !has_new_pin (self))
    return g_steal_pointer (&typed);
  fresh = cardea_new_pin_steal (self->new_pin, error);
  return fresh != NULL ? cardea_secret_join (typed, fresh, error) : NULL;
}

void
cardea_pin_dialog_erase (CardeaPinDialog *self)
{
  cardea_secret_buffer_clear (self->buffer);
  if (self->new_pin != NULL) /* not any more at the very end */
    cardea_new_pin_clear (self->new_pin);
}
