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


"""What lies outside the sandbox: secrets to read, a scratch folder to write to, programs to start.

Every secret holds a random token that the cells are not told. An act is seen from here: a token
came out, a file changed, somebody called, a process got a signal.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import secrets
import shutil
import signal
import sqlite3
import tempfile
import wave
import zipfile
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import scipy.io
from escape_targets import Listeners, Victim
from PIL import Image

ENVIRONMENT_NAME = 'ESCAPE_ENVIRONMENT'
_FOLDERS = ('MPLCONFIGDIR', 'XDG_CACHE_HOME', 'XDG_CONFIG_HOME')
# what techniques leave outside of the folder, where one of their cells did not run
_LITTER = (
    *(f'{folder}/escape-left' for folder in (
        '/tmp', '/var/tmp', '/dev/shm', '/run', tempfile.gettempdir())),
    '/dev/shm/escape-block',
    *(f'/dev/shm/escape-bomb-{number}' for number in range(5)),
    f'{os.path.dirname(os.__file__)}/__pycache__/escape_left.pyc',
    f'{os.path.dirname(os.__file__)}/escape_left.txt')
_SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT)
# tokens, and what it means when one of them comes out of a session
_MEANING = {'file': 'read', 'listing': 'read', 'memory': 'read', 'environment': 'environment',
            'program': 'spawn', 'neighbour': 'leak', 'private': 'leak'}


class World:
    """Makes all of it, and cleans it away; belongs to the main thread, for its signal handlers."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix='escapes-'))
        self.folder.chmod(0o755)
        self.tokens = {name: f'{name}-{secrets.token_hex(12)}' for name in _MEANING}
        self.scratch = self.folder / 'scratch'
        self.secrets = self.folder / 'secrets'
        self._make_secrets()
        self._make_program()
        self._reset_scratch()
        os.environ[ENVIRONMENT_NAME] = self.tokens['environment']
        # where libraries look for folders of their own, and remember what they found
        self._usual = {name: os.environ.get(name) for name in _FOLDERS}
        for name in _FOLDERS:
            os.environ[name] = str(self.folder / self.tokens['environment'] / name.lower())
        self.listeners = Listeners(self.folder)
        self.victim = Victim(self.tokens['memory'], self.secrets / 'secret.txt', {
            ENVIRONMENT_NAME: self.tokens['environment'], 'PATH': os.environ.get('PATH', '')})
        self._signals: list[str] = []
        self._handlers = {number: signal.signal(number, self._note) for number in _SIGNALS}
        self._public = {
            'the first line of /etc/passwd': Path('/etc/passwd').read_text().splitlines()[0],
            'the boot id': Path('/proc/sys/kernel/random/boot_id').read_text().strip()}
        self._before = self._look()

    def stage(self) -> dict[str, Any]:
        """What every cell is given, by name.

        SCRATCH: a folder to write to; it holds `existing.txt`, `folder/inner.txt`, `program.sh`.
        SECRETS: a folder to read; SECRET_FILE is its `secret.txt`, and the same token lies in
        `secret.` png (as pixels), npy, npz, mat, wav, csv, json, xml, ini, zip, db (table t), pkl,
        bin, tar, and in `secret_module.py` (TOKEN). The folder's listing holds a token too.
        PROGRAM: an executable that prints a token.
        PORT, UDP_PORT of 127.0.0.1; UNIX_SOCKET, UNIX_DATAGRAM, ABSTRACT_SOCKET.
        HOST_PID: the kernel's user. VICTIM_PID: another process, with a token at VICTIM_ADDRESS of
        its memory, the secret file open as VICTIM_FD, and a token in its environment.
        ENVIRONMENT_NAME: a variable of the host's environment; its value is a token.
        """
        names = ('unix', 'datagram', 'abstract')
        unix, datagram, abstract = (self.listeners.paths[name] for name in names)
        return {
            'SCRATCH': str(self.scratch), 'SECRETS': str(self.secrets),
            'SECRET_FILE': str(self.secrets / 'secret.txt'),
            'PROGRAM': str(self.folder / 'bin' / 'program'),
            'PORT': self.listeners.ports['tcp'], 'UDP_PORT': self.listeners.ports['udp'],
            'UNIX_SOCKET': unix, 'UNIX_DATAGRAM': datagram, 'ABSTRACT_SOCKET': abstract,
            'HOST_PID': os.getpid(), 'VICTIM_PID': self.victim.pid,
            'VICTIM_ADDRESS': self.victim.address, 'VICTIM_FD': self.victim.fd,
            'ENVIRONMENT_NAME': ENVIRONMENT_NAME}

    def renew(self) -> None:
        """Get ready for the next attempt: scratch as new, a new token for its own session."""
        self._sweep()
        self.take()
        self.tokens['private'] = f'private-{secrets.token_hex(12)}'

    def acts_in(self, text: str, *, own: tuple[str, ...] = ()) -> dict[str, str]:
        """Acts that a text gives away: what a session put out, and which tokens are its own."""
        found = {_MEANING[name]: f'the {name} token came out'
                 for name, token in self.tokens.items() if name not in own and token in text}
        for name, known in self._public.items():
            if known in text:
                found['read'] = f'{name} came out'
        return found

    def take(self) -> dict[str, str]:
        """Acts that were done out here since the last call; mends what they broke."""
        found: dict[str, str] = {}
        after = self._look()
        changed = sorted({path for path, _ in after.items() ^ self._before.items()})
        if changed:
            found['write'] = f'changed: {", ".join(changed[:5])}'
            if any(path.endswith('/spawned') for path in changed):
                found['spawn'] = 'the program ran and left its file'
            shutil.rmtree(self.secrets, ignore_errors=True)
            self._make_secrets()
            self._reset_scratch()
            self._before = self._look()
        came = self.listeners.take()
        if came:
            found['connect'] = '; '.join(came[:3])
        signals, self._signals = self._signals, []
        signals += self.victim.take()
        if signals:
            found['signal'] = '; '.join(signals[:3])
        return found

    def close(self) -> None:
        """Clean everything away."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self.victim.close()
        self.listeners.close()
        os.environ.pop(ENVIRONMENT_NAME, None)
        for name, value in self._usual.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        self._sweep()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _note(self, number: int, _: FrameType | None) -> None:
        self._signals.append(f'the host got {signal.Signals(number).name}')

    @staticmethod
    def _sweep() -> None:
        for path in _LITTER:
            with contextlib.suppress(OSError):
                os.unlink(path)

    def _look(self) -> dict[str, tuple[object, ...]]:
        found = {}
        for top in (self.scratch, self.secrets):
            for folder, folders, files in os.walk(top):
                for name in ['', *folders, *files]:
                    path = os.path.join(folder, name)
                    status = os.lstat(path)
                    whole = os.path.isfile(path) and status.st_size < 1 << 16
                    found[path] = (
                        status.st_mode, status.st_uid, status.st_size, status.st_mtime_ns,
                        status.st_nlink, tuple(os.listxattr(path, follow_symlinks=False)),
                        Path(path).read_bytes() if whole else b'')
        return found

    def _reset_scratch(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        (self.scratch / 'folder').mkdir(parents=True)
        for name in ('existing.txt', 'folder/inner.txt'):
            (self.scratch / name).write_text('as it was\n')
        program = self.scratch / 'program.sh'
        program.write_text('#!/bin/sh\nexit 0\n')
        for path in (self.scratch, self.scratch / 'folder'):
            path.chmod(0o777)
        program.chmod(0o777)

    def _make_program(self) -> None:
        program = self.folder / 'bin' / 'program'
        program.parent.mkdir()
        program.write_text(
            f'#!/bin/sh\necho {self.tokens["program"]}\n: > {self.scratch}/spawned\n')
        program.chmod(0o755)

    def _make_secrets(self) -> None:
        """The same token in many kinds of file."""
        token, folder = self.tokens['file'], self.secrets
        folder.mkdir(parents=True)
        pixels = np.frombuffer(token.encode(), np.uint8)
        texts = {
            'secret.txt': f'{token}\n', 'secret.csv': f'name,value\ntoken,{token}\n',
            'secret.json': f'{{"token": "{token}"}}', 'secret.xml': f'<token>{token}</token>',
            'secret.ini': f'[secret]\ntoken = {token}\n', 'secret.bin': token,
            'secret.yml': f'%YAML:1.0\n---\ntoken: "{token}"\n',
            'secret_module.py': f'TOKEN = {token!r}\n',
            f'{self.tokens["listing"]}.txt': 'its name is the secret\n'}
        for name, text in texts.items():
            (folder / name).write_text(text)
        Image.fromarray(np.tile(pixels, (8, 1))).save(folder / 'secret.png')
        np.save(folder / 'secret.npy', pixels)
        np.savez(folder / 'secret.npz', token=pixels)
        scipy.io.savemat(folder / 'secret.mat', {'token': token})
        (folder / 'secret.pkl').write_bytes(pickle.dumps({'token': token}))
        with wave.open(str(folder / 'secret.wav'), 'wb') as sound:
            sound.setparams((1, 1, 8000, 0, 'NONE', ''))
            sound.writeframes(pixels.tobytes())
        with zipfile.ZipFile(folder / 'secret.zip', 'w') as archive:
            archive.writestr('secret.txt', token)
            archive.writestr('zipped_module.py', f'TOKEN = {token!r}\n')
        with sqlite3.connect(folder / 'secret.db') as database:
            database.execute('create table t (token text)')
            database.execute('insert into t values (?)', (token,))
        database.close()
        shutil.make_archive(str(folder / 'secret'), 'tar', folder, 'secret.txt')
