#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may include whom. A new arrow between two folders is a decision: it is made here, and in ARCHITECTURE.md.

Each folder names the folders whose headers its own files may include; its own are always allowed. Run without arguments over
the tree that holds this file."""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]

WIRE = {'socket-api', 'socket-api/wire'}
VALUES = WIRE | {'socket-api/secret', 'agent/base'}

ALLOWED = {
    'socket-api': set(),
    'socket-api/wire': {'socket-api'},
    'socket-api/secret': {'socket-api'},
    'socket-api/private': WIRE | {'socket-api/secret'},
    'socket-api/client': WIRE,
    'socket-api/cli': WIRE | {'socket-api/client'},
    'agent/base': WIRE,
    'agent/caller': VALUES,
    'agent/policy': VALUES,
    'agent/rules': WIRE | {'agent/base'},
    'agent/decisions': WIRE | {'agent/base'},
    'agent/front': VALUES,
    'agent/tls': VALUES | {'agent/front'},
    'agent/relay': VALUES | {'agent/tls'},
    'agent/hosts': VALUES | {'socket-api/private'},
    'agent/tokens': VALUES | {'agent/hosts'},
    'agent/prompt': VALUES | {'agent/caller', 'socket-api/private'},
    'agent/pin': VALUES | {'agent/hosts', 'agent/tokens', 'agent/prompt'},
    'agent/keyring': VALUES | {'agent/pin'},
    'agent/broker': VALUES
    | {'socket-api/private'}
    | {
        'agent/' + name
        for name in ('caller', 'policy', 'decisions', 'rules', 'front', 'tls', 'relay', 'hosts', 'tokens', 'prompt', 'pin')
    },
    'agent/api': VALUES | {'agent/broker', 'agent/caller'},
    'agent/token-host': WIRE | {'socket-api/secret', 'socket-api/private'},
    'ui': WIRE | {'socket-api/secret', 'socket-api/private'},
    'nss-config': WIRE | {'socket-api/secret', 'socket-api/client'},
}
# main.c puts the agent together.
ALLOWED['agent'] = VALUES | {name for name in ALLOWED if name.startswith('agent/')} - {'agent/token-host'}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
GENERATED = {'config.h', 'certificate-resources.h', 'pin-resources.h'}

# What a folder may not even link: the heads of libraries that would have to come with their headers.
FOREIGN = {
    'ui': re.compile(r'<(nss|nspr|pk11|cert|ssl|winscard|libsecret)'),
    'agent': re.compile(r'<(gtk|adwaita)'),
    'socket-api': re.compile(r'<(nss|nspr|pk11\w*|cert|ssl|winscard|libsecret|gtk|adwaita|p11-kit)'),
    'agent/policy': re.compile(r'<(nss|nspr|pk11\w*|cert|secitem|ssl|gio)'),
    'agent/rules': re.compile(r'<(nss|nspr|pk11\w*|cert|secitem|ssl)'),
}
# What one folder has to itself.
ALONE = {'agent/keyring': re.compile(r'<libsecret')}


def check(path):
    folder = path.parent.relative_to(TOP).as_posix()
    if folder not in ALLOWED:
        yield f'{path.relative_to(TOP)}: folder {folder} has no rule in {pathlib.Path(__file__).name}'
        return
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        where = f'{path.relative_to(TOP)}:{number}'
        for above, pattern in FOREIGN.items():
            if (folder == above or folder.startswith(above + '/')) and line.startswith('#include') and pattern.search(line):
                yield f'{where}: {above} may not use {line.split(maxsplit=1)[1]}'
        for only, pattern in ALONE.items():
            if folder != only and line.startswith('#include') and pattern.search(line):
                yield f'{where}: only {only} may use {line.split(maxsplit=1)[1]}'
        match = INCLUDE.match(line)
        if match is None or match.group(1) in GENERATED:
            continue
        target = pathlib.PurePosixPath(match.group(1))
        if target.parent.as_posix() in ('', '.'):
            yield f'{where}: "{target}" is included without its folder'
        elif target.parent.as_posix() not in ALLOWED[folder] | {folder}:
            yield f'{where}: {folder} may not include {target}'
        elif not (TOP / target).is_file():
            yield f'{where}: "{target}" does not exist'


def main():
    files = [path for top in ('agent', 'socket-api', 'ui', 'nss-config') for path in sorted((TOP / top).rglob('*.[ch]'))]
    if len(files) < 20:
        sys.exit(f'only {len(files)} files found under {TOP}: the check does not see the tree')
    faults = [fault for path in files for fault in check(path)]
    print('\n'.join(faults) or f'{len(files)} files keep the rules')
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
