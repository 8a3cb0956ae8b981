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


"""The benchmark's own arithmetic: what is met, what a short run forgives, how it is printed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bench_floor import round_trips
from bench_page import BEGIN, END, put
from bench_table import Required, Row, below, faster, shortfalls, table, within


@pytest.mark.parametrize(('required', 'ours', 'reference', 'met', 'met_when_short'), [
    (faster(60), 0.010, 0.61, True, True),
    (faster(60), 0.010, 0.60, True, True),
    (faster(60), 0.010, 0.59, False, True),
    (faster(60), 0.010, 0.29, False, False),
    (within(1.3), 0.125, 0.1, True, True),
    (within(1.3), 0.131, 0.1, False, True),
    (within(1.3), 0.261, 0.1, False, False),
    (below(10), 9.9, None, True, True),
    (below(10), 10.0, None, False, True),
    (below(10), 20.1, 300.0, False, False),
    (None, 5.0, 1.0, True, True),
])
def test_what_is_met(
    required: Required | None, ours: float, reference: float | None, met: bool,
    met_when_short: bool,
) -> None:
    row = Row('it', [ours], [] if reference is None else [reference], required)
    assert row.met() is met
    assert (shortfalls([row], short=False) == []) is met
    assert (shortfalls([row], short=True) == []) is met_when_short


def test_a_short_run_looks_at_the_best_samples() -> None:
    row = Row('it', [0.01, 0.5, 0.5], [0.4, 3.0, 3.0], faster(60))
    assert not row.met()
    assert row.met(short=True)


def test_a_row_may_forgive_less_in_a_short_run() -> None:
    for slack, fails in ((2.0, False), (1.2, True)):
        row = Row('it', [15.0], (), below(10), slack=slack)
        assert bool(shortfalls([row], short=True)) is fails
        assert shortfalls([row], short=False)


def test_the_table_prints_medians_and_numbers_of_samples() -> None:
    rows = [
        Row('start', [0.02, 0.025, 0.9], [2.5] * 30, faster(60), note='cold'),
        Row('copy', [0.03] * 30, [0.025] * 30, within(1.3)),
        Row('memory', [12.0] * 30, (), below(10), unit='MB'),
        Row('floor', [17e-6] * 30, smolagents=[0.0003] * 30)]
    lines = [[cell.strip() for cell in line.split('|')[1:-1]]
             for line in table(rows).splitlines() if line.startswith('|')]
    assert lines[2:] == [
        ['start', '25.0 ms (n=3)', '2.50 s', '', '100', '60x faster', 'yes'],
        ['copy', '30.0 ms', '25.0 ms', '', '1/1.20', 'within 1.3x', 'yes'],
        ['memory', '12.0 MB', '', '', '', 'under 10 MB', 'NO'],
        ['floor', '17.0 µs', '', '300 µs', '', '', '']]
    assert table(rows).endswith('- start: cold')
    assert shortfalls(rows, short=False) == [
        'memory: required under 10, ours 12.0 MB, reference none']


@pytest.mark.parametrize(('ours', 'reference', 'required', 'message'), [
    ([], [1.0], None, 'must have samples'),
    ([1.0], [], faster(2), 'has no reference'),
    ([1.0], [], within(2), 'has no reference'),
])
def test_a_row_that_proves_nothing_is_refused(
    ours: list[float], reference: list[float], required: Required | None, message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        Row('it', ours, reference, required)


def test_a_requirement_is_positive() -> None:
    with pytest.raises(ValueError, match='must be positive, got 0'):
        faster(0)


def test_a_table_is_put_into_a_page(tmp_path: Path) -> None:
    page = tmp_path / 'page.md'
    page.write_text(f'before\n{BEGIN}\nold\n{END}\nafter\n')
    put('new\n', page)
    put('newer\n', page)
    assert page.read_text() == f'before\n{BEGIN}\nnewer\n{END}\nafter\n'
    page.write_text('no marks')
    with pytest.raises(ValueError, match='must have'):
        put('new\n', page)


def test_a_round_trip_takes_microseconds() -> None:
    samples = round_trips(50)
    assert len(samples) == 50
    assert 1e-6 < min(samples) < 5e-3


def test_a_reference_answers_line_by_line(repository: Path) -> None:
    script = 'from bench_peer import serve; serve({"twice": lambda count: [2.0] * count})'
    done = subprocess.run(
        [sys.executable, '-c', script], input='twice 3\ntwice 1\n', capture_output=True, text=True,
        cwd=repository / 'test' / 'bench', check=True)
    assert done.stdout == '[2.0, 2.0, 2.0]\n[2.0]\n'
