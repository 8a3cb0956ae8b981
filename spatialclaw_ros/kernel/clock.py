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


"""What cells read from the clocks, written down so that a replay reads the same again.

Only what cells themselves ask is written down: libraries read the clock a number of times that
may differ from one run to the next, and go on reading the live one.
"""

from __future__ import annotations

import ctypes
import datetime
import functools
import gc
import sys
import time
import timeit
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from spatialclaw_ros.kernel.messages import MAX_CLOCK_READINGS

_HEAD = MAX_CLOCK_READINGS // 2
_TAIL = MAX_CLOCK_READINGS - _HEAD
_S_PER_NS = 1e-9
_NS_PER_S = 1_000_000_000
# whose calls count as a cell's: the cells' scope, code that a cell ran in a scope of its own, and
# libraries that read the clock once for each call
_CELLS = (None, '__main__', 'timeit', 'uuid')
_getframe = sys._getframe


class Clock:
    """The clocks that cells read; `install` puts it in the place of Python's own.

    Of a cell that reads more than `MAX_CLOCK_READINGS` times the first and the last ones are
    written down. Between them a replay hands out times that rise evenly, so that a loop that waits
    for a moment turns as often as before.
    """

    def __init__(self) -> None:
        self._past: Sequence[int] | None = None
        self._count = 0
        self._head: list[int] = []
        self._tail: deque[int] = deque(maxlen=_TAIL)

    @property
    def replaying(self) -> bool:
        """Whether the running cell runs again."""
        return self._past is not None

    def begin(self, past: Sequence[int] | None) -> None:
        """A cell starts.

        Args:
            past: what `end` gave when it ran before; None for a new cell.
        """
        self._past = past
        self._count = 0
        self._head = []
        self._tail.clear()

    def end(self) -> list[int]:
        """Readings of the cell that ended: their number, then those kept; empty without any."""
        if not self._count or self._past is not None:
            return []
        return [self._count, *self._head, *self._tail]

    def read(self, live: int) -> int:
        """Write one reading down, or hand out the one of before.

        Args:
            live: what the clock says now, nanoseconds.
        """
        index = self._count
        self._count = index + 1
        if self._past is not None:
            return self._again(index, live)
        (self._head if index < _HEAD else self._tail).append(live)
        return live

    def _again(self, index: int, live: int) -> int:
        if not self._past or index >= self._past[0]:
            return live
        count, readings = self._past[0], self._past[1:]
        if index < min(_HEAD, len(readings)):
            return readings[index]
        from_end = count - index
        if from_end <= len(readings) - _HEAD:
            return readings[-from_end]
        last, following = readings[_HEAD - 1], readings[_HEAD]
        left_out = count - len(readings)
        return last + max(0, following - last) * (index - _HEAD + 1) // (left_out + 1)

    def install(self) -> None:
        """Let this process read its clocks here."""
        for name in ('time', 'monotonic', 'perf_counter', 'process_time', 'thread_time'):
            live = getattr(time, f'{name}_ns')
            self._replace(time, name, lambda read: read() * _S_PER_NS, live)
            self._replace(time, f'{name}_ns', lambda read: read(), live)
        gettime = time.clock_gettime_ns
        self._replace(time, 'clock_gettime', lambda read, which: read(which) * _S_PER_NS, gettime)
        self._replace(time, 'clock_gettime_ns', lambda read, which: read(which), gettime)
        for name in ('localtime', 'gmtime', 'ctime'):
            self._replace(time, name, _of_seconds(getattr(time, name)), _time_ns)
        localtime, strftime, asctime = _localtime, time.strftime, time.asctime
        self._replace(time, 'strftime', lambda read, form, of=None: strftime(
            form, localtime(read() * _S_PER_NS) if of is None else of), _time_ns)
        self._replace(time, 'asctime', lambda read, of=None: asctime(
            localtime(read() * _S_PER_NS) if of is None else of), _time_ns)
        for function in (timeit.Timer.__init__, timeit.timeit, timeit.repeat):
            function.__defaults__ = tuple(
                time.perf_counter if value is timeit.default_timer else value
                for value in function.__defaults__ or ())
        timeit.default_timer = time.perf_counter
        self._replace_sleep(time.sleep)
        self._replace_now()

    def _replace(
        self, module: Any, name: str, of: Callable[..., Any], live: Callable[..., int],
    ) -> None:
        """Put a function in place whose first argument of `of` reads the clock for its caller."""
        clock = self.read

        def written_down(*which: int) -> int:
            return clock(live(*which))

        @functools.wraps(getattr(module, name))
        def replacement(*args: Any, **kwargs: Any) -> Any:
            mine = _getframe(1).f_globals.get('__name__') in _CELLS
            return of(written_down if mine else live, *args, **kwargs)

        setattr(module, name, replacement)

    def _replace_sleep(self, live: Callable[[float], None]) -> None:
        @functools.wraps(live)
        def sleep(seconds: float, /) -> None:
            # what is not a duration fails as before
            live(min(seconds, 0.0) if self.replaying else seconds)

        setattr(time, 'sleep', sleep)  # noqa: B010

    def _replace_now(self) -> None:
        """`datetime.now` of the one true type, which Python's own syntax does not let change.

        A class of the same name in its place would not be the type of what SciPy, Pandas or
        `strptime` make.
        """
        kind = datetime.datetime
        read = self.read

        def now_of(cls: type[datetime.datetime], tz: datetime.tzinfo | None) -> Any:
            ns = _time_ns()
            if _getframe(2).f_globals.get('__name__') in _CELLS:
                ns = read(ns)
            return cls.fromtimestamp(ns // _NS_PER_S, tz).replace(
                microsecond=ns % _NS_PER_S // 1000)

        def now(cls: type[datetime.datetime], tz: datetime.tzinfo | None = None) -> Any:
            return now_of(cls, tz)

        def utcnow(cls: type[datetime.datetime]) -> Any:
            return now_of(cls, datetime.timezone.utc).replace(tzinfo=None)

        (attributes,) = gc.get_referents(kind.__dict__)
        attributes['now'] = classmethod(now)
        attributes['utcnow'] = classmethod(utcnow)
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


_time_ns, _localtime = time.time_ns, time.localtime


def _of_seconds(live: Callable[[float], Any]) -> Callable[..., Any]:
    def of(read: Callable[[], int], seconds: float | None = None) -> Any:
        return live(read() * _S_PER_NS if seconds is None else seconds)

    return of
