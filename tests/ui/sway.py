# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A person at a Wayland compositor: sway, without a screen and without X11.

sway refuses to run as root, and is nobody's then."""

import json
import os
import pathlib
import pwd
import subprocess
import time

import desk
import person
import wayland

PARENT = pathlib.Path(__file__).with_name('parent.py')
USER = 'nobody'
CONFIG = '''xwayland disable
output HEADLESS-1 resolution {width}x{height}
focus_follows_mouse no
'''
HEADLESS = {'WLR_BACKENDS': 'headless', 'WLR_RENDERER': 'pixman', 'WLR_LIBINPUT_NO_DEVICES': '1', 'LIBSEAT_BACKEND': 'noop'}


class Person(person.Person):
    def start(self, width, height):
        self.environment['GDK_BACKEND'] = 'wayland'
        self.start_bus()
        self.start_compositor(width, height)
        self.keyboard = wayland.Keyboard(self.display)

    def start_compositor(self, width, height):
        folder = self.folder / 'sway'
        folder.mkdir(mode=0o700)
        config = folder / 'config'
        config.write_text(CONFIG.format(width=width, height=height), encoding='utf-8')
        own = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER)
            os.chown(folder, user.pw_uid, user.pw_gid)
            self.folder.chmod(0o711)
            own = {'user': user.pw_uid, 'group': user.pw_gid, 'extra_groups': []}
        # Both sockets have the names that sway gives the first of a folder, or takes from the environment.
        self.display, self.environment['SWAYSOCK'] = str(folder / 'wayland-1'), str(folder / 'ipc')
        environment = self.environment | HEADLESS | {'XDG_RUNTIME_DIR': str(folder), 'HOME': str(folder)}
        self.run_on('sway', '--config', str(config), env=environment, cwd='/', **own)
        self.await_compositor()
        self.environment['WAYLAND_DISPLAY'] = self.display

    def await_compositor(self):
        deadline = time.monotonic() + desk.START_SECONDS
        while time.monotonic() < deadline:
            if self.sway('-t', 'get_outputs', check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise TimeoutError('the compositor does not start')

    def sway(self, *argv, check=True):
        return subprocess.run(['swaymsg', '--raw', *argv], env=self.environment, check=check, text=True, capture_output=True,
                              timeout=desk.START_SECONDS)

    def windows(self):
        """What sway tells of each window, by its process; the type is floating_con for one that is above another, else con."""
        def walk(node):
            for child in node['nodes'] + node['floating_nodes']:
                if child.get('pid') and child.get('shell'):
                    yield child
                yield from walk(child)
        return {window['pid']: window for window in walk(json.loads(self.sway('-t', 'get_tree').stdout))}

    def focused_process(self):
        return next((pid for pid, window in self.windows().items() if window['focused']), None)

    def press(self, *keys):
        for key in keys:
            self.keyboard.press(key)

    def type(self, text):
        self.press(*text)

    def keep_pressing(self, *keys):
        return wayland.Pressing(self.keyboard, keys)

    def close_window(self):
        self.sway('kill')

    def copy(self, text):
        # As an argument: what comes through its standard input lies in a file until the end, which is a sudden one here.
        for selection in ([], ['--primary']):
            self.tool('wl-copy', *selection, '--', text)

    def copied(self, is_primary=False):
        return subprocess.run(['wl-paste', '--no-newline', *(['--primary'] if is_primary else [])], env=self.environment,
                              capture_output=True, text=True, timeout=desk.START_SECONDS).stdout


class Parent:
    """A program with a window."""

    def __init__(self, desk):
        self.desk = desk
        self.process = desk.run_on('/usr/bin/python3', str(PARENT), stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        self.handle = self.told('handle')
        self.desk.wait_focus(self.process)
        return self

    def __exit__(self, *_):
        self.end()
        self.process.stdout.close()

    def told(self, what):
        for line in self.process.stdout:
            word, *values = line.split()
            if word == what:
                return values[0]
        raise person.Failed(f'the parent tells no {what}')

    def new_token(self):
        self.desk.press('a')
        return self.told('token')

    def end(self):
        self.process.kill()
        self.process.wait()


DISPLAYS = {'x11': person.Person, 'wayland': Person}
