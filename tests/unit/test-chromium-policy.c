/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Chromium's policies: what is void and what that costs, which entry counts, what is selected. */

#include "agent/rules/chromium-policy.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/reason.h"
#include "agent/rules/trusted-file.h"
#include "socket-api/limits.h"

#define GOOD "{\"pattern\": \"https://good.example\", \"filter\": {}}"
#define ENTRY(pattern, filter) "{\"pattern\": \"" pattern "\", \"filter\": " filter "}"
#define LIST(entries) "{\"AutoSelectCertificateForUrls\": [" entries "]}"

static void
add (GPtrArray *files, const char *folder, const char *text)
{
  g_autofree char *name = g_strdup_printf ("%u.json", files->len);

  g_ptr_array_add (files, cardea_trusted_file_new (folder, name, text));
}

static CardeaChromiumPolicy *
make (const char *text, GPtrArray *problems)
{
  g_autoptr (GPtrArray) files = cardea_trusted_files_new ();

  add (files, "/managed", text);
  return cardea_chromium_policy_new (files, problems);
}

static void
assert_message (GPtrArray *problems, guint i, const char *expected)
{
  const CardeaReason *problem;

  g_assert_cmpuint (i, <, problems->len);
  problem = problems->pdata[i];
  g_assert_cmpint (problem->code, ==, CARDEA_REASON_RULE_INVALID);
  if (strstr (problem->message, expected) == NULL)
    g_error ("expected \"%s\", got \"%s\"", expected, problem->message);
}

/* Entries, each between two good ones, and what is said of it. */
static const struct
{
  const char *entry;
  const char *expected;
} void_entries[] = {
  { "1", "an entry is an object" },
  { "null", "an entry is an object" },
  { "[]", "an entry is an object" },
  { "[" GOOD "]", "an entry is an object" },
  { "{}", "an entry has \"pattern\"" },
  { "{\"pattern\": \"https://a.example\"}", "an entry has" },
  { "{\"filter\": {}}", "an entry has" },
  { "{\"pattern\": 1, \"filter\": {}}", "an entry has" },
  { "{\"pattern\": \"https://a.example\", \"filter\": {}, \"extra\": {}}", "an entry has" },
  { "{\"Pattern\": \"https://a.example\", \"filter\": {}}", "an entry has" },
  { ENTRY ("*", "{}"), "only https://HOST" },
  { ENTRY ("http://a.example", "{}"), "only https://HOST" },
  { ENTRY ("https://a.example/path", "{}"), "no host name" },
  { ENTRY ("https://*.a.example", "{}"), "wildcard" },
  { ENTRY ("https://a.example", "null"), "\"filter\" is no object" },
  { ENTRY ("https://a.example", "\"{}\""), "\"filter\" is no object" },
  { ENTRY ("https://a.example", "[]"), "\"filter\" is no object" },
  { ENTRY ("https://a.example", "{\"issuer\": {}}"), "only ISSUER and SUBJECT" },
  { ENTRY ("https://a.example", "{\"ISSUER\": {}, \"KEY\": {}}"), "only ISSUER and SUBJECT" },
  { ENTRY ("https://a.example", "{\"ISSUER\": \"CN=A\"}"), "are objects" },
  { ENTRY ("https://a.example", "{\"SUBJECT\": null}"), "are objects" },
  { ENTRY ("https://a.example", "{\"ISSUER\": {\"C\": \"DE\"}}"), "only CN, L, O and OU" },
  { ENTRY ("https://a.example", "{\"ISSUER\": {\"cn\": \"A\"}}"), "only CN, L, O and OU" },
  { ENTRY ("https://a.example", "{\"SUBJECT\": {\"CN\": [\"A\"]}}"), "only CN, L, O and OU" },
  { "\"\"", "holds no JSON" },
  { "\"x\"", "holds no JSON" },
  { "\"{} {}\"", "holds no JSON" },
  { "\"{'pattern': 'https://a.example', 'filter': {}}\"", "holds no JSON" },
  { "\"{\\\"pattern\\\": \\\"https://a.example\\\", \\\"filter\\\": {},}\"", "holds no JSON" },
  { "\"{\\\"pattern\\\": \\\"https://a.example\\\", \\\"filter\\\": {}, \\\"filter\\\": {}}\"",
    "holds no JSON" },
  { "\"[]\"", "an entry is an object" },
  { "\"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]\"", "nested too deeply" },
};

static void
test_void_entries (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (void_entries); i++) {
    g_autofree char *text = g_strdup_printf (LIST ("%s, %s, %s"), GOOD, void_entries[i].entry, GOOD);
    g_autoptr (GPtrArray) problems = cardea_reasons_new ();
    g_autoptr (CardeaChromiumPolicy) policy = make (text, problems);

    g_assert_cmpuint (problems->len, ==, 1);
    assert_message (problems, 0, "/managed/0.json: entry 2 of \"AutoSelectCertificateForUrls\"");
    assert_message (problems, 0, void_entries[i].expected);
    g_assert_cmpuint (cardea_chromium_policy_get_length (policy), ==, 2);
  }
}

/* Whole files, between two good ones of other folders. */
static const struct
{
  const char *text;
  const char *expected;
} void_files[] = {
  { "", "not strict JSON" },
  { "x", "not strict JSON" },
  { "[]", "no JSON object" },
  { "{} x", "not strict JSON" },
  { "{} // why", "not strict JSON" },
  { "/* why */ {}", "not strict JSON" },
  { "{\"A\": 1,}", "not strict JSON" },
  { "{\"A\": 1, \"A\": 2}", "not strict JSON" },
  { "{\"A\": {\"B\": 1, \"B\": 1}}", "not strict JSON" },
  { "{\"A\": \"\\u0000\"}", "not strict JSON" },
  { "{\"A\": 99999999999999999999}", "not strict JSON" },
  { "{\n\n\"A\": }", "1.json:3: " },
  { "{\"AutoSelectCertificateForUrls\": {}}", "is no list" },
  { "{\"AutoSelectCertificateForUrls\": null}", "is no list" },
  { "{\"AutoSelectCertificateForUrls\": \"[]\"}", "is no list" },
  { "{\"PromptOnMultipleMatchingCertificates\": 1}", "is not a boolean" },
};

static void
test_void_files (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (void_files); i++) {
    g_autoptr (GPtrArray) files = cardea_trusted_files_new (), problems = cardea_reasons_new ();
    g_autoptr (CardeaChromiumPolicy) policy = NULL;

    add (files, "/a", LIST (GOOD));
    add (files, "/b", void_files[i].text);
    add (files, "/c", LIST (GOOD));
    policy = cardea_chromium_policy_new (files, problems);
    g_assert_cmpuint (problems->len, ==, 1);
    assert_message (problems, 0, void_files[i].expected);
    assert_message (problems, 0, "/b/1.json:");
    g_assert_cmpuint (cardea_chromium_policy_get_length (policy), ==, 2);
  }
}

static void
test_depth (void)
{
  for (guint more = 0; more < 2; more++) {
    guint depth = CARDEA_LIMIT_POLICY_JSON_DEPTH - 1 + more;
    g_autofree char *open = g_strnfill (depth, '['), *close = g_strnfill (depth, ']');
    g_autofree char *text =
        g_strdup_printf ("{\"Other\": %s%s, \"AutoSelectCertificateForUrls\": [%s]}", open, close, GOOD);
    g_autoptr (GPtrArray) problems = cardea_reasons_new ();
    g_autoptr (CardeaChromiumPolicy) policy = make (text, problems);

    g_assert_cmpuint (problems->len, ==, more);
    g_assert_cmpuint (cardea_chromium_policy_get_length (policy), ==, 1 - more);
  }
}

/* Deep enough to overflow a stack, were it parsed. */
static void
test_bottomless (void)
{
  g_autofree char *text = g_strnfill (CARDEA_LIMIT_KEY_FILE_BYTES, '[');
  g_autofree char *string = g_strdup_printf (LIST ("\"%.100000s\""), text);
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autoptr (CardeaChromiumPolicy) deep = make (text, problems), deep_string = make (string, problems);

  g_assert_cmpuint (problems->len, ==, 2);
  assert_message (problems, 0, "nested deeper");
  assert_message (problems, 1, "too long");
}

static void
test_entry_length (void)
{
  static const char entry[] = "{\\\"pattern\\\":\\\"https://a.example\\\",\\\"filter\\\":{}}";
  gsize length = strlen (entry) - 6; /* as the string's value: without the backslashes */

  for (guint more = 0; more < 2; more++) {
    g_autofree char *spaces = g_strnfill (CARDEA_LIMIT_POLICY_ENTRY_BYTES - length + more, ' ');
    g_autofree char *text = g_strdup_printf (LIST ("\"%s%s\""), spaces, entry);
    g_autoptr (GPtrArray) problems = cardea_reasons_new ();
    g_autoptr (CardeaChromiumPolicy) policy = make (text, problems);

    g_assert_cmpuint (cardea_chromium_policy_get_length (policy), ==, 1 - more);
    g_assert_cmpuint (problems->len, ==, more);
  }
}

static void
test_number (void)
{
  for (guint more = 0; more < 2; more++) {
    g_autoptr (GString) text = g_string_new ("{\"AutoSelectCertificateForUrls\": [");
    g_autoptr (GPtrArray) problems = cardea_reasons_new ();
    g_autoptr (CardeaChromiumPolicy) policy = NULL;

    for (guint i = 0; i < CARDEA_LIMIT_POLICY_ENTRIES + more; i++)
      g_string_append_printf (text, "%s%s", i > 0 ? "," : "", GOOD);
    g_string_append (text, "]}");
    policy = make (text->str, problems);
    g_assert_cmpuint (cardea_chromium_policy_get_length (policy), ==, CARDEA_LIMIT_POLICY_ENTRIES);
    g_assert_cmpuint (problems->len, ==, more);
  }
}

/* Candidates are written "issuer | subject". */
static GPtrArray *
make_candidates (const char *const *names)
{
  GPtrArray *candidates = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_chromium_candidate_free);

  for (guint i = 0; names[i] != NULL; i++) {
    g_auto (GStrv) parts = g_strsplit (names[i], " | ", 2);

    g_ptr_array_add (candidates, cardea_chromium_candidate_new (parts[0], parts[1]));
  }
  return candidates;
}

static const char *const names[] = {
  "CN=CA 1,O=Example | CN=Ada,OU=Staff,OU=Sales,O=Example,L=Here", /* 0 */
  "CN=CA 1,O=Example | CN=Bob,O=Other,O=Example",                  /* 1 */
  "CN=CA 2,O=Example | CN=Ada,L=There",                            /* 2 */
  "? | CN=#1e00",                                                  /* 3: no attributes */
  "CN=CA 1\\,O=Example | CN=Ada\\2COU=Staff",                      /* 4: all in one value */
  NULL,
};

/* "0 2" */
static char *
select_from (const CardeaChromiumPolicy *policy, const char *server, guint16 port, gboolean *ask)
{
  g_autoptr (GPtrArray) candidates = make_candidates (names);
  g_autoptr (GArray) selected = cardea_chromium_policy_select (policy, server, port, candidates, ask);
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < selected->len; i++)
    g_string_append_printf (out, "%s%u", i > 0 ? " " : "", g_array_index (selected, guint, i));
  return g_string_free (out, FALSE);
}

static void
assert_selects (const CardeaChromiumPolicy *policy, const char *server, guint16 port, const char *expected)
{
  gboolean ask = TRUE;
  g_autofree char *selected = select_from (policy, server, port, &ask);

  if (!g_str_equal (selected, expected))
    g_error ("%s:%u: expected \"%s\", got \"%s\"", server, port, expected, selected);
  g_assert_false (ask);
}

static const struct
{
  const char *filter;
  const char *selected;
} filters[] = {
  { "{}", "0 1 2 3 4" },
  { "{\"ISSUER\": {}, \"SUBJECT\": {}}", "0 1 2 3 4" },
  { "{\"ISSUER\": {\"CN\": \"\", \"O\": \"\"}}", "0 1 2 3 4" },
  { "{\"ISSUER\": {\"CN\": \"CA 1\"}}", "0 1" },
  { "{\"ISSUER\": {\"CN\": \"ca 1\"}}", "" },
  { "{\"ISSUER\": {\"CN\": \"CA\"}}", "" },
  { "{\"ISSUER\": {\"CN\": \"CA 1,O=Example\"}}", "4" },
  { "{\"ISSUER\": {\"O\": \"Example\"}}", "0 1 2" },
  { "{\"ISSUER\": {\"O\": \"Example\", \"CN\": \"CA 2\"}}", "2" },
  { "{\"ISSUER\": {\"L\": \"Here\"}}", "" },
  { "{\"SUBJECT\": {\"CN\": \"Ada\"}}", "0 2" },
  { "{\"SUBJECT\": {\"OU\": \"Sales\"}}", "0" },
  { "{\"SUBJECT\": {\"O\": \"Example\"}}", "0 1" },
  { "{\"SUBJECT\": {\"O\": \"Example\", \"L\": \"There\"}}", "" },
  { "{\"ISSUER\": {\"CN\": \"CA 1\"}, \"SUBJECT\": {\"CN\": \"Ada\"}}", "0" },
  { "{\"SUBJECT\": {\"CN\": \"#1e00\"}}", "" },
};

/* As an object, and as a string that holds it. */
static void
test_filters (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (filters); i++)
    for (guint as_string = 0; as_string < 2; as_string++) {
      g_autofree char *object =
          g_strdup_printf ("{\"pattern\": \"https://a.example\", \"filter\": %s}", filters[i].filter);
      g_autofree char *escaped = g_strescape (object, NULL);
      g_autofree char *text =
          as_string ? g_strdup_printf (LIST ("\"%s\""), escaped) : g_strdup_printf (LIST ("%s"), object);
      g_autoptr (GPtrArray) problems = cardea_reasons_new ();
      g_autoptr (CardeaChromiumPolicy) policy = make (text, problems);

      g_assert_cmpuint (problems->len, ==, 0);
      assert_selects (policy, "a.example", 443, filters[i].selected);
      assert_selects (policy, "b.example", 443, "");
      assert_selects (policy, "no name", 443, "");
    }
}

static const char precise[] =
    "{\"AutoSelectCertificateForUrls\": ["
    "{\"pattern\": \"[*.]example\", \"filter\": {}},"
    "{\"pattern\": \"https://a.example\", \"filter\": {\"SUBJECT\": {\"CN\": \"Bob\"}}},"
    "{\"pattern\": \"https://a.example:8443\", \"filter\": {\"ISSUER\": {\"CN\": \"CA 2\"}}},"
    "{\"pattern\": \"https://[*.]b.example\", \"filter\": {\"SUBJECT\": {\"L\": \"Here\"}}},"
    "{\"pattern\": \"[*.]b.example\", \"filter\": {\"SUBJECT\": {\"L\": \"There\"}}}"
    "]}";

/* The most precise pattern alone, wherever it stands; equal ones together. */
static void
test_precedence (void)
{
  g_autoptr (CardeaChromiumPolicy) policy = make (precise, NULL);

  assert_selects (policy, "a.example", 443, "1");
  assert_selects (policy, "A.example.", 8443, "2");
  assert_selects (policy, "b.example", 443, "0 2");
  assert_selects (policy, "x.b.example", 443, "0 2");
  assert_selects (policy, "x.a.example", 443, "0 1 2 3 4");
  assert_selects (policy, "a.test", 443, "");
}

/* In a folder the last file that says something; between folders all. */
static void
test_files (void)
{
  g_autoptr (GPtrArray) files = cardea_trusted_files_new ();
  g_autoptr (CardeaChromiumPolicy) policy = NULL;

  add (files, "/a", LIST (ENTRY ("https://a.example", "{}") ", " ENTRY ("https://b.example", "{}")));
  add (files, "/a", LIST (ENTRY ("https://a.example", "{\"SUBJECT\": {\"CN\": \"Bob\"}}")));
  add (files, "/a", "{\"Other\": true}");
  add (files, "/b", LIST (ENTRY ("https://a.example", "{\"SUBJECT\": {\"L\": \"There\"}}")));
  policy = cardea_chromium_policy_new (files, NULL);
  assert_selects (policy, "a.example", 443, "1 2");
  assert_selects (policy, "b.example", 443, "");
}

static const struct
{
  const char *first, *second; /* of one folder */
  gboolean ask;
} prompts[] = {
  { "{}", "{}", FALSE },
  { "{\"PromptOnMultipleMatchingCertificates\": false}", "{}", FALSE },
  { "{\"PromptOnMultipleMatchingCertificates\": true}", "{}", TRUE },
  { "{\"PromptOnMultipleMatchingCertificates\": true}", "{\"PromptOnMultipleMatchingCertificates\": false}",
    FALSE },
  { "{\"PromptOnMultipleMatchingCertificates\": false}", "{\"PromptOnMultipleMatchingCertificates\": 0}",
    TRUE },
};

static void
test_prompt (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (prompts); i++) {
    g_autoptr (GPtrArray) files = cardea_trusted_files_new ();
    g_autoptr (CardeaChromiumPolicy) policy = NULL;
    g_autofree char *many = NULL, *one = NULL, *none = NULL;
    gboolean ask;

    add (files, "/a",
         LIST (ENTRY ("[*.]example", "{}") ", " ENTRY ("https://one.example",
                                                       "{\"SUBJECT\": {\"CN\": \"Bob\"}}")));
    add (files, "/b", prompts[i].first);
    add (files, "/b", prompts[i].second);
    policy = cardea_chromium_policy_new (files, NULL);
    many = select_from (policy, "a.example", 443, &ask);
    g_assert_cmpint (ask, ==, prompts[i].ask);
    one = select_from (policy, "one.example", 443, &ask);
    g_assert_cmpstr (one, ==, "1");
    g_assert_false (ask);
    none = select_from (policy, "a.test", 443, &ask);
    g_assert_false (ask);
  }
}

static void
test_load (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("policies-XXXXXX", &error);
  g_autofree char *file = g_build_filename (folder, "cards.json", NULL);
  g_autofree char *missing = g_build_filename (folder, "missing", NULL);
  const char *const folders[] = { missing, folder, NULL };
  g_autoptr (GPtrArray) problems = cardea_reasons_new ();
  g_autoptr (CardeaChromiumPolicy) policy = NULL, none = NULL;

  g_assert_true (g_file_set_contents (file, LIST (GOOD), -1, NULL));
  g_assert_cmpint (g_chmod (file, 0644), ==, 0);
  policy = cardea_chromium_policy_load (folders, getuid (), problems);
  g_assert_cmpuint (problems->len, ==, 0);
  assert_selects (policy, "good.example", 443, "0 1 2 3 4");
  g_assert_cmpint (g_chmod (file, 0666), ==, 0);
  none = cardea_chromium_policy_load (folders, getuid (), problems);
  assert_message (problems, 0, "written by others");
  assert_selects (none, "good.example", 443, "");
  g_assert_cmpint (g_remove (file), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chromium-policy/void-entries", test_void_entries);
  g_test_add_func ("/chromium-policy/void-files", test_void_files);
  g_test_add_func ("/chromium-policy/depth", test_depth);
  g_test_add_func ("/chromium-policy/bottomless", test_bottomless);
  g_test_add_func ("/chromium-policy/entry-length", test_entry_length);
  g_test_add_func ("/chromium-policy/number", test_number);
  g_test_add_func ("/chromium-policy/filters", test_filters);
  g_test_add_func ("/chromium-policy/precedence", test_precedence);
  g_test_add_func ("/chromium-policy/files", test_files);
  g_test_add_func ("/chromium-policy/prompt", test_prompt);
  g_test_add_func ("/chromium-policy/load", test_load);
  return g_test_run ();
}
