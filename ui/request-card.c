/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The two parties of a question: the program, and the server it is connected to.
 *
 * A server's name is never shortened: what stands at its end decides whose it is, and what stands at its
 * beginning is whatever its owner likes. It is shown in A-labels, since two different names can look alike in
 * any other form. */

#include "ui/request-card.h"

#include <glib/gi18n.h>

#include "ui/plain-label.h"
#include "ui/plain-text.h"
#include "ui/program-info.h"

struct _CardeaRequestCard
{
  GtkBox parent_instance;

  GtkWidget *program; /* these are owned by the template */
  GtkImage *icon;
  GtkLabel *name;
  GtkLabel *label;
  GtkLabel *kind;
  GtkLabel *parents;
  GtkWidget *separator;
  GtkWidget *server;
  GtkLabel *server_name;
  GtkWidget *warning;
  GtkLabel *vouched;
};

G_DEFINE_FINAL_TYPE (CardeaRequestCard, cardea_request_card, GTK_TYPE_BOX)

/* What a screen reader says of a part: its name, then the texts of the labels that are shown. */
static void
describe (GtkWidget *part, const char *name, GtkLabel *const *labels)
{
  g_autoptr (GString) description = g_string_new (NULL);

  for (gsize i = 0; labels[i] != NULL; i++)
    if (gtk_widget_get_visible (GTK_WIDGET (labels[i])))
      g_string_append_printf (description, "%s%s", description->len > 0 ? ". " : "",
                              gtk_label_get_text (labels[i]));
  gtk_accessible_update_property (GTK_ACCESSIBLE (part), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description->str, -1);
}

static void
show_program (CardeaRequestCard *self, const CardeaPromptProgram *program)
{
  g_autoptr (CardeaProgramInfo) info = cardea_program_info_new (program);
  g_autofree char *shown = cardea_plain_text (program->label, CARDEA_PLAIN_TEXT_PARAGRAPH);
  /* Translators: who asks; %s is a program's path or an application's id */
  g_autofree char *name = g_strdup_printf (_ ("Program: %s"), shown);

  if (info->icon != NULL) {
    gtk_image_set_from_gicon (self->icon, info->icon);
    gtk_widget_remove_css_class (GTK_WIDGET (self->icon), "cardea-secondary");
  }
  cardea_plain_label_set (self->name, info->name, CARDEA_PLAIN_TEXT_LINE);
  cardea_plain_label_set (self->label, program->label, CARDEA_PLAIN_TEXT_PARAGRAPH);
  if (info->name == NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self->label), "heading");
  cardea_plain_label_set_sentence (self->kind, info->kind);
  cardea_plain_label_set_sentence (self->parents, info->parents);
  describe (self->program, name, (GtkLabel *const[]){ self->name, self->kind, self->parents, NULL });
}

static char *
describe_authority (const CardeaPromptProgram *program, const CardeaPromptServer *server)
{
  g_autofree char *authority = cardea_plain_text (server->vouched_by, CARDEA_PLAIN_TEXT_LINE);
  g_autofree char *label = cardea_plain_text (program->label, CARDEA_PLAIN_TEXT_LINE);

  if (!server->by_program_only)
    /* Translators: %s is the name of a certificate authority */
    return g_strdup_printf (_ ("Its identity is vouched for by %s"), authority);
  /* Translators: %1$s is the asking program, %2$s the name of a certificate authority that it brought along
   */
  return g_strdup_printf (_ ("Its identity is vouched for by %1$s only, with an authority of its own: %2$s"),
                          label, authority);
}

static void
show_server (CardeaRequestCard *self, const CardeaPromptProgram *program, const CardeaPromptServer *server)
{
  g_autofree char *place = g_strdup_printf ("%s:%u", server->name, server->port);
  g_autofree char *shown = cardea_plain_text (place, 0);
  /* Translators: %s is a server's name and port */
  g_autofree char *name = g_strdup_printf (_ ("Server: %s"), shown);
  g_autofree char *authority = describe_authority (program, server);

  cardea_plain_label_set_sentence (self->server_name, shown);
  cardea_plain_label_set_sentence (self->vouched, authority);
  gtk_widget_set_visible (self->warning, server->by_program_only);
  if (server->by_program_only)
    gtk_widget_add_css_class (gtk_widget_get_parent (self->warning), "cardea-warning");
  else
    gtk_widget_add_css_class (GTK_WIDGET (self->vouched), "cardea-secondary");
  describe (self->server, name, (GtkLabel *const[]){ self->vouched, NULL });
}

void
cardea_request_card_show (CardeaRequestCard *self, const CardeaPromptProgram *program,
                          const CardeaPromptServer *server)
{
  show_program (self, program);
  gtk_widget_set_visible (self->separator, server != NULL);
  gtk_widget_set_visible (self->server, server != NULL);
  if (server != NULL)
    show_server (self, program, server);
}

static void
cardea_request_card_class_init (CardeaRequestCardClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  gtk_widget_class_set_template_from_resource (widget_class, "/org/cardea/prompt/request-card.ui");
  gtk_widget_class_bind_template_child (widget_class, CardeaRequestCard, program);
  gtk_widget_class_bind_template_child (widget_class, CardeaRequestCard, icon);
  gtk_widget_class_bind_template_child (widget_class, CardeaRequestCard, name);
  gtk_widget_class_bind_template_child (widget_class, CardeaRequestCard, label);
  gtk_widget_class_bind_template_child (widget_class, CardeaRequestCard, kind);
  gtk_widget_class_bind_template_child (widget_class, CardeaRequestCard, parents);
  gtk_widget_class_bind_template_child (widget_class, CardeaRequestCard, separator);
  gtk_widget_class_bind_template_child (widget_class, CardeaRequestCard, server);
  gtk_widget_class_bind_template_child (widget_class, CardeaRequestCard, server_name);
  gtk_widget_class_bind_template_child (widget_class, CardeaRequestCard, warning);
  gtk_widget_class_bind_template_child (widget_class, CardeaRequestCard, vouched);
}

static void
cardea_request_card_init (CardeaRequestCard *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
