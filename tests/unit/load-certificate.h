/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>
#include <string.h>

#include "agent/base/certificate.h"

/* The certificates of tests/fixtures/certificates, by name. NSS must be initialised for the second. */

static inline GBytes *
load_der (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".pem", NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "fixtures", "certificates", file, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  char *start, *end;
  guchar *der;
  gsize length;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  start = strchr (strstr (text, "-----BEGIN CERTIFICATE"), '\n');
  end = strstr (text, "-----END");
  g_assert_true (start != NULL && end != NULL);
  *end = '\0';
  der = g_base64_decode (start, &length);
  return g_bytes_new_take (der, length);
}

static inline CardeaCertificate *
load_certificate (const char *name)
{
  g_autoptr (GBytes) der = load_der (name);
  g_autoptr (GError) error = NULL;
  CardeaCertificate *certificate = cardea_certificate_new (der, &error);

  g_assert_no_error (error);
  return certificate;
}
