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


"""A reference that is measured in an environment of its own, asked for samples line by line.

The two ends share this file and nothing else; the far end has none of this project's packages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parent.parent / '.bench'

Measure = Callable[[int], list[float]]


def let_end(process: subprocess.Popen[str]) -> None:
    """Close what a process listens to, which ends it."""
    try:
        process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


class Peer:
    """The near end: owns the reference's process.

    Args:
        script: file beside this one that calls `serve`.
        arguments: for the script.

    Raises:
        FileNotFoundError: the environment of the references is not there.
    """

    def __init__(self, script: str, *arguments: str) -> None:
        python = ENVIRONMENT / 'bin' / 'python'
        if not python.exists():
            raise FileNotFoundError(
                f'{python} is not there; `make bench-kernel` sets it up before it measures')
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith('PYTHON')}
        self._process = subprocess.Popen(
            [str(python), str(HERE / script), *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=environment, text=True)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        let_end(self._process)

    def ask(self, what: str, count: int) -> list[float]:
        """Take samples.

        Raises:
            RuntimeError: the reference has ended; it has printed why.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f'{what} {count}\n')
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f'the reference ended while it measured {what!r}; see above')
        samples: list[float] = json.loads(answer)
        return samples


def serve(measures: Mapping[str, Measure]) -> None:
    """The far end: answer until the near end closes."""
    for line in sys.stdin:
        what, count = line.split()
        print(json.dumps(measures[what](int(count))), flush=True)
