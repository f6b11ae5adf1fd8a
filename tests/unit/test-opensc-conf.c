/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What becomes of an administrator's opensc.conf: all of it stays, PINs are not kept, a PUK sets one, and
 * what is not plainly right is not used at all. */

#include "agent/hosts/opensc-conf.h"

#include <string.h>

#define SET " use_pin_caching = false;"
#define UNBLOCK " user_pin_unblock_style = set_pin_in_unlogged_session;"
#define PKCS11 " pkcs11 {" UNBLOCK " }"
#define BLOCK PKCS11 " framework pkcs15 {" SET " }"

static void
expect (const char *text, const char *wanted)
{
  g_autofree char *made = cardea_opensc_conf_make (text, strlen (text));

  g_assert_cmpstr (made, ==, wanted);
}

static void
test_nothing (void)
{
  expect ("", "\napp default {" BLOCK " }\n");
  expect ("# nothing yet", "# nothing yet\napp default {" BLOCK " }\n");
  expect (" \r\n\t", " \r\n\t\napp default {" BLOCK " }\n");
}

/* As Debian ships it. */
static void
test_comments_only (void)
{
  expect ("app default {\n# debug = 3;\nframework pkcs15 {\n# use_file_caching = public;\n}\n}\n",
          "app default {" PKCS11 "\n# debug = 3;\nframework pkcs15 {" SET
          "\n# use_file_caching = public;\n}\n}\n");
}

/* The first value counts, so ours stands before the administrator's. */
static void
test_other_value (void)
{
  expect ("app default { framework pkcs15 { use_pin_caching = true; } }",
          "app default {" PKCS11 " framework pkcs15 {" SET " use_pin_caching = true; } }");
  expect ("app default { pkcs11 { user_pin_unblock_style = none; } framework pkcs15 { } }",
          "app default { pkcs11 {" UNBLOCK " user_pin_unblock_style = none; } framework pkcs15 {" SET " } }");
}

static void
test_no_block (void)
{
  expect ("app default { debug = 0; }", "app default {" BLOCK " debug = 0; }");
  expect ("app default { } app default { framework pkcs15 { } }",
          "app default {" BLOCK " } app default { framework pkcs15 {" SET " } }");
}

/* A block of the module's own comes before the default's, and then both have the setting. */
static void
test_own_application (void)
{
  expect ("app opensc-pkcs11 { framework pkcs15 { a = b; } pkcs11 { c = d; } }",
          "app opensc-pkcs11 { framework pkcs15 {" SET " a = b; } pkcs11 {" UNBLOCK
          " c = d; } }\napp default {" BLOCK " }\n");
  expect (
      "app opensc-pkcs11 { framework pkcs15 { } } app default { x = y; } app other { framework pkcs15 { } }",
      "app opensc-pkcs11 { framework pkcs15 {" SET " } } app default {" BLOCK
      " x = y; } app other { framework pkcs15 {" SET " } }");
}

/* Only where OpenSC looks for it. */
static void
test_elsewhere (void)
{
  expect ("framework pkcs15 { }", "framework pkcs15 { }\napp default {" BLOCK " }\n");
  expect ("app default { card_driver x { framework pkcs15 { } } }",
          "app default {" BLOCK " card_driver x { framework pkcs15 { } } }");
  expect ("app default { framework pkcs15init { } }", "app default {" BLOCK " framework pkcs15init { } }");
}

static void
test_spelling (void)
{
  expect ("APP \"Default\" { Framework \"PKCS15\" { } }",
          "APP \"Default\" {" PKCS11 " Framework \"PKCS15\" {" SET " } }");
  expect ("app default\n{\nframework\npkcs15\n{\n}\n}",
          "app default\n{" PKCS11 "\nframework\npkcs15\n{" SET "\n}\n}");
}

static void
test_values (void)
{
  static const char text[] =
      "app default { framework pkcs15 { } card_atr 3b:f0 { name = \"a } b; { #\"; flags = x, \"y\", z{}; "
      "atrmask = ff:ff=; } # }\n reader_driver pcsc { } }";
  g_autofree char *made = cardea_opensc_conf_make (text, strlen (text));

  g_assert_nonnull (made);
  g_assert_true (g_str_has_prefix (made, "app default {" PKCS11 " framework pkcs15 {" SET " } card_atr"));
  g_assert_cmpuint (strlen (made), ==, strlen (text) + strlen (SET PKCS11));
}

static void
test_wrong (void)
{
  static const char *const texts[] = {
    "app",
    "app default",
    "app default {",
    "app default { }}",
    "}",
    ";",
    "app default { debug }",
    "app default { debug = ; }",
    "app default { debug = 3 }",
    "app default { debug = 3, ; }",
    "app default { debug = 3 4; }",
    "app default { debug=3; }",  /* one word */
    "app default{ debug = 3; }", /* a word again */
    "app default { } ;",
    "app default { name = \"open; }",
    "app default { name = \"open\n\"; }",
    "app a b { }",
    "app, default { }",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    expect (texts[i], NULL);
  g_assert_null (cardea_opensc_conf_make ("a = b;\0", 7));
}

static void
test_limits (void)
{
  g_autofree char *most = g_strnfill (CARDEA_OPENSC_CONF_MOST, ' ');
  g_autofree char *more = g_strnfill (CARDEA_OPENSC_CONF_MOST + 1, ' ');
  g_autofree char *made = cardea_opensc_conf_make (most, strlen (most));
  g_autoptr (GString) deep = g_string_new (NULL);

  g_assert_nonnull (made);
  expect (more, NULL);
  for (guint i = 0; i < 16; i++) {
    g_string_prepend (deep, "a { ");
    g_string_append (deep, "} ");
  }
  g_autofree char *deep_made = cardea_opensc_conf_make (deep->str, deep->len);

  g_assert_nonnull (deep_made);
  g_string_prepend (deep, "a { ");
  g_string_append (deep, "} ");
  expect (deep->str, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/opensc-conf/nothing", test_nothing);
  g_test_add_func ("/opensc-conf/comments-only", test_comments_only);
  g_test_add_func ("/opensc-conf/other-value", test_other_value);
  g_test_add_func ("/opensc-conf/no-block", test_no_block);
  g_test_add_func ("/opensc-conf/own-application", test_own_application);
  g_test_add_func ("/opensc-conf/elsewhere", test_elsewhere);
  g_test_add_func ("/opensc-conf/spelling", test_spelling);
  g_test_add_func ("/opensc-conf/values", test_values);
  g_test_add_func ("/opensc-conf/wrong", test_wrong);
  g_test_add_func ("/opensc-conf/limits", test_limits);
  return g_test_run ();
}
