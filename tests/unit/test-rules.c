/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Administrators' rules: each mistake voids its file and no other; a rule that denies always holds; consent
 * is withheld whenever the rules are not known to the end. */

#include "agent/rules/rules.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/reason.h"
#include "agent/rules/rule-keys.h"
#include "agent/rules/rule-problem.h"
#include "agent/rules/trusted-file.h"
#include "socket-api/limits.h"

#define HASH "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
#define PIN "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* A rule of its own for what a case does not write down. */
#define HEAD "[rule r]\nprogram=exe:/usr/bin/mail\nservers=a.example\n"
#define DENY HEAD "action=deny\n"
#define NARROW HEAD "action=narrow\n"
#define CONSENT HEAD "action=consent\n"
#define SETTINGS HEAD "action=settings\n"

static const struct
{
  const char *text;
  guint line;
  const char *expected;
} mistakes[] = {
  { "[rules]\n", 1, "there is no group [rules]" },
  { "[rule]\n", 1, "there is no group" },
  { "[rule ]\n", 1, "there is no group" },
  { "[rule a/b]\n", 1, "there is no group" },
  { "[rule  a]\n", 1, "there is no group" },
  { "[rule aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n", 1, "there is no group" },
  { "[rule a] # b\n", 1, "a group is written" },
  { "action=deny\n", 1, "a key needs a group above it, such as [rule NAME]" },
  { "[rule r]\n", 1, "needs \"action\"" },
  { DENY "[rule empty]\n", 5, "[rule empty]: A rule needs \"action\"" },
  { DENY "[rule b]\nprogram=*\nservers=*\naction=deny\n[rule r]\n", 9, "already began on line 1" },
  { DENY "action=deny\n", 5, "already given on line 4" },
  { DENY "colour=red\n", 5, "has no key \"colour\"" },
  { DENY "message[de]=x\n", 5, "has no key" },
  { DENY "x\n", 5, "this is neither" },
  { "[rule r]\nservers=a.example\naction=deny\n", 1, "needs \"program\"" },
  { "[rule r]\nprogram=*\naction=deny\n", 1, "needs \"servers\"" },
  { "[rule r]\nprogram=*\nservers=*\n", 1, "needs \"action\"" },
  { "[rule r]\nprogram=\nservers=*\naction=deny\n", 2, "it is empty" },
  { "[rule r]\nprogram=*\nservers=\naction=deny\n", 3, "it is empty" },
  { "[rule r]\nprogram=*;exe:/a\nservers=*\naction=deny\n", 2, "and alone" },
  { "[rule r]\nprogram=exe:/a;*\nservers=*\naction=deny\n", 2, "and alone" },
  { "[rule r]\nprogram=/usr/bin/mail\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=exe:mail\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=exe:/\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=exe:/usr//bin/mail\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=exe:/usr/../bin/mail\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=exe:/usr/bin/\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=exe:/usr/bin/*\nservers=a/b\n", 3, "no host name" },
  { "[rule r]\nprogram=elsewhere:/usr/bin/mail\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=unknown:\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=flatpak:\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=flatpak:org.example.*\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=flatpak:org example\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=snap:Mail\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=EXE:/usr/bin/mail\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=exe:/a;;exe:/b\n", 2, "a program is exe:PATH" },
  { "[rule r]\nprogram=*\nservers=a.example:0\n", 3, "port from 1 to 65535" },
  { "[rule r]\nprogram=*\nservers=a.example;;b.example\n", 3, "no host name" },
  { "[rule r]\nprogram=*\nservers=https://a.example\n", 3, "port" },
  { "[rule r]\nprogram=*\nservers=\xc3\xa4.example\n", 3, "xn--" },
  { HEAD "action=allow\n", 4, "deny, consent, narrow or settings" },
  { HEAD "action=Deny\n", 4, "deny, consent, narrow or settings" },
  { HEAD "action=\n", 4, "deny, consent, narrow or settings" },
  { HEAD "action=deny;consent\n", 4, "deny, consent, narrow or settings" },
  { DENY "message=\n", 5, "one line of text" },
  { DENY "message=a\\nb\n", 5, "one line of text" },
  { DENY "message=a\xe2\x80\xae"
         "b\n",
    5, "one line of text" },
  { DENY "issuer=CN=A\n", 1, "says nothing of certificates" },
  { CONSENT "message=x\n", 1, "belongs to a rule that denies" },
  { "[rule r]\nprogram=*\nservers=a.example\naction=consent\n", 1, "without wildcards" },
  { "[rule r]\nprogram=snap:mail\nservers=*\naction=consent\n", 1, "without wildcards" },
  { "[rule r]\nprogram=snap:mail\nservers=a.example;*.b.example\naction=consent\n", 1, "without wildcards" },
  { NARROW, 1, "needs \"certificate\" or \"issuer\"" },
  { NARROW "tls12=true\n", 1, "needs \"certificate\" or \"issuer\"" },
  { NARROW "certificate=\n", 5, "64 hex digits" },
  { NARROW "certificate=abcd\n", 5, "64 hex digits" },
  { NARROW "certificate=" HASH "0\n", 5, "64 hex digits" },
  { NARROW "certificate=pkcs11:\n", 5, "names neither" },
  { NARROW "certificate=pkcs11:type=cert\n", 5, "names neither" },
  { NARROW "certificate=pkcs11:token=T;type=private\n", 5, "another object" },
  { NARROW "certificate=pkcs11:token=T?pin-value=1234\n", 5, "a PIN does not belong" },
  { NARROW "certificate=pkcs11:token=T?module-name=x\n", 5, "names a module" },
  { NARROW "certificate=pkcs11:token=T;slot-id=1\n", 5, "names a module" },
  { NARROW "certificate=pkcs11:token=T;colour=red\n", 5, "not known" },
  { NARROW "issuer=\n", 5, "it is a name such as" },
  { NARROW "issuer=Example CA\n", 5, "it is a name such as" },
  { NARROW "issuer=CN=A\\,B\n", 5, "" }, /* one backslash: GKeyFile's own complaint */
  { SETTINGS, 1, "has none" },
  { SETTINGS "issuer=CN=A\ntls12=false\n", 1, "belong to a rule that narrows" },
  { SETTINGS "tls12=yes\n", 5, "either true or false" },
  { SETTINGS "tls12=\n", 5, "either true or false" },
  { SETTINGS "revocation=off\n", 5, "either hard or soft" },
  { SETTINGS "post-handshake=1\n", 5, "either true or false" },
  { SETTINGS "authorities=\n", 5, "it is empty" },
  { SETTINGS "authorities=ca.pem\n", 5, "whole path" },
  { SETTINGS "authorities=/a;~/b\n", 5, "whole path" },
  { SETTINGS "spki-pin=\n", 5, "it is empty" },
  { SETTINGS "spki-pin=sha256/AAAA\n", 5, "a pin is sha256/" },
  { SETTINGS "spki-pin=" HASH "\n", 5, "a pin is sha256/" },
  { SETTINGS "spki-pin=" PIN "=\n", 5, "a pin is sha256/" },
  { SETTINGS "spki-pin=" PIN ";sha1/AAAA\n", 5, "a pin is sha256/" },
  { SETTINGS "spki-pin=sha256/AAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAA=\n", 5, "a pin is sha256/" },
  { SETTINGS "spki-pin=sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n", 5, "a pin is sha256/" },
};

/* Of texts, called a.conf, b.conf and so on; ends with NULL. */
static CardeaRules *
make (GPtrArray *problems, const char *text, ...)
{
  g_autoptr (GPtrArray) files = cardea_trusted_files_new ();
  va_list texts;
  char name[] = "a.conf";

  va_start (texts, text);
  for (; text != NULL; text = va_arg (texts, const char *), name[0]++)
    g_ptr_array_add (files, cardea_trusted_file_new ("/rules.d", name, text));
  va_end (texts);
  return cardea_rules_new (files, TRUE, problems);
}

static const char *
get_message (GPtrArray *problems, guint i)
{
  g_assert_cmpuint (i, <, problems->len);
  return ((const CardeaReason *)problems->pdata[i])->message;
}

static void
assert_message (GPtrArray *problems, guint i, const char *expected)
{
  if (strstr (get_message (problems, i), expected) == NULL)
    g_error ("expected \"%s\", got \"%s\"", expected, get_message (problems, i));
}

/* Between two good files, one with a mistake: it is void, they are not, and nobody consents. */
static void
test_mistakes (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (mistakes); i++) {
    g_autoptr (GPtrArray) problems = cardea_reasons_new ();
    g_autoptr (CardeaRules) rules = make (problems, CONSENT, mistakes[i].text,
                                          "[rule d]\nprogram=*\nservers=d.example\naction=deny\n", NULL);
    g_autofree char *place = g_strdup_printf ("/rules.d/b.conf:%u: ", mistakes[i].line);
    g_auto (CardeaRuleAnswer) answer = { NULL }, denied = { NULL };

    g_assert_cmpuint (problems->len, ==, 1);
    g_assert_cmpint (((const CardeaReason *)problems->pdata[0])->code, ==, CARDEA_REASON_RULE_INVALID);
    g_assert_cmpuint (cardea_rules_get_length (rules), ==, 2);
    g_assert_false (cardea_rules_are_whole (rules));
    if (!g_str_has_prefix (get_message (problems, 0), place))
      g_error ("expected \"%s...%s\", got \"%s\"", place, mistakes[i].expected, get_message (problems, 0));
    assert_message (problems, 0, mistakes[i].expected);
    cardea_rules_decide (rules, "exe:/usr/bin/mail", "a.example", 443, &answer);
    g_assert_null (answer.consented_by);
    cardea_rules_decide (rules, "exe:/usr/bin/mail", "d.example", 443, &denied);
    g_assert_nonnull (denied.denied_by);
  }
}

static void
test_message_keeps_no_pin (void)
{
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autoptr (CardeaRules) rules =
      make (problems, NARROW "certificate=pkcs11:token=T?pin-value=8642975\n", NULL);

  g_assert_null (strstr (get_message (problems, 0), "8642975"));
}

/* Whatever a file holds, a problem is one short line. */
static void
test_message_is_a_line (void)
{
  g_autofree char *noise = g_strnfill (5000, 'x');
  g_autofree char *text = g_strdup_printf ("[rule r]\nprogram=\xe2\x80\xae\x1b[2J%s\n", noise);
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autoptr (CardeaRules) rules = make (problems, text, NULL);
  const char *message = get_message (problems, 0);

  g_assert_cmpuint (strlen (message), <=, CARDEA_LIMIT_LABEL_BYTES);
  g_assert_true (g_str_has_suffix (message, "…"));
  g_assert_null (strchr (message, '\x1b'));
  g_assert_null (strstr (message, "\xe2\x80\xae"));
}

typedef struct
{
  const char *program, *server;
  guint16 port;
  const char *denied_by, *consented_by; /* names of rules, or NULL */
  guint n_conditions;
} Decision;

static void
assert_decision (CardeaRules *rules, const Decision *d)
{
  g_auto (CardeaRuleAnswer) answer = { NULL };

  cardea_rules_decide (rules, d->program, d->server, d->port, &answer);
  g_assert_cmpstr (answer.denied_by != NULL ? answer.denied_by->name : NULL, ==, d->denied_by);
  g_assert_cmpstr (answer.consented_by != NULL ? answer.consented_by->name : NULL, ==, d->consented_by);
  g_assert_cmpuint (answer.conditions->len, ==, d->n_conditions);
}

static const char several[] =
    "# Mail\n[rule mail]\nprogram=exe:/usr/bin/mail;flatpak:org.example.Mail\n"
    "servers=mail.example:993;[2001:db8::7]\naction=consent\nissuer=CN=A\n"
    "[rule corporate]\nprogram=*\nservers=*.example\naction=narrow\nissuer=O=Example\n"
    "[rule browser]\nprogram=snap:browser\nservers=*\naction=deny\nmessage=Use the other one.\n"
    "[rule old]\nprogram=*\nservers=old.example\naction=deny\n"
    "[rule old-mail]\nprogram=exe:/usr/bin/mail\nservers=old.example\naction=consent\n";

static const Decision decisions[] = {
  { "exe:/usr/bin/mail", "mail.example", 993, NULL, "mail", 2 },
  { "exe:/usr/bin/mail", "MAIL.example.", 993, NULL, "mail", 2 },
  { "flatpak:org.example.Mail", "mail.example", 993, NULL, "mail", 2 },
  { "exe:/usr/bin/mail", "mail.example", 143, NULL, NULL, 1 },
  { "exe:/usr/bin/mail", "www.mail.example", 993, NULL, NULL, 1 },
  { "exe:/usr/bin/mail2", "mail.example", 993, NULL, NULL, 1 },
  { "exe:/usr/bin/Mail", "mail.example", 993, NULL, NULL, 1 },
  { "elsewhere:/usr/bin/mail", "mail.example", 993, NULL, NULL, 1 },
  { "unknown:", "mail.example", 993, NULL, NULL, 1 },
  { "*", "mail.example", 993, NULL, NULL, 1 },
  { "", "mail.example", 993, NULL, NULL, 1 },
  { "exe:/usr/bin/mail", "2001:DB8::7", 1, NULL, "mail", 1 },
  { "exe:/usr/bin/mail", "other.test", 993, NULL, NULL, 0 },
  { "snap:browser", "mail.example", 993, "browser", NULL, 1 },
  { "snap:browser", "other.test", 1, "browser", NULL, 0 },
  { "snap:browser", "no name", 1, "browser", NULL, 0 },
  { "exe:/usr/bin/mail", "old.example", 993, "old", NULL, 1 },
  { "exe:/usr/bin/mail", "no name", 993, NULL, NULL, 0 },
  { "exe:/usr/bin/mail", "", 993, NULL, NULL, 0 },
};

static void
test_decide (void)
{
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autoptr (CardeaRules) rules = make (problems, several, NULL);

  g_assert_cmpuint (problems->len, ==, 0);
  g_assert_true (cardea_rules_are_whole (rules));
  g_assert_cmpuint (cardea_rules_get_length (rules), ==, 5);
  for (gsize i = 0; i < G_N_ELEMENTS (decisions); i++)
    assert_decision (rules, &decisions[i]);
}

static void
test_denial (void)
{
  g_autoptr (CardeaRules) rules = make (NULL, several, NULL);
  g_auto (CardeaRuleAnswer) answer = { NULL };

  cardea_rules_decide (rules, "snap:browser", "a.example", 443, &answer);
  g_clear_pointer (&rules, cardea_rules_unref);
  g_assert_cmpstr (answer.denied_by->message, ==, "Use the other one.");
  g_assert_cmpstr (answer.denied_by->where, ==, "/rules.d/a.conf:12");
}

static void
test_conditions (void)
{
  g_autoptr (CardeaRules) rules =
      make (NULL, NARROW "certificate=" HASH "\n",
            NARROW "certificate=pkcs11:token=T;type=cert;id=%01\nissuer=" HASH "\n", NULL);
  g_auto (CardeaRuleAnswer) answer = { NULL };
  const CardeaRuleCondition *condition;
  g_autofree char *hash = g_ascii_strdown (HASH, -1);

  cardea_rules_decide (rules, "exe:/usr/bin/mail", "a.example", 443, &answer);
  g_assert_cmpuint (answer.conditions->len, ==, 2);
  condition = answer.conditions->pdata[0];
  g_assert_cmpstr (condition->certificate, ==, hash);
  g_assert_null (condition->issuer_sha256);
  condition = answer.conditions->pdata[1];
  g_assert_cmpstr (condition->certificate, ==, "pkcs11:token=T;type=cert;id=%01");
  g_assert_cmpstr (condition->issuer_sha256, ==, hash);
}

/* All of them are acted on: none is told as a problem, and none withholds consent. */
static const char *const settings[] = {
  "tls12=true",
  "tls12=false",
  "revocation=hard",
  "revocation=soft",
  "authorities=/etc/ca.pem",
  "spki-pin=" PIN,
  "post-handshake=true",
  "post-handshake=false",
};

static void
assert_support (guint i, const char *text, const char *other)
{
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autofree char *whole = g_strdup_printf ("%s%s\n", text, settings[i]);
  g_autoptr (CardeaRules) rules = make (problems, whole, other, NULL);
  g_auto (CardeaRuleAnswer) answer = { NULL }, elsewhere = { NULL };

  g_assert_true (cardea_rules_are_whole (rules));
  g_assert_cmpuint (problems->len, ==, 0);
  cardea_rules_decide (rules, "exe:/usr/bin/mail", "a.example", 443, &answer);
  g_assert_nonnull (answer.consented_by);
  cardea_rules_decide (rules, "snap:c", "c.example", 443, &elsewhere);
  g_assert_cmpint (elsewhere.consented_by != NULL, ==, other != NULL);
}

static void
test_support (void)
{
  static const char other[] = "[rule c]\nprogram=snap:c\nservers=c.example\naction=consent\n"
                              "[rule d]\nprogram=exe:/usr/bin/mail\nservers=a.example\naction=consent\n";

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    assert_support (i, CONSENT, NULL);
    assert_support (i, SETTINGS, other);
  }
}

/* Its other parts hold all the same. */
static void
test_unsupported_rule_holds (void)
{
  g_autoptr (CardeaRules) rules =
      make (NULL, NARROW "issuer=CN=A\npost-handshake=true\n",
            "[rule d]\nprogram=*\nservers=d.example\naction=deny\npost-handshake=true\n", NULL);
  static const Decision narrowed = { "exe:/usr/bin/mail", "a.example", 443, NULL, NULL, 1 };
  static const Decision denied = { "snap:x", "d.example", 443, "d", NULL, 0 };

  assert_decision (rules, &narrowed);
  assert_decision (rules, &denied);
}

/* In either order the more careful one wins. */
static void
test_settings_together (void)
{
  static const char careful[] =
      SETTINGS "tls12=false\nrevocation=hard\npost-handshake=false\n"
               "spki-pin=" PIN ";sha256/AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
  static const char careless[] =
      SETTINGS "tls12=true\nrevocation=soft\npost-handshake=true\nauthorities=/a.pem;/b.pem\n";

  for (guint i = 0; i < 2; i++) {
    g_autoptr (CardeaRules) rules =
        make (NULL, i == 0 ? careful : careless, i == 0 ? careless : careful, NULL);
    g_auto (CardeaRuleAnswer) answer = { NULL }, other = { NULL };
    const CardeaRule *pinned, *vouched;

    cardea_rules_decide (rules, "exe:/usr/bin/mail", "a.example", 443, &answer);
    g_assert_cmpint (answer.tls12, ==, CARDEA_RULE_NO);
    g_assert_cmpint (answer.hard_revocation, ==, CARDEA_RULE_YES);
    g_assert_cmpint (answer.post_handshake, ==, CARDEA_RULE_NO);
    g_assert_cmpuint (answer.demands->len, ==, 2);
    pinned = answer.demands->pdata[i];
    vouched = answer.demands->pdata[1 - i];
    g_assert_cmpuint (pinned->settings.spki_pins->len, ==, 2);
    g_assert_cmpuint (((const guint8 *)g_bytes_get_data (pinned->settings.spki_pins->pdata[1], NULL))[0], ==,
                      1);
    g_assert_cmpstr (vouched->settings.authorities[1], ==, "/b.pem");
    cardea_rules_decide (rules, "exe:/usr/bin/mail", "b.example", 443, &other);
    g_assert_cmpint (other.tls12, ==, CARDEA_RULE_UNSET);
    g_assert_cmpint (other.hard_revocation, ==, CARDEA_RULE_UNSET);
    g_assert_cmpuint (other.demands->len, ==, 0);
  }
}

/* The file that is left out might have said no. */
static void
test_permissions_withheld (void)
{
  g_autoptr (CardeaRules) whole =
      make (NULL, SETTINGS "tls12=true\npost-handshake=true\nrevocation=hard\n", NULL);
  g_autoptr (CardeaRules) partly =
      make (NULL, SETTINGS "tls12=true\npost-handshake=true\nrevocation=hard\n", "[rule]\n", NULL);
  g_auto (CardeaRuleAnswer) given = { NULL }, withheld = { NULL };

  cardea_rules_decide (whole, "exe:/usr/bin/mail", "a.example", 443, &given);
  g_assert_cmpint (given.tls12, ==, CARDEA_RULE_YES);
  g_assert_cmpint (given.post_handshake, ==, CARDEA_RULE_YES);
  cardea_rules_decide (partly, "exe:/usr/bin/mail", "a.example", 443, &withheld);
  g_assert_cmpint (withheld.tls12, ==, CARDEA_RULE_NO);
  g_assert_cmpint (withheld.post_handshake, ==, CARDEA_RULE_NO);
  g_assert_cmpint (withheld.hard_revocation, ==, CARDEA_RULE_YES);
}

static void
append_rules (GString *text, guint n)
{
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "[rule r%u]\nprogram=*\nservers=a%u.example\naction=deny\n", i, i);
}

static void
test_number_of_rules (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autoptr (CardeaRules) rules = NULL, too_many = NULL;

  append_rules (text, CARDEA_LIMIT_RULES);
  rules = make (problems, text->str, "", NULL);
  g_assert_cmpuint (problems->len, ==, 0);
  g_assert_cmpuint (cardea_rules_get_length (rules), ==, CARDEA_LIMIT_RULES);
  too_many = make (problems, text->str, DENY, NULL);
  assert_message (problems, 0, "/rules.d/b.conf: there are more than");
  g_assert_cmpuint (cardea_rules_get_length (too_many), ==, CARDEA_LIMIT_RULES);
  g_assert_false (cardea_rules_are_whole (too_many));
}

static void
test_number_of_items (void)
{
  static const char *const starts[] = { "program=", "program=*\nservers=" };
  static const char *const items[] = { "snap:a;", "a.example;" };
  static const char *const ends[] = { "\nservers=*\naction=deny\n", "\naction=deny\n" };

  for (guint i = 0; i < 2; i++)
    for (guint more = 0; more < 2; more++) {
      g_autoptr (GString) text = g_string_new ("[rule r]\n");
      g_autoptr (GPtrArray) problems = cardea_reasons_new ();
      g_autoptr (CardeaRules) rules = NULL;

      g_string_append (text, starts[i]);
      for (guint j = 0; j < CARDEA_LIMIT_RULE_ITEMS + more; j++)
        g_string_append (text, items[i]);
      g_string_append (text, ends[i]);
      rules = make (problems, text->str, NULL);
      g_assert_cmpuint (problems->len, ==, more);
      g_assert_cmpuint (cardea_rules_get_length (rules), ==, 1 - more);
    }
}

static void
test_number_of_problems (void)
{
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();

  g_ptr_array_add (problems, cardea_reason_new (CARDEA_REASON_MODULE_HUNG, NULL, "x"));
  for (guint i = 0; i <= CARDEA_LIMIT_RULE_PROBLEMS; i++)
    cardea_rule_problem_add (problems, "[rule r%u]", i);
  g_assert_cmpuint (problems->len, ==, 1 + CARDEA_LIMIT_RULE_PROBLEMS);
  assert_message (problems, CARDEA_LIMIT_RULE_PROBLEMS - 1, "[rule r62]");
  assert_message (problems, CARDEA_LIMIT_RULE_PROBLEMS, "There are more mistakes");
}

/* From the disk: the order of names, and a file that cannot be used. */
static void
test_load (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("rules-XXXXXX", &error);
  g_autofree char *first = g_build_filename (folder, "10-a.conf", NULL);
  g_autofree char *second = g_build_filename (folder, "20-b.conf", NULL);
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autoptr (CardeaRules) rules = NULL, partial = NULL, none = NULL;
  static const Decision whole = { "exe:/usr/bin/mail", "a.example", 443, NULL, "r", 0 };
  static const Decision left = { "exe:/usr/bin/mail", "a.example", 443, NULL, NULL, 0 };

  g_assert_true (g_file_set_contents (second,
                                      "[rule second]\nprogram=exe:/usr/bin/mail\nservers=a.example\n"
                                      "action=consent\n",
                                      -1, NULL));
  g_assert_true (g_file_set_contents (first, CONSENT, -1, NULL));
  g_assert_cmpint (g_chmod (first, 0644), ==, 0);
  g_assert_cmpint (g_chmod (second, 0644), ==, 0);
  rules = cardea_rules_load (folder, getuid (), problems);
  g_assert_cmpuint (problems->len, ==, 0);
  assert_decision (rules, &whole);
  g_assert_cmpint (g_chmod (second, 0666), ==, 0);
  partial = cardea_rules_load (folder, getuid (), problems);
  g_assert_cmpuint (problems->len, ==, 1);
  g_assert_cmpuint (cardea_rules_get_length (partial), ==, 1);
  assert_decision (partial, &left);
  g_assert_cmpint (g_remove (first), ==, 0);
  g_assert_cmpint (g_remove (second), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  none = cardea_rules_load (folder, getuid (), problems);
  g_assert_true (cardea_rules_are_whole (none));
  g_assert_cmpuint (problems->len, ==, 1);
  assert_decision (none, &left);
}

/* The page has a line ".It Cm key Ns = ..." for each key. */
static void
test_manual_page (void)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "..", "..", "data", "man", "cardea-rules.5", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  gboolean seen[CARDEA_N_RULE_KEYS] = { FALSE };

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);
    int id;

    if (!g_str_has_prefix (lines[i], ".It Cm "))
      continue;
    id = cardea_rule_form.find_key ("rule x", words[2]);
    if (id < 0)
      g_error ("the page describes %s, which the parser does not know", words[2]);
    seen[id] = TRUE;
  }
  for (guint i = 0; i < CARDEA_N_RULE_KEYS; i++)
    if (!seen[i])
      g_error ("the page lacks %s", cardea_rule_key_to_string ((CardeaRuleKey)i));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rules/mistakes", test_mistakes);
  g_test_add_func ("/rules/message-keeps-no-pin", test_message_keeps_no_pin);
  g_test_add_func ("/rules/message-is-a-line", test_message_is_a_line);
  g_test_add_func ("/rules/decide", test_decide);
  g_test_add_func ("/rules/denial", test_denial);
  g_test_add_func ("/rules/conditions", test_conditions);
  g_test_add_func ("/rules/support", test_support);
  g_test_add_func ("/rules/unsupported-rule-holds", test_unsupported_rule_holds);
  g_test_add_func ("/rules/settings-together", test_settings_together);
  g_test_add_func ("/rules/permissions-withheld", test_permissions_withheld);
  g_test_add_func ("/rules/number-of-rules", test_number_of_rules);
  g_test_add_func ("/rules/number-of-items", test_number_of_items);
  g_test_add_func ("/rules/number-of-problems", test_number_of_problems);
  g_test_add_func ("/rules/load", test_load);
  g_test_add_func ("/rules/manual-page", test_manual_page);
  return g_test_run ();
}
