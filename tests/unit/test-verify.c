/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which servers are believed: one row a way to get it wrong, then what does not fit a row. */

#include <string.h>

#include "agent/tls/nss.h"
#include "tests/unit/verify-check.h"

#define SAN(names) "subjectAltName=" names "|keyUsage=digitalSignature|extendedKeyUsage=serverAuth"
#define AUTHORITY(more) CA "|" more
#define LATE (CHAIN_MAKER_NOW + 31 * CHAIN_MAKER_DAY)
#define DAYS(n) (CHAIN_MAKER_NOW + (n) * (gint64)CHAIN_MAKER_DAY)

/* A root, an authority under it, a server under that; what is not said is as it should be. */
typedef struct
{
  const char *path;
  const char *verdict;
  ChainMakerSpec leaf, middle, root;
  const char *server_name;
  gint64 now;
} Case;

/* clang-format off */
static const Case cases[] = {
  { "plain", "not_checked" },
  { "rsa-signature-only", "not_checked", { .key = "rsa2048" } },
  { "p521-sha512", "not_checked", { .digest = "SHA512" }, { .key = "p521" } },

  /* validity */
  { "not-after-exact", "not_checked", { .not_after = DAYS (1) }, .now = DAYS (1) },
  { "expired-1-second", "expired", { .not_after = DAYS (1) }, .now = DAYS (1) + 1 },
  { "not-before-exact", "not_checked", { .not_before = DAYS (-1) }, .now = DAYS (-1) },
  { "not-yet-valid-1-second", "not_yet_valid", { .not_before = DAYS (-1) }, .now = DAYS (-1) - 1 },
  { "authority-expired", "expired", { .not_after = DAYS (9) }, { .not_after = DAYS (2) }, .now = DAYS (3) },
  { "root-expired", "expired", { .not_after = DAYS (9) }, { .not_after = DAYS (9) }, { .not_after = DAYS (2) }, .now = DAYS (3) },

  /* names */
  { "wrong-name", "wrong_name", .server_name = "bank.example.org" },
  { "name-below", "wrong_name", .server_name = "www.bank.example" },
  { "common-name-only", "wrong_name", { .name = "bank.example", .extensions = "keyUsage=digitalSignature" } },
  { "no-extensions", "wrong_name", { .name = "bank.example", .extensions = "" } },
  { "second-name", "not_checked", { .extensions = SAN ("DNS:other.example,DNS:bank.example") } },
  { "case", "not_checked", { .extensions = SAN ("DNS:BANK.Example") } },
  { "wildcard", "not_checked", { .extensions = SAN ("DNS:*.bank.example") }, .server_name = "www.bank.example" },
  { "wildcard-two-labels", "wrong_name", { .extensions = SAN ("DNS:*.bank.example") }, .server_name = "a.b.bank.example" },
  { "wildcard-itself", "wrong_name", { .extensions = SAN ("DNS:*.bank.example") } },
  { "wildcard-part", "wrong_name", { .extensions = SAN ("DNS:w*.bank.example") }, .server_name = "www.bank.example" },
  { "wildcard-top-level", "wrong_name", { .extensions = SAN ("DNS:*.example") } },
  { "wildcard-inner", "wrong_name", { .extensions = SAN ("DNS:www.*.example") }, .server_name = "www.bank.example" },
  { "address", "not_checked", { .extensions = SAN ("IP:192.0.2.7") }, .server_name = "192.0.2.7" },
  { "address-other", "wrong_name", { .extensions = SAN ("IP:192.0.2.8") }, .server_name = "192.0.2.7" },
  { "address-as-dns", "wrong_name", { .extensions = SAN ("DNS:192.0.2.7") }, .server_name = "192.0.2.7" },
  { "address-wildcard", "wrong_name", { .extensions = SAN ("DNS:*.0.2.7") }, .server_name = "192.0.2.7" },
  { "address-6", "not_checked", { .extensions = SAN ("IP:2001:db8::1") }, .server_name = "2001:db8::1" },
  { "address-6-long-form", "not_checked", { .extensions = SAN ("IP:2001:db8::1") }, .server_name = "2001:db8:0:0:0:0:0:1" },
  { "address-6-other", "wrong_name", { .extensions = SAN ("IP:2001:db8::2") }, .server_name = "2001:db8::1" },
  { "san-undecodable", "malformed", { .extensions = "subjectAltName=DER:3003820500" } },
  { "san-empty", "malformed", { .extensions = "subjectAltName=DER:3000" } },
  { "san-nul-inside", "malformed", { .extensions = "subjectAltName=DER:300e820c62616e6b2e006578616d706c" } },
  { "san-address-of-5-bytes", "malformed", { .extensions = "subjectAltName=DER:300787050102030405" } },

  /* usage */
  { "no-usages", "not_checked", { .extensions = "subjectAltName=DNS:bank.example" } },
  { "leaf-client-only", "wrong_usage", { .extensions = "subjectAltName=DNS:bank.example|extendedKeyUsage=clientAuth" } },
  { "leaf-no-signature", "wrong_usage", { .extensions = "subjectAltName=DNS:bank.example|keyUsage=keyEncipherment" } },
  { "leaf-authority", "wrong_usage", { .extensions = CA "|subjectAltName=DNS:bank.example" } },
  { "leaf-signs-certificates", "malformed", { .extensions = "subjectAltName=DNS:bank.example|keyUsage=digitalSignature,keyCertSign" } },
  { "key-usage-unused-bits-set", "malformed", { .extensions = "subjectAltName=DNS:bank.example|keyUsage=DER:03020781" } },
  { "key-usage-no-bits", "wrong_usage", { .extensions = "subjectAltName=DNS:bank.example|keyUsage=DER:030100" } },
  { "usage-empty", "malformed", { .extensions = "subjectAltName=DNS:bank.example|extendedKeyUsage=DER:3000" } },
  { "authority-client-only", "wrong_usage", .middle = { .extensions = AUTHORITY ("extendedKeyUsage=clientAuth") } },
  { "root-client-only", "wrong_usage", .root = { .extensions = AUTHORITY ("extendedKeyUsage=clientAuth") } },
  { "authority-any-usage", "not_checked", .middle = { .extensions = AUTHORITY ("extendedKeyUsage=anyExtendedKeyUsage") } },
  { "authority-not", "invalid", .middle = { .extensions = "basicConstraints=critical,CA:FALSE" } },
  { "authority-unsaid", "invalid", .middle = { .extensions = "keyUsage=digitalSignature" } },
  { "authority-unsaid-but-signing", "malformed", .middle = { .extensions = "keyUsage=keyCertSign" } },
  { "authority-undecodable", "malformed", .middle = { .extensions = "basicConstraints=critical,DER:300401010001" } },
  { "authority-not-signing", "wrong_usage", .middle = { .extensions = "basicConstraints=critical,CA:TRUE|keyUsage=cRLSign" } },
  { "root-not-signing", "wrong_usage", .root = { .extensions = "basicConstraints=critical,CA:TRUE|keyUsage=cRLSign" } },
  { "path-length-0-above-authority", "invalid", .root = { .extensions = "basicConstraints=critical,CA:TRUE,pathlen:0" } },
  { "path-length-1-above-authority", "not_checked", .root = { .extensions = "basicConstraints=critical,CA:TRUE,pathlen:1" } },
  { "path-length-0-above-leaf", "not_checked", .middle = { .extensions = "basicConstraints=critical,CA:TRUE,pathlen:0" } },

  /* strength */
  { "leaf-sha1", "weak", { .digest = "SHA1" } },
  { "leaf-md5", "weak", { .digest = "MD5" }, { .key = "rsa2048" } },
  { "authority-sha1", "weak", .middle = { .digest = "SHA1" } },
  { "root-sha1-of-itself", "not_checked", .root = { .digest = "SHA1" } },
  { "leaf-rsa-1024", "weak", { .key = "rsa1024" } },
  { "authority-rsa-1024", "weak", .middle = { .key = "rsa1024" } },
  { "leaf-pss", "not_checked", { .pss = TRUE }, { .key = "rsa2048" } },
  { "leaf-pss-sha384", "not_checked", { .pss = TRUE, .digest = "SHA384" }, { .key = "rsa2048" } },
  { "leaf-pss-sha1", "weak", { .pss = TRUE, .digest = "SHA1" }, { .key = "rsa2048" } },
  { "leaf-pss-other-mask", "weak", { .pss = TRUE, .mask_digest = "SHA512" }, { .key = "rsa2048" } },
  { "leaf-pss-mask-sha1", "weak", { .pss = TRUE, .mask_digest = "SHA1" }, { .key = "rsa2048" } },
  { "leaf-pss-short-salt", "malformed", { .pss = TRUE, .salt = 8 }, { .key = "rsa2048" } },
  { "leaf-pss-long-salt", "not_checked", { .pss = TRUE, .salt = 64 }, { .key = "rsa2048" } },
  { "leaf-rsa-long-exponent", "weak", { .key = "rsa-long-exponent" } },
  { "authority-rsa-long-exponent", "weak", .middle = { .key = "rsa-long-exponent" } },
  { "leaf-ed25519", "invalid", { .key = "ed25519" } },
  { "leaf-other-curve", "weak", { .key = "secp256k1" } },

  /* extensions */
  { "leaf-duplicate", "malformed", { .extensions = LEAF "|keyUsage=digitalSignature" } },
  { "authority-duplicate", "malformed", .middle = { .extensions = CA "|basicConstraints=critical,CA:TRUE" } },
  { "leaf-duplicate-unknown", "malformed", { .extensions = LEAF "|1.2.3.4=DER:0500|1.2.3.4=DER:0500" } },
  { "leaf-unknown-critical", "invalid", { .extensions = LEAF "|1.2.3.4=critical,DER:0500" } },
  { "leaf-unknown", "not_checked", { .extensions = LEAF "|1.2.3.4=DER:0500" } },
  { "authority-unknown-critical", "invalid", .middle = { .extensions = AUTHORITY ("1.2.3.4=critical,DER:0500") } },
  { "root-unknown-critical", "invalid", .root = { .extensions = AUTHORITY ("1.2.3.4=critical,DER:0500") } },

  /* name constraints */
  { "constraint-permits", "not_checked", .middle = { .extensions = AUTHORITY ("nameConstraints=critical,permitted;DNS:example") } },
  { "constraint-other", "invalid", .middle = { .extensions = AUTHORITY ("nameConstraints=critical,permitted;DNS:example.org") } },
  { "constraint-not-critical", "invalid", .middle = { .extensions = AUTHORITY ("nameConstraints=permitted;DNS:example.org") } },
  { "constraint-of-root", "invalid", .root = { .extensions = AUTHORITY ("nameConstraints=critical,permitted;DNS:example.org") } },
  { "constraint-suffix-no-label", "invalid", .middle = { .extensions = AUTHORITY ("nameConstraints=critical,permitted;DNS:ank.example") } },
  { "constraint-excludes", "invalid", .middle = { .extensions = AUTHORITY ("nameConstraints=critical,excluded;DNS:Bank.Example") } },
  { "constraint-excludes-other", "not_checked", .middle = { .extensions = AUTHORITY ("nameConstraints=critical,excluded;DNS:www.bank.example") } },
  { "constraint-excludes-with-last-dot", "malformed", .middle = { .extensions = AUTHORITY ("nameConstraints=critical,excluded;DNS:bank.example.") } },
  { "constraint-excludes-pattern", "malformed", .middle = { .extensions = AUTHORITY ("nameConstraints=critical,excluded;DNS:*.bank.example") } },
  { "constraint-permits-below-dot", "invalid", .middle = { .extensions = AUTHORITY ("nameConstraints=critical,permitted;DNS:.bank.example") } },
  { "constraint-permits-all", "not_checked", .middle = { .extensions = AUTHORITY ("nameConstraints=critical,DER:3006a00430028200") } },
  { "constraint-excludes-all", "invalid", .middle = { .extensions = AUTHORITY ("nameConstraints=critical,DER:3006a10430028200") } },
  { "constraint-address-4-as-6", "invalid", { .extensions = SAN ("IP:::ffff:192.0.2.7") }, { .extensions = AUTHORITY ("nameConstraints=critical,permitted;IP:192.0.2.0/255.255.255.0") }, .server_name = "::ffff:192.0.2.7" },
  { "address-4-for-4-as-6", "wrong_name", { .extensions = SAN ("IP:192.0.2.7") }, .server_name = "::ffff:192.0.2.7" },
  { "constraint-second-name", "invalid", { .extensions = SAN ("DNS:bank.example,DNS:bank.test") }, { .extensions = AUTHORITY ("nameConstraints=critical,permitted;DNS:example") } },
  { "constraint-wildcard-excluded", "invalid", { .extensions = SAN ("DNS:bank.example,DNS:*.bank.example") }, { .extensions = AUTHORITY ("nameConstraints=critical,excluded;DNS:vip.bank.example") } },
  { "constraint-wildcard-partly", "invalid", { .extensions = SAN ("DNS:bank.example,DNS:*.bank.test") }, { .extensions = AUTHORITY ("nameConstraints=critical,permitted;DNS:example,permitted;DNS:a.bank.test") } },
  { "constraint-address", "not_checked", { .extensions = SAN ("IP:192.0.2.7") }, { .extensions = AUTHORITY ("nameConstraints=critical,permitted;IP:192.0.2.0/255.255.255.0") }, .server_name = "192.0.2.7" },
  { "constraint-address-other", "invalid", { .extensions = SAN ("IP:192.0.3.7") }, { .extensions = AUTHORITY ("nameConstraints=critical,permitted;IP:192.0.2.0/255.255.255.0") }, .server_name = "192.0.3.7" },
  { "constraint-address-6-under-4", "not_checked", { .extensions = SAN ("IP:::1") }, { .extensions = AUTHORITY ("nameConstraints=critical,excluded;IP:0.0.0.0/255.0.0.0") }, .server_name = "::1" },
  { "constraint-mask-with-hole", "malformed", .middle = { .extensions = AUTHORITY ("nameConstraints=critical,excluded;IP:192.0.2.0/255.0.255.0") } },
  { "constraint-email", "invalid", { .extensions = SAN ("DNS:bank.example,email:a@bank.test") }, { .extensions = AUTHORITY ("nameConstraints=critical,permitted;email:bank.example") } },
  { "constraint-email-below", "not_checked", { .extensions = SAN ("DNS:bank.example,email:a@x.bank.test") }, { .extensions = AUTHORITY ("nameConstraints=critical,permitted;email:.bank.test") } },
  { "constraint-uri-not-supported", "invalid", { .extensions = SAN ("DNS:bank.example,URI:https://bank.example/") }, { .extensions = AUTHORITY ("nameConstraints=critical,permitted;URI:bank.example") } },
  { "constraint-uri-no-such-name", "not_checked", .middle = { .extensions = AUTHORITY ("nameConstraints=critical,permitted;URI:bank.example") } },
  { "constraint-empty", "malformed", .middle = { .extensions = AUTHORITY ("nameConstraints=critical,DER:3000") } },
  { "constraint-of-leaf", "malformed", { .extensions = LEAF "|nameConstraints=critical,permitted;DNS:example" } },
  /* CN=BAD BANK as a PrintableString, the subject being UTF-8 */
  { "constraint-directory-excluded", "invalid", { .name = "Bad  Bank" }, { .extensions = AUTHORITY ("nameConstraints=critical,DER:301ba1193017a41530133111300f060355040313084241442042414e4b") } },
  /* the same as a VisibleString */
  { "constraint-directory-excluded-visible", "invalid", { .name = "Bad  Bank" }, { .extensions = AUTHORITY ("nameConstraints=critical,DER:301ba1193017a4153013311130" "0f06035504031a084241442042414e4b") } },
  /* CN=A NUL B as a BMPString: not the name "A" */
  { "constraint-directory-nul-inside", "invalid", { .name = "A" }, { .extensions = AUTHORITY ("nameConstraints=critical,DER:3019a0173015a4133011310f" "300d06035504031e060041" "00000042") } },

  /* policies */
  { "policy-demanded-missing", "invalid", .middle = { .extensions = AUTHORITY ("policyConstraints=critical,requireExplicitPolicy:0") } },
  { "policy-demanded-there", "not_checked", { .extensions = LEAF "|certificatePolicies=1.2.3.5" }, { .extensions = AUTHORITY ("policyConstraints=critical,requireExplicitPolicy:0|certificatePolicies=1.2.3.5") } },
  { "policy-demanded-other", "invalid", { .extensions = LEAF "|certificatePolicies=1.2.3.6" }, { .extensions = AUTHORITY ("policyConstraints=critical,requireExplicitPolicy:0|certificatePolicies=1.2.3.5") } },
  { "policy-any", "not_checked", { .extensions = LEAF "|certificatePolicies=1.2.3.6" }, { .extensions = AUTHORITY ("policyConstraints=critical,requireExplicitPolicy:0|certificatePolicies=2.5.29.32.0") } },
  { "policy-mapped", "not_checked", { .extensions = LEAF "|certificatePolicies=1.2.3.6" }, { .extensions = AUTHORITY ("policyConstraints=critical,requireExplicitPolicy:0|certificatePolicies=1.2.3.5|policyMappings=critical,1.2.3.5:1.2.3.6") } },
  { "policy-mapped-away", "invalid", { .extensions = LEAF "|certificatePolicies=1.2.3.5" }, { .extensions = AUTHORITY ("policyConstraints=critical,requireExplicitPolicy:0|certificatePolicies=1.2.3.5|policyMappings=critical,1.2.3.5:1.2.3.6") } },
  { "policy-not-demanded", "not_checked", { .extensions = LEAF "|certificatePolicies=1.2.3.6" }, { .extensions = AUTHORITY ("certificatePolicies=1.2.3.5") } },
};
/* clang-format on */

static ChainMakerSpec
complete (ChainMakerSpec spec, const char *name, const char *extensions)
{
  if (spec.name == NULL)
    spec.name = name;
  if (spec.extensions == NULL)
    spec.extensions = extensions;
  else if (*spec.extensions == '\0')
    spec.extensions = NULL;
  return spec;
}

static void
test_case (gconstpointer data)
{
  const Case *row = data;
  ChainMakerSpec root_spec = complete (row->root, "Root", CA);
  ChainMakerSpec middle_spec = complete (row->middle, "Authority", CA);
  ChainMakerSpec leaf_spec = complete (row->leaf, "Server", LEAF);
  g_autoptr (ChainMakerCertificate) root = chain_maker_certificate_new (&root_spec, NULL);
  g_autoptr (ChainMakerCertificate) middle = chain_maker_certificate_new (&middle_spec, root);
  g_autoptr (ChainMakerCertificate) leaf = chain_maker_certificate_new (&leaf_spec, middle);
  g_autoptr (GPtrArray) chain = new_chain ();
  g_autoptr (CardeaTrust) trust = new_trust (root);
  CardeaVerifyRequest request = { chain, NULL, row->server_name != NULL ? row->server_name : "bank.example",
                                  row->now != 0 ? row->now : CHAIN_MAKER_NOW };

  append (chain, leaf);
  append (chain, middle);
  assert_verdict (verify (trust, &request), row->verdict);
}

typedef struct
{
  ChainMakerCertificate *root, *middle, *leaf;
  GPtrArray *chain;
  CardeaTrust *trust;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->root = chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Root", .extensions = CA }, NULL);
  self->middle =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Authority", .extensions = CA }, self->root);
  self->leaf =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, self->middle);
  self->chain = new_chain ();
  self->trust = new_trust (self->root);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  chain_maker_certificate_free (self->root);
  chain_maker_certificate_free (self->middle);
  chain_maker_certificate_free (self->leaf);
  g_ptr_array_unref (self->chain);
  cardea_trust_unref (self->trust);
}

static void
test_empty (Fixture *self, gconstpointer data)
{
  CardeaVerifyRequest request = { NULL, NULL, "bank.example", CHAIN_MAKER_NOW };

  assert_verdict (verify_chain (self->trust, self->chain), "invalid");
  assert_verdict (verify (self->trust, &request), "invalid");
}

static void
test_garbage (Fixture *self, gconstpointer data)
{
  append (self->chain, self->leaf);
  append (self->chain, self->middle);
  g_ptr_array_add (self->chain, g_bytes_new_static ("\x30\x82\xff", 3));
  assert_verdict (verify_chain (self->trust, self->chain), "malformed");
  g_ptr_array_set_size (self->chain, 0);
  g_ptr_array_add (self->chain, g_bytes_new_static ("", 0));
  assert_verdict (verify_chain (self->trust, self->chain), "malformed");
}

/* Whatever single byte is changed, and wherever it is cut, it is no longer the server's certificate. */
static void
test_mutated (Fixture *self, gconstpointer data)
{
  gsize length;
  const guint8 *original = g_bytes_get_data (chain_maker_certificate_get_der (self->leaf), &length);
  g_autofree guint8 *bytes = g_memdup2 (original, length);

  append (self->chain, self->leaf);
  append (self->chain, self->middle);
  for (gsize i = 0; i < length * 2; i++) {
    g_autofree char *verdict = NULL;

    if (i < length)
      bytes[i] ^= 1 << (i % 8);
    g_bytes_unref (self->chain->pdata[0]);
    self->chain->pdata[0] = i < length ? g_bytes_new (bytes, length) : g_bytes_new (bytes, i - length);
    verdict = verify_chain (self->trust, self->chain);
    g_assert_cmpstr (verdict, !=, "not_checked");
    if (i < length)
      bytes[i] = original[i];
  }
}

static void
test_unknown_authority (Fixture *self, gconstpointer data)
{
  append (self->chain, self->leaf);
  assert_verdict (verify_chain (self->trust, self->chain), "unknown_authority");
  g_ptr_array_set_size (self->chain, 0);
  append (self->chain, self->root);
  append (self->chain, self->middle);
  assert_verdict (verify_chain (self->trust, self->chain), "wrong_name");
}

static void
test_known_intermediate (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  append (self->chain, self->leaf);
  cardea_trust_add_intermediate (self->trust, chain_maker_certificate_get_der (self->middle), &error);
  g_assert_no_error (error);
  assert_verdict (verify_chain (self->trust, self->chain), "not_checked");
}

/* The order is the server's business, and so is sending more than is needed. */
static void
test_order (Fixture *self, gconstpointer data)
{
  append (self->chain, self->leaf);
  append (self->chain, self->root);
  append (self->chain, self->leaf);
  append (self->chain, self->middle);
  append (self->chain, self->middle);
  assert_verdict (verify_chain (self->trust, self->chain), "not_checked");
}

/* An authority of the right name with another key. */
static void
test_forged (Fixture *self, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) fake =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Root", .extensions = CA }, NULL);
  g_autoptr (ChainMakerCertificate) leaf =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, fake);

  append (self->chain, leaf);
  append (self->chain, fake);
  assert_verdict (verify_chain (self->trust, self->chain), "unknown_authority");
}

static void
test_self_signed (Fixture *self, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) server =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, NULL);
  g_autoptr (ChainMakerCertificate) authority = chain_maker_certificate_new (
      &(ChainMakerSpec){ .name = "Server",
                         .extensions = "basicConstraints=CA:TRUE|subjectAltName=DNS:bank.example" },
      NULL);
  g_autoptr (CardeaTrust) trust = new_trust (server);
  g_autoptr (CardeaTrust) other = new_trust (authority);
  CardeaVerifyRequest request = { self->chain, NULL, "bank.example", CHAIN_MAKER_NOW };

  append (self->chain, server);
  assert_verdict (verify_chain (self->trust, self->chain), "self_signed");
  assert_verdict (verify_chain (trust, self->chain), "not_checked");
  request.now = LATE;
  assert_verdict (verify (trust, &request), "expired");
  request.now = CHAIN_MAKER_NOW;
  request.server_name = "other.example";
  assert_verdict (verify (trust, &request), "wrong_name");
  g_ptr_array_set_size (self->chain, 0);
  append (self->chain, authority);
  assert_verdict (verify_chain (other, self->chain), "not_checked");
}

static void
check_distrusted (Fixture *self, ChainMakerCertificate *bad)
{
  g_autoptr (CardeaTrust) trust = new_trust (self->root);

  cardea_trust_add_distrusted (trust, chain_maker_certificate_get_der (bad));
  assert_verdict (verify_chain (trust, self->chain), "distrusted");
}

static void
test_distrusted (Fixture *self, gconstpointer data)
{
  append (self->chain, self->leaf);
  append (self->chain, self->middle);
  check_distrusted (self, self->leaf);
  check_distrusted (self, self->middle);
  check_distrusted (self, self->root);
}

/* The same authority, vouched for by another: it is still the one that is distrusted. */
static void
test_distrusted_elsewhere (Fixture *self, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) cross = chain_maker_certificate_new (
      &(ChainMakerSpec){ .name = "Authority", .extensions = CA, .key_of = self->middle }, self->root);
  g_autoptr (ChainMakerCertificate) sibling =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Authority", .extensions = CA }, self->root);

  append (self->chain, self->leaf);
  append (self->chain, cross);
  cardea_trust_add_distrusted (self->trust, chain_maker_certificate_get_der (sibling));
  assert_verdict (verify_chain (self->trust, self->chain), "not_checked");
  cardea_trust_add_distrusted (self->trust, chain_maker_certificate_get_der (self->middle));
  assert_verdict (verify_chain (self->trust, self->chain), "distrusted");
}

/* An expired cross-certificate comes first; the way past it is found. */
static void
test_cross_signed (Fixture *self, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) old =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Old", .extensions = CA }, NULL);
  g_autoptr (ChainMakerCertificate) expired = chain_maker_certificate_new (
      &(ChainMakerSpec){
          .name = "Authority", .extensions = CA, .key_of = self->middle, .not_after = DAYS (-1) },
      self->root);
  g_autoptr (ChainMakerCertificate) unknown = chain_maker_certificate_new (
      &(ChainMakerSpec){ .name = "Authority", .extensions = CA, .key_of = self->middle }, old);

  append (self->chain, self->leaf);
  append (self->chain, expired);
  append (self->chain, unknown);
  append (self->chain, old);
  assert_verdict (verify_chain (self->trust, self->chain), "expired");
  append (self->chain, self->middle);
  assert_verdict (verify_chain (self->trust, self->chain), "not_checked");
}

/* Two authorities that vouch for each other, and neither by anyone else. */
static void
test_loop (Fixture *self, gconstpointer data)
{
  g_autoptr (ChainMakerCertificate) a0 =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "A", .extensions = CA }, NULL);
  g_autoptr (ChainMakerCertificate) b0 =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "B", .extensions = CA }, NULL);
  g_autoptr (ChainMakerCertificate) a =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "A", .extensions = CA, .key_of = a0 }, b0);
  g_autoptr (ChainMakerCertificate) b =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "B", .extensions = CA, .key_of = b0 }, a0);
  g_autoptr (ChainMakerCertificate) leaf =
      chain_maker_certificate_new (&(ChainMakerSpec){ .name = "Server", .extensions = LEAF }, a);
  g_autoptr (ChainMakerCertificate) way_out = chain_maker_certificate_new (
      &(ChainMakerSpec){ .name = "B", .extensions = CA, .key_of = b0 }, self->root);

  append (self->chain, leaf);
  append (self->chain, a);
  append (self->chain, b);
  append (self->chain, a0);
  append (self->chain, b0);
  assert_verdict (verify_chain (self->trust, self->chain), "unknown_authority");
  append (self->chain, way_out);
  assert_verdict (verify_chain (self->trust, self->chain), "not_checked");
}

static gpointer
verify_in_thread (gpointer data)
{
  Fixture *self = data;

  for (guint i = 0; i < 50; i++)
    assert_verdict (verify_chain (self->trust, self->chain), "not_checked");
  return NULL;
}

/* Connections share a snapshot, and NSS. */
static void
test_threads (Fixture *self, gconstpointer data)
{
  GThread *threads[8];

  append (self->chain, self->leaf);
  append (self->chain, self->middle);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("verify", verify_in_thread, self);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static void
test_message (Fixture *self, gconstpointer data)
{
  CardeaVerifyRequest request = { self->chain, NULL, "bank.example", LATE };
  CardeaVerdict verdict = { 0 };
  g_autoptr (GError) error = NULL;

  append (self->chain, self->leaf);
  g_assert_false (cardea_verify_server (self->trust, &request, &verdict, &error));
  g_assert_error (error, CARDEA_ERROR, CARDEA_ERROR_SERVER_NOT_TRUSTED);
  g_assert_true (g_str_has_prefix (error->message, "The certificate of bank.example expired on "));
  g_assert_cmpuint (json_array_size (json_object_get (cardea_error_get_parameters (error), "peer_chain")), ==,
                    1);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *self, gconstpointer data);
  } others[] = {
    { "empty", test_empty },
    { "garbage", test_garbage },
    { "mutated", test_mutated },
    { "unknown-authority", test_unknown_authority },
    { "known-intermediate", test_known_intermediate },
    { "order", test_order },
    { "forged", test_forged },
    { "self-signed", test_self_signed },
    { "distrusted", test_distrusted },
    { "distrusted-elsewhere", test_distrusted_elsewhere },
    { "threads", test_threads },
    { "cross-signed", test_cross_signed },
    { "loop", test_loop },
    { "message", test_message },
  };
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  cardea_nss_start (&error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/verify/", cases[i].path, NULL);

    g_test_add_data_func (path, &cases[i], test_case);
  }
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autofree char *path = g_strconcat ("/verify/", others[i].path, NULL);

    g_test_add (path, Fixture, NULL, set_up, others[i].run, tear_down);
  }
  status = g_test_run ();
  g_assert_true (cardea_nss_stop ());
  return status;
}
