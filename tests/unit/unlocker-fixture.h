/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "agent/pin/login.h"
#include "agent/pin/unlocker.h"
#include "agent/tokens/token.h"
#include "socket-api/wire/error.h"

/* An unlocker whose tokens count what they get and whose person answers from a list. */

/* A token that counts: every login, with its PIN, and an outcome that the test chooses. */

typedef struct
{
  GPtrArray *tokens; /* of CardeaToken: present */
  GPtrArray *sent;   /* of CardeaSecret: every PIN a token got */
  const char *right; /* the PIN it accepts */
  CardeaPinState after_refusal;
  CardeaErrorCode failure; /* instead of any answer, when fails is set */
  gboolean fails;
  gboolean dies;       /* the process is killed in the middle of a login */
  gboolean holds_back; /* it is not sent where care is wanted */
  gboolean holds;      /* a login is answered by unlocker_answer () only */
  GTask *held;
  CardeaLoginManner manner; /* of the last login */
  gboolean logged_in;       /* as the token sees it */
  guint n_logouts;
  guint n_signed;                       /* of all sent, those with a signature */
  const char *puk;                      /* what unblocks it */
  gboolean refuses_new;                 /* it takes no new PIN */
  guint n_set, n_renewed;               /* calls for a new PIN, and to start afresh */
  char *new_pin;                        /* the last that was set, or NULL */
  void (*before_login) (gpointer data); /* or NULL */
  gpointer before_login_data;
} FakeTokens;

/* A person who answers from a list, or not at all. */

#define TEST_TYPE_PERSON (test_person_get_type ())
G_DECLARE_FINAL_TYPE (TestPerson, test_person, TEST, PERSON, GObject)

struct _TestPerson
{
  GObject parent;
  const char *const
      *answers; /* then: nobody is there; for a new PIN each is two, with a space between them */
  guint n_asked;
  gboolean waits;                      /* an answer never comes, but cancelling ends it */
  CardeaPromptWithdrawn withdrawn;     /* why it was */
  gboolean rejected, low, on_terminal; /* of the last question, as are the next */
  gboolean for_signature, for_connection;
  gboolean sets_pin, unblock, new_pin_rejected;
};

/* The fixture: a folder, one token, one source with a file. */

typedef struct
{
  char *folder, *file, *marks;
  CardeaHost *host;
  CardeaHostToken info;
  FakeTokens fake;
  TestPerson *person;
  CardeaUnlocker *unlocker;
  CardeaToken *token;
  guint64 generation;
} UnlockerFixture;

/* One who waits for a token. */
typedef struct
{
  gboolean done, unlocked;
  GError *error;
} UnlockerWait;

CardeaToken *unlocker_insert_token (UnlockerFixture *f, const char *label, CardeaPinState pin);
void unlocker_write_pin (UnlockerFixture *f, const char *pin);
void unlocker_set_source (UnlockerFixture *f, const char *token);
void unlocker_start_unlocker (UnlockerFixture *f);
void unlocker_set_up (UnlockerFixture *f, gconstpointer data);
guint unlocker_count_marks (UnlockerFixture *f);
void unlocker_tear_down (UnlockerFixture *f, gconstpointer data);
void unlocker_begin (UnlockerFixture *f, gboolean may_ask, GCancellable *cancellable, UnlockerWait *wait);
void unlocker_finish (UnlockerWait *wait);
void unlocker_assert_unlocks (UnlockerFixture *f);
const char *unlocker_get_problem_code (const GError *error);
void unlocker_assert_source_not_used (UnlockerFixture *f);
void unlocker_assert_refused (UnlockerFixture *f, const char *state);
void unlocker_insert_again (UnlockerFixture *f, CardeaPinState pin);
void unlocker_answer (FakeTokens *fake, GTask *task);
