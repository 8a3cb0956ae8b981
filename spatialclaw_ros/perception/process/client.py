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

"""Perception in a process of its own, seen from the node."""

from __future__ import annotations

import importlib.util
import itertools
import logging
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    PerceptionUnavailableError,
    WeightsError,
    WireError,
)
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.perception.process.keeper import CLOSED, GoneError, Keeper, Patience
from spatialclaw_ros.perception.process.messages import (
    Call,
    Cancel,
    Failed,
    Forget,
    Forgotten,
    FromProcess,
    Observe,
    Release,
    Result,
    ToProcess,
)
from spatialclaw_ros.perception.process.untrusted import check_arrays, values_of
from spatialclaw_ros.perception.status import ModelStatus, PerceptionStatus
from spatialclaw_ros.sharing.headers import ObservationHeader
from spatialclaw_ros.sharing.memory import (
    MemoryFile,
    MemoryPool,
    layout,
    map_file,
    read_arrays,
    write_arrays,
)
from spatialclaw_ros.sharing.observations import pack_observation
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation

_log = logging.getLogger(__name__)
_SLICE_S = 0.02
_POOL_BYTES = 192 * 1024 * 1024
_TRIES = 2


@dataclass(eq=False)
class _Pending:
    """A call that is waited for."""

    reply: Result | Failed | None = None
    fd: int = -1
    gone: str = ''


@dataclass(eq=False)
class _Shown:
    """An observation as the process has it."""

    id: int
    header: ObservationHeader
    file: MemoryFile
    generation: int = 0


class PerceptionProcess:
    """A `Perception` whose models live in a process of their own; any thread.

    Args:
        config: of perception; `python`, `preload` and all that the process needs.
        patience: with the process.
    """

    def __init__(self, config: PerceptionConfig, patience: Patience | None = None) -> None:
        self._config = config
        self._pool = MemoryPool(_POOL_BYTES)
        self._numbers = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._packing = threading.Lock()
        self._shown: weakref.WeakKeyDictionary[Observation, _Shown] = weakref.WeakKeyDictionary()
        self._dropped: deque[_Shown] = deque()
        self._released: deque[tuple[int, Release]] = deque()
        self._forgetting: dict[int, MemoryFile] = {}
        self._keeper = Keeper(config, patience or Patience(), self)

    @property
    def capabilities(self) -> frozenset[str]:
        """What is there, by the configuration: some of 'reconstruct', 'segment', 'ocr'."""
        return frozenset(self.names)

    @property
    def names(self) -> dict[str, str]:
        """Backend behind each capability, for status reports."""
        config = self._config
        found = {}
        if config.reconstruct != 'none':
            found['reconstruct'] = (config.depth.model if config.reconstruct == 'depth_anything'
                                    else config.reconstruct)
        if config.segment != 'none':
            found['segment'] = config.masks.model if config.needs_masks else config.segment
        if config.ocr == 'rapidocr' or (
                config.ocr == 'auto' and importlib.util.find_spec('rapidocr_onnxruntime')):
            found['ocr'] = 'rapidocr'
        return found

    def status(self) -> PerceptionStatus:
        """How it is, as the last heartbeat said."""
        keeper = self._keeper
        with keeper.changed:
            beat = keeper.beat
            return PerceptionStatus(
                where='process', alive=not keeper.closed and not keeper.trouble,
                message=CLOSED if keeper.closed else keeper.trouble, pid=keeper.pid,
                restarts=max(0, keeper.generation - 1),
                models=tuple(beat.models) if beat is not None else self._unloaded(),
                devices=tuple(beat.devices) if beat is not None else (),
                round_trip_s=keeper.round_trip_s)

    def _unloaded(self) -> tuple[ModelStatus, ...]:
        config = self._config
        found = []
        if config.needs_depth:
            found.append(ModelStatus(role='depth', name=config.depth.model))
        if config.needs_masks:
            found.append(ModelStatus(role='masks', name=config.masks.model))
        return tuple(found)

    def close(self) -> None:
        """End the process; calls that run are cancelled. May be called twice."""
        self._keeper.close()
        with self._keeper.changed:
            self.posts(0)
        self._pool.close()

    # ---- calls

    def handle(self, observation: Observation, call: ToolCall, deadline: Deadline) -> ToolResult:
        """Answer one call; see `protocols.Perception.handle`."""
        deadline.check(call.tool)
        for tries_left in reversed(range(_TRIES)):
            generation = self._keeper.wait_ready(deadline)
            try:
                return self._ask(generation, observation, call, deadline)
            except GoneError as error:
                if not tries_left:
                    raise PerceptionUnavailableError(f'{error} (tried {_TRIES} times)') from error
                _log.warning('%s is asked once more: %s', call.tool, error)
        raise AssertionError('a last try returns or raises')

    def _ask(
        self, generation: int, observation: Observation, call: ToolCall, deadline: Deadline,
    ) -> ToolResult:
        arrays = {name: np.asarray(array) for name, array in call.arrays.items()}
        specs, nbytes = layout(arrays)
        data = bytearray(nbytes)
        write_arrays(data, specs, arrays)
        shown = self._show(observation)
        pending, number = _Pending(), next(self._numbers)
        with self._keeper.changed:
            if shown.generation != generation:
                self._keeper.post(
                    generation, Observe(shown.id, shown.header), (os.dup(shown.file.fd),))
                shown.generation = generation
            self._keeper.post(generation, Call(
                number, shown.id, call.tool, dict(call.args), specs, bytes(data),
                deadline.remaining_s))
            self._pending[number] = pending
            try:
                while pending.reply is None and not pending.gone:
                    deadline.check(call.tool)
                    self._keeper.changed.wait(min(_SLICE_S, deadline.remaining_s))
            except BaseException:
                if self._keeper.ready and generation == self._keeper.generation:
                    self._keeper.post(generation, Cancel(number))
                raise
            finally:
                del self._pending[number]
        if pending.reply is None:
            if self._keeper.closed:
                raise CanceledError(f'perception was closed during {call.tool}')
            raise GoneError(pending.gone)
        if isinstance(pending.reply, Failed):
            raise _error_of(pending.reply)
        return self._result_of(generation, pending.reply, pending.fd)

    def _show(self, observation: Observation) -> _Shown:
        """The observation in a memory file, written once."""
        with self._packing:
            shown = self._shown.get(observation)
            if shown is None:
                header, arrays = pack_observation(observation)
                file = self._pool.borrow(header.nbytes)
                write_arrays(file.buffer, header.arrays, arrays)
                shown = _Shown(next(self._numbers), header, file)
                self._shown[observation] = shown
                weakref.finalize(observation, self._let_go, shown).atexit = False
            return shown

    def _let_go(self, shown: _Shown) -> None:
        """Runs when the observation dies, in whatever thread and wherever that is."""
        self._dropped.append(shown)
        self._keeper.wake.set()

    def _result_of(self, generation: int, reply: Result, fd: int) -> ToolResult:
        values = values_of(reply.values)
        if reply.data is not None:
            check_arrays(reply.arrays, len(reply.data))
            return ToolResult(values, read_arrays(reply.data, reply.arrays), reply.error)
        check_arrays(reply.arrays, reply.nbytes)
        try:
            view = map_file(fd, reply.nbytes)
        finally:
            os.close(fd)
        weakref.finalize(view.obj, self._release, generation, reply.file).atexit = False
        return ToolResult(values, read_arrays(view, reply.arrays), reply.error)

    def _release(self, generation: int, file: int) -> None:
        """Runs when the last view of a result's memory dies, wherever that is."""
        self._released.append((generation, Release(file, True)))
        self._keeper.wake.set()

    # ---- what the keeper tells, under its lock

    def heard(self, message: FromProcess, take_fd: Callable[[], int]) -> None:
        """Take a reply to whoever waits for it."""
        if isinstance(message, Forgotten):
            file = self._forgetting.pop(message.id, None)
            if file is None:
                raise WireError('an observation was forgotten that nobody let go')
            self._pool.give_back(file)
            return
        assert isinstance(message, (Result, Failed))
        fd = take_fd() if isinstance(message, Result) and message.data is None else -1
        pending = self._pending.get(message.id)
        if pending is None or pending.reply is not None:
            if fd >= 0:
                os.close(fd)
                assert isinstance(message, Result)
                self._release(self._keeper.generation, message.file)
            return
        pending.reply, pending.fd = message, fd

    def gone(self, reason: str) -> None:
        """Tell everybody who waits."""
        for pending in self._pending.values():
            pending.gone = reason
        for file in self._forgetting.values():
            self._pool.give_back(file)
        self._forgetting.clear()

    def posts(self, generation: int) -> Sequence[ToProcess]:
        """What was let go."""
        messages: list[ToProcess] = []
        while self._dropped:
            shown = self._dropped.popleft()
            if generation and shown.generation == generation:
                self._forgetting[shown.id] = shown.file
                messages.append(Forget(shown.id))
            else:
                self._pool.give_back(shown.file)
        while self._released:
            of, release = self._released.popleft()
            if of == generation:
                messages.append(release)
        return messages


def _error_of(failed: Failed) -> Exception:
    kinds: dict[str, Callable[[str], Exception]] = {
        'deadline': DeadlineExceededError, 'canceled': CanceledError, 'weights': WeightsError,
        'unavailable': PerceptionUnavailableError, 'bug': PerceptionUnavailableError}
    return kinds[failed.kind](failed.message)


