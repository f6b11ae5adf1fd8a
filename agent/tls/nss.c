/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* NSS as the agent uses it: no database, one module, one policy.
 *
 * NSS's own defaults accept too much for us (SHA-1, short keys, certificates not valid for another day, RC4)
 * and its environment variables can write session keys to a file or loosen the policy. So the variables go
 * first, the database is never opened (it would load the modules it names), and everything that may be used
 * is listed here. */

#include "agent/tls/nss.h"

#include "agent/front/front.h"
#include "socket-api/wire/error.h"

#include <cert.h>
#include <nss.h>
#include <pk11pub.h>
#include <prerror.h>
#include <secmod.h>
#include <secoid.h>
#include <ssl.h>
#include <sslproto.h>
#include <string.h>

#define MODULE_NAME "cardea-front"

/* SSLKEYLOGFILE gives every stream away, SSLTRACE and SSLDEBUG write secrets to standard error, NSS_* and
 * SSL* change what is accepted, and NSPR_* opens log files. Who can set the agent's environment is not always
 * who may read its streams: a desktop session gathers variables from many programs. OpenSSL's SSL_CERT_FILE
 * is nothing NSS reads. */
static void
forget_environment (void)
{
  g_auto (GStrv) names = g_listenv ();

  for (char **name = names; *name != NULL; name++)
    if (g_str_has_prefix (*name, "NSS_") || g_str_has_prefix (*name, "NSPR_") ||
        g_str_has_prefix (*name, "NSRAND") ||
        (g_str_has_prefix (*name, "SSL") && !g_str_has_prefix (*name, "SSL_CERT_")))
      g_unsetenv (*name);
}

static gboolean
fail (GError **error, const char *step)
{
  g_autofree char *reason = cardea_nss_describe (PR_GetError ());

  cardea_set_error (error, CARDEA_ERROR_CONFIGURATION,
                    "The TLS library could not be set up (%s: %s). Reinstall libnss3 and cardea, then start "
                    "the agent again.",
                    step, reason);
  return FALSE;
}

/* NSS would ask for a password again and again, and each answer might cost a try: it never gets one. */
static char *
on_password_wanted (PK11SlotInfo *slot, PRBool retry, void *data)
{
  return NULL;
}

static gboolean
set_policy (void)
{
  static const SECOidTag weak[] = { SEC_OID_MD2, SEC_OID_MD4, SEC_OID_MD5, SEC_OID_SHA1,
                                    SEC_OID_ANSIX9_DSA_SIGNATURE };
  static const struct
  {
    PRInt32 option;
    PRInt32 value;
  } options[] = {
    { NSS_RSA_MIN_KEY_SIZE, 2048 },
    { NSS_DH_MIN_KEY_SIZE, 2048 },
    { NSS_DSA_MIN_KEY_SIZE, 2048 },
    { NSS_TLS_VERSION_MIN_POLICY, SSL_LIBRARY_VERSION_TLS_1_2 }, /* for sockets that ask for it */
    { NSS_TLS_VERSION_MAX_POLICY, SSL_LIBRARY_VERSION_TLS_1_3 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (weak); i++)
    if (NSS_SetAlgorithmPolicy (weak[i], 0, NSS_USE_ALG_IN_SIGNATURE | NSS_USE_ALG_IN_SSL_KX) != SECSuccess)
      return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    if (NSS_OptionSet (options[i].option, options[i].value) != SECSuccess)
      return FALSE;
  return CERT_SetSlopTime (0) == SECSuccess;
}

static gboolean
set_suites (void)
{
  static const PRUint16 wanted[] = { TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384,
                                     TLS_CHACHA20_POLY1305_SHA256 };
  const PRUint16 *all = SSL_GetImplementedCiphers ();

  if (NSS_SetDomesticPolicy () != SECSuccess)
    return FALSE;
  for (PRUint16 i = 0; i < SSL_GetNumImplementedCiphers (); i++)
    if (SSL_CipherPrefSetDefault (all[i], PR_FALSE) != SECSuccess)
      return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    if (SSL_CipherPrefSetDefault (wanted[i], PR_TRUE) != SECSuccess)
      return FALSE;
  return TRUE;
}

/* A socket that says nothing speaks TLS 1.3 alone. SSL_VersionRangeSetDefault() quietly narrows a range to
 * the policy, so it is read back. */
static gboolean
set_versions (void)
{
  const SSLVersionRange wanted = { SSL_LIBRARY_VERSION_TLS_1_3, SSL_LIBRARY_VERSION_TLS_1_3 };
  SSLVersionRange set = { 0, 0 };

  return SSL_VersionRangeSetDefault (ssl_variant_stream, &wanted) == SECSuccess &&
         SSL_VersionRangeGetDefault (ssl_variant_stream, &set) == SECSuccess && set.min == wanted.min &&
         set.max == wanted.max;
}

/* In double quotes a module specification takes any path, quotes and backslashes escaped. */
static char *
make_module_specification (const char *path)
{
  g_autoptr (GString) quoted = g_string_new (path);

  g_string_replace (quoted, "\\", "\\\\", 0);
  g_string_replace (quoted, "\"", "\\\"", 0);
  return g_strdup_printf ("library=\"%s\" name=\"" MODULE_NAME "\"", quoted->str);
}

static gboolean
load_front (void)
{
  g_autofree char *path = g_canonicalize_filename (cardea_front_get_path (), NULL);
  g_autofree char *specification = make_module_specification (path);
  SECMODModule *module = SECMOD_LoadUserModule (specification, NULL, PR_FALSE);

  if (module == NULL)
    return FALSE;
  gboolean loaded = module->loaded;
  SECMOD_DestroyModule (module); /* the list of modules keeps it */
  return loaded;
}

static gboolean
set_up (GError **error)
{
  PK11_SetPasswordFunc (on_password_wanted);
  if (!set_policy ())
    return fail (error, "algorithms");
  if (!set_suites ())
    return fail (error, "cipher suites");
  if (!set_versions ())
    return fail (error, "protocol versions");
  if (!load_front ())
    return fail (error, "front module");
  return TRUE;
}

gboolean
cardea_nss_start (GError **error)
{
  const PRUint32 flags = NSS_INIT_READONLY | NSS_INIT_NOCERTDB | NSS_INIT_NOMODDB | NSS_INIT_FORCEOPEN |
                         NSS_INIT_NOROOTINIT | NSS_INIT_PK11RELOAD;

  forget_environment ();
  if (NSS_Initialize ("", "", "", "", flags) != SECSuccess)
    return fail (error, "start");
  if (set_up (error))
    return TRUE;
  cardea_nss_stop ();
  return FALSE;
}

gboolean
cardea_nss_stop (void)
{
  SECMODModule *module = SECMOD_FindModule (MODULE_NAME);

  SSL_ClearSessionCache ();
  if (module != NULL) {
    SECMOD_UnloadUserModule (module);
    SECMOD_DestroyModule (module);
  }
  return NSS_Shutdown () == SECSuccess;
}

char *
cardea_nss_describe (int code)
{
  const char *name = PR_ErrorToName (code);
  const char *text = PR_ErrorToString (code, PR_LANGUAGE_I_DEFAULT);

  if (name == NULL)
    return g_strdup_printf ("error %d", code);
  return text != NULL && *text != '\0' ? g_strdup_printf ("%s: %s", name, text) : g_strdup (name);
}
