/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A reader without a driver is not known to the card service, so only the kernel can tell of it: an interface
 * of the class of smart card readers (USB CCID, 4.2). */

#include "agent/tokens/usb-readers.h"

#include <string.h>

#include "agent/base/printable.h"

#define DEVICES "/sys/bus/usb/devices"
#define SMART_CARD "0b"
#define MAX_NAME 128

static char *
read_attribute (const char *folder, const char *device, const char *name)
{
  g_autofree char *path = g_build_filename (folder, device, name, NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? g_strstrip (text) : NULL;
}

/* "1-2:1.0" is an interface of the device "1-2". */
static char *
name_device (const char *folder, const char *interface)
{
  g_autofree char *device = g_strndup (interface, strcspn (interface, ":"));
  g_autofree char *product = read_attribute (folder, device, "product");

  return product != NULL && *product != '\0' ? cardea_printable (product, (gssize)strnlen (product, MAX_NAME))
                                             : g_strdup (device);
}

char *
cardea_usb_readers_find (const char *folder)
{
  const char *path = folder != NULL ? folder : DEVICES;
  g_autoptr (GDir) devices = g_dir_open (path, 0, NULL);
  const char *name;

  while (devices != NULL && (name = g_dir_read_name (devices)) != NULL) {
    g_autofree char *class = read_attribute (path, name, "bInterfaceClass");

    if (g_strcmp0 (class, SMART_CARD) == 0)
      return name_device (path, name);
  }
  return NULL;
}
