/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The user's NSS database, opened without its modules.
 *
 * NSS makes a database wherever it finds none, and fills an empty file. Both would hide a loss: so what is
 * there is looked at first, and a new database is made aside and moved in, never over anything.
 * NSS_INIT_NOROOTINIT keeps NSS from loading a libnssckbi.so that lies in the folder. */

#include "nss-config/database.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <nss.h>
#include <pk11pub.h>
#include <prerror.h>
#include <secerr.h>
#include <secmod.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAGS (NSS_INIT_NOMODDB | NSS_INIT_NOROOTINIT)
#define CERTIFICATES "cert9.db"
#define KEYS "key4.db"

static const char SQLITE_MAGIC[16] = "SQLite format 3"; /* sqlite.org/fileformat.html, 1.3: with its NUL */

struct _CardeaDatabase
{
  char *folder;
};

static gboolean
set_errno (GError **error, int code, const char *what, const char *path)
{
  g_set_error (error, G_IO_ERROR, (int)g_io_error_from_errno (code), "%s %s: %s", path, what,
               g_strerror (code));
  return FALSE;
}

void
cardea_database_set_nss_error (GError **error, const char *what)
{
  PRErrorCode code = PR_GetError ();
  const char *name = PR_ErrorToName (code);
  const char *words = PR_ErrorToString (code, PR_LANGUAGE_I_DEFAULT);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s (%s)", what,
               words != NULL && *words != '\0' ? words : "?", name != NULL ? name : "unknown error");
}

char *
cardea_database_find_folder (const char *chosen, GError **error)
{
  static const char *const UNKNOWN[] = { "dbm:", "extern:", "rdb:", "multiaccess:" };
  const char *path = chosen;

  if (chosen == NULL)
    return g_build_filename (g_get_home_dir (), ".pki", "nssdb", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (UNKNOWN); i++)
    if (g_str_has_prefix (chosen, UNKNOWN[i])) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "%s is a database of a kind that is not supported: only folders with cert9.db (sql:) are",
                   chosen);
      return NULL;
    }
  if (g_str_has_prefix (chosen, "sql:"))
    path = chosen + strlen ("sql:");
  if (*path == '\0') {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "The name of the database's folder is empty");
    return NULL;
  }
  return g_canonicalize_filename (path, NULL);
}

static gboolean
check_folder (const char *folder, GError **error)
{
  struct stat status;

  if (stat (folder, &status) != 0)
    return set_errno (error, errno, "cannot be used", folder);
  if (!S_ISDIR (status.st_mode))
    return set_errno (error, ENOTDIR, "cannot be used", folder);
  if (status.st_uid != geteuid ()) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                 "%s belongs to another user (%u): give it back with chown, or name another with --database",
                 folder, (guint)status.st_uid);
    return FALSE;
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                 "%s can be written by others, who could add authorities: run \"chmod 700\" on it first",
                 folder);
    return FALSE;
  }
  return TRUE;
}

/* One of the database's files. *@exists is set when nothing went wrong. */
static gboolean
check_file (const char *folder, const char *name, gboolean *exists, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  char magic[sizeof SQLITE_MAGIC] = { 0 };
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  gssize n;

  if (fd < 0 && errno == ENOENT) {
    *exists = FALSE;
    return TRUE;
  }
  if (fd < 0)
    return set_errno (error, errno, "cannot be read", path);
  n = read (fd, magic, sizeof magic);
  close (fd);
  if (n != (gssize)sizeof magic || memcmp (magic, SQLITE_MAGIC, sizeof magic) != 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "%s is damaged: it is no database. It was left as it is; move it away or restore it from a "
                 "backup, then "
                 "try again",
                 path);
    return FALSE;
  }
  *exists = TRUE;
  return TRUE;
}

static gboolean
check_files (const char *folder, gboolean *exists, GError **error)
{
  gboolean has_certificates;
  gboolean has_keys;

  if (!check_file (folder, CERTIFICATES, &has_certificates, error) ||
      !check_file (folder, KEYS, &has_keys, error))
    return FALSE;
  if (has_certificates != has_keys) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "%s holds half a database: %s is missing. Nothing was changed; restore it from a backup, or move the "
        "other half away",
        folder, has_keys ? CERTIFICATES : KEYS);
    return FALSE;
  }
  *exists = has_certificates;
  return TRUE;
}

static gboolean
initialise (const char *folder, GError **error)
{
  g_autofree char *name = g_strconcat ("sql:", folder, NULL);

  if (NSS_Initialize (name, "", "", SECMOD_DB, FLAGS) == SECSuccess)
    return TRUE;
  g_autofree char *what = g_strdup_printf ("The database in %s cannot be opened", folder);

  cardea_database_set_nss_error (error, what);
  return FALSE;
}

/* An NSS database in an empty folder, ready to hold keys: with the empty password, which is none. */
static gboolean
make_files (const char *folder, GError **error)
{
  PK11SlotInfo *slot;
  gboolean ok;

  if (!initialise (folder, error))
    return FALSE;
  slot = PK11_GetInternalKeySlot ();
  ok = slot != NULL && (!PK11_NeedUserInit (slot) || PK11_InitPin (slot, NULL, "") == SECSuccess);
  if (!ok)
    cardea_database_set_nss_error (error, "The new database cannot be set up");
  if (slot != NULL)
    PK11_FreeSlot (slot);
  if (NSS_Shutdown () == SECSuccess || !ok)
    return ok;
  cardea_database_set_nss_error (error, "The new database cannot be closed");
  return FALSE;
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) entries = g_dir_open (folder, 0, NULL);
  const char *name;

  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    (void)unlink (path);
  }
  (void)rmdir (folder);
}

/* FALSE without an error: somebody else was faster. */
static gboolean
move_file (const char *from, const char *to, const char *name, GError **error)
{
  g_autofree char *source = g_build_filename (from, name, NULL);
  g_autofree char *target = g_build_filename (to, name, NULL);

  if (renameat2 (AT_FDCWD, source, AT_FDCWD, target, RENAME_NOREPLACE) == 0)
    return TRUE;
  if (errno != EEXIST)
    set_errno (error, errno, "cannot be made", target);
  return FALSE;
}

static gboolean
fill_folder (const char *folder, gboolean *created, GError **error)
{
  g_autofree char *aside = g_build_filename (folder, ".cardea-XXXXXX", NULL);
  g_autoptr (GError) local = NULL;

  if (g_mkdtemp_full (aside, 0700) == NULL)
    return set_errno (error, errno, "cannot be written", folder);
  *created = make_files (aside, &local) && move_file (aside, folder, KEYS, &local) &&
             move_file (aside, folder, CERTIFICATES, &local);
  remove_folder (aside);
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
cardea_database_create (const char *folder, gboolean *created, GError **error)
{
  g_return_val_if_fail (folder != NULL && created != NULL, FALSE);

  gboolean exists = FALSE;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    return set_errno (error, errno, "cannot be made", folder);
  if (!check_folder (folder, error) || !check_files (folder, &exists, error))
    return FALSE;
  if (exists) {
    *created = FALSE;
    return TRUE;
  }
  return fill_folder (folder, created, error);
}

CardeaDatabase *
cardea_database_open (const char *folder, GError **error)
{
  g_return_val_if_fail (folder != NULL, NULL);

  gboolean exists = FALSE;
  CardeaDatabase *self;

  if (g_file_test (folder, G_FILE_TEST_EXISTS) &&
      (!check_folder (folder, error) || !check_files (folder, &exists, error)))
    return NULL;
  if (!exists) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "There is no database in %s: make one with \"cardea-nss-config init\"", folder);
    return NULL;
  }
  if (!initialise (folder, error))
    return NULL;
  self = g_new0 (CardeaDatabase, 1);
  self->folder = g_strdup (folder);
  return self;
}

void
cardea_database_close (CardeaDatabase *self)
{
  if (self == NULL)
    return;
  if (NSS_Shutdown () != SECSuccess)
    g_debug ("The database was closed while parts of it were in use");
  g_free (self->folder);
  g_free (self);
}

const char *
cardea_database_get_folder (const CardeaDatabase *self)
{
  return self->folder;
}
