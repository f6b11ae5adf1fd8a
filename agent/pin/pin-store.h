/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "socket-api/secret/secret.h"

G_BEGIN_DECLS

/* Where PINs are kept from one session to the next, by the URI of their token. Main loop only.
 *
 * An implementation may take its time, or never answer: each function ends after its limit all the same, and
 * what comes later is dropped. */
#define CARDEA_TYPE_PIN_STORE (cardea_pin_store_get_type ())
G_DECLARE_INTERFACE (CardeaPinStore, cardea_pin_store, CARDEA, PIN_STORE, GObject)

struct _CardeaPinStoreInterface
{
  GTypeInterface parent;

  void (*lookup_async) (CardeaPinStore *self, const char *token_uri, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data);
  CardeaSecret *(*lookup_finish) (CardeaPinStore *self, GAsyncResult *result, GError **error);
  void (*store_async) (CardeaPinStore *self, const char *token_uri, const char *label, CardeaSecret *pin,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
  gboolean (*store_finish) (CardeaPinStore *self, GAsyncResult *result, GError **error);
  void (*forget_async) (CardeaPinStore *self, const char *token_uri, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data);
  gboolean (*forget_finish) (CardeaPinStore *self, GAsyncResult *result, GError **error);
};

/* Errors of all: G_IO_ERROR codes with a whole sentence for people, TIMED_OUT and CANCELLED among them.
 *
 * NULL without an error: there is none. At most CARDEA_LIMIT_STORE_LOOKUP_MS. */
void cardea_pin_store_lookup_async (CardeaPinStore *self, const char *token_uri, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer data);
CardeaSecret *cardea_pin_store_lookup_finish (CardeaPinStore *self, GAsyncResult *result, GError **error);
/* Takes the place of the one there was. @label is the token's, foreign text. At most
 * CARDEA_LIMIT_STORE_CHANGE_MS; a change that was begun may still happen later. */
void cardea_pin_store_store_async (CardeaPinStore *self, const char *token_uri, const char *label,
                                   CardeaSecret *pin, GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer data);
gboolean cardea_pin_store_store_finish (CardeaPinStore *self, GAsyncResult *result, GError **error);
/* TRUE: none is left, be it that there was none. At most CARDEA_LIMIT_STORE_CHANGE_MS. */
void cardea_pin_store_forget_async (CardeaPinStore *self, const char *token_uri, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer data);
gboolean cardea_pin_store_forget_finish (CardeaPinStore *self, GAsyncResult *result, GError **error);

G_END_DECLS
