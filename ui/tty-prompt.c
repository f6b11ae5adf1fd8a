/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One question on a terminal: from the channel to the screen, and its answer back.
 *
 * Nothing consents by itself: Enter alone cancels, and so does whatever ends the conversation. What was typed
 * before the question was there to be read is dropped, and so is what is typed while it changes; keys count
 * when the keyboard was quiet for a moment, as with the dialogs. The terminal is put back before the answer
 * is told, since the program that asked goes on with it then. */

#include "ui/tty-prompt.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "socket-api/secret/pair.h"
#include "ui/channel.h"
#include "ui/new-pin-rule.h"
#include "ui/notice-text.h"
#include "ui/pin-pipe.h"
#include "ui/pin-text.h"
#include "ui/tty-line.h"
#include "ui/tty-text.h"
#include "ui/typing-quiet.h"

#define ESCAPE 0x1b
#define READ_BYTES 512

typedef enum
{
  ENTRY_NONE,
  ENTRY_CHOICE,
  ENTRY_WORD, /* that the last try, or the reader's pad, is wanted */
  ENTRY_PIN,  /* or the PUK */
  ENTRY_NEW_PIN,
  ENTRY_NEW_PIN_AGAIN,
} Entry;

typedef struct
{
  CardeaTty *tty; /* borrowed */
  CardeaChannel *channel;
  GMainLoop *loop;
  int pin;
  CardeaTtyLine *line;

  CardeaSecret *known, *fresh; /* typed so far, while a new PIN is; or NULL */

  CardeaPromptQuestion *question; /* NULL before it came */
  GPtrArray *offers;              /* as they are now */
  Entry entry;
  CardeaTypingQuiet quiet;
  guint keys, arming; /* sources; 0: none */
  gboolean ignored;   /* a key, because it came too soon */
  gboolean answered;  /* other than "cancel" */
} Prompt;

static void
say (Prompt *self, const char *sentence)
{
  g_autofree char *lines = cardea_tty_text_sentence (sentence, cardea_tty_get_width (self->tty));

  cardea_tty_write (self->tty, lines);
}

static void
forget_typed (Prompt *self)
{
  g_clear_pointer (&self->known, cardea_secret_unref);
  g_clear_pointer (&self->fresh, cardea_secret_unref);
}

static void
end (Prompt *self)
{
  g_clear_handle_id (&self->keys, g_source_remove);
  g_clear_handle_id (&self->arming, g_source_remove);
  cardea_tty_line_clear (self->line);
  forget_typed (self);
  cardea_tty_restore (self->tty);
  g_clear_object (&self->channel);
  g_main_loop_quit (self->loop);
}

static void
end_with_error (Prompt *self, const GError *error)
{
  g_printerr ("cardea-prompt: %s\n", error->message);
  end (self);
}

/* Takes @pin; NULL: the answer has none. */
static void
answer (Prompt *self, const CardeaPromptAnswer *answer, CardeaSecret *pin)
{
  g_autoptr (CardeaChannel) channel = g_object_ref (self->channel);
  g_autoptr (CardeaSecret) own_pin = pin;
  g_autoptr (GError) error = NULL;

  cardea_tty_write (self->tty, "\n");
  cardea_tty_restore (self->tty);
  if ((pin == NULL || cardea_pin_pipe_hand_over (g_steal_fd (&self->pin), pin, &error)) &&
      cardea_channel_send_answer (channel, answer, &error))
    self->answered = answer->kind != CARDEA_PROMPT_CANCEL;
  if (error != NULL)
    end_with_error (self, error);
  else
    end (self);
}

static void
answer_simply (Prompt *self, CardeaPromptAnswerKind kind)
{
  g_autoptr (CardeaPromptAnswer) simple = cardea_prompt_answer_new (kind);

  answer (self, simple, NULL);
}

static const char *
get_word (void)
{
  /* Translators: the word that a person types in full to go on with something that cannot be undone; lower
   * case, no more than ASCII letters */
  return C_ ("to be typed", "yes");
}

static void
write_entry (Prompt *self)
{
  g_autofree char *word = NULL;

  switch (self->entry) {
  case ENTRY_CHOICE:
    /* Translators: a person types a number or a letter behind it */
    cardea_tty_write (self->tty, _ ("Your choice: "));
    break;
  case ENTRY_WORD:
    /* Translators: a person types the word %s behind it */
    word = g_strdup_printf (_ ("Type “%s” to go on: "), get_word ());
    cardea_tty_write (self->tty, word);
    break;
  case ENTRY_PIN:
    cardea_tty_write (self->tty, self->question->unblock ? _ ("PUK: ") : _ ("PIN: "));
    break;
  case ENTRY_NEW_PIN:
    cardea_tty_write (self->tty, _ ("New PIN: "));
    break;
  case ENTRY_NEW_PIN_AGAIN:
    cardea_tty_write (self->tty, _ ("New PIN again: "));
    break;
  case ENTRY_NONE:
    break;
  }
}

static void wait_for_quiet (Prompt *self);

static gboolean
on_quiet (gpointer data)
{
  Prompt *self = data;
  guint8 bytes[READ_BYTES];
  gint64 now = g_get_monotonic_time ();

  self->arming = 0;
  if (cardea_tty_read (self->tty, bytes, sizeof bytes) > 0) {
    (void)cardea_typing_quiet_key (&self->quiet, now);
    self->ignored = TRUE;
    explicit_bzero (bytes, sizeof bytes);
  }
  if (!cardea_typing_quiet_arm (&self->quiet, now)) {
    wait_for_quiet (self);
    return G_SOURCE_REMOVE;
  }
  if (self->ignored)
    say (self, _ ("Keys pressed before this question was ready were ignored."));
  self->ignored = FALSE;
  write_entry (self);
  return G_SOURCE_REMOVE;
}

static void
wait_for_quiet (Prompt *self)
{
  gint64 wait = cardea_typing_quiet_wait (&self->quiet, g_get_monotonic_time ());

  g_clear_handle_id (&self->arming, g_source_remove);
  self->arming = g_timeout_add ((guint)(wait / 1000 + 1), on_quiet, self);
}

/* What is on the terminal now has to be read before keys mean it. */
static void
begin_entry (Prompt *self, Entry entry)
{
  self->entry = entry;
  cardea_tty_line_clear (self->line);
  cardea_tty_flush (self->tty);
  cardea_typing_quiet_unfocus (&self->quiet);
  cardea_typing_quiet_focus (&self->quiet, g_get_monotonic_time ());
  wait_for_quiet (self);
}

static void
choose (Prompt *self)
{
  const CardeaPromptOffer *offer =
      cardea_tty_text_find_offer (self->offers, cardea_tty_line_get_number (self->line));
  g_autoptr (CardeaPromptAnswer) use = NULL;

  if (cardea_tty_line_get_length (self->line) == 0 || cardea_tty_line_is (self->line, "c")) {
    answer_simply (self, CARDEA_PROMPT_CANCEL);
  } else if (self->question->may_continue && cardea_tty_line_is (self->line, "n")) {
    answer_simply (self, CARDEA_PROMPT_CONTINUE);
  } else if (offer != NULL) {
    use = cardea_prompt_answer_new (CARDEA_PROMPT_USE);
    use->id = g_strdup (offer->id);
    answer (self, use, NULL);
  } else {
    cardea_tty_line_clear (self->line);
    cardea_tty_write (self->tty, "\n");
    say (self, _ ("There is no such choice."));
    write_entry (self);
  }
}

static void
take_word (Prompt *self)
{
  if (!cardea_tty_line_is (self->line, get_word ())) {
    answer_simply (self, CARDEA_PROMPT_CANCEL);
  } else if (self->question->pinpad) {
    answer_simply (self, CARDEA_PROMPT_PINPAD);
  } else {
    cardea_tty_write (self->tty, "\n");
    begin_entry (self, ENTRY_PIN);
  }
}

/* Who types one after the other need not wait for a quiet moment. */
static void
go_on (Prompt *self, Entry entry)
{
  self->entry = entry;
  cardea_tty_line_clear (self->line);
  cardea_tty_write (self->tty, "\n");
  write_entry (self);
}

static void
take_new_pin_anew (Prompt *self, CardeaNewPinFault fault)
{
  g_clear_pointer (&self->fresh, cardea_secret_unref);
  cardea_tty_write (self->tty, "\n");
  say (self, cardea_new_pin_fault_text (fault));
  self->entry = ENTRY_NEW_PIN;
  write_entry (self);
}

static void
answer_with (Prompt *self, CardeaSecret *pin, const GError *error)
{
  g_autoptr (CardeaPromptAnswer) typed = cardea_prompt_answer_new (CARDEA_PROMPT_PIN_TYPED);

  if (pin == NULL)
    end_with_error (self, error);
  else
    answer (self, typed, pin);
}

/* Takes @pin, which was typed for the entry at hand. */
static void
take_part (Prompt *self, CardeaSecret *pin)
{
  gboolean is_old = self->known != NULL && !self->question->unblock && cardea_secret_equal (self->known, pin);
  g_autoptr (CardeaSecret) own_pin = pin;
  g_autoptr (GError) error = NULL;
  CardeaNewPinFault fault;

  if (self->entry == ENTRY_PIN) {
    self->known = g_steal_pointer (&own_pin);
    go_on (self, ENTRY_NEW_PIN);
  } else if (self->entry == ENTRY_NEW_PIN) {
    fault = cardea_new_pin_rule_check (self->question, cardea_secret_get_length (pin), is_old);
    self->fresh = g_steal_pointer (&own_pin);
    if (fault == CARDEA_NEW_PIN_GOOD)
      go_on (self, ENTRY_NEW_PIN_AGAIN);
    else
      take_new_pin_anew (self, fault);
  } else if (!cardea_secret_equal (self->fresh, pin)) {
    take_new_pin_anew (self, CARDEA_NEW_PIN_DIFFERENT);
  } else {
    CardeaSecret *both = cardea_secret_join (self->known, self->fresh, &error);

    answer_with (self, both, error);
  }
}

static void
take_pin (Prompt *self)
{
  g_autoptr (GError) error = NULL;
  CardeaSecret *pin;

  if (cardea_tty_line_get_length (self->line) == 0) {
    answer_simply (self, CARDEA_PROMPT_CANCEL);
    return;
  }
  pin = cardea_tty_line_steal (self->line, &error);
  if (pin != NULL && self->question->kind == CARDEA_PROMPT_NEW_PIN)
    take_part (self, pin);
  else
    answer_with (self, pin, error);
}

/* The terminal echoes nothing, lest it show a PIN: what may be seen is shown here. */
static void
echo (Prompt *self, CardeaTtyKey key, guint8 byte)
{
  char shown[2] = { g_ascii_isprint (byte) ? (char)byte : '?', '\0' };

  if (self->entry >= ENTRY_PIN || key == CARDEA_TTY_NOTHING)
    return;
  if (key == CARDEA_TTY_ADDED) {
    cardea_tty_write (self->tty, shown);
  } else { /* without moving back, which not every terminal can */
    cardea_tty_write (self->tty, "\n");
    write_entry (self);
  }
}

static void
enter (Prompt *self)
{
  if (self->entry == ENTRY_CHOICE)
    choose (self);
  else if (self->entry == ENTRY_WORD)
    take_word (self);
  else
    take_pin (self);
}

/* FALSE: no key after it counts. */
static gboolean
take_key (Prompt *self, guint8 byte)
{
  CardeaTtyKey key = cardea_tty_line_type (self->line, byte);

  switch (key) {
  case CARDEA_TTY_ENTERED:
    enter (self);
    return FALSE;
  case CARDEA_TTY_GIVEN_UP:
    answer_simply (self, CARDEA_PROMPT_CANCEL);
    return FALSE;
  case CARDEA_TTY_ERASED_ALL:
    cardea_tty_line_clear (self->line);
    break;
  default:
    break;
  }
  echo (self, key, byte);
  return TRUE;
}

/* A key with a name (an arrow) comes as Escape and more at once; alone it is the key itself. */
static void
take_keys (Prompt *self, const guint8 *bytes, gsize length)
{
  if (length == 1 && bytes[0] == ESCAPE) {
    answer_simply (self, CARDEA_PROMPT_CANCEL);
    return;
  }
  if (!cardea_typing_quiet_key (&self->quiet, g_get_monotonic_time ())) {
    self->ignored = TRUE;
    wait_for_quiet (self);
    return;
  }
  for (gsize i = 0; i < length && bytes[i] != ESCAPE; i++)
    if (!take_key (self, bytes[i]))
      return;
}

static gboolean
on_keys (int fd, GIOCondition condition, gpointer data)
{
  Prompt *self = data;
  guint8 bytes[READ_BYTES];
  gsize length = cardea_tty_read (self->tty, bytes, sizeof bytes);

  if (length == 0 && (condition & (G_IO_HUP | G_IO_ERR | G_IO_NVAL)) != 0) {
    self->keys = 0;
    answer_simply (self, CARDEA_PROMPT_CANCEL);
    return G_SOURCE_REMOVE;
  }
  if (length > 0 && self->entry != ENTRY_NONE)
    take_keys (self, bytes, length);
  explicit_bzero (bytes, sizeof bytes);
  return self->keys != 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
write_certificates (Prompt *self)
{
  g_autofree char *text = cardea_tty_text_certificate (
      self->question, self->offers, cardea_tty_get_width (self->tty), g_get_real_time () / G_USEC_PER_SEC);

  cardea_tty_write (self->tty, text);
}

static Entry
write_pin (Prompt *self)
{
  g_autoptr (CardeaPinText) words = cardea_pin_text_new (self->question);
  g_autofree char *text = cardea_tty_text_pin (self->question, cardea_tty_get_width (self->tty));

  cardea_tty_write (self->tty, text);
  if (words->accept == NULL)
    return ENTRY_NONE;
  return words->confirm || !words->entry ? ENTRY_WORD : ENTRY_PIN;
}

static void
on_question (CardeaChannel *channel, CardeaPromptQuestion *question, Prompt *self)
{
  g_autoptr (GError) error = NULL;
  Entry entry = ENTRY_CHOICE;

  self->question = cardea_prompt_question_copy (question);
  self->offers = g_ptr_array_ref (question->offers);
  if (question->kind != CARDEA_PROMPT_CERTIFICATE)
    entry = write_pin (self);
  else
    write_certificates (self);
  if (!cardea_channel_send (channel, CARDEA_PROMPT_SHOWN, &error))
    end_with_error (self, error);
  else if (entry == ENTRY_NONE)
    answer_simply (self, CARDEA_PROMPT_CANCEL);
  else
    begin_entry (self, entry);
}

static void
withdraw (Prompt *self, CardeaPromptWithdrawn why)
{
  const char *title;
  const char *sentence = cardea_notice_text (why, &title);

  if (sentence != NULL && cardea_tty_is_ours (self->tty)) {
    cardea_tty_write (self->tty, "\n");
    say (self, sentence);
  }
  end (self);
}

static void
on_update (CardeaChannel *channel, const CardeaPromptUpdate *update, Prompt *self)
{
  if (self->channel == NULL)
    return;
  if (update->kind == CARDEA_PROMPT_UPDATE_WITHDRAW) {
    withdraw (self, update->why);
    return;
  }
  if (self->entry != ENTRY_CHOICE)
    return;
  g_ptr_array_unref (self->offers);
  self->offers = g_ptr_array_ref (update->offers);
  cardea_tty_write (self->tty, "\n");
  write_certificates (self);
  begin_entry (self, ENTRY_CHOICE);
}

static void
on_closed (CardeaChannel *channel, const GError *error, Prompt *self)
{
  if (error != NULL)
    end_with_error (self, error);
  else
    end (self);
}

static void
run (Prompt *self, int channel)
{
  self->channel = cardea_channel_new (channel);
  g_signal_connect (self->channel, "question", G_CALLBACK (on_question), self);
  g_signal_connect (self->channel, "update", G_CALLBACK (on_update), self);
  g_signal_connect (self->channel, "closed", G_CALLBACK (on_closed), self);
  self->keys = g_unix_fd_add (cardea_tty_get_fd (self->tty), G_IO_IN | G_IO_HUP | G_IO_ERR, on_keys, self);
  g_main_loop_run (self->loop);
}

gboolean
cardea_tty_prompt_run (CardeaTty *tty, int channel, int pin)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (CardeaTtyLine) line = cardea_tty_line_new (&error);
  Prompt self = { .tty = tty, .loop = loop, .pin = pin, .line = line };

  if (line == NULL) {
    g_printerr ("cardea-prompt: %s\n", error->message);
    close (channel);
  } else {
    run (&self, channel);
  }
  if (self.pin >= 0)
    close (self.pin);
  g_clear_pointer (&self.offers, g_ptr_array_unref);
  cardea_prompt_question_free (self.question);
  return self.answered;
}
