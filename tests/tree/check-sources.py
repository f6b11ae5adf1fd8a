#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every source file owes: SPDX lines, the formatter's shape, and headers that compile alone.

check-sources.py spdx | format | headers COMPILER [FLAG...]"""

import concurrent.futures
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ('agent', 'socket-api', 'ui', 'nss-config', 'tests')


def sources(*endings):
    found = [path for top in FOLDERS for path in sorted((TOP / top).rglob('*')) if path.name.endswith(endings)]
    if len(found) < 10:
        sys.exit(f'only {len(found)} files found under {TOP}: the check does not see the tree')
    return found


def spdx():
    for path in sources('.c', '.h', '.py', 'meson.build'):
        head = path.read_text(encoding='utf-8')[:400]
        if 'SPDX-FileCopyrightText:' not in head or 'SPDX-License-Identifier: LGPL-2.1-or-later' not in head:
            yield f'{path.relative_to(TOP)}: no SPDX lines at its top'


def formatting():
    run = subprocess.run(['clang-format', '--dry-run', '-Werror', *map(str, sources('.c', '.h'))],
                         cwd=TOP, capture_output=True, text=True, timeout=300)
    if run.returncode != 0:
        yield from (line for line in run.stderr.splitlines() if ' error: ' in line)
        yield 'run ./dev format'


def compile_alone(compiler, path):
    if '#pragma once' not in path.read_text(encoding='utf-8'):
        return f'{path.relative_to(TOP)}: no #pragma once'
    run = subprocess.run([*compiler, f'-I{TOP}', '-D_GNU_SOURCE', '-Wall', '-Werror', '-Wno-unused-function',
                          '-fsyntax-only', '-x', 'c', '-'],
                         input=f'#include "{path.relative_to(TOP)}"\n', capture_output=True, text=True, timeout=60)
    return f'{path.relative_to(TOP)} does not compile alone:\n{run.stderr}' if run.returncode != 0 else None


def headers(compiler):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield from filter(None, pool.map(lambda path: compile_alone(compiler, path), sources('.h')))


def main():
    what = sys.argv[1] if len(sys.argv) > 1 else ''
    checks = {'spdx': spdx, 'format': formatting, 'headers': lambda: headers(sys.argv[2:])}
    if what not in checks:
        sys.exit(__doc__)
    faults = list(checks[what]())
    print('\n'.join(faults) or 'in order')
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
