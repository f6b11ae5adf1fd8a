/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One password from the terminal.
 *
 * Characters are taken one by one into a locked page, so that there is no copy in a buffer of stdio or of
 * ours. Signals are held back while echo is off: one that killed us then would leave the user typing blind.
 * It is delivered as soon as the terminal is as it was. */

#include "nss-config/terminal.h"

#include <errno.h>
#include <gio/gio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "socket-api/limits.h"

#define PAGE_BYTES 4096

#define CTRL_C 0x03
#define CTRL_D 0x04
#define BACKSPACE 0x08
#define CTRL_U 0x15
#define DELETE 0x7f

/* The line so far. */
typedef struct
{
  guint8 *page; /* locked, PAGE_BYTES */
  gsize length;
  gboolean done;
} Line;

static guint8 *
map_page (GError **error)
{
  guint8 *page = mmap (NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (page != MAP_FAILED && mlock (page, PAGE_BYTES) == 0) {
    (void)madvise (page, PAGE_BYTES, MADV_DONTDUMP);
    return page;
  }
  if (page != MAP_FAILED)
    munmap (page, PAGE_BYTES);
  g_set_error_literal (
      error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
      "No memory can be locked for the password: raise the limit of locked memory (ulimit -l)");
  return NULL;
}

static void
unmap_page (guint8 *page)
{
  explicit_bzero (page, PAGE_BYTES);
  munmap (page, PAGE_BYTES);
}

static gboolean
set_cancelled (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "No password was given. Nothing was changed");
  return FALSE;
}

/* Removes the last character, all bytes of its UTF-8. */
static void
erase_last (Line *self)
{
  while (self->length > 0 && (self->page[self->length - 1] & 0xc0) == 0x80)
    self->page[--self->length] = 0;
  if (self->length > 0)
    self->page[--self->length] = 0;
}

/* The newest byte stands at page[length]. */
static gboolean
take_byte (Line *self, GError **error)
{
  guint8 byte = self->page[self->length];

  if (byte == CTRL_C || byte == CTRL_D)
    return set_cancelled (error);
  if (byte == '\n' || byte == '\r')
    self->done = TRUE;
  else if (byte == BACKSPACE || byte == DELETE)
    erase_last (self);
  else if (byte == CTRL_U) {
    explicit_bzero (self->page, self->length);
    self->length = 0;
  } else if (self->length < PAGE_BYTES - 1)
    self->length++;
  return TRUE;
}

static gboolean
wait_for_byte (int tty, int signals, gint64 deadline, GError **error)
{
  struct pollfd entries[] = { { .fd = tty, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
  gint64 left = (deadline - g_get_monotonic_time ()) / 1000;
  int n = left > 0 ? poll (entries, G_N_ELEMENTS (entries), (int)left) : 0;

  if (n == 0) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                         "No password came in time. Nothing was changed");
    return FALSE;
  }
  return n > 0 && entries[1].revents == 0 ? TRUE : set_cancelled (error);
}

static gboolean
read_line (int tty, int signals, Line *line, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + CARDEA_LIMIT_QUESTION_MS * G_GINT64_CONSTANT (1000);

  while (!line->done) {
    if (!wait_for_byte (tty, signals, deadline, error))
      return FALSE;
    if (read (tty, line->page + line->length, 1) != 1)
      return set_cancelled (error);
    if (!take_byte (line, error))
      return FALSE;
  }
  return TRUE;
}

static CardeaSecret *
make_secret (const Line *line, GError **error)
{
  if (line->length == 0 || line->length > CARDEA_LIMIT_PIN_BYTES) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 line->length == 0 ? "The password is empty. Nothing was changed"
                                   : "The password is too long. Nothing was changed");
    return NULL;
  }
  return cardea_secret_new (line->page, line->length, error);
}

static void
say (int tty, const char *text)
{
  gssize n = write (tty, text, strlen (text));

  (void)n; /* a terminal that does not take it cannot be asked either: reading fails next */
}

static CardeaSecret *
ask_without_echo (int tty, int signals, const char *question, GError **error)
{
  struct termios before;
  struct termios quiet;
  g_autoptr (CardeaSecret) secret = NULL;
  Line line = { 0 };

  if (tcgetattr (tty, &before) != 0) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                         "A password can be asked for on a terminal only");
    return NULL;
  }
  line.page = map_page (error);
  if (line.page == NULL)
    return NULL;
  quiet = before;
  quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
  quiet.c_cc[VMIN] = 1;
  quiet.c_cc[VTIME] = 0;
  if (tcsetattr (tty, TCSAFLUSH, &quiet) != 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The terminal's echo cannot be turned off");
  else {
    say (tty, question);
    if (read_line (tty, signals, &line, error))
      secret = make_secret (&line, error);
    (void)tcsetattr (tty, TCSAFLUSH, &before);
    say (tty, "\n");
  }
  unmap_page (line.page);
  return g_steal_pointer (&secret);
}

CardeaSecret *
cardea_terminal_ask_password (int tty, const char *question, GError **error)
{
  g_return_val_if_fail (tty >= 0 && question != NULL, NULL);

  CardeaSecret *secret;
  sigset_t held;
  sigset_t before;
  int signals;

  sigemptyset (&held);
  for (gsize i = 0; i < 5; i++)
    sigaddset (&held, (const int[]){ SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP }[i]);
  pthread_sigmask (SIG_BLOCK, &held, &before);
  signals = signalfd (-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Signals cannot be held back: %s", g_strerror (errno));
    secret = NULL;
  } else {
    secret = ask_without_echo (tty, signals, question, error);
    close (signals);
  }
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  return secret;
}
