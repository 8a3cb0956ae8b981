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


"""Runs a session's remembered cells again in a fresh worker."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import KernelError, WireError
from spatialclaw_ros.kernel.child import Child, WorkerGoneError, WorkerTimeoutError
from spatialclaw_ros.kernel.history import RememberedCell
from spatialclaw_ros.kernel.memo import call_of
from spatialclaw_ros.kernel.messages import CellDone, Execute, FromWorker, ToolRequest
from spatialclaw_ros.kernel.results import summary_of
from spatialclaw_ros.sharing.memory import MemoryPool
from spatialclaw_ros.workspace.cell import VariableSummary

_MAX_NAMED = 12
_THREADS_END_S = 0.1


class ReplayError(KernelError):
    """A remembered cell did not run again as it ran before.

    Args:
        number: of the cell, from 1.
        reason: a sentence without its full stop.
        died: whether the worker ended by itself, which may have had nothing to do with the cell.
    """

    def __init__(self, number: int, reason: str, *, died: bool = False) -> None:
        super().__init__(reason)
        self.number = number
        self.died = died


class ThreadsLeftError(ReplayError):
    """A cell leaves threads running, which may be what cells after it fail of."""


@dataclass(frozen=True)
class Revival:
    """What came of replacing a worker, in words for the model.

    Args:
        before: how many cells there were to run again.
        names: variables that there are now.
        after: how many cells there are now.
        changed: variables that read differently than before.
        trouble: why there are fewer, if there are.
    """

    before: int
    names: tuple[str, ...]
    after: int
    changed: tuple[str, ...]
    trouble: ReplayError | None

    @property
    def outcome(self) -> str:
        """What has become of the variables, without a full stop."""
        parts = []
        if self.trouble is not None:
            parts.append(f'the kernel was restarted, and earlier cells could not be run again: '
                         f'{self.trouble}')
        if self.trouble is not None and self.after == 0:
            parts.append('All variables are gone; make those you need again')
        elif self.trouble is not None:
            parts.append(
                f'Variables are as they were after cell {self.after} of {self.before} '
                f'({_named(self.names)}); what later cells did is gone, do again what you need')
        elif not self.names:
            parts.append('there were no earlier variables to keep')
        elif not self.changed:
            parts.append(f'variables of earlier cells are as before ({_named(self.names)})')
        else:
            parts.append('the kernel was restarted and ran the earlier cells again')
        if self.changed:
            parts.append(f'These variables now read differently than before: '
                         f'{_named(self.changed)}; look at them before you use them')
        return '. '.join(parts)

    @property
    def note(self) -> str:
        """A line before the output of a cell that is not to blame; empty when all is as before."""
        return f'({self.outcome})\n' if self.trouble is not None or self.changed else ''


def _named(names: Sequence[str]) -> str:
    return ', '.join(names[:_MAX_NAMED]) + (', ...' if len(names) > _MAX_NAMED else '')


def replay(
    child: Child, cells: Sequence[RememberedCell], pool: MemoryPool, until_s: float,
    deadline: Deadline, *, alone: bool = False,
) -> tuple[str, ...]:
    """Run cells again with the remembered tool results and clock readings.

    Args:
        child: a worker that has run nothing yet.
        cells: what to run.
        pool: where the memory of their tool results comes from.
        until_s: when to give up, on the monotonic clock.
        deadline: the query's.
        alone: whether each cell must leave the worker with one thread.

    Returns:
        Names of variables that read differently than before: that they are equal is checked.

    Raises:
        ReplayError: a cell took too long, asked its tools something else, ended another way, or
            the worker died.
        ThreadsLeftError: a cell left threads behind, and none was to.
        DeadlineExceededError: the deadline passed.
        CanceledError: the deadline or the session was cancelled.
    """
    before: dict[str, VariableSummary] = {}
    again: dict[str, VariableSummary] = {}
    for number, cell in enumerate(cells, 1):
        try:
            done = _replay_cell(child, number, cell, pool, until_s, deadline)
        except WorkerGoneError as error:
            raise ReplayError(number, f'{error} in cell {number}', died=True) from error
        except (WorkerTimeoutError, WireError) as error:
            raise ReplayError(number, str(error)) from error
        if alone and _leaves_threads(child):
            raise ThreadsLeftError(
                number, f'cell {number} leaves threads running, and cells after it fail')
        before.update((variable.name, variable) for variable in cell.variables)
        again.update((variable.name, summary_of(variable)) for variable in done.variables)
        for seen, deleted in ((before, cell.deleted), (again, done.deleted)):
            for name in deleted:
                seen.pop(name, None)
    return tuple(sorted(name for name in before.keys() | again.keys()
                        if before.get(name) != again.get(name)))


def _leaves_threads(child: Child) -> bool:
    """Whether threads stay; one that was waited for ends a moment later."""
    until_s = time.monotonic() + _THREADS_END_S
    while child.threads > 1:
        if time.monotonic() > until_s:
            return True
        time.sleep(0.005)
    return False


def _replay_cell(
    child: Child, number: int, cell: RememberedCell, pool: MemoryPool, until_s: float,
    deadline: Deadline,
) -> CellDone:
    doing = f'the replay of cell {number}'
    child.send(Execute(number, cell.code, replay=True, clock=cell.clock), until_s, deadline, doing)
    asked = 0
    while True:
        message: FromWorker = child.receive(until_s, deadline, doing)
        if isinstance(message, CellDone):
            break
        if not isinstance(message, ToolRequest):
            raise WireError(f'{type(message).__name__} came during a replay')
        if asked == len(cell.calls) or not cell.calls[asked].matches(call_of(message)):
            raise ReplayError(number, f'cell {number} made other tool calls than before')
        remembered = cell.calls[asked]
        asked += 1
        with remembered.sending(pool) as fds:
            child.send(remembered.reply, until_s, deadline, doing, fds)
    check_number(message, number)
    kind = None if message.error is None else message.error.kind
    if message.out_of_memory or kind != cell.error_kind or asked < len(cell.calls):
        raise ReplayError(
            number, f'cell {number} ended with {kind or "no error"}, '
                    f'before with {cell.error_kind or "no error"}')
    return message


def check_number(message: CellDone, number: int) -> None:
    """A cell that forges its own end is found out by the next one's.

    Raises:
        WireError: it is another cell's.
    """
    if message.cell != number:
        raise WireError(f'the end of cell {message.cell} came while cell {number} ran')
