/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* OpenSC on one reader.
 *
 * A silent card in one reader stops OpenSC from listing and signing on another, so each reader has a process.
 * OpenSC can be told which readers to ignore, but only those that are there already, and by parts of names: a
 * reader that is plugged in later would be found by every process. So it is told another thing: which library
 * to reach readers through, and that one (one-reader-library.c) lists no reader but ours.
 *
 * The configuration that says so is a file in memory that nobody else can open for writing, since what it
 * names is loaded. It goes before the one that the agent names (agent/hosts/opensc-conf.c), which keeps
 * OpenSC from keeping PINs. */

#include "agent/token-host/one-reader.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LIBRARY "cardea-one-reader.so"
#define SYSTEM_CONFIG "/etc/opensc/opensc.conf"
#define MAX_CONFIG (1024 * 1024)
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static gboolean
set_errno (GError **error, const char *what)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));
  return FALSE;
}

/* Beside this program, built or installed. */
static char *
find_library (GError **error)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", error);
  g_autofree char *folder = program != NULL ? g_path_get_dirname (program) : NULL;

  if (folder != NULL && strpbrk (folder, "\"\\\n") != NULL) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                         "cardea is installed in a folder that OpenSC cannot be told");
    return NULL;
  }
  return folder != NULL ? g_build_filename (folder, LIBRARY, NULL) : NULL;
}

/* What the administrator set in "app default" applies as well, but for that block: OpenSC takes each from the
 * first place that has it. */
static char *
make_config (const char *library, GError **error)
{
  const char *named = g_getenv ("OPENSC_CONF");
  g_autofree char *rest = NULL;
  gsize length = 0;

  /* What the agent wrote must apply; the administrator may have written nothing. */
  if (!g_file_get_contents (named != NULL ? named : SYSTEM_CONFIG, &rest, &length,
                            named != NULL ? error : NULL) &&
      named != NULL)
    return NULL;
  if (length > MAX_CONFIG) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "OpenSC's configuration is too long");
    return NULL;
  }
  return g_strdup_printf ("app opensc-pkcs11 {\n"
                          "  reader_driver pcsc {\n    provider_library = \"%s\";\n  }\n"
                          "}\n%s",
                          library, rest != NULL ? rest : "");
}

static gboolean
write_config (int fd, const char *text, GError **error)
{
  gsize length = strlen (text);

  for (gsize done = 0; done < length;) {
    gssize n = write (fd, text + done, length - done);

    if (n < 0 && errno != EINTR)
      return set_errno (error, "cannot write OpenSC's configuration");
    done += n > 0 ? (gsize)n : 0;
  }
  if (fcntl (fd, F_ADD_SEALS, SEALS) < 0)
    return set_errno (error, "cannot seal OpenSC's configuration");
  return TRUE;
}

gboolean
cardea_one_reader_prepare (const char *reader, GError **error)
{
  g_autofree char *library = find_library (error);
  g_autofree char *config = library != NULL ? make_config (library, error) : NULL;
  g_autofree char *path = NULL;
  int fd;

  if (config == NULL)
    return FALSE;
  /* It stays open: the file is there as long as its descriptor. */
  fd = memfd_create ("opensc.conf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    return set_errno (error, "cannot make OpenSC's configuration");
  if (!write_config (fd, config, error)) {
    close (fd);
    return FALSE;
  }
  path = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_setenv ("OPENSC_CONF", path, TRUE);
  g_setenv ("CARDEA_READER", reader, TRUE);
  return TRUE;
}

/* OpenSC has the library loaded, or nobody has. */
int
cardea_one_reader_get_tries (gboolean puk)
{
  g_autofree char *path = g_getenv ("CARDEA_READER") != NULL ? find_library (NULL) : NULL;
  void *library = path != NULL ? dlopen (path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
  int (*get_tries) (int) = NULL;
  int tries = -1;

  if (library == NULL)
    return tries;
  *(void **)&get_tries = dlsym (library, "cardea_one_reader_get_tries");
  if (get_tries != NULL)
    tries = get_tries (puk);
  dlclose (library);
  return tries;
}
