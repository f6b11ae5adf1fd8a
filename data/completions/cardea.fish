# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of cardea for fish.

set -l commands tokens certificates connect explain status sessions disconnect lock pin watch decisions forget reload
set -l listing tokens certificates explain status sessions decisions watch reload

complete -c cardea -f
complete -c cardea -l socket -r -F -d 'The socket of the agent'
complete -c cardea -s h -l help -d 'Show help'
complete -c cardea -l version -d 'Show the version'
complete -c cardea -n "not __fish_seen_subcommand_from $commands" -a tokens -d 'List tokens and readers'
complete -c cardea -n "not __fish_seen_subcommand_from $commands" -a certificates -d 'List the certificates on them'
complete -c cardea -n "not __fish_seen_subcommand_from $commands" -a connect -d 'Connect to a server'
complete -c cardea -n "not __fish_seen_subcommand_from $commands" -a explain -d 'Tell what connecting would come to'
complete -c cardea -n "not __fish_seen_subcommand_from $commands" -a status -d 'Tell whether the agent runs'
complete -c cardea -n "not __fish_seen_subcommand_from $commands" -a sessions -d 'List the connections there are'
complete -c cardea -n "not __fish_seen_subcommand_from $commands" -a disconnect -d 'End a connection'
complete -c cardea -n "not __fish_seen_subcommand_from $commands" -a lock -d 'End the logins to tokens'
complete -c cardea -n "not __fish_seen_subcommand_from $commands" -a watch -d 'Tell what changes'
complete -c cardea -n "not __fish_seen_subcommand_from $commands" -a pin -d 'Give a token a new PIN'
complete -c cardea -n "not __fish_seen_subcommand_from $commands" -a decisions -d 'List what is remembered'
complete -c cardea -n "not __fish_seen_subcommand_from $commands" -a forget -d 'Forget decisions'
complete -c cardea -n "not __fish_seen_subcommand_from $commands" -a reload -d 'Read everything again'
complete -c cardea -n "__fish_seen_subcommand_from $listing" -l json -d 'Print JSON'
complete -c cardea -n '__fish_seen_subcommand_from decisions' -l for -x -a '(__fish_print_hostnames)' -d 'Only of this server'
complete -c cardea -n '__fish_seen_subcommand_from pin' -a 'change unblock'
complete -c cardea -n '__fish_seen_subcommand_from pin' -s t -l terminal -d 'Ask on this terminal'
complete -c cardea -n '__fish_seen_subcommand_from forget' -l all -d 'Forget all decisions'
complete -c cardea -n '__fish_seen_subcommand_from connect explain' -s c -l certificate -x -d 'Use this certificate'
complete -c cardea -n '__fish_seen_subcommand_from connect explain' -l no-certificate -d 'Stay anonymous'
complete -c cardea -n '__fish_seen_subcommand_from connect explain' -l require-certificate -d 'Fail if none is asked for'
complete -c cardea -n '__fish_seen_subcommand_from connect explain' -l server-name -x -d 'Verify this name'
complete -c cardea -n '__fish_seen_subcommand_from connect explain' -l ca -r -F -d 'Trust these authorities only'
complete -c cardea -n '__fish_seen_subcommand_from connect explain' -l alpn -x -d 'Offer this protocol'
complete -c cardea -n '__fish_seen_subcommand_from connect explain' -l proxy -x -d 'Go by this proxy'
complete -c cardea -n '__fish_seen_subcommand_from connect explain' -l tls12 -d 'Allow TLS 1.2 where a rule does'
complete -c cardea -n '__fish_seen_subcommand_from connect explain' -l no-interaction -d 'Fail rather than ask'
complete -c cardea -n '__fish_seen_subcommand_from connect' -s t -l terminal -d 'Ask on this terminal'
complete -c cardea -n '__fish_seen_subcommand_from connect' -s N -l shutdown -d 'End our side when standard input ends'
complete -c cardea -n '__fish_seen_subcommand_from connect explain' -l post-handshake -d 'Let the server ask later, too'
complete -c cardea -n '__fish_seen_subcommand_from connect explain' -l timeout -x -d 'Seconds until connected'
complete -c cardea -n '__fish_seen_subcommand_from connect' -s v -l verbose -d 'Tell what was agreed on'
complete -c cardea -n '__fish_seen_subcommand_from connect explain' -a '(__fish_print_hostnames)'
