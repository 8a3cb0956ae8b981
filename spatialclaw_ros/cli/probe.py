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


"""Tries the sandbox out: a harmless cell, then acts that it is there to stop, without the gate."""

from __future__ import annotations

import logging
import secrets
import select
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import KernelError, SpatialClawError
from spatialclaw_ros.kernel import Kernel, KernelLimits, KernelSession, SandboxPolicy
from spatialclaw_ros.kernel.report import lacking, sandbox_parts
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Frame, Observation

# a first start reads the libraries off the disk, which may be slow
TIMEOUT_S = KernelLimits().start_timeout_s
HARMLESS = 'print(int(np.arange(4).sum()) + len(InputImages))'
READ = 'print(open({path!r}).read())'
WRITE = "open({path!r}, 'w').write('x')"
CONNECT = "import socket\nsocket.create_connection(('127.0.0.1', {port}), 2.0)"
SPAWN = ("import os\npid = os.posix_spawn('/bin/true', ['true'], {})\n"
         "print('started', os.waitpid(pid, 0)[1])")


@dataclass(frozen=True)
class Act:
    """Something that a cell tried.

    Args:
        name: what.
        refused: whether nothing came of it.
        said: the error that the cell got, or what came of it.
    """

    name: str
    refused: bool
    said: str


@dataclass(frozen=True)
class Probe:
    """What came of it all.

    Args:
        fault: why no cell runs here; '' where one does.
        missing: parts of the sandbox that are off in the worker.
        acts: what was tried.
    """

    fault: str = ''
    missing: tuple[str, ...] = ()
    acts: tuple[Act, ...] = ()


def probe(timeout_s: float = TIMEOUT_S) -> Probe:
    """Start a kernel as far as this host lets one start, and try it; some seconds.

    Args:
        timeout_s: for everything together.
    """
    deadline = Deadline(timeout_s)
    try:
        # opening starts the kernel within the deadline, entering its context would not
        with _quiet(), closing(Kernel(sandbox=SandboxPolicy.BEST_EFFORT)) as kernel, kernel.open(
                _scene(), _no_tools, gated=False, deadline=deadline) as session:
            missing = tuple(lacking(sandbox_parts(kernel.stats())))
            said = session.run(HARMLESS, deadline)
            if said.stdout.strip() != '7':
                raise KernelError(f'a harmless cell gave {said.error or said.stdout!r}')
            return Probe(missing=missing, acts=tuple(_acts(session, deadline)))
    except (SpatialClawError, OSError) as error:
        return Probe(fault=str(error))


def _acts(session: KernelSession, deadline: Deadline) -> Iterator[Act]:
    def run(code: str) -> tuple[str, str]:
        result = session.run(code, deadline)
        fault = result.error
        return result.stdout, '' if fault is None else f'refused: {fault.kind}'

    with tempfile.TemporaryDirectory(prefix='spatialclaw_doctor_') as folder:
        secret, note = secrets.token_hex(), Path(folder) / 'note'
        (Path(folder) / 'secret').write_text(secret, encoding='utf-8')
        stdout, said = run(READ.format(path=str(Path(folder) / 'secret')))
        yield Act('read files', secret not in stdout, said or 'it was read')
        _, said = run(WRITE.format(path=str(note)))
        yield Act('write files', not note.exists(), said or 'it was written')
    with socket.create_server(('127.0.0.1', 0)) as server:
        _, said = run(CONNECT.format(port=server.getsockname()[1]))
        reached = bool(select.select([server], [], [], 0.0)[0])
        yield Act('connect', not reached, said or 'a connection came')
    stdout, said = run(SPAWN)
    yield Act('start programs', 'started' not in stdout, said or 'it ran')


def _scene() -> Observation:
    return Observation((Frame(0, 'camera', 0, 'camera', np.zeros((4, 4, 3), np.uint8)),))


def _no_tools(call: ToolCall) -> ToolResult:
    return ToolResult(values={}, arrays={}, error=f'{call.tool} is not there')


@contextmanager
def _quiet() -> Iterator[None]:
    """The kernel's own warnings would stand in the middle of the report, which has them too."""
    log = logging.getLogger('spatialclaw_ros.kernel')
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
