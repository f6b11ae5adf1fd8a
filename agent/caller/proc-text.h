/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the texts of /proc say about a process: pure functions over bytes, none of which is believed to be
 * well formed. */

/* The application's id from a Flatpak's /.flatpak-info ([Application] name, or [Runtime] name where a bare
 * runtime was run); NULL when it names none or the name is no application id. */
char *cardea_proc_parse_flatpak_info (const char *text, gsize length);

/* The snap's name from a security label ("snap.NAME.APP (enforce)"); NULL when it is not a snap's. */
char *cardea_proc_parse_security_label (const char *text, gsize length);

/* The snap's name from /proc/PID/cgroup ("0::/.../snap.NAME.APP-ID.scope"); NULL when there is none. */
char *cardea_proc_parse_cgroup (const char *text, gsize length);

/* Parent and start (clock ticks since boot) from /proc/PID/stat: fields 4 and 22 of proc(5). The command's
 * name, field 2, is the process's own choice and may hold blanks and parentheses. */
gboolean cardea_proc_parse_stat (const char *text, gsize length, pid_t *parent, guint64 *start_ticks);

G_END_DECLS
