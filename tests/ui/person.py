# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desk with a person at it, who presses keys, and hears and sees what assistive technology does."""

import os
import time

import desk

SECONDS = 20
KNOWN = ('DISPLAY', 'DBUS_SESSION_BUS_ADDRESS', 'HOME', 'XDG_RUNTIME_DIR')  # to the one who listens
SETTINGS = 'gtk-enable-animations=false\ngtk-cursor-blink=false'


class Failed(Exception):
    """What a test waits for did not happen."""


def wait_for(condition, what, seconds=SECONDS):
    """Waits until condition() gives something, and returns it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.03)
    raise Failed(f'{what}: not within {seconds} s')


class Person(desk.Desk):
    def __init__(self, width=800, height=900):
        super().__init__(width, height, SETTINGS)
        os.environ |= {name: self.environment[name] for name in KNOWN if name in self.environment}
        import gi  # after the environment: it looks for the bus at once
        gi.require_version('Atspi', '2.0')
        from gi.repository import Atspi, GLib
        self.atspi, self.context = Atspi, GLib.MainContext.default()

    def wait_for(self, condition, what, seconds=SECONDS):
        """Hears what comes over the accessibility bus meanwhile. A node that went away while it was looked at is no answer."""
        from gi.repository import GLib

        def look():
            while self.context.iteration(False):
                pass
            try:
                return condition()
            except GLib.Error:
                return None
        return wait_for(look, what, seconds)

    def wait_focus(self, process):
        """Until keys go to the window of the process: a dialog tells that it is painted, not that the desktop has it."""
        self.wait_for(lambda: self.focused_process() == process.pid, 'the focus on the window')

    def listen(self, *events):
        """A list that fills with what these events of the accessibility bus carry."""
        heard = []
        self.listener = self.atspi.EventListener.new(lambda event: heard.append((event.type, event.any_data)))
        for event in events:
            self.listener.register(event)
        return heard

    def nodes(self, top=None):
        """Everything on the accessibility bus, with nothing remembered from the last look."""
        top = top or self.atspi.get_desktop(0)
        if top.get_role_name() in ('desktop frame', 'application'):
            top.set_cache_mask(self.atspi.Cache.NONE)
        yield top
        for index in range(top.get_child_count()):
            child = top.get_child_at_index(index)
            if child is not None:
                yield from self.nodes(child)

    def find(self, role, name=None):
        """The node of the role, and of the name if one is given, that can be seen; or None."""
        for node in self.nodes():
            if node.get_role_name() == role and name in (None, node.get_name()) and self.has(node, 'VISIBLE'):
                return node
        return None

    def has(self, node, state):
        return node.get_state_set().contains(getattr(self.atspi.StateType, state))

    def text(self, node):
        """What a node that holds text gives to who asks."""
        if 'Text' not in node.get_interfaces():
            return ''
        return self.atspi.Text.get_text(node, 0, self.atspi.Text.get_character_count(node))

    def words(self):
        """All that the labels say that can be seen."""
        return '\n'.join(node.get_name() for node in self.nodes() if node.get_role_name() == 'label' and self.has(node, 'VISIBLE'))
