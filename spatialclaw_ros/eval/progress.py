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


"""How a run goes, for who watches it: counts, score, rate and what is left of its time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spatialclaw_ros.eval.records import Result

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_EVERY_S = 10.0
UNREADABLE = frozenset({'INVALID_REQUEST', 'NO_FRAMES'})


@dataclass
class Tally:
    """What has become of the questions so far.

    Args:
        total: how many there are.

    Attributes:
        done: how many have a result.
        points: sum of those that count.
        scored: how many count.
        away: how many found a server away: the same run asks them again.
        unread: why questions could not be asked, a message each.
        ends: 'right', 'wrong', 'refused' (where there was something to tell), 'unreadable' (the
            question's media or text), 'failed' to how many.
    """

    total: int
    done: int = 0
    points: float = 0.0
    scored: int = 0
    away: int = 0
    unread: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)

    def add(self, result: Result) -> None:
        """Count one."""
        self.done += 1
        if result.score.points is not None:
            self.points += result.score.points
            self.scored += 1
        self.away += result.said.away
        end = _end_of(result)
        self.ends[end] += 1
        if end == 'unreadable':
            self.unread.append(result.said.message)

    @property
    def score(self) -> float | None:
        """Mean of the points, in percent; None before there are any."""
        return 100.0 * self.points / self.scored if self.scored else None

    def __str__(self) -> str:
        parts = [] if self.score is None else [f'score {self.score:.1f}']
        parts += [f'{self.ends[name]} {name}' for name in (
            'right', 'wrong', 'refused', 'failed', 'unreadable')
            if self.ends[name] or name in ('wrong', 'refused')]
        return ', '.join(parts)


class Progress:
    """Shows a tally as it grows: a bar in a terminal, else a line now and then.

    Args:
        console: to show it on.
        name: of the run.
        tally: what grows; `moved` tells that it did.
        clock: the time now, in seconds, never set back.
    """

    def __init__(
        self, console: Console, name: str, tally: Tally, *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from rich import progress

        self._console = console
        self._name = name
        self._tally = tally
        self._clock = clock
        self._start_s = self._told_s = clock()
        self._before = tally.done
        self._bar = progress.Progress(
            progress.TextColumn('{task.description}', markup=False), progress.BarColumn(),
            progress.MofNCompleteColumn(), progress.TextColumn('{task.fields[told]}', markup=False),
            console=console, transient=True) if console.is_terminal else None
        self._task = None if self._bar is None else self._bar.add_task(
            name, total=tally.total, completed=tally.done, told='')

    def __enter__(self) -> Progress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def moved(self) -> None:
        """Show it, if it is time to."""
        told = '; '.join(filter(None, (str(self._tally), self._pace())))
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._tally.done, told=told)
        elif (now_s := self._clock()) - self._told_s >= PLAIN_EVERY_S:
            self._told_s = now_s
            self._console.print(
                f'{self._name}: {self._tally.done}/{self._tally.total}, {told}', markup=False)

    def _pace(self) -> str:
        """Questions in a minute, and how long the others will take at that rate."""
        time_s = self._clock() - self._start_s
        asked = self._tally.done - self._before
        if not asked or time_s <= 0:
            return ''
        left_s = (self._tally.total - self._tally.done) * time_s / asked
        return f'{60 * asked / time_s:.1f} a minute, {duration(left_s)} left'


def duration(time_s: float) -> str:
    """A duration for people: '48 s', '3 min 20 s', '2 h 05 min'."""
    whole = round(time_s)
    if whole < 60:
        return f'{whole} s'
    if whole < 3600:
        return f'{whole // 60} min {whole % 60:02d} s'
    return f'{whole // 3600} h {whole % 3600 // 60:02d} min'


def _end_of(result: Result) -> str:
    if result.score.right:
        return 'right'
    if result.said.answered:
        return 'wrong'
    if result.said.refused:
        return 'refused'
    return 'unreadable' if result.said.status in UNREADABLE else 'failed'
