/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A PC/SC library with one reader, $CARDEA_READER. It has a single function; all others are those of the real
 * library, which this one needs, and where a look-up in this one goes on. */

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <winscard.h>

typedef LONG (*ListReaders) (SCARDCONTEXT context, LPCSTR groups, LPSTR readers, LPDWORD length);

static int
contains (const char *list, const char *name)
{
  for (; *list != '\0'; list += strlen (list) + 1)
    if (strcmp (list, name) == 0)
      return 1;
  return 0;
}

/* The real list into memory of ours; it may grow between the two calls. */
static LONG
list_all (SCARDCONTEXT context, LPCSTR groups, char **list)
{
  ListReaders real = (ListReaders)(void (*) (void))dlsym (RTLD_NEXT, "SCardListReaders");
  DWORD length = 0;
  LONG rv = SCARD_E_NO_SERVICE;

  *list = NULL;
  if (real == NULL)
    return rv;
  do {
    free (*list);
    *list = NULL;
    rv = real (context, groups, NULL, &length);
    if (rv != SCARD_S_SUCCESS)
      return rv;
    *list = calloc (1, length + 2);
    if (*list == NULL)
      return SCARD_E_NO_MEMORY;
    rv = real (context, groups, *list, &length);
  } while (rv == (LONG)SCARD_E_INSUFFICIENT_BUFFER);
  return rv;
}

/* As the real one gives it: a list of one name, to a buffer of the caller's or one that it frees. */
static LONG
give (const char *name, LPSTR readers, LPDWORD length)
{
  DWORD needed = strlen (name) + 2;
  LPSTR target = readers;

  if (readers == NULL) {
    *length = needed;
    return SCARD_S_SUCCESS;
  }
  if (*length == SCARD_AUTOALLOCATE) {
    target = malloc (needed);
    if (target == NULL)
      return SCARD_E_NO_MEMORY;
    *(LPSTR *)(void *)readers = target;
  } else if (*length < needed) {
    *length = needed;
    return SCARD_E_INSUFFICIENT_BUFFER;
  }
  memcpy (target, name, needed - 1);
  target[needed - 1] = '\0';
  *length = needed;
  return SCARD_S_SUCCESS;
}

__attribute__ ((visibility ("default"))) LONG
SCardListReaders (SCARDCONTEXT context, LPCSTR groups, LPSTR readers, LPDWORD length)
{
  const char *name = getenv ("CARDEA_READER");
  char *list;
  LONG rv;

  if (length == NULL)
    return SCARD_E_INVALID_PARAMETER;
  rv = list_all (context, groups, &list);
  if (rv == SCARD_S_SUCCESS && (name == NULL || !contains (list, name)))
    rv = SCARD_E_NO_READERS_AVAILABLE;
  if (rv == SCARD_S_SUCCESS)
    rv = give (name, readers, length);
  free (list);
  return rv;
}
