#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every word for people can be translated, and is: POTFILES names each file that has such words, and each language of
LINGUAS has all of them, by what xgettext finds today."""

import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
WORDS = {'.c': re.compile(r'\b(_|N_|C_|ngettext) \("'), '.ui': re.compile(r'translatable="yes"')}
# What a widget shows is translated: a bare text in a property of these names is a slip.
BARE = re.compile(r'<property name="(?:label|title|subtitle|tooltip-text|description)"(?![^>]*translatable)[^>]*>[^<]*\w')


def run(*command):
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=60, env={'LC_ALL': 'C', 'PATH': '/usr/bin:/bin'})
    if done.returncode != 0:
        sys.exit(f'{command[0]}: {done.stderr}')
    return done.stdout + done.stderr


def list_lines(path):
    return [line for line in path.read_text(encoding='utf-8').splitlines() if line and not line.startswith('#')]


def check_files(listed):
    found = [path for folder in ('agent', 'ui') for path in sorted((TOP / folder).rglob('*')) if path.suffix in WORDS]
    worded = {path.relative_to(TOP).as_posix() for path in found if WORDS[path.suffix].search(path.read_text(encoding='utf-8'))}
    if len(worded) < 5:
        sys.exit('hardly any words found: the check does not see the tree')
    yield from (f'{name} has words for people, and po/POTFILES does not name it' for name in sorted(worded - set(listed)))
    yield from (f'po/POTFILES names {name}, which has no words' for name in sorted(set(listed) - worded))
    if listed != sorted(listed):
        yield 'po/POTFILES is not in the order of the alphabet'
    for path in found:
        if path.suffix == '.ui' and BARE.search(path.read_text(encoding='utf-8')):
            yield f'{path.relative_to(TOP)} has a text that cannot be translated'


def check_language(language, template, folder):
    merged = f'{folder}/{language}.po'
    run('msgmerge', '--quiet', '--no-fuzzy-matching', '--output-file', merged, f'po/{language}.po', template)
    said = run('msgfmt', '--check-format', '--statistics', '--output-file', '/dev/null', merged).strip()
    if not re.fullmatch(r'\d+ translated messages\.', said):
        yield f'po/{language}.po: {said}\n' + run('msgattrib', '--untranslated', '--no-obsolete', merged)


def main():
    listed = list_lines(TOP / 'po/POTFILES')
    languages = list_lines(TOP / 'po/LINGUAS')
    faults = list(check_files(listed))
    faults += [f'po/LINGUAS lacks {language}' for language in sorted({'de', 'es'} - set(languages))]
    with tempfile.TemporaryDirectory() as folder:
        template = f'{folder}/cardea.pot'
        run('xgettext', '--from-code=UTF-8', '--keyword=_', '--keyword=N_', '--keyword=C_:1c,2',
            '--keyword=ngettext:1,2', '--output', template, *listed)
        for language in languages:
            faults += check_language(language, template, folder)
    print('\n'.join(faults) or f'{len(languages)} languages are complete')
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
