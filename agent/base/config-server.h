/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* "host:port" or "[v6]:port" as one comparable string, or NULL with @problem set to what is wrong and what is
 * allowed. */
char *cardea_config_parse_server (const char *text, char **problem);
/* A host and a port in the same form; NULL for a host that no entry could name. */
char *cardea_config_make_server (const char *host, guint16 port);
/* An address in its canonical form, or a name in lower case without the last dot; NULL for neither. */
char *cardea_config_normalise_host (const char *host);
