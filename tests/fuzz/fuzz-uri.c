/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzzes how tokens and certificates are named: what a program or an administrator wants (a PKCS#11 URI or a
 * fingerprint), then a token's label and serial number, a certificate's id and label as a card has them. A
 * certificate is always found by its own name, and so is its token, whatever the card says. */
#include "agent/base/token-uri.h"
#include "agent/broker/choice.h"
#include "agent/hosts/host-collector.h"
#include "agent/tls/nss.h"
#include "agent/tokens/token.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

static CardeaHost *host;
static CardeaCertificate *certificate;

static char *
take_label (FuzzInput *input)
{
  g_autoptr (GBytes) part = fuzz_take_part (input);
  CardeaHostBytes bytes;

  bytes.data = g_bytes_get_data (part, &bytes.length);
  return cardea_host_text (&bytes);
}

static CardeaTokenCertificate *
take_certificate (FuzzInput *input)
{
  g_autofree char *label = take_label (input);
  g_autofree char *serial = take_label (input);
  g_autoptr (GBytes) id = fuzz_take_part (input);
  g_autofree char *name = take_label (input);
  char nothing[] = "";
  CardeaHostToken info = {
    .label = label, .manufacturer = nothing, .model = nothing, .serial = serial, .reader = nothing
  };
  CardeaHostCertificate listed = { .id = id, .label = name };
  g_autoptr (CardeaToken) token = cardea_token_new (host, 1, &info);

  return cardea_token_certificate_new (token, certificate, &listed);
}

static void
check_own_names (const CardeaTokenCertificate *self)
{
  g_autofree char *problem = NULL;
  gboolean malformed;

  g_assert_true (cardea_choice_is_wanted (self->uri, self, &malformed));
  g_assert_false (malformed);
  g_assert_true (
      cardea_choice_is_wanted (cardea_certificate_get_sha256 (self->certificate), self, &malformed));
  if (self->token->info->label[0] == '\0' && self->token->info->serial[0] == '\0')
    return; /* a token without a name */
  g_assert_true (cardea_token_uri_check (self->token->uri, &problem));
  g_assert_true (cardea_token_uri_matches (self->token->uri, self->token->uri));
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  static const char *const environment[] = { NULL };
  g_autoptr (CardeaHostSpec) spec =
      cardea_host_spec_new ("test", "/nonexistent/module.so", NULL, CARDEA_HOST_TOKENS);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) der = fuzz_load_certificate ();

  fuzz_begin ();
  cardea_nss_start (&error);
  g_assert_no_error (error);
  host = cardea_host_new (spec, "/nonexistent/host", environment);
  certificate = cardea_certificate_new (der, &error);
  g_assert_no_error (error);
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  g_autofree char *wanted = fuzz_take_text (&input);
  g_autoptr (CardeaTokenCertificate) own = take_certificate (&input);
  g_autofree char *problem = NULL;
  gboolean malformed;
  gboolean is_wanted = cardea_choice_is_wanted (wanted, own, &malformed);

  g_assert_false (is_wanted && malformed);
  if (!cardea_token_uri_check (wanted, &problem))
    g_assert_nonnull (problem);
  cardea_token_uri_matches (wanted, own->token->uri);
  check_own_names (own);
  return 0;
}
