# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a desk may look: large letters, high contrast, another language."""

import pathlib
import subprocess

SETTINGS = 'gtk-enable-animations=false\ngtk-cursor-blink=false\ngtk-decoration-layout=:close'


def set_text_scale(desk, scale):
    """Where no settings daemon runs, this is where the size of letters comes from."""
    (desk.folder / '.Xdefaults').write_text(f'Xft.dpi: {96 * scale}\n', encoding='utf-8')


def set_high_contrast(desk):
    desk.environment['ADW_DEBUG_HIGH_CONTRAST'] = '1'


def set_language(desk, locale):
    """A locale that need not be installed: its dates come with it."""
    name, charmap = locale.split('.')
    subprocess.run(['localedef', '-i', name, '-f', charmap, str(desk.folder / locale)], check=True, capture_output=True)
    desk.environment |= {'LC_ALL': locale, 'LOCPATH': str(desk.folder)}


def add_empty_catalogue(folder, language):
    """GTK takes the direction of a language only where a program has a catalogue for it; this one has no words."""
    target = pathlib.Path(folder, language, 'LC_MESSAGES')
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(['msgfmt', '-o', str(target / 'cardea.mo'), '-'], check=True,
                   input=b'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n')
