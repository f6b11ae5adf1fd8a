# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a keyboard and an input method are to a Wayland compositor, in its own protocol.

One keyboard stays for a whole test: each that comes takes the focus from the window and gives it back, and the
typing guard of a dialog then begins anew, as it should."""

import itertools
import os
import socket
import struct
import threading
import time

import person

DISPLAY, REGISTRY = 1, 2
DISPLAY_ERROR, DISPLAY_DELETE = 0, 1
SYNC, GET_REGISTRY, BIND = 0, 1, 0
CREATE_KEYBOARD, KEYMAP, KEY, MODIFIERS = 0, 0, 1, 2
GET_INPUT_METHOD = 0
XKB_V1 = 1
FIRST_CODE = 8  # of X, whose codes keymaps have
MASKS = {'shift': 1, 'ctrl': 4, 'alt': 8}
CAPS_LOCK = 2
NAMED = ('Return', 'Escape', 'Tab', 'BackSpace', 'Insert', 'Delete', 'Home', 'End', 'Up', 'Down', 'Left', 'Right', 'Caps_Lock')
KEY_SECONDS = 0.02  # between two keys; a program that gets thousands at once is disconnected


def words(*numbers):
    return struct.pack(f'={len(numbers)}I', *numbers)


def text(value):
    whole = value.encode() + b'\0'
    return words(len(whole)) + whole + bytes(-len(whole) % 4)


class Client:
    """A connection to a compositor."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(person.SECONDS)
        self.socket.connect(path)
        self.received = b''
        self.globals, self.heard = {}, []
        self.ids = itertools.count(REGISTRY + 1)
        self.send(DISPLAY, GET_REGISTRY, words(REGISTRY))
        self.sync()
        self.seat = self.bind('wl_seat')

    def send(self, target, opcode, body, fds=()):
        head = words(target, (8 + len(body)) << 16 | opcode)
        socket.send_fds(self.socket, [head + body], list(fds))

    def new(self):
        return next(self.ids)

    def bind(self, interface):
        made = self.new()
        self.send(REGISTRY, BIND, words(self.globals[interface]) + text(interface) + words(1, made))
        return made

    def receive(self):
        """One event: (object, opcode, body)."""
        while True:
            if len(self.received) >= 8:
                target, size = struct.unpack_from('=II', self.received)
                if len(self.received) >= size >> 16:
                    body, self.received = self.received[8:size >> 16], self.received[size >> 16:]
                    return target, size & 0xffff, body
            piece, fds, _, _ = socket.recv_fds(self.socket, 4096, 16)
            for fd in fds:
                os.close(fd)
            if not piece:
                raise person.Failed('the compositor ended the connection')
            self.received += piece

    def sync(self):
        """Until the compositor has done what it was told; what it said meanwhile is in `heard`."""
        done = self.new()
        self.send(DISPLAY, SYNC, words(done))
        while True:
            target, opcode, body = self.receive()
            if target == done:
                return
            if target == REGISTRY and opcode == 0:
                name, length = struct.unpack_from('=II', body)
                self.globals[body[8:7 + length].decode()] = name
            elif (target, opcode) == (DISPLAY, DISPLAY_ERROR):
                raise person.Failed(f'the compositor complains: {body}')
            elif target != DISPLAY:
                self.heard.append((target, opcode, body))


def symbol(character):
    return f'U{ord(character):04X}'


class Keyboard:
    """A virtual keyboard with a key for each character, and those that have a name."""

    def __init__(self, path):
        self.client = Client(path)
        manager = self.client.bind('zwp_virtual_keyboard_manager_v1')
        self.device = self.client.new()
        self.client.send(manager, CREATE_KEYBOARD, words(self.client.seat, self.device))
        symbols = [symbol(chr(code)) for code in range(0x20, 0x7f)] + list(NAMED)
        self.codes = {name: code for code, name in enumerate(symbols, 1)}
        self.locked = 0
        self.send_keymap()

    def send_keymap(self):
        keycodes = ''.join(f'<K{code}> = {code + FIRST_CODE}; ' for code in self.codes.values())
        keys = ''.join(f'key <K{code}> {{ [ {name} ] }}; ' for name, code in self.codes.items())
        keymap = (f'xkb_keymap {{ xkb_keycodes "k" {{ minimum = {FIRST_CODE}; maximum = 255; {keycodes} }}; '
                  'xkb_types "k" { include "complete" }; xkb_compatibility "k" { include "complete" }; '
                  f'xkb_symbols "k" {{ {keys} }}; }};\0').encode()
        fd = os.memfd_create('keymap')
        os.write(fd, keymap)
        self.client.send(self.device, KEYMAP, words(XKB_V1, len(keymap)), [fd])
        os.close(fd)
        self.client.sync()

    def code(self, name):
        if name == 'space':
            name = ' '
        return self.codes[symbol(name) if len(name) == 1 else name]

    def press(self, combined):
        """A key by its name, after those that are held: 'Return', 'shift+Tab'."""
        *held, name = combined.split('+')
        self.set_modifiers(sum(MASKS[each] for each in held))
        for state in (1, 0):
            self.client.send(self.device, KEY, words(int(time.monotonic() * 1000) & 0xffffffff, self.code(name), state))
        if name == 'Caps_Lock':
            self.locked ^= CAPS_LOCK
        self.set_modifiers(0)
        self.client.sync()
        time.sleep(KEY_SECONDS)

    def set_modifiers(self, held):
        self.client.send(self.device, MODIFIERS, words(held, 0, self.locked, 0))


class Pressing(threading.Thread):
    """Keys that go on while other things happen; to be waited for like a process."""

    def __init__(self, keyboard, keys):
        super().__init__(daemon=True)
        self.keyboard, self.keys = keyboard, keys
        self.start()

    def run(self):
        for key in self.keys:
            self.keyboard.press(key)

    def poll(self):
        return None if self.is_alive() else 0

    def wait(self, seconds):
        self.join(seconds)
        return self.poll()


class InputMethod:
    """An input method that is there, and takes what it is given."""

    EVENTS = ('activate', 'deactivate', 'surrounding_text', 'text_change_cause', 'content_type', 'done', 'unavailable')

    def __init__(self, path):
        self.client = Client(path)
        manager = self.client.bind('zwp_input_method_manager_v2')
        self.device = self.client.new()
        self.client.send(manager, GET_INPUT_METHOD, words(self.client.seat, self.device))
        self.client.sync()

    def heard(self):
        """The names of all events until now."""
        self.client.sync()
        return [self.EVENTS[opcode] for target, opcode, _ in self.client.heard if target == self.device]
