#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole way of a question: a program connects, the agent asks, a person answers, the token signs.

test-asking.py BUILD-FOLDER CASE DISPLAY   where DISPLAY is x11 or wayland"""

import contextlib
import json
import os
import signal
import sys

import person
import sway
from memory import search_memory
from real import PIN, USE, Connection, Real

PROMPT, HOST = 'cardea-prompt', 'cardea-token-host'
N_CALLERS = 10
# A program that calls the agent by itself, and has its standard input and output on the stream.
PROGRAM = '''
import socket, sys
stream = socket.socket(socket.AF_UNIX)
stream.connect(sys.argv[1])
stream.sendall(sys.argv[2].encode() + bytes(1))
while stream.recv(1) != bytes(1):
    pass
stream.sendall(sys.stdin.buffer.read())
while piece := stream.recv(4096):
    sys.stdout.buffer.write(piece)
'''


def check(condition, what):
    if not condition:
        raise person.Failed(what)


def equal(one, other):
    check(one == other, f'{one!r} instead of {other!r}')


def only(pids):
    check(len(pids) == 1, f'{len(pids)} processes instead of one')
    return pids[0]


def second_row(real):
    with Connection(real) as connection:
        rows = connection.wait_for_choice()
        equal(len(rows), 2)
        words = real.desk.words()
        for text in (str(real.build / 'socket-api/cli/cardea'), f'localhost:{real.port}', 'Test Root', 'Demo token'):
            check(text in words, f'{text!r} is not among {words!r}')
        equal(connection.choose(1), rows[1])
        connection.unlock()
        connection.end_with_page(rows[1])


def escape(real):
    """Nothing is used, nothing remembered: the next time is as the first."""
    for _ in range(2):
        with Connection(real) as connection:
            connection.wait_for_choice()
            real.desk.press('Escape')
            connection.end_cancelled()


def escape_at_pin(real):
    with Connection(real) as connection:
        connection.choose(1)
        connection.type_pin()
        real.desk.press('Escape')
        connection.end_cancelled()


def wrong_pin(real):
    """It is asked for again, with the reason; and the second one serves."""
    with Connection(real) as connection:
        holder = connection.choose(0)
        connection.type_pin('1234')
        real.desk.press('Return')
        real.desk.wait_for(lambda: 'The PIN was wrong.' in real.desk.words(), 'the reason')
        connection.unlock()
        connection.end_with_page(holder)


def remembered(real):
    """The second time the stream stands without anybody having pressed a key."""
    with Connection(real, '--no-interaction') as connection:
        check('nobody may be asked' in connection.end(1)[1], 'what nobody agreed to was used')
    with Connection(real) as connection:
        rows = connection.wait_for_choice()
        connection.remember(1, 'Until the token is removed')
        connection.click(USE)
        connection.unlock()
        connection.end_with_page(rows[0])
    for options in ([], ['--no-interaction']):
        with Connection(real, *options) as connection:
            connection.end_with_page(rows[0])
    equal(real.log().count('is followed for localhost:'), 2)


def not_remembered(real):
    """What was for this time only is asked again, though the token is unlocked."""
    for is_locked in (True, False):
        with Connection(real) as connection:
            holder = connection.choose(1)
            if is_locked:
                connection.unlock()
            connection.end_with_page(holder)


def prompt_killed(real):
    """Killed is cancelled, whichever dialog it is."""
    with Connection(real) as connection:
        connection.wait_for_choice()
        os.kill(only(real.children(PROMPT)), signal.SIGKILL)
        connection.end_cancelled()
    with Connection(real) as connection:
        connection.choose(1)
        connection.type_pin()
        os.kill(only(real.children(PROMPT)), signal.SIGKILL)
        connection.end_cancelled()


def caller_killed(real):
    """The question goes with who asked, and the next one comes."""
    with Connection(real) as connection:
        connection.wait_for_choice()
        connection.process.kill()
        real.desk.wait_for(lambda: 'No Longer Needed' in real.desk.words(), 'the notice')
        real.desk.press('Escape')
        real.desk.wait_for(lambda: not real.children(PROMPT), 'the end of the dialog')
    with Connection(real) as connection:
        holder = connection.choose(1)
        connection.unlock()
        connection.end_with_page(holder)


def card_comes(real):
    """A dialog that waits for a card shows its certificate when it is put in."""
    real.set_card(False)
    real.reload()
    with Connection(real) as connection:
        real.desk.wait_for(lambda: 'Insert Your Token' in real.desk.words(), 'that a token is missing')
        real.set_card(True)
        real.reload()
        equal(connection.wait_for_choice(), ['Cardholder'])
        holder = connection.choose(0)
        connection.unlock()
        connection.end_with_page(holder)


def card_pulled(real):
    """While its PIN is typed: the dialog says so and takes no more, the program learns it."""
    with Connection(real) as connection:
        connection.choose(0)
        connection.type_pin()
        real.set_card(False)
        real.reload()
        real.desk.wait_for(lambda: 'Token Removed' in real.desk.words(), 'the notice')
        equal(connection.entry(), None)
        page, complaint = connection.end(1)
        check(not page and 'went away' in complaint, f'{page!r}, {complaint!r}')
        check('C_Login' not in open(real.path('card.log'), encoding='utf-8').read(), 'the PIN went to the card')


def ten_callers(real):
    """Ten at once: a question each, one PIN for all."""
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(Connection(real, port=real.start_server())) for _ in range(N_CALLERS)]
        n_pins, holder = 0, None
        for _ in range(N_CALLERS + 1):
            asked = only(real.desk.wait_for(lambda: real.children(PROMPT), 'a dialog'))
            real.desk.wait_for(lambda: opened[0].entry() or opened[0].can(USE), 'what is asked')
            if opened[0].entry():
                n_pins += 1
                opened[0].unlock()
            else:
                holder = opened[0].choose(1)
            real.desk.wait_for(lambda: asked not in real.children(PROMPT), 'the end of the dialog')
        equal(n_pins, 1)
        for connection in opened:
            connection.end_with_page(holder)


def hold_at_end(real, prompt):
    """Stops a prompt where it would end, and returns who holds it."""
    tracer = real.desk.run_on('strace', '-f', '-qq', '-e', 'trace=exit_group', '-e', 'inject=exit_group:delay_enter=20000000',
                              '-o', real.path('trace'), '-p', str(prompt))
    person.wait_for(lambda: f'TracerPid:\t{tracer.pid}' in open(f'/proc/{prompt}/status', encoding='utf-8').read(), 'a tracer')
    return tracer


def is_closed(pid):
    try:
        open(f'/proc/{pid}/mem', 'rb').close()
    except PermissionError:
        return True
    return False


def find_pin(pid):
    check(search_memory(pid, b'cardea'), f'the search finds nothing at all in {pid}')
    return [encoding for encoding in ('ascii', 'utf-16-le', 'utf-32-le') if search_memory(pid, PIN.encode(encoding))]


def memory(real):
    """Once it was used, the PIN is in nobody's memory.

    The agent stands still while the prompt ends, or it would be gone before anybody looked. Root reads all memory;
    anybody else finds it closed, which is as good."""
    with Connection(real) as connection:
        holder = connection.choose(1)
        connection.type_pin()
        prompt, hosts = only(real.children(PROMPT)), real.children(HOST)
        check(hosts, 'there is no token host')
        if os.geteuid() != 0:
            for pid in (prompt, real.agent.pid, *hosts):
                check(is_closed(pid), f'the memory of {pid} is open')
            return
        check(search_memory(prompt, PIN.encode()), 'the prompt has no PIN while it is typed')
        hold_at_end(real, prompt)
        os.kill(real.agent.pid, signal.SIGSTOP)
        try:
            real.desk.press('Return')
            person.wait_for(lambda: 'exit_group' in open(real.path('trace'), encoding='utf-8').read(), 'the end of the prompt')
            equal(find_pin(prompt), [])
        finally:
            os.kill(real.agent.pid, signal.SIGCONT)
        connection.end_with_page(holder)
        equal(real.children(HOST), hosts)
        for pid in (real.agent.pid, *hosts):
            equal(find_pin(pid), [])


def window(real):
    """Both dialogs are above the window that a program names when it calls the agent."""
    def check_above():
        shown = only([one for pid, one in real.desk.windows().items() if pid in real.children(PROMPT)])
        equal([shown['type'], shown['focused']], ['floating_con', True])

    with sway.Parent(real.desk) as parent:
        call = {'method': 'org.cardea.agent.Connect', 'upgrade': True, 'parameters': {
            'host': 'localhost', 'port': real.port,
            'options': {'window': {'handle': parent.handle, 'activation_token': parent.new_token()}}}}
        with Connection(real, argv=[sys.executable, '-c', PROGRAM, real.socket, json.dumps(call)]) as connection:
            connection.wait_for_choice()
            check_above()
            holder = connection.choose(1)
            connection.wait_for_entry()
            check_above()
            connection.unlock()
            connection.end_with_page(holder)


CASES = [second_row, escape, escape_at_pin, wrong_pin, remembered, not_remembered, prompt_killed, caller_killed, card_comes,
         card_pulled, ten_callers, window, memory]
CARD_CASES = [card_comes, card_pulled]


def main():
    case = {function.__name__.replace('_', '-'): function for function in CASES}[sys.argv[2]]
    with sway.DISPLAYS[sys.argv[3]]() as desk:
        case(Real(desk, sys.argv[1], case in CARD_CASES))


if __name__ == '__main__':
    main()
