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
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import (
    CanceledError,
    DeadlineExceededError,
    KernelError,
    PerceptionUnavailableError,
    WeightsError,
    WireError,
)
from spatialclaw_ros.perception.config import PerceptionConfig
from spatialclaw_ros.perception.process.keeper import GoneError, Keeper
from spatialclaw_ros.perception.process.messages import (
    MAX_CALL_BYTES,
    MAX_REQUEST_BYTES,
    Call,
    Cancel,
    Failed,
    FailureKind,
    Forget,
    Forgotten,
    FromProcess,
    Observe,
    Release,
    Result,
    ToProcess,
    pack,
)
from spatialclaw_ros.perception.process.patience import Patience
from spatialclaw_ros.perception.process.shown import ShownObservations
from spatialclaw_ros.perception.process.untrusted import check_arrays, values_of
from spatialclaw_ros.perception.status import ModelStatus, PerceptionStatus
from spatialclaw_ros.sharing.memory import layout, read_arrays, write_arrays
from spatialclaw_ros.sharing.received import ReceivedFile
from spatialclaw_ros.sharing.texts import clean_text
from spatialclaw_ros.workspace.calls import ToolCall, ToolResult
from spatialclaw_ros.workspace.observation import Observation

_KEEP_BYTES = 192 * 1024 * 1024
# how soon a deadline that another thread cancels is noticed
_SLICE_S = 0.02
_TRIES = 2
_ERRORS: dict[FailureKind, Callable[[str], Exception]] = {
    'deadline': DeadlineExceededError, 'canceled': CanceledError, 'weights': WeightsError,
    'unavailable': PerceptionUnavailableError, 'bug': PerceptionUnavailableError}

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Pending:
    """A call that is waited for, and what became of it."""

    reply: ToolResult | Exception | None = None


class PerceptionProcess:
    """A `Perception` that runs in a process of its own; any thread.

    The process is started by the first call, or at once when models are to be preloaded. It is
    watched and replaced; it ends with `close` and with the node.

    Args:
        config: of perception; its `python` is the interpreter of the process.
        patience: with the process.
    """

    def __init__(self, config: PerceptionConfig, patience: Patience | None = None) -> None:
        self._config = config
        self._names = _names_of(config)
        self._numbers = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._unread: deque[tuple[int, Release]] = deque()
        self._keeper = Keeper(config, patience or Patience(), self)
        self._shown = ShownObservations(_KEEP_BYTES, self._keeper.wake)
        if config.preload:
            self._keeper.start()

    @property
    def capabilities(self) -> frozenset[str]:
        """What is there: some of 'reconstruct', 'segment', 'ocr'; see `names`."""
        return frozenset(self.names)

    @property
    def names(self) -> dict[str, str]:
        """Backend behind each capability, as the process said; before that, as configured."""
        said = self._keeper.names
        return dict(self._names if said is None else said)

    def status(self) -> PerceptionStatus:
        """How it is, as the last heartbeat said; returns at once."""
        keeper = self._keeper
        with keeper.changed:
            said = keeper.said
            return PerceptionStatus(
                where=self._config.url or 'process',
                alive=keeper.alive and (said is None or said.alive),
                message=keeper.message or (said.message if said is not None else ''),
                pid=keeper.pid, restarts=max(0, keeper.generation - 1),
                models=said.models if said is not None else _unloaded(self._config),
                devices=said.devices if said is not None else (),
                round_trip_s=keeper.round_trip_s)

    def close(self) -> None:
        """End the process and wait for that; calls that run are cancelled. May be called twice."""
        self._keeper.close()
        with self._keeper.changed:
            self._shown.close()

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
                    raise PerceptionUnavailableError(
                        f'{call.tool} was tried {_TRIES} times: {error}') from error
                _log.warning('%s is asked once more', call.tool)
            except KernelError as error:
                raise PerceptionUnavailableError(
                    f'{call.tool} can not be asked of the perception process: {error}') from error
        raise AssertionError('the last try returns or raises')

    def _ask(
        self, generation: int, observation: Observation, call: ToolCall, deadline: Deadline,
    ) -> ToolResult:
        number = next(self._numbers)
        shown = self._shown.of(observation)
        try:
            packed = _pack_call(number, shown.id, call, deadline)
        except ValueError as error:
            return ToolResult(error=str(error))
        pending = _Pending()
        keeper = self._keeper
        with keeper.changed:
            if shown.generation != generation:
                keeper.post(
                    generation, pack(Observe(shown.id, shown.header)), (shown.file.fd,))
                shown.generation = generation
            keeper.post(generation, packed)
            self._pending[number] = pending
            try:
                while pending.reply is None:
                    deadline.check(call.tool)
                    keeper.changed.wait(min(_SLICE_S, deadline.remaining_s))
            finally:
                del self._pending[number]
                if pending.reply is None and keeper.has(generation):
                    keeper.post(generation, pack(Cancel(number)))
        if isinstance(pending.reply, Exception):
            raise pending.reply
        return pending.reply

    # ---- what the keeper tells, in its thread and under its lock

    def heard(self, message: FromProcess, take_fd: Callable[[], int]) -> None:
        """Take what came to whoever waits for it; see `keeper.Listener`."""
        if isinstance(message, Forgotten):
            if not self._shown.unread(message.id):
                raise WireError('an observation was let go that nobody had done with')
        elif isinstance(message, Result):
            result = self._result_of(message, take_fd)
            self._keeper.succeeded()
            self._deliver(message.id, result)
        elif isinstance(message, Failed):
            self._deliver(message.id, _ERRORS[message.kind](message.message))

    def _deliver(self, number: int, reply: ToolResult | Exception) -> None:
        pending = self._pending.get(number)
        if pending is not None:  # else nobody waits any more
            pending.reply = reply

    def _result_of(self, message: Result, take_fd: Callable[[], int]) -> ToolResult:
        """A result, its arrays in the message or in the memory file that comes with it."""
        fd = take_fd() if message.data is None else -1
        try:
            values = values_of(message.values)
            check_arrays(
                message.arrays, message.nbytes if message.data is None else len(message.data))
        except WireError:
            if fd >= 0:
                os.close(fd)
            raise
        error = message.error and clean_text(message.error)
        if message.data is not None:
            return ToolResult(values, read_arrays(message.data, message.arrays), error)
        generation, name = self._keeper.generation, message.file
        file = ReceivedFile(
            fd, message.nbytes, lambda again: self._let_go(generation, Release(name, again)))
        return ToolResult(values, read_arrays(file.buffer, message.arrays), error, file)

    def _let_go(self, generation: int, release: Release) -> None:
        # runs wherever the last view went: no lock may be taken
        self._unread.append((generation, release))
        self._keeper.wake.set()

    def gone(self, reason: str) -> None:
        """Tell everybody who waits."""
        error = (CanceledError('perception was closed during this call') if self._keeper.closed
                 else GoneError(reason))
        for pending in self._pending.values():
            pending.reply = pending.reply or error
        self._shown.gone()

    def posts(self, generation: int) -> Sequence[ToProcess]:
        """What was let go of."""
        messages: list[ToProcess] = [Forget(number) for number in self._shown.dropped(generation)]
        while self._unread:
            of, release = self._unread.popleft()
            if of == generation:  # with its process a file went too
                messages.append(release)
        return messages


def _pack_call(number: int, observation: int, call: ToolCall, deadline: Deadline) -> bytes:
    """A call as it crosses.

    Raises:
        ValueError: it can't; the message is for the cell.
    """
    arrays = {name: np.asarray(array) for name, array in call.arrays.items()}
    specs, nbytes = layout(arrays)
    if nbytes > MAX_CALL_BYTES:
        raise ValueError(f'pictures and arrays of {nbytes >> 20} MiB came with one call, at most '
                         f'{MAX_CALL_BYTES >> 20} MiB go through; give smaller ones')
    data = bytearray(nbytes)
    write_arrays(data, specs, arrays)
    try:
        packed = pack(Call(number, observation, call.tool, dict(call.args), specs, bytes(data),
                           deadline.remaining_s))
    except (TypeError, OverflowError, UnicodeEncodeError) as error:
        raise ValueError(f'arguments must be texts and numbers of at most 64 bits, and lists of '
                         f'them: {error}') from error
    if len(packed) > MAX_REQUEST_BYTES:
        raise ValueError(f'a call of {len(packed) >> 20} MiB came, at most '
                         f'{MAX_CALL_BYTES >> 20} MiB go through; give smaller arguments')
    return packed


def _names_of(config: PerceptionConfig) -> dict[str, str]:
    found = {}
    if config.reconstruct != 'none':
        found['reconstruct'] = (
            config.depth.model if config.reconstruct == 'depth_anything' else config.reconstruct)
    if config.segment != 'none':
        found['segment'] = config.masks.model if config.needs_masks else config.segment
    if config.ocr == 'rapidocr' or (
            config.ocr == 'auto' and importlib.util.find_spec('rapidocr_onnxruntime') is not None):
        found['ocr'] = 'rapidocr'
    return found


def _unloaded(config: PerceptionConfig) -> tuple[ModelStatus, ...]:
    """Models of a process that has not said anything yet."""
    wanted = (('depth', config.depth, config.needs_depth),
              ('masks', config.masks, config.needs_masks))
    return tuple(ModelStatus(role=role, name=model.model)
                 for role, model, needed in wanted if needed)


