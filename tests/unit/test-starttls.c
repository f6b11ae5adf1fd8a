/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The talks before TLS, hostile servers first. Each talk is told as what the server says, one turn after the
 * other, and what the client says in between. */

#include "socket-api/cli/starttls.h"

#include <string.h>

#include "socket-api/limits.h"
#include "socket-api/wire/error.h"

#define XMPP_HEAD                                                                                            \
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "                                               \
  "xmlns:stream='http://etherx.jabber.org/streams' from='a.example' id='1' version='1.0'>"
#define XMPP_OFFER                                                                                           \
  "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></"              \
  "stream:features>"
#define XMPP_PROCEED "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define LDAP_SUCCESS "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"

static void
assert_failure (const GError *error, const char *why)
{
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_CONNECT_FAILED);
  g_assert_cmpstr (json_string_value (json_object_get (cardea_error_get_parameters (error), "step")), ==,
                   "starttls");
  if (strstr (error->message, why) == NULL)
    g_error ("\"%s\" is not in \"%s\"", why, error->message);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static gboolean
feed (CardeaStarttls *talk, const char *bytes, gsize length, GError **error)
{
  return cardea_starttls_feed (talk, (const guint8 *)bytes, length, error);
}

static void
drop_output (CardeaStarttls *talk)
{
  g_autoptr (GBytes) output = cardea_starttls_take_output (talk);
}

/* The server says this, turn for turn; the last one is refused. */
static void
assert_refused_bytes (const char *protocol, const char *const *turns, const char *last, gsize length,
                      const char *why)
{
  g_autoptr (CardeaStarttls) talk = cardea_starttls_new (protocol, "a.example");
  g_autoptr (GError) error = NULL;

  drop_output (talk);
  for (; turns != NULL && *turns != NULL; turns++) {
    g_autoptr (GBytes) output = NULL;

    g_assert_true (feed (talk, *turns, strlen (*turns), &error));
    g_assert_no_error (error);
    g_assert_false (cardea_starttls_is_done (talk));
    output = cardea_starttls_take_output (talk);
    g_assert_nonnull (output);
  }
  g_assert_false (feed (talk, last, length, &error));
  assert_failure (error, why);
  g_assert_false (cardea_starttls_is_done (talk));
}

#define REFUSED(protocol, last, why, ...)                                                                    \
  assert_refused_bytes (protocol, (const char *const[]){ __VA_ARGS__ __VA_OPT__ (, ) NULL }, last,           \
                        sizeof last - 1, why)

static void
test_not_offered (void)
{
  REFUSED ("smtp", "250-mail.example\r\n250 SIZE 1000\r\n", "does not offer", "220 hi\r\n");
  /* A word among others is no offer, nor is a longer one. */
  REFUSED ("smtp", "250-NO STARTTLS\r\n250 STARTTLSX\r\n", "does not offer", "220 hi\r\n");
  REFUSED ("imap", "* CAPABILITY IMAP4rev1 XSTARTTLS\r\nc OK\r\n", "does not offer", "* OK hi\r\n");
  REFUSED ("pop3", "-ERR unknown command\r\n", "does not begin TLS (POP3): -ERR unknown command",
           "+OK hi\r\n");
  REFUSED ("postgres", "N", "does not offer");
  REFUSED ("xmpp", XMPP_HEAD "<stream:features><mechanisms/></stream:features>", "does not offer");
  REFUSED ("xmpp", XMPP_HEAD "<stream:features><starttls xmlns='urn:other'/></stream:features>",
           "does not offer");
}

static void
test_refused (void)
{
  REFUSED ("smtp", "554 go away\r\n", "takes no connections (SMTP): 554 go away");
  REFUSED ("smtp", "502 what\r\n", "refuses to begin", "220 hi\r\n");
  REFUSED ("smtp", "454 not now\r\n", "refuses to begin TLS (SMTP): 454 not now", "220 hi\r\n",
           "250-a\r\n250 STARTTLS\r\n");
  REFUSED ("imap", "* BYE full\r\n", "takes no connections");
  REFUSED ("imap", "* PREAUTH welcome\r\n", "knows somebody already");
  REFUSED ("imap", "c BAD what\r\n", "refuses", "* OK hi\r\n");
  REFUSED ("imap", "s NO not now\r\n", "refuses", "* OK hi\r\n", "* CAPABILITY STARTTLS\r\nc OK\r\n");
  REFUSED ("imap", "* BYE bored\r\n", "ends the connection", "* OK hi\r\n");
  REFUSED ("pop3", "-ERR busy\r\n", "takes no connections");
  REFUSED ("postgres", "E", "refuses");
  REFUSED ("ldap", "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00", "result 52");
  REFUSED ("ldap", "\x30\x0c\x02\x01\x00\x78\x07\x0a\x01\x34\x04\x00\x04\x00", "ends the connection");
  REFUSED ("xmpp", "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "refuses", XMPP_HEAD XMPP_OFFER);
  REFUSED ("xmpp", "</stream:stream>", "ends the connection", XMPP_HEAD XMPP_OFFER);
}

/* Something else listens there. */
static void
test_garbage (void)
{
  REFUSED ("smtp", "SSH-2.0-OpenSSH\r\n", "does not speak this");
  REFUSED ("smtp", "22\r\n", "does not speak this");
  REFUSED ("smtp", "220+what\r\n", "does not speak this");
  REFUSED ("smtp", "\r\n", "does not speak this");
  REFUSED ("imap", "220 hi\r\n", "does not speak this");
  REFUSED ("imap", "x OK\r\n", "does not speak this", "* OK hi\r\n");
  REFUSED ("imap", "s OK too soon\r\n", "does not speak this", "* OK hi\r\n");
  REFUSED ("imap", "c OKAY\r\n", "refuses", "* OK hi\r\n");
  REFUSED ("imap", "+ go on\r\n", "does not speak this", "* OK hi\r\n");
  REFUSED ("pop3", "* OK\r\n", "does not speak this");
  REFUSED ("postgres", "H", "does not speak this");
  REFUSED ("postgres", "\0", "does not speak this");
  REFUSED ("ldap", "HTTP/1.1", "does not speak this");
  REFUSED ("ldap", "\x30\x80", "does not speak this");             /* an indefinite length */
  REFUSED ("ldap", "\x30\x83\x01\x00\x00", "does not speak this"); /* one of three bytes */
  REFUSED ("ldap", "\x30\x00", "does not speak this");
  REFUSED ("ldap", "\x30\x03\x02\x01\x01", "does not speak this");
  REFUSED ("ldap", "\x30\x05\x02\x03\x01\x78\x00", "does not speak this");
  REFUSED ("ldap", "\x30\x05\x02\x01\x01\x78\x00", "does not speak this");
  REFUSED ("ldap", "\x30\x07\x02\x01\x01\x78\x02\x0a\x00", "does not speak this");
  REFUSED ("ldap", "\x30\x07\x02\x01\x01\x78\x02\x0a\x01", "does not speak this");
  REFUSED ("xmpp", "220 hi\r\n", "does not speak this");
  REFUSED ("xmpp", "<html>", "does not speak this");
  REFUSED ("xmpp", "<stream:stream><a></b>", "something else");
  REFUSED ("xmpp", XMPP_HEAD XMPP_PROCEED, "something else");
  REFUSED ("xmpp", XMPP_HEAD "<message/>", "something else");
  REFUSED ("xmpp", "\xff", "does not speak this");
}

/* XMPP forbids what makes XML dangerous. */
static void
test_forbidden_xml (void)
{
  REFUSED ("xmpp", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "forbids");
  REFUSED ("xmpp", XMPP_HEAD "<!-- hi -->", "forbids");
  REFUSED ("xmpp", XMPP_HEAD "<?xml version='1.0'?>", "forbids");
  REFUSED ("xmpp", "<?php ?>", "forbids");
}

static void
test_nul (void)
{
  REFUSED ("smtp", "220 a\0b\r\n", "NUL");
  REFUSED ("imap", "* OK \0\r\n", "NUL");
  REFUSED ("pop3", "\0", "NUL");
  REFUSED ("smtp", "250-STARTTLS\0\r\n", "NUL", "220 hi\r\n");
}

/* Behind the server's consent, in the same piece: whoever put it there, it is not under TLS. */
static void
test_injected (void)
{
  REFUSED ("smtp", "220 go\r\n250 injected\r\n", "spoke on", "220 hi\r\n", "250 STARTTLS\r\n");
  REFUSED ("imap", "s OK go\r\n* CAPABILITY injected\r\n", "spoke on", "* OK hi\r\n",
           "* CAPABILITY STARTTLS\r\nc OK\r\n");
  REFUSED ("pop3", "+OK go\r\n+OK injected\r\n", "spoke on", "+OK hi\r\n");
  REFUSED ("postgres", "SR", "spoke on");
  REFUSED ("ldap", LDAP_SUCCESS "\x30", "spoke on");
  REFUSED ("xmpp", XMPP_PROCEED "\n", "spoke on", XMPP_HEAD XMPP_OFFER);
}

/* Answers to what was not asked yet. */
static void
test_out_of_turn (void)
{
  REFUSED ("smtp", "220 hi\r\n250 STARTTLS\r\n", "not asked yet");
  REFUSED ("smtp", "250 STARTTLS\r\n220 go\r\n", "not asked yet", "220 hi\r\n");
  REFUSED ("pop3", "+OK hi\r\n+OK go\r\n", "not asked yet");
  REFUSED ("xmpp", XMPP_HEAD XMPP_OFFER XMPP_PROCEED, "not asked yet");
}

/* A line, and all of it, at the limit and one past it. */
static void
test_limits (void)
{
  g_autofree char *line = g_strnfill (CARDEA_LIMIT_STARTTLS_LINE, 'x');
  g_autoptr (CardeaStarttls) long_line = cardea_starttls_new ("smtp", "a.example");
  g_autoptr (CardeaStarttls) many_lines = cardea_starttls_new ("smtp", "a.example");
  g_autoptr (GError) too_long = NULL;
  g_autoptr (GError) too_much = NULL;

  memcpy (line, "220-", 4);
  g_assert_true (feed (long_line, line, CARDEA_LIMIT_STARTTLS_LINE, NULL));
  g_assert_true (feed (long_line, "\n", 1, NULL));
  g_assert_true (feed (long_line, line, CARDEA_LIMIT_STARTTLS_LINE, NULL));
  g_assert_false (feed (long_line, "x", 1, &too_long));
  assert_failure (too_long, "too long");

  for (gsize n = 0; n < CARDEA_LIMIT_STARTTLS_BYTES; n += 8)
    g_assert_true (feed (many_lines, "220-ab\r\n", 8, NULL));
  g_assert_false (feed (many_lines, "2", 1, &too_much));
  assert_failure (too_much, "too much");
}

/* The other protocols have the same: a message, a piece of XML. */
static void
test_endless (void)
{
  static const struct
  {
    const char *protocol, *begin, *more, *why;
  } cases[] = {
    { "imap", "* OK hi\r\n", "* x\r\n", "too much" },
    { "imap", "", "* OK", "too long" },
    { "pop3", "", "+OK", "too long" },
    { "ldap", "\x30\x82\xff\xff", "xxxx", "too long" },
    { "xmpp", XMPP_HEAD "<stream:features>", "<a>", "too much" },
    { "xmpp", XMPP_HEAD "<", "aaaa", "too much" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (CardeaStarttls) talk = cardea_starttls_new (cases[i].protocol, "a.example");
    g_autoptr (GError) error = NULL;
    gsize n = 0;

    drop_output (talk);
    g_assert_true (feed (talk, cases[i].begin, strlen (cases[i].begin), NULL));
    drop_output (talk);
    while (feed (talk, cases[i].more, strlen (cases[i].more), &error))
      g_assert_cmpuint (n++, <=, CARDEA_LIMIT_STARTTLS_BYTES);
    assert_failure (error, cases[i].why);
  }
}

/* What a server says is shown only so far, and is text whatever it was. */
static void
test_words (void)
{
  g_autoptr (GString) reply = g_string_new ("554 \xff\x1b[2J ");
  g_autoptr (CardeaStarttls) talk = cardea_starttls_new ("smtp", "a.example");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 300; i++)
    g_string_append (reply, "\xc3\xa4");
  g_string_append (reply, "\r\n");
  g_assert_false (feed (talk, reply->str, reply->len, &error));
  assert_failure (error, "554");
  g_assert_cmpuint (strlen (error->message), <, 300);
}

/* A whole talk: what the server says in each turn, and what it is told after it. */
typedef struct
{
  const char *protocol;
  const char *first; /* what the client begins with, or "" */
  struct
  {
    const char *server, *client;
  } turns[4];
  gsize last_length; /* of the last turn, where it is no text */
} Script;

static const Script scripts[] = {
  { "smtp",
    "",
    { { "220-mail.example\r\n220 hi\r\n", "EHLO localhost\r\n" },
      { "250-mail.example\r\n250-SIZE 1\r\n250-StartTLS\r\n250 HELP\r\n", "STARTTLS\r\n" },
      { "220 2.0.0 go\r\n", "" } },
    0 },
  { "smtp",
    "",
    { { "220\n", "EHLO localhost\r\n" }, { "250 STARTTLS\n", "STARTTLS\r\n" }, { "220\n", "" } },
    0 },
  { "imap",
    "",
    { { "* OK [CAPABILITY IMAP4rev1] hi\r\n", "c CAPABILITY\r\n" },
      { "* 1 EXISTS\r\n* capability IMAP4rev1 STARTTLS LOGINDISABLED\r\nc OK done\r\n", "s STARTTLS\r\n" },
      { "* OK still here\r\ns OK begin\r\n", "" } },
    0 },
  { "pop3", "", { { "+OK hi\r\n", "STLS\r\n" }, { "+OK begin\r\n", "" } }, 0 },
  { "postgres", "\0\0\0\x08\x04\xd2\x16\x2f", { { "S", "" } }, 0 },
  { "ldap", "\x30\x1d", { { LDAP_SUCCESS, "" } }, sizeof LDAP_SUCCESS - 1 },
  { "xmpp",
    "<?xml",
    { { XMPP_HEAD XMPP_OFFER, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" }, { XMPP_PROCEED, "" } },
    0 },
};

static void
expect_output (CardeaStarttls *talk, const char *expected, gboolean whole)
{
  g_autoptr (GBytes) output = cardea_starttls_take_output (talk);
  g_autofree char *text =
      output != NULL ? g_strndup (g_bytes_get_data (output, NULL), g_bytes_get_size (output)) : g_strdup ("");

  if (whole)
    g_assert_cmpstr (text, ==, expected);
  else
    g_assert_true (g_str_has_prefix (text, expected));
  g_assert_null (cardea_starttls_take_output (talk));
}

/* In one piece or byte by byte: the talk is the same, and at its end to the byte. */
static void
run_script (const Script *script, gboolean in_pieces)
{
  g_autoptr (CardeaStarttls) talk = cardea_starttls_new (script->protocol, "a.example");
  g_autoptr (GError) error = NULL;

  expect_output (talk, script->first, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (script->turns) && script->turns[i].server != NULL; i++) {
    const char *server = script->turns[i].server;
    gsize length = script->last_length != 0 ? script->last_length : strlen (server);

    for (gsize j = 0; in_pieces && j + 1 < length; j++) {
      g_assert_true (feed (talk, server + j, 1, &error));
      g_assert_no_error (error);
      g_assert_false (cardea_starttls_is_done (talk));
    }
    g_assert_true (feed (talk, in_pieces ? server + length - 1 : server, in_pieces ? 1 : length, &error));
    g_assert_no_error (error);
    expect_output (talk, script->turns[i].client, TRUE);
    g_assert_true (cardea_starttls_is_done (talk) == (*script->turns[i].client == '\0'));
  }
  g_assert_true (cardea_starttls_is_done (talk));
}

static void
test_talks (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++) {
    run_script (&scripts[i], FALSE);
    run_script (&scripts[i], TRUE);
  }
}

/* Requests that are no text, byte for byte; and a name that could break out of its place. */
static void
test_requests (void)
{
  static const char ldap[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
                             "1.3.6.1.4.1.1466.20037";
  static const char postgres[] = "\0\0\0\x08\x04\xd2\x16\x2f";
  g_autoptr (CardeaStarttls) first = cardea_starttls_new ("ldap", "a.example");
  g_autoptr (CardeaStarttls) second = cardea_starttls_new ("postgres", "a.example");
  g_autoptr (CardeaStarttls) third = cardea_starttls_new ("xmpp", "a'><b>&");
  g_autoptr (GBytes) ldap_output = cardea_starttls_take_output (first);
  g_autoptr (GBytes) postgres_output = cardea_starttls_take_output (second);
  g_autoptr (GBytes) xmpp_output = cardea_starttls_take_output (third);
  g_autofree char *head = g_strndup (g_bytes_get_data (xmpp_output, NULL), g_bytes_get_size (xmpp_output));

  g_assert_cmpmem (g_bytes_get_data (ldap_output, NULL), g_bytes_get_size (ldap_output), ldap,
                   sizeof ldap - 1);
  g_assert_cmpmem (g_bytes_get_data (postgres_output, NULL), g_bytes_get_size (postgres_output), postgres,
                   sizeof postgres - 1);
  g_assert_nonnull (strstr (head, "to='a&apos;&gt;&lt;b&gt;&amp;'"));
}

static void
test_protocols (void)
{
  g_autofree char *list = cardea_starttls_list_protocols ();

  g_assert_cmpstr (list, ==, "smtp, imap, pop3, postgres, ldap, xmpp");
  g_assert_null (cardea_starttls_new ("", "a.example"));
  g_assert_null (cardea_starttls_new ("SMTP", "a.example"));
  g_assert_null (cardea_starttls_new ("ftp", "a.example"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/starttls/not-offered", test_not_offered);
  g_test_add_func ("/starttls/refused", test_refused);
  g_test_add_func ("/starttls/garbage", test_garbage);
  g_test_add_func ("/starttls/forbidden-xml", test_forbidden_xml);
  g_test_add_func ("/starttls/nul", test_nul);
  g_test_add_func ("/starttls/injected", test_injected);
  g_test_add_func ("/starttls/out-of-turn", test_out_of_turn);
  g_test_add_func ("/starttls/limits", test_limits);
  g_test_add_func ("/starttls/endless", test_endless);
  g_test_add_func ("/starttls/words", test_words);
  g_test_add_func ("/starttls/talks", test_talks);
  g_test_add_func ("/starttls/requests", test_requests);
  g_test_add_func ("/starttls/protocols", test_protocols);
  return g_test_run ();
}
