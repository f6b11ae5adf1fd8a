/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "socket-api/cli/event-text.h"
#include "socket-api/wire/message.h"

typedef struct
{
  const char *name, *event, *text;
} Case;

static const Case cases[] = {
  { "token",
    "{\"what\":\"token\",\"how\":\"arrived\",\"token\":{\"label\":\"Card\",\"reader\":\"Reader 1\","
    "\"state\":\"ready\",\"pin\":\"locked\",\"logged_in\":true}}",
    "token        Card: ready, PIN locked, unlocked, in Reader 1" },
  { "token-without-reader",
    "{\"what\":\"token\",\"how\":\"changed\",\"token\":{\"label\":\"Card\",\"reader\":null,"
    "\"state\":\"reading\",\"pin\":\"fine\",\"logged_in\":false}}",
    "token        Card: being read, PIN set" },
  { "token-left", "{\"what\":\"token\",\"how\":\"left\",\"token\":{\"label\":\"Card\"}}",
    "token        Card: gone" },
  { "certificate",
    "{\"what\":\"certificate\",\"how\":\"present\",\"certificate\":{\"subject\":\"CN=Ann\","
    "\"token\":\"pkcs11:token=Card\"}}",
    "certificate  CN=Ann on pkcs11:token=Card" },
  { "certificate-left",
    "{\"what\":\"certificate\",\"how\":\"left\",\"certificate\":{\"subject\":\"CN=Ann\","
    "\"token\":\"pkcs11:token=Card\"}}",
    "certificate  CN=Ann: gone, was on pkcs11:token=Card" },
  { "session",
    "{\"what\":\"session\",\"how\":\"arrived\",\"session\":{\"server_name\":\"bank.example\",\"port\":443,"
    "\"caller\":\"mail\",\"certificate\":{\"subject\":\"CN=Ann\"}}}",
    "connection   bank.example port 443 for mail: open, with CN=Ann" },
  { "session-anonymous",
    "{\"what\":\"session\",\"how\":\"present\",\"session\":{\"server_name\":\"bank.example\",\"port\":443,"
    "\"caller\":\"mail\",\"certificate\":null}}",
    "connection   bank.example port 443 for mail: open, without a certificate" },
  { "session-left",
    "{\"what\":\"session\",\"how\":\"left\",\"session\":{\"server_name\":\"bank.example\",\"port\":443,"
    "\"caller\":\"mail\"},\"end\":{\"how\":\"clean\",\"bytes_in\":5,\"bytes_out\":7}}",
    "connection   bank.example port 443 for mail: ended (clean), 5 bytes received, 7 sent" },
  { "steering", "{\"what\":\"token\",\"how\":\"left\",\"token\":{\"label\":\"a\\u001b[2Jb\\n\\u202ec\"}}",
    "token        a\\u{1b}[2Jb\\u{a}\\u{202e}c: gone" },
  { "empty-token", "{\"what\":\"token\",\"how\":\"arrived\"}",
    "token        ?: unknown, PIN state not known" },
  { "wrong-types", "{\"what\":\"token\",\"how\":\"left\",\"token\":[1]}", "token        ?: gone" },
  { "newer", "{\"what\":\"lease\",\"how\":\"arrived\",\"lease\":{}}", NULL },
  { "nothing", "{}", NULL },
};

static void
test_case (gconstpointer data)
{
  const Case *expected = data;
  g_autoptr (json_t) event = json_loads (expected->event, 0, NULL);
  g_autofree char *text = NULL;

  g_assert_nonnull (event);
  text = cardea_event_to_text (event);
  g_assert_cmpstr (text, ==, expected->text);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/event-text/", cases[i].name, NULL);

    g_test_add_data_func (path, &cases[i], test_case);
  }
  return g_test_run ();
}
