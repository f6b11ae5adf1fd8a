# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of cardea and its options for bash.

_cardea_command() {
  local i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --socket) i=$((i + 1)) ;;
      -*) ;;
      *)
        printf '%s' "${COMP_WORDS[i]}"
        return
        ;;
    esac
  done
}

_cardea() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command words
  command=$(_cardea_command)
  COMPREPLY=()
  case $previous in
    --socket | --ca)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
      ;;
    -c | --certificate)
      words=$(cardea certificates --json 2>/dev/null | sed -n 's/^ *"sha256": "\([0-9a-f]*\)".*/\1/p')
      mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
      return
      ;;
    --for)
      mapfile -t COMPREPLY < <(compgen -A hostname -- "$word")
      return
      ;;
    --starttls)
      mapfile -t COMPREPLY < <(compgen -W 'smtp imap pop3 postgres ldap xmpp' -- "$word")
      return
      ;;
    --server-name | --alpn | --proxy | --timeout) return ;;
  esac
  case $command in
    '') words='tokens certificates connect explain status sessions disconnect lock pin watch decisions forget reload --socket --help --version' ;;
    tokens | certificates | sessions | status | watch | reload) words='--json --socket --help' ;;
    decisions) words='--for --json --socket --help' ;;
    forget)
      words='--all --socket --help'
      if [[ $word != -* ]]; then
        words=$(cardea decisions --json 2>/dev/null | sed -n 's/^ *"id": "\([^"]*\)".*/\1/p')
      fi
      ;;
    connect)
      words='--certificate --no-certificate --require-certificate --server-name --ca --alpn --proxy --starttls --tls12 --no-interaction
        --post-handshake --terminal --shutdown --timeout --verbose --socket --help'
      if [[ $word != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -A hostname -- "$word")
        return
      fi
      ;;
    explain)
      words='--certificate --no-certificate --require-certificate --server-name --ca --alpn --proxy --tls12 --no-interaction
        --post-handshake --timeout --json --socket --help'
      if [[ $word != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -A hostname -- "$word")
        return
      fi
      ;;
    lock)
      words='--socket --help'
      if [[ $word != -* ]]; then
        words=$(cardea tokens --json 2>/dev/null | sed -n 's/^ *"uri": "\([^"]*\)".*/\1/p')
      fi
      ;;
    pin)
      words='change unblock --terminal --socket --help'
      if [[ ($previous == change || $previous == unblock) && $word != -* ]]; then
        words=$(cardea tokens --json 2>/dev/null | sed -n 's/^ *"uri": "\([^"]*\)".*/\1/p')
      fi
      ;;
    disconnect)
      words='--socket --help'
      if [[ $word != -* ]]; then
        words=$(cardea sessions --json 2>/dev/null | sed -n 's/^ *"id": "\([^"]*\)".*/\1/p')
      fi
      ;;
    *) return ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _cardea cardea
