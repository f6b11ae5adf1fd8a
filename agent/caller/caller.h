/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Who is calling, as the kernel shows it, never as the caller says. An immutable, reference-counted value. */
typedef struct _CardeaCaller CardeaCaller;

typedef enum
{
  CARDEA_CALLER_HOST,     /* a program of the user: its executable or unit is a label, not a proof */
  CARDEA_CALLER_CONFINED, /* Flatpak or Snap: the kernel keeps other programs out of its sandbox */
} CardeaCallerStrength;

typedef enum
{
  CARDEA_CONFINEMENT_NONE,
  CARDEA_CONFINEMENT_FLATPAK,
  CARDEA_CONFINEMENT_SNAP,
} CardeaConfinement;

/* Looks at the peer of a connected Unix socket: SO_PEERCRED, SO_PEERPIDFD (kernel 6.5) or pidfd_open, then
 * /proc, then that the process is still alive and started before @accepted_at (monotonic microseconds), so
 * that a pid that came back is never taken for the caller. Errors: CARDEA_ERROR_PERMISSION_DENIED for another
 * uid or for a caller that is gone. Blocks only for /proc. */
CardeaCaller *cardea_caller_new_for_socket (int fd, gint64 accepted_at, GError **error);
CardeaCaller *cardea_caller_ref (CardeaCaller *self);
void cardea_caller_unref (CardeaCaller *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CardeaCaller, cardea_caller_unref)

/* For tests and for callers that were identified elsewhere. */
CardeaCaller *cardea_caller_new (CardeaCallerStrength strength, CardeaConfinement confinement,
                                 const char *label, const char *key, pid_t pid);

CardeaCallerStrength cardea_caller_get_strength (const CardeaCaller *self);
CardeaConfinement cardea_caller_get_confinement (const CardeaCaller *self);
/* For a person: the application's id or the executable's path. */
const char *cardea_caller_get_label (const CardeaCaller *self);
/* What quotas and decisions are kept by: "flatpak:ID", "snap:NAME", "exe:PATH", "elsewhere:PATH" where PATH
 * is not this program's file as the agent sees it, "unknown:" for what cannot be seen into (CONFINED, of no
 * known confinement). */
const char *cardea_caller_get_key (const CardeaCaller *self);
pid_t cardea_caller_get_pid (const CardeaCaller *self);

/* Whether an "always" decision may be kept for it: not for interpreters, shells, ssh, curl, cardea itself and
 * executables that are not root's. */
gboolean cardea_caller_may_be_remembered (const CardeaCaller *self);
/* Executables of its parents, nearest first, for display only; NULL-terminated. */
const char *const *cardea_caller_get_parents (const CardeaCaller *self);

G_END_DECLS
