/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A PC/SC library with one reader, $CARDEA_READER. It has two functions; all others are those of the real
 * library, which this one needs, and where a look-up in this one goes on.
 *
 * The second one looks on while OpenSC asks a PIV card how its PIN stands, which is a VERIFY without a PIN
 * (SP 800-73-4 part 2, 3.2.1): the card says how many tries are left, and PKCS#11 has no word for it. So the
 * number is known without a single command of ours, and only of a card that answered to PIV's name. What is
 * sent is passed on as it is, and of no command more than its first bytes is looked at. */

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <winscard.h>

typedef LONG (*ListReaders) (SCARDCONTEXT context, LPCSTR groups, LPSTR readers, LPDWORD length);

typedef LONG (*Transmit) (SCARDHANDLE card, const SCARD_IO_REQUEST *send_pci, LPCBYTE command, DWORD length,
                          SCARD_IO_REQUEST *receive_pci, LPBYTE response, LPDWORD response_length);

enum
{
  INS_VERIFY = 0x20,
  INS_CHANGE_REFERENCE_DATA = 0x24,
  INS_RESET_RETRY_COUNTER = 0x2c,
  INS_SELECT = 0xa4,
};

#define HEADER 5
#define UNKNOWN (-1)

static atomic_int is_piv; /* it was selected last */
static atomic_int pin_tries = UNKNOWN, puk_tries = UNKNOWN;

int cardea_one_reader_get_tries (int puk);

/* For cardea-token-host. */
__attribute__ ((visibility ("default"))) int
cardea_one_reader_get_tries (int puk)
{
  return atomic_load (puk ? &puk_tries : &pin_tries);
}

/* ISO/IEC 7816-4, 5.1.3. */
static int
read_tries (unsigned status)
{
  if ((status & 0xfff0) == 0x63c0)
    return (int)(status & 0x0f);
  return status == 0x6983 ? 0 : UNKNOWN;
}

static void
note_select (LPCBYTE command, DWORD length, unsigned status)
{
  static const BYTE name[] = { 0xa0, 0x00, 0x00, 0x03, 0x08 };
  int named = length >= HEADER + sizeof name && memcmp (command + HEADER, name, sizeof name) == 0;

  atomic_store (&is_piv, named && (status == 0x9000 || status >> 8 == 0x61));
}

static void
note (LPCBYTE command, DWORD length, unsigned status)
{
  if (command[0] == 0x00 && command[1] == INS_SELECT && command[2] == 0x04)
    note_select (command, length, status);
  if (command[0] != 0x00 || command[2] != 0x00 || command[3] != 0x80 || !atomic_load (&is_piv))
    return;
  if (command[1] == INS_VERIFY || command[1] == INS_CHANGE_REFERENCE_DATA)
    atomic_store (&pin_tries, read_tries (status));
  if (command[1] == INS_RESET_RETRY_COUNTER) {
    atomic_store (&puk_tries, read_tries (status));
    atomic_store (&pin_tries, UNKNOWN);
  }
}

__attribute__ ((visibility ("default"))) LONG
SCardTransmit (SCARDHANDLE card, const SCARD_IO_REQUEST *send_pci, LPCBYTE command, DWORD length,
               SCARD_IO_REQUEST *receive_pci, LPBYTE response, LPDWORD response_length)
{
  Transmit real = (Transmit)(void (*) (void))dlsym (RTLD_NEXT, "SCardTransmit");
  LONG rv;

  if (real == NULL)
    return SCARD_E_NO_SERVICE;
  rv = real (card, send_pci, command, length, receive_pci, response, response_length);
  if (rv == SCARD_S_SUCCESS && command != NULL && length >= 4 && response != NULL &&
      response_length != NULL && *response_length >= 2)
    note (command, length, (unsigned)(response[*response_length - 2] << 8 | response[*response_length - 1]));
  return rv;
}

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
