/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A shared library like any other: no PKCS#11 module. */

int cardea_plain_library (void);

int
cardea_plain_library (void)
{
  return 1;
}
