# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of cardea-nss-config for bash.

_cardea_nss_config() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  case $previous in
    -d | --database)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$word")
      ;;
    -n | --name) ;;
    trust) mapfile -t COMPREPLY < <(compgen -W 'add' -- "$word") ;;
    add)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      ;;
    *) mapfile -t COMPREPLY < <(compgen -W 'init trust --database --name --help --version' -- "$word") ;;
  esac
}

complete -F _cardea_nss_config cardea-nss-config
