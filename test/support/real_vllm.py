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


"""A real vLLM server on loopback: started as users start it, asked what it is doing, stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = REPOSITORY / '.vllm'
CONFIG = REPOSITORY / 'test' / 'vllm_server' / 'tiny.yaml'
NAME = 'tiny'
KEY = 'a-key-of-the-checks'
KEY_FRAMES = 32
# tokens, as its configuration says
LONGEST = 32768
# most of it is imports, of three processes
START_S = 600.0
STOP_S = 60.0

QUIET = {
    'VLLM_CPU_KVCACHE_SPACE': '1', 'VLLM_NO_USAGE_STATS': '1', 'DO_NOT_TRACK': '1',
    'HF_HUB_OFFLINE': '1', 'VLLM_CACHE_ROOT': str(ENVIRONMENT / 'cache'),
    'VLLM_CONFIG_ROOT': str(ENVIRONMENT / 'cache')}


class VllmServer:
    """The server, started by `spatialclaw_ros.backbone.vllm.serve`, and what it says of itself.

    Args:
        folder: for what it prints, and for the key that it asks for.
    """

    def __init__(self, folder: Path) -> None:
        self._log = folder / 'server.log'
        self.key_file = folder / 'key'
        self.key_file.write_text(KEY)
        self.key_file.chmod(0o600)
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        self._root = f'http://127.0.0.1:{port}'
        self.base_url = f'{self._root}/v1'
        path = f'{ENVIRONMENT / "bin"}{os.pathsep}{os.environ["PATH"]}'
        start_s = time.monotonic()
        with self._log.open('wb') as out:
            self._process = psutil.Popen(
                [sys.executable, '-m', 'spatialclaw_ros.backbone.vllm.serve', str(CONFIG),
                 '--port', str(port), '--api-key-file', str(self.key_file)],
                stdout=out, stderr=subprocess.STDOUT, cwd=ENVIRONMENT,
                env={**os.environ, **QUIET, 'PATH': path})
        try:
            self.until(self._healthy, START_S, 'it is healthy')
        except BaseException:
            self.stop()
            raise
        self.start_s = time.monotonic() - start_s

    def _healthy(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(
                f'vllm ended with {self._process.returncode}:\n{self.printed[-3000:]}')
        try:
            with urlopen(f'{self._root}/health', timeout=5.0) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False

    @property
    def printed(self) -> str:
        """What it printed so far."""
        return self._log.read_text(errors='replace')

    def crash(self) -> int:
        """Kill what runs the model, as a lack of memory would; the status it all ends with."""
        (engine,) = (each for each in self._process.children(recursive=True)
                     if each.name() == 'VLLM::EngineCore')
        engine.kill()
        return int(self._process.wait(STOP_S))

    def stop(self) -> tuple[int | None, list[psutil.Process]]:
        """Ask it to end; its status, and those of its processes that did not end."""
        try:
            all_ = [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            all_ = [self._process]
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        _, left = psutil.wait_procs(all_, STOP_S)
        for each in left:
            each.kill()
        return self._process.poll(), left

    def read(self, path: str) -> str:
        """What it answers to a GET."""
        with urlopen(f'{self._root}{path}', timeout=20.0) as answer:
            return bytes(answer.read()).decode()

    def metric(self, name: str) -> float:
        """Sum of a metric over all its label sets."""
        found = re.findall(rf'^vllm:{name}(?:{{.*}})? (\S+)$', self.read('/metrics'), re.MULTILINE)
        assert found, f'it has no metric {name}'
        return sum(map(float, found))

    @property
    def running(self) -> int:
        """Requests that it works on or has waiting."""
        return int(self.metric('num_requests_running') + self.metric('num_requests_waiting'))

    @property
    def load(self) -> int:
        """Requests that its HTTP side holds open."""
        return int(json.loads(self.read('/load'))['server_load'])

    @property
    def written(self) -> int:
        """Tokens that its model wrote so far."""
        return int(self.metric('generation_tokens_total'))

    @property
    def version(self) -> str:
        """Its version."""
        return str(json.loads(self.read('/version'))['version'])

    def until(self, holds: Callable[[], bool], limit_s: float, what: str) -> float:
        """Wait until something holds.

        Returns:
            how long it took, seconds.

        Raises:
            AssertionError: it didn't within the limit.
        """
        start_s = time.monotonic()
        while not holds():
            spent_s = time.monotonic() - start_s
            assert spent_s < limit_s, f'after {spent_s:.0f} s it is not so that {what}'
            time.sleep(0.05)
        return time.monotonic() - start_s
