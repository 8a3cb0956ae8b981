# Copyright 2026 The spatialclaw_ros authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.


"""Servers on this machine that nobody should reach, and a process that nobody should touch."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil

_VICTIM = r"""
import ctypes, os, signal, sys
memory = ctypes.create_string_buffer(sys.argv[1].encode())
secret = open(sys.argv[2])
sys.argv[:] = ['']
def note(number, frame):
    os.write(1, b'signal %d\n' % number)
for number in (1, 2, 10, 12, 15, 18, 23, 28):
    signal.signal(number, note)
print(ctypes.addressof(memory), secret.fileno(), flush=True)
while True:
    signal.pause()
"""
_SETTLE_S = 5.0


class Listeners:
    """TCP, UDP, unix and abstract servers on the loopback; counts who came.

    Args:
        folder: where the unix sockets lie.
    """

    def __init__(self, folder: Path) -> None:
        abstract = f'\0escape-{os.getpid()}-{os.urandom(4).hex()}'
        self.paths = {'unix': str(folder / 'stream'), 'datagram': str(folder / 'datagram'),
                      'abstract': abstract}
        self._sockets = {
            'tcp': self._bound(socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', 0)),
            'udp': self._bound(socket.AF_INET, socket.SOCK_DGRAM, ('127.0.0.1', 0)),
            'unix': self._bound(socket.AF_UNIX, socket.SOCK_STREAM, self.paths['unix']),
            'datagram': self._bound(socket.AF_UNIX, socket.SOCK_DGRAM, self.paths['datagram']),
            'abstract': self._bound(socket.AF_UNIX, socket.SOCK_STREAM, abstract)}
        self.ports = {name: self._sockets[name].getsockname()[1] for name in ('tcp', 'udp')}
        self._came: list[str] = []
        self._settled = threading.Event()
        self._bell, self._ear = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name='listeners', daemon=True)
        self._thread.start()

    @staticmethod
    def _bound(family: int, kind: int, address: str | tuple[str, int]) -> socket.socket:
        server = socket.socket(family, kind)
        server.bind(address)
        if kind == socket.SOCK_STREAM:
            server.listen(64)
        server.setblocking(False)
        return server

    def take(self) -> list[str]:
        """Who came since the last call."""
        self._settled.clear()
        self._bell.send(b'?')
        self._settled.wait(_SETTLE_S)
        came, self._came = self._came, []
        return came

    def close(self) -> None:
        """Close all of them."""
        self._bell.close()
        self._thread.join()
        for server in [*self._sockets.values(), self._ear]:
            server.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._ear, selectors.EVENT_READ)
            for name, server in self._sockets.items():
                selector.register(server, selectors.EVENT_READ, name)
            while True:
                ready = [key for key, _ in selector.select()]
                for key in ready:
                    if key.data is not None:
                        self._came.append(f'{key.data}: {_meet(key.fileobj)}')
                # asked, and nobody is waiting any more
                if len(ready) == 1 and ready[0].data is None:
                    if not self._ear.recv(1):
                        return
                    self._settled.set()


def _meet(server: socket.socket) -> str:  # type: ignore[type-arg]
    """Take what came, and send it away."""
    if server.type == socket.SOCK_DGRAM:
        return repr(server.recv(200))
    guest, _ = server.accept()
    with guest:
        guest.setblocking(False)
        try:
            return repr(guest.recv(200))
        except BlockingIOError:
            return 'a connection'
        except OSError as error:
            return f'a connection ({error})'


class Victim:
    """Another process of the same user, with a secret in its memory.

    Args:
        token: the secret.
        file: a path it keeps open.
        environment: its whole environment.
    """

    def __init__(self, token: str, file: Path, environment: dict[str, str]) -> None:
        self._arguments = (token, file, environment)
        self._start()

    def _start(self) -> None:
        token, file, environment = self._arguments
        self._process = subprocess.Popen(
            [sys.executable, '-S', '-I', '-c', _VICTIM, token, str(file)], env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        self.pid = self._process.pid
        assert self._process.stdout is not None
        self.address, self.fd = map(int, self._process.stdout.readline().split())
        os.set_blocking(self._process.stdout.fileno(), False)
        self._usual = self._condition()

    def _condition(self) -> dict[str, object]:
        process = psutil.Process(self.pid)
        with process.oneshot():
            return {
                'stopped': process.status() == psutil.STATUS_STOPPED, 'nice': process.nice(),
                'processors': process.cpu_affinity(),
                'open files': process.rlimit(psutil.RLIMIT_NOFILE),
                'traced': _traced(self.pid),
                'oom': Path(f'/proc/{self.pid}/oom_score_adj').read_text()}

    def take(self) -> list[str]:
        """What was done to it since the last call; a dead or changed one is replaced."""
        assert self._process.stdout is not None
        if self._process.poll() is not None:
            done = [f'the victim ended with {self._process.returncode}']
        else:
            now = self._condition()
            done = [f'the victim: {name} {value}' for name, value in now.items()
                    if value != self._usual[name]]
        replace = bool(done)
        done += (self._process.stdout.read() or b'').decode().splitlines()
        if replace:
            self.close()
            self._start()
        return done

    def close(self) -> None:
        """End it."""
        assert self._process.stdout is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process.stdout.close()


def _traced(pid: int) -> bool:
    status = Path(f'/proc/{pid}/status').read_text()
    return 'TracerPid:\t0\n' not in status
