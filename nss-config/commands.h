/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CARDEA_NSS_CONFIG_SUCCESS 0
#define CARDEA_NSS_CONFIG_FAILURE 1
#define CARDEA_NSS_CONFIG_USAGE 2

/* The whole program: exit code. */
int cardea_nss_config_run (int argc, char **argv);

/* What the subcommands do, once their arguments are known. @name may be NULL. */
int cardea_nss_config_init (const char *folder);
int cardea_nss_config_trust_add (const char *folder, const char *file, const char *name);

/* Prints the error; returns CARDEA_NSS_CONFIG_FAILURE. */
int cardea_nss_config_fail (const GError *error);

G_END_DECLS
