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


"""The messages between host, worker and zygote: typed, tagged, and bounded field by field.

Whatever a worker sends is decoded into these types and nothing else; a field out of its bounds
makes the whole message malformed.
"""

from __future__ import annotations

import signal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from spatialclaw_ros.sharing.headers import ArraySpec, ObservationHeader

MAX_STDOUT_CHARS = 64 * 1024
MAX_VARIABLES = 200
MAX_IMAGES = 16
MAX_IMAGE_PIXELS = 4_000_000
MAX_IMAGE_SIDE = 16_384
MAX_ANSWER_POINTS = 10_000
MAX_TEXT_CHARS = 4096
MAX_TRACEBACK_CHARS = 8192
MAX_NAME_CHARS = 128
MAX_SUMMARY_CHARS = 400
MAX_ARRAYS = 64
MAX_ARRAY_BYTES = 64 * 1024 * 1024 - 65_536
MAX_CODE_CHARS = 100_000
MAX_ARGS = 64
MAX_ARGS_BYTES = 256 * 1024
MAX_ARGS_NODES = 8192
MAX_ARGS_DEPTH = 12
MAX_PARTS = 32
LAST_WORDS_SIGNAL = signal.SIGUSR1
MAX_CLOCK_READINGS = 4096

Name = Annotated[str, Meta(max_length=MAX_NAME_CHARS)]
Text = Annotated[str, Meta(max_length=MAX_TEXT_CHARS)]
Pid = Annotated[int, Meta(ge=1, le=2**22)]
Number = Annotated[int, Meta(ge=0, le=2**31)]
Size = Annotated[int, Meta(ge=0, le=2**40)]
Nanoseconds = Annotated[int, Meta(ge=-2**63, le=2**63 - 1)]
Shape = Annotated[list[Size], Meta(max_length=8)]


# ---- host to worker

class Begin(msgspec.Struct, tag='begin', frozen=True):
    """First message of a session; carries the observation's memory file."""

    observation: ObservationHeader
    capabilities: list[str]
    seed: int
    shown_bytes: int


class Execute(msgspec.Struct, tag='execute', frozen=True):
    """Run a cell. In a replay it reads `clock` again, and nobody looks at its pictures but in one
    that `shows` them.
    """

    cell: int
    code: str
    replay: bool = False
    clock: list[int] = []
    shows: bool = False


class ToolReply(msgspec.Struct, tag='tool_reply', frozen=True):
    """Answer to a `ToolRequest`; arrays lie in `data`, or in the memory file that comes along."""

    values: dict[str, Any]
    arrays: list[ArraySpec]
    nbytes: int
    data: bytes | None
    error: str | None


# ---- worker to host

class Ready(msgspec.Struct, tag='ready', frozen=True):
    """The worker has given up its rights and waits for a session; `parts` are those it found on."""

    parts: Annotated[list[Name], Meta(max_length=MAX_PARTS)]


class Begun(msgspec.Struct, tag='begun', frozen=True):
    """The session's scope is made, and the worker waits for cells."""


class StartFailed(msgspec.Struct, tag='start_failed', frozen=True):
    """The worker could not get ready."""

    message: Text


class ArrayData(msgspec.Struct, frozen=True):
    """An array by value."""

    name: Name
    dtype: Annotated[str, Meta(max_length=8)]
    shape: Shape
    data: Annotated[bytes, Meta(max_length=MAX_ARRAY_BYTES)]


class ToolRequest(msgspec.Struct, tag='tool_request', frozen=True):
    """A cell's tool call."""

    tool: Name
    args: dict[str, Any]
    arrays: list[ArrayData]


class Shown(msgspec.Struct, tag='shown', frozen=True):
    """A picture that the running cell put out: RGB rows."""

    label: Annotated[str, Meta(max_length=512)]
    height: Annotated[int, Meta(ge=1, le=MAX_IMAGE_SIDE)]
    width: Annotated[int, Meta(ge=1, le=MAX_IMAGE_SIDE)]
    data: Annotated[bytes, Meta(max_length=3 * MAX_IMAGE_PIXELS)]


class Variable(msgspec.Struct, frozen=True):
    """A `VariableSummary`."""

    name: Name
    type: Name
    text: Annotated[str, Meta(max_length=MAX_SUMMARY_CHARS)]
    nbytes: Annotated[int, Meta(ge=0, le=2**62)]


class Fault(msgspec.Struct, frozen=True):
    """A `CellError`."""

    kind: Name
    message: Text
    line: Annotated[int, Meta(ge=1, le=MAX_CODE_CHARS)] | None
    traceback: Annotated[str, Meta(max_length=MAX_TRACEBACK_CHARS)]


class Answer(msgspec.Struct, frozen=True):
    """A `CellAnswer`; a point is three numbers, `points` is little-endian float64 (K, 3)."""

    value: (
        bool | float | Text | Annotated[list[float], Meta(min_length=3, max_length=3)] | None)
    unit: Name | None
    points: Annotated[bytes, Meta(max_length=24 * MAX_ANSWER_POINTS)] | None
    frame: Annotated[str, Meta(max_length=256)] | None
    sigma: float
    reason: Text


class CellDone(msgspec.Struct, tag='cell_done', frozen=True):
    """A cell came to its end, or to an exception.

    `clock` is what it read from the clocks: how often, then readings in nanoseconds. `deleted` are
    variables of earlier cells that are gone.
    """

    cell: Number
    stdout: Annotated[str, Meta(max_length=MAX_STDOUT_CHARS)]
    error: Fault | None
    variables: Annotated[list[Variable], Meta(max_length=MAX_VARIABLES)]
    answer: Answer | None
    out_of_memory: bool = False
    clock: Annotated[list[Nanoseconds], Meta(max_length=MAX_CLOCK_READINGS + 1)] = []
    deleted: Annotated[list[Name], Meta(max_length=MAX_VARIABLES)] = []


class Printed(msgspec.Struct, tag='printed', frozen=True):
    """What the running cell has printed, asked for with a signal before its worker is ended."""

    stdout: Annotated[str, Meta(max_length=MAX_STDOUT_CHARS)]


# ---- host to zygote, and back

class Fork(msgspec.Struct, tag='fork', frozen=True):
    """Make a worker; carries the worker's end of its wire.

    `sandbox` is a `SandboxPolicy`, `without` names parts of the sandbox to be left off.
    """

    sandbox: str
    memory_bytes: int
    shared_bytes: int
    cpu_s: int
    without: list[str] = []


class Reap(msgspec.Struct, tag='reap', frozen=True):
    """Collect a worker that was killed or has ended."""

    pid: int


class ZygoteReady(msgspec.Struct, tag='zygote_ready', frozen=True):
    """All imports are done."""

    threads: int


class Forked(msgspec.Struct, tag='forked', frozen=True):
    """A worker is there; carries its process descriptor."""

    pid: Pid


class ForkFailed(msgspec.Struct, tag='fork_failed', frozen=True):
    """No worker could be made; the zygote lives on."""

    message: Text


class Reaped(msgspec.Struct, tag='reaped', frozen=True):
    """Wait status of a worker, None for one that is not known."""

    status: int | None


ToWorker = Begin | Execute | ToolReply
FromWorker = Ready | Begun | StartFailed | ToolRequest | Shown | CellDone | Printed
ToZygote = Fork | Reap
FromZygote = ZygoteReady | Forked | ForkFailed | Reaped
