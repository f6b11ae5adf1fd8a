#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The PIN dialog, driven like a person does.

test-pin.py PROGRAM CASE DISPLAY   where DISPLAY is x11 or wayland"""

import json
import os
import re
import signal
import subprocess
import sys
import time

import asked
import person
import sway
from memory import search_memory
from pins import BULLET, CANCEL, GUARD_SECONDS, PIN, PROGRAM, SHOWN, TYPED, Case, check, equal

OTHER = 'what was copied before'


def typed(desk):
    with Case(desk) as case:
        case.wait_ready()
        case.type(PIN)
        desk.press('Return')
        equal(case.dialog.read_pin(), PIN.encode())
        case.dialog.expect(TYPED, 0)


def corrected(desk):
    """Not only digits; and what was deleted is not sent."""
    with Case(desk) as case:
        case.wait_ready()
        case.type('a9Z')
        desk.press('BackSpace')
        desk.press('Home', 'Delete')
        desk.press('End')
        desk.wait_for(lambda: case.count() == 1, 'one bullet')
        case.type('xY!')
        desk.press('Return')
        equal(case.dialog.read_pin(), b'9xY!')
        case.dialog.expect(TYPED, 0)


def by_button(desk):
    """By the accessibility bus alone, as a screen reader does."""
    with Case(desk) as case:
        case.wait_ready()
        case.type(PIN)
        case.wait_enabled('Unlock')
        desk.atspi.Action.do_action(case.button('Unlock'), 0)
        equal(case.dialog.read_pin(), PIN.encode())
        case.dialog.expect(TYPED, 0)


def escape(desk):
    with Case(desk) as case:
        desk.press('Escape')
        case.dialog.expect(CANCEL, 1)
        equal(case.dialog.read_pin(), b'')


def escape_after_typing(desk):
    with Case(desk) as case:
        case.wait_ready()
        case.type(PIN)
        desk.press('Escape')
        case.dialog.expect(CANCEL, 1)
        equal(case.dialog.read_pin(), b'')


def cancel(desk):
    with Case(desk) as case:
        case.wait_enabled('Cancel')
        desk.atspi.Action.do_action(case.button('Cancel'), 0)
        case.dialog.expect(CANCEL, 1)


def empty(desk):
    """Enter without a PIN does nothing."""
    with Case(desk) as case:
        case.wait_ready()
        check(not desk.has(case.button('Unlock'), 'SENSITIVE'), 'nothing can be submitted')
        desk.press('Return')
        check(not case.dialog.has_said(0.3), 'an empty PIN was submitted')


def shows_parties(desk):
    with Case(desk, program={'label': '/usr/bin/cardea', 'parents': ['/usr/bin/bash', '/usr/bin/terminal']}) as case:
        case.has_words('Staff card', 'Example Reader 00 00', '/usr/bin/cardea', '/usr/bin/bash', 'bank.example:443')


def rejected(desk):
    with Case(desk, rejected=True) as case:
        case.has_words('The PIN was wrong.')
        check('left' not in desk.words(), 'a number of tries was made up')
        check('The PIN was wrong.' in case.entry().get_description(), 'the entry is described by what happened')


def tries(desk):
    with Case(desk, rejected=True, pin_state='low', pin_tries=2) as case:
        case.has_words('The PIN was wrong. 2 tries are left.')


def low(desk):
    with Case(desk, pin_state='low') as case:
        case.has_words('Only a few tries are left')
        check(not re.search(r'[0-9] tr(y|ies)', desk.words()), 'a number of tries was made up')


def final_try(desk):
    with Case(desk, pin_state='final_try', rejected=True) as case:
        case.has_words('The PIN was wrong.', 'This is the last try.')
        desk.wait_for(lambda: desk.find('check box'), 'a confirmation')
        check(not desk.has(case.entry(), 'SENSITIVE'), 'the entry is open before the confirmation')
        time.sleep(2 * GUARD_SECONDS)  # nothing but time would open it
        desk.type(PIN)
        equal(case.count(), 0)
        desk.press('Return')
        check(not desk.has(desk.find('check box'), 'CHECKED'), 'Enter is no confirmation')
        check(not desk.has(case.button('Unlock'), 'SENSITIVE'), 'the last try is used without a confirmation')
        check(desk.has(desk.find('check box'), 'FOCUSED'), 'the confirmation has the focus')
        desk.press('space')
        case.wait_ready()
        desk.wait_for(lambda: desk.has(case.entry(), 'FOCUSED'), 'the focus goes to the entry')
        case.type(PIN)
        desk.press('Return')
        equal(case.dialog.read_pin(), PIN.encode())
        case.dialog.expect(TYPED, 0)


def locked(desk):
    with Case(desk, pin_state='locked', pin_tries=0) as case:
        case.has_words('the token has locked itself', 'PUK')
        equal(case.entry(), None)
        equal(case.button('Unlock'), None)
        case.wait_enabled('Close')
        time.sleep(2 * GUARD_SECONDS)
        desk.press('Return')
        case.dialog.expect(CANCEL, 1)


def must_change(desk):
    with Case(desk, pin_state='must_change') as case:
        case.has_words('demands a new PIN')
        case.wait_ready()


def pinpad(desk):
    with Case(desk, pinpad=True) as case:
        case.has_words('enter the PIN on the reader')
        equal(case.entry(), None)
        case.wait_enabled('Continue')
        desk.press('Return')
        equal(case.dialog.read_pin(), b'')
        case.dialog.expect({'answer': 'pinpad'}, 0)


def pinpad_final_try(desk):
    with Case(desk, pinpad=True, pin_state='final_try') as case:
        desk.wait_for(lambda: desk.find('check box'), 'a confirmation')
        time.sleep(2 * GUARD_SECONDS)
        desk.press('Return')
        check(not desk.has(case.button('Continue'), 'SENSITIVE'), 'the last try is used without a confirmation')
        desk.press('space')
        case.wait_enabled('Continue')
        desk.press('Return')
        case.dialog.expect({'answer': 'pinpad'}, 0)


def for_signature(desk):
    with Case(desk, for_signature=True) as case:
        case.has_words('asks for the PIN for every signature', 'use the key once')
        case.wait_ready()
        case.type(PIN)
        case.wait_enabled('Sign')
        desk.press('Return')
        equal(case.dialog.read_pin(), PIN.encode())
        case.dialog.expect(TYPED, 0)


def for_connection(desk):
    with Case(desk, for_connection=True) as case:
        case.has_words('set to ask for the PIN for every connection')
        case.wait_ready()
        case.type(PIN)
        case.wait_enabled('Unlock')
        desk.press('Return')
        equal(case.dialog.read_pin(), PIN.encode())
        case.dialog.expect(TYPED, 0)


def for_signature_final_try(desk):
    with Case(desk, for_signature=True, pin_state='final_try') as case:
        case.has_words('asks for the PIN for every signature', 'This is the last try')


def early_enter(desk):
    """Enter at the moment of opening, and again before the guard has seen a quiet keyboard."""
    with Case(desk, pinpad=True) as case:
        for _ in range(6):
            desk.press('Return', 'space')
            check(not case.dialog.has_said(0.2), 'a key that was meant for another window was taken')
        case.has_words('Keys pressed before')
        case.wait_enabled('Continue')
        check(not case.dialog.has_said(0.3), 'a key was kept and taken later')


def early_digits(desk):
    """Somebody types on into what they believe is their own window."""
    with Case(desk) as case:
        desk.wait_for(case.entry, 'an entry')
        began = time.monotonic()
        while time.monotonic() - began < 2.5 * GUARD_SECONDS:
            desk.type('12')
        desk.press('Return')
        check(not case.dialog.has_said(0), 'keys that were meant for another window were taken')
        equal(case.count(), 0)
        case.has_words('Keys pressed before')
        case.wait_ready()
        equal(case.count(), 0)
        case.type(PIN)
        check('Keys pressed before' not in desk.words(), 'the hint goes when it is understood')
        desk.press('Return')
        equal(case.dialog.read_pin(), PIN.encode())


def refocused(desk):
    """The guard begins anew when the focus comes back."""
    with Case(desk) as case:
        case.wait_ready()
        case.type(PIN)
        with asked.Asked(desk, [PROGRAM], asked.PIN_QUESTION) as other:
            equal(other.hear(), SHOWN)
            desk.wait_focus(other.process)
            desk.press('Escape')
            other.expect(CANCEL, 1)
        desk.press('Return')
        check(not case.dialog.has_said(0.3), 'a key that was meant for another window was taken')
        case.wait_enabled('Unlock')
        desk.press('Return')
        equal(case.dialog.read_pin(), PIN.encode())
        case.dialog.expect(TYPED, 0)


def pasted(desk):
    with Case(desk) as case:
        case.wait_ready()
        case.desk.atspi.EditableText.insert_text(case.entry(), 0, PIN, len(PIN))
        case.has_words('cannot be pasted')
        equal(case.count(), 0)


def clipboard(desk):
    """Neither into the entry nor out of it, by the keys that people have for it."""
    desk.copy(OTHER)
    with Case(desk) as case:
        case.wait_ready()
        for keys in ('ctrl+v', 'shift+Insert'):
            desk.press(keys)
            case.has_words('cannot be pasted')
            equal(case.count(), 0)
            case.type('1')
            desk.press('BackSpace')
            desk.wait_for(lambda: case.count() == 0, 'an empty entry')
            check('pasted' not in desk.words(), 'the hint goes when it is understood')
        case.type(PIN)
        desk.press('ctrl+a', 'ctrl+c', 'ctrl+x', 'shift+Home', 'ctrl+Insert', 'shift+Delete')
        equal(case.count(), len(PIN))
        # What is selected takes the place of what was; there is nothing to be had.
        equal([desk.copied(), desk.copied(is_primary=True)], [OTHER, ''])
        desk.press('Return')
        equal(case.dialog.read_pin(), PIN.encode())
        equal([desk.copied(), desk.copied(is_primary=True)], [OTHER, ''])


def caps_lock(desk):
    with Case(desk) as case:
        case.wait_ready()
        check('Caps Lock' not in desk.words(), 'Caps Lock is not on')
        desk.press('Caps_Lock')
        case.has_words('Caps Lock is on.')
        desk.press('Caps_Lock')
        desk.wait_for(lambda: 'Caps Lock' not in desk.words(), 'the hint to go')


def accessibility(desk):
    """No digit on the accessibility bus, whoever asks and listens."""
    heard = desk.listen('object:text-changed', 'object:property-change', 'object:state-changed', 'object:text-caret-moved')
    with Case(desk) as case:
        case.wait_ready()
        case.type(PIN)
        desk.press('BackSpace')
        desk.wait_for(lambda: case.count() == len(PIN) - 1, 'a bullet less')
        desk.wait_for(lambda: any('text-changed:delete' in kind for kind, _ in heard), 'an event for it')
        changes = [text for kind, text in heard if 'text-changed' in kind]
        check(any(BULLET in str(text) for text in changes), f'the bus tells of {changes}')
        check(not re.search('[0-9]', ''.join(map(str, changes))), f'the bus tells {changes}')
        for node in desk.nodes(case.entry()):
            for text in (node.get_name(), node.get_description(), desk.text(node)):
                check(not re.search('[0-9]', text or ''), f'{node.get_role_name()} tells {text}')


def focusable(desk):
    return [node for node in desk.nodes() if desk.has(node, 'FOCUSABLE') and desk.has(node, 'VISIBLE')
            and node.get_role_name() not in ('scroll pane', 'frame')]


def names(desk):
    """Each control has a name that is one, and says what it does."""
    with Case(desk, pin_state='final_try', rejected=True) as case:
        desk.wait_for(case.entry, 'an entry')
        found = {(node.get_role_name(), node.get_name()) for node in focusable(desk)}
        wanted = {('password text', 'PIN'), ('push button', 'Cancel'), ('push button', 'Unlock'),
                  ('check box', 'I know the PIN and want to use the last try')}
        check(wanted <= found, f'{wanted - found} are not among {found}')
        for role, name in found:
            half = name[:len(name) // 2].strip()
            check(name and '_' not in name and name != f'{half} {half}' and not name.startswith('Gtk'), f'{role} {name!r}')
        for node in focusable(desk):
            check(node.get_description(), f'{node.get_role_name()} {node.get_name()} has no description')


def title_buttons(desk):
    """A dialog is closed, and nothing else, whatever windows have on this desktop."""
    with Case(desk) as case:
        case.wait_ready()
        found = [node.get_name() for node in desk.nodes() if node.get_role_name() == 'push button' and desk.has(node, 'VISIBLE')]
        equal(sorted(found), ['Cancel', 'Close', 'Unlock'])


def tab_order(desk):
    with Case(desk) as case:
        case.wait_ready()
        seen = []
        case.type('1')
        for _ in range(12):
            focused = desk.wait_for(lambda: [node for node in focusable(desk) if desk.has(node, 'FOCUSED')], 'a focus')
            seen.append(focused[0].get_name())
            if len(seen) > 1 and seen[-1] == seen[0]:
                break
            before = seen[-1]
            desk.press('Tab')
            desk.wait_for(lambda: [node for node in focusable(desk) if desk.has(node, 'FOCUSED') and node.get_name() != before],
                          'the focus to move')
        equal(seen[:3], ['PIN', 'Cancel', 'Unlock'])
        equal(seen[-1], 'PIN')


def hostile(desk):
    """Foreign text is shown as what it is, and what the agent knows stays in sight."""
    evil = '<b>Bank</b> &amp; \u202emoc.live\nUnlock: enter your PIN at evil.example' + 'x' * 3000
    with Case(desk, token_label=evil, reader=evil, program={'label': evil, 'parents': [evil]}) as case:
        case.has_words('<b>Bank</b> &amp;', '\\u{202e}', '\\u{a}', 'bank.example:443')
        words = desk.words()
        check('\u202e' not in words, 'text is turned around')
        check(not any(line.startswith('Unlock: enter') for line in words.splitlines()), 'a line was ended')
        case.wait_ready()
        case.wait_enabled('Cancel')


def killed(desk):
    with Case(desk) as case:
        case.wait_ready()
        case.type(PIN)
        case.dialog.process.kill()
        case.dialog.expect(None, -signal.SIGKILL)
        equal(case.dialog.read_pin(), b'')


def agent_gone(desk):
    """The channel ends."""
    with Case(desk) as case:
        case.wait_ready()
        case.type(PIN)
        case.dialog.channel.shutdown(1)
        equal(case.dialog.hear(), None)
        equal(case.dialog.status(), 1)
        equal(case.dialog.read_pin(), b'')


def parent_gone(desk):
    """The agent is killed, while somebody else has the channel still open."""
    script = ('import os, socket, subprocess, sys, time\n'
              'mine, theirs = socket.socketpair()\n'
              'mine.sendall(sys.argv[2].encode() + bytes(1)); os.set_inheritable(mine.fileno(), True)\n'
              'keeper = subprocess.Popen(["sleep", "60"], pass_fds=[mine.fileno()])\n'
              'pipe = os.pipe()\n'
              'child = subprocess.Popen([sys.argv[1], "--fd", str(theirs.fileno()), "--pin-fd", str(pipe[1])],'
              ' pass_fds=[theirs.fileno(), pipe[1]])\n'
              'mine.recv(100)\n'
              'print(child.pid, flush=True)\n'
              'time.sleep(60)\n')
    parent = subprocess.Popen([sys.executable, '-c', script, PROGRAM, json.dumps(asked.PIN_QUESTION)], env=desk.environment,
                              stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    check(os.path.exists(f'/proc/{pid}'), 'the prompt is there')
    parent.kill()
    parent.wait()
    equal(os.WTERMSIG(os.waitpid(pid, 0)[1]), signal.SIGKILL)
    parent.stdout.close()


def stranger(desk):
    """Without the agent as its parent it asks nobody."""
    with asked.Asked(desk, ['/bin/sh', '-c', '"$0" "$@"; exit $?', PROGRAM], asked.PIN_QUESTION) as other:
        other.expect(None, 2)


def no_pipe(desk):
    """A number that will be another descriptor's is not taken for the pipe."""
    null = os.open('/dev/null', os.O_RDWR)
    for number, passed in ((99, []), (null, [null])):
        with asked.Asked(desk, [PROGRAM], asked.PIN_QUESTION, pin=number, passed=passed) as case:
            case.expect(None, 2)


def token_removed(desk):
    with Case(desk) as case:
        case.wait_ready()
        case.type(PIN[:4])
        case.dialog.say({'update': 'withdraw', 'reason': 'token_removed'})
        case.has_words('Token Removed', 'no longer there')
        equal(case.entry(), None)
        desk.type(PIN[4:])
        desk.press('Return', 'space')
        check(not case.dialog.has_said(0.2), 'keys of the PIN close the notice')
        desk.press('Escape')
        case.dialog.expect(None, 1)
        equal(case.dialog.read_pin(), b'')


# Why a question may be over, and what a person reads then.
NOTICES = {
    'caller_gone': ('No Longer Needed', 'has given up'),
    'timed_out': ('Time Is Up', 'was not answered in time'),
    'server_closed': ('Connection Closed', 'has closed the connection'),
    'call_timed_out': ('Time Is Up', 'did not wait any longer'),
    'agent_stopping': ('Cardea Is Stopping', 'can no longer be answered'),
}


def withdrawn(desk):
    """The PIN that was begun is gone, and its rest goes nowhere."""
    for reason, words in NOTICES.items():
        with Case(desk) as case:
            case.wait_ready()
            case.type(PIN[:4])
            case.dialog.say({'update': 'withdraw', 'reason': reason})
            case.has_words(*words)
            equal(case.entry(), None)
            desk.type(PIN[4:])
            desk.press('Return')
            check(not case.dialog.has_said(0.2), 'keys of the PIN close the notice')
            desk.press('Escape')
            case.dialog.expect(None, 1)
            equal(case.dialog.read_pin(), b'')


def notice_ends(desk):
    """Nobody has to read it."""
    with Case(desk) as case:
        case.dialog.say({'update': 'withdraw', 'reason': 'token_removed'})
        case.has_words('Token Removed')
        case.dialog.channel.shutdown(1)
        case.dialog.expect(None, 1)


def answered_elsewhere(desk):
    with Case(desk) as case:
        case.wait_ready()
        case.type(PIN)
        began = time.monotonic()
        case.dialog.say({'update': 'withdraw', 'reason': 'answered'})
        case.dialog.expect(None, 1)
        check(time.monotonic() - began < 3, 'it does not end at once')
        equal(case.dialog.read_pin(), b'')


def garbage(desk):
    for words in (b'{}\0', b'\xff\0', b'{"kind":"pin"\0', b'[' * 100 + b'\0', b'{"kind":"pin","kind":"pin"}\0'):
        with asked.Asked(desk, [PROGRAM]) as case:
            case.channel.sendall(words)
            case.expect(None, 1)


def pieces(desk):
    """A question byte by byte, with an update in the same piece as its end."""
    words = json.dumps(asked.PIN_QUESTION).encode() + b'\0'
    with asked.Asked(desk, [PROGRAM]) as case:
        for at in range(len(words) - 1):
            case.channel.sendall(words[at:at + 1])
        case.channel.sendall(words[-1:] + b'{"update":"withdraw","reason":"answered"}\0')
        case.expect(None, 1)


def endless(desk):
    """A question that does not end is not kept for ever."""
    with asked.Asked(desk, [PROGRAM]) as case:
        try:
            for _ in range(64):
                case.channel.sendall(b' ' * 1024 * 1024)
            raise person.Failed('64 MiB were taken')
        except (BrokenPipeError, ConnectionResetError):
            case.expect(None, 1)


def window_of(desk, process):
    """The X11 window of a dialog."""
    def look():
        done = subprocess.run(['xdotool', 'search', '--all', '--onlyvisible', '--pid', str(process.pid), '--name', '.'],
                              env=desk.environment, capture_output=True, text=True, timeout=person.SECONDS)
        return done.stdout.split()
    return int(desk.wait_for(look, 'a window')[0])


def parent_window(desk):
    """The asking program's window is the dialog's parent; a handle that is none does no harm."""
    with Case(desk) as below:
        parent = window_of(desk, below.dialog.process)
        with Case(desk, window=f'x11:{parent:x}') as above:
            own = window_of(desk, above.dialog.process)
            told = subprocess.run(['xprop', '-id', str(own), 'WM_TRANSIENT_FOR'], env=desk.environment, capture_output=True,
                                  text=True, timeout=person.SECONDS).stdout
            check(told.strip().endswith(hex(parent)), told)
    for handle in ('x11:zz', 'x11:fffffffe', 'x11:' + '9' * 200, 'x11:-1', 'x11:0x1', 'wayland:x', 'wayland:' + '%s' * 99):
        with Case(desk, window=handle) as case:
            case.wait_ready()
            desk.press('Escape')
            case.dialog.expect(CANCEL, 1)


def startup_id(desk):
    """The program carries the token that the caller passed on, on its leading window; one that makes no sense does no harm."""
    def value(window, name):
        told = subprocess.run(['xprop', '-id', window, '-notype', name], env=desk.environment, capture_output=True, text=True,
                              timeout=person.SECONDS).stdout
        return re.search(r'(0x[0-9a-f]+|".*")\s*$', told)[1]
    for token in ('example-1_TIME1', 'x' * 256, '%s%n_TIME99999999999999999999', '_TIME-1'):
        with asked.Asked(desk, [PROGRAM], asked.PIN_QUESTION, env=desk.environment | {'DESKTOP_STARTUP_ID': token}) as dialog:
            equal(dialog.hear(), SHOWN)
            leader = value(str(window_of(desk, dialog.process)), 'WM_CLIENT_LEADER')
            equal(value(leader, '_NET_STARTUP_ID'), f'"{token}"')


def garbage_later(desk):
    """A second question is no update."""
    with Case(desk) as case:
        case.dialog.say(case.question)
        case.dialog.expect(None, 1)


def no_display(desk):
    environment = {key: value for key, value in desk.environment.items() if key not in ('DISPLAY', 'WAYLAND_DISPLAY')}
    with asked.Asked(desk, [PROGRAM], asked.PIN_QUESTION, env=environment) as case:
        case.expect(None, 3)


def usage(desk):
    for argv in (['--fd', '2'], ['--fd', '7', '--pin-fd', '7'], ['--colour'], ['word'], ['--fd', 'x']):
        done = subprocess.run([PROGRAM, *argv], env=desk.environment, capture_output=True, timeout=person.SECONDS)
        equal(done.returncode, 2)
        check(done.stderr, 'it says why')
    done = subprocess.run([PROGRAM, '--version'], env=desk.environment, capture_output=True, timeout=person.SECONDS)
    equal(done.returncode, 0)


def memory(desk):
    """The PIN is in locked pages while it is typed, and nowhere once it was handed over.

    Root reads all memory; anybody else finds it closed, which is as good."""
    if 'ASAN_OPTIONS' in desk.environment:
        desk.environment['ASAN_OPTIONS'] += ':detect_leaks=0'  # it would look by ptrace(2), like strace
    with Case(desk) as case:
        pid = case.dialog.process.pid
        case.wait_ready()
        case.type(PIN)
        if os.geteuid() != 0:
            try:
                open(f'/proc/{pid}/mem', 'rb').close()
            except PermissionError:
                return
        equal(search_memory(pid, PIN.encode()), [True])
        for encoding in ('utf-16-le', 'utf-32-le'):
            equal(search_memory(pid, PIN.encode(encoding)), [])
        check(search_memory(pid, b'Example Reader 00 00'), 'the search finds nothing at all')
        tracer = subprocess.Popen(['strace', '-f', '-qq', '-e', 'trace=exit_group', '-e', 'inject=exit_group:delay_enter=20000000',
                                   '-o', f'{desk.folder}/trace', '-p', str(pid)], env=desk.environment)
        person.wait_for(lambda: f'TracerPid:\t{tracer.pid}' in open(f'/proc/{pid}/status', encoding='utf-8').read(), 'a tracer')
        desk.press('Return')
        equal(case.dialog.read_pin(), PIN.encode())
        equal(case.dialog.hear(), TYPED)
        person.wait_for(lambda: 'exit_group' in open(f'{desk.folder}/trace', encoding='utf-8').read(), 'the end of the prompt')
        equal(search_memory(pid, PIN.encode()), [])
        check(search_memory(pid, b'cardea-prompt'), 'the search finds nothing at all')
        tracer.kill()
        tracer.wait()


def main():
    cases = {case.__name__.replace('_', '-'): case for case in (
        typed, corrected, by_button, escape, escape_after_typing, cancel, empty, shows_parties, rejected, tries, low, final_try,
        locked, must_change, pinpad, pinpad_final_try, for_signature, for_connection, for_signature_final_try, early_enter, early_digits, refocused, pasted, clipboard, caps_lock,
        accessibility, names, title_buttons, tab_order, hostile, killed, agent_gone, parent_gone, stranger, no_pipe, token_removed, withdrawn,
        notice_ends, answered_elsewhere, garbage, garbage_later, pieces, endless, parent_window, startup_id, no_display, usage,
        memory)}
    with sway.DISPLAYS[sys.argv[3]]() as desk:
        cases[sys.argv[2]](desk)


if __name__ == '__main__':
    main()
