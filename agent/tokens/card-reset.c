/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login lives on the card. It outlives C_Logout with most cards, and a module that keeps no handle takes
 * nothing along when its process ends; until the card is reset every program that reaches the card service
 * can make it sign. Anybody may reset a card that is shared, and it loses nothing but logins by that. */

#include "agent/tokens/card-reset.h"

#include <gio/gio.h>
#include <winscard.h>

/* No card that could sign for anybody. */
static gboolean
is_gone (LONG rv)
{
  return rv == (LONG)SCARD_E_NO_SMARTCARD || rv == (LONG)SCARD_W_REMOVED_CARD ||
         rv == (LONG)SCARD_E_UNKNOWN_READER || rv == (LONG)SCARD_E_READER_UNAVAILABLE ||
         rv == (LONG)SCARD_W_UNPOWERED_CARD || rv == (LONG)SCARD_W_UNRESPONSIVE_CARD ||
         rv == (LONG)SCARD_E_NO_READERS_AVAILABLE;
}

/* Not by the card's answer to reset: two of a kind have the same. */
static LONG
check_insertion (SCARDCONTEXT context, const CardeaInsertion *insertion)
{
  SCARD_READERSTATE state = { .szReader = insertion->reader };
  LONG rv = SCardGetStatusChange (context, 0, &state, 1);

  if (rv == SCARD_S_SUCCESS && ((state.dwEventState & SCARD_STATE_PRESENT) == 0 ||
                                (state.dwEventState >> 16 & 0xffff) != insertion->counter))
    return SCARD_W_REMOVED_CARD;
  return rv;
}

static LONG
reset (SCARDCONTEXT context, const char *reader)
{
  SCARDHANDLE handle;
  DWORD protocol;
  LONG rv = SCardConnect (context, reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &handle, &protocol);

  return rv == SCARD_S_SUCCESS ? SCardDisconnect (handle, SCARD_RESET_CARD) : rv;
}

gboolean
cardea_card_reset (const CardeaInsertion *insertion, GError **error)
{
  SCARDCONTEXT context;
  LONG rv = SCardEstablishContext (SCARD_SCOPE_SYSTEM, NULL, NULL, &context);

  if (rv == SCARD_S_SUCCESS) {
    rv = check_insertion (context, insertion);
    if (rv == SCARD_S_SUCCESS)
      rv = reset (context, insertion->reader);
    SCardReleaseContext (context);
  }
  if (rv == SCARD_S_SUCCESS || is_gone (rv))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR,
                       rv == (LONG)SCARD_E_SHARING_VIOLATION ? G_IO_ERROR_BUSY : G_IO_ERROR_FAILED,
                       pcsc_stringify_error (rv));
  return FALSE;
}
