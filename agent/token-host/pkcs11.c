/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one PKCS#11 module of this process.
 *
 * It is never finalised and never unloaded: the process simply ends. Modules hang in C_Finalize, and their
 * threads crash when the code goes away beneath them. */

#include "agent/token-host/pkcs11.h"

#include <dlfcn.h>
#include <unistd.h>

struct _CardeaPkcs11
{
  const CK_FUNCTION_LIST *functions; /* the module's */
  gboolean serialise;
  GMutex lock;       /* around each call, when serialise */
  GMutex token_info; /* around C_GetTokenInfo */
};

/* NSS's modules read one more member than PKCS#11 has (CK_C_INITIALIZE_ARGS in NSS's pkcs11t.h:
 * LibraryParameters, where PKCS#11 has pReserved, and pReserved after it); to others the addition is
 * invisible. */
typedef struct
{
  CK_C_INITIALIZE_ARGS standard;
  void *reserved;
} InitialiseArguments;

G_STATIC_ASSERT (G_STRUCT_OFFSET (InitialiseArguments, reserved) == sizeof (CK_C_INITIALIZE_ARGS));

const CK_FUNCTION_LIST *
cardea_pkcs11_enter (CardeaPkcs11 *self)
{
  if (self->serialise)
    g_mutex_lock (&self->lock);
  return self->functions;
}

void
cardea_pkcs11_leave (CardeaPkcs11 *self)
{
  if (self->serialise)
    g_mutex_unlock (&self->lock);
}

static CK_FUNCTION_LIST *
open_module (const char *path, CardeaFailure *failure)
{
  CK_FUNCTION_LIST *functions = NULL;
  void *module;
  CK_C_GetFunctionList get_function_list;

  if (access (path, F_OK) < 0) {
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_MISSING, "There is no such file.");
    return NULL;
  }
  module = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  if (module == NULL) {
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_MODULE, "It cannot be loaded: %.500s.", dlerror ());
    return NULL;
  }
  get_function_list = (CK_C_GetFunctionList)dlsym (module, "C_GetFunctionList");
  if (get_function_list == NULL) {
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_MODULE,
                        "It is a library, but no PKCS#11 module: it has no C_GetFunctionList.");
    return NULL;
  }

  CK_RV rv = get_function_list (&functions);

  if (rv != CKR_OK || functions == NULL || functions->version.major != 2) {
    cardea_failure_set (failure, CARDEA_HOST_FAILURE_MODULE,
                        "Its C_GetFunctionList gives no functions of PKCS#11 2.");
    failure->rv = rv;
    return NULL;
  }
  return functions;
}

static gboolean
initialise (CardeaPkcs11 *self, const char *init_arguments, CardeaFailure *failure)
{
  g_autofree char *reserved = g_strdup (init_arguments); /* modules are known to write into it */
  InitialiseArguments arguments = { { .flags = CKF_OS_LOCKING_OK, .pReserved = reserved } };
  CK_RV rv = CARDEA_PKCS11_CALL (self, C_Initialize, &arguments);

  if (rv == CKR_CANT_LOCK || rv == CKR_NEED_TO_CREATE_THREADS) {
    self->serialise = TRUE;
    arguments.standard.flags = 0;
    rv = CARDEA_PKCS11_CALL (self, C_Initialize, &arguments);
  }
  if (rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED)
    return TRUE;

  g_autofree char *name = cardea_ckr_to_string (rv);

  cardea_failure_set (failure, CARDEA_HOST_FAILURE_MODULE, "It does not start (C_Initialize: %s).", name);
  failure->rv = rv;
  return FALSE;
}

CardeaPkcs11 *
cardea_pkcs11_load (const char *path, const char *init_arguments, CardeaFailure *failure)
{
  g_autofree CardeaPkcs11 *self = g_new0 (CardeaPkcs11, 1);

  g_mutex_init (&self->lock);
  g_mutex_init (&self->token_info);
  self->functions = open_module (path, failure);
  if (self->functions == NULL || !initialise (self, init_arguments, failure))
    return NULL;
  return g_steal_pointer (&self);
}

CK_RV
cardea_pkcs11_get_token_info (CardeaPkcs11 *self, CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
  CK_RV rv;

  g_mutex_lock (&self->token_info);
  rv = CARDEA_PKCS11_CALL (self, C_GetTokenInfo, slot, info);
  g_mutex_unlock (&self->token_info);
  return rv;
}
