#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Figures, each beside a peer's from the same run: ./dev bench [NAME...]

Each round measures everybody in turn, so that what else the machine does strikes all alike. Printed are the medians, and the
median of the rounds' ratios, turned so that more than 1 always means that the agent is the better one."""

import argparse
import glob
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

from dialogs import Dialogs
from world import KEYS, PIN, SOFTHSM, TOKEN, World, die_with_parent

NAMES = {'rsa': 'RSA-2048', 'ec': 'P-256'}


class Scale:
    def __init__(self, smoke, rounds, seconds):
        self.rounds = 1 if smoke else rounds
        self.seconds = 0.2 if smoke else seconds
        self.streams = 20 if smoke else 1000
        self.bytes = (4 if smoke else 256) << 20


def interleave(scale, subjects):
    """Each subject once a round. The list of its results for each, by name; the first is the agent."""
    results = {name: [] for name in subjects}
    for number in range(scale.rounds):
        order = list(subjects) if number % 2 == 0 else list(reversed(subjects))
        for name in order:
            results[name].append(subjects[name]())
    return results


def report(what, unit, results, more_is_better, digits=1):
    """One line for each peer of the first subject."""
    ours, *peers = results
    for peer in peers:
        pairs = list(zip(results[ours], results[peer]))
        ratios = [a / b if more_is_better else b / a for a, b in pairs if a and b]
        ratio = f'{statistics.median(ratios):.2f}' if ratios else '-'
        print(f'{what:<34} {statistics.median(results[ours]):>10.{digits}f} {unit:<14} '
              f'{peer + ":":<24} {statistics.median(results[peer]):>10.{digits}f}   ratio {ratio}', flush=True)


def rate(world, via, clients, scale):
    count, seconds, _ = world.load('rate', via, clients, scale.seconds)
    return count / seconds


def handshakes(world, scale):
    world.start_agent()
    world.start_stunnel()
    for key in KEYS:
        for clients in (1, 2):
            results = interleave(scale, {
                'agent': lambda: rate(world, world.via_agent(key), clients, scale),
                'stunnel, pkcs11 engine': lambda: rate(world, world.via_stunnel(key), clients, scale),
            })
            report(f'handshakes, {NAMES[key]}, {clients} client{"s" * (clients > 1)}', 'per second', results, True)


def cpu_of(process, world, via, scale):
    before = process.cpu()
    count, _, _ = world.load('rate', via, 1, scale.seconds)
    return (process.cpu() - before) * 1000 / count


def cpu(world, scale):
    agent = world.start_agent()
    stunnel = world.start_stunnel()
    conf = world.copy_token()

    def direct(key):
        count, _, seconds = world.nss_direct(conf, key, scale.seconds)
        return seconds * 1000 / count

    for key in KEYS:
        results = interleave(scale, {
            'agent': lambda: cpu_of(agent, world, world.via_agent(key), scale),
            'NSS on the token': lambda: direct(key),
            'stunnel, pkcs11 engine': lambda: cpu_of(stunnel, world, world.via_stunnel(key), scale),
        })
        report(f'CPU per handshake, {NAMES[key]}', 'ms', results, False, 2)


def count_signatures(log):
    return len(re.findall(r'^\d+: C_Sign$', log.read_text(errors='replace'), re.MULTILINE))


def signatures(world, scale):
    spies = glob.glob('/usr/lib/*/pkcs11-spy.so')
    if not spies:
        raise RuntimeError('pkcs11-spy.so is missing: install the package opensc-pkcs11')
    logs = {name: world.folder / f'spy-{name}.log' for name in ('agent', 'stunnel')}
    world.start_agent(spies[0], PKCS11SPY=SOFTHSM, PKCS11SPY_OUTPUT=str(logs['agent']))
    world.start_stunnel(spies[0], PKCS11SPY=SOFTHSM, PKCS11SPY_OUTPUT=str(logs['stunnel']))

    def per_connection(name, via):
        before = count_signatures(logs[name]) if logs[name].exists() else 0
        count, _, _ = world.load('rate', via, 1, scale.seconds)
        return (count_signatures(logs[name]) - before) / count

    for key in KEYS:
        results = interleave(scale, {
            'agent': lambda: per_connection('agent', world.via_agent(key)),
            'stunnel, pkcs11 engine': lambda: per_connection('stunnel', world.via_stunnel(key)),
        })
        report(f'signatures, {NAMES[key]}', 'per connection', results, False, 2)


def throughput(world, scale):
    agent, stunnel, socat = world.start_agent(), world.start_stunnel(), world.start_socat()
    routes = {'agent': (agent, world.via_agent('ec')), 'stunnel': (stunnel, world.via_stunnel('ec')),
              'socat, without TLS': (socat, f'tcp:{world.socat_port}')}

    def transfer(way, process, via):
        before = process.cpu()
        seconds, = world.load(way, via, scale.bytes)
        return scale.bytes / seconds / 1e6, (process.cpu() - before) * 1e9 / scale.bytes

    for way in ('down', 'up'):
        both = interleave(scale, {name: lambda route=route: transfer(way, *route) for name, route in routes.items()})
        report(f'bytes, {way}', 'MB per second', {name: [pair[0] for pair in pairs] for name, pairs in both.items()}, True)
        # socat carries each connection in a process of its own, whose time is gone with it.
        spent = {name: [pair[1] for pair in both[name]] for name in ('agent', 'stunnel')}
        report(f'CPU, {way}', 's per GB', spent, False, 2)


def per_stream(process, world, via, scale):
    """KiB of growth of a process that has worked before, for each of many idle streams."""
    world.load('rate', via, 2, scale.seconds)
    before = process.memory()
    idle = subprocess.Popen([str(world.build / 'tests/bench/load'), 'idle', via, str(scale.streams)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
    try:
        if idle.stdout.readline() != 'ready\n':
            raise RuntimeError('the idle streams did not open')
        grown = process.memory() - before
    finally:
        idle.communicate(timeout=60)
    return grown / 1024 / scale.streams


def memory(world, scale):
    def fresh(start, via):
        process = start()
        try:
            return per_stream(process, world, via(), scale)
        finally:
            world.stop(process)

    results = interleave(scale, {
        'agent': lambda: fresh(world.start_agent, lambda: world.via_agent('ec')),
        'stunnel': lambda: fresh(world.start_stunnel, lambda: world.via_stunnel('ec')),
    })
    report(f'memory, {scale.streams} idle streams', 'KiB a stream', results, False)


def time_command(world, command, **environment):
    """Milliseconds from the start of a program that is netcat with TLS to the first byte of an answer."""
    start = time.monotonic()
    child = subprocess.Popen(command, bufsize=0, cwd=world.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, env={**os.environ, **environment}, preexec_fn=die_with_parent)
    child.stdin.write(b'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    first = child.stdout.read(1)
    taken = time.monotonic() - start
    rest = child.communicate(timeout=30)[0]
    if b'cardea-bench:. ' not in first + rest:
        raise RuntimeError(f'{command[0]}: unexpected answer {rest!r}')
    return taken * 1000


def first_byte(world, scale):
    world.start_agent()
    conf = world.copy_token()
    cardea = str(world.build / 'socket-api/cli/cardea')
    times = 1 if scale.rounds == 1 else 20

    def s_client(key):
        uri = f'pkcs11:token={TOKEN.replace(" ", "%20")};object={key};type=private;pin-value={PIN}'
        return time_command(world, ['openssl', 's_client', '-quiet', '-connect', f'127.0.0.1:{world.tls_port}', '-servername',
                                    'localhost', '-verify_hostname', 'localhost', '-verify_return_error', '-CAfile', 'ca.pem',
                                    '-engine', 'pkcs11', '-keyform', 'engine', '-key', uri, '-cert', f'{key}.pem',
                                    '-cert_chain', 'issuing.pem'], PKCS11_MODULE_PATH=SOFTHSM, SOFTHSM2_CONF=conf)

    def command(key):
        return time_command(world, [cardea, '--socket', world.socket, 'connect', 'localhost', str(world.tls_port),
                                    '--certificate', world.certificates[key]])

    def median(function, key):
        return statistics.median(function(key) for _ in range(times))

    for key in KEYS:
        results = interleave(scale, {
            'Connect': lambda: world.load('rate', world.via_agent(key), 1, scale.seconds)[2],
            's_client, pkcs11 engine': lambda: median(s_client, key),
            'cardea connect': lambda: median(command, key),
        })
        report(f'first byte, {NAMES[key]}', 'ms', results, False)


def resumption(world, scale):
    """A card that takes half a second to sign, as many do."""
    card = world.make_slow_card(500)

    def median(resumed, *arguments):
        agent = world.start_agent(resumption=resumed, **card)
        try:
            return world.load(*arguments)[2]
        finally:
            world.stop(agent)

    results = interleave(scale, {
        'resumed': lambda: median(True, 'resumed', world.via_agent('slow'), scale.seconds),
        'full handshake': lambda: median(False, 'rate', world.via_agent('slow'), 1, scale.seconds),
    })
    report('first byte, card of 500 ms', 'ms', results, False, 2)


def start_up(world, scale):
    def agent():
        start = time.monotonic()
        process = world.start_agent()
        if world.count_certificates() < len(KEYS):
            raise RuntimeError('the agent does not see the token')
        taken = time.monotonic() - start
        world.stop(process)
        return taken * 1000

    def stunnel():
        start = time.monotonic()
        process = world.start_stunnel()
        taken = time.monotonic() - start
        world.stop(process)
        return taken * 1000

    times = 1 if scale.rounds == 1 else 5
    results = interleave(scale, {
        'agent': lambda: statistics.median(agent() for _ in range(times)),
        'stunnel, pkcs11 engine': lambda: statistics.median(stunnel() for _ in range(times)),
    })
    report('start-up, token listed', 'ms', results, False)


def prompt(world, scale):
    with Dialogs(world.build) as dialogs:
        shown = {'PIN dialog': dialogs.ask_pin, 'certificate dialog': dialogs.ask_certificate}
        for show in (dialogs.show_minimal, *shown.values()) if scale.rounds > 1 else ():
            show()  # once from the disk
        for name, show in shown.items():
            both = interleave(scale, {name: show, "GTK's minimal window": dialogs.show_minimal})
            for number, (what, unit) in enumerate((('first frame', 'ms'), ('CPU until then', 'ms'), ('memory', 'MiB'))):
                report(f'{name}, {what}', unit, {each: [found[number] for found in taken] for each, taken in both.items()}, False)


BENCHMARKS = {'handshakes': handshakes, 'cpu': cpu, 'signatures': signatures, 'throughput': throughput, 'memory': memory,
              'first-byte': first_byte, 'resumption': resumption,
              'start-up': start_up, 'prompt': prompt}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the world is taken down
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build', type=pathlib.Path, help='the build folder')
    parser.add_argument('names', nargs='*', metavar='NAME', help=', '.join(BENCHMARKS))
    parser.add_argument('--rounds', type=int, default=5, help='at least five make a figure (default: %(default)s)')
    parser.add_argument('--seconds', type=float, default=3, help='of each measurement of a rate (default: %(default)s)')
    parser.add_argument('--smoke', action='store_true', help='once and briefly: only whether it works')
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f'no benchmark is called {", ".join(unknown)}; there are {", ".join(BENCHMARKS)}')
    scale = Scale(options.smoke, max(options.rounds, 1), options.seconds)
    try:
        for name in options.names or BENCHMARKS:
            with World(options.build.resolve(), scale.bytes) as world:
                BENCHMARKS[name](world, scale)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        sys.exit(f'bench: {error}')


if __name__ == '__main__':
    main()
