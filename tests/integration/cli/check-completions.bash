#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC1091,SC2317
# What bash offers for a line that was begun: check-completions.bash FOLDER

set -u
. "$1/cardea.bash" || exit 1
. "$1/cardea-agent.bash" || exit 1
. "$1/cardea-nss-config.bash" || exit 1
failed=0

# The agent's answers, as `cardea --json` prints them.
cardea() {
  case $1 in
    certificates) printf '{\n  "certificates": [\n    {\n      "sha256": "aabb01",\n' ;;
    decisions) printf '{\n  "decisions": [\n    {\n      "id": "d-88",\n' ;;
    tokens) printf '{\n  "tokens": [\n    {\n      "uri": "pkcs11:token=T",\n' ;;
    sessions) printf '{\n  "sessions": [\n    {\n      "id": "s-77",\n' ;;
  esac
}

# expect FUNCTION WORDS OFFER...: the last of WORDS is completed; every OFFER must be among what is offered.
expect() {
  local function=$1 words=$2 offer
  shift 2
  read -ra COMP_WORDS <<<"$words"
  [[ $words == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  "$function" 2>/dev/null
  for offer; do
    if [[ " ${COMPREPLY[*]} " != *" $offer "* ]]; then
      printf '"%s" does not offer %s but: %s\n' "$words" "$offer" "${COMPREPLY[*]}"
      failed=1
    fi
  done
}

expect _cardea 'cardea ' tokens certificates connect status sessions disconnect decisions forget reload --socket
expect _cardea 'cardea to' tokens
expect _cardea 'cardea --socket /x se' sessions
expect _cardea 'cardea tokens --' --json --socket --help
expect _cardea 'cardea connect --' --certificate --no-certificate --ca --verbose
expect _cardea 'cardea connect --certificate ' aabb01
expect _cardea 'cardea connect -c aa' aabb01
expect _cardea 'cardea disconnect ' s-77
expect _cardea 'cardea pin ' change unblock --terminal
expect _cardea 'cardea pin change ' pkcs11:token=T
expect _cardea 'cardea decisions --' --for --json --socket --help
expect _cardea 'cardea forget ' d-88
expect _cardea 'cardea forget d-88 --' --all
expect _cardea_agent 'cardea-agent --he' --headless --help
expect _cardea_nss_config 'cardea-nss-config ' init trust
expect _cardea_nss_config 'cardea-nss-config trust ' add
expect _cardea_nss_config 'cardea-nss-config trust add /et' /etc
exit "$failed"
