/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The front module as NSS meets it: by its function list, with odd arguments, and from many threads at once.
 */

#include "agent/front/front.h"

#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <string.h>

static CK_FUNCTION_LIST *
get_functions (void)
{
  CK_FUNCTION_LIST *functions = NULL;

  g_assert_cmpuint (C_GetFunctionList (&functions), ==, CKR_OK);
  return functions;
}

static CK_SESSION_HANDLE
open_session (CK_FUNCTION_LIST *f)
{
  CK_SESSION_HANDLE session = 0;

  g_assert_cmpuint (f->C_OpenSession (1, CKF_SERIAL_SESSION, NULL, NULL, &session), ==, CKR_OK);
  return session;
}

static CK_OBJECT_HANDLE
find (CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG count)
{
  CK_OBJECT_HANDLE objects[2] = { 0, 0 };
  CK_ULONG found = 0;

  g_assert_cmpuint (f->C_FindObjectsInit (session, attributes, count), ==, CKR_OK);
  g_assert_cmpuint (f->C_FindObjects (session, objects, 2, &found), ==, CKR_OK);
  g_assert_cmpuint (found, <=, 1);
  CK_ULONG again = 1;
  g_assert_cmpuint (f->C_FindObjects (session, objects + 1, 1, &again), ==, CKR_OK);
  g_assert_cmpuint (again, ==, 0);
  g_assert_cmpuint (f->C_FindObjectsFinal (session), ==, CKR_OK);
  return objects[0];
}

static CK_OBJECT_HANDLE
find_named (CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const void *name,
            gsize length)
{
  CK_ATTRIBUTE attributes[] = {
    { CKA_CLASS, &class, sizeof class },
    { class == CKO_PRIVATE_KEY ? CKA_ID : CKA_VALUE, (void *)name, length },
  };

  return find (f, session, attributes, G_N_ELEMENTS (attributes));
}

/* Signs with the first byte of its user data. */
static gboolean
sign_byte (gpointer data, const CardeaFrontSignRequest *request, guint8 *signature, gsize *length)
{
  memset (signature, *(const guint8 *)data, 64);
  *length = 64;
  return TRUE;
}

static gboolean
sign_nothing (gpointer data, const CardeaFrontSignRequest *request, guint8 *signature, gsize *length)
{
  return FALSE;
}

static gboolean
sign_too_much (gpointer data, const CardeaFrontSignRequest *request, guint8 *signature, gsize *length)
{
  (*length)++;
  return TRUE;
}

static GBytes *
get_p256 (void)
{
  static const guint8 oid[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };

  return g_bytes_new_static (oid, sizeof oid);
}

static void
add_ec_key (const guint8 *id, CardeaFrontSign sign, gpointer data, GDestroyNotify destroy)
{
  g_autoptr (GBytes) parameters = get_p256 ();

  cardea_front_add_key (id, CARDEA_FRONT_EC, parameters, sign, data, destroy);
}

static void
test_slot (void)
{
  CK_FUNCTION_LIST *f = get_functions ();
  CK_C_INITIALIZE_ARGS locking = { .flags = CKF_OS_LOCKING_OK };
  CK_SLOT_ID slots[2] = { 0, 0 };
  CK_ULONG count = 0;
  CK_TOKEN_INFO token;
  CK_SLOT_INFO slot;
  CK_MECHANISM_TYPE mechanisms[3];

  g_assert_cmpuint (f->C_Initialize (&locking), ==, CKR_OK);
  g_assert_cmpuint (f->C_GetSlotList (CK_TRUE, NULL, &count), ==, CKR_OK);
  g_assert_cmpuint (count, ==, 1);
  count = 0;
  g_assert_cmpuint (f->C_GetSlotList (CK_TRUE, slots, &count), ==, CKR_BUFFER_TOO_SMALL);
  count = 2;
  g_assert_cmpuint (f->C_GetSlotList (CK_FALSE, slots, &count), ==, CKR_OK);
  g_assert_cmpuint (f->C_GetSlotInfo (slots[0], &slot), ==, CKR_OK);
  g_assert_cmpuint (slot.flags, ==, CKF_TOKEN_PRESENT);
  g_assert_cmpuint (f->C_GetSlotInfo (slots[0] + 1, &slot), ==, CKR_SLOT_ID_INVALID);
  g_assert_cmpuint (f->C_GetTokenInfo (slots[0], &token), ==, CKR_OK);
  g_assert_cmpuint (token.flags & (CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED), ==, CKF_TOKEN_INITIALIZED);
  g_assert_cmpmem (token.label, strlen (CARDEA_FRONT_TOKEN_LABEL), CARDEA_FRONT_TOKEN_LABEL,
                   strlen (CARDEA_FRONT_TOKEN_LABEL));
  count = G_N_ELEMENTS (mechanisms);
  g_assert_cmpuint (f->C_GetMechanismList (slots[0], mechanisms, &count), ==, CKR_OK);
  g_assert_cmpuint (count, ==, 3);
}

/* NSS calls through the table without looking. */
static void
test_unsupported (void)
{
  CK_FUNCTION_LIST *f = get_functions ();
  void **entries = (void **)((char *)f + G_STRUCT_OFFSET (CK_FUNCTION_LIST, C_Initialize));
  gsize count = (sizeof *f - G_STRUCT_OFFSET (CK_FUNCTION_LIST, C_Initialize)) / sizeof *entries;
  CK_SESSION_HANDLE session = open_session (f);

  g_assert_cmpuint (count, ==, 68);
  for (gsize i = 0; i < count; i++)
    g_assert_nonnull (entries[i]);
  g_assert_cmpuint (f->C_Login (session, CKU_USER, NULL, 0), ==, CKR_FUNCTION_NOT_SUPPORTED);
  g_assert_cmpuint (f->C_Logout (session), ==, CKR_FUNCTION_NOT_SUPPORTED);
  g_assert_cmpuint (f->C_WaitForSlotEvent (CKF_DONT_BLOCK, NULL, NULL), ==, CKR_NO_EVENT);
  g_assert_cmpuint (f->C_CloseSession (session), ==, CKR_OK);
  g_assert_cmpuint (f->C_CloseSession (session), ==, CKR_SESSION_HANDLE_INVALID);
}

static void
test_find (void)
{
  CK_FUNCTION_LIST *f = get_functions ();
  CK_SESSION_HANDLE session = open_session (f);
  guint8 id[32] = { 1, 2, 3 };
  guint8 other[32] = { 1, 2, 4 };
  g_autoptr (GBytes) der = g_bytes_new_static ("a certificate", 13);
  CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
  CK_OBJECT_CLASS trust = CKO_DATA;
  CK_ATTRIBUTE only_class = { CKA_CLASS, &class, sizeof class };
  CK_ATTRIBUTE odd_class = { CKA_CLASS, &class, 1 };
  CK_ATTRIBUTE null_class = { CKA_CLASS, NULL, sizeof class };
  CK_ATTRIBUTE null_id[] = { only_class, { CKA_ID, NULL, 32 } };
  CK_ATTRIBUTE wrong_label[] = { only_class, { CKA_ID, id, sizeof id }, { CKA_LABEL, (void *)"x", 1 } };
  CK_ATTRIBUTE data[] = { { CKA_CLASS, &trust, sizeof trust }, { CKA_ID, id, sizeof id } };

  add_ec_key (id, sign_nothing, NULL, NULL);
  cardea_front_add_certificate (der);
  g_assert_cmpuint (cardea_front_count (), ==, 2);
  CK_OBJECT_HANDLE key = find_named (f, session, CKO_PRIVATE_KEY, id, sizeof id);
  CK_OBJECT_HANDLE certificate = find_named (f, session, CKO_CERTIFICATE, "a certificate", 13);
  g_assert_cmpuint (key, !=, 0);
  g_assert_cmpuint (certificate, !=, 0);
  g_assert_cmpuint (key, !=, certificate);
  g_assert_cmpuint (find_named (f, session, CKO_PRIVATE_KEY, other, sizeof other), ==, 0);
  g_assert_cmpuint (find_named (f, session, CKO_PRIVATE_KEY, id, 31), ==, 0);
  g_assert_cmpuint (find_named (f, session, CKO_PRIVATE_KEY, id, 0), ==, 0);
  g_assert_cmpuint (find_named (f, session, CKO_CERTIFICATE, "a certificatf", 13), ==, 0);
  g_assert_cmpuint (find (f, session, NULL, 0), ==, 0);
  g_assert_cmpuint (find (f, session, &only_class, 1), ==, 0);
  g_assert_cmpuint (find (f, session, &odd_class, 1), ==, 0);
  g_assert_cmpuint (find (f, session, &null_class, 1), ==, 0);
  g_assert_cmpuint (find (f, session, null_id, 2), ==, 0);
  g_assert_cmpuint (find (f, session, wrong_label, 3), ==, 0);
  g_assert_cmpuint (find (f, session, data, 2), ==, 0);

  /* A handle that comes back would be another connection's key. */
  cardea_front_remove_key (id);
  g_assert_cmpuint (find_named (f, session, CKO_PRIVATE_KEY, id, sizeof id), ==, 0);
  add_ec_key (id, sign_nothing, NULL, NULL);
  g_assert_cmpuint (find_named (f, session, CKO_PRIVATE_KEY, id, sizeof id), !=, key);
  cardea_front_remove_key (id);
  cardea_front_remove_certificate (der);
  g_assert_cmpuint (cardea_front_count (), ==, 0);
  f->C_CloseSession (session);
}

static void
test_certificates_are_counted (void)
{
  CK_FUNCTION_LIST *f = get_functions ();
  CK_SESSION_HANDLE session = open_session (f);
  g_autoptr (GBytes) one = g_bytes_new ("same", 4);
  g_autoptr (GBytes) two = g_bytes_new ("same", 4);

  cardea_front_add_certificate (one);
  cardea_front_add_certificate (two);
  g_assert_cmpuint (cardea_front_count (), ==, 1);
  cardea_front_remove_certificate (one);
  g_assert_cmpuint (find_named (f, session, CKO_CERTIFICATE, "same", 4), !=, 0);
  cardea_front_remove_certificate (two);
  g_assert_cmpuint (find_named (f, session, CKO_CERTIFICATE, "same", 4), ==, 0);
  g_assert_cmpuint (cardea_front_count (), ==, 0);
  f->C_CloseSession (session);
}

static void
test_attributes (void)
{
  CK_FUNCTION_LIST *f = get_functions ();
  CK_SESSION_HANDLE session = open_session (f);
  guint8 id[32] = { 7 };
  guint8 small[1];
  CK_KEY_TYPE type = 0;
  CK_BBOOL authenticate = CK_TRUE;
  guint8 parameters[32];
  CK_ATTRIBUTE attributes[] = {
    { CKA_KEY_TYPE, &type, sizeof type },
    { CKA_VALUE, NULL, 0 },
    { CKA_ALWAYS_AUTHENTICATE, &authenticate, sizeof authenticate },
    { CKA_ID, small, sizeof small },
    { CKA_EC_PARAMS, parameters, sizeof parameters },
    { CKA_MODULUS, NULL, 0 },
    { CKA_LABEL, NULL, 0 },
  };

  add_ec_key (id, sign_nothing, NULL, NULL);
  CK_OBJECT_HANDLE key = find_named (f, session, CKO_PRIVATE_KEY, id, sizeof id);
  /* The first failure is returned, and all are answered. */
  g_assert_cmpuint (f->C_GetAttributeValue (session, key, attributes, G_N_ELEMENTS (attributes)), ==,
                    CKR_ATTRIBUTE_SENSITIVE);
  g_assert_cmpuint (type, ==, CKK_EC);
  g_assert_cmpuint (attributes[1].ulValueLen, ==, CK_UNAVAILABLE_INFORMATION);
  g_assert_cmpuint (authenticate, ==, CK_FALSE);
  g_assert_cmpuint (attributes[3].ulValueLen, ==, CK_UNAVAILABLE_INFORMATION);
  g_assert_cmpuint (attributes[4].ulValueLen, ==, 10);
  g_assert_cmpuint (attributes[5].ulValueLen, ==, CK_UNAVAILABLE_INFORMATION);
  g_assert_cmpuint (attributes[6].ulValueLen, ==, 0);
  g_assert_cmpuint (f->C_GetAttributeValue (session, key + 1, attributes, 1), ==, CKR_OBJECT_HANDLE_INVALID);
  g_assert_cmpuint (f->C_GetAttributeValue (session + 1, key, attributes, 1), ==, CKR_SESSION_HANDLE_INVALID);
  cardea_front_remove_key (id);
  f->C_CloseSession (session);
}

static void
count_destroyed (gpointer data)
{
  (*(guint *)data)++;
}

static void
test_sign (void)
{
  CK_FUNCTION_LIST *f = get_functions ();
  CK_SESSION_HANDLE session = open_session (f);
  CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
  CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
  CK_MECHANISM sha1 = { CKM_ECDSA_SHA1, NULL, 0 };
  guint8 id[32] = { 9 };
  guint8 mark = 0x5a;
  guint8 digest[32] = { 0 };
  guint8 signature[64];
  CK_ULONG length = 0;

  add_ec_key (id, sign_byte, &mark, NULL);
  CK_OBJECT_HANDLE key = find_named (f, session, CKO_PRIVATE_KEY, id, sizeof id);
  g_assert_cmpuint (f->C_Sign (session, digest, 32, signature, &length), ==, CKR_OPERATION_NOT_INITIALIZED);
  g_assert_cmpuint (f->C_SignInit (session, &rsa, key), ==, CKR_KEY_TYPE_INCONSISTENT);
  g_assert_cmpuint (f->C_SignInit (session, &sha1, key), ==, CKR_MECHANISM_INVALID);
  g_assert_cmpuint (f->C_SignInit (session, &ecdsa, key + 1), ==, CKR_KEY_HANDLE_INVALID);
  g_assert_cmpuint (f->C_SignInit (session, &ecdsa, key), ==, CKR_OK);
  g_assert_cmpuint (f->C_SignInit (session, &ecdsa, key), ==, CKR_OPERATION_ACTIVE);
  g_assert_cmpuint (f->C_Sign (session, digest, 32, NULL, &length), ==, CKR_OK);
  g_assert_cmpuint (length, ==, 64);
  length = 63;
  g_assert_cmpuint (f->C_Sign (session, digest, 32, signature, &length), ==, CKR_BUFFER_TOO_SMALL);
  g_assert_cmpuint (f->C_Sign (session, digest, 32, signature, &length), ==, CKR_OK);
  g_assert_cmpuint (length, ==, 64);
  g_assert_cmpuint (signature[63], ==, mark);
  g_assert_cmpuint (f->C_Sign (session, digest, 32, signature, &length), ==, CKR_OPERATION_NOT_INITIALIZED);

  g_assert_cmpuint (f->C_SignInit (session, &ecdsa, key), ==, CKR_OK);
  g_assert_cmpuint (f->C_Sign (session, digest, 65, signature, &length), ==, CKR_DATA_LEN_RANGE);

  /* No signature begins after the removal. */
  g_assert_cmpuint (f->C_SignInit (session, &ecdsa, key), ==, CKR_OK);
  cardea_front_remove_key (id);
  g_assert_cmpuint (f->C_Sign (session, digest, 32, signature, &length), ==, CKR_KEY_HANDLE_INVALID);
  f->C_CloseSession (session);
}

static void
test_sign_fails (void)
{
  CK_FUNCTION_LIST *f = get_functions ();
  CK_SESSION_HANDLE session = open_session (f);
  CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
  CardeaFrontSign signers[] = { sign_nothing, sign_too_much };
  guint destroyed = 0;

  for (guint i = 0; i < G_N_ELEMENTS (signers); i++) {
    guint8 id[32] = { 20 + i };
    guint8 digest[32] = { 0 };
    guint8 signature[64];
    CK_ULONG length = sizeof signature;

    add_ec_key (id, signers[i], &destroyed, count_destroyed);
    CK_OBJECT_HANDLE key = find_named (f, session, CKO_PRIVATE_KEY, id, sizeof id);
    g_assert_cmpuint (f->C_SignInit (session, &ecdsa, key), ==, CKR_OK);
    g_assert_cmpuint (f->C_Sign (session, digest, 32, signature, &length), ==, CKR_FUNCTION_FAILED);
    g_assert_cmpuint (destroyed, ==, i);
    cardea_front_remove_key (id);
    g_assert_cmpuint (destroyed, ==, i + 1);
  }
  f->C_CloseSession (session);
}

static void
test_pss (void)
{
  CK_FUNCTION_LIST *f = get_functions ();
  CK_SESSION_HANDLE session = open_session (f);
  static const guint8 modulus[256] = { 0x80 };
  g_autoptr (GBytes) parameters = g_bytes_new_static (modulus, sizeof modulus);
  guint8 id[32] = { 30 };
  guint8 mark = 1;
  struct
  {
    CK_RSA_PKCS_PSS_PARAMS pss;
    CK_RV result;
  } cases[] = {
    { { CKM_SHA256, CKG_MGF1_SHA256, 32 }, CKR_OK },
    { { CKM_SHA384, CKG_MGF1_SHA384, 48 }, CKR_OK },
    { { CKM_SHA512, CKG_MGF1_SHA512, 64 }, CKR_OK },
    { { CKM_SHA256, CKG_MGF1_SHA384, 32 }, CKR_MECHANISM_PARAM_INVALID },
    { { CKM_SHA256, CKG_MGF1_SHA256, 20 }, CKR_MECHANISM_PARAM_INVALID },
    { { CKM_SHA_1, CKG_MGF1_SHA1, 20 }, CKR_MECHANISM_PARAM_INVALID },
  };

  cardea_front_add_key (id, CARDEA_FRONT_RSA, parameters, sign_byte, &mark, NULL);
  CK_OBJECT_HANDLE key = find_named (f, session, CKO_PRIVATE_KEY, id, sizeof id);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    CK_MECHANISM mechanism = { CKM_RSA_PKCS_PSS, &cases[i].pss, sizeof cases[i].pss };
    guint8 digest[64] = { 0 };
    guint8 signature[256];
    CK_ULONG length = sizeof signature;

    g_assert_cmpuint (f->C_SignInit (session, &mechanism, key), ==, cases[i].result);
    if (cases[i].result != CKR_OK)
      continue;
    g_assert_cmpuint (f->C_Sign (session, digest, cases[i].pss.sLen - 1, signature, &length), ==,
                      CKR_DATA_LEN_RANGE);
    g_assert_cmpuint (f->C_SignInit (session, &mechanism, key), ==, CKR_OK);
    length = sizeof signature;
    g_assert_cmpuint (f->C_Sign (session, digest, cases[i].pss.sLen, signature, &length), ==, CKR_OK);
  }
  CK_MECHANISM bare = { CKM_RSA_PKCS_PSS, NULL, 0 };
  g_assert_cmpuint (f->C_SignInit (session, &bare, key), ==, CKR_MECHANISM_PARAM_INVALID);
  cardea_front_remove_key (id);
  f->C_CloseSession (session);
}

typedef struct
{
  guint8 mark;
  int signing; /* atomic: it must be over before it is destroyed */
  int *destroyed;
} Churned;

static gboolean
sign_churned (gpointer data, const CardeaFrontSignRequest *request, guint8 *signature, gsize *length)
{
  Churned *churned = data;

  g_atomic_int_inc (&churned->signing);
  memset (signature, churned->mark, 64);
  *length = 64;
  g_atomic_int_add (&churned->signing, -1);
  return TRUE;
}

static void
destroy_churned (gpointer data)
{
  Churned *churned = data;

  g_assert_cmpint (g_atomic_int_get (&churned->signing), ==, 0);
  g_atomic_int_inc (churned->destroyed);
  g_free (churned);
}

enum
{
  THREADS = 8,
  ROUNDS = 300,
};

static int destroyed_in_all;

/* Adds a key of its own, signs with it, tries the neighbour's, and removes it. */
static void *
churn_in_thread (void *data)
{
  guint8 thread = (guint8)GPOINTER_TO_UINT (data);
  CK_FUNCTION_LIST *f = get_functions ();
  CK_SESSION_HANDLE session = open_session (f);
  CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
  g_autoptr (GBytes) parameters = get_p256 ();
  g_autoptr (GBytes) der = g_bytes_new ("shared", 6);

  for (guint round = 0; round < ROUNDS; round++) {
    Churned *own = g_new0 (Churned, 1);
    guint8 id[32] = { thread, 200 };
    guint8 neighbour[32] = { (thread + 1) % THREADS, 200 };
    guint8 digest[32] = { 0 };
    guint8 signature[64] = { 0 };
    CK_ULONG length = sizeof signature;

    own->mark = thread;
    own->destroyed = &destroyed_in_all;
    cardea_front_add_certificate (der);
    cardea_front_add_key (id, CARDEA_FRONT_EC, parameters, sign_churned, own, destroy_churned);
    CK_OBJECT_HANDLE key = find_named (f, session, CKO_PRIVATE_KEY, id, sizeof id);
    g_assert_cmpuint (f->C_SignInit (session, &ecdsa, key), ==, CKR_OK);
    g_assert_cmpuint (f->C_Sign (session, digest, 32, signature, &length), ==, CKR_OK);
    g_assert_cmpuint (signature[0], ==, thread);

    CK_OBJECT_HANDLE other = find_named (f, session, CKO_PRIVATE_KEY, neighbour, sizeof neighbour);
    if (other != 0 && f->C_SignInit (session, &ecdsa, other) == CKR_OK) {
      length = sizeof signature;
      if (f->C_Sign (session, digest, 32, signature, &length) == CKR_OK)
        g_assert_cmpuint (signature[0], ==, neighbour[0]);
    }
    g_assert_cmpuint (find_named (f, session, CKO_CERTIFICATE, "shared", 6), !=, 0);
    cardea_front_remove_key (id);
    cardea_front_remove_certificate (der);
  }
  f->C_CloseSession (session);
  return NULL;
}

static void
test_threads (void)
{
  pthread_t threads[THREADS];

  for (guint i = 0; i < THREADS; i++)
    g_assert_cmpint (pthread_create (&threads[i], NULL, churn_in_thread, GUINT_TO_POINTER (i)), ==, 0);
  for (guint i = 0; i < THREADS; i++)
    pthread_join (threads[i], NULL);
  g_assert_cmpint (g_atomic_int_get (&destroyed_in_all), ==, THREADS * ROUNDS);
  g_assert_cmpuint (cardea_front_count (), ==, 0);
}

static void
test_path (void)
{
  g_assert_nonnull (cardea_front_get_path ());
  g_assert_true (g_str_has_suffix (cardea_front_get_path (), "/libcardea-front.so"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/front/slot", test_slot);
  g_test_add_func ("/front/unsupported", test_unsupported);
  g_test_add_func ("/front/find", test_find);
  g_test_add_func ("/front/certificates-are-counted", test_certificates_are_counted);
  g_test_add_func ("/front/attributes", test_attributes);
  g_test_add_func ("/front/sign", test_sign);
  g_test_add_func ("/front/sign-fails", test_sign_fails);
  g_test_add_func ("/front/pss", test_pss);
  g_test_add_func ("/front/threads", test_threads);
  g_test_add_func ("/front/path", test_path);
  return g_test_run ();
}
