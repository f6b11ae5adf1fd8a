/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Programs that are nobody in particular.
 *
 * A list can only be incomplete; it stands beside the rule that the executable must be root's, and errs
 * towards asking. */
#include "agent/caller/program.h"

#include <string.h>

/* Each stands for itself and for itself with a version behind it: python3, python3.11, perl5.36.0, lua-5.4.
 */
static const char *const names[] = {
  /* shells */
  "ash",
  "bash",
  "busybox",
  "csh",
  "dash",
  "elvish",
  "fish",
  "ksh",
  "mksh",
  "nu",
  "rbash",
  "sh",
  "tcsh",
  "toybox",
  "xonsh",
  "yash",
  "zsh",
  /* interpreters and runtimes */
  "awk",
  "bun",
  "clisp",
  "cscript",
  "deno",
  "dotnet",
  "electron",
  "emacs",
  "erl",
  "escript",
  "expect",
  "gawk",
  "gjs",
  "gjs-console",
  "groovy",
  "guile",
  "java",
  "jshell",
  "julia",
  "ld-linux",
  "lua",
  "luajit",
  "m4",
  "mawk",
  "mono",
  "mono-sgen",
  "node",
  "nodejs",
  "nvim",
  "octave",
  "perl",
  "php",
  "pwsh",
  "pypy",
  "pypy3",
  "python",
  "qemu",
  "qjs",
  "R",
  "racket",
  "raku",
  "ruby",
  "sbcl",
  "scala",
  "sed",
  "tclsh",
  "vim",
  "wine",
  "wine64",
  "wine-preloader",
  "wine64-preloader",
  "wish",
  /* what connects anywhere or runs anything */
  "aria2c",
  "curl",
  "gdb",
  "git-remote-http",
  "git-remote-https",
  "gnutls-cli",
  "lldb",
  "nc",
  "nc.openbsd",
  "nc.traditional",
  "ncat",
  "netcat",
  "openssl",
  "rsync",
  "scp",
  "sftp",
  "socat",
  "ssh",
  "sshd",
  "ssh-agent",
  "strace",
  "stunnel",
  "stunnel4",
  "systemd",
  "telnet",
  "tmux",
  "screen",
  "wget",
  "xargs",
  /* ourselves */
  "cardea",
  "cardea-prompt",
  "cardea-nss-config",
};

/* What may follow a name: nothing, or digits, dots and dashes. */
static gboolean
is_version (const char *text)
{
  return text[strspn (text, "0123456789.-")] == '\0';
}

gboolean
cardea_program_is_general_purpose (const char *executable)
{
  g_autofree char *name = g_path_get_basename (executable);

  if (g_str_has_prefix (name, "ld-linux") || g_str_has_prefix (name, "ld-musl") ||
      g_str_has_prefix (name, "qemu-"))
    return TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_has_prefix (name, names[i]) && is_version (name + strlen (names[i])))
      return TRUE;

  return FALSE;
}
