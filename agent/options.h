/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the command line of cardea-agent says; cardea-agent(1). */
typedef struct
{
  gboolean headless;
  gboolean version;
  char **config_files; /* in place of the usual ones, or NULL */
  char **modules;      /* absolute paths, or NULL */
  char *socket;
  char *host_program;
  char *prompt_program;
  char *rules_directory; /* or NULL */
  char *state_directory;
} CardeaOptions;

/* Errors: G_OPTION_ERROR. --help prints and exits. */
CardeaOptions *cardea_options_parse (char **arguments, GError **error);
void cardea_options_free (CardeaOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaOptions, cardea_options_free)

/* The configuration files to read, in order: those of --config, or the administrator's and the user's. */
char **cardea_options_get_config_files (const CardeaOptions *self);
/* Where to listen, or NULL: there is no $XDG_RUNTIME_DIR, and no --socket. */
char *cardea_options_get_socket (const CardeaOptions *self);
/* cardea-token-host: as named, else beside this program in the tree it was built in, else where it is
 * installed. */
char *cardea_options_get_host_program (const CardeaOptions *self);
/* cardea-prompt, likewise. */
char *cardea_options_get_prompt_program (const CardeaOptions *self);
char *cardea_options_get_state_directory (const CardeaOptions *self);

G_END_DECLS
