/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/pin-store.h"

/* A store of PINs in memory that counts, fails and hangs as a test wants it. */
#define FAKE_TYPE_PIN_STORE (fake_pin_store_get_type ())
G_DECLARE_FINAL_TYPE (FakePinStore, fake_pin_store, FAKE, PIN_STORE, GObject)

struct _FakePinStore
{
  GObject parent;
  GHashTable *pins; /* URI -> CardeaSecret */
  char *label;      /* of what was stored last */
  guint n_lookups, n_stores, n_forgets;
  gboolean fails;        /* whatever is asked */
  gboolean fails_forget; /* after it kept the PIN */
  gboolean hangs;        /* no answer before fake_pin_store_release (), whoever cancels */
  gboolean was_cancelled;
  GPtrArray *held; /* of GTask */
  void (*on_lookup) (gpointer data);
  gpointer data;
};

void fake_pin_store_put (FakePinStore *self, const char *token_uri, const char *pin);
gboolean fake_pin_store_has (FakePinStore *self, const char *token_uri, const char *pin);
/* Answers everything that was held back. */
void fake_pin_store_release (FakePinStore *self);
