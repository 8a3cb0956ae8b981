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


"""Threads for what may hang: as many as are needed at once, and one kept ready for what comes next.

Python's pools wait for their threads when the process ends, be it for ever. And who starts a thread
waits until that runs, which takes half a millisecond of an answer among threads that are busy.
Threads end with their owner, closed or not: they hold it only while they are busy for it.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable
from queue import SimpleQueue

from spatialclaw_ros.deadline import Deadline

POLL_S = 0.1


class ReadyThreads:
    """Carries work out on daemon threads; thread-safe.

    Args:
        name: of the threads, before their number.

    Raises:
        RuntimeError: the system has no thread to give.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._closed = False
        self._made = 0
        self._all: set[_Worker] = set()
        self._free: _Worker | None = None
        # at the process' end nobody need be told: they are daemons
        weakref.finalize(self, _dismiss, self._all).atexit = False
        self._free = self._hired()

    def begin(self, work: Callable[[], object]) -> None:
        """Begin with something on a thread of its own.

        Args:
            work: does not raise.

        Raises:
            RuntimeError: the system has no thread to give, or this is closed.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError(f'{self._name}: closed, and nothing is begun any more')
            worker, self._free = self._free, None
            worker = worker or self._hired()
        worker.inbox.put(work)

    def close(self, patience: Deadline) -> bool:
        """Begin nothing more, and wait until patience ends; whether all threads have ended."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, None
            threads = list(self._all)
        if free is not None:
            free.inbox.put(None)
        for thread in threads:
            while thread.is_alive() and not patience.expired:
                thread.join(min(POLL_S, patience.remaining_s))
        return not any(thread.is_alive() for thread in threads)

    def _hired(self) -> _Worker:
        """A new thread; the lock is held, or nobody else knows of this."""
        self._made += 1
        worker = _Worker(f'{self._name}_{self._made}', self._is_kept)
        worker.start()
        self._all.add(worker)
        return worker

    def _is_kept(self, worker: _Worker) -> bool:
        """Whether a thread that has done its work waits for more."""
        with self._lock:
            if self._closed or self._free is not None:
                self._all.discard(worker)
                return False
            self._free = worker
            return True


class _Worker(threading.Thread):
    """Takes what comes into its inbox, until that is None or nobody needs it any more.

    Args:
        name: of the thread.
        is_kept: a method; asked after each work, it holds nobody.
    """

    def __init__(self, name: str, is_kept: Callable[[_Worker], bool]) -> None:
        super().__init__(name=name, daemon=True)
        self.inbox: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._is_kept = weakref.WeakMethod(is_kept)

    def run(self) -> None:
        """Work."""
        while (work := self.inbox.get()) is not None:
            work()
            del work  # it may hold images
            if not self._stays():
                return

    def _stays(self) -> bool:
        is_kept = self._is_kept()
        return is_kept is not None and is_kept(self)


def _dismiss(workers: Iterable[_Worker]) -> None:
    """Let each of some threads end when it has done its work."""
    for worker in workers:
        worker.inbox.put(None)
