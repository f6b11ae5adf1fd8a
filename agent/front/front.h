/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The PKCS#11 module that NSS loads inside the agent: one constant slot without login whose objects are this
 * table. It is one shared library; the agent links it and gives NSS the same path, so that there is one
 * table. Everything is thread-safe; look-ups never block, only a signature does. */

/* The label of the slot's one token. */
#define CARDEA_FRONT_TOKEN_LABEL "Cardea connections"

typedef enum
{
  CARDEA_FRONT_RSA,
  CARDEA_FRONT_EC,
} CardeaFrontKeyType;

typedef enum
{
  CARDEA_FRONT_RSA_PSS,
  CARDEA_FRONT_RSA_PKCS1,
  CARDEA_FRONT_ECDSA,
} CardeaFrontMechanism;

typedef struct
{
  CardeaFrontMechanism mechanism;
  guint hash_bits; /* RSA_PSS: 256, 384, 512 */
  const guint8 *data;
  gsize length;
} CardeaFrontSignRequest;

/* Runs in whatever thread NSS signs in and may block. Returns FALSE when there is no signature: NSS is told
 * CKR_FUNCTION_FAILED. On success at most *signature_length bytes were written, and their number stored. */
typedef gboolean (*CardeaFrontSign) (gpointer user_data, const CardeaFrontSignRequest *request,
                                     guint8 *signature, gsize *signature_length);

/* A certificate object, found by its exact value. Counted: as many removals as additions. */
void cardea_front_add_certificate (GBytes *der);
void cardea_front_remove_certificate (GBytes *der);

/* A private key, found by @id (CKA_ID, 32 bytes, unique for each connection). @parameters: modulus or DER of
 * the curve's parameters. @destroy runs when the key was removed and its last signature is over. */
void cardea_front_add_key (const guint8 id[32], CardeaFrontKeyType type, GBytes *parameters,
                           CardeaFrontSign sign, gpointer user_data, GDestroyNotify destroy);
/* No new signature begins after it returns. */
void cardea_front_remove_key (const guint8 id[32]);

/* The path this library was loaded from: what NSS must be given. */
const char *cardea_front_get_path (void);
/* How many objects there are; for tests. */
guint cardea_front_count (void);

G_END_DECLS
