# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The dialogs that ask for PINs, and the person before them: what their tests share."""

import os
import sys

import asked
import person

PROGRAM = os.path.abspath(sys.argv[1])
PIN = '83465729'
SHOWN = {'answer': 'shown'}
TYPED = {'answer': 'pin_typed'}
CANCEL = {'answer': 'cancel'}
BULLET = '\u2022'
GUARD_SECONDS = 0.7


def check(condition, what):
    if not condition:
        raise person.Failed(what)


def equal(one, other):
    check(one == other, f'{one!r} instead of {other!r}')


class Case:
    """One dialog that is shown, and the person before it."""

    def __init__(self, desk, argv=(PROGRAM,), question=asked.PIN_QUESTION, **changes):
        self.desk = desk
        self.question = {key: value for key, value in (question | changes).items() if value is not None}
        self.dialog = asked.Asked(desk, argv, self.question)

    def __enter__(self):
        equal(self.dialog.hear(), SHOWN)
        self.desk.wait_focus(self.dialog.process)
        return self

    def __exit__(self, *ignored):
        self.dialog.close()

    def entry(self):
        return self.desk.find('password text')

    def button(self, name):
        return self.desk.find('push button', name)

    def has_words(self, *wanted):
        self.desk.wait_for(lambda: all(text in self.desk.words() for text in wanted), f'the words {wanted}')

    def wait_ready(self):
        """Until keys are taken."""
        self.desk.wait_for(lambda: self.entry() and self.desk.has(self.entry(), 'EDITABLE'), 'an entry that takes a PIN')

    def wait_enabled(self, name):
        self.desk.wait_for(lambda: self.button(name) and self.desk.has(self.button(name), 'SENSITIVE'), f'a button {name}')

    def count(self):
        """How many characters the entry shows."""
        text = self.desk.text(self.entry())
        equal(text, BULLET * len(text))
        return len(text)

    def type(self, text):
        before = self.count()
        self.desk.type(text)
        self.desk.wait_for(lambda: self.count() == before + len(text), 'bullets')
