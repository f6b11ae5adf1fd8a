# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""All that is real at a desk: an agent that asks, a token, a server that wants a certificate, and a program.

It lies in the desk's folder, and is gone with it."""

import pathlib
import re
import socket
import subprocess

import desk
import person

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SOFTHSM = '/usr/lib/softhsm/libsofthsm2.so'
CARDEA = 'socket-api/cli/cardea'
MOCK = 'tests/fixtures/mock-module/cardea-mock-module.so'
TOKEN = 'Demo token'
PIN = '83465729'
COMM_LENGTH = 15
# What modules get, and sanitizers in them.
PASSED = ('SOFTHSM2_CONF', 'CARDEA_MOCK_CONTROL', 'ASAN_OPTIONS', 'LSAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'G_SLICE')
USE, REMEMBER, UNLOCK = 'Use', 'Remember This Answer', 'Unlock'


def bare(text):
    """Without the isolating characters."""
    return text.replace('\u2068', '').replace('\u2069', '')


class Real:
    """An agent with two certificates on a token, and a server that shows who came."""

    def __init__(self, at, build, is_card=False):
        """With a card that can be pulled, in the place of the token, if is_card."""
        self.desk, self.build = at, pathlib.Path(build)
        self.folder = at.folder / 'real'
        self.folder.mkdir()
        # The prompt's environment has HOME, and no other way to the desk's settings.
        (at.folder / '.config').symlink_to(at.folder / 'config')
        subprocess.run([SOURCE / 'tests/fixtures/make-token', self.folder, TOKEN, PIN], check=True, timeout=person.SECONDS * 3)
        self.port = self.start_server()
        if is_card:
            self.make_card()
        self.agent = self.start_agent(*(['--module', str(self.build / MOCK)] if is_card else []))

    def start_server(self):
        """OpenSSL's, which answers each request with a page about the client's certificate; one at a time."""
        server = self.desk.run_on('openssl', 's_server', '-accept', '127.0.0.1:0', '-tls1_3', '-www', '-Verify', '2',
                                  '-verify_return_error', '-CAfile', self.path('ca.pem'), '-cert', self.path('server.pem'),
                                  '-cert_chain', self.path('server.pem'), '-key', self.path('server.key'), stdout=subprocess.PIPE)
        for line in server.stdout:
            if found := re.match(rb'ACCEPT .*:([0-9]+)', line):
                return int(found[1])
        raise person.Failed('the server does not start')

    def make_card(self):
        for command in ('req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout card.key -subj /CN=Cardholder -out card.csr',
                        'x509 -req -in card.csr -CA ca.pem -CAkey ca.key -days 2 -extfile card.ext -out card.pem'):
            (self.folder / 'card.ext').write_text('keyUsage=digitalSignature\nextendedKeyUsage=clientAuth\n', encoding='utf-8')
            subprocess.run(['openssl', *command.split()], cwd=self.folder, check=True, capture_output=True, timeout=person.SECONDS)
        self.desk.environment['CARDEA_MOCK_CONTROL'] = self.path('card.conf')
        self.set_card(True)

    def set_card(self, present):
        """Puts the card in, or pulls it."""
        control = self.folder / 'card.new'
        control.write_text(f'[module]\nlog={self.path("card.log")}\n[token card]\nlabel=Demo card\npin={PIN}\n'
                           f'present={str(present).lower()}\n[object mine]\ntoken=card\nid=07\n'
                           f'certificate={self.path("card.pem")}\nkey={self.path("card.key")}\n', encoding='utf-8')
        control.replace(self.path('card.conf'))

    def start_agent(self, *options):
        config = self.folder / 'agent.conf'
        config.write_text('[authorities]\nsystem=false\nnss-database=false\n'
                          f'files={self.path("ca.pem")}\n'
                          '[modules]\np11-kit=false\nnss-database=false\n'
                          f'load={SOFTHSM if not options else ""}\npass-environment={";".join(PASSED)}\n', encoding='utf-8')
        rules = self.folder / 'rules'
        rules.mkdir()
        self.desk.environment['SOFTHSM2_CONF'] = self.path('softhsm2.conf')
        with open(self.path('agent.log'), 'wb') as log:
            agent = self.desk.run_on(str(self.build / 'agent/cardea-agent'), '--config', str(config), '--socket', self.socket,
                                     '--rules-directory', str(rules), '--state-directory', self.path('state'), *options,
                                     stderr=log)
        person.wait_for(self.answers, 'an agent that listens')
        return agent

    def path(self, name):
        return str(self.folder / name)

    @property
    def socket(self):
        return self.path('run/agent')

    def answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0

    def reload(self):
        subprocess.run([self.build / CARDEA, '--socket', self.socket, 'reload'], check=True, timeout=person.SECONDS,
                       env=self.desk.environment)

    def log(self):
        return pathlib.Path(self.path('agent.log')).read_text(encoding='utf-8', errors='replace')

    def children(self, name):
        """The processes of the agent's with this name; only root may see what program they run."""
        found = []
        for pid in desk.descendants(self.agent.pid):
            try:
                comm = pathlib.Path(f'/proc/{pid}/comm').read_text(encoding='utf-8')
            except OSError:
                continue  # it ended meanwhile
            if comm.strip() == name[:COMM_LENGTH]:
                found.append(pid)
        return found


class Connection:
    """A program that fetches a page by the agent: cardea connect, or another one."""

    def __init__(self, real, *options, port=None, argv=None):
        self.real, self.desk = real, real.desk
        argv = argv or [real.build / CARDEA, '--socket', real.socket, 'connect', *options, 'localhost', str(port or real.port)]
        self.process = subprocess.Popen(argv, env=real.desk.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()
        if kind:
            print(self.real.log())

    def end(self, status):
        """What it printed, and complained of; its request goes out once there is a stream."""
        page, complaint = self.process.communicate('GET / HTTP/1.0\r\n\r\n', timeout=person.SECONDS)
        if self.process.returncode != status:
            raise person.Failed(f'status {self.process.returncode} instead of {status}: {complaint}')
        return page, complaint

    def end_with_page(self, holder):
        page, _ = self.end(0)
        seen = re.findall('Subject:.*CN ?= ?(.*)', page)
        if seen != [holder]:
            raise person.Failed(f'the server saw {seen} instead of {holder}')

    def end_cancelled(self):
        page, complaint = self.end(1)
        if page or 'cancelled' not in complaint:
            raise person.Failed(f'{page!r}, {complaint!r}')

    def can(self, button):
        node = self.desk.find('push button', button)
        return node is not None and self.desk.has(node, 'SENSITIVE')

    def rows(self, state='VISIBLE'):
        return [bare(node.get_name()) for node in self.desk.nodes()
                if node.get_role_name() == 'list item' and self.desk.has(node, state)]

    def wait_for_choice(self):
        """Until the dialog of the certificates takes keys. The rows."""
        self.desk.wait_for(lambda: self.can(USE), 'a certificate to use')
        return self.rows()

    def choose(self, row):
        """By the keyboard."""
        holder = self.wait_for_choice()[row]
        for _ in range(row):
            self.desk.press('Down')
        self.desk.wait_for(lambda: self.rows('SELECTED') == [holder], f'{holder} selected')
        self.desk.press('Return')
        return holder

    def remember(self, steps, choice):
        def focused():
            return [node.get_name() for node in self.desk.nodes() if self.desk.has(node, 'FOCUSED')][-1:]

        def shown():
            return [node.get_description() for node in self.desk.nodes()
                    if node.get_role_name() == 'combo box' and self.desk.has(node, 'VISIBLE')]
        for _ in range(12):
            before = focused()
            if before == [REMEMBER]:
                break
            self.desk.press('Tab')
            self.desk.wait_for(lambda: focused() != before, 'the focus elsewhere')
        self.desk.press('space')
        self.desk.wait_for(lambda: focused() != [REMEMBER], 'the list of choices')
        self.desk.press(*['Down'] * steps, 'Return')
        self.desk.wait_for(lambda: shown() == [choice], f'the choice {choice}')
        self.desk.wait_for(lambda: self.can(USE), 'a certificate to use')

    def click(self, button):
        self.desk.atspi.Action.do_action(self.desk.find('push button', button), 0)

    def entry(self):
        return self.desk.find('password text')

    def wait_for_entry(self):
        self.desk.wait_for(lambda: self.entry() and self.desk.has(self.entry(), 'EDITABLE'), 'an entry that takes a PIN')

    def type_pin(self, pin=PIN):
        self.wait_for_entry()
        self.desk.type(pin)
        self.desk.wait_for(lambda: len(self.desk.text(self.entry())) == len(pin), 'bullets')

    def unlock(self):
        self.type_pin()
        self.desk.press('Return')
