#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each command and option that --help shows is in the manual and in the completions, and these name no others.

check-documents.py PROGRAM DATA-FOLDER"""

import pathlib
import re
import subprocess
import sys

# GLib's own help mentions them.
GLIBS = {'help-all'}
OPTION = re.compile(r'(?<![\w-])--([a-z][a-z-]*)')


def ask(*argv):
    done = subprocess.run([*argv, '--help'], capture_output=True, text=True, check=True, timeout=20)
    return done.stdout


def wanted(program):
    """(commands, options) of the program and all its commands."""
    text = ask(program)
    commands = re.findall(r'^  ([a-z]+) ', text.partition('Commands:')[2], re.MULTILINE)
    options = set(OPTION.findall(text.partition('Options:')[2].partition('Commands:')[0])) - GLIBS
    if pathlib.Path(program).name == 'cardea':
        for command in commands:
            options |= set(OPTION.findall(ask(program, command).partition('Options:')[2]))
    if not options or ('Commands:' in text and not commands):
        sys.exit(f'{program} --help was not understood')
    return commands, options


def options_in(path, text):
    if path.suffix == '.fish':
        return set(re.findall(r'^complete .* -l ([a-z][a-z-]*)', text, re.MULTILINE))
    # In mdoc an option is ".Fl Fl name", and ".Dl" a line of other programs.
    text = re.sub(r'^\.Dl .*$', '', text, flags=re.MULTILINE)
    return set(OPTION.findall(text.replace('\\-', '-').replace('Fl Fl ', '--')))


def main():
    program, data = sys.argv[1], pathlib.Path(sys.argv[2])
    name = pathlib.Path(program).name
    commands, options = wanted(program)
    # Nobody types the names of the helpers.
    if name in ('cardea-prompt', 'cardea-token-host'):
        files = [data / 'man' / f'{name}.8']
    else:
        files = [data / 'man' / f'{name}.1', data / 'completions' / f'{name}.bash', data / 'completions' / f'_{name}']
    files += [path for path in [data / 'completions' / f'{name}.fish'] if path.exists()]
    faults = []
    for path in files:
        # Comments, and what our own commands are called with inside.
        text = re.sub(r'^(\.\\"|#).*$', '', path.read_text(encoding='utf-8'), flags=re.MULTILINE)
        found = options_in(path, text)
        faults += [f'{path.name}: --{option} is missing' for option in sorted(options - found)]
        faults += [f'{path.name}: there is no --{option}' for option in sorted(found - options)]
        faults += [f'{path.name}: {command} is missing' for command in commands if not re.search(rf'\b{command}\b', text)]
    print('\n'.join(faults) or f'{len(files)} files know {len(commands)} commands and {len(options)} options')
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
