/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/hosts/host.h"
#include "socket-api/private/host-protocol.h"

G_BEGIN_DECLS

/* Why a host cannot serve; each is the caller's. */
CardeaReason *cardea_host_report_crash (const CardeaHostSpec *spec, const char *how);
CardeaReason *cardea_host_report_nonsense (const CardeaHostSpec *spec, const char *what);
CardeaReason *cardea_host_report_hang (const CardeaHostSpec *spec);
CardeaReason *cardea_host_report_restart (const CardeaHostSpec *spec, const char *why);
CardeaReason *cardea_host_report_incomplete (const CardeaHostSpec *spec);
CardeaReason *cardea_host_report_no_program (const CardeaHostSpec *spec, const GError *error);
/* @message: FAILED, from the start or a listing. */
CardeaReason *cardea_host_report_failure (const CardeaHostSpec *spec, const CardeaHostMessage *message);

/* What a call's error is; each is the caller's. */
GError *cardea_host_report_late (const CardeaHostSpec *spec);
/* @message: FAILED, from a login or a signature. */
GError *cardea_host_report_refusal (const CardeaHostMessage *message);
/* @problem: why it backs off, or NULL. */
GError *cardea_host_report_busy (const CardeaHostSpec *spec, const CardeaReason *problem, guint64 retry_ms);

G_END_DECLS
