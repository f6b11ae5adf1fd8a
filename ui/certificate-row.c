/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One certificate, told so that a person can tell it from the others.
 *
 * The radio only shows what the list's selection is: it takes neither focus nor clicks, and screen readers,
 * who hear from the row that it is selected, do not hear of it. */

#include "ui/certificate-row.h"

#include <glib/gi18n.h>

#include "ui/certificate-text.h"
#include "ui/plain-label.h"
#include "ui/plain-text.h"
#include "ui/reason-text.h"

struct _CardeaCertificateRow
{
  GtkListBoxRow parent_instance;

  char *id;
  GtkCheckButton *group; /* makes a radio of the indicator; never shown */

  GtkCheckButton *indicator; /* these are owned by the template */
  GtkLabel *holder;
  GtkWidget *renewed;
  GtkLabel *issuer;
  GtkWidget *warning;
  GtkLabel *validity;
  GtkBox *reasons;
  GtkLabel *place;
  GtkLabel *kind;
  GtkWidget *details;
};

G_DEFINE_FINAL_TYPE (CardeaCertificateRow, cardea_certificate_row, GTK_TYPE_LIST_BOX_ROW)

enum
{
  DETAILS,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
on_details_clicked (GtkButton *button, CardeaCertificateRow *self)
{
  g_signal_emit (self, signals[DETAILS], 0);
}

static GtkWidget *
new_reason (const char *text)
{
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *icon = gtk_image_new_from_icon_name ("dialog-warning-symbolic");
  GtkWidget *label = gtk_label_new (text);

  gtk_widget_set_valign (icon, GTK_ALIGN_START);
  gtk_widget_add_css_class (line, "cardea-warning");
  cardea_plain_label_wrap (GTK_LABEL (label));
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (line), icon);
  gtk_box_append (GTK_BOX (line), label);
  return line;
}

/* Shows the reasons, and appends them to what a screen reader says. */
static void
show_reasons (CardeaCertificateRow *self, const CardeaPromptOffer *offer, GString *description)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->reasons))) != NULL)
    gtk_box_remove (self->reasons, child);
  for (guint i = 0; i < offer->reasons->len; i++) {
    g_autofree char *text = cardea_reason_text (g_ptr_array_index (offer->reasons, i), offer);

    gtk_box_append (self->reasons, new_reason (text));
    g_string_append_printf (description, "%s. ", text);
  }
  gtk_widget_set_visible (GTK_WIDGET (self->reasons), offer->reasons->len > 0);
}

/* An offer that does not fit because of its dates says so among its reasons already. */
static gboolean
tells_validity_as_reason (const CardeaPromptOffer *offer)
{
  for (guint i = 0; i < offer->reasons->len; i++) {
    const CardeaPromptReason *reason = g_ptr_array_index (offer->reasons, i);

    if (g_str_equal (reason->code, "expired") || g_str_equal (reason->code, "not_yet_valid"))
      return TRUE;
  }
  return FALSE;
}

static void
show_validity (CardeaCertificateRow *self, const CardeaPromptOffer *offer, gint64 now, GString *description)
{
  g_autofree char *text = cardea_certificate_text_validity (offer, now);
  gboolean warn = cardea_certificate_text_is_warning (offer, now);
  GtkWidget *line = gtk_widget_get_parent (GTK_WIDGET (self->validity));

  gtk_label_set_text (self->validity, text);
  gtk_widget_set_visible (self->warning, warn);
  if (warn)
    gtk_widget_add_css_class (line, "cardea-warning");
  else
    gtk_widget_remove_css_class (line, "cardea-warning");
  gtk_widget_set_visible (line, !tells_validity_as_reason (offer));
  if (gtk_widget_get_visible (line))
    g_string_append_printf (description, "%s. ", text);
}

static void
show_kind (CardeaCertificateRow *self, const CardeaPromptOffer *offer)
{
  g_autofree char *key = cardea_certificate_text_key (offer->key);
  g_autofree char *purposes = cardea_certificate_text_purposes ((const char *const *)offer->purposes);
  /* Translators: a kind of key, then what the certificate is for: "P-256, for signing in, e-mail" */
  g_autofree char *both = *purposes != '\0' ? g_strdup_printf (_ ("%s, for %s"), key, purposes) : NULL;

  cardea_plain_label_set_sentence (self->kind, both != NULL ? both : key);
}

static void
show_accessible (CardeaCertificateRow *self, const CardeaPromptOffer *offer, GString *description)
{
  g_autofree char *holder = cardea_plain_text (offer->holder, CARDEA_PLAIN_TEXT_LINE);
  g_autofree char *details = g_strdup_printf (_ ("Details of %s"), holder);

  g_string_append_printf (description, "%s. %s. %s", gtk_label_get_text (self->issuer),
                          gtk_label_get_text (self->place), gtk_label_get_text (self->kind));
  if (offer->renewed)
    g_string_append_printf (description, ". %s", _ ("Renewed"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, holder,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description->str, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->details), GTK_ACCESSIBLE_PROPERTY_LABEL, details, -1);
}

void
cardea_certificate_row_show (CardeaCertificateRow *self, const CardeaPromptOffer *offer, gint64 now)
{
  g_autofree char *authority = cardea_plain_text (offer->issuer, CARDEA_PLAIN_TEXT_LINE);
  g_autofree char *issuer = g_strdup_printf (_ ("Issued by %s"), authority);
  g_autofree char *place = cardea_certificate_text_token (offer->token_label, offer->reader);
  g_autoptr (GString) description = g_string_new (NULL);

  g_free (self->id);
  self->id = g_strdup (offer->id);
  cardea_plain_label_set (self->holder, offer->holder, CARDEA_PLAIN_TEXT_LINE);
  gtk_widget_set_visible (self->renewed, offer->renewed);
  cardea_plain_label_set_sentence (self->issuer, issuer);
  cardea_plain_label_set_sentence (self->place, place);
  gtk_widget_set_visible (GTK_WIDGET (self->indicator), offer->reasons->len == 0);
  show_reasons (self, offer, description);
  show_validity (self, offer, now, description);
  show_kind (self, offer);
  show_accessible (self, offer, description);
}

static void
finalize (GObject *object)
{
  CardeaCertificateRow *self = CARDEA_CERTIFICATE_ROW (object);

  g_free (self->id);
  g_clear_object (&self->group);
  G_OBJECT_CLASS (cardea_certificate_row_parent_class)->finalize (object);
}

static void
cardea_certificate_row_class_init (CardeaCertificateRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  signals[DETAILS] = g_signal_new ("details", CARDEA_TYPE_CERTIFICATE_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class, "/org/cardea/prompt/certificate-row.ui");
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateRow, indicator);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateRow, holder);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateRow, renewed);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateRow, issuer);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateRow, warning);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateRow, validity);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateRow, reasons);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateRow, place);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateRow, kind);
  gtk_widget_class_bind_template_child (widget_class, CardeaCertificateRow, details);
  gtk_widget_class_bind_template_callback (widget_class, on_details_clicked);
}

static void
cardea_certificate_row_init (CardeaCertificateRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->group = g_object_ref_sink (GTK_CHECK_BUTTON (gtk_check_button_new ()));
  gtk_check_button_set_group (self->indicator, self->group);
}

CardeaCertificateRow *
cardea_certificate_row_new (void)
{
  return g_object_new (CARDEA_TYPE_CERTIFICATE_ROW, NULL);
}

const char *
cardea_certificate_row_get_id (CardeaCertificateRow *self)
{
  return self->id;
}

void
cardea_certificate_row_set_chosen (CardeaCertificateRow *self, gboolean chosen)
{
  gtk_check_button_set_active (chosen ? self->indicator : self->group, TRUE);
}
