#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the dialogs have to do with a Wayland compositor.

test-wayland.py PROGRAM CASE"""

import os
import re
import sys

import asked
import person
import questions
import sway
import wayland

PROGRAM = os.path.abspath(sys.argv[1])
PIN = '83465729'
SHOWN, CANCEL = {'answer': 'shown'}, {'answer': 'cancel'}
CERTIFICATE = questions.certificate([questions.authentication(), questions.business()])
LIMIT = 256  # of a handle
LONG = 4096 - len('wayland:')  # what a question may hold; a message to the compositor has 4096 bytes in all


def check(condition, what):
    if not condition:
        raise person.Failed(what)


class Case:
    """One dialog that is shown, and has said what it says to the compositor in `messages`."""

    def __init__(self, desk, question=asked.PIN_QUESTION, environment=None, **changes):
        self.desk = desk
        self.log = desk.folder / 'messages'
        with open(self.log, 'wb') as log:
            self.dialog = asked.Asked(desk, (PROGRAM,), question | changes, stderr=log,
                                      env=desk.environment | {'WAYLAND_DEBUG': 'client'} | (environment or {}))

    def __enter__(self):
        heard = self.dialog.hear()
        check(heard == SHOWN, f'{heard} instead of a dialog: {self.messages()[-300:]}')
        return self

    def __exit__(self, *_):
        self.dialog.close()

    def messages(self):
        return self.log.read_text(encoding='utf-8', errors='replace')

    def window(self):
        return self.desk.wait_for(lambda: self.desk.windows().get(self.dialog.process.pid), 'a window')

    def wait_ready(self):
        entry = self.desk.wait_for(lambda: self.desk.find('password text'), 'an entry')
        self.desk.wait_for(lambda: self.desk.has(entry, 'EDITABLE'), 'an entry that takes a PIN')
        return entry

    def cancel(self):
        self.desk.wait_focus(self.dialog.process)
        self.desk.press('Escape')
        self.dialog.expect(CANCEL, 1)


def client(desk):
    """Both dialogs are the compositor's windows, by the name of their desktop file, whatever X server there may be."""
    for question in (asked.PIN_QUESTION, CERTIFICATE):
        with Case(desk, question, {'DISPLAY': ':0'}) as case:
            told = case.window()
            check((told['shell'], told['app_id']) == ('xdg_shell', 'org.cardea.Prompt'), told)
            case.cancel()


def parent_window(desk):
    """Above the window of the program that asks, not beside it."""
    with sway.Parent(desk) as parent:
        for question in (asked.PIN_QUESTION, CERTIFICATE):
            with Case(desk, question) as beside:
                check(beside.window()['type'] == 'con', 'a window without a parent floats: nothing is to be told')
                beside.cancel()
            with Case(desk, question, window=parent.handle) as above:
                check(above.window()['type'] == 'floating_con', above.window())
                above.cancel()
            desk.wait_focus(parent.process)


def parent_wrong(desk):
    """A handle of nothing, of another display's window, that breaks a rule or does not fit a message: it does no harm."""
    longest = 'wayland:' + 'x' * LIMIT
    for handle in (longest, longest + 'x', 'wayland:' + 'x' * LONG, 'wayland:0123', 'x11:400001', 'wayland:' + '%s' * 99,
                   'wayland:\u2022\u202e'):
        with Case(desk, window=handle) as case:
            check(case.window()['type'] == 'con', case.window())
            is_told = '.import(' in case.messages()
            check(is_told == (handle.startswith('wayland:') and len(handle) <= len(longest)), f'{handle}: {is_told}')
            case.cancel()


def parent_gone(desk):
    """The program ends before its dialog is there, or while it is."""
    with sway.Parent(desk) as parent, Case(desk, window=parent.handle) as case:
        entry = case.wait_ready()
        parent.end()
        desk.wait_for(lambda: parent.process.pid not in desk.windows(), 'the parent gone')
        desk.wait_focus(case.dialog.process)
        desk.wait_for(lambda: desk.has(entry, 'EDITABLE'), 'an entry that takes a PIN')
        desk.type(PIN)
        desk.press('Return')
        check(case.dialog.read_pin() == PIN.encode(), 'another PIN')
        with Case(desk, window=parent.handle) as late:
            check(late.window()['type'] == 'con', late.window())
            late.cancel()


def activated(messages):
    return re.findall(r'xdg_activation_v1@[0-9]+\.activate\("(.*)", wl_surface@', messages)


def activation(desk):
    """The token that the program passed on is what the dialog shows to the compositor, and the dialog has the focus."""
    with sway.Parent(desk) as parent:
        token = parent.new_token()
        for question in (asked.PIN_QUESTION, CERTIFICATE):
            with Case(desk, question, {'DESKTOP_STARTUP_ID': token, 'XDG_ACTIVATION_TOKEN': token}, window=parent.handle) as case:
                desk.wait_focus(case.dialog.process)
                check(activated(case.messages()) == [token], activated(case.messages()))
                case.cancel()


def activation_wrong(desk):
    """A token that was used, that is none, that has no bounds."""
    for token in ('0123', 'x' * 256, '%s%n"\\', 'a_TIME99999999999999999999'):
        with Case(desk, environment={'DESKTOP_STARTUP_ID': token, 'XDG_ACTIVATION_TOKEN': token}) as case:
            check(activated(case.messages()), f'no token is shown instead of {token!r}')
            case.cancel()


def input_method(desk):
    """It is told of a text field in another program, and nothing of a PIN."""
    method = wayland.InputMethod(desk.display)
    with sway.Parent(desk):
        desk.wait_for(lambda: 'activate' in method.heard(), 'an input method that serves the parent')
        desk.press('a')
        desk.wait_for(lambda: 'surrounding_text' in method.heard(), 'the text of the parent')
        with Case(desk) as case:
            case.wait_ready()
            before = method.heard()
            check(before[-1] == 'done' and 'deactivate' in before, before)
            desk.type(PIN)
            desk.press('Return')
            check(case.dialog.read_pin() == PIN.encode(), 'another PIN')
            check(method.heard() == before, method.heard()[len(before):])
            check('zwp_text_input_v3' not in case.messages(), 'the dialog has a text field for input methods')


CASES = [client, parent_window, parent_wrong, parent_gone, activation, activation_wrong, input_method]


def main():
    case = {function.__name__.replace('_', '-'): function for function in CASES}[sys.argv[2]]
    with sway.Person() as desk:
        case(desk)


if __name__ == '__main__':
    main()
