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


"""A real vLLM server on loopback: started, asked what it is doing, stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = REPOSITORY / '.vllm'
MODEL = ENVIRONMENT / 'model'
NAME = 'tiny'
# a slow machine compiles some of vLLM's helpers at the first start
START_S = 600.0
KEY_FRAMES = 32
LONGEST = 32768

ARGUMENTS = (
    '--enforce-eager', '--enable-prefix-caching', '--enable-prompt-tokens-details',
    '--enable-server-load-tracking', '--limit-mm-per-prompt', json.dumps(
        {'image': KEY_FRAMES, 'video': 0}),
    '--max-model-len', str(LONGEST), '--max-num-seqs', '4', '--reasoning-parser', 'qwen3')
QUIET = {
    'VLLM_CPU_KVCACHE_SPACE': '1', 'VLLM_NO_USAGE_STATS': '1', 'DO_NOT_TRACK': '1',
    'HF_HUB_OFFLINE': '1', 'VLLM_CACHE_ROOT': str(ENVIRONMENT / 'cache'),
    'VLLM_CONFIG_ROOT': str(ENVIRONMENT / 'cache'), 'TORCHINDUCTOR_CACHE_DIR': str(
        ENVIRONMENT / 'cache' / 'inductor')}


class VllmServer:
    """The server and what it says of itself.

    Args:
        log: file for what it prints.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        self._root = f'http://127.0.0.1:{port}'
        self.base_url = f'{self._root}/v1'
        # `vllm serve` of vllm-cpu dies: it asks for the version of a package named vllm
        command = [
            str(ENVIRONMENT / 'bin' / 'python'), '-m', 'vllm.entrypoints.openai.api_server',
            '--model', str(MODEL), '--served-model-name', NAME, '--host', '127.0.0.1',
            '--port', str(port), *ARGUMENTS]
        start_s = time.monotonic()
        with log.open('wb') as out:
            # a group of its own: it has children, which have to go with it
            self._process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **QUIET},
                cwd=ENVIRONMENT, start_new_session=True)
        try:
            self.until(self._healthy, START_S, 'it is healthy')
        except BaseException:
            self.stop()
            raise
        self.start_s = time.monotonic() - start_s

    def _healthy(self) -> bool:
        if self._process.poll() is not None:
            tail = self._log.read_text(errors='replace')[-3000:]
            raise RuntimeError(f'vllm ended with {self._process.returncode}:\n{tail}')
        try:
            with urlopen(f'{self._root}/health', timeout=5.0) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False

    def stop(self) -> None:
        """End it and its children."""
        for number, patience_s in ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0)):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(patience_s)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue

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
