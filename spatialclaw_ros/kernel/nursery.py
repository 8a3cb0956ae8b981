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


"""Keeps workers ready: one thread owns the zygote, starts it again when it dies, and forks.

Nobody waits for the zygote's imports but who needs a worker, and that one no longer than it may.
"""

from __future__ import annotations

import collections
import logging
import math
import os
import select
import threading
import time

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import CanceledError, KernelError, SandboxError
from spatialclaw_ros.kernel.child import Child, Interrupt, WorkerGoneError
from spatialclaw_ros.kernel.limits import KernelLimits, SandboxPolicy
from spatialclaw_ros.kernel.worker_maker import WorkerMaker
from spatialclaw_ros.kernel.zygote_process import ZygoteGoneError

_log = logging.getLogger(__name__)
# how soon a deadline that another thread cancels is noticed
_SLICE_S = 0.05
_REAP_S = 2.0
# a session that has just begun, or one that replays, has the processors first
_REFILL_S = 0.25
# a zygote that dies sooner than this is only replaced when somebody asks for a worker
_STEADY_S = 30.0
_CLOSED = 'the kernel is closed; make a new one'


class _Order:
    """Somebody waits for a worker, to take it or only to know that there is one."""

    def __init__(self, *, takes: bool) -> None:
        self.takes = takes
        self.child: Child | None = None
        self.error: KernelError | None = None


class _Burial:
    """A dead worker to be collected."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.status: int | None = None
        self.done = False


class Nursery:
    """Gives ready workers; safe from any thread.

    Args:
        limits: of every worker.
        sandbox: what to do where a part of the sandbox is missing.
        without: parts to leave off, as on a host that lacks them; for tests.
    """

    def __init__(
        self, limits: KernelLimits, sandbox: SandboxPolicy = SandboxPolicy.REQUIRED,
        without: frozenset[str] = frozenset(),
    ) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._stop = Interrupt()
        self._maker = WorkerMaker(limits, sandbox, without, self._stop)
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._thread: threading.Thread | None = None
        self._spares: collections.deque[Child] = collections.deque()
        self._orders: collections.deque[_Order] = collections.deque()
        self._burials: collections.deque[_Burial] = collections.deque()
        self._resting = True
        self._refill_s = 0.0
        self._closed = False
        self._released = False

    @property
    def pid(self) -> int | None:
        """The zygote's process number, None while there is none."""
        zygote = self._maker.zygote
        return None if zygote is None else zygote.pid

    @property
    def starts(self) -> int:
        """How often a zygote was started."""
        return self._maker.starts

    @property
    def parts(self) -> tuple[str, ...]:
        """Parts of the sandbox that are on, as the newest worker found."""
        return self._maker.parts

    @property
    def spares(self) -> int:
        """Workers that wait for a session."""
        return len(self._spares)

    @property
    def closed(self) -> bool:
        """Whether there will be no more workers: it was closed, or its thread failed."""
        return self._closed

    def take(self, interrupt: Interrupt, deadline: Deadline) -> Child:
        """Get a ready worker, a spare one if there is one.

        Args:
            interrupt: of the session that it is for.
            deadline: of the wait.

        Raises:
            KernelError: there is no worker to be had, or it lacks a part of the sandbox.
            DeadlineExceededError: the deadline passed.
            CanceledError: the deadline or the session was cancelled.
        """
        child = self._wait_for(_Order(takes=True), interrupt, deadline)
        child.interrupt = interrupt
        return child

    def start(self, deadline: Deadline | None = None) -> None:
        """Start the zygote and wait until a worker is ready.

        Raises:
            as `take`.
        """
        interrupt = Interrupt()
        try:
            deadline = deadline if deadline is not None else Deadline()
            self._wait_for(_Order(takes=False), interrupt, deadline)
        finally:
            interrupt.close()

    def _wait_for(self, order: _Order, interrupt: Interrupt, deadline: Deadline) -> Child:
        doing = 'the start of a worker'
        interrupt.check(doing)
        deadline.check(doing)
        with self._changed:
            if self._closed:
                raise KernelError(_CLOSED)
            self._orders.append(order)
            self._resting = False
            self._hand_out()
            self._wake()
            try:
                while order.child is None and order.error is None:
                    self._changed.wait(min(_SLICE_S, deadline.remaining_s))
                    if order.child is None and order.error is None:
                        interrupt.check(doing)
                        deadline.check(doing)
            except BaseException:
                if order.child is not None and order.takes:
                    self._spares.append(order.child)
                elif order in self._orders:
                    self._orders.remove(order)
                raise
        if order.error is not None:
            kind = SandboxError if isinstance(order.error, SandboxError) else KernelError
            raise kind(str(order.error)) from order.error
        assert order.child is not None
        return order.child

    def reap(self, child: Child) -> int | None:
        """End a worker if it still runs, let the zygote collect it, and close it.

        Returns:
            Its wait status; None when this call ended it, or when the zygote is another by now.

        Raises:
            KernelError: it could not be ended.
        """
        try:
            child.kill()
            with self._changed:
                if self._closed or not self._maker.made(child):
                    return None
                burial = _Burial(child)
                self._burials.append(burial)
                self._wake()
                if child.killed:
                    return None
                until_s = time.monotonic() + _REAP_S
                while not burial.done and (left_s := until_s - time.monotonic()) > 0:
                    self._changed.wait(left_s)
                return burial.status
        finally:
            child.close()

    def close(self) -> None:
        """End the zygote, and with it every worker that is left; waits for the thread."""
        with self._changed:
            if self._released:
                return
            self._closed = self._released = True
            self._stop.set()
            os.eventfd_write(self._wake_fd, 1)
            thread = self._thread
        if thread is not None:
            thread.join()
        self._stop.close()
        os.close(self._wake_fd)

    # ---- under the lock

    def _wake(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._work, name='nursery', daemon=True)
            self._thread.start()
        os.eventfd_write(self._wake_fd, 1)

    def _hand_out(self) -> None:
        """Give spares to those who wait."""
        while self._orders and self._spares:
            child = self._spares.popleft()
            if not child.alive:
                self._burials.append(_Burial(child))
                child.close()
                continue
            order = self._orders.popleft()
            order.child = child
            if order.takes:
                self._refill_s = time.monotonic() + _REFILL_S
            else:
                self._spares.appendleft(child)
        self._changed.notify_all()

    def _patience_s(self) -> float | None:
        """How long until a worker must be made; None for never."""
        if self._orders:
            return 0.0
        if self._resting or len(self._spares) >= self._limits.spare_workers:
            return None
        return max(0.0, self._refill_s - time.monotonic())

    # ---- in the nursery's own thread

    def _work(self) -> None:
        try:
            while not self._closed:
                self._bury()
                with self._changed:
                    patience_s = self._patience_s()
                if patience_s == 0.0:
                    self._breed()
                else:
                    self._idle(patience_s)
        except CanceledError:
            pass
        # the thread's outermost edge: nobody may wait for it in vain
        except Exception:
            _log.exception('the nursery failed')
        finally:
            self._leave()

    def _idle(self, patience_s: float | None) -> None:
        """Wait for work, or for the zygote's death."""
        poll = select.poll()
        poll.register(self._wake_fd, select.POLLIN)
        zygote = self._maker.zygote
        if zygote is not None:
            poll.register(zygote.control_fd, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(
            None if patience_s is None else math.ceil(1000 * patience_s))}
        if self._wake_fd in ready:
            os.eventfd_read(self._wake_fd)
        if zygote is not None and zygote.control_fd in ready:
            _log.warning('the zygote ended, and with it %d spare workers', len(self._spares))
            if time.monotonic() - self._maker.began_s < _STEADY_S:
                with self._changed:
                    self._resting = not self._orders
            self._drop_zygote()

    def _bury(self) -> None:
        """Collect the dead."""
        while self._burials:
            burial = self._burials.popleft()
            try:
                zygote = self._maker.zygote
                if zygote is not None and self._maker.made(burial.child):
                    burial.status = zygote.reap(burial.child.pid)
            except ZygoteGoneError:
                self._drop_zygote()
            finally:
                with self._changed:
                    burial.done = True
                    self._changed.notify_all()

    def _breed(self) -> None:
        """Make one worker; a failure is told to everybody who waits, and not tried again."""
        try:
            child = self._fork()
        except (KernelError, OSError) as fault:
            error = fault if isinstance(fault, KernelError) else KernelError(
                f'a worker did not get ready: {fault}')
            with self._changed:
                self._resting = True
                if not self._orders:
                    _log.warning('no spare worker could be made: %s', error)
                while self._orders:
                    self._orders.popleft().error = error
                self._changed.notify_all()
            return
        with self._changed:
            self._spares.append(child)
            self._hand_out()

    def _fork(self) -> Child:
        """Make a worker and wait until it is ready; a dead zygote is replaced once."""
        try:
            return self._maker.make()
        except (ZygoteGoneError, WorkerGoneError) as error:
            _log.warning('another try for a worker: %s', error)
            # a worker may be gone because its zygote is, which closes its wire first
            if isinstance(error, ZygoteGoneError) or self._zygote_hung_up():
                self._drop_zygote()
            return self._maker.make()

    def _zygote_hung_up(self) -> bool:
        """Whether its end of the wire can be read: it says nothing by itself, so it is closed."""
        if self._maker.zygote is None:
            return False
        poll = select.poll()
        poll.register(self._maker.zygote.control_fd, select.POLLIN)
        return bool(poll.poll(0))

    def _drop_zygote(self) -> None:
        """End the zygote; its workers die with it, and nobody collects them any more."""
        with self._changed:
            spares = list(self._spares)
            self._spares.clear()
            for burial in self._burials:
                burial.done = True
            self._burials.clear()
            self._changed.notify_all()
        self._maker.drop()
        for child in spares:
            try:
                child.kill()
            except KernelError as error:
                _log.error('%s', error)
            finally:
                child.close()

    def _leave(self) -> None:
        with self._changed:
            self._closed = True
            error = KernelError(_CLOSED)
            while self._orders:
                self._orders.popleft().error = error
        self._drop_zygote()
