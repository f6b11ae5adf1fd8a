/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* cardea-nss-config, run as it is installed; what it wrote is read back by NSS's own certutil. */

#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define ROOT "root.pem"       /* CN=Example Root, an authority */
#define SUB "sub.pem"         /* CN=Example Clients, another */
#define LEAF "client-rsa.pem" /* no authority */
#define PASSWORD "correct horse"

/* A folder of its own for each case, which is also the home. */
typedef struct
{
  char *folder;
  char *database; /* FOLDER/db, not made yet */
  char *telltale; /* a file that must never be */
  char *out;      /* of the last run, both streams */
} Place;

static void
place_set_up (Place *place, gconstpointer data)
{
  place->folder = g_dir_make_tmp ("cardea-nss-XXXXXX", NULL);
  place->database = g_build_filename (place->folder, "db", NULL);
  place->telltale = g_build_filename (place->folder, "telltale", NULL);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) entries = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);

    remove_tree (child);
  }
  g_remove (path);
}

static void
place_tear_down (Place *place, gconstpointer data)
{
  remove_tree (place->folder);
  g_free (place->folder);
  g_free (place->database);
  g_free (place->telltale);
  g_free (place->out);
}

static void
leave_terminal (gpointer data)
{
  setsid ();
}

static GSubprocessLauncher *
make_launcher (Place *place, GSubprocessFlags flags)
{
  GSubprocessLauncher *launcher = g_subprocess_launcher_new (flags);

  g_subprocess_launcher_setenv (launcher, "HOME", place->folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "CARDEA_TELLTALE", place->telltale, TRUE);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  g_subprocess_launcher_set_child_setup (launcher, leave_terminal, NULL, NULL);
  return launcher;
}

/* A shell command in which $C is the program, $CERTS the certificates' folder, $DB the database. Returns the
 * exit code. */
static int
run (Place *place, const char *command)
{
  g_autoptr (GSubprocessLauncher) launcher =
      make_launcher (place, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_set_cwd (launcher, place->folder);
  g_subprocess_launcher_setenv (launcher, "C", g_getenv ("CARDEA_NSS_CONFIG"), TRUE);
  g_subprocess_launcher_setenv (launcher, "CERTS", g_getenv ("CARDEA_CERTIFICATES"), TRUE);
  g_subprocess_launcher_setenv (launcher, "DB", place->database, TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, "/bin/sh", "-c", command, NULL);
  g_assert_no_error (error);
  g_clear_pointer (&place->out, g_free);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &place->out, NULL, &error);
  g_assert_no_error (error);
  return g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process) : 128;
}

static void
assert_run (Place *place, const char *command, int exit_code, const char *says)
{
  int got = run (place, command);

  if (got != exit_code || strstr (place->out, says) == NULL)
    g_error ("%s: exit code %d, expected %d, and \"%s\" in:\n%s", command, got, exit_code, says, place->out);
}

/* The trust certutil shows for a name; "absent". */
static char *
read_trust (Place *place, const char *name)
{
  g_autofree char *command =
      g_strdup_printf ("certutil -L -d sql:$DB | sed -n 's/^%s  *//p' | tr -d ' \\n'", name);

  g_assert_cmpint (run (place, command), ==, 0);
  return g_strdup (*place->out != '\0' ? place->out : "absent");
}

static void
assert_trust (Place *place, const char *name, const char *expected)
{
  g_autofree char *trust = read_trust (place, name);

  g_assert_cmpstr (trust, ==, expected);
}

static char *
read_file (Place *place, const char *name, gsize *length)
{
  g_autofree char *path = g_build_filename (place->database, name, NULL);
  char *contents = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &contents, length, &error);
  g_assert_no_error (error);
  return contents;
}

/* Runs a command that must fail and leave cert9.db and key4.db as they are. */
static void
assert_untouched (Place *place, const char *command, int exit_code, const char *says)
{
  gsize lengths[4];
  g_autofree char *certificates = read_file (place, "cert9.db", &lengths[0]);
  g_autofree char *keys = read_file (place, "key4.db", &lengths[1]);
  g_autofree char *certificates_after = NULL;
  g_autofree char *keys_after = NULL;

  assert_run (place, command, exit_code, says);
  certificates_after = read_file (place, "cert9.db", &lengths[2]);
  keys_after = read_file (place, "key4.db", &lengths[3]);
  g_assert_cmpmem (certificates, lengths[0], certificates_after, lengths[2]);
  g_assert_cmpmem (keys, lengths[1], keys_after, lengths[3]);
}

/* --- init --- */

static void
test_init_new (Place *place, gconstpointer data)
{
  struct stat status;

  assert_run (place, "umask 0; $C -d $DB init", 0, "A new database was made");
  g_assert_no_errno (stat (place->database, &status));
  g_assert_cmpint (status.st_mode & 07777, ==, 0700);
  assert_run (
      place,
      "ls -A $DB; stat -c %a $DB/cert9.db $DB/key4.db; certutil -L -d sql:$DB && certutil -K -d sql:$DB", 255,
      "cert9.db\nkey4.db\n600\n600\n"); /* certutil -K: no keys is 255 */
}

static void
test_init_default (Place *place, gconstpointer data)
{
  assert_run (place, "$C init && test -f .pki/nssdb/cert9.db && stat -c %a .pki .pki/nssdb", 0, "700\n700\n");
}

static void
test_init_existing (Place *place, gconstpointer data)
{
  assert_run (place, "$C -d $DB init && touch -d '2020-01-01' $DB/*", 0, "");
  assert_untouched (place, "$C -d sql:$DB init", 0, "Nothing was changed");
  assert_run (place, "stat -c %y $DB/cert9.db", 0, "2020-01-01");
}

/* A folder with other things in it is filled without touching them. */
static void
test_init_beside (Place *place, gconstpointer data)
{
  assert_run (
      place,
      "mkdir -m 700 $DB && echo mine >$DB/pkcs11.txt && $C -d $DB init && cat $DB/pkcs11.txt && ls -A $DB", 0,
      "mine\ncert9.db\nkey4.db\npkcs11.txt\n");
}

static void
test_init_race (Place *place, gconstpointer data)
{
  assert_run (place,
              "for i in 1 2 3 4 5 6; do $C -d $DB init >out.$i & done; wait; grep -l 'A new' out.* | wc -l; "
              "ls -A $DB; "
              "certutil -L -d sql:$DB >/dev/null && echo usable",
              0, "1\ncert9.db\nkey4.db\nusable\n");
}

static void
test_init_damaged (Place *place, gconstpointer data)
{
  assert_run (place, "$C -d $DB init && echo garbage >$DB/cert9.db", 0, "");
  assert_untouched (place, "$C -d $DB init", 1, "cert9.db is damaged");
  assert_run (place, ": >$DB/cert9.db", 0, "");
  assert_untouched (place, "$C -d $DB init", 1, "cert9.db is damaged");
}

static void
test_init_half (Place *place, gconstpointer data)
{
  assert_run (place, "$C -d $DB init && rm $DB/cert9.db", 0, "");
  assert_run (place, "$C -d $DB init; echo $?; ls -A $DB", 0, "1\nkey4.db\n");
}

static void
test_init_open_folder (Place *place, gconstpointer data)
{
  assert_run (place, "mkdir $DB && chmod 777 $DB && $C -d $DB init", 1, "can be written by others");
  assert_run (place, "ls -A $DB | wc -l", 0, "0\n");
}

static void
test_init_no_folder (Place *place, gconstpointer data)
{
  assert_run (place, "echo x >$DB; $C -d $DB init", 1, "db");
  assert_run (place, "cat $DB", 0, "x\n");
  assert_run (place, "$C -d dbm:$DB init", 1, "not supported");
}

/* --- trust add --- */

static void
test_trust_new (Place *place, gconstpointer data)
{
  g_autofree char *name = NULL;

  assert_run (place, "$C -d $DB init && $C -d $DB trust add $CERTS/" ROOT, 0,
              "CN=Example Root,O=Example Trust");
  name = g_strdup (strstr (place->out, "SHA-256 "));
  g_assert_nonnull (name);
  name[strlen ("SHA-256 ") + 64] = '\0';
  assert_run (place, "openssl x509 -in $CERTS/" ROOT " -outform der | sha256sum", 0,
              name + strlen ("SHA-256 "));
  assert_trust (place, "Example Root - Example Trust", "C,,");
}

static void
test_trust_twice (Place *place, gconstpointer data)
{
  assert_run (place, "$C -d $DB init && $C -d $DB trust add $CERTS/" ROOT, 0, "Added");
  assert_untouched (place, "$C -d $DB trust add $CERTS/" ROOT, 0, "nothing was changed");
  assert_run (place, "certutil -L -d sql:$DB | grep -c Example", 0, "1\n");
}

static void
test_trust_several (Place *place, gconstpointer data)
{
  assert_run (place,
              "$C -d $DB init && cat $CERTS/" ROOT " $CERTS/" SUB " >two.pem && $C trust add -d $DB two.pem",
              0, "CN=Example Clients");
  assert_trust (place, "Example Root - Example Trust", "C,,");
  assert_trust (place, "Example Clients - Example Trust", "C,,");
}

static void
test_trust_der (Place *place, gconstpointer data)
{
  assert_run (place,
              "$C -d $DB init && openssl x509 -in $CERTS/" ROOT
              " -outform der -out r.der && $C -d $DB trust add r.der",
              0, "Added");
  assert_trust (place, "Example Root - Example Trust", "C,,");
}

/* A leaf is refused, and with it the authority beside it. */
static void
test_trust_leaf (Place *place, gconstpointer data)
{
  assert_run (place, "$C -d $DB init", 0, "");
  assert_untouched (place, "$C -d $DB trust add $CERTS/" LEAF, 1, "not the certificate of an authority");
  assert_untouched (place, "cat $CERTS/" ROOT " $CERTS/" LEAF " >two.pem && $C -d $DB trust add two.pem", 1,
                    "not the certificate of an authority");
}

static void
test_trust_name (Place *place, gconstpointer data)
{
  assert_run (place, "$C -d $DB init && $C -d $DB trust add $CERTS/" ROOT " --name Mine", 0, "Added");
  assert_trust (place, "Mine", "C,,");
  assert_untouched (place, "$C -d $DB trust add $CERTS/" SUB " --name Mine", 1,
                    "has the name \"Mine\" already");
  assert_untouched (place, "$C -d $DB trust add $CERTS/" SUB " --name a:b", 1, "cannot be the name");
  assert_untouched (place,
                    "cat $CERTS/" ROOT " $CERTS/" SUB " >two.pem && $C -d $DB trust add two.pem --name N", 1,
                    "for one only");
}

/* Trust there already: none, for other uses, and the opposite. */
static void
test_trust_other (Place *place, gconstpointer data)
{
  assert_run (place,
              "$C -d $DB init && certutil -A -d sql:$DB -n R -t ,C, -i $CERTS/" ROOT
              " && $C -d $DB trust add $CERTS/" ROOT,
              0, "Was there");
  assert_trust (place, "R", "C,C,");
}

static void
test_trust_distrusted (Place *place, gconstpointer data)
{
  assert_run (place, "$C -d $DB init && certutil -A -d sql:$DB -n R -t p,, -i $CERTS/" ROOT, 0, "");
  assert_untouched (place, "$C -d $DB trust add $CERTS/" ROOT, 1, "never to be trusted");
  assert_trust (place, "R", "p,,");
}

static void
test_trust_no_database (Place *place, gconstpointer data)
{
  assert_run (place, "$C -d $DB trust add $CERTS/" ROOT, 1, "cardea-nss-config init");
  assert_run (place, "test -e $DB || echo none", 0, "none\n");
}

static void
test_trust_damaged (Place *place, gconstpointer data)
{
  assert_run (place, "$C -d $DB init && cp $DB/cert9.db good && echo garbage >$DB/cert9.db", 0, "");
  assert_untouched (place, "$C -d $DB trust add $CERTS/" ROOT, 1, "cert9.db is damaged");
  /* A head that is right, and nothing behind it. */
  assert_run (place, "head -c 100 good >$DB/cert9.db; head -c 28572 /dev/zero | tr '\\0' Z >>$DB/cert9.db", 0,
              "");
  assert_untouched (place, "$C -d $DB trust add $CERTS/" ROOT, 1, "cardea-nss-config: ");
}

static void
test_trust_bad_file (Place *place, gconstpointer data)
{
  assert_run (place, "$C -d $DB init", 0, "");
  assert_untouched (place, "$C -d $DB trust add /nonexistent", 1, "/nonexistent cannot be read");
  assert_untouched (place, "$C -d $DB trust add /dev/null", 1, "no certificate");
  assert_untouched (place, "head -c 300 $CERTS/" ROOT " >cut.pem; $C -d $DB trust add cut.pem", 1,
                    "cut short");
  /* Whole as DER goes, but no certificate. */
  assert_untouched (place, "printf '0\\003\\002\\001\\001' >x.der; $C -d $DB trust add x.der", 1,
                    "cannot be read");
}

/* The module is registered so that certutil loads it (which shows that the test can fail), and we do not. */
static void
test_module (Place *place, gconstpointer data)
{
  g_autofree char *registration =
      g_strdup_printf ("$C -d $DB init && printf 'library=%%s\\nname=Telltale\\n\\n' %s "
                       ">>$DB/pkcs11.txt && certutil -L -d sql:$DB; test -e telltale && "
                       "echo loaded && rm telltale",
                       g_getenv ("CARDEA_TELLTALE_MODULE"));

  assert_run (place, registration, 0, "loaded\n");
  assert_run (place,
              "$C -d $DB init && $C -d $DB trust add $CERTS/" ROOT " && test ! -e telltale && echo quiet", 0,
              "quiet\n");
}

/* A library in the folder that NSS takes for its built-in roots where it is let. */
static void
test_roots_in_folder (Place *place, gconstpointer data)
{
  g_autofree char *command =
      g_strdup_printf ("$C -d $DB init && cp %s $DB/libnssckbi.so && $C -d $DB trust add $CERTS/" ROOT
                       " && test ! -e telltale && echo quiet",
                       g_getenv ("CARDEA_TELLTALE_MODULE"));

  assert_run (place, command, 0, "quiet\n");
}

/* --- a database with a password --- */

static void
make_locked (Place *place)
{
  assert_run (place, "mkdir -m 700 $DB && echo '" PASSWORD "' >pw && certutil -N -d sql:$DB -f pw", 0, "");
}

static void
take_terminal (gpointer data)
{
  setsid ();
  ioctl (GPOINTER_TO_INT (data), TIOCSCTTY, 0);
}

/* Adds ROOT with a terminal on which @typed is typed once it was asked for. Returns the exit code; what the
 * terminal showed is in place->out. */
static int
run_on_terminal (Place *place, const char *typed)
{
  g_autoptr (GSubprocessLauncher) launcher = make_launcher (place, G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *certificate = g_build_filename (g_getenv ("CARDEA_CERTIFICATES"), ROOT, NULL);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GString) shown = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean is_typed = FALSE;
  struct termios state;
  char bytes[256];
  int master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  int slave;

  g_assert_no_errno (grantpt (master));
  g_assert_no_errno (unlockpt (master));
  slave = open (ptsname (master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (slave, >=, 0);
  g_subprocess_launcher_take_stdout_fd (launcher, dup (slave));
  g_subprocess_launcher_take_stderr_fd (launcher, dup (slave));
  g_subprocess_launcher_set_child_setup (launcher, take_terminal, GINT_TO_POINTER (slave), NULL);
  process = g_subprocess_launcher_spawn (launcher, &error, g_getenv ("CARDEA_NSS_CONFIG"), "-d",
                                         place->database, "trust", "add", certificate, NULL);
  g_assert_no_error (error);
  while (!is_typed) {
    gssize n = TEMP_FAILURE_RETRY (read (master, bytes, sizeof bytes));

    g_assert_cmpint (n, >, 0);
    g_string_append_len (shown, bytes, n);
    is_typed = strstr (shown->str, "Password of the database") != NULL;
  }
  g_assert_cmpint (write (master, typed, strlen (typed)), ==, (gssize)strlen (typed));
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  g_assert_no_errno (tcgetattr (slave, &state));
  g_assert_cmpuint (state.c_lflag & (ECHO | ICANON | ISIG), ==, ECHO | ICANON | ISIG);
  g_assert_no_errno (fcntl (master, F_SETFL, O_NONBLOCK));
  for (gssize n; (n = read (master, bytes, sizeof bytes)) > 0;)
    g_string_append_len (shown, bytes, n);
  close (slave);
  close (master);
  g_free (place->out);
  place->out = g_strdup (shown->str);
  g_assert_null (strstr (place->out, PASSWORD));
  return g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process) : 128;
}

static void
test_password_right (Place *place, gconstpointer data)
{
  make_locked (place);
  g_assert_cmpint (run_on_terminal (place, "x\025" PASSWORD "y\177\n"), ==,
                   0); /* with Ctrl-U and a correction */
  g_assert_nonnull (strstr (place->out, "Added"));
  assert_trust (place, "Example Root - Example Trust", "C,,");
}

static void
test_password_wrong (Place *place, gconstpointer data)
{
  make_locked (place);
  g_assert_cmpint (run_on_terminal (place, "wrong\n"), ==, 1);
  g_assert_nonnull (strstr (place->out, "not the database's password"));
  assert_trust (place, "Example Root - Example Trust", "absent");
  g_assert_cmpint (run_on_terminal (place, "\n"), ==, 1);
  g_assert_nonnull (strstr (place->out, "empty"));
}

static void
test_password_limit (Place *place, gconstpointer data)
{
  g_autofree char *longest = g_strnfill (255 + 1, 'x');
  g_autofree char *too_long = g_strnfill (256 + 1, 'x');

  longest[255] = '\n';
  too_long[256] = '\n';
  make_locked (place);
  g_assert_cmpint (run_on_terminal (place, longest), ==, 1);
  g_assert_nonnull (strstr (place->out, "not the database's password"));
  g_assert_cmpint (run_on_terminal (place, too_long), ==, 1);
  g_assert_nonnull (strstr (place->out, "too long"));
}

static void
test_password_interrupted (Place *place, gconstpointer data)
{
  make_locked (place);
  g_assert_cmpint (run_on_terminal (place, "half\003"), ==, 1);
  g_assert_nonnull (strstr (place->out, "No password was given"));
  assert_trust (place, "Example Root - Example Trust", "absent");
}

static void
test_password_no_terminal (Place *place, gconstpointer data)
{
  make_locked (place);
  assert_untouched (place, "$C -d $DB trust add $CERTS/" ROOT " </dev/null", 1, "no terminal");
}

/* --- the command line --- */

static void
test_usage (Place *place, gconstpointer data)
{
  assert_run (place, "$C --help", 0, "trust add FILE");
  assert_run (place, "$C --version", 0, "cardea-nss-config 0.");
  assert_run (place, "$C", 2, "A command is missing");
  assert_run (place, "$C frob", 2, "The commands are");
  assert_run (place, "$C trust", 2, "The commands are");
  assert_run (place, "$C trust remove x", 2, "The commands are");
  assert_run (place, "$C trust add", 2, "file of the authority is missing");
  assert_run (place, "$C trust add a b", 2, "too many");
  assert_run (place, "$C init x", 2, "The commands are");
  assert_run (place, "$C init --name x", 2, "--name");
  assert_run (place, "$C --frob", 2, "--frob");
  assert_run (place, "$C -d '' init", 1, "empty");
}

#define ADD(name, function)                                                                                  \
  g_test_add ("/nss-config/" name, Place, NULL, place_set_up, function, place_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("init-new", test_init_new);
  ADD ("init-default", test_init_default);
  ADD ("init-existing", test_init_existing);
  ADD ("init-beside", test_init_beside);
  ADD ("init-race", test_init_race);
  ADD ("init-damaged", test_init_damaged);
  ADD ("init-half", test_init_half);
  ADD ("init-open-folder", test_init_open_folder);
  ADD ("init-no-folder", test_init_no_folder);
  ADD ("trust-new", test_trust_new);
  ADD ("trust-twice", test_trust_twice);
  ADD ("trust-several", test_trust_several);
  ADD ("trust-der", test_trust_der);
  ADD ("trust-leaf", test_trust_leaf);
  ADD ("trust-name", test_trust_name);
  ADD ("trust-other", test_trust_other);
  ADD ("trust-distrusted", test_trust_distrusted);
  ADD ("trust-no-database", test_trust_no_database);
  ADD ("trust-damaged", test_trust_damaged);
  ADD ("trust-bad-file", test_trust_bad_file);
  ADD ("module", test_module);
  ADD ("roots-in-folder", test_roots_in_folder);
  ADD ("password-right", test_password_right);
  ADD ("password-wrong", test_password_wrong);
  ADD ("password-limit", test_password_limit);
  ADD ("password-interrupted", test_password_interrupted);
  ADD ("password-no-terminal", test_password_no_terminal);
  ADD ("usage", test_usage);
  return g_test_run ();
}
