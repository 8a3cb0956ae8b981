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


"""What is shown while a run goes: counts, score, rate, and what is left of its time."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from spatialclaw_ros.eval.progress import PLAIN_EVERY_S, Progress, Tally
from spatialclaw_ros.eval.records import Result, Said, Score


class Clock:
    """A clock that is set by hand, in seconds."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def result(right: bool) -> Result:
    return Result(id='q', said=Said(status='OK'), score=Score(points=float(right), right=right))


def told(
    total: int, before: int, times_s: list[float], *, terminal: bool = False,
    is_right: Callable[[int], bool] = bool,
) -> str:
    """What is shown of a run that has some results before, and one more at each time."""
    tally, clock, out = Tally(total), Clock(), io.StringIO()
    for _ in range(before):
        tally.add(result(True))
    console = Console(
        file=out, force_terminal=terminal, width=200, color_system=None,
        _environ={'TERM': 'xterm'})  # a dumb one is shown no bar
    with Progress(console, 'classical', tally, clock=clock) as progress:
        for number, time_s in enumerate(times_s):
            clock.now_s = 1000.0 + time_s
            tally.add(result(is_right(number)))
            progress.moved()
    return out.getvalue()


@pytest.mark.parametrize(('total', 'before', 'times_s', 'line'), [
    (20, 0, [12.0], '1/20, score 100.0, 1 right, 0 wrong, 0 refused; '
                    '5.0 a minute, 3 min 48 s left'),
    # what an earlier call answered took none of this one's time
    (10, 4, [0.0, 30.0], '6/10, score 100.0, 6 right, 0 wrong, 0 refused; '
                         '4.0 a minute, 1 min 00 s left'),
    (500, 0, [90.0], '1/500, score 100.0, 1 right, 0 wrong, 0 refused; '
                     '0.7 a minute, 12 h 28 min left'),
    (2, 0, [0.5, 60.0], '2/2, score 100.0, 2 right, 0 wrong, 0 refused; '
                        '2.0 a minute, 0 s left'),
])
@pytest.mark.parametrize('terminal', [False, True])
def test_rate_and_what_is_left(
    total: int, before: int, times_s: list[float], line: str, terminal: bool,
) -> None:
    shown = told(total, before, times_s, terminal=terminal, is_right=lambda _: True)
    counts, _, rest = line.partition(', ')
    assert counts in shown
    assert rest in shown
    if not terminal:
        assert shown == f'classical: {line}\n'


def test_the_score_so_far_and_the_time_left_run_with_the_answers() -> None:
    assert told(100, 0, [10.0, 20.0, 35.0, 60.0], is_right=lambda number: number != 1) == (
        'classical: 1/100, score 100.0, 1 right, 0 wrong, 0 refused; '
        '6.0 a minute, 16 min 30 s left\n'
        'classical: 2/100, score 50.0, 1 right, 1 wrong, 0 refused; '
        '6.0 a minute, 16 min 20 s left\n'
        'classical: 3/100, score 66.7, 2 right, 1 wrong, 0 refused; '
        '5.1 a minute, 18 min 52 s left\n'
        'classical: 4/100, score 75.0, 3 right, 1 wrong, 0 refused; '
        '4.0 a minute, 24 min 00 s left\n')


def test_a_line_comes_now_and_then() -> None:
    shown = told(100, 0, [PLAIN_EVERY_S / 4 * number for number in range(1, 14)])
    assert [line.split(',')[0] for line in shown.splitlines()] == [
        'classical: 4/100', 'classical: 8/100', 'classical: 12/100']


def test_a_clock_that_has_not_moved_tells_no_rate() -> None:
    shown = told(5, 0, [0.0], terminal=True)
    assert 'score 0.0, 1 wrong, 0 refused' in shown
    assert 'minute' not in shown
