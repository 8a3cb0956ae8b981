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


"""Remembered tool results: what a replay hands out instead of asking again."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.kernel import wire
from spatialclaw_ros.kernel.messages import ToolReply, ToolRequest
from spatialclaw_ros.sharing.headers import ArraySpec
from spatialclaw_ros.sharing.memory import MemoryFile, MemoryPool, layout, read_arrays, write_arrays
from spatialclaw_ros.sharing.received import end_of, places_in
from spatialclaw_ros.workspace.calls import JSON, ToolCall, ToolResult

INLINE_BYTES = 1024 * 1024


@dataclass(frozen=True, eq=False)
class RememberedCall:
    """A tool call, what it gave, and both as they cross the wire.

    Args:
        call: what the cell asked; without its arrays when it failed, and with its tool alone
            when it was refused.
        values: what the host answered beside arrays.
        error: what the host answered instead.
        specs: places of the answer's arrays.
        data: memory of a small answer's arrays.
        reply: the encoded answer.
        file: memory file of a large answer, borrowed from a pool or received with the answer.
        nbytes: size of the answer's arrays.
        asked_bytes: size of the arrays in `call`.
        digest: of all that was asked, where `call` does not hold it.
        refused: whether the tools were not asked.
    """

    call: ToolCall
    values: dict[str, JSON]
    error: str | None
    specs: list[ArraySpec]
    data: bytes
    reply: bytes
    file: MemoryFile | None
    nbytes: int
    asked_bytes: int = 0
    digest: bytes = b''
    refused: bool = False

    @property
    def result(self) -> ToolResult:
        """What the host answered, with views of its arrays."""
        buffer = self.data if self.file is None else self.file.buffer
        return ToolResult(self.values, read_arrays(buffer, self.specs), self.error)

    @contextlib.contextmanager
    def sending(self, pool: MemoryPool) -> Iterator[tuple[int, ...]]:
        """Descriptors that go with the reply, from the pool that `file` is borrowed from."""
        if self.file is None:
            yield ()
            return
        with pool.sending(self.file) as fd:
            yield (fd,)

    def matches(self, call: ToolCall) -> bool:
        """Whether a replayed call asks the same."""
        if self.digest:
            return _digest(call) == self.digest
        return (
            call.tool == self.call.tool and _equal_json(call.args, self.call.args)
            and call.arrays.keys() == self.call.arrays.keys()
            and all(_equal_arrays(call.arrays[name], self.call.arrays[name])
                    for name in call.arrays))


def call_of(request: ToolRequest) -> ToolCall:
    """The tool call that a checked request stands for; its arrays are read-only."""
    return ToolCall(
        tool=request.tool, args=request.args,
        arrays={item.name: wire.array_of(item) for item in request.arrays})


def remember(call: ToolCall, result: ToolResult, pool: MemoryPool) -> RememberedCall:
    """Write a result down so that it can be handed out now and at every replay.

    A large one that lies in a memory file already is not copied: the worker is lent that file.

    Args:
        call: what was asked.
        result: what the tools answered.
        pool: where the memory for a large answer comes from.

    Raises:
        ValueError: an array holds no numbers.
        KernelError: there is no shared memory for it.
    """
    arrays = {name: np.asarray(array) for name, array in result.arrays.items()}
    specs, nbytes = layout(arrays)
    values = dict(result.values)
    digest = b''
    if result.error is not None:  # nobody reads what a failed call brought along
        digest, call = _digest(call), ToolCall(call.tool, call.args)
    asked_bytes = arrays_bytes(call)
    if nbytes <= INLINE_BYTES:
        buffer = bytearray(nbytes)
        write_arrays(buffer, specs, arrays)
        data = bytes(buffer)
        reply = wire.encode(ToolReply(values, specs, nbytes, data, result.error))
        return RememberedCall(
            call, values, result.error, specs, data, reply, None, nbytes, asked_bytes, digest)
    received = _received(result, arrays)
    if received is not None:
        file, specs, nbytes = received
        reply = wire.encode(ToolReply(values, specs, nbytes, None, result.error))
        return RememberedCall(
            call, values, result.error, specs, b'', reply, file, nbytes, asked_bytes, digest)
    file = pool.borrow(nbytes)
    try:
        write_arrays(file.buffer, specs, arrays)
        reply = wire.encode(ToolReply(values, specs, nbytes, None, result.error))
    except BaseException:
        pool.give_back(file)
        raise
    return RememberedCall(
        call, values, result.error, specs, b'', reply, file, nbytes, asked_bytes, digest)


def _received(
    result: ToolResult, arrays: Mapping[str, np.ndarray],
) -> tuple[MemoryFile, list[ArraySpec], int] | None:
    """The memory file that all arrays of a result lie in, their places, and how much is used."""
    file = result.file
    if not isinstance(file, MemoryFile):
        return None
    specs = places_in(file, arrays)
    return None if specs is None else (file, specs, min(file.nbytes, end_of(specs, arrays)))


def refuse(call: ToolCall, reason: str) -> RememberedCall:
    """Write down that a call was not answered, for a replay must not answer it either."""
    return RememberedCall(
        ToolCall(call.tool), {}, reason, [], b'', wire.encode(ToolReply({}, [], 0, b'', reason)),
        None, 0, digest=_digest(call), refused=True)


def arrays_bytes(item: ToolCall | ToolResult) -> int:
    """Size of all arrays of a call or a result."""
    return sum(array.nbytes for array in item.arrays.values())


def _digest(call: ToolCall) -> bytes:
    """Tells calls apart, without what they hold."""
    seen = hashlib.blake2b(repr((call.tool, call.args)).encode('utf-8', 'surrogatepass'))
    for name, array in sorted(call.arrays.items()):
        seen.update(repr((name, array.dtype.str, array.shape)).encode('utf-8', 'surrogatepass'))
        seen.update(np.ascontiguousarray(array).reshape(-1).data)
    return seen.digest()


def _equal_json(one: object, other: object) -> bool:
    # repr: NaN equals itself here, and 1 differs from True
    return repr(one) == repr(other)


def _equal_arrays(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and (
        one.tobytes() == other.tobytes())
