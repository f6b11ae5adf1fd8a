#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program with a window on Wayland, for dialogs to be above, and a text field, for input methods.

It prints its window's handle, as cardea-agent takes it, and a new activation token at each key."""

import sys

import gi

gi.require_version('Gtk', '4.0')
gi.require_version('GdkWayland', '4.0')
from gi.repository import GdkWayland, Gio, Gtk

PROGRAM = Gio.AppInfo.create_from_commandline('true', 'Program', Gio.AppInfoCreateFlags.SUPPORTS_STARTUP_NOTIFICATION)


def tell(*words):
    print(*words, flush=True)


def export(window):
    window.get_surface().export_handle(lambda toplevel, handle: tell('handle', 'wayland:' + handle))


def on_key(controller, *key):
    context = controller.get_widget().get_display().get_app_launch_context()
    tell('token', context.get_startup_notify_id(PROGRAM, []) or '')
    return False


def on_activate(application):
    window = Gtk.ApplicationWindow(application=application, title='Parent', child=Gtk.Entry())
    keys = Gtk.EventControllerKey(propagation_phase=Gtk.PropagationPhase.CAPTURE)
    keys.connect('key-pressed', on_key)
    window.add_controller(keys)
    window.connect('map', export)
    window.present()


def main():
    application = Gtk.Application(application_id='org.example.Parent')
    application.connect('activate', on_activate)
    return application.run([])


if __name__ == '__main__':
    sys.exit(main())
