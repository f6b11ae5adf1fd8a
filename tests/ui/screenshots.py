#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures of every state of the dialogs, in every look they may have, for people to judge.

screenshots.py BUILD-FOLDER FOLDER [NAME...]   a NAME is the beginning of a picture's; without one all are made

The build folder was set up with its own po/ as localedir, so that the program finds the languages uninstalled."""

import os
import pathlib
import subprocess
import sys
import time

import asked
import desk
import looks
import person
import questions

LONG_NAME = 'Demo holder with a name that goes on and on, as names of foundations and their subsidiaries do'
ICON = 'web-browser'
BROWSER = os.path.realpath('/usr/bin/env')  # an executable that is there; its desktop file is the desk's


def three():
    return [questions.authentication(), questions.business(), questions.ending()]


def pin(**changes):
    return {key: value for key, value in (asked.PIN_QUESTION | changes).items() if value is not None}


def new_pin(**changes):
    return asked.NEW_PIN_QUESTION | changes


def certificate(offers, **changes):
    return questions.certificate(offers, **changes)


def over(reason):
    """A question that is withdrawn at once."""
    return pin(), [], {'update': 'withdraw', 'reason': reason}


# What is asked, the keys pressed then, and what the agent says after that.
STATES = {
    'certificate': (certificate(three()), []),
    'certificate-sole': (certificate([questions.authentication()]), []),
    'certificate-program': (certificate(three()[:2], program={'label': BROWSER, 'parents': []}), []),
    'certificate-others': (certificate([questions.authentication()] + questions.unfitting()), ['Tab', 'Tab', 'space']),
    'certificate-none-fits': (certificate(questions.unfitting()), []),
    'certificate-no-token': (certificate([]), []),
    'certificate-renewed': (certificate([questions.renewed(), questions.business()]), []),
    'certificate-program-authority': (
        certificate(three()[:2], program={'label': '/usr/bin/bash', 'parents': ['/usr/bin/example-terminal']},
                    server={'name': 'xn--bcher-kva.test.accounts.example', 'port': 8443, 'vouched_by': 'Example Test CA',
                            'by_program_only': True}), []),
    'certificate-flatpak': (certificate(three()[:2], program={'label': 'org.example.Browser', 'confinement': 'flatpak',
                                                              'parents': []}, may_continue=False), []),
    'certificate-hostile': (certificate(questions.hostile()), []),
    'certificate-long': (certificate([questions.offer('long', holder=LONG_NAME)], server={
        'name': '.'.join(['quite-a-long-label'] * 6 + ['accounts.example']), 'port': 443, 'vouched_by': LONG_NAME,
        'by_program_only': False}), []),
    'certificate-details': (certificate(three()), ['Tab', 'Return']),
    'certificate-over': (certificate(three()), [], {'update': 'withdraw', 'reason': 'server_closed'}),
    'pin': (pin(), []),
    'pin-wrong': (pin(rejected=True, pin_tries=2), []),
    'pin-low': (pin(pin_state='low'), []),
    'pin-final-try': (pin(pin_state='final_try', pin_tries=1), []),
    'pin-locked': (pin(pin_state='locked', pin_tries=0), []),
    'pin-must-change': (pin(pin_state='must_change'), []),
    'pin-reader': (pin(pinpad=True), []),
    'pin-signature': (pin(for_signature=True), []),
    'pin-connection': (pin(for_connection=True), []),
    'pin-signature-final-try': (pin(for_signature=True, rejected=True, pin_state='final_try', pin_tries=1), []),
    'pin-signature-reader': (pin(for_signature=True, pinpad=True), []),
    'new-pin-change': (new_pin(), []),
    'new-pin-different': (new_pin(), [*'123456', 'Tab', *'234567', 'Tab', *'345678']),
    'new-pin-wrong': (new_pin(rejected=True, pin_state='low', pin_tries=2), []),
    'new-pin-unblock': (new_pin(unblock=True), []),
    'new-pin-final-try': (new_pin(unblock=True, rejected=True, pin_state='final_try'), []),
    'new-pin-refused': (new_pin(new_pin_rejected=True, pin_min=4, pin_max=255), []),
    'new-pin-reader': (new_pin(unblock=True, pinpad=True), []),
    'pin-hostile': (pin(token_label='<b>Card</b>\u202e\n' + 'x' * 300, program={'label': '/tmp/\u202e' + 'y' * 900, 'parents': []}), []),
    'over-token-removed': over('token_removed'),
    'over-caller-gone': over('caller_gone'),
    'over-timed-out': over('timed_out'),
    'over-server-closed': over('server_closed'),
    'over-call-timed-out': over('call_timed_out'),
    'over-agent-stopping': over('agent_stopping'),
}

# A picture of each state in each of these.
LOOKS = {
    'light': {},
    'dark': {'colour': 'dark'},
    'high-contrast': {'high_contrast': True},
    'large-text': {'text': 2, 'size': (480, 900)},
    'right-to-left': {'locale': 'he_IL.UTF-8'},
    'narrow': {'size': (360, 720)},
    'narrow-large-text': {'text': 2, 'size': (360, 900)},
    'german': {'locale': 'de_DE.UTF-8'},
    'spanish': {'locale': 'es_ES.UTF-8'},
}


def install_application(on):
    """A program with a name and an icon."""
    data = on.folder / 'share'
    applications = data / 'applications'
    applications.mkdir(parents=True)
    (applications / 'org.example.Browser.desktop').write_text(
        f'[Desktop Entry]\nType=Application\nName=Example Browser\nIcon={ICON}\nExec={BROWSER} %u\n', encoding='utf-8')
    on.environment['XDG_DATA_DIRS'] = f'{data}:/usr/share'


def make_desk(locale=None, text=1, high_contrast=False, **_):
    made = desk.Desk(1000, 1300, looks.SETTINGS)
    try:
        install_application(made)
        looks.set_text_scale(made, text)
        if high_contrast:
            looks.set_high_contrast(made)
        if locale:
            looks.set_language(made, locale)
    except BaseException:
        made.close()
        raise
    return made


def window(on):
    found = subprocess.run(['xdotool', 'search', '--onlyvisible', '--class', 'prompt'], env=on.environment, text=True,
                           capture_output=True, timeout=person.SECONDS).stdout.split()
    return found[-1] if found else None


def settle(on, path):
    """Takes pictures until two are the same: then the buttons are armed and nothing moves."""
    time.sleep(1.5)
    last = None
    for _ in range(20):
        on.picture(path)
        now = path.read_bytes()
        if now == last:
            return
        last = now
        time.sleep(0.2)
    raise person.Failed(f'{path.name} does not come to rest')


def take(on, program, name, path, look, question, keys, update=None):
    question = dict(question, **({'colour_scheme': look['colour']} if 'colour' in look else {'colour_scheme': 'light'}))
    with asked.Asked(on, (program,), question) as dialog:
        if dialog.hear() != {'answer': 'shown'}:
            raise person.Failed(f'{name} is not shown')
        if 'size' in look:
            number = person.wait_for(lambda: window(on), 'a window')
            on.tool('xdotool', 'windowsize', '--sync', number, *map(str, look['size']))
        if keys:
            time.sleep(1.5)  # the typing guard
            on.press(*keys)
        if update:
            dialog.say(update)
        on.tool('xdotool', 'mousemove', '0', '0')
        settle(on, path)
    # Cut to the window; no date inside, so that equal pictures are equal files.
    subprocess.run(['convert', str(path), '-bordercolor', 'black', '-border', '1', '-trim', '+repage', '-strip',
                    '-define', 'png:exclude-chunks=date,time', str(path)], check=True)


def main():
    build, folder, wanted = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]), sys.argv[3:]
    folder.mkdir(parents=True, exist_ok=True)
    looks.add_empty_catalogue(build / 'po', 'he')
    made = 0
    for look_name, look in LOOKS.items():
        names = {state: f'{state}-{look_name}' for state in STATES}
        names = {state: name for state, name in names.items() if not wanted or name.startswith(tuple(wanted))}
        if not names:
            continue
        with make_desk(**look) as on:
            for state, name in names.items():
                take(on, build / 'ui/cardea-prompt', name, folder / f'{name}.png', look, *STATES[state])
                made += 1
                print(name, flush=True)
    if made == 0:
        sys.exit('no picture has such a name')


if __name__ == '__main__':
    os.environ.pop('WAYLAND_DISPLAY', None)
    main()
