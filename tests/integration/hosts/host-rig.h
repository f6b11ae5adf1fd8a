/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/hosts/host-deadlines.h"
#include "agent/hosts/host.h"

G_BEGIN_DECLS

/* A token host under test: the real cardea-token-host, a folder of its own, and the calls without their
 * asynchrony. host_rig_free() fails the test when a process or a descriptor is left over. */
typedef struct
{
  char *folder;
  char *control; /* the mock module's */
  CardeaHost *host;
  CardeaLoginManner manner; /* of logins */
  guint changed;            /* how often the host said so */
  guint fds;                /* before the host was there */
} HostRig;

HostRig *host_rig_new (void);
void host_rig_free (HostRig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostRig, host_rig_free)

/* Starts nothing yet. */
void host_rig_open (HostRig *self, const char *module, const char *init_arguments, CardeaHostRoles roles,
                    const CardeaHostDeadlines *deadlines);
/* The mock with one token "one" (PIN 1234) that holds an RSA key (id 0a) and a P-256 key (id 0b), and this in
 * its [behaviour]; @token is added to the token's group. */
void host_rig_open_mock (HostRig *self, const char *behaviour, const char *token,
                         const CardeaHostDeadlines *deadlines);
void host_rig_set_mock (HostRig *self, const char *behaviour, const char *token);
/* In place of the host a program that misbehaves in this way: see rogue-host.c. */
void host_rig_open_rogue (HostRig *self, const char *way, const CardeaHostDeadlines *deadlines);
char *host_rig_path (HostRig *self, const char *name);
/* Runs a command in the folder; a failure fails the test. */
void host_rig_run (HostRig *self, const char *const *arguments);
/* Lines of the mock's log that begin so. */
guint host_rig_count_log (HostRig *self, const char *line);

CardeaHostListing *host_rig_list (HostRig *self, GError **error);
CardeaHostListing *host_rig_must_list (HostRig *self);
/* @pin NULL: by pinpad. */
gboolean host_rig_log_in (HostRig *self, const CardeaHostListing *listing, const char *pin, GError **error);
/* @known: the old PIN, or the PUK; both NULL: by pinpad. */
gboolean host_rig_set_pin (HostRig *self, const CardeaHostListing *listing, CardeaPinAction action,
                           const char *known, const char *fresh, GError **error);
/* The token that holds keys: the slot of the first certificate. */
gulong host_rig_slot (const CardeaHostListing *listing);
CardeaHostListing *host_rig_unlock (HostRig *self, const char *pin);

/* A signature in a thread of its own. */
typedef struct
{
  HostRig *rig;
  CardeaSignRequest request;
  guint8 digest[64];
  gint64 timeout_ms;
  GCancellable *cancellable;
  GThread *thread;
  gint done; /* atomic */
  GBytes *signature;
  GError *error;
} HostSigning;

/* @id: one byte. */
HostSigning *host_signing_start (HostRig *self, const CardeaHostListing *listing, guint8 id,
                                 CardeaSignMechanism mechanism, guint hash_bits, gint64 timeout_ms,
                                 GCancellable *cancellable);
/* Takes @id and @modulus (or NULL). */
HostSigning *host_signing_start_full (HostRig *self, const CardeaHostListing *listing, GBytes *id,
                                      GBytes *modulus, CardeaSignMechanism mechanism, guint hash_bits,
                                      gint64 timeout_ms, GCancellable *cancellable);
void host_signing_wait (HostSigning *self);
void host_signing_free (HostSigning *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostSigning, host_signing_free)
/* Whether the signature is right, by OpenSSL and the certificate FOLDER/NAME.pem. */
void host_signing_verify (HostSigning *self, const char *name);

/* Turns the loop until the condition holds; fails the test after 20 s. */
#define HOST_RIG_WAIT(condition)                                                                             \
  G_STMT_START                                                                                               \
  {                                                                                                          \
    gint64 until_ = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;                                           \
    while (!(condition)) {                                                                                   \
      g_assert_cmpint (g_get_monotonic_time (), <, until_);                                                  \
      host_rig_turn ();                                                                                      \
    }                                                                                                        \
  }                                                                                                          \
  G_STMT_END
/* One turn of the loop, at most some milliseconds long. */
void host_rig_turn (void);

G_END_DECLS
