/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The four functions that a consent asks catalogue and server, answered here: linked before the real ones,
 * whose objects are then never taken. */

#include "tests/unit/assent-world.h"

#include "agent/tls/asker.h"
#include "tests/unit/load-certificate.h"

G_DEFINE_TYPE (AssentWorld, assent_world, G_TYPE_OBJECT)

static void
assent_world_finalize (GObject *object)
{
  g_ptr_array_unref (((AssentWorld *)object)->certificates);
  G_OBJECT_CLASS (assent_world_parent_class)->finalize (object);
}

static void
assent_world_class_init (AssentWorldClass *klass)
{
  klass->finalize = assent_world_finalize;
  g_signal_new ("changed", assent_world_get_type (), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
assent_world_init (AssentWorld *self)
{
  self->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_certificate_unref);
}

GPtrArray *
cardea_catalogue_get_certificates (CardeaCatalogue *self)
{
  GPtrArray *certificates = ((AssentWorld *)self)->certificates;
  GPtrArray *copy = g_ptr_array_new_with_free_func ((GDestroyNotify)cardea_token_certificate_unref);

  for (guint i = 0; i < certificates->len; i++)
    g_ptr_array_add (copy, cardea_token_certificate_ref (certificates->pdata[i]));
  return copy;
}

GPtrArray *
cardea_catalogue_get_issuers (CardeaCatalogue *self, CardeaCertificate *certificate)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
}

gboolean
cardea_asker_can_use (CardeaAsker *self, CardeaCertificate *certificate, CardeaRsaSchemes rsa_schemes)
{
  return TRUE;
}

const char *
cardea_asker_get_authority (CardeaAsker *self)
{
  return "CN=Root";
}

AssentWorld *
assent_world_new (void)
{
  return g_object_new (assent_world_get_type (), NULL);
}

/* Never started: nobody lists or signs. */
static CardeaToken *
make_token (void)
{
  CardeaToken *token = g_new0 (CardeaToken, 1);
  CardeaHostSpec *spec = cardea_host_spec_new ("test", "/nonexistent/module.so", NULL, CARDEA_HOST_TOKENS);
  const char *const environment[] = { NULL };

  token->host = cardea_host_new (spec, "/nonexistent/host", environment);
  cardea_host_spec_free (spec);
  token->ref_count = 1;
  token->uri = g_strdup ("pkcs11:token=Test");
  token->module = g_strdup ("test");
  token->state = CARDEA_TOKEN_READY;
  token->info = g_new0 (CardeaHostToken, 1);
  token->info->label = g_strdup ("Test");
  token->info->mechanisms = CARDEA_MECHANISM_ECDSA;
  token->problems = cardea_reasons_new ();
  return token;
}

void
assent_world_insert (AssentWorld *self, const char *name)
{
  CardeaTokenCertificate *certificate = g_new0 (CardeaTokenCertificate, 1);

  certificate->ref_count = 1;
  certificate->uri = g_strdup_printf ("pkcs11:token=Test;object=%s;type=cert", name);
  certificate->certificate = load_certificate (name);
  certificate->token = make_token ();
  certificate->id = g_bytes_new_static ("\1", 1);
  certificate->label = g_strdup (name);
  certificate->problems = cardea_reasons_new ();
  g_ptr_array_add (self->certificates, certificate);
}
