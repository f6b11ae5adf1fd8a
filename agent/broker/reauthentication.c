/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The story of a request that comes when the stream is open: the same selection as at the beginning, then the
 * signature, then the stream goes on or ends.
 *
 * No call waits for it any more, so there is nobody to tell an error: where none can be asked and nothing is
 * decided, going on without a certificate is what "if asked" allows, and the server says what that is worth.
 * Everything else that fails ends the stream, with the reason as its end. A request is never left open: the
 * server's bytes wait behind it. */

#include "agent/broker/reauthentication.h"

#include "agent/broker/signature.h"
#include "agent/prompt/withdrawal.h"
#include "agent/tls/later-request.h"
#include "socket-api/limits.h"
#include "socket-api/wire/error.h"
#include "socket-api/wire/message.h"

typedef enum
{
  STATE_IDLE,
  STATE_SELECTING,
  STATE_BORROWING, /* the selection is made, the stream on its way */
  STATE_ANSWERING, /* a worker has the stream */
  STATE_OVER,
} State;

static const char *const state_names[] = { "idle", "selecting", "borrowing", "answering", "over" };

typedef struct
{
  guint references;

  CardeaSelectionCase about; /* asker and authorities: of the request that is open */
  CardeaRequest *request;    /* owned; about.request is it */
  CardeaTerms *terms;        /* owned; about.terms is it */

  State state;
  CardeaSession *session; /* borrowed; NULL: over */
  CardeaRelay *relay;     /* borrowed; NULL: over, or not attached yet */
  gint64 window;          /* when the requests that count began to come, monotonic */
  guint count;

  CardeaLaterRequest *open; /* or NULL */
  GCancellable *cancellable;
  CardeaTokenCertificate *certificate; /* that is answered; or NULL */
  CardeaSignature *signature;          /* of its key; or NULL */
} Reauthentication;

#define FROM(state) (1u << (state))

/* By the state that is entered: those it may follow. */
static const guint predecessors[] = {
  [STATE_IDLE] = FROM (STATE_SELECTING) | FROM (STATE_ANSWERING) | FROM (STATE_BORROWING),
  [STATE_SELECTING] = FROM (STATE_IDLE),
  [STATE_BORROWING] = FROM (STATE_SELECTING),
  [STATE_ANSWERING] = FROM (STATE_BORROWING),
  [STATE_OVER] = ~FROM (STATE_OVER),
};

static void
set_state (Reauthentication *self, State state)
{
  g_assert ((predecessors[state] & FROM (self->state)) != 0);
  g_debug ("later request of %s:%u: %s -> %s", cardea_request_get_server_name (self->request),
           self->request->port, state_names[self->state], state_names[state]);
  self->state = state;
}

static Reauthentication *
reauthentication_new (const CardeaSelectionCase *about, CardeaTerms *terms)
{
  Reauthentication *self = g_new0 (Reauthentication, 1);

  self->references = 1;
  self->request = cardea_request_copy (about->request);
  self->about = *about;
  self->about.request = self->request;
  self->terms = terms;
  self->about.terms = terms;
  self->about.asker = NULL;
  self->about.authorities = NULL;
  self->about.step = NULL;
  cardea_caller_ref (self->about.caller);
  g_object_ref (self->about.catalogue);
  g_object_ref (self->about.unlocker);
  if (self->about.assent != NULL)
    g_object_ref (self->about.assent);
  return self;
}

static Reauthentication *
reauthentication_ref (Reauthentication *self)
{
  self->references++;
  return self;
}

static void
forget_request (Reauthentication *self)
{
  g_clear_pointer (&self->signature, cardea_signature_free);
  g_clear_pointer (&self->certificate, cardea_token_certificate_unref);
  g_clear_object (&self->open);
  g_clear_object (&self->cancellable);
}

static void
reauthentication_unref (Reauthentication *self)
{
  if (--self->references > 0)
    return;
  forget_request (self);
  cardea_caller_unref (self->about.caller);
  g_object_unref (self->about.catalogue);
  g_object_unref (self->about.unlocker);
  g_clear_object (&self->about.assent);
  cardea_request_free (self->request);
  cardea_terms_free (self->terms);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reauthentication, reauthentication_unref)

static void
log_refusal (Reauthentication *self, const char *message)
{
  g_message ("%s: %s:%u asked for a certificate in an open connection, which ends: %s",
             cardea_caller_get_label (self->about.caller), cardea_request_get_server_name (self->request),
             self->request->port, message);
}

/* The stream is not lent. */
static void
refuse (Reauthentication *self, const char *message)
{
  log_refusal (self, message);
  cardea_relay_refuse (self->relay, message);
  forget_request (self);
  set_state (self, STATE_IDLE);
}

static void
note_answered (Reauthentication *self)
{
  CardeaTokenCertificate *certificate = self->certificate;

  g_message ("%s: %s:%u asked for a certificate in an open connection, and got %s%s",
             cardea_caller_get_label (self->about.caller), cardea_request_get_server_name (self->request),
             self->request->port, certificate != NULL ? "" : "none",
             certificate != NULL ? cardea_certificate_get_sha256 (certificate->certificate) : "");
  cardea_session_take_answer (self->session, certificate);
}

/* Why there is no answer: the token knows better than TLS. */
static char *
describe_failure (Reauthentication *self, const GError *error)
{
  g_autoptr (GError) signing = self->signature != NULL ? cardea_signature_dup_error (self->signature) : NULL;

  return g_strdup (signing != NULL ? signing->message : error->message);
}

static void
on_answer_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Reauthentication) self = user_data;
  g_autoptr (CardeaRelay) relay = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *refusal = NULL;
  CardeaStreamResult outcome;
  CardeaTlsStream *stream =
      cardea_later_request_answer_finish (CARDEA_LATER_REQUEST (source), result, &outcome, &error);

  if (self->state == STATE_OVER) {
    cardea_tls_stream_free (stream);
    return;
  }
  if (error != NULL) {
    refusal = describe_failure (self, error);
    log_refusal (self, refusal);
  } else if (outcome == CARDEA_STREAM_OK) {
    note_answered (self);
  }
  /* To answer may be the end of the session: its token went meanwhile. */
  if (self->state == STATE_OVER) {
    cardea_tls_stream_free (stream);
    return;
  }
  cardea_relay_give_back (self->relay, stream, outcome, refusal);
  forget_request (self);
  set_state (self, STATE_IDLE);
}

static void
on_lent (CardeaRelay *relay, CardeaTlsStream *stream, gpointer user_data)
{
  Reauthentication *self = user_data;
  CardeaSigner signer;

  set_state (self, STATE_ANSWERING);
  if (self->signature != NULL)
    signer = cardea_signature_make_signer (self->signature);
  cardea_later_request_answer_async (self->open, stream, self->signature != NULL ? &signer : NULL,
                                     on_answer_done, reauthentication_ref (self));
}

static void
answer (Reauthentication *self)
{
  set_state (self, STATE_BORROWING);
  cardea_relay_borrow (self->relay);
}

/* Takes @selection. */
static void
answer_with (Reauthentication *self, CardeaSelection *selection)
{
  self->certificate = cardea_token_certificate_ref (selection->certificate);
  self->signature = cardea_signature_new (&self->about, selection, self->cancellable);
  answer (self);
}

/* Nobody could be asked which certificate it shall be, if any: no failure of a token. */
static gboolean
is_undecided (const GError *error)
{
  const char *question =
      json_string_value (json_object_get (cardea_error_get_parameters (error), "question"));

  return g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_NO_CERTIFICATE) ||
         (g_error_matches (error, CARDEA_ERROR, CARDEA_ERROR_INTERACTION_REQUIRED) &&
          g_strcmp0 (question, "pin") != 0);
}

static void
on_selected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Reauthentication) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaSelection) selection = cardea_selection_run_finish (result, &error);

  /* The stream or the server went, and the question with it; another one may be open. */
  if (self->state != STATE_SELECTING || g_task_get_cancellable (G_TASK (result)) != self->cancellable)
    return;
  if (selection != NULL && selection->certificate != NULL)
    answer_with (self, g_steal_pointer (&selection));
  else if (selection != NULL)
    answer (self);
  else if (is_undecided (error) && self->request->authenticate == CARDEA_AUTHENTICATE_IF_ASKED)
    answer (self);
  else
    refuse (self, error->message);
}

/* A server that asks without end would have tokens sign, and persons answer, as fast as it can. */
static gboolean
is_too_often (Reauthentication *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->count == 0 ||
      now - self->window > CARDEA_LIMIT_LATER_REQUESTS_MS * (gint64)G_TIME_SPAN_MILLISECOND) {
    self->window = now;
    self->count = 0;
  }
  return ++self->count > CARDEA_LIMIT_LATER_REQUESTS;
}

static void
on_asked (CardeaRelay *relay, CardeaLaterRequest *request, gpointer user_data)
{
  Reauthentication *self = user_data;
  GPtrArray *authorities = cardea_later_request_get_authorities (request);

  set_state (self, STATE_SELECTING);
  cardea_session_note_requested (self->session);
  if (is_too_often (self)) {
    refuse (self, "The server asked for a certificate too often; ask its operator.");
    return;
  }
  if (authorities == NULL) {
    refuse (self, "The server names more certificate authorities than are looked at; ask its operator.");
    return;
  }
  self->open = g_object_ref (request);
  self->cancellable = cardea_withdrawal_new ();
  self->about.asker = CARDEA_ASKER (request);
  self->about.authorities = authorities;
  cardea_catalogue_ask_lost_hosts (self->about.catalogue);
  cardea_selection_run_async (&self->about, self->cancellable, on_selected, reauthentication_ref (self));
}

/* With it goes a signature that waits for its PIN, but none that waits for the token alone. */
static void
take_question_back (Reauthentication *self, CardeaPromptWithdrawn why)
{
  if (self->cancellable != NULL)
    cardea_withdrawal_cancel (self->cancellable, why);
}

/* It reads no answer; but what it sent before it left can be read after one only. */
static void
on_server_left (CardeaRelay *relay, gpointer user_data)
{
  Reauthentication *self = user_data;

  if (self->state == STATE_SELECTING)
    answer (self);
  take_question_back (self, CARDEA_PROMPT_WITHDRAWN_SERVER_CLOSED);
}

static void
on_program_left (CardeaRelay *relay, gpointer user_data)
{
  take_question_back (user_data, CARDEA_PROMPT_WITHDRAWN_CALLER_GONE);
}

static const CardeaRelayAsking asking = {
  .asked = on_asked,
  .server_left = on_server_left,
  .program_left = on_program_left,
  .lent = on_lent,
};

static void
on_attached (CardeaSession *session, gpointer user_data)
{
  Reauthentication *self = user_data;

  self->relay = cardea_session_get_relay (session);
  cardea_relay_set_asking (self->relay, &asking, self);
}

static CardeaPromptWithdrawn
get_reason (CardeaEndHow how)
{
  switch (how) {
  case CARDEA_END_AGENT_STOPPED:
    return CARDEA_PROMPT_WITHDRAWN_AGENT_STOPPING;
  case CARDEA_END_CLEAN:
  case CARDEA_END_TRUNCATED:
  case CARDEA_END_RESET:
  case CARDEA_END_REJECTED:
  case CARDEA_END_PROTOCOL_ERROR:
    return CARDEA_PROMPT_WITHDRAWN_SERVER_CLOSED;
  case CARDEA_END_TOKEN_REMOVED:
  case CARDEA_END_FORGOTTEN:
  case CARDEA_END_DISCONNECTED:
  case CARDEA_END_NOT_AUTHENTICATED:
  case CARDEA_N_ENDS:
  default:
    return CARDEA_PROMPT_WITHDRAWN_CALLER_GONE;
  }
}

/* Nobody is asked any more, and nothing signed. */
static void
on_ended (CardeaSession *session, gpointer user_data)
{
  g_autoptr (Reauthentication) self = reauthentication_ref (user_data);

  set_state (self, STATE_OVER);
  self->session = NULL;
  self->relay = NULL;
  if (self->signature != NULL)
    cardea_signature_cancel (self->signature);
  if (self->cancellable != NULL)
    cardea_withdrawal_cancel (self->cancellable, get_reason (cardea_session_get_end (session)->how));
  g_signal_handlers_disconnect_by_data (session, self);
}

static void
forget_watching (gpointer self, GClosure *closure)
{
  reauthentication_unref (self);
}

void
cardea_reauthentication_watch (CardeaSession *session, const CardeaSelectionCase *about, CardeaTerms *terms)
{
  Reauthentication *self = reauthentication_new (about, terms);

  self->session = session;
  g_signal_connect (session, "attached", G_CALLBACK (on_attached), self);
  g_signal_connect_data (session, "ended", G_CALLBACK (on_ended), self, forget_watching, 0);
}
