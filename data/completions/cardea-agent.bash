# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of cardea-agent for bash.

_cardea_agent() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  case $previous in
    -c | --config | -m | --module | -s | --socket | --host-program | --prompt-program)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      ;;
    --state-directory | --rules-directory)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$word")
      ;;
    *)
      mapfile -t COMPREPLY < <(compgen -W '--headless --config --module --socket --state-directory --host-program
        --prompt-program --rules-directory --version --help' -- "$word")
      ;;
  esac
}

complete -F _cardea_agent cardea-agent
