#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The dialog that asks for a new PIN, driven like a person does.

test-new-pin.py PROGRAM CASE DISPLAY   where DISPLAY is x11 or wayland"""

import os
import re
import sys
import time

import asked
import sway
from memory import search_memory
from pins import BULLET, CANCEL, GUARD_SECONDS, PIN, TYPED, Case, check, equal

NEW = '61803398'
OLD, FIRST, AGAIN = 'Present PIN', 'New PIN', 'New PIN Again'


class NewPin(Case):
    """The three entries are told apart by their names."""

    def __init__(self, desk, **changes):
        super().__init__(desk, question=asked.NEW_PIN_QUESTION, **changes)

    def entry(self, name=None):
        return self.desk.find('password text', name)

    def fill(self, name, text):
        node = self.desk.wait_for(lambda: self.entry(name), name)
        self.desk.wait_for(lambda: self.desk.has(node, 'EDITABLE'), f'{name} to take keys')
        self.focus(name)
        self.desk.type(text)
        self.desk.wait_for(lambda: self.desk.text(self.entry(name)) == BULLET * len(text), f'bullets in {name}')

    def focused(self):
        """The name of what has the focus."""
        return self.desk.wait_for(lambda: [node.get_name() for node in focusable(self.desk) if self.desk.has(node, 'FOCUSED')],
                                  'a focus')[0]

    def focus(self, name):
        """By the keys that people have for it."""
        for _ in range(8):
            before = self.focused()
            if before == name:
                return
            self.desk.press('Tab')
            self.desk.wait_for(lambda: self.focused() != before, 'the focus to move')
        raise AssertionError(f'Tab does not lead to {name}')

    def is_ready(self, name='Change PIN'):
        return self.desk.has(self.button(name), 'SENSITIVE')

    def read_pins(self):
        whole = self.dialog.read_pin()
        return whole[1:1 + whole[0]], whole[1 + whole[0]:]


def changed(desk):
    with NewPin(desk) as case:
        for name, text in ((OLD, PIN), (FIRST, NEW), (AGAIN, NEW)):
            check(not case.is_ready(), f'it can be submitted before {name} is typed')
            case.fill(name, text)
        case.wait_enabled('Change PIN')
        desk.press('Return')
        equal(case.read_pins(), (PIN.encode(), NEW.encode()))
        case.dialog.expect(TYPED, 0)


def unblocked(desk):
    """A PUK may be what it likes, and be the new PIN."""
    with NewPin(desk, unblock=True) as case:
        case.has_words('PUK')
        case.fill('PUK', 'a9Z!12345678')
        case.fill(FIRST, NEW)
        case.fill(AGAIN, NEW)
        case.wait_enabled('Set New PIN')
        desk.atspi.Action.do_action(case.button('Set New PIN'), 0)
        equal(case.read_pins(), (b'a9Z!12345678', NEW.encode()))
        case.dialog.expect(TYPED, 0)


def by_keys(desk):
    """Enter does nothing before all is there, and from there on in each entry."""
    with NewPin(desk) as case:
        for name, text in ((OLD, PIN), (FIRST, NEW), (AGAIN, NEW[:-1])):
            case.fill(name, text)
            desk.press('Return')
            check(not case.dialog.has_said(0.2), 'it was submitted too soon')
        desk.type(NEW[-1])
        case.wait_enabled('Change PIN')
        case.focus(FIRST)
        desk.press('Return')
        equal(case.read_pins(), (PIN.encode(), NEW.encode()))
        case.dialog.expect(TYPED, 0)


def refused(desk, first, again, words, **changes):
    with NewPin(desk, **changes) as case:
        case.fill(OLD, PIN)
        case.fill(FIRST, first)
        case.fill(AGAIN, again)
        case.has_words(words)
        check(not case.is_ready(), 'it can be submitted')
        desk.press('Return')
        check(not case.dialog.has_said(0.3), 'it was submitted')


def different(desk):
    refused(desk, NEW, '61803399', 'was not typed twice in the same way')


def too_short(desk):
    refused(desk, '12345', '12345', 'too short')


def too_long(desk):
    refused(desk, '123456789', '123456789', 'too long')


def old_again(desk):
    refused(desk, PIN, PIN, 'has to be another one')


def escape(desk):
    with NewPin(desk) as case:
        case.fill(OLD, PIN)
        case.fill(FIRST, NEW)
        desk.press('Escape')
        case.dialog.expect(CANCEL, 1)
        equal(case.dialog.read_pin(), b'')


def final_try(desk):
    with NewPin(desk, unblock=True, pin_state='final_try', rejected=True) as case:
        case.has_words('The PUK was wrong.', 'nobody can unlock the token any more')
        box = desk.wait_for(lambda: desk.find('check box', 'I know the PUK and want to use the last try'), 'a confirmation')
        time.sleep(2 * GUARD_SECONDS)  # nothing but time would open them
        for name in ('PUK', FIRST, AGAIN):
            check(not desk.has(case.entry(name), 'SENSITIVE'), f'{name} is open before the confirmation')
        desk.press('Return')
        check(not desk.has(box, 'CHECKED'), 'Enter is no confirmation')
        desk.press('space')
        case.fill('PUK', PIN)
        case.fill(FIRST, NEW)
        case.fill(AGAIN, NEW)
        desk.press('Return')
        equal(case.read_pins(), (PIN.encode(), NEW.encode()))
        case.dialog.expect(TYPED, 0)


def early_digits(desk):
    """Somebody types on into what they believe is their own window."""
    with NewPin(desk) as case:
        desk.wait_for(case.entry, 'an entry')
        began = time.monotonic()
        while time.monotonic() - began < 2.5 * GUARD_SECONDS:
            desk.type('12')
        for name in (OLD, FIRST, AGAIN):
            equal(desk.text(case.entry(name)), '')
        case.has_words('Keys pressed before')


def rejected(desk):
    with NewPin(desk, rejected=True, pin_state='low', pin_tries=2) as case:
        case.has_words('The PIN was wrong. 2 tries are left.')
    with NewPin(desk, new_pin_rejected=True) as case:
        case.has_words('The token did not take the new PIN.')


def reader(desk):
    with NewPin(desk, pinpad=True) as case:
        case.has_words('enter the PIN and the new one on the reader')
        equal(case.entry(), None)
        case.wait_enabled('Continue')
        desk.press('Return')
        equal(case.dialog.read_pin(), b'')
        case.dialog.expect({'answer': 'pinpad'}, 0)


def shows_parties(desk):
    with NewPin(desk, program={'label': '/usr/bin/cardea', 'parents': ['/usr/bin/bash']}) as case:
        case.has_words('Staff card', 'Example Reader 00 00', '/usr/bin/cardea', '/usr/bin/bash', 'Asked By', '6 to 8 characters')
        check('vouched' not in desk.words() and 'Server' not in desk.words(), 'there is no server')


def accessibility(desk):
    """No digit on the accessibility bus, whoever asks and listens."""
    heard = desk.listen('object:text-changed', 'object:property-change', 'object:state-changed', 'object:text-caret-moved')
    with NewPin(desk, pin_min=1, pin_max=255) as case:
        for name, text in ((OLD, PIN), (FIRST, NEW), (AGAIN, NEW)):
            case.fill(name, text)
        desk.press('BackSpace')
        desk.wait_for(lambda: any('text-changed:delete' in kind for kind, _ in heard), 'an event for it')
        changes = [text for kind, text in heard if 'text-changed' in kind]
        check(any(BULLET in str(text) for text in changes), f'the bus tells of {changes}')
        check(not re.search('[0-9]', ''.join(map(str, changes))), f'the bus tells {changes}')
        for name in (OLD, FIRST, AGAIN):
            for node in desk.nodes(case.entry(name)):
                for text in (node.get_name(), node.get_description(), desk.text(node)):
                    check(not re.search('[0-9]', text or ''), f'{node.get_role_name()} tells {text}')


def focusable(desk):
    return [node for node in desk.nodes() if desk.has(node, 'FOCUSABLE') and desk.has(node, 'VISIBLE')
            and node.get_role_name() not in ('scroll pane', 'frame')]


def names(desk):
    """Each control has a name that is one, and says what it does."""
    with NewPin(desk, pin_min=1, pin_max=255) as case:
        desk.wait_for(case.entry, 'an entry')
        found = {(node.get_role_name(), node.get_name()) for node in focusable(desk)}
        wanted = {('password text', OLD), ('password text', FIRST), ('password text', AGAIN), ('push button', 'Cancel'),
                  ('push button', 'Change PIN')}
        check(wanted <= found, f'{wanted - found} are not among {found}')
        for node in focusable(desk):
            check(node.get_description(), f'{node.get_role_name()} {node.get_name()} has no description')


def tab_order(desk):
    with NewPin(desk) as case:
        for name, text in ((OLD, PIN), (FIRST, NEW), (AGAIN, NEW)):
            case.fill(name, text)
        case.focus(OLD)
        seen = [OLD]
        for _ in range(4):
            desk.press('Tab')
            desk.wait_for(lambda: case.focused() != seen[-1], 'the focus to move')
            seen.append(case.focused())
        equal(seen, [OLD, FIRST, AGAIN, 'Cancel', 'Change PIN'])


def token_removed(desk):
    with NewPin(desk) as case:
        case.fill(OLD, PIN)
        case.fill(FIRST, NEW[:4])
        case.dialog.say({'update': 'withdraw', 'reason': 'token_removed'})
        case.has_words('Token Removed', 'no longer there')
        equal(case.entry(), None)
        desk.press('Escape')
        case.dialog.expect(None, 1)
        equal(case.dialog.read_pin(), b'')


def memory(desk):
    """What is typed is in locked pages, each once, and nowhere when the question was withdrawn.

    Root reads all memory; anybody else finds it closed, which is as good."""
    with NewPin(desk) as case:
        pid = case.dialog.process.pid
        case.fill(OLD, PIN)
        case.fill(FIRST, NEW)
        case.fill(AGAIN, NEW)
        if os.geteuid() != 0:
            try:
                open(f'/proc/{pid}/mem', 'rb').close()
            except PermissionError:
                return
        equal(search_memory(pid, PIN.encode()), [True])
        equal(search_memory(pid, NEW.encode()), [True, True])
        for encoding in ('utf-16-le', 'utf-32-le'):
            equal(search_memory(pid, NEW.encode(encoding)), [])
        case.dialog.say({'update': 'withdraw', 'reason': 'token_removed'})
        case.has_words('Token Removed')
        equal(search_memory(pid, PIN.encode()) + search_memory(pid, NEW.encode()), [])
        check(search_memory(pid, b'cardea-prompt'), 'the search finds nothing at all')


def main():
    cases = {case.__name__.replace('_', '-'): case for case in (
        changed, unblocked, by_keys, different, too_short, too_long, old_again, escape, final_try, early_digits, rejected, reader,
        shows_parties, accessibility, names, tab_order, token_removed, memory)}
    with sway.DISPLAYS[sys.argv[3]]() as desk:
        cases[sys.argv[2]](desk)


if __name__ == '__main__':
    main()
