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


"""One query's cells: a worker that holds their variables, and what it takes to bring it back.

A session remembers every cell that came to an end (to its own end or to an exception, whose
earlier effects stay as in a notebook) and every tool result. When a worker dies, a fresh one runs
those cells again with the remembered results; the cell that it died of is not among them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import KernelError, WireError
from spatialclaw_ros.kernel import gate
from spatialclaw_ros.kernel.child import Child, Interrupt, WorkerGoneError, WorkerTimeoutError
from spatialclaw_ros.kernel.history import History, RememberedCell
from spatialclaw_ros.kernel.limits import KernelLimits
from spatialclaw_ros.kernel.memo import RememberedCall, call_of, refuse, remember
from spatialclaw_ros.kernel.messages import (
    Begin,
    Begun,
    CellDone,
    Execute,
    FromWorker,
    Shown,
    StartFailed,
    ToolRequest,
)
from spatialclaw_ros.kernel.parts import SECCOMP
from spatialclaw_ros.kernel.postmortem import diagnose
from spatialclaw_ros.kernel.replay import (
    ReplayError,
    Revival,
    ThreadsLeftError,
    check_number,
    replay,
)
from spatialclaw_ros.kernel.results import answer_of, summary_of
from spatialclaw_ros.kernel.running import RunningCell
from spatialclaw_ros.kernel.wire import encode
from spatialclaw_ros.sharing.memory import MemoryFile, write_arrays
from spatialclaw_ros.sharing.observations import pack_observation
from spatialclaw_ros.workspace.calls import ToolCall, ToolPort, ToolResult
from spatialclaw_ros.workspace.cell import CellError, CellResult
from spatialclaw_ros.workspace.observation import Observation

if TYPE_CHECKING:
    from spatialclaw_ros.kernel.kernel import Kernel

_log = logging.getLogger(__name__)
_LAST_BREATH_S = 0.3
# a loop in C does not listen
_LAST_WORDS_S = 0.2
_UNREADABLE = ('SyntaxError', 'IndentationError', 'TabError')
# images, depth: a worker looks at them in its first cell; poses it checks when it begins
_LATE_BYTES = 65_536


class KernelSession:
    """Runs cells that share their variables; made by `Kernel.open`.

    `run` belongs to one thread at a time, `cancel` may be called from any.
    """

    def __init__(
        self, kernel: Kernel, observation: Observation, tools: ToolPort,
        capabilities: Iterable[str], *, gated: bool, deadline: Deadline | None = None,
    ) -> None:
        self._kernel = kernel
        self._limits: KernelLimits = kernel.limits
        self._tools = tools
        self._gated = gated
        self._lock = threading.Lock()
        self._interrupt = Interrupt()
        self._endless = Deadline()
        self._child: Child | None = None
        self._history = History(kernel.pool)
        self._restarts = 0
        self._deaths = 0  # one after the other
        self._closed = False
        self._file: MemoryFile | None = None
        try:
            header, arrays = pack_observation(observation)
            self._file = kernel.pool.borrow(header.nbytes)
            buffer = self._file.buffer
            late = [spec for spec in header.arrays if arrays[spec.name].nbytes > _LATE_BYTES]
            early = [spec for spec in header.arrays if arrays[spec.name].nbytes <= _LATE_BYTES]
            write_arrays(buffer, early, arrays)
            self._begin = encode(Begin(
                observation=header, capabilities=sorted(capabilities), seed=self._limits.seed,
                shown_bytes=self._limits.shown_bytes))
            self._start_worker(
                deadline if deadline is not None else Deadline(),
                lambda: write_arrays(buffer, late, arrays))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> KernelSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def tool_log(self) -> tuple[tuple[ToolCall, ToolResult], ...]:
        """Every remembered tool call with its result, in order."""
        return self._history.tool_log

    @property
    def variables(self) -> tuple[str, ...]:
        """Names that remembered cells made, in order."""
        return self._history.names

    @property
    def restarts(self) -> int:
        """How often the worker had to be replaced."""
        return self._restarts

    @property
    def worker_pid(self) -> int | None:
        """Process number of the worker, None while there is none."""
        child = self._child
        return child.pid if child is not None and child.alive else None

    def run(
        self, code: str, deadline: Deadline | None = None, *, clock: Sequence[int] | None = None,
    ) -> CellResult:
        """Run one cell.

        Args:
            code: Python source.
            deadline: the query's; tool calls count against it, and only against it.
            clock: what it reads from the clocks: `CellResult.clock` of when it ran before.

        Returns:
            What the cell gave. Errors of the cell, and deaths of its worker, are in `error`.

        Raises:
            DeadlineExceededError: the deadline passed; the cell has left nothing behind.
            CanceledError: the deadline or the session was cancelled; likewise.
            KernelError: the kernel is closed or can't start workers.
        """
        deadline = deadline if deadline is not None else self._endless
        began_s = time.monotonic()
        with self._lock:
            if self._closed:
                raise KernelError('this kernel session is closed; open another one')
            self._interrupt.check('the start of a cell')
            deadline.check('the start of a cell')
            if self._gated and not gate.has_nothing_to_say(code):
                fault = gate.check(code, self._history.known)
                if fault is not None:
                    return CellResult(error=fault, duration_s=time.monotonic() - began_s)
            return self._run(code, deadline, began_s, clock)

    def cancel(self) -> None:
        """End the running cell, and every later one, with `CanceledError`; from any thread."""
        self._interrupt.set()

    def close(self) -> None:
        """End the worker and let go of all memory; waits for a running cell, which it cancels.

        Raises:
            KernelError: the worker could not be ended; all else is closed.
        """
        self._interrupt.set()
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self._drop_worker()
            finally:
                self._history.keep(0)
                if self._file is not None:
                    self._kernel.pool.give_back(self._file)
                    self._file = None
                self._interrupt.close()
                self._kernel.forget(self)

    # ---- the worker's life

    def _start_worker(
        self, deadline: Deadline, meanwhile: Callable[[], None] | None = None, tries: int = 2,
    ) -> None:
        """Get a worker that waits for its first cell; one that dies before that is replaced.

        `meanwhile` runs while the worker makes its scope.
        """
        assert self._file is not None
        child = self._kernel.nursery.take(self._interrupt, deadline)
        self._child = child
        if SECCOMP not in self._kernel.nursery.parts:
            self._kernel.pool.close()  # a process that a cell leaves behind may still map it
        doing = 'the start of a worker'
        until_s = time.monotonic() + self._limits.start_timeout_s
        try:
            child.send(self._begin, until_s, deadline, doing, (self._file.fd,))
            if meanwhile is not None:
                meanwhile()
            begun = child.receive(until_s, deadline, doing)
        except (WorkerGoneError, WorkerTimeoutError, WireError) as error:
            self._drop_worker()
            if isinstance(error, WorkerGoneError) and tries > 1:
                _log.warning('a worker died before it was ready, the next one is tried')
                return self._start_worker(deadline, meanwhile, tries - 1)
            raise KernelError(f'a worker did not get ready: {error}') from error
        except BaseException:
            self._drop_worker()
            raise
        if not isinstance(begun, Begun):
            self._drop_worker()
            reason = begun.message if isinstance(begun, StartFailed) else type(begun).__name__
            raise KernelError(f'a worker did not get ready: {reason}')

    def _drop_worker(self) -> int | None:
        """End the worker, if there is one; its wait status."""
        child, self._child = self._child, None
        try:
            return None if child is None else self._kernel.nursery.reap(child)
        except KernelError:
            # it lives, and maps memory that must not be lent again
            self._kernel.pool.close()
            raise

    def _drop_cell(self, running: RunningCell) -> int | None:
        """End the worker, and let go of what its cell was given; its wait status."""
        try:
            return self._drop_worker()
        finally:
            self._history.discard(running.calls)  # no worker maps their memory any more

    def _revive(self, deadline: Deadline) -> Revival | None:
        """Replace a dead worker and replay, with fewer cells where that fails.

        Returns:
            What came of it; None when the worker lives.
        """
        if self._child is not None and self._child.alive:
            return None
        self._drop_worker()
        self._restarts += 1
        self._kernel.count_restart()
        count = len(self._history)
        trouble: ReplayError | None = None
        until_s = time.monotonic() + self._limits.replay_timeout_s
        last_s = until_s + self._limits.replay_timeout_s
        may_die = True
        while True:
            self._start_worker(deadline)
            assert self._child is not None
            try:
                # what cells left running may be why those after them fail
                changed = replay(self._child, self._history.cells, self._kernel.pool, until_s,
                                 deadline, alone=self._deaths > 1 or trouble is not None)
                return Revival(count, self._history.names, len(self._history), changed, trouble)
            except ReplayError as error:
                self._drop_worker()
                if error.died and may_die:
                    may_die = False
                    continue
                _log.warning('replay failed: %s', error)
                # the cells before it did run: once more with them, and then without any
                is_last_try = trouble is not None and not isinstance(error, ThreadsLeftError)
                self._history.keep(0 if is_last_try else error.number - 1)
                trouble = error
                until_s = min(last_s, time.monotonic() + self._limits.replay_timeout_s)
            except BaseException:
                self._drop_worker()
                raise

    # ---- a cell

    def _run(
        self, code: str, deadline: Deadline, began_s: float, clock: Sequence[int] | None,
    ) -> CellResult:
        """Run a cell that passed the gate, and remember it."""
        running = RunningCell(self._history, self._limits)
        revival = self._revive(deadline)
        try:
            done = self._execute(code, running, deadline, clock)
        except (WorkerGoneError, WorkerTimeoutError, WireError) as death:
            return self._bury(death, running, deadline, began_s)
        except BaseException:
            self._drop_cell(running)
            raise
        if done.out_of_memory:
            return self._bury(None, running, deadline, began_s)
        fault = done.error
        if self._gated and fault is not None and fault.kind in _UNREADABLE:
            unreadable = gate.check(code, self._history.known)
            if unreadable is not None:
                return CellResult(error=unreadable, duration_s=time.monotonic() - began_s,
                                  restarted=revival is not None)
        variables = tuple(summary_of(variable) for variable in done.variables)
        read = done.clock if clock is None else list(clock)
        self._history.add(RememberedCell(
            code, None if fault is None else fault.kind, variables, tuple(running.calls),
            read, running.shown_bytes, tuple(done.deleted)))
        self._deaths = 0
        note = '' if revival is None else revival.note
        return CellResult(
            stdout=note + done.stdout,
            error=None if fault is None else CellError(
                fault.kind, note + fault.message, fault.line, fault.traceback),
            variables=variables, images=tuple(running.images), answer=answer_of(done.answer),
            duration_s=time.monotonic() - began_s, tool_calls=running.answered,
            restarted=revival is not None, deleted=tuple(done.deleted), clock=tuple(read))

    def _execute(
        self, code: str, running: RunningCell, deadline: Deadline, clock: Sequence[int] | None,
    ) -> CellDone:
        """Run a cell, and answer its tool calls."""
        assert self._child is not None
        child = self._child
        number = len(self._history) + 1
        doing = f'cell {number}'
        outgoing: bytes | Execute | RememberedCall = Execute(number, code)
        if clock is not None:
            outgoing = Execute(number, code, replay=True, clock=list(clock), shows=True)
        while True:
            began_s = time.monotonic()
            until_s = began_s + self._limits.cell_timeout_s - running.used_s
            if isinstance(outgoing, RememberedCall):
                with outgoing.sending(self._kernel.pool) as fds:
                    child.send(outgoing.reply, until_s, deadline, doing, fds)
            elif outgoing:
                child.send(outgoing, until_s, deadline, doing)
            outgoing = b''
            message: FromWorker = child.receive(until_s, deadline, doing)
            running.used_s += time.monotonic() - began_s
            if isinstance(message, CellDone):
                check_number(message, number)
                return message
            if isinstance(message, Shown):
                running.add_picture(message)
            elif isinstance(message, ToolRequest):
                outgoing = self._serve(call_of(message), running)
                deadline.check(doing)
            else:
                raise WireError(f'{type(message).__name__} came while a cell ran')

    def _serve(self, call: ToolCall, running: RunningCell) -> RememberedCall:
        """Let the host's tools answer a call, unless the session has used up its share."""
        refusal = running.refusal(call)
        if refusal is not None:
            remembered = refuse(call, refusal)
        else:
            remembered = remember(call, running.fitting(self._tools(call)), self._kernel.pool)
        running.calls.append(remembered)
        return remembered

    # ---- deaths

    def _bury(
        self, death: KernelError | None, running: RunningCell, deadline: Deadline, began_s: float,
    ) -> CellResult:
        """Replace the worker that a cell killed, and tell the model."""
        stdout = ''
        if isinstance(death, WorkerGoneError) and self._child is not None:
            self._child.wait(_LAST_BREATH_S)  # its wire closes a moment before it has ended
        elif isinstance(death, WorkerTimeoutError) and self._child is not None:
            stdout = self._child.last_words(_LAST_WORDS_S)
        tool_calls = running.answered
        kind, reason = diagnose(death, self._drop_cell(running), self._limits)
        self._deaths += death is not None
        _log.info('worker replaced: %s', reason)
        revival = self._revive(deadline)
        assert revival is not None
        return CellResult(
            stdout=stdout, error=CellError(
                kind, f'{reason}. Nothing of this cell is kept; {revival.outcome}.'),
            duration_s=time.monotonic() - began_s, tool_calls=tool_calls, restarted=True)
