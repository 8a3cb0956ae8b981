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


"""The worker: one session's process, forked from the zygote, that runs the cells."""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from typing import Any

import numpy as np

from spatialclaw_ros.errors import WireError
from spatialclaw_ros.kernel import hardening, wire
from spatialclaw_ros.kernel.chance import seed_generators
from spatialclaw_ros.kernel.clock import Clock
from spatialclaw_ros.kernel.messages import (
    LAST_WORDS_SIGNAL,
    MAX_ARGS,
    MAX_ARGS_BYTES,
    MAX_ARRAY_BYTES,
    MAX_ARRAYS,
    MAX_NAME_CHARS,
    ArrayData,
    Begin,
    Begun,
    Execute,
    Fork,
    FromWorker,
    Printed,
    Ready,
    StartFailed,
    ToolReply,
    ToolRequest,
)
from spatialclaw_ros.kernel.output import BoundedText, Pictures, bounded
from spatialclaw_ros.kernel.runner import CellRunner
from spatialclaw_ros.sharing.memory import layout, read_arrays, take_file
from spatialclaw_ros.sharing.observations import unpack_observation
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.namespace import make_namespace


def main(request: Fork, zygote_pid: int, wire_fd: int, ruleset_fd: int | None) -> None:
    """Serve one session until the host closes the wire; never returns."""
    try:
        hardening.leave_parent(zygote_pid, wire_fd, ruleset_fd)
        connection = wire.BlockingWire(socket.socket(fileno=hardening.WIRE_FD))
        Worker(connection).serve(request, has_ruleset=ruleset_fd is not None)
    except (EOFError, ConnectionError):
        os._exit(0)
    # the process's outermost edge: nothing may run on in a copy of the zygote
    except BaseException:
        # to the zygote's output, as long as that is not cut off
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(1)


class Worker:
    """Reads requests off the wire and answers each."""

    def __init__(self, connection: wire.BlockingWire) -> None:
        self._wire = connection
        self._stdout = BoundedText()
        self._clock = Clock()
        self._runner = CellRunner(self._stdout, self._clock)

    def serve(self, fork: Fork, *, has_ruleset: bool) -> None:
        """Close the sandbox, take a session, then run cells for ever."""
        try:
            sys.stdin = None
            self._send(Ready(hardening.close_sandbox(fork, has_ruleset=has_ruleset)))
            self._begin()
        # the host must learn why; it is the host's own mistake or a missing part of the system
        except Exception as error:
            self._send(StartFailed(bounded(
                f'{type(error).__name__}: {error}\n{traceback.format_exc()}', 4096)))
            raise
        self._send(Begun())
        while True:
            cell = wire.decode_to_worker(self._wire.receive()[0])
            if not isinstance(cell, Execute):
                raise WireError(f'expected a cell, got {type(cell).__name__}')
            self._pictures.begin(muted=cell.replay and not cell.shows)
            self._clock.begin(cell.clock if cell.replay else None)
            self._send(self._runner.run(cell.cell, cell.code))

    def _send(self, message: FromWorker) -> None:
        self._wire.send(wire.encode(message))

    def _begin(self) -> None:
        payload, fds = self._wire.receive()
        begin = wire.decode_to_worker(payload)
        if not isinstance(begin, Begin):
            raise WireError(f'expected the begin of a session, got {type(begin).__name__}')
        header = begin.observation
        arrays = read_arrays(take_file(fds[0], header.nbytes), header.arrays)
        observation = unpack_observation(header, arrays)
        seed_generators(begin.seed)
        self._clock.install()
        self._pictures = Pictures(self._send, begin.shown_bytes)
        self._runner.install(make_namespace(
            observation, self._call_tool, show=self._pictures.show,
            answer=self._runner.take_answer, capabilities=frozenset(begin.capabilities)))
        signal.signal(LAST_WORDS_SIGNAL, self._tell_last_words)
        self._stdout.watch()

    def _tell_last_words(self, *_: object) -> None:
        # the worker is ended next, whatever becomes of this
        self._send(Printed(self._stdout.text()))

    def _call_tool(self, call: ToolCall) -> ToolResult:
        """The workspace's `ToolPort`.

        Raises:
            ValueError: the call holds what can't cross the wire.
        """
        self._send(ToolRequest(
            bounded(call.tool, MAX_NAME_CHARS), _checked_args(call.args),
            pack_call_arrays(call.arrays)))
        payload, fds = self._wire.receive()
        reply = wire.decode_to_worker(payload)
        if not isinstance(reply, ToolReply):
            raise WireError(f'expected a tool reply, got {type(reply).__name__}')
        if fds:
            arrays = read_arrays(take_file(fds[0], reply.nbytes), reply.arrays)
        else:
            arrays = read_arrays(reply.data or b'', reply.arrays)
        return ToolResult(values=reply.values, arrays=arrays, error=reply.error)


def pack_call_arrays(arrays: Mapping[str, np.ndarray]) -> list[ArrayData]:
    """Arrays of a tool call, by value.

    Raises:
        ValueError: too many, too large, or not made of numbers.
    """
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    specs, _ = layout(arrays)
    total = sum(array.nbytes for array in arrays.values())
    if len(specs) > MAX_ARRAYS or total > MAX_ARRAY_BYTES:
        raise ValueError(
            f'a tool call takes at most {MAX_ARRAYS} arrays of {MAX_ARRAY_BYTES >> 20} MiB '
            f'together, got {len(specs)} of {total >> 20} MiB; send fewer or smaller pictures')
    return [
        ArrayData(spec.name, spec.dtype, spec.shape,
                  np.ascontiguousarray(arrays[spec.name], spec.dtype).tobytes())
        for spec in specs]


def _checked_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """Tool arguments that the host will take.

    Raises:
        ValueError: too many, too deep or too long.
    """
    try:
        plain: dict[str, Any] = _plain(args)
        wire.check_args(plain)
    except (WireError, RecursionError) as error:
        raise ValueError(f'{error}; give the tool less') from None
    size = len(wire.encode(ToolRequest('', plain, [])))
    if len(plain) > MAX_ARGS or size > MAX_ARGS_BYTES:
        raise ValueError(
            f'{len(plain)} tool arguments of {size} bytes are too many; give the tool less')
    return plain


def _plain(value: Any) -> Any:
    """Tool arguments as JSON's own types.

    Raises:
        ValueError: something else is among them.
    """
    if isinstance(value, Mapping):
        return {bounded(str(key), MAX_NAME_CHARS): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, str):
        return bounded(str.__str__(value), wire.MAX_MESSAGE_BYTES // 8)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise ValueError(
        f'a tool argument must be text, number, list or dict, got {type(value).__name__}')
