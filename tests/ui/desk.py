# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desk of one's own for a dialog: an X server with a window manager, a session bus with the accessibility bus on it.

All of it is private to one test, and gone with it: what was started is a descendant of this process, which kills
its descendants at the end, whatever became of them in between."""

import ctypes
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time

PR_SET_CHILD_SUBREAPER = 36
START_SECONDS = 30
# What a program of the desk gets from the environment of the test.
KEPT = ('PATH', 'LD_LIBRARY_PATH', 'ASAN_OPTIONS', 'LSAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'G_SLICE')


def descendants(pid):
    for task in pathlib.Path(f'/proc/{pid}/task').glob('*'):
        try:
            children = (task / 'children').read_text().split()
        except OSError:
            continue
        for child in map(int, children):
            yield from descendants(child)
            yield child


class Desk:
    def __init__(self, width=1000, height=800, settings='', environment=None):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='cardea-desk-'))
        self.processes = []
        self.environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.environment |= {'HOME': str(self.folder), 'XDG_RUNTIME_DIR': str(self.folder), 'GDK_BACKEND': 'x11',
                             'XDG_CONFIG_HOME': str(self.folder / 'config'), 'LC_ALL': 'C.UTF-8', 'NO_AT_BRIDGE': '0',
                             'GSETTINGS_BACKEND': 'memory'}
        self.environment |= environment or {}
        for toolkit in ('gtk-4.0',):
            (self.folder / 'config' / toolkit).mkdir(parents=True)
            (self.folder / 'config' / toolkit / 'settings.ini').write_text(f'[Settings]\n{settings}\n')
        try:
            self.start(width, height)
        except BaseException:
            self.close()
            raise

    def start(self, width, height):
        display = self.ask('Xvfb', '-displayfd', '{fd}', '-screen', '0', f'{width}x{height}x24', '-nolisten', 'tcp', '-noreset')
        self.environment['DISPLAY'] = f':{display}'
        self.start_bus()
        self.run_on('openbox', '--sm-disable')
        self.await_window_manager()

    def start_bus(self):
        bus = self.ask('dbus-daemon', '--session', '--nofork', '--nopidfile', '--print-address={fd}')
        self.environment['DBUS_SESSION_BUS_ADDRESS'] = bus

    def run_on(self, *argv, **options):
        usual = {'env': self.environment, 'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, **(usual | options))
        self.processes.append(process)
        return process

    def ask(self, *argv):
        """Starts a server that tells its address through a descriptor, and waits for that."""
        reading, writing = os.pipe()
        self.run_on(*(word.format(fd=writing) for word in argv), pass_fds=[writing])
        os.close(writing)
        said = b''
        with os.fdopen(reading, 'rb', buffering=0) as pipe:
            while not said.endswith(b'\n'):
                if not select.select([pipe], [], [], START_SECONDS)[0]:
                    raise TimeoutError(f'{argv[0]} does not start')
                piece = pipe.read(4096)
                if not piece:
                    raise RuntimeError(f'{argv[0]} ended')
                said += piece
        return said.decode().strip()

    def await_window_manager(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = subprocess.run(['xprop', '-root', '_NET_SUPPORTING_WM_CHECK'], env=self.environment, text=True,
                                   capture_output=True, timeout=START_SECONDS)
            if 'window id' in found.stdout:
                return
            time.sleep(0.05)
        raise TimeoutError('the window manager does not start')

    def tool(self, *argv):
        subprocess.run(argv, env=self.environment, check=True, timeout=START_SECONDS, stdout=subprocess.DEVNULL)

    def focused_process(self):
        """Whose window has the focus."""
        done = subprocess.run(['xdotool', 'getactivewindow', 'getwindowpid'], env=self.environment, text=True,
                              timeout=START_SECONDS, capture_output=True)
        return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else None

    def press(self, *keys):
        self.tool('xdotool', 'key', '--delay', '20', *keys)

    def type(self, text):
        self.tool('xdotool', 'type', '--delay', '20', text)

    def keep_pressing(self, *keys):
        """Goes on while other things happen; what it gives is to be waited for."""
        return self.run_on('xdotool', 'key', '--delay', '20', *keys)

    def close_window(self):
        """As the window manager does it."""
        self.press('alt+F4')

    def copy(self, text):
        """Into the clipboard, and what the middle button pastes."""
        for selection in ('clipboard', 'primary'):
            subprocess.run(['xclip', '-in', '-selection', selection], env=self.environment, input=text, text=True, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=START_SECONDS)

    def copied(self, is_primary=False):
        return subprocess.run(['xclip', '-out', '-selection', 'primary' if is_primary else 'clipboard'], env=self.environment,
                              capture_output=True, text=True, timeout=START_SECONDS).stdout

    def picture(self, path):
        self.tool('import', '-window', 'root', str(path))

    def close(self):
        for pid in descendants(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for process in self.processes:
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
