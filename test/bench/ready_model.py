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


"""The near end of the model of zero latency: says what it is to reply, reads what came."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench_peer import let_end

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Request:
    """One request as the server saw it.

    Args:
        bytes: size of the body.
        received_s: monotonic time of its last byte.
        replied_s: monotonic time at which the reply went out.
        body: file that holds it, where bodies are kept.
    """

    bytes: int
    received_s: float
    replied_s: float
    body: str = ''


class ReadyModel:
    """Owns the server's process.

    Args:
        folder: where bodies are kept; None to keep none.
    """

    def __init__(self, folder: Path | None = None) -> None:
        arguments = [str(folder)] if folder is not None else []
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / 'ready_server.py'), *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def __enter__(self) -> ReadyModel:
        return self

    def __exit__(self, *_: object) -> None:
        let_end(self._process)

    @property
    def url(self) -> str:
        """Of the OpenAI-compatible API."""
        return f'http://127.0.0.1:{self.port}/v1'

    def will_reply(self, replies: Sequence[str], pause_s: float = 0.0) -> None:
        """What the next requests are answered, after a pause; the log so far is forgotten."""
        self._tell({'replies': list(replies), 'pause_s': pause_s})

    def requests(self) -> list[Request]:
        """What came since `will_reply`, or since the last look."""
        return [Request(**entry) for entry in self._tell({'log': True})]

    def _tell(self, command: dict[str, object]) -> list[dict[str, object]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + '\n')
        self._process.stdin.flush()
        answer: list[dict[str, object]] = json.loads(self._process.stdout.readline())
        return answer
