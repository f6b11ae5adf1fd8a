/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which certificate may identify a person to a server: the question, whole in one window.
 *
 * A choice is consent, so nothing is chosen by accident: the buttons that consent are dead until the typing
 * guard is armed (ui/typing-guard.h) and for a moment after each update, a certificate that goes away with
 * its token is replaced by none, and one that comes is only chosen where nothing was before. Escape and the
 * window's close button always cancel.
 *
 * The certificates that do not fit are shown when somebody asks for them; making their rows is what would
 * delay the first frame most. */

#include "ui/certificate-dialog.h"

#include <glib/gi18n.h>

#include "ui/button-layout.h"
#include "ui/certificate-details.h"
#include "ui/certificate-list.h"
#include "certificate-resources.h"
#include "ui/certificate-row.h"
#include "ui/remember-row.h"
#include "ui/request-card.h"
#include "ui/style.h"
#include "ui/typing-guard.h"

#define MAX_HEIGHT 736
#define FRAME 10 /* of a window where nothing draws shadows, both sides together */

struct _CardeaCertificateDialog
{
  AdwWindow parent_instance;

  GPtrArray *offers; /* of CardeaPromptOffer */
  char *wanted;      /* id of the certificate that was chosen last; it may be gone */
  gboolean may_continue;
  gboolean answered;
  gboolean updating; /* the lists change by an update, not by the person */
  CardeaTypingGuard *guard;
  guint settling; /* the timer that holds consent back after an update; 0 without one */

  GtkWidget *header; /* these are owned by the template */
  GtkWidget *back;
  GtkWidget *clamp;
  GtkStack *pages;
  CardeaRequestCard *request;
  GtkLabel *heading;
  GtkWidget *empty;
  GtkLabel *empty_title;
  GtkLabel *empty_text;
  CardeaRowList *fitting;
  GtkExpander *others;
  CardeaRowList *unfitting;
  CardeaRememberRow *remember;
  GtkWidget *remember_list;
  CardeaCertificateDetails *details;
  GtkWidget *footer;
  GtkWidget *buttons;
  GtkWidget *go_on;
  GtkWidget *cancel;
  GtkWidget *use;
};

G_DEFINE_FINAL_TYPE (CardeaCertificateDialog, cardea_certificate_dialog, ADW_TYPE_WINDOW)

enum
{
  ANSWERED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static gint64
now (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

static void
answer (CardeaCertificateDialog *self, CardeaPromptAnswerKind kind)
{
  g_autoptr (CardeaPromptAnswer) given = NULL;

  if (self->answered)
    return;
  self->answered = TRUE;
  given = cardea_prompt_answer_new (kind);
  if (kind == CARDEA_PROMPT_USE)
    given->id = g_strdup (self->wanted);
  if (kind != CARDEA_PROMPT_CANCEL)
    given->remember = cardea_remember_row_get (self->remember);
  g_signal_emit (self, signals[ANSWERED], 0, given);
}

static void
on_use_clicked (GtkButton *button, CardeaCertificateDialog *self)
{
  answer (self, CARDEA_PROMPT_USE);
}

static void
on_go_on_clicked (GtkButton *button, CardeaCertificateDialog *self)
{
  answer (self, CARDEA_PROMPT_CONTINUE);
}

static void
on_cancel_clicked (GtkButton *button, CardeaCertificateDialog *self)
{
  answer (self, CARDEA_PROMPT_CANCEL);
}

static gboolean
on_close_request (GtkWindow *window)
{
  answer (CARDEA_CERTIFICATE_DIALOG (window), CARDEA_PROMPT_CANCEL);
  return GDK_EVENT_PROPAGATE;
}

static GtkListBox *
fitting_box (CardeaCertificateDialog *self)
{
  return cardea_row_list_get_box (self->fitting);
}

static void
update_buttons (CardeaCertificateDialog *self)
{
  gboolean armed = cardea_typing_guard_is_armed (self->guard) && self->settling == 0;
  gboolean chosen = gtk_list_box_get_selected_row (fitting_box (self)) != NULL;

  gtk_widget_set_sensitive (self->use, armed && chosen);
  gtk_widget_set_sensitive (self->go_on, armed);
  gtk_window_set_default_widget (GTK_WINDOW (self), self->use);
}

static void
on_guard_armed (CardeaTypingGuard *guard, GParamSpec *pspec, CardeaCertificateDialog *self)
{
  update_buttons (self);
}

static gboolean
on_settled (gpointer data)
{
  CardeaCertificateDialog *self = data;

  self->settling = 0;
  update_buttons (self);
  return G_SOURCE_REMOVE;
}

/* What a person was about to press may have become another answer, or moved from under the pointer. */
static void
settle (CardeaCertificateDialog *self)
{
  g_clear_handle_id (&self->settling, g_source_remove);
  self->settling = g_timeout_add (CARDEA_LIMIT_TYPING_FOCUS_MS, on_settled, self);
}

static void
show_chosen (CardeaCertificateDialog *self)
{
  GtkListBoxRow *selected = gtk_list_box_get_selected_row (fitting_box (self)), *row;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (fitting_box (self), i)) != NULL; i++)
    cardea_certificate_row_set_chosen (CARDEA_CERTIFICATE_ROW (row), row == selected);
  update_buttons (self);
}

static void
on_selected (GtkListBox *box, CardeaCertificateDialog *self)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (box);

  if (self->updating)
    return;
  if (row != NULL) {
    g_free (self->wanted);
    self->wanted = g_strdup (cardea_certificate_row_get_id (CARDEA_CERTIFICATE_ROW (row)));
  }
  show_chosen (self);
}

static void
show_page (CardeaCertificateDialog *self, const char *name)
{
  gboolean details = g_str_equal (name, "details");

  gtk_stack_set_visible_child_name (self->pages, name);
  gtk_widget_set_visible (self->back, details);
  gtk_widget_set_visible (self->footer, !details);
  gtk_window_set_title (GTK_WINDOW (self), details ? _ ("Certificate Details") : _ ("Choose a Certificate"));
}

static void
on_row_details (CardeaCertificateRow *row, CardeaCertificateDialog *self)
{
  const CardeaPromptOffer *offer =
      cardea_certificate_list_offer (self->offers, cardea_certificate_row_get_id (row));

  if (offer == NULL)
    return;
  cardea_certificate_details_show (self->details, offer);
  show_page (self, "details");
  gtk_widget_grab_focus (self->back);
}

/* The certificates, since they are what the question is about; else the way out. */
static void
focus_first (CardeaCertificateDialog *self)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (fitting_box (self));

  if (row == NULL)
    row = gtk_list_box_get_row_at_index (fitting_box (self), 0);
  gtk_window_set_focus (GTK_WINDOW (self), row != NULL ? GTK_WIDGET (row) : self->cancel);
}

static void
go_back (CardeaCertificateDialog *self)
{
  show_page (self, "choice");
  focus_first (self);
}

static void
on_back_clicked (GtkButton *button, CardeaCertificateDialog *self)
{
  go_back (self);
}

static gboolean
on_escape (GtkWidget *widget, GVariant *arguments, gpointer data)
{
  CardeaCertificateDialog *self = CARDEA_CERTIFICATE_DIALOG (widget);

  if (g_str_equal (gtk_stack_get_visible_child_name (self->pages), "details"))
    go_back (self);
  else
    answer (self, CARDEA_PROMPT_CANCEL);
  return GDK_EVENT_STOP;
}

/* Enter on a row would only select it once more, and never reach the default button. */
static gboolean
on_list_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
             CardeaCertificateDialog *self)
{
  if (key != GDK_KEY_Return && key != GDK_KEY_KP_Enter && key != GDK_KEY_ISO_Enter)
    return GDK_EVENT_PROPAGATE;
  if (!GTK_IS_LIST_BOX_ROW (gtk_window_get_focus (GTK_WINDOW (self))))
    return GDK_EVENT_PROPAGATE;
  if (gtk_widget_is_sensitive (self->use))
    gtk_widget_activate (self->use);
  return GDK_EVENT_STOP;
}

static void
on_row_added (GtkListBoxRow *row, gpointer self)
{
  g_signal_connect_object (row, "details", G_CALLBACK (on_row_details), self, 0);
}

/* Rows of what does not fit, once somebody wants to see them. */
static void
fill_others (CardeaCertificateDialog *self)
{
  if (gtk_expander_get_expanded (self->others))
    cardea_certificate_list_show (cardea_row_list_get_box (self->unfitting), self->offers, FALSE, now (),
                                  on_row_added, self);
}

static int
natural_height (GtkWidget *widget, int width)
{
  int height = 0;

  if (gtk_widget_get_visible (widget))
    gtk_widget_measure (widget, GTK_ORIENTATION_VERTICAL, width - FRAME, NULL, &height, NULL, NULL);
  return height;
}

/* As high as what it shows now needs at its width: a scrolled window asks for the height that its content has
 * without a line broken. */
static void
fit_height (CardeaCertificateDialog *self)
{
  int width, height; /* GTK takes no NULL here, though it says so */

  gtk_window_get_default_size (GTK_WINDOW (self), &width, &height);
  height = FRAME + natural_height (self->header, width) + natural_height (self->clamp, width) +
           natural_height (self->footer, width);
  gtk_window_set_default_size (GTK_WINDOW (self), width, MIN (height, MAX_HEIGHT));
}

static void
on_others_expanded (GtkExpander *expander, GParamSpec *pspec, CardeaCertificateDialog *self)
{
  fill_others (self);
  fit_height (self);
}

static void
show_others (CardeaCertificateDialog *self)
{
  guint n = cardea_certificate_list_count (self->offers, FALSE);
  g_autofree char *title =
      g_strdup_printf (ngettext ("%u certificate does not fit", "%u certificates do not fit", n), n);

  gtk_widget_set_visible (GTK_WIDGET (self->others), n > 0);
  gtk_label_set_text (GTK_LABEL (gtk_expander_get_label_widget (self->others)), title);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->others), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  fill_others (self);
}

static void
show_empty (CardeaCertificateDialog *self)
{
  guint fitting = cardea_certificate_list_count (self->offers, TRUE);

  gtk_widget_set_visible (self->empty, fitting == 0);
  gtk_widget_set_visible (GTK_WIDGET (self->heading), fitting > 0);
  gtk_widget_set_visible (GTK_WIDGET (self->fitting), fitting > 0);
  gtk_widget_set_visible (self->remember_list, gtk_widget_get_visible (GTK_WIDGET (self->remember)) &&
                                                   (fitting > 0 || self->may_continue));
  gtk_label_set_text (self->empty_title,
                      self->offers->len > 0 ? _ ("No Certificate Fits") : _ ("Insert Your Token"));
  gtk_label_set_text (
      self->empty_text,
      self->offers->len > 0
          ? _ ("If the certificate for this server is on another token, insert that one. It is shown "
               "here as soon as it is read.")
          : _ ("The certificates on it are shown here as soon as they are read."));
}

/* What was chosen last, while it is there; where nothing ever was, what the agent proposes or the first. */
static void
restore_selection (CardeaCertificateDialog *self, const char *proposed)
{
  GtkListBox *box = fitting_box (self);
  GtkListBoxRow *row;

  if (self->wanted != NULL) {
    row = cardea_certificate_list_find (box, self->wanted);
  } else {
    row = proposed != NULL ? cardea_certificate_list_find (box, proposed) : NULL;
    if (row == NULL)
      row = gtk_list_box_get_row_at_index (box, 0);
  }
  if (row != NULL)
    gtk_list_box_select_row (box, row);
  else
    gtk_list_box_unselect_all (box);
}

static void
show_offers (CardeaCertificateDialog *self, const char *proposed)
{
  self->updating = TRUE;
  cardea_certificate_list_show (fitting_box (self), self->offers, TRUE, now (), on_row_added, self);
  self->updating = FALSE;
  restore_selection (self, proposed);
  show_chosen (self);
  show_empty (self);
  show_others (self);
}

/* Where the way out has the focus only because there was nothing else: who then inserts their token and
 * presses Enter does not want to cancel. */
static gboolean
waits_for_rows (CardeaCertificateDialog *self)
{
  return gtk_list_box_get_row_at_index (fitting_box (self), 0) == NULL &&
         gtk_window_get_focus (GTK_WINDOW (self)) == self->cancel;
}

void
cardea_certificate_dialog_update (CardeaCertificateDialog *self, GPtrArray *offers)
{
  gboolean waiting = waits_for_rows (self);

  g_return_if_fail (CARDEA_IS_CERTIFICATE_DIALOG (self));

  g_ptr_array_ref (offers);
  g_ptr_array_unref (self->offers);
  self->offers = offers;
  settle (self);
  show_offers (self, NULL);
  if (waiting)
    focus_first (self);
  fit_height (self);
}

static void
dispose (GObject *object)
{
  CardeaCertificateDialog *self = CARDEA_CERTIFICATE_DIALOG (object);

  if (self->guard != NULL)
    g_signal_handlers_disconnect_by_data (fitting_box (self), self);
  g_clear_object (&self->guard);
  g_clear_handle_id (&self->settling, g_source_remove);
  g_clear_pointer (&self->offers, g_ptr_array_unref);
  g_clear_pointer (&self->wanted, g_free);
  G_OBJECT_CLASS (cardea_certificate_dialog_parent_class)->dispose (object);
}

static void
bind_children (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, header);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, back);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, clamp);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, pages);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, request);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, heading);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, empty);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, empty_title);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, empty_text);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, fitting);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, others);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, unfitting);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, remember);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, remember_list);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, details);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, footer);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, buttons);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, go_on);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, cancel);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateDialog, use);
}

static void
bind_callbacks (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_callback (widget_class, on_back_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_others_expanded);
  gtk_widget_class_bind_template_callback (widget_class, on_list_key);
  gtk_widget_class_bind_template_callback (widget_class, on_use_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_go_on_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_cancel_clicked);
}

static void
cardea_certificate_dialog_class_init (CardeaCertificateDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  GTK_WINDOW_CLASS (klass)->close_request = on_close_request;
  signals[ANSWERED] = g_signal_new ("answered", CARDEA_TYPE_CERTIFICATE_DIALOG, G_SIGNAL_RUN_LAST, 0, NULL,
                                    NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  g_resources_register (cardea_certificate_get_resource ());
  g_type_ensure (CARDEA_TYPE_REQUEST_CARD);
  g_type_ensure (CARDEA_TYPE_ROW_LIST);
  g_type_ensure (CARDEA_TYPE_REMEMBER_ROW);
  g_type_ensure (CARDEA_TYPE_CERTIFICATE_DETAILS);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/cardea/prompt/certificate-dialog.ui");
  bind_children (widget_class);
  bind_callbacks (widget_class);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Escape, 0, on_escape, NULL);
}

static void
cardea_certificate_dialog_init (CardeaCertificateDialog *self)
{
  GtkListBox *unfitting;

  gtk_widget_init_template (GTK_WIDGET (self));
  cardea_style_load (gtk_widget_get_display (GTK_WIDGET (self)));
  gtk_widget_set_layout_manager (self->buttons, cardea_button_layout_new ());
  gtk_list_box_set_selection_mode (fitting_box (self), GTK_SELECTION_BROWSE);
  gtk_list_box_set_activate_on_single_click (fitting_box (self), FALSE);
  g_signal_connect_object (fitting_box (self), "selected-rows-changed", G_CALLBACK (on_selected), self, 0);
  gtk_accessible_update_property (GTK_ACCESSIBLE (fitting_box (self)), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Certificates that fit"), -1);
  unfitting = cardea_row_list_get_box (self->unfitting);
  gtk_list_box_set_selection_mode (unfitting, GTK_SELECTION_NONE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (unfitting), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Certificates that do not fit"), -1);
  self->guard = cardea_typing_guard_new (GTK_WINDOW (self));
  g_signal_connect_object (self->guard, "notify::armed", G_CALLBACK (on_guard_armed), self, 0);
}

GtkWidget *
cardea_certificate_dialog_new (const CardeaPromptQuestion *question)
{
  CardeaCertificateDialog *self;

  g_return_val_if_fail (question != NULL && question->kind == CARDEA_PROMPT_CERTIFICATE, NULL);

  self = g_object_new (CARDEA_TYPE_CERTIFICATE_DIALOG, NULL);
  self->offers = g_ptr_array_ref (question->offers);
  self->may_continue = question->may_continue;
  gtk_widget_set_visible (self->go_on, question->may_continue);
  cardea_request_card_show (self->request, &question->program, &question->server);
  cardea_remember_row_set_most (self->remember, question->may_remember);
  show_offers (self, question->preselected);
  if (cardea_certificate_list_count (self->offers, TRUE) == 0)
    gtk_expander_set_expanded (self->others, TRUE);
  show_page (self, "choice");
  focus_first (self);
  fit_height (self);
  return GTK_WIDGET (self);
}
