# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long a person waits for a dialog, and what it takes: from the start of a process to its first frame."""

import contextlib
import pathlib
import subprocess
import sys
import time

from world import PAGE, PATIENCE, SOURCE

sys.path.insert(0, str(SOURCE / 'tests/ui'))
import asked  # noqa: E402
import desk  # noqa: E402
import questions  # noqa: E402

# As the agent has it.
ENVIRONMENT = {'GSK_RENDERER': 'cairo', 'ADW_DISABLE_PORTAL': '1'}


def look_at(pid, start):
    """Milliseconds since the start, those of them on a processor, and MiB."""
    taken = time.monotonic() - start
    worked = sum(int(thread.read_text().split()[0]) for thread in pathlib.Path(f'/proc/{pid}/task').glob('*/schedstat'))
    resident = int(pathlib.Path(f'/proc/{pid}/statm').read_text().split()[1]) * PAGE
    return taken * 1e3, worked / 1e6, resident / (1 << 20)


class Dialogs:
    """Programs that show a window on a display of their own."""

    def __init__(self, build):
        self.prompt = str(build / 'ui/cardea-prompt')
        self.window = str(build / 'tests/bench/minimal-window')
        self.desk = desk.Desk(environment=ENVIRONMENT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.desk.close()

    def ask(self, question):
        """From the moment the question is there: the process starts, reads it and shows it."""
        start = time.monotonic()
        with asked.Asked(self.desk, [self.prompt], question) as dialog:
            if dialog.hear(PATIENCE) != {'answer': 'shown'}:
                raise RuntimeError('the dialog is not shown')
            return look_at(dialog.process.pid, start)

    def ask_pin(self):
        return self.ask(asked.PIN_QUESTION)

    def ask_certificate(self):
        return self.ask(questions.certificate([questions.authentication(), questions.business()]))

    def show_minimal(self):
        start = time.monotonic()
        child = subprocess.Popen([self.window], env=self.desk.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 bufsize=0)
        try:
            if child.stdout.readline() != b'painted\n':
                raise RuntimeError('the minimal window is not shown')
            return look_at(child.pid, start)
        finally:
            child.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(PATIENCE)
            child.kill()
            child.wait()
            child.stdout.close()
