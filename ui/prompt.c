/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One question: from the channel to a dialog, and its answer back.
 *
 * The dialogs know no channel, and the channel no dialogs. Whatever goes wrong ends without an answer, which
 * the agent takes as "cancelled". */

#include "ui/prompt.h"

#include <adwaita.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "socket-api/limits.h"
#include "ui/certificate-dialog.h"
#include "ui/channel.h"
#include "ui/notice-text.h"
#include "ui/notice.h"
#include "ui/parent-window.h"
#include "ui/pin-dialog.h"
#include "ui/pin-pipe.h"

typedef struct
{
  GApplication *application; /* borrowed */
  CardeaChannel *channel;
  int pin;
  GtkWindow *dialog; /* GTK's, until it is destroyed */
  GdkFrameClock *clock;
  gulong painted;
  guint notice;      /* the timer of what is told last */
  gboolean over;     /* no answer is sent any more */
  gboolean answered; /* other than "cancel" */
} Prompt;

static void
end (Prompt *self)
{
  g_clear_handle_id (&self->notice, g_source_remove);
  if (self->clock != NULL)
    g_clear_signal_handler (&self->painted, self->clock);
  g_clear_object (&self->clock);
  if (self->dialog != NULL)
    gtk_window_destroy (g_steal_pointer (&self->dialog));
  g_clear_object (&self->channel);
  g_application_quit (self->application);
}

static void
end_with_error (Prompt *self, const GError *error)
{
  g_printerr ("cardea-prompt: %s\n", error->message);
  end (self);
}

static void
close_pin (Prompt *self)
{
  if (self->pin >= 0)
    close (self->pin);
  self->pin = -1;
}

static gboolean
hand_over_typed (Prompt *self, GError **error)
{
  g_autoptr (CardeaSecret) pin = cardea_pin_dialog_steal_pin (CARDEA_PIN_DIALOG (self->dialog), error);

  return pin != NULL && cardea_pin_pipe_hand_over (g_steal_fd (&self->pin), pin, error);
}

static void
on_answered (gpointer dialog, const CardeaPromptAnswer *answer, Prompt *self)
{
  g_autoptr (GError) error = NULL;

  if (self->over) {
    end (self);
    return;
  }
  self->over = TRUE;
  if ((answer->kind != CARDEA_PROMPT_PIN_TYPED || hand_over_typed (self, &error)) &&
      cardea_channel_send_answer (self->channel, answer, &error))
    self->answered = answer->kind != CARDEA_PROMPT_CANCEL;
  if (error != NULL)
    end_with_error (self, error);
  else
    end (self);
}

static void
on_painted (GdkFrameClock *clock, Prompt *self)
{
  g_autoptr (GError) error = NULL;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self->dialog)))
    return;
  g_clear_signal_handler (&self->painted, clock);
  if (!cardea_channel_send (self->channel, CARDEA_PROMPT_SHOWN, &error))
    end_with_error (self, error);
}

static void
set_colour_scheme (const char *name)
{
  AdwColorScheme scheme = ADW_COLOR_SCHEME_DEFAULT;

  if (g_strcmp0 (name, "dark") == 0)
    scheme = ADW_COLOR_SCHEME_FORCE_DARK;
  else if (g_strcmp0 (name, "light") == 0)
    scheme = ADW_COLOR_SCHEME_FORCE_LIGHT;
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), scheme);
}

static GtkWidget *
make_dialog (const CardeaPromptQuestion *question, GError **error)
{
  return question->kind == CARDEA_PROMPT_CERTIFICATE ? cardea_certificate_dialog_new (question)
                                                     : cardea_pin_dialog_new (question, error);
}

static void
show_dialog (Prompt *self, GtkWidget *dialog, const CardeaPromptQuestion *question)
{
  self->dialog = GTK_WINDOW (dialog);
  gtk_window_set_application (self->dialog, GTK_APPLICATION (self->application));
  cardea_parent_window_set (self->dialog, question->window);
  g_signal_connect (dialog, "answered", G_CALLBACK (on_answered), self);
  gtk_widget_realize (dialog);
  self->clock = g_object_ref (gtk_widget_get_frame_clock (dialog));
  self->painted = g_signal_connect (self->clock, "after-paint", G_CALLBACK (on_painted), self);
  gtk_window_present (self->dialog);
}

static void
on_question (CardeaChannel *channel, const CardeaPromptQuestion *question, Prompt *self)
{
  g_autoptr (GError) error = NULL;
  GtkWidget *dialog;

  if (question->kind == CARDEA_PROMPT_CERTIFICATE)
    close_pin (self);
  set_colour_scheme (question->colour_scheme);
  dialog = make_dialog (question, &error);
  if (dialog == NULL)
    end_with_error (self, error);
  else
    show_dialog (self, dialog, question);
}

static gboolean
on_notice_read (gpointer data)
{
  Prompt *self = data;

  self->notice = 0;
  end (self);
  return G_SOURCE_REMOVE;
}

static void
withdraw (Prompt *self, CardeaPromptWithdrawn why)
{
  const char *title = NULL, *text = cardea_notice_text (why, &title);

  if (self->over)
    return;
  self->over = TRUE;
  if (text == NULL) {
    end (self);
    return;
  }
  if (CARDEA_IS_PIN_DIALOG (self->dialog))
    cardea_pin_dialog_erase (CARDEA_PIN_DIALOG (self->dialog));
  cardea_notice_show (ADW_WINDOW (self->dialog), title, text);
  self->notice = g_timeout_add (CARDEA_LIMIT_PROMPT_NOTICE_MS, on_notice_read, self);
}

static void
on_update (CardeaChannel *channel, const CardeaPromptUpdate *update, Prompt *self)
{
  if (self->dialog == NULL)
    return;
  if (update->kind == CARDEA_PROMPT_UPDATE_WITHDRAW)
    withdraw (self, update->why);
  else if (CARDEA_IS_CERTIFICATE_DIALOG (self->dialog) && !self->over)
    cardea_certificate_dialog_update (CARDEA_CERTIFICATE_DIALOG (self->dialog), update->offers);
}

static void
on_closed (CardeaChannel *channel, const GError *error, Prompt *self)
{
  if (error != NULL)
    end_with_error (self, error);
  else if (self->notice == 0)
    end (self);
}

/* An input method is a process of its own, which would see the PIN: on X11 by its socket, on Wayland by the
 * compositor, as soon as a text field is told to it. */
static void
keep_input_methods_out (void)
{
  g_object_set (gtk_settings_get_default (), "gtk-im-module", "gtk-im-context-simple", NULL);
}

static void
on_activate (GApplication *application, Prompt *self)
{
  keep_input_methods_out ();
  g_application_hold (application); /* until the question has come */
}

gboolean
cardea_prompt_run (int channel, int pin)
{
  g_autoptr (AdwApplication) application =
      adw_application_new ("org.cardea.Prompt", G_APPLICATION_NON_UNIQUE);
  Prompt self = { .application = G_APPLICATION (application), .pin = pin };

  self.channel = cardea_channel_new (channel);
  g_signal_connect (self.channel, "question", G_CALLBACK (on_question), &self);
  g_signal_connect (self.channel, "update", G_CALLBACK (on_update), &self);
  g_signal_connect (self.channel, "closed", G_CALLBACK (on_closed), &self);
  g_signal_connect (application, "activate", G_CALLBACK (on_activate), &self);
  g_application_run (self.application, 0, NULL);
  close_pin (&self);
  return self.answered;
}
