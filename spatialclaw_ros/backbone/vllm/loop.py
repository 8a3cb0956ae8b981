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

"""An event loop in a thread of its own, that other threads give work to."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from spatialclaw_ros.deadline import Deadline
from spatialclaw_ros.errors import BackboneError

log = logging.getLogger(__name__)

# how soon a deadline that another thread cancels is noticed
SLICE_S = 0.05
# in which a small request is sent
_MOMENT_S = 0.01
CLOSED = 'the backbone was closed'
_THREAD_NAME = 'spatialclaw_backbone'
_START_S = 10.0
_CLOSE_S = 5.0

_T = TypeVar('_T')


class LoopThread:
    """Runs coroutines until it is closed; its thread starts with the first.

    Args:
        wind_up: awaited in the loop at its end, when all other work has been cancelled.
    """

    def __init__(self, wind_up: Callable[[], Awaitable[None]]) -> None:
        self._wind_up = wind_up
        self._lock = threading.Lock()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def run(
        self, work: Coroutine[Any, Any, _T], deadline: Deadline, doing: str,
        meanwhile: Callable[[], object] | None = None,
    ) -> _T:
        """Result of some work, given up when the deadline passes or another thread cancels it.

        Args:
            work: a coroutine.
            deadline: of the query.
            doing: what is under way, for the message.
            meanwhile: called in this thread when the work had a moment to begin.

        Raises:
            DeadlineExceededError: no time is left.
            CanceledError: the query was cancelled.
            BackboneError: closed before it was done.
        """
        try:
            with self._lock:
                # under the lock: what is handed over comes before `close`, which ends all of it
                future = asyncio.run_coroutine_threadsafe(work, self._started())
        except BaseException:
            work.close()
            raise
        try:
            if meanwhile is not None:
                concurrent.futures.wait({future}, timeout=_MOMENT_S)
                meanwhile()
            while not future.done():
                deadline.check(doing)
                concurrent.futures.wait({future}, timeout=min(SLICE_S, deadline.remaining_s))
            return future.result()
        except concurrent.futures.CancelledError:
            raise BackboneError(f'{CLOSED} during {doing}') from None
        finally:
            future.cancel()
            del future  # it holds the error, whose traceback holds this frame: all of the query

    def close(self) -> None:
        """Cancel what runs, wind up, end the thread; may be called twice."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is None or self._loop is None or self._stop is None:
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        thread.join(_CLOSE_S)
        if thread.is_alive():
            log.warning('the thread of the backbone did not end within %g s', _CLOSE_S)

    def _started(self) -> asyncio.AbstractEventLoop:
        """The running loop; the lock is held."""
        if self._closed:
            raise BackboneError(f'{CLOSED}; make a new one')
        if self._loop is None:
            ready = threading.Event()
            self._thread = threading.Thread(
                target=lambda: asyncio.run(self._main(ready)), name=_THREAD_NAME, daemon=True)
            self._thread.start()
            if not ready.wait(_START_S) or self._loop is None:
                raise BackboneError(f'the event loop did not start within {_START_S:g} s')
        return self._loop

    async def _main(self, ready: threading.Event) -> None:
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        ready.set()
        await self._stop.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._wind_up()
