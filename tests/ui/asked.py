# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cardea-prompt as the agent has it: a process with a socket and a pipe."""

import json
import os
import select
import socket
import subprocess

import person

PIN_QUESTION = {
    'kind': 'pin',
    'program': {'label': '/usr/bin/curl', 'parents': []},
    'server': {'name': 'bank.example', 'port': 443, 'vouched_by': 'Example Root CA', 'by_program_only': False},
    'token_label': 'Staff card',
    'reader': 'Example Reader 00 00',
    'pin_state': 'fine',
    'pin_tries': -1,
    'rejected': False,
    'pinpad': False,
    'for_signature': False,
    'for_connection': False,
}

NEW_PIN_QUESTION = {key: value for key, value in PIN_QUESTION.items() if key != 'server'} | {
    'kind': 'new_pin',
    'unblock': False,
    'new_pin_rejected': False,
    'pin_min': 6,
    'pin_max': 8,
}


class Asked:
    """`argv` begins the command line, before the descriptors: the program, or what starts it. `pin` is told as
    the pipe's number in the place of the right one; `passed` are further descriptors."""

    def __init__(self, desk, argv, question=None, env=None, pin=None, passed=(), stderr=None):
        self.channel, theirs = socket.socketpair()
        self.pin, pipe = os.pipe()
        self.received = b''
        self.process = subprocess.Popen([*argv, '--fd', str(theirs.fileno()), '--pin-fd', str(pin or pipe)],
                                        env=env or desk.environment, pass_fds=[theirs.fileno(), pipe, *passed],
                                        stdin=subprocess.DEVNULL, stderr=stderr)
        theirs.close()
        os.close(pipe)
        if question is not None:
            self.say(question)

    def say(self, message):
        self.channel.sendall(json.dumps(message).encode() + b'\0')

    def hear(self, timeout=person.SECONDS):
        """The next message, or None at the end."""
        self.channel.settimeout(timeout)
        while b'\0' not in self.received:
            try:
                more = self.channel.recv(4096)
            except ConnectionResetError:
                more = b''
            if not more:
                return None
            self.received += more
        message, self.received = self.received.split(b'\0', 1)
        return json.loads(message)

    def read_pin(self):
        """All that came through the pipe, which ends."""
        whole = b''
        while select.select([self.pin], [], [], person.SECONDS)[0]:
            piece = os.read(self.pin, 4096)
            if not piece:
                return whole
            whole += piece
        raise person.Failed('the pipe of the PIN does not end')

    def has_said(self, seconds):
        """Whether anything comes within so long."""
        return bool(self.received or select.select([self.channel], [], [], seconds)[0])

    def status(self):
        return self.process.wait(person.SECONDS)

    def expect(self, answer, status):
        """This answer, then the end."""
        for heard, wanted in ((self.hear(), answer), (self.hear() if answer else None, None), (self.status(), status)):
            if heard != wanted:
                raise person.Failed(f'{heard!r} instead of {wanted!r}')

    def close(self):
        self.channel.close()
        os.close(self.pin)
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()
