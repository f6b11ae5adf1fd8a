/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a program pays that loads the token's module into its own NSS, as browsers do: full handshakes one
 * after another, with the server verified by NSS's usual means against one authority held in memory.
 *
 *   nss-direct MODULE PIN CA-FILE PORT NICKNAME SECONDS   prints "COUNT SECONDS CPU-SECONDS"
 *
 * NICKNAME is TOKEN:LABEL. The time to load the module and to log in is not counted. */

#include "agent/base/nss-cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <nss.h>
#include <private/pprio.h>
#include <secmod.h>
#include <certdb.h>
#include <ssl.h>
#include <sslproto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

typedef struct
{
  CERTCertificate *certificate;
  SECKEYPrivateKey *key;
  guint n_asked;
} Identity;

static void G_GNUC_NORETURN
die (const char *what)
{
  fprintf (stderr, "nss-direct: %s: %s\n", what, PR_ErrorToName (PR_GetError ()));
  exit (1);
}

static char *
give_pin (PK11SlotInfo *slot, PRBool retry, void *pin)
{
  return retry ? NULL : PORT_Strdup (pin);
}

static SECStatus
give_identity (void *data, PRFileDesc *fd, CERTDistNames *names, CERTCertificate **certificate,
               SECKEYPrivateKey **key)
{
  Identity *self = data;

  self->n_asked++;
  *certificate = CERT_DupCertificate (self->certificate);
  *key = SECKEY_CopyPrivateKey (self->key);
  return SECSuccess;
}

static void
trust_authority (const char *path)
{
  g_autofree char *text = NULL;
  gsize length;
  CERTCertTrust trust = { .sslFlags = CERTDB_TRUSTED_CA | CERTDB_VALID_CA };

  if (!g_file_get_contents (path, &text, &length, NULL))
    die (path);
  CERTCertificate *authority = CERT_DecodeCertFromPackage (text, (int)length);
  if (authority == NULL || CERT_ChangeCertTrust (CERT_GetDefaultCertDB (), authority, &trust) != SECSuccess)
    die (path);
}

static void
load_identity (Identity *self, const char *module, const char *nickname, char *pin)
{
  g_autofree char *spec = g_strdup_printf ("library=\"%s\" name=\"bench\"", module);
  SECMODModule *loaded = SECMOD_LoadUserModule (spec, NULL, PR_FALSE);

  if (loaded == NULL || !loaded->loaded)
    die (module);
  PK11_SetPasswordFunc (give_pin);
  self->certificate = PK11_FindCertFromNickname (nickname, pin);
  if (self->certificate == NULL)
    die (nickname);
  self->key = PK11_FindKeyByAnyCert (self->certificate, pin);
  if (self->key == NULL)
    die ("no key");
}

static PRFileDesc *
import (int raw)
{
  const SSLVersionRange versions = { SSL_LIBRARY_VERSION_TLS_1_3, SSL_LIBRARY_VERSION_TLS_1_3 };
  PRFileDesc *fd = SSL_ImportFD (NULL, PR_ImportTCPSocket (raw));

  if (fd == NULL || SSL_VersionRangeSet (fd, &versions) != SECSuccess ||
      SSL_OptionSet (fd, SSL_NO_CACHE, PR_TRUE) != SECSuccess || SSL_SetURL (fd, "localhost") != SECSuccess)
    die ("no TLS socket");
  return fd;
}

static void
connect_once (Identity *self, guint16 port)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };
  int raw = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char answer[4096];
  gint32 length = 0, got;

  if (raw < 0 || connect (raw, (struct sockaddr *)&address, sizeof address) != 0)
    die (g_strerror (errno));
  PRFileDesc *fd = import (raw);
  SSL_AuthCertificateHook (fd, SSL_AuthCertificate, CERT_GetDefaultCertDB ());
  SSL_GetClientAuthDataHook (fd, give_identity, self);
  if (SSL_ResetHandshake (fd, PR_FALSE) != SECSuccess || SSL_ForceHandshake (fd) != SECSuccess ||
      PR_Write (fd, REQUEST, strlen (REQUEST)) != (gint32)strlen (REQUEST))
    die ("handshake");
  while ((got = PR_Read (fd, answer + length, (gint32)sizeof answer - 1 - length)) > 0)
    length += got;
  answer[length] = '\0';
  if (strstr (answer, "cardea-bench:") == NULL || strstr (answer, "cardea-bench:r") != NULL)
    die ("unexpected answer");
  PR_Close (fd);
}

static double
cpu_seconds (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / G_USEC_PER_SEC;
}

int
main (int argc, char **argv)
{
  Identity identity = { 0 };
  guint count = 0;

  if (argc != 7) {
    fprintf (stderr, "usage: nss-direct MODULE PIN CA-FILE PORT NICKNAME SECONDS\n");
    return 2;
  }
  if (NSS_NoDB_Init (NULL) != SECSuccess)
    die ("NSS");
  trust_authority (argv[3]);
  load_identity (&identity, argv[1], argv[5], argv[2]);

  guint16 port = (guint16)atoi (argv[4]);
  connect_once (&identity, port);
  double cpu = cpu_seconds ();
  gint64 start = g_get_monotonic_time ();
  gint64 end = start + (gint64)(g_ascii_strtod (argv[6], NULL) * G_USEC_PER_SEC);
  do {
    connect_once (&identity, port);
    count++;
  } while (g_get_monotonic_time () < end);
  if (identity.n_asked != count + 1)
    die ("the server did not ask each time");
  printf ("%u %.6f %.6f\n", count, (double)(g_get_monotonic_time () - start) / G_USEC_PER_SEC,
          cpu_seconds () - cpu);
  return 0;
}
