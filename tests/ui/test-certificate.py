#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The certificate dialog, driven like a person does.

test-certificate.py PROGRAM CASE DISPLAY   where DISPLAY is x11 or wayland"""

import os
import subprocess
import sys
import time

import asked
import looks
import person
import questions
import sway

PROGRAM = os.path.abspath(sys.argv[1])
CANCEL = {'answer': 'cancel'}
CONTROLS = ('push button', 'toggle button', 'list item', 'combo box')
EXIT_CANCELLED = 1
# Longer than the guard waits for quiet.
GUARD_SECONDS = 1.5


def check(condition, what):
    if not condition:
        raise person.Failed(what)


def equal(one, other):
    check(one == other, f'{one!r} instead of {other!r}')


def bare(text):
    """Without the isolating characters."""
    return text.replace('\u2068', '').replace('\u2069', '')


def use(offer, remember='not'):
    return {'answer': 'use', 'id': offer['id'], 'remember': remember}


def window(desk):
    """X11's number of the dialog's window."""
    found = subprocess.run(['xdotool', 'search', '--onlyvisible', '--class', 'prompt'], env=desk.environment, text=True,
                           capture_output=True, timeout=person.SECONDS).stdout.split()
    return found[-1] if found else None


def size(desk, number):
    said = subprocess.run(['xdotool', 'getwindowgeometry', '--shell', number], env=desk.environment, check=True, text=True,
                          capture_output=True, timeout=person.SECONDS).stdout
    values = dict(line.split('=') for line in said.split())
    return int(values['WIDTH']), int(values['HEIGHT'])


class Case:
    """One dialog that is shown, and the person before it."""

    def __init__(self, desk, offers, **changes):
        self.desk = desk
        self.dialog = asked.Asked(desk, (PROGRAM,), questions.certificate(offers, **changes))

    def __enter__(self):
        equal(self.dialog.hear(), {'answer': 'shown'})
        self.desk.wait_focus(self.dialog.process)
        return self

    def __exit__(self, *ignored):
        self.dialog.close()

    def shown(self, *roles):
        return [node for node in self.desk.nodes() if node.get_role_name() in roles and self.desk.has(node, 'VISIBLE')]

    def focused(self):
        """What has the focus, by name; None while it is nothing."""
        found = [bare(node.get_name()) for node in self.desk.nodes() if self.desk.has(node, 'FOCUSED')]
        return found[-1] if found else None

    def rows(self):
        return [bare(node.get_name()) for node in self.shown('list item')]

    def selected(self):
        found = [bare(node.get_name()) for node in self.shown('list item') if self.desk.has(node, 'SELECTED')]
        check(len(found) < 2, f'{found} are selected')
        return found[0] if found else None

    def can(self, button):
        node = self.desk.find('push button', button)
        return node is not None and self.desk.has(node, 'SENSITIVE')

    def wait(self, condition, what):
        return self.desk.wait_for(condition, what)

    def wait_armed(self):
        self.wait(lambda: self.can('Use') or self.can('Continue Without a Certificate'), 'buttons that can be pressed')

    def wait_focus(self, name):
        self.wait(lambda: self.focused() == name, f'the focus on {name}')

    def wait_selected(self, name):
        self.wait(lambda: self.selected() == name, f'{name} selected')

    def press(self, *keys):
        self.desk.press(*keys)

    def click(self, name):
        node = self.wait(lambda: self.desk.find('push button', name), f'a button {name}')
        self.desk.atspi.Action.do_action(node, 0)

    def remembered(self):
        return [node.get_description() for node in self.shown('combo box')]

    def choose(self, key_presses, choice):
        """What is remembered, by so many steps down the list."""
        self.tab_to('Remember This Answer')
        self.press('space')
        self.wait(lambda: self.focused() != 'Remember This Answer', 'the list of choices')
        for _ in range(key_presses):
            self.press('Down')
        self.press('Return')
        self.wait(lambda: self.remembered() == [choice], f'the choice {choice}')
        # The list took the focus; the guard begins anew.
        self.wait_armed()

    def tab_to(self, name, key='Tab'):
        for _ in range(12):
            if self.focused() == name:
                return
            before = self.focused()
            self.press(key)
            self.wait(lambda: self.focused() != before, 'the focus elsewhere')
        raise person.Failed(f'{key} does not reach {name}')

    def end_by(self, answer):
        self.dialog.expect(answer, EXIT_CANCELLED if answer == CANCEL else 0)


def two():
    return [questions.authentication(), questions.business()]


def second_row(desk):
    with Case(desk, two()) as case:
        case.wait_armed()
        case.wait_focus('Demo holder (authentication)')
        case.press('Down')
        case.wait_selected('Demo holder, Example Ltd')
        case.press('Return')
        case.end_by(use(two()[1]))


def use_button(desk):
    with Case(desk, two()) as case:
        case.wait_armed()
        case.click('Use')
        case.end_by(use(two()[0]))


def preselected(desk):
    with Case(desk, two(), preselected=two()[1]['id']) as case:
        case.wait_armed()
        case.wait_selected('Demo holder, Example Ltd')
        case.wait_focus('Demo holder, Example Ltd')
        case.press('Return')
        case.end_by(use(two()[1]))


def sole_candidate(desk):
    """It is shown, and used only when a person says so."""
    with Case(desk, [questions.authentication()]) as case:
        case.wait_armed()
        equal(case.selected(), 'Demo holder (authentication)')
        check(not case.dialog.has_said(GUARD_SECONDS), 'an answer that nobody gave')
        case.press('Return')
        case.end_by(use(questions.authentication()))


def escape(desk):
    """At once, and while the guard is not armed."""
    with Case(desk, two()) as case:
        case.press('Escape')
        case.end_by(CANCEL)


def cancel_button(desk):
    with Case(desk, two()) as case:
        case.click('Cancel')
        case.end_by(CANCEL)


def closed(desk):
    with Case(desk, two()) as case:
        desk.close_window()
        case.end_by(CANCEL)


def go_on(desk):
    with Case(desk, two()) as case:
        case.wait_armed()
        case.tab_to('Continue Without a Certificate')
        case.press('space')
        case.end_by({'answer': 'continue', 'remember': 'not'})


def no_going_on(desk):
    with Case(desk, two(), may_continue=False) as case:
        case.wait_armed()
        check(desk.find('push button', 'Continue Without a Certificate') is None, 'a button to go on without')
        case.press('Escape')
        case.end_by(CANCEL)


def early_enter(desk):
    """Keys that were meant for another window give no consent: Enter and space go on while the dialog opens."""
    typing = desk.keep_pressing(*['Return', 'space'] * 100)
    with Case(desk, two()) as case:
        check(typing.poll() is None, 'the typing ended before the dialog opened')
        equal(typing.wait(person.SECONDS), 0)
        check(not case.dialog.has_said(0.2), 'Enter was taken')
        case.wait_armed()
        case.press('Return')
        case.end_by(use(two()[0]))


def tab_order(desk):
    order = ['Demo holder (authentication)', 'Details of Demo holder (authentication)', '3 certificates do not fit',
             'Remember This Answer', 'Continue Without a Certificate', 'Cancel', 'Use']
    with Case(desk, two() + questions.unfitting()) as case:
        case.wait_armed()
        for name in order[1:]:
            before = case.focused()
            case.press('Tab')
            case.wait(lambda: case.focused() != before, 'the focus elsewhere')
            equal(case.focused(), name)
        for name in order[-2::-1]:
            before = case.focused()
            case.press('shift+Tab')
            case.wait(lambda: case.focused() != before, 'the focus elsewhere')
            equal(case.focused(), name)
        equal(case.selected(), 'Demo holder (authentication)')


def others(desk):
    """What does not fit comes when it is asked for, with why."""
    with Case(desk, two() + questions.unfitting()) as case:
        case.wait_armed()
        check('Demo visitor' not in case.rows(), 'rows that nobody asked for')
        case.tab_to('3 certificates do not fit')
        case.press('space')
        case.wait(lambda: 'This server does not accept its issuer' in desk.words(), 'the reasons')
        words = desk.words()
        for reason in ('Expired on ', 'This token cannot produce the signature TLS 1.3 needs', 'Its key is too short to be safe'):
            check(reason in words, f'no reason {reason}')
        found = [node for node in desk.nodes() if bare(node.get_name()) == 'Demo visitor' and node.get_role_name() == 'list item']
        equal(len(found), 1)
        check('This server does not accept its issuer' in found[0].get_description(), 'a reason that is not spoken')
        equal(case.selected(), 'Demo holder (authentication)')


def none_fits(desk):
    with Case(desk, questions.unfitting()) as case:
        case.wait_armed()
        words = desk.words()
        check('No Certificate Fits' in words and 'This server does not accept its issuer' in words, words)
        check(not case.can('Use'), 'a certificate that does not fit can be used')
        case.press('Return')
        case.end_by(CANCEL)


def token_comes(desk):
    with Case(desk, []) as case:
        case.wait_armed()
        check('Insert Your Token' in desk.words(), 'nobody is told to insert a token')
        check(not case.can('Use'), 'nothing can be used')
        case.dialog.say(questions.update(two()))
        case.wait_selected('Demo holder (authentication)')
        check('Insert Your Token' not in desk.words(), 'a token is still asked for')
        case.wait(lambda: case.can('Use'), 'a button to use it')
        case.wait_focus('Demo holder (authentication)')
        case.press('Return')
        case.end_by(use(two()[0]))


def dead_after_update(desk):
    """What moved from under the pointer is not pressed by accident: for a moment nothing can be."""
    with Case(desk, two()) as case:
        case.wait_armed()
        heard = desk.listen('object:state-changed:sensitive')
        case.dialog.say(questions.update([questions.ending()] + two()))
        case.wait(lambda: heard, 'buttons that cannot be pressed')
        case.wait(lambda: case.can('Use'), 'a button to use it')
        case.click('Use')
        case.end_by(use(two()[0]))


def keeps_selection(desk):
    """Whatever comes and goes beside it; and what goes away is not replaced by what nobody chose."""
    first, second = two()
    with Case(desk, [first, second]) as case:
        case.wait_armed()
        case.press('Down')
        case.wait_selected(second['holder'])
        case.dialog.say(questions.update([questions.ending(), first, second]))
        case.wait(lambda: len(case.rows()) > 2 and 'Demo auditor' in case.rows(), 'the new row')
        equal(case.selected(), second['holder'])
        equal(case.focused(), second['holder'])
        equal(case.rows()[:3], ['Demo auditor', first['holder'], second['holder']])
        case.dialog.say(questions.update([first]))
        case.wait(lambda: second['holder'] not in case.rows(), 'its row gone')
        equal(case.selected(), None)
        check(not case.can('Use'), 'a certificate that nobody chose can be used')
        case.dialog.say(questions.update([first, second]))
        case.wait_selected(second['holder'])
        case.wait(lambda: case.can('Use'), 'a button to use it')
        case.click('Use')
        case.end_by(use(second))


def becomes_unfit(desk):
    first, second = two()
    with Case(desk, [first, second]) as case:
        case.wait_armed()
        case.dialog.say(questions.update([second, first | {'reasons': [questions.reason('token_locked')]}]))
        case.wait(lambda: desk.find('push button', '1 certificate does not fit'), 'it among the others')
        equal(case.selected(), None)
        check(not case.can('Use'), 'a certificate that nobody chose can be used')


def hostile(desk):
    label = '/usr/bin/\u202egnp.exe\n<b>Trusted</b>'
    offers = questions.hostile()
    with Case(desk, offers, program={'label': label, 'parents': ['/bin/<i>sh</i>']},
              server={'name': 'xn--bnk-7cd.example', 'port': 8443, 'vouched_by': '<b>CA</b>\u2067', 'by_program_only': True}) as case:
        case.wait_armed()
        words = bare(desk.words())
        for text in ('<b>Verified</b> &amp; <span size="xx-large">safe</span>', 'Demo \\u{202e}redloh\\u{202c} holder\\u{200b}',
                     'Issued by Example\\u{a}Issued by Example Root CA', '/usr/bin/\\u{202e}gnp.exe\\u{a}<b>Trusted</b>',
                     'Started by /bin/<i>sh</i>', 'xn--bnk-7cd.example:8443', 'Issued by _Cancel & go <on>',
                     'only, with an authority of its own: <b>CA</b>\\u{2067}'):
            check(text in words, f'{text!r} is not among {words!r}')
        for node in desk.nodes():
            said = bare(node.get_name() + node.get_description())
            check(not set(said) & set('\n\u202e\u202c\u200b\u2067'), f'{said!r} is not clean')
            check(len(said) < 4000, f'{len(said)} characters')
        case.press('Down', 'Down', 'Return')
        case.end_by(use(offers[2]))


def remember_always(desk):
    with Case(desk, two()) as case:
        case.wait_armed()
        case.choose(2, 'Always for this program on this server')
        case.click('Use')
        case.end_by(use(two()[0], 'always'))


def remember_limited(desk):
    """Past the last choice that is allowed there is nothing."""
    with Case(desk, two(), may_remember='removal') as case:
        case.wait_armed()
        case.choose(3, 'Until the token is removed')
        case.click('Continue Without a Certificate')
        case.end_by({'answer': 'continue', 'remember': 'removal'})


def remember_nothing(desk):
    with Case(desk, two(), may_remember='not') as case:
        case.wait_armed()
        check(desk.find('combo box') is None, 'something to remember')


def details(desk):
    first = two()[0]
    groups = ' '.join(first['sha256'][i:i + 4] for i in range(0, 64, 4))
    with Case(desk, two()) as case:
        case.wait_armed()
        case.press('Tab')
        case.wait_focus('Details of Demo holder (authentication)')
        case.press('Return')
        case.wait(lambda: groups in bare(desk.words()), 'the fingerprint')
        words = bare(desk.words())
        for text in (first['subject_name'], first['issuer_name'], 'Key usage', 'RSA, 2048 bits'):
            check(text in words, f'{text} is not among the details')
        check(desk.find('push button', 'Copy: SHA-256 fingerprint'), 'it cannot be copied')
        check(not case.can('Use'), 'consent is given amid the details')
        case.press('Escape')
        case.wait(lambda: desk.find('push button', 'Use'), 'the choice again')
        case.wait_focus('Demo holder (authentication)')
        case.press('Escape')
        case.end_by(CANCEL)


def copied(desk):
    """What is copied is clean: no isolating characters, no spaces, nothing that acts where it is pasted."""
    first = two()[0] | {'subject_name': 'CN=Demo\u202e\nholder'}
    with Case(desk, [first]) as case:
        case.wait_armed()
        # A Wayland compositor lets a program copy once it has seen a key.
        case.tab_to('Details of Demo holder (authentication)')
        case.press('space')
        for title, text in (('SHA-256 fingerprint', first['sha256']), ('Holder', 'CN=Demo\\u{202e}\\u{a}holder')):
            case.click(f'Copy: {title}')
            case.wait(lambda: desk.copied() == text, f'{text} in the clipboard')


def narrow(desk):
    """A window of 360 pixels keeps its width with large text, whatever is shown and comes."""
    looks.set_text_scale(desk, 2)
    with Case(desk, [questions.authentication()] + questions.unfitting() + questions.hostile()) as case:
        case.wait_armed()
        number = case.wait(lambda: window(desk), 'a window')
        desk.tool('xdotool', 'windowsize', '--sync', number, '360', '760')
        case.click('Details of \u2068Demo holder (authentication)\u2069')
        case.wait(lambda: not case.can('Use'), 'the details')
        equal(size(desk, number)[0], 360)
        case.press('Escape')
        case.wait_armed()
        case.tab_to('3 certificates do not fit')
        case.press('space')
        case.wait(lambda: 'This server does not accept its issuer' in desk.words(), 'the reasons')
        equal(size(desk, number)[0], 360)
        case.dialog.say(questions.update([questions.business()]))
        case.wait_selected(None)
        case.wait(lambda: 'Demo holder, Example Ltd' in case.rows(), 'the new row')
        equal(size(desk, number)[0], 360)


def names(desk):
    """What each control is called, and what it does."""
    with Case(desk, two() + questions.unfitting()) as case:
        case.wait_armed()
        controls = case.shown(*CONTROLS)
        check(len(controls) > 7, f'only {len(controls)} controls')
        for node in controls:
            name = node.get_name()
            check(name and '_' not in name and 'Gtk' not in name and 'Adw' not in name, f'{node.get_role_name()} {name!r}')
        described = [node.get_name() for node in controls if node.get_description()]
        for name in ('Use', 'Cancel', 'Continue Without a Certificate', 'Remember This Answer'):
            check(name in described, f'{name} has no description')
        rows = [node for node in case.shown('list item')]
        check(all('Issued by' in node.get_description() and 'Valid until' in node.get_description() for node in rows),
              'rows that cannot be told apart by ear')
        equal([node.get_name() for node in case.shown('list') if 'fit' in node.get_name()], ['Certificates that fit'])


def title_buttons(desk):
    """A dialog is closed, and nothing else, whatever windows have on this desktop."""
    with Case(desk, two()) as case:
        case.wait_armed()
        found = [bare(node.get_name()) for node in case.shown('push button')]
        equal([name for name in found if name in ('Close', 'Maximize', 'Minimize', 'Restore')], ['Close'])


def withdrawn(desk):
    """What is read takes the place of what could be chosen."""
    with Case(desk, two()) as case:
        case.wait_armed()
        case.dialog.say({'update': 'withdraw', 'reason': 'server_closed'})
        case.wait(lambda: 'Connection Closed' in desk.words(), 'a title')
        check('has closed the connection' in desk.words(), f'no reason: {desk.words()}')
        equal(case.rows(), [])
        case.press('Return')
        check(not case.dialog.has_said(0.2), 'the key that would have chosen closes the notice')
        case.press('Escape')
        case.dialog.expect(None, 1)


CASES = [second_row, use_button, preselected, sole_candidate, escape, cancel_button, closed, go_on, no_going_on, early_enter,
         tab_order, others, none_fits, token_comes, dead_after_update, keeps_selection, becomes_unfit, hostile, remember_always, remember_limited,
         remember_nothing, details, copied, narrow, names, title_buttons, withdrawn]


def main():
    case = {function.__name__.replace('_', '-'): function for function in CASES}[sys.argv[2]]
    with sway.DISPLAYS[sys.argv[3]]() as desk:
        case(desk)


if __name__ == '__main__':
    main()
