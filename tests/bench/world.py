# SPDX-FileCopyrightText: The Cardea authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The world a benchmark runs in: one server, and everybody who can talk to it with the same key on a token.

All lies in one temporary folder, on loopback, and is gone at the end. Each process that opens the token has a copy of its
own of SoftHSM's folder, as two that start on one at the same time lose its tokens."""

import contextlib
import ctypes
import glob
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SOFTHSM = '/usr/lib/softhsm/libsofthsm2.so'
TOKEN = 'Cardea bench'
PIN = '31415926'
KEYS = ('rsa', 'ec')
SUITE = 'TLS_AES_128_GCM_SHA256'
PATIENCE = 20
HERTZ = os.sysconf('SC_CLK_TCK')
PAGE = os.sysconf('SC_PAGE_SIZE')


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f'waited in vain for {what}')
        time.sleep(0.001)


def answers(family, address):
    with socket.socket(family) as probe:
        return probe.connect_ex(address) == 0


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Process:
    """A child with its own children, as the kernel accounts for them."""

    def __init__(self, world, name, command, **environment):
        self.log = world.folder / f'{name}.log'
        with open(self.log, 'ab') as log:
            self.child = subprocess.Popen(command, cwd=world.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env={**os.environ, **environment}, preexec_fn=die_with_parent)

    def pids(self):
        pid = self.child.pid
        found = [pid]
        for path in glob.glob(f'/proc/{pid}/task/*/children'):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found += map(int, pathlib.Path(path).read_text().split())
        return found

    def proc(self, name):
        """The texts of one file in /proc; a child may end while it is looked at."""
        for pid in self.pids():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                yield pathlib.Path(f'/proc/{pid}/{name}').read_text()

    def cpu(self):
        """Seconds, user and system, of all that live."""
        fields = [text.rpartition(')')[2].split() for text in self.proc('stat')]
        return sum(int(each[11]) + int(each[12]) for each in fields) / HERTZ

    def memory(self):
        """Resident bytes of all that live."""
        return sum(int(text.split()[1]) for text in self.proc('statm')) * PAGE

    def wait_for_port(self, port):
        self.wait_for(lambda: answers(socket.AF_INET, ('127.0.0.1', port)))

    def wait_for(self, condition):
        def happened():
            if self.child.poll() is not None:
                raise RuntimeError(f'{self.child.args[0]} ended:\n{self.log.read_text()[-2000:]}')
            return condition()
        wait_for(happened, self.child.args[0])

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class World:
    def __init__(self, build, big_bytes):
        self.build = pathlib.Path(build)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='cardea-bench-'))
        self.processes = []
        self.copies = 0
        self.big_bytes = big_bytes
        self.certificates = {}

    def __enter__(self):
        try:
            self.make_token()
            self.start_nginx()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.stop()
        shutil.rmtree(self.folder)

    def start(self, name, command, **environment):
        process = Process(self, name, command, **environment)
        self.processes.append(process)
        return process

    def stop(self, process):
        self.processes.remove(process)
        process.stop()

    def run(self, *command, **environment):
        done = subprocess.run(command, cwd=self.folder, env={**os.environ, **environment}, capture_output=True, text=True,
                              timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f'{command[0]} failed:\n{done.stdout}{done.stderr}')
        return done.stdout

    def make_token(self):
        self.run(str(SOURCE / 'tests/fixtures/make-token'), str(self.folder), TOKEN, PIN)
        for key in KEYS:
            chain = (self.folder / f'{key}.pem').read_text() + (self.folder / 'issuing.pem').read_text()
            (self.folder / f'{key}-chain.pem').write_text(chain)
            der = subprocess.run(['openssl', 'x509', '-in', f'{key}.pem', '-outform', 'DER'], cwd=self.folder,
                                 capture_output=True, check=True).stdout
            self.certificates[key] = hashlib.sha256(der).hexdigest()

    def copy_token(self):
        """A SoftHSM configuration with a copy of the token."""
        self.copies += 1
        copy = self.folder / f'token-{self.copies}'
        shutil.copytree(self.folder / 'tokens', copy)
        conf = self.folder / f'softhsm-{self.copies}.conf'
        conf.write_text(f'directories.tokendir = {copy}\nobjectstore.backend = file\nlog.level = ERROR\n'
                        'slots.removable = false\n')
        return str(conf)

    def start_nginx(self):
        with open(self.folder / 'big', 'wb') as big:
            big.truncate(self.big_bytes)
        self.tls_port, self.plain_port = free_port(), free_port()
        places = '\n'.join(f'{kind}_temp_path {self.folder}/nginx-{kind};' for kind in
                           ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        conf = self.folder / 'nginx.conf'
        conf.write_text(f'''daemon off; master_process off; pid {self.folder}/nginx.pid; error_log stderr error;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_timeout 600s; keepalive_requests 1000000;
  client_max_body_size 0; lingering_time 600s; lingering_timeout 60s;
  {places}
  server {{
    listen 127.0.0.1:{self.tls_port} ssl backlog=4096;
    listen 127.0.0.1:{self.plain_port} backlog=4096;
    ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites {SUITE}; ssl_ecdh_curve X25519;
    ssl_certificate server.pem; ssl_certificate_key server.key;
    ssl_client_certificate ca.pem; ssl_verify_client on; ssl_verify_depth 2;
    root {self.folder};
    location = / {{ return 200 "cardea-bench:$ssl_session_reused $ssl_client_s_dn\\n"; }}
    location = /big {{ default_type application/octet-stream; }}
  }}
}}
''')
        self.start('nginx', ['nginx', '-p', str(self.folder), '-c', str(conf)]).wait_for_port(self.plain_port)

    def make_slow_card(self, sign_ms):
        """Arguments of start_agent() for the mock module with a key that takes that long to sign, and wants no PIN."""
        self.run('sh', '-ec', "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout slow.key -subj '/CN=Slow' "
                 "-out slow.csr; printf 'keyUsage=digitalSignature\\nextendedKeyUsage=clientAuth\\n' > slow.ext; "
                 'openssl x509 -req -in slow.csr -CA ca.pem -CAkey ca.key -days 2 -extfile slow.ext -out slow.pem; '
                 'openssl x509 -in slow.pem -outform DER -out slow.der')
        control = self.folder / 'mock.conf'
        control.write_text(f'[behaviour]\nC_Sign=delay:{sign_ms}\n[token slow]\nlabel=Slow card\nlogin-required=false\n'
                           f'[object slow]\ntoken=slow\ncertificate={self.folder}/slow.pem\nkey={self.folder}/slow.key\n')
        self.certificates['slow'] = hashlib.sha256((self.folder / 'slow.der').read_bytes()).hexdigest()
        return {'module': self.build / 'tests/fixtures/mock-module/cardea-mock-module.so', 'CARDEA_MOCK_CONTROL': str(control)}

    def start_agent(self, module=SOFTHSM, resumption=False, **environment):
        conf = self.folder / 'agent.conf'
        conf.write_text(f'''[agent]
headless=true
drain-seconds=0
[streams]
resumption={str(resumption).lower()}
[allow]
servers=localhost:{self.tls_port}
[authorities]
system=false
nss-database=false
files={self.folder}/ca.pem
[modules]
p11-kit=false
nss-database=false
pass-environment={';'.join(['SOFTHSM2_CONF', *environment])}
[pin bench]
token=pkcs11:token={TOKEN.replace(' ', '%20')}
file={self.folder}/pin
''')
        environment['SOFTHSM2_CONF'] = self.copy_token()
        agent = self.start('agent', [str(self.build / 'agent/cardea-agent'), '--config', str(conf), '--socket', self.socket,
                                     '--state-directory', str(self.folder / 'state'), '--module', str(module)], **environment)
        agent.wait_for(lambda: answers(socket.AF_UNIX, self.socket))
        return agent

    @property
    def socket(self):
        return str(self.folder / 'run/agent')

    def count_certificates(self):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.socket)
            client.sendall(b'{"method":"org.cardea.agent.ListCertificates"}\0')
            reply = b''
            while not reply.endswith(b'\0'):
                piece = client.recv(65536)
                if not piece:
                    raise RuntimeError('the agent hung up')
                reply += piece
        return len(json.loads(reply[:-1])['parameters']['certificates'])

    def start_stunnel(self, module=SOFTHSM, **environment):
        """stunnel with OpenSSL's engine for PKCS#11, a port for each key; verifies the server as the agent does."""
        self.stunnel_ports = {key: free_port() for key in KEYS}
        services = ''.join(f'''[{key}]
client = yes
accept = 127.0.0.1:{port}
connect = 127.0.0.1:{self.tls_port}
engineId = pkcs11
key = pkcs11:token={TOKEN.replace(' ', '%20')};object={key};type=private
cert = {self.folder}/{key}-chain.pem
CAfile = {self.folder}/ca.pem
verifyChain = yes
checkHost = localhost
sni = localhost
sslVersion = TLSv1.3
ciphersuites = {SUITE}
sessionResume = no
''' for key, port in self.stunnel_ports.items())
        conf = self.folder / 'stunnel.conf'
        conf.write_text(f'''foreground = yes
pid =
debug = 3
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
engine = pkcs11
engineCtrl = MODULE_PATH:{module}
engineCtrl = PIN:{PIN}
{services}''')
        stunnel = self.start('stunnel', ['stunnel4', str(conf)], SOFTHSM2_CONF=self.copy_token(), **environment)
        stunnel.wait_for_port(self.stunnel_ports[KEYS[-1]])
        return stunnel

    def start_socat(self):
        """Bytes from one TCP socket to the other, and nothing else: what carrying alone costs."""
        self.socat_port = free_port()
        socat = self.start('socat', ['socat', '-b65536', f'TCP-LISTEN:{self.socat_port},bind=127.0.0.1,reuseaddr,fork,nodelay',
                                     f'TCP:127.0.0.1:{self.plain_port},nodelay'])
        socat.wait_for_port(self.socat_port)
        return socat

    def via_agent(self, key):
        return f'agent:{self.socket}:{self.tls_port}:{self.certificates[key]}'

    def via_stunnel(self, key):
        return f'tcp:{self.stunnel_ports[key]}'

    def load(self, *arguments):
        """What load prints, as numbers."""
        return [float(word) for word in self.run(str(self.build / 'tests/bench/load'), *map(str, arguments)).split()]

    def nss_direct(self, conf, key, seconds):
        """Handshakes by NSS with the token's module in the process: count, seconds, CPU seconds."""
        return [float(word) for word in
                self.run(str(self.build / 'tests/bench/nss-direct'), SOFTHSM, PIN, 'ca.pem', str(self.tls_port),
                         f'{TOKEN}:{key}', str(seconds), SOFTHSM2_CONF=conf).split()]
